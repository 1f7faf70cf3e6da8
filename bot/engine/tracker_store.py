"""Keeps conversations as Rasa needs them, encrypted, and never pretends to have saved what it has not."""

import itertools
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, BotUttered, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Query, Session, declarative_base, sessionmaker
from sqlalchemy.pool import QueuePool


class TrackerUnreadable(RuntimeError):
    """Stored events cannot be decrypted with any of the configured keys."""


class ConversationErased(RuntimeError):
    """The conversation was erased with its person's data; nothing of it is kept any more."""


class Turn(NamedTuple):
    """Stored events of one turn: the person's message and the bot's, in Rasa's own form; and the form open after it."""

    user: Dict[str, Any]
    bot: List[Dict[str, Any]]
    loop: Optional[str] = None


class EncryptedTrackerStore(SQLTrackerStore):
    """SQL tracker store whose event data only the holder of the keys can read.

    Differs from Rasa's own: a failing database is an error of the turn instead of a silent new conversation in memory;
    connections are tested before use; intent and action names are not kept beside the encrypted data; each user
    message is stored under its message id, so that a repeated message can be answered from the record; a conversation
    that was erased stays erased, whatever an engine that still works on it tries to save.
    """

    Base = declarative_base()

    class SQLEvent(Base):  # type: ignore[misc,valid-type]
        """One event of a conversation."""

        __tablename__ = "tracker_events"

        id = sa.Column(sa.Integer, primary_key=True)
        sender_id = sa.Column(sa.String(64), nullable=False, index=True)
        type_name = sa.Column(sa.String(64), nullable=False)
        timestamp = sa.Column(sa.Float(53))
        message_id = sa.Column(sa.String(64))
        data = sa.Column(sa.Text, nullable=False)

    class SQLTombstone(Base):  # type: ignore[misc,valid-type]
        """A conversation that was erased; the desk's worker writes it (`bot/store/tracker_records.py`)."""

        __tablename__ = "tracker_tombstones"

        sender_id = sa.Column(sa.String(64), primary_key=True)
        at = sa.Column(sa.DateTime, nullable=False)

    def __init__(
        self,
        domain: Optional[Domain] = None,
        host: Optional[str] = None,
        event_broker: Optional[EventBroker] = None,
        keys: str = "",
        **kwargs: Any,
    ) -> None:
        """Opens the database and creates the table where it is missing.

        Args:
            domain: the domain, set again once a model is loaded.
            host: SQLAlchemy address of a SQLite or PostgreSQL database.
            event_broker: unused by the desk; kept for Rasa.
            keys: comma separated Fernet keys; the first encrypts, all decrypt.
            kwargs: further options of Rasa's tracker stores.
        """
        self._cipher = cipher_of(keys)
        self.engine = _engine(make_url(host or "sqlite://"))
        self.Base.metadata.create_all(self.engine)
        self.sessionmaker = sessionmaker(bind=self.engine)
        TrackerStore.__init__(self, domain, event_broker, **kwargs)

    def ping(self) -> None:
        """Raises when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Adds the events that are not stored yet, or none of them when the conversation was erased meanwhile.

        Raises:
            ConversationErased: it was erased; nothing is kept.
        """
        await self.stream_events(tracker)
        with self.sessionmaker() as session:
            self._wait_for_eraser(session, tracker.sender_id)
            for event in self._additional_events(session, tracker):
                row = self.SQLEvent(
                    sender_id=tracker.sender_id,
                    type_name=event.type_name,
                    timestamp=event.timestamp,
                    message_id=getattr(event, "message_id", None) if isinstance(event, UserUttered) else None,
                    data=self._cipher.encrypt(json.dumps(event.as_dict()).encode()).decode("ascii"),
                )
                session.add(row)
            # Written before looked: SQLite then holds the write lock, so that no tombstone can come in between.
            session.flush()
            if session.get(self.SQLTombstone, tracker.sender_id) is not None:
                session.rollback()
                raise ConversationErased("The conversation was erased.")
            session.commit()

    def _wait_for_eraser(self, session: Session, sender_id: str) -> None:
        """On PostgreSQL, lets nobody erase the conversation, or wait until it is, for the rest of the transaction."""
        if self.engine.dialect.name == "postgresql":
            session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:id))"), {"id": sender_id})

    def _event_query(self, session: Session, sender_id: str, fetch_events_from_all_sessions: bool) -> Query:
        """Events in their order, by default from the latest session on.

        Sessions are told apart by the order of the rows: Rasa goes by time, and a clock that was set back would hide
        the latest events.
        """
        event = self.SQLEvent
        of_conversation = self._living(session, sender_id)
        if not fetch_events_from_all_sessions:
            started = session.query(sa.func.max(event.id)).filter(
                event.sender_id == sender_id, event.type_name == SessionStarted.type_name
            )
            of_conversation = of_conversation.filter(event.id >= sa.func.coalesce(started.scalar_subquery(), 0))
        return of_conversation.order_by(event.id)

    def _living(self, session: Session, sender_id: str) -> Query:
        """Events of a conversation that was not erased."""
        erased = session.query(self.SQLTombstone).filter(self.SQLTombstone.sender_id == sender_id)
        return session.query(self.SQLEvent).filter(self.SQLEvent.sender_id == sender_id, ~erased.exists())

    async def _retrieve(self, sender_id: str, fetch_events_from_all_sessions: bool) -> Optional[DialogueStateTracker]:
        with self.sessionmaker() as session:
            rows = self._event_query(session, sender_id, fetch_events_from_all_sessions).all()
            events = [self._opened(row) for row in rows]
        if not events or not self.domain:
            return None
        return DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)

    def _opened(self, row: Any) -> Dict[str, Any]:
        try:
            return json.loads(self._cipher.decrypt(row.data.encode("ascii")))
        except (InvalidToken, ValueError) as error:
            raise TrackerUnreadable(
                f"Event {row.id} cannot be read with the keys in ENCRYPTION_KEYS. Put the earlier key back behind the "
                "new one."
            ) from error

    def open_loop(self, sender_id: str) -> Optional[str]:
        """The form that waits for an answer in this conversation; none after a new session."""
        with self.sessionmaker() as session:
            return self._loop_at_end(self._living(session, sender_id))

    def _loop_at_end(self, events: Query) -> Optional[str]:
        """The form that these events leave open."""
        kinds = [ActiveLoop.type_name, SessionStarted.type_name]
        newest = events.filter(self.SQLEvent.type_name.in_(kinds)).order_by(self.SQLEvent.id.desc()).first()
        return self._opened(newest).get("name") if newest is not None else None

    def recorded_turn(self, sender_id: str, message_id: str) -> Optional[Turn]:
        """What was understood and said when this message was handled, or None if it is new in the conversation."""
        event = self.SQLEvent
        with self.sessionmaker() as session:
            of_conversation = self._living(session, sender_id)
            asked = of_conversation.filter(event.message_id == message_id).order_by(event.id.desc()).first()
            if asked is None:
                return None
            spoken = of_conversation.filter(
                event.id > asked.id, event.type_name.in_([UserUttered.type_name, BotUttered.type_name])
            )
            rows = spoken.order_by(event.id).all()
            answers = list(itertools.takewhile(lambda row: row.type_name == BotUttered.type_name, rows))
            until = of_conversation
            if len(answers) < len(rows):
                until = of_conversation.filter(event.id < rows[len(answers)].id)
            said = [self._opened(row) for row in answers]
            return Turn(self._opened(asked), said, self._loop_at_end(until))


def cipher_of(keys: str) -> MultiFernet:
    """Cipher for comma separated Fernet keys.

    Raises:
        ValueError: there is no key or one is malformed.
    """
    given = [key.strip() for key in keys.split(",") if key.strip()]
    if not given:
        raise ValueError("ENCRYPTION_KEYS holds no key.")
    return MultiFernet([Fernet(key) for key in given])


def _engine(url: URL) -> sa.engine.Engine:
    """Engine that tests its connections and never puts values into its error messages."""
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg2")
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=2,
            max_overflow=3,
            hide_parameters=True,
            connect_args={"connect_timeout": 5},
        )
    if url.get_backend_name() != "sqlite":
        raise ValueError("TRACKER_DATABASE_URL must name a SQLite or a PostgreSQL database.")
    if not url.database or url.database == ":memory:":
        return sa.create_engine(url, hide_parameters=True)
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url, poolclass=QueuePool, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 10}
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Readers and the writer do not block each other, and deleted rows are overwritten."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
