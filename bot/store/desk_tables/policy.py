"""Versions of the privacy policy: what was published, who was told, and who agreed to what."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime


class PolicyVersion(Base):
    """A version that was published. Its text is the file; the fingerprint finds a file that was changed since.

    `pass_*` is how far the telling of all customers is: a pass goes through every account of the shop. Whoever joins
    after a pass that began in force came under this version from the start.
    """

    __tablename__ = "policy_versions"
    version: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    replaces: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    sha256: Mapped[str] = mapped_column(String(64), info=NOTHING)
    effective_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    published_by: Mapped[str] = mapped_column(String(64), info=NOTHING)
    pass_began_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    pass_cursor: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    passed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class PolicyChange(Base):
    """What a version does to one clause, and what that means for people, in one plain sentence of a person."""

    __tablename__ = "policy_changes"
    version: Mapped[str] = mapped_column(ForeignKey("policy_versions.version"), primary_key=True, info=NOTHING)
    clause: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    kind: Mapped[str] = mapped_column(String(16), info=NOTHING)
    mark: Mapped[str] = mapped_column(String(16), info=NOTHING)
    sentence: Mapped[str] = mapped_column(Text, info=NOTHING)


class PolicyNotice(Base):
    """One customer and one new version: how they were told, and their window to say no.

    Attributes:
        mail_id: The newest mail that tells them; None where the shop has no address of theirs.
        delivered_at: When the notice reached them: taken by the mail server or shown in the chat, the earlier counts.
        starts_at: When the 15 days begin: at delivery or effect, the later counts.
        used_at: The first use of the service after that which the desk knows of.
        looked_at: When the shop was last asked for such a use.
        guardian_missing: A minor by the birth date on file, without the consent of a guardian.
    """

    __tablename__ = "policy_notices"
    __table_args__ = (
        UniqueConstraint("version", "subject", name="uq_policy_notices_version_subject"),
        Index("ix_policy_notices_window", "version", "state", "starts_at"),
        NEVER_AGAIN,
    )
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    version: Mapped[str] = mapped_column(ForeignKey("policy_versions.version"), info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    mail_id: Mapped[int | None] = mapped_column(Integer, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    shown_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    guardian_missing: Mapped[bool] = mapped_column(Boolean, default=False, info=NOTHING)
    state: Mapped[str] = mapped_column(String(16), info=NOTHING)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class PolicyEntry(Base):
    """The ledger of policy versions: one row per act, never changed. `subject` becomes a pseudonym at erasure.

    Attributes:
        act: A value of `PolicyAct`; silence is written down as a deemed acceptance and never as consent.
        reductions: Whether the changes that reduce rights are covered; only ever by an explicit yes.
        reference: The receipt of a yes, the case of a no.
        origin: The message it came from; None for what the worker wrote.
    """

    __tablename__ = "policy_ledger"
    __table_args__ = (UniqueConstraint("origin", "version", name="uq_policy_ledger_origin_version"), NEVER_AGAIN)
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    version: Mapped[str] = mapped_column(ForeignKey("policy_versions.version"), info=NOTHING)
    act: Mapped[str] = mapped_column(String(32), info=NOTHING)
    reductions: Mapped[bool] = mapped_column(Boolean, info=NOTHING)
    channel: Mapped[str] = mapped_column(String(16), info=NOTHING)
    reference: Mapped[str | None] = mapped_column(String(20), info=NOTHING)
    origin: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
