"""The desk's record of its own doings."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.desk_tables import AuditEntry
from bot.vocabulary import AuditEvent


def record(
    session: Session, now: datetime, event: AuditEvent, conversation_id: str | None = None, reference: str | None = None
) -> None:
    """Write an entry in the transaction of what it tells of.

    Args:
        session: The transaction the act happens in.
        now: When.
        event: What happened.
        conversation_id: In which chat, if in one.
        reference: The number of a case or request; never a person's value.
    """
    session.add(AuditEntry(at=now, event=event, conversation_id=conversation_id, reference=reference))


def newest(session: Session, count: int) -> list[AuditEntry]:
    """The last entries, newest first."""
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(count)))
