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
from bot.privacy.request_states import move
from bot.privacy.room import NotYet, OnHold, Room, Work
from bot.privacy.rooms import ROOMS
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest, RequestStep
from bot.vocabulary import AuditEvent, HoldKind, RequestKind, RequestState

_LEASE = timedelta(seconds=30)
_BEAT_SECONDS = 8.0
_LONGEST_PAUSE = timedelta(hours=1)
_machine = SystemClock()


class LeaseLost(DeskError):
    """Another worker has taken the request over; this one must stop."""

    code = "lease_lost"
    status = 409


@dataclass(frozen=True)
class Taken:
    """A request in one worker's hands."""

    number: str
    token: str


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
        request = session.get_one(PrivacyRequest, taken.number)
        known = request.hold_reason == hold.reason
        again = _machine.now() + _LONGEST_PAUSE
        held: dict[str, Any] = {"hold_reason": hold.reason, "next_try_at": again}
        if hold.reason == HoldKind.CONTACT_CHANGED:
            held["not_before"] = holds.held_until(session, now, request.subject or "", HoldKind.CONTACT_CHANGED)
            held["outcome"] = outcome.had_its_days(request)
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
