"""Puts Rasa's agent together and behind the desk's channel."""

import asyncio
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage, register
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.utils.io import read_config_file
from sanic import Sanic

from bot.engine import patches
from bot.engine.channel import DeskChannel
from bot.engine.errors import CannotStart
from bot.engine.tracker_store import EncryptedTrackerStore


def open_tracker_store(endpoints: AvailableEndpoints) -> EncryptedTrackerStore:
    """Opens the store that ``endpoints.yml`` describes; Rasa itself would fall back to memory without a word.

    Raises:
        CannotStart: the store is of another kind, a key is malformed or the database does not answer.
    """
    described = endpoints.tracker_store
    wanted = f"{EncryptedTrackerStore.__module__}.{EncryptedTrackerStore.__name__}"
    if described is None or described.type != wanted:
        raise CannotStart(f"endpoints.yml does not name {wanted} as tracker store.")
    try:
        return EncryptedTrackerStore(host=described.url, **described.kwargs)
    except ValueError as error:
        raise CannotStart(f"TRACKER_DATABASE_URL or ENCRYPTION_KEYS is not usable: {error}") from error
    except Exception as error:
        raise CannotStart(f"The tracker database does not answer ({type(error).__name__}).") from error


def load_agent(model: Path, endpoints_file: Path) -> Agent:
    """Loads the model and understands one sentence with it, so that nothing is left to load for the first person.

    Raises:
        CannotStart: the model or one of its parts cannot be loaded.
    """
    patches.apply()
    endpoints = AvailableEndpoints.read_endpoints(str(endpoints_file))
    store = open_tracker_store(endpoints)
    agent = Agent(tracker_store=store, lock_store=InMemoryLockStore(), action_endpoint=endpoints.action)
    try:
        agent.load_model(str(model))
        asyncio.run(agent.processor.parse_message(UserMessage("hello")))  # type: ignore[union-attr]
    except Exception as error:
        raise CannotStart(f"The model {model} cannot be loaded ({_first_line(error)}). Run: make train") from error
    use_store(agent, store)
    if not agent.is_ready():
        raise CannotStart(f"The model {model} did not make a ready agent. Run: make train")
    return agent


def use_store(agent: Agent, store: EncryptedTrackerStore) -> None:
    """Takes away the wrapper in which Rasa hides a failing database behind an empty memory."""
    store.domain = agent.domain
    agent.tracker_store = store
    agent.processor.tracker_store = store  # type: ignore[union-attr]


def make_app(agent: Agent, credentials_file: Path) -> Sanic:
    """The HTTP application: the desk's channel and nothing else.

    Raises:
        CannotStart: ``credentials.yml`` does not describe the channel.
    """
    credentials = read_config_file(str(credentials_file)).get(f"{DeskChannel.__module__}.{DeskChannel.__name__}")
    if not credentials:
        raise CannotStart(f"{credentials_file} does not hold the secret of {DeskChannel.__name__}.")
    app = Sanic("privacy_desk_engine", configure_logging=False)
    app.config.ACCESS_LOG = False
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.ctx.agent = agent
    register([DeskChannel.from_credentials(credentials)], app, route="/webhooks/")

    async def close(*_: Any) -> None:
        await patches.close_sessions()

    app.register_listener(close, "before_server_stop")
    return app


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
