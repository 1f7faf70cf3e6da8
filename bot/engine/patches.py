"""Corrections to Rasa 3.6.21, each a few lines with its reason; ``apply`` puts all of them in place."""

import asyncio
import functools
import weakref
from typing import Any, Dict, List, Optional

import aiohttp
import rasa.core.actions.action as rasa_actions
from jsonschema import ValidationError
from jsonschema.validators import validator_for
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.shared.core.events import Event
from rasa.utils.endpoints import EndpointConfig

ACTION_SECONDS = 10
IDLE_SECONDS = 2


class ActionsUnavailable(BaseException):
    """A custom action could not be run, so this turn must not be answered and not be recorded.

    Rasa swallows every ``Exception`` here, notes the action as executed and goes on to say that all is done. Only a
    ``BaseException`` gets past it and ends the turn; the channel turns it into an answer.
    """

    def __init__(self, action: str) -> None:
        super().__init__(action)
        self.action = action


def _cached_validator() -> None:
    """Rasa checks the constant schema of action results again on every call: some 30 ms of processor time each."""
    schema = RemoteAction.action_response_format_spec()
    validator = validator_for(schema)(schema)

    def validate(self: RemoteAction, result: Dict[str, Any]) -> bool:
        if validator.is_valid(result):
            return True
        raise ValidationError(f"The action server's result for {self.name()} has not the form of an action result.")

    RemoteAction._validate_action_result = validate  # type: ignore[method-assign]


def _cached_event_types() -> None:
    """Rasa walks all event classes for each stored event, nine tenths of the time that loading a tracker takes."""
    original = Event.resolve_by_type
    known: Dict[str, Any] = {}

    def resolve(type_name: str, default: Any = None) -> Any:
        if type_name not in known:
            found = original(type_name, None if default is None else default)
            if found is default:
                return found
            known[type_name] = found
        return known[type_name]

    Event.resolve_by_type = staticmethod(resolve)  # type: ignore[method-assign]


class _Shared:
    """Hands out a session that stays open after the ``async with`` block in which Rasa uses it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self._session

    async def __aexit__(self, *error: Any) -> None:
        """The next call needs the session."""


_sessions: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Dict[str, aiohttp.ClientSession]]" = (
    weakref.WeakKeyDictionary()
)


def _one_session() -> None:
    """Rasa opens a session and a connection for each call and waits five minutes for an answer.

    The budget is ten seconds: a person is waiting. Idle connections are given up before the action server, which
    waits five seconds, closes them, so no call meets a closing connection.
    """

    def session(self: EndpointConfig) -> Any:
        loop = asyncio.get_running_loop()
        sessions = _sessions.setdefault(loop, {})
        current = sessions.get(self.url)
        if current is None or current.closed:
            auth = self.basic_auth and aiohttp.BasicAuth(self.basic_auth["username"], self.basic_auth["password"])
            current = aiohttp.ClientSession(
                auth=auth or None,
                connector=aiohttp.TCPConnector(limit=100, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=ACTION_SECONDS),
            )
            sessions[self.url] = current
        return _Shared(current)

    EndpointConfig.session = session  # type: ignore[method-assign]
    rasa_actions.DEFAULT_REQUEST_TIMEOUT = ACTION_SECONDS


async def close_sessions() -> None:
    """Closes the connections of the running loop."""
    for session in (_sessions.pop(asyncio.get_running_loop(), None) or {}).values():
        await session.close()


def _failed_action_ends_turn() -> None:
    """A failed action must never read as success, and what a failed validation let through must not be kept."""
    original = RemoteAction.run

    @functools.wraps(original)
    async def run(self: RemoteAction, *arguments: Any, **options: Any) -> List[Event]:
        try:
            return await original(self, *arguments, **options)
        except ActionExecutionRejection:
            raise
        except Exception as error:
            raise ActionsUnavailable(self.name()) from error

    RemoteAction.run = run  # type: ignore[method-assign]


_applied: Optional[bool] = None


def apply() -> None:
    """Puts all patches in place; a second call changes nothing."""
    global _applied
    if _applied:
        return
    for patch in (_cached_validator, _cached_event_types, _one_session, _failed_action_ends_turn):
        patch()
    _applied = True
