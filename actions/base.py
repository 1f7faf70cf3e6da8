"""What every action shares: who speaks, one transaction, and a border no exception crosses."""

import asyncio
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.errors import DeskError, NotFound
from bot.privacy.deadlines import date_of
from bot.privacy.policy_standing import Binding, binding
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation

log = structlog.get_logger("actions")

Events = list[dict[str, Any]]
_CONDITION = re.compile(r"\b(but|except|unless|without|only|first|not|never|don'?t|keep)\b", re.IGNORECASE)


@dataclass
class Turn:
    """One turn of a conversation as an action sees it.

    Identity comes from the conversation's row in the desk database, looked up by the id the engine passes on;
    never from a slot, an entity or anything a person typed.
    """

    desk: Desk
    session: Session
    dispatcher: CollectingDispatcher
    tracker: Tracker
    domain: dict[str, Any]

    @cached_property
    def chat(self) -> Conversation:
        """The conversation, with the customer it belongs to."""
        return conversations.conversation(self.session, self.tracker.sender_id)

    @cached_property
    def now(self) -> Any:
        """The desk's time, the same for the whole turn."""
        return self.desk.clock.now()

    @cached_property
    def policy(self) -> Binding:
        """The privacy policy as it binds who speaks."""
        return binding(self.session, self.desk, self.now, self.chat.subject)

    @property
    def intent(self) -> str:
        """What the message was read as."""
        return str((self.tracker.latest_message.get("intent") or {}).get("name"))

    @property
    def origin(self) -> str:
        """Id of the message this turn answers; `<message>-<place>` where it is one of several things asked for in it.

        Raises:
            NotFound: The turn carries none, so it did not come through the web process.
        """
        message = (self.tracker.latest_message.get("metadata") or {}).get("message")
        if not message:
            raise NotFound
        return str(message)

    @property
    def was_typed(self) -> bool:
        """Whether the person wrote words, rather than pressing a button."""
        return was_typed(self.tracker.latest_message)

    @property
    def has_condition(self) -> bool:
        """Whether a yes in words may be a yes to something else."""
        return self.was_typed and _CONDITION.search(self.words(self.origin)) is not None

    @property
    def mail_address(self) -> str | None:
        """Where what is filed is confirmed by mail; None also while the shop does not answer, so that it is filed."""
        return self.desk.email_if_at_hand(self.chat.subject)

    def day(self, moment: datetime) -> str:
        """The day a due date falls on where the shop is, as a person says it."""
        return in_words(date_of(moment, self.desk.settings))

    @property
    def chosen(self) -> str | None:
        """What the pressed button stands for beyond its intent; None for typed words and plain buttons."""
        if not self.origin.isdecimal():
            return None  # a part of what was typed
        return conversations.chosen_value(self.session, self.chat.id, int(self.origin))

    def form_values(self, message_id: str) -> dict[str, str]:
        """What the person filled into a form and sent as that message; checked by the web before it was kept."""
        return conversations.form_values(self.session, self.chat.id, int(message_id))

    def words(self, message_id: str) -> str:
        """What the person wrote in a message of this conversation, or in a part of one."""
        return conversations.said_in(self.session, self.chat.id, message_id)

    def say(
        self,
        response: str,
        citations: list[str] | None = None,
        card: dict[str, Any] | str | None = None,
        buttons: list[dict[str, str]] | None = None,
        **values: str,
    ) -> None:
        """Answer with a response of `domain.yml`.

        Args:
            response: Its name.
            citations: Clause ids to quote; `clause@version` for another version than the one that binds.
            card: Structured content for the person, kept in the desk's tables so that only its id passes through the
                engine; or the id of a card that is kept there already.
            buttons: Choices in Rasa's form.
            values: What the response names in braces; never a personal value.
        """
        custom: dict[str, Any] = {}
        if citations:
            custom["citations"] = citations
        if isinstance(card, str):
            custom["card"] = card
        elif card:
            custom["card"] = conversations.keep_card(self.session, self.chat.id, card, self.now)
        self.dispatcher.utter_message(response=response, json_message=custom, buttons=buttons, **values)

    def text(self, response: str, **values: str) -> str:
        """A piece of text of `domain.yml` that is part of a card or the label of a button."""
        return str(self.domain["responses"][response][0]["text"]).format_map(values)

    def ask_to_sign_in(self) -> None:
        """Say that this needs a known customer, with a button that begins the shop's sign-in."""
        self.say("utter_sign_in_needed", card={"kind": "sign_in"})


def was_typed(message: dict[str, Any]) -> bool:
    """Whether a message was words; a button's reading has no rivals."""
    return len(message.get("intent_ranking") or []) > 1


class DeskAction(Action, ABC):
    """An action of the desk. Subclasses name themselves and say what they do in `act`."""

    action_name: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        """The name `domain.yml` knows it by."""
        return self.action_name

    @abstractmethod
    def act(self, turn: Turn) -> Events:
        """Do it: speak through the turn, return Rasa events."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Run `act` in one transaction; on any failure the person reads that nothing was done."""
        return await asyncio.to_thread(self._guarded, dispatcher, tracker, domain)

    def _guarded(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        try:
            with self.desk.transaction() as session:
                return self.act(Turn(self.desk, session, dispatcher, tracker, domain))
        except DeskError as error:
            code = error.code
        except Exception as error:
            # A border: the type is enough to find it, the text could hold a person's values.
            log.error("action failed", action=self.action_name, error=type(error).__name__)
            code = "failed"
        dispatcher.messages.clear()
        dispatcher.utter_message(response=f"utter_error_{code}")
        return [ActiveLoop(None), SlotSet("requested_slot", None), FollowupAction("action_listen")]
