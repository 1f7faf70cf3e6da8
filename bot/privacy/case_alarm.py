"""An urgent case that alarms a person of the shop, about a request or about a customer."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.privacy.case_states import move
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import Case
from bot.store.numbers import next_number
from bot.vocabulary import AuditEvent, CaseKind, CaseState, Priority


def file_alarm(
    session: Session, desk: Desk, now: datetime, about: str, happened: str, due_at: datetime | None = None, **whose: str
) -> None:
    """Put a case on the list of urgent ones.

    Args:
        session: The transaction of its cause.
        desk: How soon a person has to look at the latest.
        now: The desk's time.
        about: What its origin begins with.
        happened: What the staff reads; no personal value.
        due_at: What it is about is due then; None where that has no date.
        whose: `request_number` or `subject`.
    """
    number, soon = next_number(session, "CS", now), now + desk.settings.alarm_within
    session.add(
        Case(
            number=number,
            kind=CaseKind.ALARM,
            state=CaseState.WAITING,
            priority=Priority.URGENT,
            statement=happened,
            origin=f"{about}:{number}",
            created_at=now,
            due_at=soon if due_at is None else min(due_at, soon),
            **whose,
        )
    )
    audit.record(session, now, AuditEvent.CASE_FILED, reference=number, actor="worker")


def close_alarms(
    session: Session, now: datetime, numbers: Iterable[str], subject: str | None, actor: str | None
) -> bool:
    """Take cases that alarmed somebody off the list, each with a line in the record.

    Args:
        session: The transaction of what ends the need.
        now: The desk's time.
        numbers: Which; one that does not wait any more is left as it is.
        subject: The customer they are about.
        actor: Who ended it; None for the person themselves, or a guardian.

    Returns:
        Whether one of them waited.
    """
    closed = [each for each in numbers if move(session, each, [CaseState.WAITING], CaseState.CLOSED, closed_at=now)]
    for each in closed:
        audit.record(session, now, AuditEvent.CASE_CLOSED, reference=each, subject=subject, actor=actor)
    return bool(closed)
