"""Lets requests go on whose waiting is over: a hold that ended, days of cooling off that passed.

Waiting times follow the desk's clock, the pause before the shop is asked about a veto again the machine's.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.privacy import holds, outcome
from bot.privacy.guardian_consent_decision import asked_by
from bot.privacy.guardian_consent_standing import is_minor
from bot.privacy.request_intake import after_holds
from bot.privacy.request_states import move
from bot.privacy.rooms import ROOMS
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.store.shop import if_it_answers
from bot.vocabulary import AuditEvent, HoldKind, RequestKind, RequestState

_END_BY_THEMSELVES = (HoldKind.CONTACT_CHANGED, HoldKind.LEGAL, HoldKind.VETO)
_machine = SystemClock()


def begin_what_is_due(desk: Desk) -> int:
    """Let requests go on whose waiting is over: a hold that ended, days of cooling off that passed.

    Returns:
        How many went on.
    """
    now = desk.clock.now()
    # Looked at several times a second, so only what may be over is then locked and looked at closely.
    held = (PrivacyRequest.state == RequestState.ON_HOLD) & PrivacyRequest.hold_reason.in_(_END_BY_THEMSELVES)
    query = select(PrivacyRequest.number).where(
        held | (PrivacyRequest.state == RequestState.COOLING_OFF),
        or_(PrivacyRequest.not_before.is_(None), PrivacyRequest.not_before <= now),
    )
    with desk.reading() as session:
        numbers = list(session.scalars(query.order_by(PrivacyRequest.number)))
    return sum(_go_on(desk, now, number) for number in numbers)


def _go_on(desk: Desk, now: datetime, number: str) -> bool:
    with desk.transaction() as session:
        over = _whose_wait_is_over(session, now, number)
    # Asked between the two: a question to the shop may take long, and nothing is locked meanwhile.
    if over is None or not _ground_stands(desk, over):
        return False
    address = _address_to_tell(desk, over)
    if address is None:
        return False
    with desk.transaction() as session:
        request = _whose_wait_is_over(session, now, number)
        if request is None:
            return False
        hold = request.hold_reason
        to, values, event = _onward(desk, now, request)
        if not move(session, number, [RequestState(request.state)], to, **values):
            return False
        if hold == HoldKind.LEGAL:
            outcome.quiet_alarm(session, now, number, "worker")
        if hold != HoldKind.VETO:
            audit.record(session, now, event, reference=number, subject=request.subject, actor="worker")
        if to == RequestState.COOLING_OFF:
            outcome.tell_cooling_off(session, now, request, values["not_before"], address)
        return True


def _whose_wait_is_over(session: Session, now: datetime, number: str) -> PrivacyRequest | None:
    request = session.get(PrivacyRequest, number)
    over = request is not None and request.kind in ROOMS and _waited_enough(session, now, request)
    return request if over else None


def _ground_stands(desk: Desk, request: PrivacyRequest) -> bool:
    """Whether whoever asked still has a say: a guardian has none from the 18th birthday on, and it is closed then.

    While the shop does not answer nobody knows whether that day has come, and it waits on.
    """
    subject = request.subject
    if subject is None or asked_by(request) is None:
        return True
    with desk.reading() as session:
        return if_it_answers(lambda: is_minor(session, desk, subject) is not False) is True


def _address_to_tell(desk: Desk, request: PrivacyRequest) -> str | None:
    """Where somebody is told that what waited goes on, empty for nowhere; None while the shop does not answer."""
    subject = request.subject
    if subject is None or request.hold_reason != HoldKind.CONTACT_CHANGED:
        return ""
    return if_it_answers(lambda: desk.email_of(subject) or "")


def _waited_enough(session: Session, now: datetime, request: PrivacyRequest) -> bool:
    """Whether a wait that ends by itself is over; what waits for a person never is.

    A legal hold ends when it is released; the shop's veto is asked about again after a while. Whoever hears at an old
    address that contact details were changed has all of the hours that they are told, also where a deletion's days of
    cooling off end sooner.
    """
    of_contact = request.state == RequestState.ON_HOLD and request.hold_reason == HoldKind.CONTACT_CHANGED
    if of_contact or request.state == RequestState.COOLING_OFF:
        later = holds.held_until(session, now, request.subject or "", HoldKind.CONTACT_CHANGED)
        if later is not None:  # changed (once more) meanwhile: the last of the holds counts, and until then is read
            request.not_before = later
    elif request.state == RequestState.ON_HOLD and request.hold_reason == HoldKind.LEGAL:
        return not holds.is_held(session, now, request.subject or "", HoldKind.LEGAL)
    elif request.state == RequestState.ON_HOLD and request.hold_reason == HoldKind.VETO:
        return request.next_try_at is None or request.next_try_at <= _machine.now()
    else:
        return False
    return request.not_before is None or request.not_before <= now


def _onward(desk: Desk, now: datetime, request: PrivacyRequest) -> tuple[RequestState, dict[str, Any], AuditEvent]:
    """Where a request goes that has waited enough, with the columns that change and what the record calls it."""
    if request.state == RequestState.COOLING_OFF:
        return RequestState.RUNNING, {"not_before": None}, AuditEvent.REQUEST_STARTED
    had_its_days = (request.outcome or {}).get(outcome.HAD_ITS_DAYS)
    if request.hold_reason == HoldKind.CONTACT_CHANGED and not had_its_days:
        return after_holds(desk, now, ROOMS[RequestKind(request.kind)])
    # A no that is only asked about again stands until there is a yes.
    stands = HoldKind.VETO if request.hold_reason == HoldKind.VETO else None
    return RequestState.RUNNING, {"hold_reason": stands, "next_try_at": None}, AuditEvent.REQUEST_STARTED
