"""The one door of the engine: the web process brings what a person typed or chose, and gets the bot's messages."""

import hmac
import json
import logging
import re
from functools import partial
from typing import Any, Awaitable, Callable, Dict, List, Optional, Text

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    USER_INTENT_BACK,
    USER_INTENT_RESTART,
    USER_INTENT_SESSION_START,
)
from rasa.shared.core.events import ActionExecuted, ActiveLoop, AllSlotsReset
from sanic import Blueprint, HTTPResponse, Request, response

from bot.engine import wishes
from bot.engine.patches import ActionsUnavailable
from bot.engine.plain_text import plain_text
from bot.engine.reading import read_together
from bot.engine.tracker_store import EncryptedTrackerStore

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
BEGIN_ANEW = "begin_anew"
ONE_WISH = "one_wish"
_REQUEST = "request_form"
_DENY = "deny"
_NO = "-no"
"""Ends the id of the no that a message begins with."""
_TELLING = frozenset({"complaint_form", "case_reply_form"})
"""Forms that wait for a person's own words, whatever those ask for."""
_RESERVED = frozenset({USER_INTENT_BACK, USER_INTENT_RESTART, USER_INTENT_SESSION_START})


class BadBody(ValueError):
    """The request's body is not as agreed; the message names the field and no value."""


class NoAnswer(RuntimeError):
    """The bot had nothing to say, which no turn may end with."""


class DeskOutput(OutputChannel):
    """Takes the bot's messages silently: the answer is read from the record when the turn is complete."""

    @classmethod
    def name(cls) -> Text:
        """Name by which responses can be written for this channel only."""
        return "desk"

    async def send_response(self, recipient_id: Text, message: Dict[Text, Any]) -> None:
        """Nothing to send before the turn is recorded."""


class DeskChannel(InputChannel):
    """Accepts messages from the web process and from nobody else."""

    @classmethod
    def name(cls) -> Text:
        """Part of the address: ``/webhooks/desk``."""
        return "desk"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[Text, Any]]) -> "DeskChannel":
        """Reads the shared secret."""
        if not credentials or not credentials.get("secret"):
            cls.raise_missing_credentials_exception()
        return cls(str(credentials["secret"]))

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def _knows_secret(self, request: Request) -> bool:
        given = request.headers.get("x-desk-secret") or ""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The two addresses ``messages`` and ``ready``."""
        routes = Blueprint("desk_channel")

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            agent: Optional[Agent] = getattr(request.app.ctx, "agent", None)
            if agent is None or not agent.is_ready():
                return response.json({"error": "not_ready"}, 503)
            try:
                agent.tracker_store.ping()
            except Exception as error:
                logger.error("The tracker database does not answer (%s).", type(error).__name__)
                return response.json({"error": "not_ready"}, 503)
            return response.json({"status": "ready"})

        @routes.post("/messages")
        async def messages(request: Request) -> HTTPResponse:
            if not self._knows_secret(request):
                return response.json({"error": "wrong_secret"}, 401)
            agent: Agent = request.app.ctx.agent
            try:
                message = read_message(request.body, agent)
            except BadBody as error:
                return response.json({"error": "bad_body", "detail": str(error)}, 422)
            try:
                return response.json(await turn(agent, message))
            except ActionsUnavailable as error:
                logger.error("%s could not be run (%s).", error.action, type(error.__cause__).__name__)
                return response.json({"error": "actions_unavailable"}, 502)
            except Exception:
                logger.exception("A turn failed.")
                return response.json({"error": "engine_failure"}, 500)

        return routes


def read_message(body: bytes, agent: Agent) -> UserMessage:
    """Turns a request's body into a message for Rasa.

    ``origin`` names what the words were taken from, where that is not the message itself: a part of an earlier one.

    Raises:
        BadBody: a field is missing or has the wrong form.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadBody("The body is not JSON.") from error
    if not isinstance(given, dict):
        raise BadBody("The body is not a JSON object.")
    given = {"origin": given.get("message"), **given}
    for field in ("conversation", "message", "origin"):
        if not isinstance(given.get(field), str) or not _ID.fullmatch(given[field]):
            raise BadBody(f"{field} is not an id.")
    text, intent = given.get("text"), given.get("intent")
    if (text is None) == (intent is None):
        raise BadBody("Exactly one of text and intent is needed.")
    parsed = None
    if intent is not None:
        if not isinstance(intent, str) or intent in _RESERVED or intent not in agent.domain.intents:
            raise BadBody("intent is not known.")
        text = given.get("label", "")
        reading = {"name": intent, "confidence": 1.0}
        parsed = {"intent": reading, "intent_ranking": [reading], "entities": []}
    if not isinstance(text, str):
        raise BadBody("text and label are strings.")
    clean = plain_text(text)
    if parsed is not None:
        parsed["text"] = clean
    return UserMessage(
        clean,
        DeskOutput(),
        given["conversation"],
        parse_data=parsed,
        input_channel=DeskChannel.name(),
        message_id=given["message"],
        metadata={
            "message": given["origin"],
            **{flag: True for flag in (BEGIN_ANEW, ONE_WISH) if given.get(flag) is True},
        },
    )


async def turn(agent: Agent, message: UserMessage) -> Dict[Text, Any]:
    """Runs one turn, or finds that this message was handled before; either way answers from the record.

    A message that asks for several things is not run but taken apart: the desk keeps the pieces and sends them one by
    one, each as ``one_wish``. One that says no to the open question of a request and then asks for another right is run
    as the no and the right.

    Raises:
        ActionsUnavailable: a custom action could not be run; nothing of the turn is recorded but the no before it.
        NoAnswer: the turn gave no message.
    """
    store: EncryptedTrackerStore = agent.tracker_store  # type: ignore[assignment]
    async with agent.lock_store.lock(message.sender_id):
        recorded = store.recorded_turn(message.sender_id, message.message_id)
        refused = store.recorded_turn(message.sender_id, message.message_id + _NO)
        if recorded is None:
            if message.metadata and message.metadata.get(BEGIN_ANEW):
                await begin_anew(agent, message.sender_id)
            if not message.parse_data and not (message.metadata or {}).get(ONE_WISH):
                message.parse_data = _read(agent, message.text)
                if found := several_wishes(agent, message):
                    return {"messages": [], "wishes": [wish._asdict() for wish in found]}
                if wanted := await wanted_instead(agent, message, was_refused=refused is not None):
                    if refused is None:
                        await agent.processor.handle_message(no_of(message))  # type: ignore[union-attr]
                        refused = store.recorded_turn(message.sender_id, message.message_id + _NO)
                    message.parse_data = _read(agent, wanted)
            await agent.processor.handle_message(message)  # type: ignore[union-attr]
            recorded = store.recorded_turn(message.sender_id, message.message_id)
    spoken = [*(refused.bot if refused else []), *(recorded.bot if recorded else [])]
    said = [shaped for shaped in map(shape, spoken) if shaped["text"] or shaped["custom"]]
    if recorded is None or not recorded.bot or not said:
        raise NoAnswer("The turn gave no message.")
    intent = recorded.user["parse_data"]["intent"]
    return {
        "messages": said,
        "intent": {"name": intent["name"], "confidence": intent["confidence"]},
        "asks": recorded.loop is not None or asks(recorded.bot[-1]),
    }


def several_wishes(agent: Agent, message: UserMessage) -> List[wishes.Wish]:
    """What a message that was read asks for, if it is more than one thing and no form waits for its words."""
    store: EncryptedTrackerStore = agent.tracker_store  # type: ignore[assignment]
    if len(wishes.clauses(message.text)) < 2 or store.open_loop(message.sender_id) in _TELLING:
        return []
    return wishes.several(message.text, message.parse_data["intent"], partial(_intents, agent))


async def wanted_instead(agent: Agent, message: UserMessage, *, was_refused: bool) -> Text:
    """The right that a message that was read asks for behind a no to the open question of a request; else empty.

    Where ``was_refused``, the no is recorded already, and the turn broke off before the rest was: no request is open.
    """
    store: EncryptedTrackerStore = agent.tracker_store  # type: ignore[assignment]
    if not was_refused and store.open_loop(message.sender_id) != _REQUEST:
        return ""
    read = partial(_intents, agent)
    rests = wishes.after_no(message.text, read)
    if not rests:
        return ""
    tracker = await store.retrieve(message.sender_id)
    standing = tracker.get_slot("request_kind") if tracker and "request_kind" in tracker.slots else None
    return wishes.instead_of(standing or "", rests, message.text, message.parse_data["intent"], read)


def no_of(message: UserMessage) -> UserMessage:
    """The no that a message begins with, as a message of its own: what is refused is left as by any no."""
    return UserMessage(
        message.text,
        message.output_channel,
        message.sender_id,
        parse_data={**message.parse_data, "intent": {"name": _DENY, "confidence": 1.0}},
        input_channel=message.input_channel,
        message_id=message.message_id + _NO,
        metadata=message.metadata,
    )


def _read(agent: Agent, text: Text) -> Dict[Text, Any]:
    return {"text": "", "entities": [], **read_together(_processor(agent), [text])[0]}


def _intents(agent: Agent, texts: List[Text]) -> List[Dict[Text, Any]]:
    return [reading["intent"] for reading in read_together(_processor(agent), texts)]


def _processor(agent: Agent) -> MessageProcessor:
    assert agent.processor is not None
    return agent.processor


def asks(event: Dict[Text, Any]) -> bool:
    """Whether a message of the bot is a question that waits for its answer without a form of Rasa's."""
    return bool(((event.get("metadata") or {}).get("metadata") or {}).get("asks"))


async def begin_anew(agent: Agent, sender_id: str) -> None:
    """Leaves whatever form is half filled, since a person has answered in between; done twice it changes nothing.

    Without the listening at the end the next message would be taken as part of the turn before (gh#4107).
    """
    tracker = await agent.tracker_store.retrieve(sender_id)
    if tracker is None:
        return
    tracker.update_with_events([ActiveLoop(None), AllSlotsReset(), ActionExecuted(ACTION_LISTEN_NAME)], agent.domain)
    await agent.tracker_store.save(tracker)


def shape(event: Dict[Text, Any]) -> Dict[Text, Any]:
    """A stored message of the bot as the web process takes it."""
    data = event.get("data") or {}
    return {
        "text": event.get("text") or "",
        "response": (event.get("metadata") or {}).get("utter_action"),
        "buttons": [{"title": one.get("title"), "payload": one.get("payload")} for one in data.get("buttons") or []],
        "custom": data.get("custom") or {},
    }
