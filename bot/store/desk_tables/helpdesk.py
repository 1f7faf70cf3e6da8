"""Where a conversation that waits for a person stands at a help desk outside of this one."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import NOTHING, Base, UtcDateTime


class HelpdeskLink(Base):
    """One conversation at the outside help desk, and up to which message it was told.

    `contact` and `remote` are that desk's own ids; `name_of` an id made for it, which is nobody's number here. `remote`
    is the newest talk there, and `introduced` says whether it has its first line: who waits, and why.
    """

    __tablename__ = "helpdesk_links"
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True, info=NOTHING)
    name_of: Mapped[str] = mapped_column(String(64), info=NOTHING)
    contact: Mapped[str | None] = mapped_column(String(128), info=NOTHING)
    remote: Mapped[str | None] = mapped_column(String(64), index=True, info=NOTHING)
    handoff_id: Mapped[int] = mapped_column(Integer, info=NOTHING)
    introduced: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false(), info=NOTHING)
    told: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    attempts: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
