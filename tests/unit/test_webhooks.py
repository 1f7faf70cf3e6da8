"""The shop's services learn what became of a person's data: signed, in order, until they took it."""

import hashlib
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog
from sqlalchemy import select

from bot import delivery
from bot.clocks import FixedClock
from bot.config import PROJECT
from bot.errors import SetupError
from bot.store import webhooks
from bot.store.desk_tables import Case, PrivacyRequest, Restriction, WebhookEvent
from bot.vocabulary import RequestKind, RequestState, ShopEvent

SECRET = "w" * 40
MACHINE_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Service:
    """A service of the shop on loopback: keeps what it was sent, answers what it is told to."""

    def __init__(self):
        self.seen = []
        self.status = [204]
        self.before_answer = lambda: None
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.seen.append((dict(self.headers), body))
                service.before_answer()
                status = service.status.pop(0) if len(service.status) > 1 else service.status[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", service.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def told(self):
        return [json.loads(body) for _, body in self.seen]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def make_service():
    made = []

    def new():
        made.append(Service())
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture
def service(make_service, desk):
    made = make_service()
    desk.settings.webhook_urls, desk.settings.webhook_secret = made.url, SECRET
    return made


@pytest.fixture
def machine(monkeypatch):
    clock = FixedClock(MACHINE_NOON)
    monkeypatch.setattr(delivery, "_machine", clock)
    return clock


def tell(desk, event=ShopEvent.RESTRICTED, subject="1001", number=None, **facts):
    with desk.transaction() as session:
        webhooks.tell(session, desk.clock.now(), desk.settings, event, subject, number, **facts)


def notices(desk):
    with desk.reading() as session:
        return session.scalars(select(WebhookEvent).order_by(WebhookEvent.id)).all()


def test_without_an_address_nothing_is_written(desk):
    tell(desk)
    assert notices(desk) == [] and delivery.deliver_waiting(desk) == 0


def test_every_address_gets_its_own_notice_and_an_address_written_twice_gets_one(desk):
    desk.settings.webhook_urls = "https://a.example.com/h, https://b.example.com/h,,https://a.example.com/h"
    tell(desk)
    assert [n.url for n in notices(desk)] == ["https://a.example.com/h", "https://b.example.com/h"]


def test_a_notice_of_work_that_was_rolled_back_was_never_written(desk, service):
    with pytest.raises(RuntimeError), desk.transaction() as session:
        webhooks.tell(session, desk.clock.now(), desk.settings, ShopEvent.ERASED, "1001")
        raise RuntimeError
    assert notices(desk) == []


def test_of_work_that_was_rolled_back_in_part_the_rest_is_told_in_its_order(desk, service):
    now, settings = desk.clock.now(), desk.settings
    with desk.transaction() as session:
        webhooks.tell(session, now, settings, ShopEvent.RESTRICTED, "1001")
        with session.begin_nested():
            webhooks.tell(session, now, settings, ShopEvent.CORRECTED, "1001")
        with pytest.raises(RuntimeError), session.begin_nested():
            webhooks.tell(session, now, settings, ShopEvent.RESTRICTION_LIFTED, "1001")
            raise RuntimeError
        webhooks.tell(session, now, settings, ShopEvent.ERASED, "1001")
    tell(desk, ShopEvent.RESTRICTED, "1002")
    assert [(n.subject, n.event) for n in notices(desk)] == [
        ("1001", "restricted"), ("1001", "corrected"), ("1001", "erased"), ("1002", "restricted")
    ]  # fmt: skip


def test_a_fact_cannot_take_the_place_of_what_every_notice_says(desk, service):
    with pytest.raises(ValueError, match="id"), desk.transaction() as session:
        webhooks.tell(session, desk.clock.now(), desk.settings, ShopEvent.ERASED, "1001", id="other")


def test_a_service_learns_what_happened_and_can_check_who_says_so(desk, service, machine):
    tell(desk, ShopEvent.CONSENT_CHANGED, number="PR-2026-000001", purpose="newsletter", state="withdrawn")
    assert delivery.deliver_waiting(desk) == 1
    headers, body = service.seen[0]
    (notice,) = notices(desk)
    assert json.loads(body) == {
        "id": notice.id,
        "event": "consent_changed",
        "customer_id": "1001",
        "occurred_at": desk.clock.now().isoformat(),
        "request": "PR-2026-000001",
        "purpose": "newsletter",
        "state": "withdrawn",
    }
    expected = hmac.new(SECRET.encode(), headers["X-Desk-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["X-Desk-Signature"] == f"v1={expected.hexdigest()}"
    assert headers["X-Desk-Timestamp"] == str(int(MACHINE_NOON.timestamp()))
    assert headers["X-Desk-Event"] == "consent_changed" and headers["X-Desk-Delivery"] == notice.id
    assert headers["Content-Type"] == "application/json"
    assert notice.delivered_at == desk.clock.now()


def test_what_was_taken_is_not_sent_again(desk, service):
    tell(desk)
    assert [delivery.deliver_waiting(desk) for _ in range(3)] == [1, 0, 0]
    assert len(service.seen) == 1


def test_a_service_that_says_500_is_asked_again_later_with_the_same_id_and_a_new_signature(desk, service, machine):
    service.status = [500, 200]
    tell(desk, number="PR-2026-000001")
    assert delivery.deliver_waiting(desk) == 0
    assert delivery.deliver_waiting(desk) == 0 and len(service.seen) == 1, "the next try waits its time"
    machine.advance(timedelta(minutes=2))
    assert delivery.deliver_waiting(desk) == 1
    (first, body), (second, again) = service.seen
    assert first["X-Desk-Delivery"] == second["X-Desk-Delivery"] and body == again
    assert first["X-Desk-Signature"] != second["X-Desk-Signature"]


@pytest.mark.parametrize("status", [302, 304, 400, 401, 404, 410, 429, 503])
def test_only_a_2xx_counts_as_taken_and_no_redirect_is_followed(desk, service, status):
    service.status = [status]
    tell(desk)
    assert delivery.deliver_waiting(desk) == 0
    assert notices(desk)[0].delivered_at is None and len(service.seen) == 1


def test_the_pause_between_tries_grows_to_an_hour_and_no_further(desk, service, machine):
    service.status = [500]
    tell(desk)
    pauses = []
    for _ in range(9):
        delivery.deliver_waiting(desk)
        pauses.append((notices(desk)[0].next_try_at - machine.now()).total_seconds() / 60)
        machine.time = notices(desk)[0].next_try_at
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_service_that_is_down_loses_nothing_and_keeps_no_other_waiting(desk, service, machine):
    up, desk.settings.webhook_urls = service, f"http://127.0.0.1:9/hook,{service.url}"
    for subject in ("1001", "1002", "1003"):
        tell(desk, subject=subject)
    assert delivery.deliver_waiting(desk) == 3
    assert [told["customer_id"] for told in up.told] == ["1001", "1002", "1003"]
    assert len([n for n in notices(desk) if n.delivered_at is None]) == 3


def test_a_slow_service_is_left_after_a_while_and_asked_again(desk, service, machine, monkeypatch):
    monkeypatch.setattr(delivery, "_ANSWER_SECONDS", 0.2)
    finish = threading.Event()
    service.before_answer = lambda: finish.wait(5)
    tell(desk, subject="1001")
    tell(desk, subject="1002")
    started = time.monotonic()
    assert delivery.deliver_waiting(desk) == 0
    assert time.monotonic() - started < 3 and len(service.seen) == 1, "nobody else waits for it in this round"
    finish.set()
    service.before_answer = lambda: None
    machine.advance(timedelta(minutes=2))
    assert delivery.deliver_waiting(desk) == 2


def test_a_later_notice_about_a_person_never_overtakes_an_earlier_one(desk, service, machine):
    service.status = [500, 200]
    tell(desk, ShopEvent.RESTRICTED, "1001")
    tell(desk, ShopEvent.RESTRICTION_LIFTED, "1001")
    tell(desk, ShopEvent.ERASED, "1002")
    assert delivery.deliver_waiting(desk) == 1, "somebody else's notice need not wait"
    machine.advance(timedelta(minutes=2))
    assert delivery.deliver_waiting(desk) == 2
    assert [(t["customer_id"], t["event"]) for t in service.told] == [
        ("1001", "restricted"),
        ("1002", "erased"),
        ("1001", "restricted"),
        ("1001", "restriction_lifted"),
    ]


def test_notices_of_one_transaction_and_of_a_clock_set_back_keep_their_order(desk, service, monkeypatch):
    times = iter([9_000, 9_000, 5_000, 4_000])
    monkeypatch.setattr(webhooks.time, "time_ns", lambda: next(times))
    events = [ShopEvent.RESTRICTED, ShopEvent.CORRECTED, ShopEvent.CONSENT_CHANGED, ShopEvent.ERASED]
    with desk.transaction() as session:
        for event in events:
            webhooks.tell(session, desk.clock.now(), desk.settings, event, "1001")
    assert [n.event for n in notices(desk)] == events
    delivery.deliver_waiting(desk)
    assert [t["event"] for t in service.told] == events


def test_a_worker_killed_after_the_service_took_it_sends_again_under_the_same_id(desk, service, machine, monkeypatch):
    tell(desk)

    def die(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        # The answer has come; the process dies before the row can say so.
        dying.setattr(delivery.httpx.codes, "is_success", die)
        with pytest.raises(KeyboardInterrupt):
            delivery.deliver_waiting(desk)
    assert len(service.seen) == 1 and notices(desk)[0].delivered_at is None
    machine.advance(timedelta(minutes=2))
    assert delivery.deliver_waiting(desk) == 1
    assert len({headers["X-Desk-Delivery"] for headers, _ in service.seen}) == 1 and len(service.seen) == 2


def test_two_workers_send_a_notice_once(desk, service):
    for subject in range(1001, 1009):
        tell(desk, subject=str(subject))
    workers = [threading.Thread(target=delivery.deliver_waiting, args=(desk,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(t["customer_id"] for t in service.told) == [str(n) for n in range(1001, 1009)]


def test_after_many_tries_in_vain_a_person_is_alarmed_once(desk, service, machine):
    service.status = [500]
    now = desk.clock.now()
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number="PR-2026-000001", kind=RequestKind.ERASURE, state=RequestState.RUNNING, regime="policy",
                origin="o", received_at=now, due_at=now + timedelta(days=30),
            )
        )  # fmt: skip
    tell(desk, number="PR-2026-000001")
    cases = []
    for _ in range(desk.settings.worker_tries * 2):
        delivery.deliver_waiting(desk)
        machine.time = notices(desk)[0].next_try_at
        with desk.reading() as session:
            cases.append(len(session.scalars(select(Case)).all()))
    assert cases == [0] * 5 + [1] * 7
    with desk.reading() as session:
        (case,) = session.scalars(select(Case))
    assert case.statement.startswith("A service of the shop did not take the notice about it")


def alarms(desk):
    with desk.reading() as session:
        return [(case.subject, case.state) for case in session.scalars(select(Case).order_by(Case.number))]


def try_in_vain(desk, service, machine):
    service.status = [500]
    for _ in range(desk.settings.worker_tries):
        machine.advance(timedelta(hours=1))
        delivery.deliver_waiting(desk)


def test_a_notice_behind_which_no_request_is_alarms_a_person_once_until_it_is_taken(desk, service, machine):
    tell(desk, subject="1002", number="PR-2026-000009")
    delivery.deliver_waiting(desk)
    tell(desk, ShopEvent.GUARDIAN_MISSING, "1003")
    for _ in range(2):
        try_in_vain(desk, service, machine)
        assert alarms(desk) == [("1003", "waiting")]
    tell(desk, ShopEvent.RESTRICTION_LIFTED, "1003")
    machine.advance(timedelta(hours=1))
    service.status = [204, 500]
    delivery.deliver_waiting(desk)
    assert alarms(desk) == [("1003", "waiting")], "a later one about them has not been taken"
    machine.advance(timedelta(hours=1))
    service.status = [204]
    delivery.deliver_waiting(desk)
    assert alarms(desk) == [("1003", "closed")]


def test_of_a_service_the_shop_gave_up_nobody_is_alarmed_any_more(desk, service, machine, clock):
    tell(desk, ShopEvent.GUARDIAN_MISSING, "1003")
    try_in_vain(desk, service, machine)
    assert alarms(desk) == [("1003", "waiting")]
    desk.settings.webhook_urls = ""
    clock.advance(timedelta(days=1, seconds=1))
    delivery.tidy(desk)
    assert alarms(desk) == [("1003", "closed")]


def test_whose_data_is_going_is_alarmed_about_by_the_request_and_not_by_name(desk, service, machine):
    now = desk.clock.now()
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number="PR-2026-000001", kind=RequestKind.ERASURE, state=RequestState.RUNNING, regime="policy",
                origin="o", subject="1003", received_at=now, due_at=now + timedelta(days=30),
            )
        )  # fmt: skip
        session.flush()
        session.add(Restriction(subject="1003", reason="erasure", request_number="PR-2026-000001", since=now))
    tell(desk, ShopEvent.GUARDIAN_MISSING, "1003")
    try_in_vain(desk, service, machine)
    assert alarms(desk) == [(None, "waiting")]


def test_undelivered_counts_the_notices_of_one_request(desk, service):
    service.status = [500, 200]
    tell(desk, subject="1001", number="PR-2026-000001")
    tell(desk, subject="1002", number="PR-2026-000002")
    delivery.deliver_waiting(desk)
    with desk.reading() as session:
        assert webhooks.undelivered(session, "PR-2026-000001") == 1
        assert webhooks.undelivered(session, "PR-2026-000002") == 0


def test_a_persons_number_goes_when_every_service_took_the_deletion_and_a_bystanders_stays(
    desk, service, make_service, machine
):
    late = make_service()
    late.status = [500, 200]
    tell(desk, ShopEvent.RESTRICTED, "1002")
    desk.settings.webhook_urls = f"{service.url},{late.url}"
    service.status = [204]
    tell(desk, ShopEvent.ERASED, "1001", "PR-2026-000001", counts="7")
    delivery.deliver_waiting(desk)
    assert [n.subject for n in notices(desk)] == ["1002", "1001", "1001"], "one service has not taken it yet"
    machine.advance(timedelta(minutes=2))
    delivery.deliver_waiting(desk)
    left = notices(desk)
    assert [(n.subject, n.payload["customer_id"]) for n in left] == [("1002", "1002"), (None, None), (None, None)]
    assert left[1].payload["request"] == "PR-2026-000001" and left[1].payload["counts"] == "7"
    assert "1001" not in repr([(n.subject, n.payload, n.url.rpartition(":")[0]) for n in left])
    assert [t["customer_id"] for t in late.told] == ["1001", "1001"], "the number was there when it was needed"


def test_a_worker_that_died_before_it_forgot_the_number_forgets_it_when_tidying_up(desk, service, monkeypatch):
    tell(desk, ShopEvent.ERASED)
    with monkeypatch.context() as dying:
        dying.setattr(delivery, "_forget_erased", lambda _desk: None)
        delivery.deliver_waiting(desk)
    assert notices(desk)[0].subject == "1001"
    delivery.tidy(desk)
    assert notices(desk)[0].subject is None


def test_forgetting_leaves_the_number_where_a_service_still_needs_it(desk, service):
    service.status = [204, 500]
    tell(desk, ShopEvent.RESTRICTED)
    tell(desk, ShopEvent.ERASED)
    tell(desk, ShopEvent.RESTRICTED, "1002")
    delivery.deliver_waiting(desk)
    with desk.transaction() as session:
        assert webhooks.forget_subject(session, "1001") == 1
    assert [n.subject for n in notices(desk)] == [None, "1001", "1002"]


def test_a_service_the_shop_gave_up_is_sent_nothing_and_holds_nothing_up_for_longer_than_a_day(desk, service, clock):
    tell(desk, number="PR-2026-000001")
    desk.settings.webhook_urls = ""
    delivery.tidy(desk)
    assert len(notices(desk)) == 1, "a setting that was lost for a moment loses nothing"
    clock.advance(timedelta(days=1, seconds=1))
    assert delivery.deliver_waiting(desk) == 0
    delivery.tidy(desk)
    assert notices(desk) == [] and service.seen == []


def test_taken_notices_go_after_a_month_and_waiting_ones_stay(desk, service, clock):
    service.status = [204, 500]
    tell(desk, subject="1001")
    tell(desk, subject="1002")
    delivery.deliver_waiting(desk)
    clock.advance(timedelta(days=31))
    delivery.tidy(desk)
    assert [n.subject for n in notices(desk)] == ["1002"]


def test_logs_name_ids_and_status_only(desk, service, machine):
    service.status = [500, 200]
    with structlog.testing.capture_logs() as logged:
        tell(desk, ShopEvent.CONSENT_CHANGED, subject="19283", purpose="newsletter")
        delivery.deliver_waiting(desk)
        machine.advance(timedelta(minutes=2))
        delivery.deliver_waiting(desk)
    assert [line.get("status") for line in logged] == [500, 200]
    assert not any(word in repr(logged) for word in ("19283", "newsletter", service.url, SECRET))


@pytest.mark.parametrize(
    ("environment", "urls", "secret", "usable"),
    [
        ("production", "https://a.example.com/h", SECRET, True),
        ("production", "http://a.example.com/h", SECRET, False),
        ("production", "http://127.0.0.1:9000/h", SECRET, True),
        ("production", "https://a.example.com/h", "", False),
        ("development", "http://a.example.com/h", SECRET, True),
        ("development", "ftp://a.example.com/h", SECRET, False),
        ("development", "https:///h", SECRET, False),
        ("development", "https://a.example.com:x/h", SECRET, False),
        ("development", "https://a.example.com/" + "h" * 500, SECRET, False),
        ("production", "", "", True),
    ],
)
def test_addresses_that_would_give_a_person_away_stop_the_start(settings, environment, urls, secret, usable):
    settings.environment, settings.webhook_urls, settings.webhook_secret = environment, urls, secret
    if usable:
        webhooks.refuse_unsafe(settings)
        return
    with pytest.raises(SetupError) as refused:
        webhooks.refuse_unsafe(settings)
    assert "example.com" not in refused.value.detail


def test_the_example_in_the_documentation_accepts_the_desk_and_nobody_else(desk, service):
    text = (PROJECT / "docs" / "services.md").read_text(encoding="utf-8")
    example = {}
    exec(text.partition("```python\n")[2].partition("```")[0], example)
    tell(desk)
    delivery.deliver_waiting(desk)
    ((headers, body),) = service.seen
    assert example["is_from_the_desk"](headers, body, SECRET)
    assert not example["is_from_the_desk"](headers, body + b" ", SECRET)
    assert not example["is_from_the_desk"](headers, body, "x" * 40)
    assert not example["is_from_the_desk"](headers | {"X-Desk-Timestamp": "1"}, body, SECRET)
    assert [example["is_new"](headers) for _ in range(2)] == [True, False]
