"""Server-sent events: what is said in a conversation, as it is said."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from bot.clocks import SystemClock
from bot.errors import SessionExpired
from bot.privacy import policy_banner
from bot.store import conversations
from bot.store.desk import Desk
from bot.vocabulary import Author
from bot.web.sessions import Sessions
from bot.web.turns import present

_POLL_SECONDS = 0.4
_HEARTBEAT_SECONDS = 15.0
_machine = SystemClock()


@dataclass
class _Seen:
    """What the listener knows already."""

    last_id: int
    owner: str | None = None
    typing: bool = False


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
    events = []
    with desk.reading() as session:
        chat = conversations.conversation(session, conversation_id)
        said = conversations.messages_after(session, conversation_id, seen.last_id)
        for message in said:
            seen.last_id = message.id
            events.append(_event("message", present(message), message.id))
        typing = chat.busy_until is not None and chat.busy_until > _machine.now()
        if typing != seen.typing:
            seen.typing = typing
            events.append(_event("typing", {"author": Author.BOT, "on": typing}))
        if chat.owner != seen.owner:
            seen.owner = chat.owner
            events.append(_event("owner", {"owner": chat.owner}))
    policy_banner.was_read(desk, conversation_id, said)
    return events


def _event(name: str, data: dict[str, Any], event_id: int | None = None) -> str:
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"
