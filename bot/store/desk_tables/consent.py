"""What people allowed, and what keeps the shop from using or erasing their data."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime


class ConsentEntry(Base):
    """The ledger of choices: one row per choice, never changed. `subject` becomes a pseudonym at erasure."""

    __tablename__ = "consent_ledger"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    purpose: Mapped[str] = mapped_column(String(64), info=NOTHING)
    state: Mapped[str] = mapped_column(String(16), info=NOTHING)
    request_number: Mapped[str | None] = mapped_column(String(20), info=NOTHING)
    policy_version: Mapped[str] = mapped_column(String(32), info=NOTHING)
    clause: Mapped[str] = mapped_column(String(64), info=NOTHING)
    channel: Mapped[str] = mapped_column(String(16), info=NOTHING)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Restriction(Base):
    """Processing of somebody's data is stopped, for a reason, since a time; lifted when that reason ends."""

    __tablename__ = "restrictions"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    reason: Mapped[str] = mapped_column(String(32), info=NOTHING)
    request_number: Mapped[str | None] = mapped_column(String(20), index=True, info=NOTHING)
    since: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class Hold(Base):
    """Something that keeps requests of a person waiting: a contact detail just changed, or a legal hold of the shop."""

    __tablename__ = "holds"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    kind: Mapped[str] = mapped_column(String(32), info=NOTHING)
    reference: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
