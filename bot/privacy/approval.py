"""Two people agree before something is deleted, where the shop wants it so (setting DESTRUCTIVE_APPROVAL).

The second can never be the first, however many windows they have open: an approval is a row of a request and a member
of staff. The room itself looks before the first row goes; nothing a page or a story says replaces it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.errors import Conflict, NotFound
from bot.privacy.request_states import move
from bot.store import audit
from bot.store.desk_tables import Approval, PrivacyRequest, StaffMember
from bot.vocabulary import AuditEvent, RequestState, StaffRole

NEEDED = 2
APPROVERS = frozenset({StaffRole.PRIVACY_OFFICER, StaffRole.ADMIN})


@dataclass(frozen=True)
class Given:
    """An approval that counts."""

    staff_id: int
    name: str
    at: datetime


def approvals(session: Session, number: str) -> list[Given]:
    """Approvals of people who still work here and still may give them, oldest first."""
    query = (
        select(StaffMember.id, StaffMember.name, Approval.at)
        .join(StaffMember, StaffMember.id == Approval.staff_id)
        .where(Approval.request_number == number, *_counts())
        .order_by(Approval.at, StaffMember.id)
    )
    return [Given(row.id, row.name, row.at) for row in session.execute(query)]


def is_enough(session: Session, settings: Settings, number: str) -> bool:
    """Whether a deletion may begin: two different people approved it, or the shop asks for none."""
    if not settings.destructive_approval:
        return True
    counted = (
        select(func.count(func.distinct(Approval.staff_id)))
        .join(StaffMember, StaffMember.id == Approval.staff_id)
        .where(Approval.request_number == number, *_counts())
    )
    return (session.scalar(counted) or 0) >= NEEDED


def approve(session: Session, now: datetime, number: str, staff_id: int) -> int:
    """Agree that a deletion is carried out; with the second approval it goes to the worker.

    The request's row is locked, so that of two who approve at once the later one sees the other, and of an approval and
    a taking back exactly one wins.

    Args:
        session: The transaction of all of it.
        now: The desk's time.
        number: Which request.
        staff_id: Who agrees.

    Returns:
        How many more are needed; 0 when it goes on.

    Raises:
        NotFound: There is no such request.
        Conflict: It does not wait for an approval, or this person gave theirs.
    """
    request = session.get(PrivacyRequest, number, with_for_update=True, populate_existing=True)
    if request is None:
        raise NotFound(f"There is no request {number}.")
    if request.state != RequestState.AWAITING_APPROVAL:
        raise Conflict(f"{number} does not wait for an approval (any more).")
    if session.get(Approval, (number, staff_id)) is not None:
        raise Conflict("You have approved this already. The second approval must be another person's.")
    session.add(Approval(request_number=number, staff_id=staff_id, at=now))
    session.flush()
    actor, subject = f"staff:{staff_id}", request.subject
    audit.record(session, now, AuditEvent.REQUEST_APPROVED, reference=number, subject=subject, actor=actor)
    missing = max(0, NEEDED - len(approvals(session, number)))
    if not missing and move(
        session, number, [RequestState.AWAITING_APPROVAL], RequestState.RUNNING, attempts=0, next_try_at=None
    ):
        audit.record(session, now, AuditEvent.REQUEST_STARTED, reference=number, subject=subject, actor=actor)
    return missing


def _counts() -> tuple[ColumnElement[bool], ...]:
    return StaffMember.disabled_at.is_(None), StaffMember.role.in_(APPROVERS)
