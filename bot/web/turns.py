"""One message in, its answers out: stored before and after, one at a time per conversation, never twice."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from bot.clocks import SystemClock
from bot.errors import ChoiceGone, Conflict, FormGone, NotFound, SessionExpired
from bot.privacy import daily_counts, policy_banner, wishes
from bot.privacy.entities import finder
from bot.privacy.filed_before import numbers_from
from bot.privacy.guardian_consent_notice import opening_words
from bot.privacy.handoff_vulnerable import sign_in
from bot.privacy.identity_verification import awaits_code
from bot.privacy.policy_question import cite
from bot.privacy.policy_standing import binding
from bot.privacy.typed_code import claim_in, code_in
from bot.store import conversations
from bot.store.announcements import sentence
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Message, Turn
from bot.store.turn_keys import key_from_outside
from bot.vocabulary import Author, Owner
from bot.web import forms, picking
from bot.web.forms import Checked, Filled
from bot.web.leading import ANEW, Engine, Leading, Led
from bot.web.limits import AtOnce
from bot.web.picking import Pick

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.3
_MOST_WAITING = 8
_CODE, _CLAIM, _HIDDEN_CODE = "submit_code", "submit_claim", "••••••"
_PERSON_FIRST, _HIDDEN_WORDS = "person_first", "•••"
_FORM_AND_PERSON = (
    "A person is answering you at the moment, and forms are for the bot. Tell them what you want to change."
)
_OVERTAKEN = "You have written something newer since, so this was left out. Please send it as a new message."
_FILED = "utter_filed_before"
_MANY_WAIT = "Several of your messages are still being answered. Please wait for the answers, then send this again."
# Leases are about live processes, so they follow the machine's clock even when the demo's clock is moved.
_machine = SystemClock()


@dataclass(frozen=True)
class Said:
    """What a person sent: words, the id of a choice they were offered, or a filled form."""

    text: str | None = None
    choice: str | None = None
    form: Filled | None = None

    def body_hash(self, secret: str) -> str:
        """Tells a repeat from another message under the same key."""
        form = [self.form.card_id, self.form.values] if self.form else None
        return conversations.fingerprint(secret, [self.text, self.choice, form])


@dataclass(frozen=True)
class Begun:
    """A turn that holds its conversation's lease.

    Attributes:
        done: It had run before, and its answers are stored; or it is for a person, who answers later.
        payload: What the engine is to be sent; without a message where the desk answers by itself.
        ownership: Whose conversation it was at the beginning; what comes of the turn counts only while that is so.
    """

    turn_id: int
    lease: str | None
    done: bool
    payload: dict[str, Any]
    ownership: int = 0


@dataclass(frozen=True)
class Answered:
    """What came of a turn."""

    messages: list[Message]
    owner: str


class Turns:
    """Runs turns."""

    def __init__(self, desk: Desk, engine: Engine) -> None:
        self._desk = desk
        self._leading = Leading(desk, engine)
        self._waiting = AtOnce(_MOST_WAITING, _MANY_WAIT)

    async def take(self, conversation_id: str, key: str, said: Said) -> Answered:
        """Answer one message.

        Args:
            conversation_id: Whose turn it is.
            key: Idempotency key: a repeat gets the stored answer and does nothing.
            said: The message.

        Raises:
            Conflict: The key was used for another message, or an earlier turn will not end.
            ChoiceGone: The choice is of an earlier question, or a message that broke off was followed by a newer one.
            FormGone: The form was used before or was never given out here, or a newer message came since it broke off.
            FormInvalid: Fields of the form cannot be used; nothing was kept.
            RateLimited: Too many messages of this conversation wait for their turn.
            Unavailable: The turn could not be run; the same key may be sent again.
        """
        key = key_from_outside(key)
        form = await run_in_threadpool(self._checked, conversation_id, key, said.form) if said.form else None
        begun = await self._begin_when_free(conversation_id, key, said, form)
        if begun.done:
            return await run_in_threadpool(self._stored, conversation_id, begun.turn_id)
        answered = None
        try:
            led = await self._leading.lead(conversation_id, begun.turn_id, begun.payload)
            answered = await run_in_threadpool(self._finish, conversation_id, begun, led)
            return answered
        finally:
            if answered is None:  # whatever broke it off, the chat is open for the next try
                await asyncio.shield(run_in_threadpool(self._give_up, conversation_id, begun))

    def _checked(self, conversation_id: str, key: str, filled: Filled) -> Checked | None:
        with self._desk.reading() as session:
            if conversations.find_turn(session, conversation_id, key) is not None:
                return None  # a repeat: its values were checked and kept
            return forms.check(session, self._desk, conversation_id, filled)

    async def _begin_when_free(self, conversation_id: str, key: str, said: Said, form: Checked | None) -> Begun:
        # Counted before its first look already: hundreds at once would all stand in the database's queue together.
        self._waiting.enter(conversation_id)
        try:
            begun = await run_in_threadpool(self._begin, conversation_id, key, said, form)
            return begun or await self._begin_later(conversation_id, key, said, form)
        finally:
            self._waiting.leave(conversation_id)

    async def _begin_later(self, conversation_id: str, key: str, said: Said, form: Checked | None) -> Begun:
        give_up_at = time.monotonic() + self._desk.settings.turn_seconds
        pause = _FIRST_PAUSE
        while time.monotonic() < give_up_at:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if await run_in_threadpool(self._is_busy, conversation_id):
                continue
            begun = await run_in_threadpool(self._begin, conversation_id, key, said, form)
            if begun is not None:
                return begun
        raise Conflict("Your previous message is still being answered. Please wait a moment.")

    def _is_busy(self, conversation_id: str) -> bool:
        with self._desk.reading() as session:
            return conversations.is_busy(session, conversation_id, _machine.now())

    def _begin(self, conversation_id: str, key: str, said: Said, form: Checked | None) -> Begun | None:
        """Begin a turn, or find how it ended; None while an earlier one of the conversation runs."""
        with self._desk.transaction() as session:
            chat, turn = self._found(session, conversation_id, key, said)
            if turn is not None and turn.state == "done":
                return Begun(turn.id, None, True, {})
            if chat.owner == Owner.PERSON or (turn is not None and turn.ownership != chat.ownership):
                return self._to_person(session, chat, key, said, turn)
            lease = conversations.take_lease(session, conversation_id, _machine.now(), self._desk.settings.turn_seconds)
            if lease is None:
                return None
            if turn is not None and _is_overtaken(chat, turn) and self._was_filed(session, chat, turn):
                conversations.release_lease(session, conversation_id, lease)
                return Begun(turn.id, None, True, {})
            _refuse_late(session, chat, said, turn)
            if turn is None:
                self._greet(session, chat)
                turn = self._new_turn(session, chat, key, said, form)
            return Begun(turn.id, lease, False, self._payload(session, chat, turn), turn.ownership)

    def _found(self, session: Session, conversation_id: str, key: str, said: Said) -> tuple[Conversation, Turn | None]:
        """The conversation, held until the transaction ends, and the turn that this is a repeat of."""
        try:
            # Before the turn is looked for: of two with one key at once, the later finds what the earlier made.
            chat = conversations.locked(session, conversation_id)
        except NotFound:
            raise SessionExpired from None  # erased since the session was looked up
        turn = conversations.find_turn(session, conversation_id, key)
        if turn is not None and turn.body_hash != self._hash(said):
            raise Conflict("This Idempotency-Key was used for another message. Please use a new one.")
        return chat, turn

    def _greet(self, session: Session, chat: Conversation) -> None:
        """What a new message finds in the chat already: news of the policy, and what the person still waits for."""
        policy_banner.show(session, self._desk, self._desk.clock.now(), chat)
        if chat.last_turn_id is None:
            wishes.follow_person(session, chat, _machine.now())

    def _was_filed(self, session: Session, chat: Conversation, turn: Turn) -> bool:
        """Whether what a turn asked for was done though its answer never came; its answer then says under which number.

        Said to be left out, it would be asked for once more.
        """
        said = conversations.messages_of_turn(session, turn.id, Author.USER)[0]
        numbers = numbers_from(session, said.id)
        if not numbers:
            return False
        told = sentence(_FILED, numbers=", ".join(numbers))
        message = _message(chat.id, turn.id, Author.BOT, told, self._desk.clock.now())
        message.response = _FILED
        session.add(message)
        _close(session, turn.id)
        return True

    def _to_person(self, session: Session, chat: Conversation, key: str, said: Said, turn: Turn | None) -> Begun:
        """Keep what was said to a person, or while one was there: done at once, and the engine never learns of it."""
        if turn is None:
            if said.form:
                raise FormGone(_FORM_AND_PERSON)
            turn = self._new_turn(session, chat, key, said, None)
        turn.state = "done"
        daily_counts.count_turn(session, self._desk.clock.now(), None, first=chat.last_turn_id is None)
        return Begun(turn.id, None, True, {})

    def _new_turn(self, session: Session, chat: Conversation, key: str, said: Said, form: Checked | None) -> Turn:
        pick = _pick(session, chat, said)
        now = self._desk.clock.now()
        turn = Turn(
            conversation_id=chat.id,
            idempotency_key=key,
            body_hash=self._hash(said),
            state="running",
            choice_intent=pick.intent,
            choice_value=pick.value,
            ownership=chat.ownership,
            created_at=now,
        )
        session.add(turn)
        session.flush()
        words = pick.label or (form.title if form else said.text or "")
        masked = finder(self._desk.settings).masked(words)
        message = _message(chat.id, turn.id, Author.USER, masked.text, now)
        message.hidden = masked.values or None
        message.card = form.content if form else None
        session.add(message)
        session.flush()
        return turn

    def _hash(self, said: Said) -> str:
        return said.body_hash(self._desk.settings.engine_secret)

    def _payload(self, session: Session, chat: Conversation, turn: Turn) -> dict[str, Any]:
        message = conversations.messages_of_turn(session, turn.id, Author.USER)[0]
        payload: dict[str, Any] = {"conversation": chat.id}
        if chat.engine_ownership != chat.ownership:
            payload[ANEW] = True  # a person answered in between: no form of before is open any more
        if turn.choice_intent in picking.OWN:
            return payload
        payload["message"] = str(message.id)
        if turn.choice_intent:
            return payload | {"intent": turn.choice_intent, "label": message.text}
        if code_in(message.words) and awaits_code(session, chat.id, str(message.id)):
            return payload | {"intent": _CODE, "label": _HIDDEN_CODE}
        if claim_in(message.words):
            return payload | {"intent": _CLAIM, "label": _HIDDEN_CODE}
        if sign_in(message.words):
            return payload | {"intent": _PERSON_FIRST, "label": _HIDDEN_WORDS, ANEW: True}
        return payload | {"text": message.text}

    def _finish(self, conversation_id: str, begun: Begun, led: Led) -> Answered:
        with self._desk.transaction() as session:
            if begun.lease is None or not conversations.release_lease(session, conversation_id, begun.lease):
                raise Conflict("This took too long and was given up. Please send it again.")
            chat = conversations.locked(session, conversation_id)
            still_the_bots = chat.ownership == begun.ownership
            # Nothing is said when a person took over while the bot was thinking, and what waited waits on.
            answers = led.answers if still_the_bots else []
            self._store_answers(session, chat, begun.turn_id, answers)
            _close(session, begun.turn_id)
            confidence = answers[0].get("confidence") if answers else None
            daily_counts.count_turn(session, self._desk.clock.now(), confidence, first=chat.last_turn_id is None)
            if still_the_bots:
                wishes.settle(session, led.outcome)
                chat.last_turn_id = begun.turn_id
                if led.asked_engine:
                    chat.engine_ownership = chat.ownership
            return Answered(conversations.messages_of_turn(session, begun.turn_id, Author.BOT), chat.owner)

    def _store_answers(self, session: Session, chat: Conversation, turn_id: int, answers: list[dict[str, Any]]) -> None:
        now = self._desk.clock.now()
        policy, library = binding(session, self._desk, now, chat.subject), self._desk.policies
        for answer in [*self._opening(session, chat, answers), *answers]:
            message = _message(chat.id, turn_id, Author.BOT, answer.get("text") or "", now)
            custom = answer.get("custom") or {}
            message.response = answer.get("response")
            message.citations = [c.as_dict() for c in cite(policy, library, custom.get("citations") or [])]
            message.choices = [
                conversations.add_choice(session, chat.id, turn_id, button["payload"], button["title"])
                for button in answer.get("buttons") or []
            ]
            if custom.get("card"):
                message.card = _card(session, chat.id, custom["card"])
            session.add(message)
            session.flush()

    def _opening(self, session: Session, chat: Conversation, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a young person is told first of all in a chat, unless the answers are about that already."""
        about = any(str(each.get("response")).startswith("utter_guardian") for each in answers)
        if chat.last_turn_id is not None or chat.subject is None or not answers or about:
            return []
        words = opening_words(session, self._desk, chat.subject)
        return [words] if words else []

    def _stored(self, conversation_id: str, turn_id: int) -> Answered:
        with self._desk.reading() as session:
            chat = conversations.conversation(session, conversation_id)
            return Answered(conversations.messages_of_turn(session, turn_id, Author.BOT), chat.owner)

    def _give_up(self, conversation_id: str, begun: Begun) -> None:
        if begun.lease:
            # A database that is still away must not hide what broke the turn off; the lease then ends by itself.
            with suppress(SQLAlchemyError), self._desk.transaction() as session:
                conversations.release_lease(session, conversation_id, begun.lease)


def _refuse_late(session: Session, chat: Conversation, said: Said, turn: Turn | None) -> None:
    """A form serves once, and what broke off does not overtake what was answered since."""
    if said.form and forms.used(session, chat.id, said.form.card_id, turn.id if turn else None):
        raise FormGone
    if turn is not None and _is_overtaken(chat, turn):
        # The bot may have asked something newer since, and would take a late yes for the answer to that.
        raise FormGone if said.form else ChoiceGone(None if turn.choice_intent else _OVERTAKEN)


def _is_overtaken(chat: Conversation, turn: Turn) -> bool:
    return turn.id < (chat.last_turn_id or 0)


def _close(session: Session, turn_id: int) -> None:
    turn = session.get_one(Turn, turn_id)
    turn.state = "done"
    if turn.choice_intent == forms.SUBMIT and turn.choice_value:
        forms.mark_used(session, turn.conversation_id, turn.choice_value)


def _pick(session: Session, chat: Conversation, said: Said) -> Pick:
    if said.choice:
        return picking.pressed(session, chat, said.choice)
    if said.form:
        return Pick(forms.SUBMIT, said.form.card_id)
    return picking.typed(session, chat, said.text or "")


def _message(conversation_id: str, turn_id: int, author: Author, text: str, now: Any) -> Message:
    return Message(
        conversation_id=conversation_id,
        turn_id=turn_id,
        author=author,
        text=text,
        citations=[],
        choices=[],
        created_at=now,
    )


def _card(session: Session, conversation_id: str, card_id: str) -> dict[str, Any]:
    """A card as its message keeps it; a form knows its id, under which it is sent back."""
    content = conversations.card_content(session, conversation_id, card_id)
    return content | {"id": card_id} if content.get("kind") == "form" else content


def present(message: Message) -> dict[str, Any]:
    """A message as the API gives it. What was filled into a form is not told again."""
    filled = (message.card or {}).get("kind") == conversations.FORM_VALUES
    return {
        "id": str(message.id),
        "author": message.author,
        "name": message.speaker,
        "text": message.words,
        "citations": message.citations,
        "choices": message.choices,
        "card": None if filled else message.card,
        "response": message.response,
        "created_at": message.created_at,
    }
