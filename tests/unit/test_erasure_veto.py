"""The shop's own service may keep an erasure from beginning; silence is not a yes."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from bot.clocks import SystemClock
from bot.privacy import erasure, fulfilment, holds, request_intake
from bot.privacy.request_waiting import begin_what_is_due
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, PrivacyRequest, Tombstone
from bot.vocabulary import CaseKind, HoldKind, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat


@pytest.fixture
def desk(own_desk):
    return own_desk()


@pytest.fixture
def service():
    """A service of the shop on loopback; `answers` is what it says next, `asked` what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append((dict(self.headers), body))
            status, said = server.answers
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answers = [], (200, '{"allow": true}')
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def due(desk, service):
    """An erasure whose days of cooling off are over, before a worker looked at it."""
    desk.settings.veto_url = f"http://127.0.0.1:{service.server_port}/may-we"
    number = rights.ask(desk, open_chat(desk, "1001"), RequestKind.ERASURE).number
    with desk.transaction() as session:
        request_intake.verified(session, desk, desk.clock.now(), number, erasure.ROOM)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    return number


def try_it(desk, number):
    rights.skip_pauses(desk)
    return fulfilment.carry_out(desk, fulfilment.take(desk, number))


def row(desk, number):
    with desk.reading() as session:
        return session.get_one(PrivacyRequest, number)


def untouched(desk, number):
    with desk.reading() as session:
        buried = session.scalars(select(Tombstone)).all()
    return desk.shop.customer("1001") is not None and row(desk, number).plan is None and not buried


def test_with_a_yes_it_goes_on_and_the_question_is_signed_and_asked_once(desk, service, due):
    rights.work(desk)
    assert row(desk, due).state == RequestState.FULFILLED and desk.shop.customer("1001") is None
    ((headers, body),) = service.asked
    assert json.loads(body) == {"request": due, "kind": "erasure", "customer_id": "1001"}
    key, stamp = desk.settings.webhook_secret.encode(), headers["X-Desk-Timestamp"]
    expected = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Desk-Signature"] == f"v1={expected}"
    assert abs(int(stamp) - SystemClock().now().timestamp()) < 60


def test_with_a_no_it_is_put_on_hold_and_asked_again_later(desk, service, due):
    service.answers = (200, '{"allow": false}')
    assert not try_it(desk, due)
    assert (row(desk, due).state, row(desk, due).hold_reason) == (RequestState.ON_HOLD, "veto")
    assert untouched(desk, due)
    service.answers = (200, '{"allow": true}')
    rights.skip_pauses(desk)
    rights.work(desk)
    assert row(desk, due).state == RequestState.FULFILLED


@pytest.mark.parametrize(
    "answers",
    [(500, '{"allow": true}'), (302, '{"allow": true}'), (200, "yes"), (200, "{}"), (200, '{"allow": "true"}'),
     (200, '{"allow": 1}'), (200, "[true]"), (200, "null"), (200, "")],
)  # fmt: skip
def test_an_answer_that_is_no_plain_yes_or_no_is_no_answer(desk, service, due, answers):
    service.answers = answers
    for _ in range(2):
        assert not try_it(desk, due)
    assert row(desk, due).state == RequestState.RUNNING and untouched(desk, due)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://", "not an address", "http://[::1"])
def test_a_service_that_does_not_answer_is_waited_for(desk, service, due, url):
    desk.settings.veto_url = url
    for _ in range(2):
        assert not try_it(desk, due)
    assert row(desk, due).state == RequestState.RUNNING and untouched(desk, due)
    assert service.asked == []


def alarms_of(desk):
    with desk.reading() as session:
        cases = session.scalars(select(Case).where(Case.kind == CaseKind.ALARM).order_by(Case.number))
        return [(each.request_number, each.state) for each in cases]


def with_a_no_for_two(desk, service, due):
    """The shop says no to the deletion, and to a bystander's."""
    chat = open_chat(desk, "1002")
    other = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, other)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    service.answers = (200, '{"allow": false}')
    assert not try_it(desk, due) and not try_it(desk, other)
    assert alarms_of(desk) == [(due, "waiting"), (other, "waiting")]
    return other


def test_the_alarm_about_a_no_ends_when_the_person_takes_the_request_back(desk, service, due):
    other = with_a_no_for_two(desk, service, due)
    with desk.reading() as session:
        chat = session.get_one(PrivacyRequest, due).conversation_id
    assert rights.revoke(desk, chat, due).state == "revoked"
    assert alarms_of(desk) == [(due, "closed"), (other, "waiting")]


def test_the_alarm_about_a_no_ends_when_all_is_done_after_a_yes(desk, service, due):
    other = with_a_no_for_two(desk, service, due)
    service.answers = (200, '{"allow": true}')
    rights.skip_pauses(desk)
    begin_what_is_due(desk)
    rights.work(desk, due)
    assert row(desk, due).state == RequestState.FULFILLED
    assert alarms_of(desk) == [(due, "closed"), (other, "waiting")]


def test_a_no_that_is_said_again_and_again_is_told_and_recorded_once(desk, service, due):
    service.answers = (200, '{"allow": false}')
    for _ in range(3):
        assert not try_it(desk, due)
        assert row(desk, due).hold_reason == "veto"
        rights.skip_pauses(desk)
        begin_what_is_due(desk)
    assert len(service.asked) == 3, "the shop was asked anew each time"
    with desk.reading() as session:
        chat = session.get_one(PrivacyRequest, due).conversation_id
        assert [each.response for each in conversations.messages_after(session, chat)] == ["utter_request_on_hold"]
    assert recorded(desk, due) == ["request_started", "request_on_hold"]
    service.answers = (200, '{"allow": true}')
    try_it(desk, due)
    assert recorded(desk, due) == ["request_started", "request_on_hold", "request_started"]
    assert row(desk, due).hold_reason is None


def recorded(desk, number):
    with desk.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.reference == number).order_by(AuditEntry.id))
        return [each.event for each in entries if each.event in ("request_started", "request_on_hold")]


def test_a_legal_hold_between_two_times_no_is_told_as_well(desk, service, due):
    service.answers = (200, '{"allow": false}')
    try_it(desk, due)
    with desk.transaction() as session:
        holds.place(session, desk.clock.now(), "1001", HoldKind.LEGAL, None, "matter 17", "counsel")
    rights.skip_pauses(desk)
    begin_what_is_due(desk)
    try_it(desk, due)
    assert row(desk, due).hold_reason == "legal_hold"
    assert recorded(desk, due) == ["request_started", "request_on_hold", "request_on_hold"]
