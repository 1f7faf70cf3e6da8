"""The engine's record of conversations, as the worker takes one out of it for good.

The engine writes the table `tracker_events` (`bot/engine/tracker_store.py`); it refuses to save anything of a
conversation that has a row in `tracker_tombstones`. Tombstone and deletion are one transaction here, and a save is one
there, so that whichever comes first, nothing of the conversation is left.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    event,
    func,
    inspect,
    select,
    text,
)

from bot.store.encryption import EncryptedText
from bot.store.engine import for_reading, make_engine

_BATCH = 500

_metadata = MetaData()
_events = Table(
    "tracker_events",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("sender_id", String(64), nullable=False),
    Column("data", EncryptedText, nullable=False),
)
_tombstones = Table(
    "tracker_tombstones",
    _metadata,
    Column("sender_id", String(64), primary_key=True),
    Column("at", DateTime, nullable=False),
)


def erase(url: str, conversation_ids: Collection[str], now: datetime) -> None:
    """Take conversations out of the engine's record; nothing of them can be written there again.

    Args:
        url: The tracker's database.
        conversation_ids: Which; those that are gone already, or were never there, get their tombstone all the same.
        now: When.
    """
    with _opened(url) as engine:
        _tombstones.create(engine, checkfirst=True)
        written = inspect(engine).has_table(_events.name)
        for conversation_id in conversation_ids:
            with engine.begin() as connection:
                _erase_one(connection, conversation_id, now, written)


def _erase_one(connection: Connection, conversation_id: str, now: datetime, written: bool) -> None:
    if connection.dialect.name == "postgresql":
        # The engine takes the same lock for a save, so that the two wait for each other.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:id))"), {"id": conversation_id})
    known = select(_tombstones.c.sender_id).where(_tombstones.c.sender_id == conversation_id)
    if connection.scalar(known) is None:
        at = now.astimezone(UTC).replace(tzinfo=None)
        connection.execute(_tombstones.insert().values(sender_id=conversation_id, at=at))
    if written:
        connection.execute(delete(_events).where(_events.c.sender_id == conversation_id))


def left_of(url: str, conversation_ids: Collection[str]) -> int:
    """How many events of these conversations the engine still has."""
    with _opened(url) as engine:
        if not inspect(engine).has_table(_events.name):
            return 0
        of_them = _events.c.sender_id.in_(list(conversation_ids))
        with for_reading(engine).connect() as connection:
            return connection.scalar(select(func.count()).select_from(_events).where(of_them)) or 0


def everything(url: str) -> Iterator[str]:
    """Every event of every conversation as JSON, read as it is needed; for the search for what was left behind."""
    with _opened(url) as engine:
        if not inspect(engine).has_table(_events.name):
            return
        with for_reading(engine).connect() as connection:
            rows = connection.execution_options(yield_per=_BATCH).execute(select(_events.c.data).order_by(_events.c.id))
            yield from rows.scalars()


def settle(url: str) -> None:
    """Bring deleted rows out of SQLite's write-ahead file; nothing to do elsewhere."""
    with _opened(url) as engine:
        settle_engine(engine)


def settle_engine(engine: Engine) -> None:
    """The same for an open database. Readers that are busy are left alone; their share goes with the next turn."""
    if engine.dialect.name != "sqlite":
        return
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            _overwrite_deleted(engine)
        yield engine
    finally:
        engine.dispose()


def _overwrite_deleted(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA secure_delete=ON")
