"""The worker: what happens behind people's backs on their behalf, and survives the death of a process.

Work is rows in the desk database; the queue only wakes the worker. Mails are sent by `bot.mailing`, notices to the
shop's services by `bot.delivery`. Requests are carried out by `bot.privacy.fulfilment`; a sweep finds what a dead
worker left.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.constants import WORKER_THREAD
from sqlalchemy.engine import make_url

from bot.clocks import SystemClock
from bot.delivery import deliver_waiting, tidy
from bot.helpdesk.exchange import bring_out, help_desk
from bot.mailing import Mailer, send_waiting_mails
from bot.privacy import fulfilment
from bot.privacy.complaint_claim import forget_shown_codes
from bot.privacy.deadlines_watch import expire, watch
from bot.privacy.export_fetching import sweep_expired
from bot.privacy.guardian_consent_watch import look_after_guardians, look_for_minors
from bot.privacy.handoff_ownership import return_left
from bot.privacy.handoff_talk import mail_those_away
from bot.privacy.policy_notices import tell_everybody
from bot.privacy.policy_window import deem
from bot.privacy.request_waiting import begin_what_is_due
from bot.privacy.staff_sign_in import forget_old_tries
from bot.store import conversations
from bot.store.audit_anchor import write_anchor
from bot.store.desk import Desk
from bot.store.webhooks import refuse_unsafe

log = structlog.get_logger("worker")
_SECONDS_BETWEEN_LOOKS = 0.2  # a look costs under a millisecond; a person waits for the mail with their code
_SECONDS_BETWEEN_ROUNDS = 3
_SECONDS_BEFORE_AGAIN = 5
_WORKERS = 2
# Tries are about live servers, so they follow the machine's clock.
_machine = SystemClock()


def forget_expired(desk: Desk) -> int:
    """Remove sessions and used shop tokens whose time is over.

    Returns:
        How many rows went.
    """
    with desk.transaction() as session:
        gone = conversations.forget_expired(session, _machine.now()) + forget_old_tries(session)
    if gone:
        log.info("expired rows removed", rows=gone)
    return gone


_ROUNDS: dict[str, Callable[[Desk], object]] = {
    "due dates": watch,
    "unverified requests": expire,
    "conversations whose agent is gone": return_left,
    "answers to those away": mail_those_away,
    "parents and guardians": look_after_guardians,
    "minors": look_for_minors,
    "old packages": sweep_expired,
    "shown claim codes": forget_shown_codes,
    "old notices": tidy,
    "policy notices": tell_everybody,
    "policy windows": deem,
    "anchor of the record": write_anchor,
}
"""What is looked after once in a while, each by itself, so that one that fails keeps no other from it."""


def make_queue(desk: Desk) -> Huey:
    """The queue: a SQLite file embedded, PostgreSQL where the desk database is on one."""
    url = make_url(desk.settings.desk_database_url)
    if url.get_backend_name() == "postgresql":
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresHuey("desk", dsn=plain)
    return SqliteHuey("desk", filename=str(desk.settings.desk_home / "queue.sqlite3"))


def carry_out(desk: Desk, number: str) -> None:
    """Work on one request as far as it goes; when a step fails it is tried again later."""
    taken = fulfilment.take(desk, number)
    if taken is None:
        return
    try:
        closed = fulfilment.carry_out(desk, taken)
    except fulfilment.LeaseLost:
        log.warning("request taken over by another worker", request=number)
    except Exception as error:
        # A border: the text could hold a person's values, the type and the number are enough to find it.
        log.error("request failed", request=number, error=type(error).__name__)
        fulfilment.failed(desk, taken)
    else:
        log.info("request worked on", request=number, closed=closed)


class HandedOn:
    """Requests that are in the queue: few at a time, so that what somebody waits for is soon in it."""

    def __init__(self, most: int = 2 * _WORKERS) -> None:
        self._most = most
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def choose(self, waiting: Sequence[str]) -> list[str]:
        """Take the next of those that wait, in their order; they count as handed on from now."""
        now = time.monotonic()
        with self._lock:
            lately = {number: since for number, since in self._since.items() if now - since <= _SECONDS_BEFORE_AGAIN}
            chosen = [number for number in waiting if number not in lately][: max(0, self._most - len(lately))]
            self._since = lately | dict.fromkeys(chosen, now)
        return chosen

    def forget(self, number: str) -> None:
        """It was worked on."""
        with self._lock:
            self._since.pop(number, None)


def run_worker(desk: Desk) -> None:
    """Work until told to stop."""
    refuse_unsafe(desk.settings)
    mailer = Mailer(desk)
    queue = make_queue(desk)

    @queue.task()
    def work_on(number: str) -> None:
        try:
            carry_out(desk, number)
        finally:
            handed_on.forget(number)  # what it waits for may come sooner than the usual pause

    @queue.periodic_task(crontab(minute="*/10"))
    def forget() -> None:
        forget_expired(desk)

    def look_for_requests() -> None:
        begin_what_is_due(desk)
        for number in handed_on.choose(fulfilment.waiting_for_a_worker(desk)):
            work_on(number)

    handed_on = HandedOn()
    _every(_SECONDS_BETWEEN_LOOKS, "outbox", lambda: send_waiting_mails(desk, mailer))
    _every(_SECONDS_BETWEEN_LOOKS, "webhooks", lambda: deliver_waiting(desk))
    _every(_SECONDS_BETWEEN_LOOKS, "requests", look_for_requests)
    if outside := help_desk(desk.settings):
        _every(_SECONDS_BETWEEN_LOOKS, "help desk", lambda: bring_out(desk, outside))
    for name, look in _ROUNDS.items():
        _every(_SECONDS_BETWEEN_ROUNDS, name, partial(look, desk))
    queue.create_consumer(
        workers=_WORKERS, worker_type=WORKER_THREAD, initial_delay=0.05, max_delay=_SECONDS_BETWEEN_LOOKS
    ).run()


def _every(seconds: float, name: str, look: Callable[[], object]) -> None:
    """Look after something in a thread of its own, again and again, whatever happens."""

    def looking() -> None:
        while True:
            try:
                look()
            except Exception as error:
                # A border: it is looked at again in a moment.
                log.error(f"{name} failed", error=type(error).__name__)
            time.sleep(seconds)

    threading.Thread(target=looking, name=name, daemon=True).start()
