"""Files people sent: papers of guardians, proofs of complaints."""

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedBytes, EncryptedText


class Attachment(Base):
    """A file, written anew from what was sent; belongs to one thing (`owner_kind`, `owner_number`)."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_owner", "owner_kind", "owner_number"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    owner_kind: Mapped[str] = mapped_column(String(32), info=NOTHING)
    owner_number: Mapped[str] = mapped_column(String(64), info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    name: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    media_type: Mapped[str] = mapped_column(String(32), info=NOTHING)
    size: Mapped[int] = mapped_column(Integer, info=NOTHING)
    content: Mapped[bytes] = mapped_column(EncryptedBytes, deferred=True, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
