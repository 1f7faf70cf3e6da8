"""Nobody waits longer than promised without somebody at the shop knowing; what nobody verified is closed."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy.complaint_watch import watch_cases
from bot.privacy.deadlines import LONGEST_WARNING, stands_still, warning_at
from bot.privacy.outcome import Alarm, alarm
from bot.privacy.request_states import OPEN, move
from bot.privacy.request_status import what_in_words
from bot.store import audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import AuditEvent, Regime, RequestState

log = structlog.get_logger("deadlines")


def watch(desk: Desk) -> int:
    """Warn of requests and cases that are due soon and alarm a person about those that are overdue, each once.

    Returns:
        How many warnings and alarms were given.
    """
    now = desk.clock.now()
    near = (
        select(PrivacyRequest.number)
        .where(
            PrivacyRequest.state.in_(OPEN),
            PrivacyRequest.alarmed_at.is_(None),
            PrivacyRequest.due_at <= now + LONGEST_WARNING,
        )
        .order_by(PrivacyRequest.due_at)
    )
    with desk.reading() as session:
        numbers = list(session.scalars(near))
    return sum(_look_at(desk, now, number) for number in numbers) + watch_cases(desk)


def _look_at(desk: Desk, now: datetime, number: str) -> bool:
    with desk.transaction() as session:
        # Locked, so that of two workers one warns.
        request = session.get(PrivacyRequest, number, with_for_update=True)
        if request is None or request.state not in OPEN or request.alarmed_at is not None:
            return False
        if stands_still(Regime(request.regime), RequestState(request.state)):
            return False
        if request.due_at < now:
            _alarm(session, desk, now, request)
            return True
        if request.warned_at is None and warning_at(request.received_at, request.due_at) <= now:
            _warn(session, now, request)
            return True
    return False


def _warn(session: Session, now: datetime, request: PrivacyRequest) -> None:
    request.warned_at = now
    audit.record(
        session, now, AuditEvent.REQUEST_DUE_SOON, reference=request.number, subject=request.subject, actor="worker"
    )
    log.warning("request due soon", request=request.number, due=request.due_at.isoformat())


def _alarm(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    request.alarmed_at = now
    audit.record(
        session, now, AuditEvent.REQUEST_OVERDUE, reference=request.number, subject=request.subject, actor="worker"
    )
    alarm(session, desk, now, request, Alarm.LATE)
    log.error("request overdue", request=request.number, due=request.due_at.isoformat())


def expire(desk: Desk) -> int:
    """Close requests that nobody proved to be theirs for UNVERIFIED_DAYS, and say so; nothing was changed by them.

    Returns:
        How many were closed.
    """
    now = desk.clock.now()
    old = select(PrivacyRequest.number, PrivacyRequest.subject).where(
        PrivacyRequest.state == RequestState.AWAITING_VERIFICATION,
        PrivacyRequest.received_at < now - timedelta(days=desk.settings.unverified_days),
    )
    with desk.reading() as session:
        found = session.execute(old.order_by(PrivacyRequest.number)).tuples().all()
    return sum(_expire(desk, now, number, subject) for number, subject in found)


def _expire(desk: Desk, now: datetime, number: str, subject: str | None) -> bool:
    # Before anything is locked: whoever writes to the desk does not wait for the shop.
    address = desk.email_of(subject) if subject else None
    with desk.transaction() as session:
        # A person who types their code at this moment and this sweep race for one row; exactly one wins.
        if not move(session, number, [RequestState.AWAITING_VERIFICATION], RequestState.EXPIRED, closed_at=now):
            return False
        request = session.get_one(PrivacyRequest, number)
        audit.record(
            session, now, AuditEvent.REQUEST_EXPIRED, reference=number, subject=request.subject, actor="worker"
        )
        days = str(desk.settings.unverified_days)
        announce(session, now, request.conversation_id, "utter_request_expired", number=number, days=days)
        if address:
            what = what_in_words(request)
            outbox.post(
                session, now, address, "request_expired", f"expired:{number}", number=number, what=what, days=days
            )
        return True
