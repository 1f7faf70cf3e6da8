"""What must leave the desk: mails, and notices to the services of the shop."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedJSON, EncryptedText


class Mail(Base):
    """The outbox: written in the transaction of its cause, sent by the worker.

    Attributes:
        dedupe_key: What it is about, so that it is written once and `mail_owners` knows whose it is.
        refused_at: When the server said that this recipient takes no mail, now or later; it is not tried again.
        given_up_at: When it had been tried in vain as often as a mail is tried.
    """

    __tablename__ = "mails"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    dedupe_key: Mapped[str] = mapped_column(String(96), unique=True, info=WHO)
    recipient: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    subject_line: Mapped[str] = mapped_column(String(200), info=NOTHING)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True, info=NOTHING)
    attempts: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


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
