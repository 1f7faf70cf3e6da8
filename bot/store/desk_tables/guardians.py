"""Minors, and the parents and guardians who are asked for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedJSON, EncryptedText


class Minor(Base):
    """A customer who was under 18 when the desk first saw it; kept until their data is erased, or it proves a mistake.

    `declared_at` and `of_age_on` are filled in only where the shop holds no date of birth and the person told it
    themselves. `answer` is what they said once they were 18.
    """

    __tablename__ = "minors"
    subject: Mapped[str] = mapped_column(String(64), primary_key=True, info=WHO)
    recognised_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    declared_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    of_age_on: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    came_of_age_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    answer: Mapped[str | None] = mapped_column(String(16), info=NOTHING)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class GuardianConsent(Base):
    """One parent or guardian who was asked about one child, and what they said.

    `artefact` is what they were shown and what they declared; `text_hash` (SHA-256) is sealed into the record of the
    desk as well. After the guardian had their data erased, name, relation, address and artefact are empty.
    """

    __tablename__ = "guardian_consents"
    number: Mapped[str] = mapped_column(String(20), primary_key=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    state: Mapped[str] = mapped_column(String(16), index=True, info=NOTHING)
    conversation_id: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    origin: Mapped[str] = mapped_column(String(64), unique=True, info=NOTHING)
    name: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    relation: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    email: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    reminders: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    method: Mapped[str | None] = mapped_column(String(16), info=NOTHING)
    policy_version: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    text_hash: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    artefact: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    set_aside_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class GuardianLink(Base):
    """A link to a guardian's page, kept as a hash. `invite` links serve for one decision, `manage` links last."""

    __tablename__ = "guardian_links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    number: Mapped[str] = mapped_column(ForeignKey("guardian_consents.number"), index=True, info=NOTHING)
    kind: Mapped[str] = mapped_column(String(16), info=NOTHING)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
