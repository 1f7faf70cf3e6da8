"""No case waits longer than promised without somebody at the shop knowing."""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy.case_states import WITH_STAFF
from bot.privacy.complaint import BROUGHT
from bot.privacy.deadlines import LONGEST_WARNING, warning_at
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import Case
from bot.vocabulary import AuditEvent, Priority

log = structlog.get_logger("deadlines")


def watch_cases(desk: Desk) -> int:
    """Warn of cases that are due soon, and make those urgent that are overdue, each once.

    Returns:
        How many warnings and alarms were given.
    """
    now = desk.clock.now()
    near = select(Case.number).where(
        Case.state.in_(WITH_STAFF),
        Case.kind.in_(BROUGHT),
        Case.alarmed_at.is_(None),
        Case.due_at <= now + LONGEST_WARNING,
    )
    with desk.reading() as session:
        numbers = list(session.scalars(near.order_by(Case.due_at)))
    return sum(_look_at(desk, now, number) for number in numbers)


def _look_at(desk: Desk, now: datetime, number: str) -> bool:
    with desk.transaction() as session:
        # Locked, so that of two workers one warns.
        case = session.get(Case, number, with_for_update=True)
        if case is None or case.state not in WITH_STAFF or case.alarmed_at is not None:
            return False
        if case.due_at < now:
            case.alarmed_at, case.priority = now, Priority.URGENT
            _record(session, now, case, AuditEvent.CASE_OVERDUE)
            log.error("case overdue", case=number, due=case.due_at.isoformat())
            return True
        if case.warned_at is None and warning_at(case.created_at, case.due_at) <= now:
            case.warned_at = now
            _record(session, now, case, AuditEvent.CASE_DUE_SOON)
            log.warning("case due soon", case=number, due=case.due_at.isoformat())
            return True
    return False


def _record(session: Session, now: datetime, case: Case, event: AuditEvent) -> None:
    audit.record(session, now, event, reference=case.number, subject=case.subject, actor="worker")
