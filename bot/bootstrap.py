"""Wires settings to databases, clock, data map and policy: the one place where the desk is put together."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.clocks import Clock, OffsetClock, SystemClock
from bot.config import Settings, get_settings
from bot.errors import SetupError
from bot.privacy.entities import finder
from bot.store import audit, customers, policy_versions
from bot.store import datamap as datamaps
from bot.store.desk import Desk
from bot.store.desk_tables import DemoClock, PolicyVersion
from bot.store.encryption import use_keys
from bot.store.engine import for_reading, make_engine
from bot.store.policy_library import Policy, PolicyLibrary, load_library
from bot.store.shop import ShopStore


def open_desk(settings: Settings | None = None) -> Desk:
    """Put the desk together and check it against the live shop database.

    Raises:
        SetupError: Something is missing, cannot be reached, or a column of the shop is not on the data map.
    """
    settings = settings or get_settings()
    use_keys(settings.encryption_keys)
    audit.use_key(settings.audit_key)
    policies = load_library(settings.policy_folder)
    datamap = datamaps.load(settings.datamap)
    engine = make_engine(settings.desk_database_url)
    _check_policies(engine, policies)
    shop = _open_shop(settings, datamap)
    return Desk(settings, _clock(settings, engine), engine, shop, datamap, policies)


def policy_in_force(settings: Settings) -> tuple[PolicyLibrary, Policy]:
    """The policy folder, and the version in force, for commands that need no shop; drafts never count.

    Raises:
        SetupError: A file cannot be read or was changed, or no version is in force.
    """
    policies = load_library(settings.policy_folder)
    url = make_url(settings.desk_database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return policies, policies.versions[0]
    engine = make_engine(settings.desk_database_url)
    try:
        _check_policies(engine, policies)
        if not inspect(engine).has_table(PolicyVersion.__tablename__):
            return policies, policies.versions[0]
        with Session(for_reading(engine)) as session:
            return policies, policy_versions.in_force(session, policies, _clock(settings, engine).now()).policy
    finally:
        engine.dispose()


def _open_shop(settings: Settings, datamap: datamaps.DataMap) -> ShopStore:
    try:
        shop = ShopStore(make_engine(settings.shop_database_url), datamap)
        problems = datamaps.check(datamap, shop.metadata) or customers.refused(shop)
    except SQLAlchemyError as error:
        raise SetupError(
            f"The shop database cannot be read ({type(error).__name__}). Check SHOP_DATABASE_URL."
        ) from None
    if problems:
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        raise SetupError(f"{settings.datamap.name} does not fit the shop database: {problems[0]}{more}")
    return shop


def _check_policies(engine: Engine, policies: PolicyLibrary) -> None:
    try:
        policy_versions.refuse_changed_files(engine, policies)
    except SQLAlchemyError as error:
        raise SetupError(
            f"The desk database cannot be read ({type(error).__name__}). Check DESK_DATABASE_URL."
        ) from None


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
    # Heavy, and needed once before the processes start, not in each of them.
    from alembic import command
    from alembic.config import Config

    settings.desk_home.mkdir(parents=True, exist_ok=True)
    if settings.encryption_keys:
        use_keys(settings.encryption_keys)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "store" / "migrations"))
    try:
        engine = make_engine(settings.desk_database_url, foreign_keys=False)
        with engine.begin() as connection:
            config.attributes |= {"connection": connection, "masked": finder(settings).masked}
            command.upgrade(config, "head")
            if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise SetupError("The desk database could not be brought into shape; it is as it was before.")
        engine.dispose()
    except SQLAlchemyError as error:
        raise SetupError(
            f"The desk database cannot be opened ({type(error).__name__}). Check DESK_DATABASE_URL."
        ) from None
