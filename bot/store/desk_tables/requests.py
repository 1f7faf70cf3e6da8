"""Rights on their way: what was asked for, how far it is, what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedJSON, EncryptedText


class PrivacyRequest(Base):
    """A right somebody asked to have carried out.

    `details` is what was asked for in particular, `plan` what the work needs once the shop's rows are gone, `outcome`
    what came of it. After an erasure `subject`, `details` and `plan` are empty: a log without a person.
    """

    __tablename__ = "privacy_requests"
    number: Mapped[str] = mapped_column(String(20), primary_key=True, info=NOTHING)
    kind: Mapped[str] = mapped_column(String(32), info=NOTHING)
    state: Mapped[str] = mapped_column(String(32), index=True, info=NOTHING)
    regime: Mapped[str] = mapped_column(String(16), info=NOTHING)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    origin: Mapped[str] = mapped_column(String(64), unique=True, info=NOTHING)
    statement: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    details: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    plan: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    first_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    extension_reason: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    alarmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    hold_reason: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    attempts: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    worker_token: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    worker_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    assigned_to: Mapped[int | None] = mapped_column(Integer, index=True, info=NOTHING)


class Approval(Base):
    """Somebody of the shop agreed that a request is carried out; of two that are needed, each is another person's."""

    __tablename__ = "approvals"
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), primary_key=True, info=NOTHING)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, info=NOTHING)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class RequestStep(Base):
    """The ledger of the work: a step of a request that is done and need not be done again."""

    __tablename__ = "request_steps"
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), primary_key=True, info=NOTHING)
    step: Mapped[str] = mapped_column(String(96), primary_key=True, info=NOTHING)
    done_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class VerificationCode(Base):
    """A one-time code that was sent to the address on file; only its salted hash is kept.

    Bound to one request, or one asking of a guardian, and to the conversation, or the visit of a page, that it is typed
    in. `last_message` is the message that tried last, so that a message which
    is handled twice after a crash counts once.
    """

    __tablename__ = "verification_codes"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    request_number: Mapped[str] = mapped_column(String(20), index=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(String(64), index=True, info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    salt: Mapped[str] = mapped_column(String(64), info=NOTHING)
    code_hash: Mapped[str] = mapped_column(String(128), info=NOTHING)
    tries_left: Mapped[int] = mapped_column(Integer, info=NOTHING)
    last_message: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class Export(Base):
    """A package made for one person: found by the hash of its link, readable with its own key, served once."""

    __tablename__ = "exports"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), unique=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True, info=NOTHING)
    file_key: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    size: Mapped[int | None] = mapped_column(BigInteger, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True, info=NOTHING)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class Dispute(Base):
    """A person's statement that a fact of a row (an order) is wrong; kept beside the row, which is not overwritten."""

    __tablename__ = "disputes"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(64), index=True, info=WHO)
    request_number: Mapped[str] = mapped_column(String(20), unique=True, info=NOTHING)
    about_table: Mapped[str] = mapped_column(String(128), info=NOTHING)
    about_row: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    statement: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Certificate(Base):
    """What was done for a request, signed; names nobody."""

    __tablename__ = "certificates"
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), primary_key=True, info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    signed: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
