"""Tells the shop's services what became of a person's data: signed, in order, again and again until they took it.

A notice is delivered when its row says so, and the row says so only after the service's answer: a worker that dies in
between sends once more, under the same id. Nothing about a person is logged, only ids and status.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import httpx
import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.clocks import SystemClock
from bot.privacy import customer_alarms, outcome
from bot.store import webhooks
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest, Restriction, WebhookEvent

log = structlog.get_logger("worker")
_ANSWER_SECONDS = 10.0
_ROUND_SECONDS = 10.0
_LONGEST_PAUSE = timedelta(hours=1)
_NOT_TAKEN = (
    "A service of the shop did not take the notice that says whether the data of this customer may be used; it is sent "
    "again until it is taken. See to it that the service does not use data it should not."
)
_UNSET_ADDRESSES_WAIT = timedelta(days=1)
_TAKEN_ONES_STAY = timedelta(days=30)
# Tries are about live servers, so they follow the machine's clock.
_machine = SystemClock()


def deliver_waiting(desk: Desk) -> int:
    """Hand on what the shop's services have not taken yet and what is due for a try.

    Every address has its own thread, so that a service that is down keeps no other waiting. Notices about one person
    reach an address in the order in which they were written: none overtakes an earlier one that was not taken.

    Returns:
        How many were taken.
    """
    due = [url for url in webhooks.addresses(desk.settings) if _next(desk, url) is not None]
    taken = 0
    if due:
        with ThreadPoolExecutor(max_workers=len(due), thread_name_prefix="webhooks") as threads:
            running = [threads.submit(copy_context().run, _deliver_to, desk, url) for url in due]
        taken = sum(each.result() for each in running)
    if taken:
        _forget_erased(desk)
    return taken


def tidy(desk: Desk) -> None:
    """Remove notices that serve nobody any more, and what a death of the worker left undone.

    Taken ones stay for thirty days, so that the shop can look something up. Those for an address that is no longer set
    are never sent and go after a day, so that a request does not wait for a service the shop gave up.
    """
    now = desk.clock.now()
    old = WebhookEvent.delivered_at < now - _TAKEN_ONES_STAY
    unheard = and_(
        WebhookEvent.delivered_at.is_(None),
        WebhookEvent.url.not_in(webhooks.addresses(desk.settings)),
        WebhookEvent.created_at < now - _UNSET_ADDRESSES_WAIT,
    )
    with desk.transaction() as session:
        dropped = dict(session.execute(select(WebhookEvent.id, WebhookEvent.subject).where(unheard)).tuples().all())
        session.execute(delete(WebhookEvent).where(or_(old, WebhookEvent.id.in_(dropped))))
        for subject in {subject for subject in dropped.values() if subject is not None}:
            _quiet(session, desk, subject)
    if dropped:
        log.warning("notices dropped, since nobody listens at their address any more", notices=list(dropped))
    _forget_erased(desk)


def _deliver_to(desk: Desk, url: str) -> int:
    taken = 0
    give_up_at = time.monotonic() + _ROUND_SECONDS
    with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False, follow_redirects=False) as client:
        for notice in _claimed(desk, url):
            answered = _send(desk, client, notice)
            taken += answered is not None and answered < httpx.codes.MULTIPLE_CHOICES
            if answered is None or time.monotonic() > give_up_at:
                # It does not answer at all, or is slow: the others get their turn, this one in the next round.
                break
    return taken


def _claimed(desk: Desk, url: str) -> Iterator[WebhookEvent]:
    while (next_one := _next(desk, url)) is not None:
        notice = _claim(desk, next_one)
        if notice is not None:
            yield notice


def _next(desk: Desk, url: str) -> str | None:
    """The oldest notice for an address that is due and has none before it about the same person."""
    earlier = aliased(WebhookEvent)
    overtakes = exists().where(
        earlier.url == WebhookEvent.url,
        earlier.subject == WebhookEvent.subject,
        earlier.delivered_at.is_(None),
        earlier.id < WebhookEvent.id,
    )
    query = select(WebhookEvent.id).where(WebhookEvent.url == url, *_is_due(), ~overtakes)
    with desk.reading() as session:
        return session.scalar(query.order_by(WebhookEvent.id).limit(1))


def _is_due() -> tuple[ColumnElement[bool], ...]:
    now = _machine.now()
    waited = or_(WebhookEvent.next_try_at.is_(None), WebhookEvent.next_try_at <= now)
    return WebhookEvent.delivered_at.is_(None), waited


def _claim(desk: Desk, notice_id: str) -> WebhookEvent | None:
    """Take a notice for one try; no other worker takes it before the next try is due."""
    with desk.transaction() as session:
        notice = session.get(WebhookEvent, notice_id)
        if notice is None:
            return None
        attempts = notice.attempts + 1
        pause = min(timedelta(minutes=2 ** min(attempts, 10)), _LONGEST_PAUSE)
        claimed: CursorResult[Any] = session.connection().execute(
            update(WebhookEvent)
            .where(WebhookEvent.id == notice_id, *_is_due())
            .values(attempts=attempts, next_try_at=_machine.now() + pause)
        )
        session.expire_all()
        return session.get(WebhookEvent, notice_id) if claimed.rowcount else None


def _send(desk: Desk, client: httpx.Client, notice: WebhookEvent) -> int | None:
    """Try one notice once.

    Returns:
        The status the service answered with; None when it did not answer.
    """
    body = json.dumps(notice.payload, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(_machine.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Desk-Event": notice.event,
        "X-Desk-Delivery": notice.id,
        "X-Desk-Timestamp": timestamp,
        "X-Desk-Signature": webhooks.signature(desk.settings.webhook_secret, timestamp, body),
    }
    try:
        # The status is the whole answer; whatever comes after it is not read.
        with client.stream("POST", notice.url, content=body, headers=headers) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("notice not taken", notice=notice.id, attempt=notice.attempts, error=type(error).__name__)
        _alarm(desk, notice)
        return None
    if not httpx.codes.is_success(status):
        log.warning("notice not taken", notice=notice.id, attempt=notice.attempts, status=status)
        _alarm(desk, notice)
        return status
    with desk.transaction() as session:
        session.get_one(WebhookEvent, notice.id).delivered_at = desk.clock.now()
        session.flush()
        if notice.request_number is None and notice.subject is not None:
            _quiet(session, desk, notice.subject)
    log.info("notice taken", notice=notice.id, attempt=notice.attempts, status=status)
    return status


def _alarm(desk: Desk, notice: WebhookEvent) -> None:
    """After every few tries in vain a person has to look, since a service goes on with data it should not use."""
    if notice.attempts % desk.settings.worker_tries:
        return
    now, alone = desk.clock.now(), notice.request_number is None and notice.subject is not None
    # Before anything is locked: whoever writes to the desk does not wait for the shop.
    known = alone and desk.shop.customer(str(notice.subject)) is not None
    with desk.transaction() as session:
        number = notice.request_number or _ending(session, notice.subject)
        request = session.get(PrivacyRequest, number) if number else None
        if request is not None:
            outcome.alarm(session, desk, now, request, outcome.Alarm.NOTICE)
        elif notice.subject is not None and known:
            customer_alarms.alarm(session, desk, now, notice.subject, customer_alarms.NOTICE, _NOT_TAKEN)


def _ending(session: Session, subject: str | None) -> str | None:
    """The request with which a person's data goes: from then on nothing new is written down about them."""
    standing = (Restriction.subject == subject, Restriction.lifted_at.is_(None))
    query = select(Restriction.request_number).where(*standing, Restriction.request_number.is_not(None))
    return session.scalar(query.order_by(Restriction.id).limit(1))


def _quiet(session: Session, desk: Desk, subject: str) -> None:
    """Every service took what no request is behind, or is sent nothing any more: nobody has to look after it."""
    if not webhooks.undelivered_without_request(session, subject):
        customer_alarms.quiet(session, desk.clock.now(), subject, customer_alarms.NOTICE, "worker")


def _forget_erased(desk: Desk) -> None:
    """When every service took a person's deletion, the notices about them lose their number."""
    with desk.reading() as session:
        subjects = webhooks.erased_and_told(session)
    for subject in subjects:
        with desk.transaction() as session:
            webhooks.forget_subject(session, subject)
