"""Carries requests out so that nothing is lost when a worker dies and nothing is done twice.

The work of a request is a list of repeatable steps. A worker takes the request by a lease that ends by itself when the
worker dies; each step that is done stands in a ledger; whoever takes the request next goes on behind the last of them.
Leases and tries follow the machine's clock, waiting times the desk's.
"""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.errors import Conflict, DeskError
from bot.privacy import holds, outcome
from bot.privacy.guardian_consent_decision import asked_by
from bot.privacy.guardian_consent_standing import is_minor
from bot.privacy.request_intake import after_holds
from bot.privacy.request_states import move
from bot.privacy.room import NotYet, OnHold, Room, Work
from bot.privacy.rooms import ROOMS
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest, RequestStep
from bot.store.shop import if_it_answers
from bot.vocabulary import AuditEvent, HoldKind, RequestKind, RequestState

_LEASE = timedelta(seconds=30)
_BEAT_SECONDS = 8.0
_LONGEST_PAUSE = timedelta(hours=1)
_machine = SystemClock()
_END_BY_THEMSELVES = (HoldKind.CONTACT_CHANGED, HoldKind.LEGAL, HoldKind.VETO)


class LeaseLost(DeskError):
    """Another worker has taken the request over; this one must stop."""

    code = "lease_lost"
    status = 409


@dataclass(frozen=True)
class Taken:
    """A request in one worker's hands."""

    number: str
    token: str


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
    if request.hold_reason == HoldKind.CONTACT_CHANGED:
        return after_holds(desk, now, ROOMS[RequestKind(request.kind)])
    # A no that is only asked about again stands until there is a yes.
    stands = HoldKind.VETO if request.hold_reason == HoldKind.VETO else None
    return RequestState.RUNNING, {"hold_reason": stands, "next_try_at": None}, AuditEvent.REQUEST_STARTED


def waiting_for_a_worker(desk: Desk) -> list[str]:
    """Numbers of requests that a worker may take now: first those somebody waits for, each oldest first.

    Nobody sits and waits for what had a week to be taken back: a copy that was just asked for does not stand behind a
    batch of deletions that fell due.
    """
    cooled_off = PrivacyRequest.kind.in_([kind for kind, room in ROOMS.items() if room.cools_off])
    with desk.reading() as session:
        query = select(PrivacyRequest.number).where(PrivacyRequest.state == RequestState.RUNNING, *_free())
        return list(session.scalars(query.order_by(cooled_off, PrivacyRequest.received_at)))


def take(desk: Desk, number: str) -> Taken | None:
    """Take a request for this worker alone, or None when another has it or it is not to be tried yet."""
    token = secrets.token_hex(16)
    with desk.transaction() as session:
        taken: CursorResult[Any] = session.connection().execute(
            update(PrivacyRequest)
            .where(PrivacyRequest.number == number, PrivacyRequest.state == RequestState.RUNNING, *_free())
            .values(worker_token=token, worker_until=_machine.now() + _LEASE)
        )
        return Taken(number, token) if taken.rowcount else None


def carry_out(desk: Desk, taken: Taken) -> bool:
    """Do every step of a request that is not done yet, then close it.

    Returns:
        Whether it is closed now; False when it waits for a person, a hold or a later try.

    Raises:
        LeaseLost: Another worker has it by now.
        Exception: A step failed; the caller tells `failed` and the request is tried again later.
    """
    with desk.reading() as session:
        request = session.get_one(PrivacyRequest, taken.number)
        done = set(session.scalars(select(RequestStep.step).where(RequestStep.request_number == taken.number)))
    room = ROOMS[RequestKind(request.kind)]
    work = _work(desk, taken, request)
    with _keeping_the_lease(desk, taken):
        for step in room.steps(work):
            if step.name in done:
                continue
            try:
                rest = step.act(work)
            except NotYet:
                _try_later(desk, taken)
                return False
            except OnHold as hold:
                _put_on_hold(desk, taken, hold)
                return False
            _into_ledger(desk, taken, step.name, rest)
            work = _work(desk, taken, request, attempts=0)
    _close(desk, taken, room)
    return True


@contextmanager
def _keeping_the_lease(desk: Desk, taken: Taken) -> Iterator[None]:
    """Tell that this worker lives while a single statement may take minutes."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_BEAT_SECONDS):
            with suppress(LeaseLost, SQLAlchemyError):
                _heartbeat(desk, taken)

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def failed(desk: Desk, taken: Taken) -> None:
    """A step failed: the request is tried again after a pause that grows, and after many tries a person is alarmed."""
    now = desk.clock.now()
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, taken.number)
        tries = request.attempts + 1
        if _give_back(session, taken, tries) and tries >= desk.settings.worker_tries:
            outcome.alarm(session, desk, now, request, outcome.Alarm.FAILING)


def retry(desk: Desk, number: str, actor: str) -> None:
    """The same as `take_up`, in a transaction of its own."""
    with desk.transaction() as session:
        take_up(session, desk, desk.clock.now(), number, actor)


def take_up(session: Session, desk: Desk, now: datetime, number: str, actor: str) -> None:
    """A person had what was left looked after: the steps that left something, and all after them, run again.

    Raises:
        Conflict: The request is not partly fulfilled.
    """
    partly = [RequestState.PARTLY_FULFILLED]
    # Before anything else: of two officers at once, the later must not reopen steps that a worker is at by then.
    if not move(session, number, partly, RequestState.RUNNING, closed_at=None, attempts=0):
        raise Conflict("Only a request that is done in part can be taken up again.")
    request = session.get_one(PrivacyRequest, number)
    work = _work(desk, Taken(number, ""), request)
    outcome.reopen_steps(session, request, [step.name for step in ROOMS[RequestKind(request.kind)].steps(work)])
    outcome.quiet_alarm(session, now, number, actor)
    audit.record(session, now, AuditEvent.REQUEST_STARTED, reference=number, subject=request.subject, actor=actor)


def _free() -> tuple[Any, ...]:
    now = _machine.now()
    return (
        or_(PrivacyRequest.worker_until.is_(None), PrivacyRequest.worker_until < now),
        or_(PrivacyRequest.next_try_at.is_(None), PrivacyRequest.next_try_at <= now),
    )


def _work(desk: Desk, taken: Taken, request: PrivacyRequest, attempts: int | None = None) -> Work:
    return Work(
        desk,
        request.number,
        request.kind,
        request.subject,
        request.conversation_id,
        request.details or {},
        request.attempts if attempts is None else attempts,
        lambda: _heartbeat(desk, taken),
    )


def _mine(taken: Taken) -> Any:
    return update(PrivacyRequest).where(
        PrivacyRequest.number == taken.number,
        PrivacyRequest.worker_token == taken.token,
        PrivacyRequest.state == RequestState.RUNNING,
    )


def _hold_on(session: Session, taken: Taken, **values: Any) -> None:
    """Keep the lease; raises when it is somebody else's by now."""
    kept: CursorResult[Any] = session.connection().execute(
        _mine(taken).values(worker_until=_machine.now() + _LEASE, **values)
    )
    if not kept.rowcount:
        raise LeaseLost
    session.expire_all()


def _heartbeat(desk: Desk, taken: Taken) -> None:
    with desk.transaction() as session:
        _hold_on(session, taken)


def _into_ledger(desk: Desk, taken: Taken, step: str, rest: Sequence[str]) -> None:
    now = desk.clock.now()
    with desk.transaction() as session:
        held = session.get_one(PrivacyRequest, taken.number).hold_reason
        _hold_on(session, taken, attempts=0, hold_reason=None)
        session.add(RequestStep(request_number=taken.number, step=step, done_at=now))
        request = session.get_one(PrivacyRequest, taken.number)
        outcome.keep_rest(request, step, rest)
        if held:  # what it was asked about again got its yes
            audit.record(
                session,
                now,
                AuditEvent.REQUEST_STARTED,
                reference=taken.number,
                subject=request.subject,
                actor="worker",
            )


def _try_later(desk: Desk, taken: Taken) -> None:
    with desk.transaction() as session:
        _give_back(session, taken, session.get_one(PrivacyRequest, taken.number).attempts + 1)


def _give_back(session: Session, taken: Taken, attempts: int) -> bool:
    pause = min(timedelta(seconds=2 ** min(attempts, 12)), _LONGEST_PAUSE)
    given: CursorResult[Any] = session.connection().execute(
        _mine(taken).values(worker_token=None, worker_until=None, attempts=attempts, next_try_at=_machine.now() + pause)
    )
    session.expire_all()
    return bool(given.rowcount)


def _put_on_hold(desk: Desk, taken: Taken, hold: OnHold) -> None:
    now = desk.clock.now()
    with desk.transaction() as session:
        _hold_on(session, taken)
        free = {"worker_token": None, "worker_until": None}
        if hold.reason == HoldKind.APPROVAL:
            move(session, taken.number, [RequestState.RUNNING], RequestState.AWAITING_APPROVAL, **free)
            outcome.tell_approval(session, now, session.get_one(PrivacyRequest, taken.number))
            return
        known = session.get_one(PrivacyRequest, taken.number).hold_reason == hold.reason
        again = _machine.now() + _LONGEST_PAUSE
        held: dict[str, Any] = {"hold_reason": hold.reason, "next_try_at": again}
        if hold.reason == HoldKind.CONTACT_CHANGED:
            subject = session.get_one(PrivacyRequest, taken.number).subject or ""
            held["not_before"] = holds.held_until(session, now, subject, HoldKind.CONTACT_CHANGED)
        move(session, taken.number, [RequestState.RUNNING], RequestState.ON_HOLD, **held, **free)
        if not known:
            outcome.tell_hold(session, desk, now, session.get_one(PrivacyRequest, taken.number))


def _close(desk: Desk, taken: Taken, room: Room) -> None:
    now = desk.clock.now()
    with desk.reading() as session:
        request = session.get_one(PrivacyRequest, taken.number)
    # Before anything is locked: whoever writes to the desk does not wait for the shop.
    address = outcome.address_for_end(desk, request, room)
    with desk.transaction() as session:
        _hold_on(session, taken)
        request = session.get_one(PrivacyRequest, taken.number)
        partly = bool(outcome.rest_of(request))
        to = RequestState.PARTLY_FULFILLED if partly else RequestState.FULFILLED
        move(
            session, taken.number, [RequestState.RUNNING], to, closed_at=now, worker_token=None, worker_until=None,
            next_try_at=None,
        )  # fmt: skip
        outcome.tell_end(session, desk, now, session.get_one(PrivacyRequest, taken.number), room, address)
