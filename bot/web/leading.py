"""What a message leads to: the engine's answer, and what else was asked for and has its turn now."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from bot.privacy import wishes
from bot.privacy.wishes import Outcome
from bot.store import conversations
from bot.store.announcements import as_answer
from bot.store.desk import Desk
from bot.store.desk_tables import Turn, WaitingWish
from bot.vocabulary import DIGRESSIONS, Author
from bot.web import picking
from bot.web.engine_client import Reply

ANEW = "begin_anew"
_SIGN_IN = "utter_sign_in_needed"
_ANSWERS = frozenset({"affirm", "deny"})
_CANCEL = "cancel"
_FOR_A_PERSON = frozenset({"ask_for_human", "person_first"})
"""Whoever waits for a person, or may be in danger, is not asked what else they wanted."""


class Engine(Protocol):
    """Whoever runs a turn."""

    async def turn(self, payload: dict[str, Any]) -> Reply:
        """Run one."""


@dataclass
class Led:
    """Everything a message led to.

    Attributes:
        answers: What is said.
        outcome: What became of wishes that waited; written down with the answers.
        asked_engine: Whether the engine took part, so that it knows of the turn.
    """

    answers: list[dict[str, Any]] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    asked_engine: bool = False


@dataclass
class _State:
    """How far a turn is.

    Attributes:
        reply: What the engine, or the desk itself, said last.
        answered: The message was an answer, so that what waits may have its turn without being asked about.
        first: Nothing was taken up yet.
    """

    led: Led
    turn_id: int
    reply: Reply
    answered: bool
    first: bool = True


class Leading:
    """Leads a turn.

    What it decides rests on the record alone, so that a repeat of a turn that broke off goes the same way.
    """

    def __init__(self, desk: Desk, engine: Engine) -> None:
        self._desk = desk
        self._engine = engine

    async def lead(self, conversation_id: str, turn_id: int, payload: dict[str, Any]) -> Led:
        """Get the answers to a message.

        Args:
            conversation_id: Whose turn it is.
            turn_id: The turn.
            payload: What the engine is sent for it; of a turn that is the desk's own, only `conversation`, and
                `begin_anew` where a person answered in between.

        Raises:
            Unavailable: The engine could not do its part; the turn may be repeated.
        """
        led = Led()
        if "message" not in payload:
            state = await run_in_threadpool(self._own, conversation_id, turn_id, led)
        elif found := await run_in_threadpool(self._found_before, payload["message"]):
            state = await run_in_threadpool(self._begun, turn_id, payload, Reply([], wishes=found), led)
        else:
            reply = await self._engine.turn(payload)
            led.asked_engine = not reply.wishes
            state = await run_in_threadpool(self._begun, turn_id, payload, reply, led)
        while True:
            wish = await run_in_threadpool(self._next, conversation_id, state)
            if wish is None:
                return led
            anew = {ANEW: True} if ANEW in payload and not led.asked_engine else {}
            state.reply = await self._engine.turn(wish | anew)
            led.asked_engine = True
            led.answers += state.reply.messages

    def _found_before(self, message: str) -> list[dict[str, str]]:
        """The wishes of a message whose turn broke off after they were kept: a form may be open by now for the first.

        The engine would then take the whole message for an answer to that form.
        """
        with self._desk.reading() as session:
            return wishes.kept_of(session, int(message))

    def _begun(self, turn_id: int, payload: dict[str, Any], reply: Reply, led: Led) -> _State:
        """Take what the engine said; what asks for several things is kept and announced."""
        if reply.wishes:
            with self._desk.transaction() as session:
                self._keep(session, turn_id, reply, led)
            return _State(led, turn_id, Reply([]), answered=True)
        led.answers += reply.messages
        with self._desk.reading() as session:
            rows = wishes.waiting(session, payload["conversation"])
            led.outcome.taken += [row.id for row in wishes.said_anew(rows, reply.intent)]
            if reply.intent in DIGRESSIONS and not reply.asks and ANEW not in payload:
                again = picking.asked_again(session, conversations.conversation(session, payload["conversation"]))
                led.answers += again
                reply = replace(reply, asks=bool(again))
        answered = ("text" not in payload or reply.intent in _ANSWERS) and ANEW not in payload
        return _State(led, turn_id, reply, answered=answered)

    def _keep(self, session: Session, turn_id: int, reply: Reply, led: Led) -> None:
        turn = session.get_one(Turn, turn_id)
        chat = conversations.conversation(session, turn.conversation_id)
        message = conversations.messages_of_turn(session, turn_id, Author.USER)[0]
        rows = [row for row in wishes.waiting(session, chat.id) if row.message_id != message.id]
        anew = [row for wish in reply.wishes for row in wishes.said_anew(rows, wish["intent"])]
        led.outcome.taken += [row.id for row in anew]
        led.answers += wishes.keep(session, turn.created_at, chat, message.id, reply.wishes)

    def _own(self, conversation_id: str, turn_id: int, led: Led) -> _State:
        """Answer what is the desk's own to answer."""
        with self._desk.reading() as session:
            chat = conversations.conversation(session, conversation_id)
            turn = session.get_one(Turn, turn_id)
            rows = wishes.waiting(session, conversation_id)
            if turn.choice_intent == picking.WHICH_ONE:
                led.answers += picking.offered_again(session, chat)
                return _State(led, turn_id, Reply([], asks=True), answered=False)
            if turn.choice_intent == wishes.TAKE and rows:
                return _State(led, turn_id, Reply([]), answered=True)
            if turn.choice_intent == wishes.DROP and rows:
                typed = turn.choice_value == picking.TYPED
                gone = rows if typed else rows[:1]
                led.outcome.dropped += [row.id for row in gone]
                led.answers.append(wishes.left_out(gone, picking.same_buttons(session, chat) if typed else []))
                return _State(led, turn_id, Reply([], asks=typed), answered=True)
            led.answers.append(as_answer("utter_error_choice_gone"))
            return _State(led, turn_id, Reply([]), answered=False)

    def _next(self, conversation_id: str, state: _State) -> dict[str, Any] | None:
        """What the engine is sent next; None when the turn ends here."""
        with self._desk.reading() as session:
            return _next(session, conversation_id, state)


def _next(session: Session, conversation_id: str, state: _State) -> dict[str, Any] | None:
    led, reply = state.led, state.reply
    rows = wishes.waiting(session, conversation_id, led.outcome)
    if any(answer.get("response") == _SIGN_IN for answer in reply.messages):
        rows = _put_aside(led, rows, wishes.without_sign_in(rows), wishes.after_sign_in, led.outcome.dropped)
    if not rows or reply.asks or reply.intent in _FOR_A_PERSON:
        return None
    if reply.intent == _CANCEL:
        _put_aside(led, rows, rows, wishes.dropped_with, led.outcome.dropped)
        return None
    if not state.answered:
        if wishes.was_asked_enough(rows[0]):
            _put_aside(led, rows, rows, wishes.dropped_with, led.outcome.dropped)
        else:
            led.answers.append(wishes.asked_about(rows[0]))
            led.outcome.reminded.append(rows[0].id)
        return None
    wish, announced = rows[0], any("utter_several_wishes" in str(each.get("response")) for each in led.answers)
    if not (announced and state.first):
        led.answers.append(wishes.next_announced(wish))
    state.first = False
    led.outcome.taken.append(wish.id)
    origin = f"{wish.message_id}-{wish.place}"
    # The engine knows a message by its id: a wish that is taken up once more, in another turn, runs anew.
    message = f"{origin}-{state.turn_id}"
    payload = {"conversation": conversation_id, "message": message, "origin": origin, "one_wish": True}
    return payload | wishes.as_sent(wish)


def _put_aside(
    led: Led,
    rows: list[WaitingWish],
    gone: list[WaitingWish],
    say: Callable[[list[WaitingWish]], dict[str, Any]],
    kept_as: list[int],
) -> list[WaitingWish]:
    """Say of some of the wishes that they wait no more; the others are returned."""
    if gone:
        led.answers.append(say(gone))
        kept_as += [row.id for row in gone]
    return [row for row in rows if row not in gone]
