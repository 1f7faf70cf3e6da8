"""The sealed record, series of numbers, and counts without a person."""

from datetime import date, datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedText


class AuditEntry(Base):
    """What the desk did, by numbers and names only; each entry seals the one before it.

    `subject` is a pseudonym: without its key in `audit_pseudonyms` nobody can tell whose it was.
    """

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, info=NOTHING)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    event: Mapped[str] = mapped_column(String(48), info=NOTHING)
    conversation_id: Mapped[str | None] = mapped_column(String(64), index=True, info=NOTHING)
    reference: Mapped[str | None] = mapped_column(String(64), index=True, info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    actor: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    seal: Mapped[str] = mapped_column(String(64), info=NOTHING)


class AuditHead(Base):
    """The newest entry's number and seal: the row that makes writers of the record wait for each other."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, info=NOTHING)
    last: Mapped[int] = mapped_column(Integer, info=NOTHING)
    seal: Mapped[str] = mapped_column(String(64), info=NOTHING)


class AuditPseudonym(Base):
    """The key that makes a person's pseudonym in the record; thrown away at erasure."""

    __tablename__ = "audit_pseudonyms"
    subject: Mapped[str] = mapped_column(String(64), primary_key=True, info=WHO)
    key: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)


class NumberSeries(Base):
    """The last number given out in a series such as `PR-2026`."""

    __tablename__ = "number_series"
    series: Mapped[str] = mapped_column(String(16), primary_key=True, info=NOTHING)
    last: Mapped[int] = mapped_column(Integer, info=NOTHING)


class UnansweredTopic(Base):
    """How often, on a day, the policy had no answer on a topic. Never who asked, never the words."""

    __tablename__ = "unanswered_topics"
    day: Mapped[date] = mapped_column(primary_key=True, info=NOTHING)
    topic: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    count: Mapped[int] = mapped_column(Integer, info=NOTHING)


class DailyCount(Base):
    """How often something happened on a day, such as a chat or a hand-off. Never who, never which."""

    __tablename__ = "daily_counts"
    day: Mapped[date] = mapped_column(primary_key=True, info=NOTHING)
    name: Mapped[str] = mapped_column(String(48), primary_key=True, info=NOTHING)
    count: Mapped[int] = mapped_column(Integer, info=NOTHING)


class DemoClock(Base):
    """How far the demo's clock was moved, in seconds. One row."""

    __tablename__ = "demo_clock"
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    offset_seconds: Mapped[int] = mapped_column(Integer, info=NOTHING)
