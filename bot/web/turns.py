"""One message in, its answers out: stored before and after, one at a time per conversation, never twice."""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from bot.bootstrap import Desk
from bot.clocks import SystemClock
from bot.errors import Conflict, DeskError
from bot.privacy.policy_question import cite
from bot.store import conversations
from bot.store.desk_tables import Conversation, Message, Turn
from bot.vocabulary import Author, Owner
from bot.web.engine_client import EngineClient

_WAIT = 0.02
# Leases are about live processes, so they follow the machine's clock even when the demo's clock is moved.
_machine = SystemClock()


@dataclass(frozen=True)
class Said:
    """What a person sent: words, or the id of a choice they were offered."""

    text: str | None = None
    choice: str | None = None

    @property
    def body_hash(self) -> str:
        """Tells a repeat from another message under the same key."""
        return hashlib.sha256(json.dumps([self.text, self.choice]).encode()).hexdigest()


@dataclass(frozen=True)
class Begun:
    """A turn that holds its conversation's lease.

    Attributes:
        done: It had run before; its answers are stored.
        payload: What the engine is to be sent; None while a person owns the conversation.
    """

    turn_id: int
    lease: str | None
    done: bool
    payload: dict[str, Any] | None


@dataclass(frozen=True)
class Answered:
    """What came of a turn."""

    messages: list[Message]
    owner: str


class Turns:
    """Runs turns."""

    def __init__(self, desk: Desk, engine: EngineClient) -> None:
        self._desk = desk
        self._engine = engine

    async def take(self, conversation_id: str, key: str, said: Said) -> Answered:
        """Answer one message.

        Args:
            conversation_id: Whose turn it is.
            key: Idempotency key: a repeat gets the stored answer and does nothing.
            said: The message.

        Raises:
            Conflict: The key was used for another message, or an earlier turn will not end.
            ChoiceGone: The choice is of an earlier question.
            Unavailable: The turn could not be run; the same key may be sent again.
        """
        begun = await self._begin_when_free(conversation_id, key, said)
        if begun.done:
            return await run_in_threadpool(self._stored, conversation_id, begun.turn_id)
        try:
            answers = await self._engine.turn(begun.payload) if begun.payload else []
            return await run_in_threadpool(self._finish, conversation_id, begun, answers)
        except (DeskError, asyncio.CancelledError):
            await asyncio.shield(run_in_threadpool(self._give_up, conversation_id, begun))
            raise

    async def _begin_when_free(self, conversation_id: str, key: str, said: Said) -> Begun:
        give_up_at = time.monotonic() + self._desk.settings.turn_seconds
        while True:
            begun = await run_in_threadpool(self._begin, conversation_id, key, said)
            if begun is not None:
                return begun
            if time.monotonic() > give_up_at:
                raise Conflict("Your previous message is still being answered. Please wait a moment.")
            await asyncio.sleep(_WAIT)

    def _begin(self, conversation_id: str, key: str, said: Said) -> Begun | None:
        with self._desk.transaction() as session:
            turn = conversations.find_turn(session, conversation_id, key)
            if turn is not None and turn.body_hash != said.body_hash:
                raise Conflict("This Idempotency-Key was used for another message. Please use a new one.")
            if turn is not None and turn.state == "done":
                return Begun(turn.id, None, True, None)
            lease = conversations.take_lease(session, conversation_id, _machine.now(), self._desk.settings.turn_seconds)
            if lease is None:
                return None
            chat = conversations.conversation(session, conversation_id)
            choice = conversations.live_choice(session, chat, said.choice) if said.choice and turn is None else None
            now = self._desk.clock.now()
            if turn is None:
                turn = Turn(
                    conversation_id=chat.id,
                    idempotency_key=key,
                    body_hash=said.body_hash,
                    state="running",
                    choice_intent=choice.intent if choice else None,
                    created_at=now,
                )
                session.add(turn)
                session.flush()
                session.add(_message(chat.id, turn.id, Author.USER, choice.label if choice else said.text or "", now))
                session.flush()
            return Begun(turn.id, lease, False, self._payload(session, chat, turn))

    def _payload(self, session: Any, chat: Conversation, turn: Turn) -> dict[str, Any] | None:
        if chat.owner == Owner.PERSON:
            return None
        message = conversations.messages_of_turn(session, turn.id, Author.USER)[0]
        payload = {"conversation": chat.id, "message": str(message.id)}
        if turn.choice_intent:
            return payload | {"intent": turn.choice_intent, "label": message.text}
        return payload | {"text": message.text}

    def _finish(self, conversation_id: str, begun: Begun, answers: list[dict[str, Any]]) -> Answered:
        with self._desk.transaction() as session:
            if begun.lease is None or not conversations.release_lease(session, conversation_id, begun.lease):
                raise Conflict("This took too long and was given up. Please send it again.")
            now = self._desk.clock.now()
            policy = self._desk.policies.in_force(now.date())
            for answer in answers:
                message = _message(conversation_id, begun.turn_id, Author.BOT, answer.get("text") or "", now)
                custom = answer.get("custom") or {}
                message.response = answer.get("response")
                message.citations = [c.as_dict() for c in cite(policy, custom.get("citations") or [])]
                message.choices = [
                    conversations.add_choice(
                        session, conversation_id, begun.turn_id, button["payload"].removeprefix("/"), button["title"]
                    )
                    for button in answer.get("buttons") or []
                ]
                if custom.get("card"):
                    message.card = conversations.card_content(session, conversation_id, custom["card"])
                session.add(message)
                session.flush()
            session.get_one(Turn, begun.turn_id).state = "done"
            chat = session.get_one(Conversation, conversation_id, populate_existing=True)
            chat.last_turn_id = begun.turn_id
            return Answered(conversations.messages_of_turn(session, begun.turn_id, Author.BOT), chat.owner)

    def _stored(self, conversation_id: str, turn_id: int) -> Answered:
        with self._desk.reading() as session:
            chat = conversations.conversation(session, conversation_id)
            return Answered(conversations.messages_of_turn(session, turn_id, Author.BOT), chat.owner)

    def _give_up(self, conversation_id: str, begun: Begun) -> None:
        if begun.lease:
            with self._desk.transaction() as session:
                conversations.release_lease(session, conversation_id, begun.lease)


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


def present(message: Message) -> dict[str, Any]:
    """A message as the API gives it."""
    return {
        "id": str(message.id),
        "author": message.author,
        "text": message.text,
        "citations": message.citations,
        "choices": message.choices,
        "card": message.card,
        "response": message.response,
        "created_at": message.created_at.isoformat(),
    }
