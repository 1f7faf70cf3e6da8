"""A person takes over: who waits, who answers, what colleagues note, and how it went."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, Base, UtcDateTime
from bot.store.encryption import EncryptedText


class Handoff(Base):
    """One time a conversation waits for a person and is answered by one. At most one of a conversation is open.

    The marks (`user_seen_at` and what follows) are about live pages, so they follow the machine's clock.
    """

    __tablename__ = "handoffs"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), info=NOTHING)
    reason: Mapped[str] = mapped_column(String(32), info=NOTHING)
    priority: Mapped[str] = mapped_column(String(16), info=NOTHING)
    state: Mapped[str] = mapped_column(String(16), index=True, info=NOTHING)
    staff: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    staff_name: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    waiting_since: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    promised_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    user_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    user_typing_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    agent_typing_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    user_read: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    agent_read: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    last_said: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    last_said_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    mailed: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)


class HandoffNote(Base):
    """What one colleague wrote down for the next about a conversation; the person it is about gets it in their copy."""

    __tablename__ = "handoff_notes"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    staff: Mapped[str] = mapped_column(String(64), info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Satisfaction(Base):
    """A word about how a talk with a person went, by day; never who said so, nor of which talk."""

    __tablename__ = "satisfaction"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    day: Mapped[date] = mapped_column(index=True, info=NOTHING)
    score: Mapped[int] = mapped_column(Integer, info=NOTHING)
    word: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
