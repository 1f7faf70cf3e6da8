"""Server-sent events: what is said in a conversation, as it is said."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.clocks import SystemClock
from bot.errors import SessionExpired
from bot.privacy import policy_banner
from bot.privacy.handoff_live import Live, live
from bot.privacy.handoff_talk import user_is_there
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation
from bot.vocabulary import Author, Owner
from bot.web.limits import AtOnce
from bot.web.sessions import Sessions
from bot.web.turns import present

_POLL_SECONDS = 0.4
_HEARTBEAT_SECONDS = 15.0
_PRESENCE_SECONDS = 15.0
_MOST_AT_ONCE = 500
_MOST_STREAMS = 10
_MANY_STREAMS = "This chat is open in too many places at once. Please close some of them and try again."
_MANY_CHATS = "Too many chats are open from your network at once. Please close some of them and try again."
_machine = SystemClock()


_NOTHING_YET: tuple[tuple[str, dict[str, Any]], ...] = (
    ("typing", {"author": Author.BOT, "on": False}),
    ("typing", {"author": Author.AGENT, "on": False}),
    ("owner", {}),
    ("waiting", {"place": 0, "promised_at": None}),
    ("read", {"message": "0"}),
)
"""What every listener takes for granted; the owner is told at once."""


class Streams:
    """Gives out streams of events, a few for each conversation and not too many for each address.

    Every one of them looks for news all the time, and anybody may begin as many conversations as they like.
    """

    def __init__(self, desk: Desk, sessions: Sessions) -> None:
        self._desk, self._sessions = desk, sessions
        self._of_conversation = AtOnce(_MOST_STREAMS, _MANY_STREAMS)
        self._of_address = AtOnce(desk.settings.streams_per_address, _MANY_CHATS)

    def open(
        self, conversation_id: str, address: str, authorization: str | None, last_id: int | None
    ) -> StreamingResponse:
        """An answer that tells the events of a conversation; see `event_stream`.

        Raises:
            RateLimited: As many as may be are open.
        """
        with ExitStack() as counted:
            for streams, name in ((self._of_conversation, conversation_id), (self._of_address, address)):
                streams.enter(name)
                counted.callback(streams.leave, name)
            events = event_stream(self._desk, self._sessions, conversation_id, authorization, last_id)
            return _Counted(events, counted.pop_all().close)


class _Counted(StreamingResponse):
    """A stream that says when it is over, however it ends."""

    def __init__(self, events: AsyncIterator[str], over: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell the events until the listener leaves."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


@dataclass
class _Seen:
    """What the listener knows already."""

    last_id: int
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=lambda: list(_NOTHING_YET))
    present_at: float = float("-inf")

    def changes(self, marks: list[tuple[str, dict[str, Any]]]) -> list[str]:
        """Events for what is not as it was told last."""
        before, self.told = self.told, marks
        return [_event(name, data) for was, (name, data) in zip(before, marks, strict=True) if was != (name, data)]


async def event_stream(
    desk: Desk, sessions: Sessions, conversation_id: str, authorization: str | None, last_id: int | None
) -> AsyncIterator[str]:
    """Events of a conversation until its session ends or the listener leaves.

    Message ids rise within a conversation, so the id of the last one seen is all that is needed to go on without
    losing or repeating any.
    """
    seen = _Seen(await run_in_threadpool(_newest, desk, conversation_id) if last_id is None else last_id)
    heard = time.monotonic()
    yield "retry: 1000\n\n"
    while True:
        try:
            await run_in_threadpool(sessions.conversation, authorization)
        except SessionExpired:
            yield _event("end", {"reason": "session_expired"})
            return
        for event in await run_in_threadpool(_news, desk, conversation_id, seen):
            heard = time.monotonic()
            yield event
        if time.monotonic() - heard > _HEARTBEAT_SECONDS:
            heard = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(_POLL_SECONDS)


def _newest(desk: Desk, conversation_id: str) -> int:
    with desk.reading() as session:
        return conversations.newest_message_id(session, conversation_id)


def _news(desk: Desk, conversation_id: str, seen: _Seen) -> list[str]:
    """What happened since the last look; `seen` learns it."""
    with desk.reading() as session:
        chat = conversations.conversation(session, conversation_id)
        now = live(session, chat)
        events = seen.changes(_marks(chat, now))
        said = conversations.messages_after(session, conversation_id, seen.last_id, _MOST_AT_ONCE)
        for message in said:
            seen.last_id = message.id
            events.append(_event("message", present(message), message.id))
    policy_banner.was_read(desk, conversation_id, said)
    if now.expects_a_person and time.monotonic() - seen.present_at > _PRESENCE_SECONDS:
        seen.present_at = time.monotonic()
        with desk.transaction() as session:
            user_is_there(session, conversation_id)
    return events


def _marks(chat: Conversation, now: Live) -> list[tuple[str, dict[str, Any]]]:
    """Everything that is told again only when it changes: name of the event, and its data."""
    bot_types = chat.owner == Owner.BOT and chat.busy_until is not None and chat.busy_until > _machine.now()
    return [
        ("typing", {"author": Author.BOT, "on": bot_types}),
        ("typing", {"author": Author.AGENT, "on": now.agent_types}),
        ("owner", {"owner": now.owner, "name": now.name}),
        ("waiting", {"place": now.place, "promised_at": now.promised_at}),
        ("read", {"message": str(now.agent_read)}),
    ]


def _event(name: str, data: dict[str, Any], event_id: int | None = None) -> str:
    head = f"id: {event_id}\n" if event_id is not None else ""
    # A time is written as the rest of the API writes it.
    return f"{head}event: {name}\ndata: {json.dumps(to_jsonable_python(data))}\n\n"
