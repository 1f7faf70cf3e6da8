"""Wires settings to databases, clock, data map and policy: the one place where the desk is put together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.clocks import Clock, OffsetClock, SystemClock
from bot.config import Settings, get_settings
from bot.errors import SetupError
from bot.store import datamap as datamaps
from bot.store.desk_tables import DemoClock
from bot.store.encryption import use_keys
from bot.store.engine import for_reading, make_engine
from bot.store.policy_library import PolicyLibrary, load_library
from bot.store.shop import ShopStore


@dataclass(frozen=True)
class Desk:
    """Everything a use case may need, made once per process."""

    settings: Settings
    clock: Clock
    engine: Engine
    shop: ShopStore
    datamap: datamaps.DataMap
    policies: PolicyLibrary

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session on the desk database: committed at the end, rolled back on any error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; it never waits for somebody who writes."""
        with Session(for_reading(self.engine), expire_on_commit=False) as session:
            yield session

    def email_of(self, subject: str) -> str | None:
        """The address on file of a customer, if the shop has one."""
        customer, column = self.shop.customer(subject), self.datamap.subject.email
        return None if customer is None or column is None else customer[column]


def open_desk(settings: Settings | None = None) -> Desk:
    """Put the desk together and check it against the live shop database.

    Raises:
        SetupError: Something is missing, cannot be reached, or a column of the shop is not on the data map.
    """
    settings = settings or get_settings()
    use_keys(settings.encryption_keys)
    policies = load_library(settings.policy_folder)
    datamap = datamaps.load(settings.datamap)
    engine = make_engine(settings.desk_database_url)
    shop = _open_shop(settings, datamap)
    return Desk(settings, _clock(settings, engine), engine, shop, datamap, policies)


def _open_shop(settings: Settings, datamap: datamaps.DataMap) -> ShopStore:
    try:
        shop = ShopStore(make_engine(settings.shop_database_url), datamap)
        problems = datamaps.check(datamap, shop.metadata)
    except SQLAlchemyError as error:
        raise SetupError(
            f"The shop database cannot be read ({type(error).__name__}). Check SHOP_DATABASE_URL."
        ) from None
    if problems:
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        raise SetupError(f"{settings.datamap.name} does not fit the shop database: {problems[0]}{more}")
    return shop


def _clock(settings: Settings, engine: Engine) -> Clock:
    if not settings.demo:
        return SystemClock()

    def offset() -> timedelta:
        with for_reading(engine).connect() as connection:
            return timedelta(seconds=connection.scalar(select(DemoClock.offset_seconds)) or 0)

    return OffsetClock(offset)


def migrate(settings: Settings) -> None:
    """Bring the desk database to the current shape; nothing happens when it has it already.

    Raises:
        SetupError: The database cannot be reached.
    """
    settings.desk_home.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "store" / "migrations"))
    try:
        engine = make_engine(settings.desk_database_url)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        engine.dispose()
    except SQLAlchemyError as error:
        raise SetupError(
            f"The desk database cannot be opened ({type(error).__name__}). Check DESK_DATABASE_URL."
        ) from None
