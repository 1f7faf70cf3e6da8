"""How the desk opens databases: parameters hidden from errors, connections checked, SQLite safe for many processes."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from bot.errors import SetupError

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
_CONNECT_SECONDS = 5


def make_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """Open a database by URL.

    Args:
        url: SQLAlchemy URL; `postgresql://`, `mysql://` and `mariadb://` get the driver the desk ships. A server that
            does not answer for 5 seconds is not there, unless the URL names another `connect_timeout`.
        foreign_keys: Whether SQLite watches over foreign keys; off only while tables are made anew.

    Raises:
        SetupError: The URL cannot be read. The sentence does not repeat it, since it may hold a password.
    """
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        engine = create_engine(
            parsed, hide_parameters=True, pool_pre_ping=True, connect_args=_patience(parsed), **_pool(parsed)
        )
    except (ArgumentError, ModuleNotFoundError):
        raise SetupError("A database URL cannot be read. Write it as dialect://user:password@host/name.") from None
    if engine.dialect.name == "sqlite":
        _make_sqlite_safe(engine, foreign_keys)
    return engine


def _pool(url: URL) -> dict[str, Any]:
    """On an SQLite file a transaction never waits for a connection.

    Whoever holds the write lock may have to read on a second connection (the demo's clock does); if those who wait for
    the lock held all there are, nobody would ever go on.
    """
    on_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return {"max_overflow": -1} if on_file else {}


def _patience(url: URL) -> dict[str, Any]:
    """A server that does not answer is waited for a few seconds, not as long as the machine's network would wait.

    The shop is asked while the desk's own rows are locked. A URL that names another time is followed.
    """
    ours = url.get_driver_name() in {"psycopg", "pymysql"} and "connect_timeout" not in url.query
    return {"connect_timeout": _CONNECT_SECONDS} if ours else {}


def for_reading(engine: Engine) -> Engine:
    """The same database for work that only reads; on SQLite such transactions wait for nobody."""
    return engine.execution_options(only_reads=True)


def one_at_a_time(session: Session, what: str) -> None:
    """Whoever asks and then writes about the same thing waits until this transaction ends, also where no row is yet.

    On SQLite all who write wait for each other already.

    Args:
        session: A transaction that writes.
        what: Names the thing.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})


def _make_sqlite_safe(engine: Engine, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        # What is deleted is overwritten, so that nothing of it stays in the file (policy clause `security`).
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once in WAL mode when another wrote in
        # between; taking the write lock at the start makes it wait instead.
        reads = connection.get_execution_options().get("only_reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
