"""What a turn stands for before any words are read: a pressed choice, a filled form, or a choice that was typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from bot.privacy import wishes
from bot.privacy.request_status import own_requests
from bot.privacy.step_questions import StepTopic, is_step, topic_of
from bot.privacy.typed_choice import picked
from bot.store import conversations
from bot.store.announcements import as_answer
from bot.store.desk_tables import Choice, Conversation
from bot.vocabulary import Owner, RequestState

WHICH_ONE = "which_choice"
"""Intent of the desk's own: something was picked, but not for certain what. The engine never hears of it."""
OWN = frozenset({WHICH_ONE, wishes.TAKE, wishes.DROP})
ASK_STEP = "ask_step"
"""Intent of a question about the step that is open; no model reads it."""
TYPED = "typed"
_ASKED_AGAIN = frozenset({"utter_consent_confirm", "utter_policy_accept"})


@dataclass(frozen=True)
class Pick:
    """An intent without words, what it is about, and the label where a button was pressed."""

    intent: str | None = None
    value: str | None = None
    label: str | None = None


def pressed(session: Session, chat: Conversation, choice_id: str) -> Pick:
    """The button that was pressed.

    Raises:
        ChoiceGone: It is of an earlier question.
    """
    choice = conversations.live_choice(session, chat, choice_id)
    return Pick(choice.intent, choice.value, choice.label)


def typed(session: Session, chat: Conversation, text: str) -> Pick:
    """The choice of the open question that the words pick, or that what waits is not wanted any more.

    Nothing is picked while a person owns the conversation.
    """
    if chat.owner != Owner.BOT:
        return Pick()
    if wishes.leaves_out(text) and wishes.waiting(session, chat.id):
        return Pick(wishes.DROP, TYPED)
    offered = conversations.open_question(session, chat)
    if (topic := topic_of(text)) and _is_asked_about(session, chat, topic, offered):
        return Pick(ASK_STEP)
    beside = conversations.offered_beside(session, chat, offered) if offered else []
    found = picked(text, [choice.label for choice in offered], [choice.label for choice in beside])
    if found is None:
        return Pick()
    return Pick(WHICH_ONE) if found.place is None else Pick(offered[found.place].intent, offered[found.place].value)


def _is_asked_about(session: Session, chat: Conversation, topic: StepTopic, offered: Sequence[Choice]) -> bool:
    """Whether a step is open that the question can be about, or a request that can still be taken back."""
    said = conversations.last_with_choices(session, chat.id) if offered else None
    if said is not None and is_step(said.response):
        return True
    requests = own_requests(session, chat.subject) if topic is StepTopic.UNDO and chat.subject else []
    return any(each.state is RequestState.COOLING_OFF for each in requests)


def offered_again(session: Session, chat: Conversation) -> list[dict[str, Any]]:
    """Ask which of the choices is meant, with the same choices; the engine's question stays as it is."""
    return [as_answer("utter_which_choice", buttons=same_buttons(session, chat))]


def asked_again(session: Session, chat: Conversation) -> list[dict[str, Any]]:
    """The question that stood before this turn, for those that no form of the engine asks again by itself.

    Whoever asks something in between has not answered it.
    """
    buttons = same_buttons(session, chat)
    said = conversations.last_with_choices(session, chat.id)
    if said is None or not buttons or said.response not in _ASKED_AGAIN:
        return []
    return [{"response": said.response, "text": said.text, "buttons": buttons}]


def same_buttons(session: Session, chat: Conversation) -> list[dict[str, str]]:
    """The choices of the open question in Rasa's form, to be offered once more."""
    return [
        {"title": choice.label, "payload": f"/{choice.intent}" + (f" {choice.value}" if choice.value else "")}
        for choice in conversations.open_question(session, chat)
    ]
