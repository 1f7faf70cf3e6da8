"""What people brought to the shop that a person answers."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedText


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
