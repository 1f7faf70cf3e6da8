"""What keeps requests of a person waiting: contact details that just changed, or a legal hold the shop placed."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.store import audit
from bot.store.desk_tables import Hold, PrivacyRequest
from bot.vocabulary import AuditEvent, HoldKind, RequestState


def place(
    session: Session,
    now: datetime,
    subject: str,
    kind: HoldKind,
    until: datetime | None,
    reference: str,
    actor: str | None = None,
) -> None:
    """Keep a person's copies and deletions waiting; while a hold with the same reference stands, none is added.

    Args:
        session: The transaction of its cause.
        now: From when.
        subject: Whose requests wait.
        kind: Why.
        until: When it ends by itself; None until somebody releases it.
        reference: Number of the request or matter it comes from.
        actor: Who placed it, where a person of the shop did.
    """
    same = (Hold.subject == subject, Hold.kind == kind, Hold.reference == reference)
    if session.scalar(select(Hold.id).where(*same, Hold.released_at.is_(None)).limit(1)) is not None:
        return
    session.add(Hold(subject=subject, kind=kind, reference=reference, placed_at=now, until=until))
    audit.record(session, now, AuditEvent.HOLD_PLACED, reference=reference, subject=subject, actor=actor)


def release(session: Session, now: datetime, reference: str, actor: str, subject: str | None = None) -> None:
    """End a legal matter: the data that was held for it is free again, of one person or of everybody.

    Args:
        session: The transaction.
        now: From when.
        reference: The legal matter.
        actor: Who ended it.
        subject: Whose hold ends, while others stay held under the same name; None ends the whole matter.

    Raises:
        NotFound: No such hold is in force.
    """
    query = select(Hold).where(Hold.kind == HoldKind.LEGAL, Hold.reference == reference, Hold.released_at.is_(None))
    if subject is not None:
        query = query.where(Hold.subject == subject)
    held = list(session.scalars(query.order_by(Hold.id)))
    if not held:
        raise NotFound("There is no legal hold in force under that reference.")
    for hold in held:
        hold.released_at = now
        audit.record(session, now, AuditEvent.HOLD_RELEASED, reference=reference, subject=hold.subject, actor=actor)
    # What was held up in the middle of its work does not sit out the pause before its next try.
    running = (PrivacyRequest.state == RequestState.RUNNING) & PrivacyRequest.subject.in_([h.subject for h in held])
    session.execute(update(PrivacyRequest).where(running).values(next_try_at=None))


def held_until(session: Session, now: datetime, subject: str, kind: HoldKind) -> datetime | None:
    """When the last hold of a kind with an end is over, or None when none is in force."""
    return session.scalar(
        select(Hold.until)
        .where(Hold.subject == subject, Hold.kind == kind, Hold.released_at.is_(None), Hold.until > now)
        .order_by(Hold.until.desc())
        .limit(1)
    )


def is_held(session: Session, now: datetime, subject: str, kind: HoldKind) -> bool:
    """Whether a hold of a kind is in force."""
    lasting = or_(Hold.until.is_(None), Hold.until > now)
    found = select(Hold.id).where(Hold.subject == subject, Hold.kind == kind, Hold.released_at.is_(None), lasting)
    return session.scalar(found.limit(1)) is not None
