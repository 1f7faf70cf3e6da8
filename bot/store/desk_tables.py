"""The desk's own tables.

Each column says what it holds about a person (`info["data"]`), as `data/datamap.yml` does for the shop's tables;
a house test fails when one does not.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from bot.store.encryption import EncryptedJSON, EncryptedText

NOTHING = {"data": "not_personal"}
WHO = {"data": "identifier"}
CONTENT = {"data": "content"}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on databases that keep none; refuses naive ones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as naive UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime has no place in the desk's tables")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Root of the desk's tables."""


NEVER_AGAIN = {"sqlite_autoincrement": True}
"""Numbers of rows that were deleted are not given out again, as SQLite would: origins and mail ids refer to them."""


class Conversation(Base):
    """One chat. `subject` is the shop's customer id, or nothing for an anonymous one."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    owner: Mapped[str] = mapped_column(String(16), default="bot", info=NOTHING)
    last_turn_id: Mapped[int | None] = mapped_column(Integer, info=NOTHING)
    busy_token: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    busy_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class ChatSession(Base):
    """A live key to one conversation; only the hash of its token is kept."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info=NOTHING)


class UsedShopToken(Base):
    """Shop tokens that were exchanged for a session, so that none serves twice."""

    __tablename__ = "used_shop_tokens"
    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info=NOTHING)


class Turn(Base):
    """One thing a person sent and what came of it; a repeat with the same key finds it again."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "idempotency_key"), NEVER_AGAIN)
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), info=NOTHING)
    idempotency_key: Mapped[str] = mapped_column(String(128), info=NOTHING)
    body_hash: Mapped[str] = mapped_column(String(64), info=NOTHING)
    state: Mapped[str] = mapped_column(String(16), info=NOTHING)
    choice_intent: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    choice_value: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Message(Base):
    """One message of a conversation, of whichever author."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_conversation", "conversation_id", "id"), NEVER_AGAIN)
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), info=NOTHING)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id"), index=True, info=NOTHING)
    author: Mapped[str] = mapped_column(String(16), info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    response: Mapped[str | None] = mapped_column(String(128), info=NOTHING)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON, info=CONTENT)
    choices: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON, info=CONTENT)
    card: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Choice(Base):
    """A button somebody was shown: an opaque id on the outside, an intent on the inside."""

    __tablename__ = "choices"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id"), info=NOTHING)
    intent: Mapped[str] = mapped_column(String(64), info=NOTHING)
    value: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    label: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)


class Card(Base):
    """Structured content for one person, put here by an action so that it never passes through the engine."""

    __tablename__ = "cards"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    content: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Case(Base):
    """Something a person brought to the shop that a person answers."""

    __tablename__ = "cases"
    number: Mapped[str] = mapped_column(String(20), primary_key=True, info=NOTHING)
    kind: Mapped[str] = mapped_column(String(32), info=NOTHING)
    state: Mapped[str] = mapped_column(String(32), info=NOTHING)
    priority: Mapped[str] = mapped_column(String(16), info=NOTHING)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    request_number: Mapped[str | None] = mapped_column(
        ForeignKey("privacy_requests.number", name="fk_cases_request"), info=NOTHING
    )
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    origin: Mapped[str] = mapped_column(String(64), unique=True, info=NOTHING)
    statement: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


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


class RequestStep(Base):
    """The ledger of the work: a step of a request that is done and need not be done again."""

    __tablename__ = "request_steps"
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), primary_key=True, info=NOTHING)
    step: Mapped[str] = mapped_column(String(96), primary_key=True, info=NOTHING)
    done_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class VerificationCode(Base):
    """A one-time code that was sent to the address on file; only its salted hash is kept.

    Bound to one request and one conversation. `last_message` is the message that tried last, so that a message which
    is handled twice after a crash counts once.
    """

    __tablename__ = "verification_codes"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), index=True, info=NOTHING)
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


class WebhookEvent(Base):
    """What the shop's services must learn; written in the transaction of its cause, delivered by the worker.

    `payload` is emptied of the customer's number once every service took an `erased` event.
    """

    __tablename__ = "webhook_events"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    event: Mapped[str] = mapped_column(String(32), info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    request_number: Mapped[str | None] = mapped_column(String(20), index=True, info=NOTHING)
    url: Mapped[str] = mapped_column(String(500), info=NOTHING)
    payload: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True, info=NOTHING)
    attempts: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class Certificate(Base):
    """What was done for a request, signed; names nobody."""

    __tablename__ = "certificates"
    request_number: Mapped[str] = mapped_column(ForeignKey("privacy_requests.number"), primary_key=True, info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    signed: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Tombstone(Base):
    """A conversation that was erased: nothing may be written to it any more."""

    __tablename__ = "tombstones"
    conversation_id: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


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


class Mail(Base):
    """The outbox: written in the transaction of its cause, sent by the worker."""

    __tablename__ = "mails"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    dedupe_key: Mapped[str] = mapped_column(String(96), unique=True, info=NOTHING)
    recipient: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    subject_line: Mapped[str] = mapped_column(String(200), info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True, info=NOTHING)
    attempts: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


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


class DemoClock(Base):
    """How far the demo's clock was moved, in seconds. One row."""

    __tablename__ = "demo_clock"
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    offset_seconds: Mapped[int] = mapped_column(Integer, info=NOTHING)
