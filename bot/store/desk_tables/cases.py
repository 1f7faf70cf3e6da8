"""What people brought to the shop that a person answers."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedText


class Case(Base):
    """Something a person brought to the shop that a person answers.

    `statement`, `about` and `wish` are the person's own words: what happened, which order or when, what they want. Of
    a claim code only the salted hash is kept; `claim_card` is the card that shows it for a few minutes. `assigned_to`
    is a name of the shop's staff. `alarmed_at` is when it became urgent by itself: overdue, or answered by a mail that
    did not arrive.
    """

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
    about: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    wish: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    claim_salt: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    claim_hash: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    claim_card: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    assigned_to: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    reopened_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    second_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    alarmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class CaseMessage(Base):
    """What was written about a case after it was filed: answers, replies, notes of the staff.

    Attributes:
        kind: A value of `CaseMessageKind`; it says which side wrote it.
        written_by: Name of the member of staff; empty for the person.
        basis: Of a refusal: the law or clause it rests on.
        complain_to: Of a refusal: where the person can complain further.
        origin: Id of the chat message it came from, so that the same message never counts twice.
    """

    __tablename__ = "case_messages"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), index=True, info=NOTHING)
    kind: Mapped[str] = mapped_column(String(16), info=NOTHING)
    written_by: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    basis: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    complain_to: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    origin: Mapped[str | None] = mapped_column(String(64), unique=True, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
