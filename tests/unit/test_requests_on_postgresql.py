"""Races of requests on PostgreSQL, where readers and writers do not wait for each other by themselves."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from bot.clocks import SystemClock
from bot.errors import Conflict
from bot.privacy import fulfilment
from bot.privacy.identity_verification import Verdict
from bot.privacy.request_intake import receive_request
from bot.privacy.restriction import lift, restrict
from bot.privacy.rooms import ROOMS
from bot.privacy.taking_back import revoke_request
from bot.store import conversations, own_records
from bot.store.desk_tables import AuditEntry, PrivacyRequest, RequestStep, Restriction, WebhookEvent
from bot.vocabulary import RequestKind, RequestState, RestrictionReason, ShopEvent
from tests import rights
from tests.unit.conftest import NOON, open_chat

AMELIA, DANIEL = "1001", "1002"


@pytest.fixture
def desk(postgresql_desk):
    return postgresql_desk


def kept(desk, number, subject=AMELIA, **values):
    """A request, as it stands in the table."""
    row = {
        "kind": RequestKind.EXPORT, "state": RequestState.RUNNING, "regime": "policy", "origin": number,
        "received_at": NOON, "due_at": NOON + timedelta(days=30), **values,
    }  # fmt: skip
    with desk.transaction() as session:
        session.add(PrivacyRequest(number=number, subject=subject, **row))
    return number


def row_of(desk, number):
    with desk.reading() as session:
        return session.get_one(PrivacyRequest, number)


def events_of(desk, number):
    with desk.reading() as session:
        return list(session.scalars(select(AuditEntry.event).where(AuditEntry.reference == number)))


@pytest.fixture
def begun():
    """Begins an act in a thread of its own, and gives it time to come to where it must wait."""
    with ThreadPoolExecutor() as pool:

        def begin(act):
            begins = pool.submit(act)
            time.sleep(0.5)
            return begins

        yield begin


def done_in_part(desk, number, subject=AMELIA):
    left = {"rest": {"offer": ["A line"]}}
    kept(desk, number, subject, state=RequestState.PARTLY_FULFILLED, outcome=left, closed_at=NOON)
    with desk.transaction() as session:
        session.add_all(RequestStep(request_number=number, step=step, done_at=NOON) for step in ("package", "offer"))


def test_of_two_officers_who_take_a_request_up_at_once_one_does_and_the_work_since_then_stays(desk, begun):
    number, bystander = "PR-2026-000001", "PR-2026-000002"
    done_in_part(desk, number)
    done_in_part(desk, bystander, DANIEL)

    with desk.transaction() as session:
        fulfilment.take_up(session, desk, NOON, number, "staff:1")
        session.add(RequestStep(request_number=number, step="offer", done_at=NOON))
        second = begun(lambda: fulfilment.retry(desk, number, "staff:2"))
    assert isinstance(second.exception(), Conflict)
    assert events_of(desk, number) == ["request_started"]
    with desk.reading() as session:
        steps = select(RequestStep.step).where(RequestStep.request_number == number)
        assert set(session.scalars(steps)) == {"package", "offer"}
    assert row_of(desk, bystander).state == RequestState.PARTLY_FULFILLED


def worked_on(session, number, state, seconds):
    """What a worker that takes a request, or finishes it, leaves in the row; not committed yet."""
    until = SystemClock().now() + timedelta(seconds=seconds)
    session.execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.number == number)
        .values(state=state, worker_token="w", worker_until=until, closed_at=NOON if seconds < 0 else None)
    )


def test_a_yes_in_two_tabs_at_once_makes_one_request(desk, begun):
    tabs, theirs = [open_chat(desk, AMELIA) for _ in range(2)], open_chat(desk, DANIEL)

    def said_yes(session, chat):
        kind, person = RequestKind.EXPORT, conversations.conversation(session, chat)
        return receive_request(session, desk, NOON, person, kind, ROOMS[kind], chat).number

    def in_a_tab_of_its_own(chat):
        with desk.transaction() as session:
            return said_yes(session, chat)

    with desk.transaction() as session:
        first = said_yes(session, tabs[0])
        second = begun(lambda: in_a_tab_of_its_own(tabs[1]))
    assert second.result() == first
    assert in_a_tab_of_its_own(theirs) != first
    with desk.reading() as session:
        assert sorted(session.scalars(select(PrivacyRequest.subject))) == [AMELIA, DANIEL]


@pytest.mark.parametrize(("state", "seconds"), [(RequestState.RUNNING, 60), (RequestState.FULFILLED, -1)])
def test_a_deletion_closes_nothing_that_a_worker_took_or_finished_at_that_moment(desk, begun, state, seconds):
    deletion, copy, waits = "PR-2026-000001", "PR-2026-000002", "PR-2026-000003"
    bystander = kept(desk, "PR-2026-000004", DANIEL)
    for number in (deletion, copy, waits):
        kept(desk, number)

    def close_others():
        with desk.transaction() as session:
            closed = own_records.close_other_requests(session, NOON, SystemClock().now(), AMELIA, deletion)
            return closed, own_records.others_are_open(session, AMELIA, deletion)

    with desk.transaction() as session:
        worked_on(session, copy, state, seconds)
        closing = begun(close_others)
    assert closing.result() == ([waits], state is RequestState.RUNNING)
    assert (row_of(desk, copy).state, events_of(desk, copy)) == (state, [])
    assert (row_of(desk, waits).state, events_of(desk, waits)) == (RequestState.EXPIRED, ["request_expired"])
    assert row_of(desk, bystander).state == RequestState.RUNNING


def test_a_code_typed_while_the_request_is_taken_back_elsewhere_lets_nothing_go_on(desk, begun):
    chat, elsewhere, theirs = open_chat(desk, AMELIA), open_chat(desk, AMELIA), open_chat(desk, DANIEL)
    number, other = (rights.ask(desk, each, RequestKind.ERASURE).number for each in (chat, theirs))
    code = rights.code_for(desk, chat, number)

    with desk.transaction() as session:
        person = conversations.conversation(session, elsewhere)
        revoke_request(session, desk, NOON, person, number)
        typed = begun(lambda: rights.type_code(desk, chat, number, code))
    assert typed.result().verdict is Verdict.GONE
    assert (row_of(desk, number).state, row_of(desk, number).verified_at) == (RequestState.REVOKED, None)
    assert "identity_verified" not in events_of(desk, number)
    with desk.reading() as session:
        assert session.scalars(select(Restriction)).all() == []
    assert rights.verify(desk, theirs, other).state is RequestState.COOLING_OFF


def stop(session, desk, number, subject=AMELIA):
    restrict(session, desk, NOON, subject, RestrictionReason.ERASURE, number)


def go_on(desk, number):
    with desk.transaction() as session:
        lift(session, desk, NOON, number)


def told(desk, subject):
    """What the service hears about a person, in the order in which it hears it."""
    with desk.reading() as session:
        notices = select(WebhookEvent.event).where(WebhookEvent.subject == subject).order_by(WebhookEvent.id)
        return list(session.scalars(notices))


@pytest.fixture
def stopped(desk):
    """A deletion for which Amelia's data is left alone, and one of Daniel's; a service listens."""
    desk.settings.webhook_urls = "https://a.example.com/hook"
    numbers = "PR-2026-000001", "PR-2026-000002"
    with desk.transaction() as session:
        for number, subject in zip(numbers, (AMELIA, DANIEL), strict=True):
            stop(session, desk, number, subject)
    return numbers[0]


def test_services_last_hear_of_a_restriction_that_was_on_its_way_when_another_was_lifted(desk, stopped, begun):
    with desk.transaction() as session:
        stop(session, desk, "PR-2026-000003")
        begun(lambda: go_on(desk, stopped)).result()
    assert told(desk, AMELIA) == [ShopEvent.RESTRICTED, ShopEvent.RESTRICTION_LIFTED, ShopEvent.RESTRICTED]
    assert told(desk, DANIEL) == [ShopEvent.RESTRICTED]


def test_services_hear_of_no_lifting_that_waited_for_a_new_restriction_to_be_kept(desk, stopped, begun):
    lifting = []
    with desk.transaction() as session:
        stop(session, desk, "PR-2026-000003")
        # Behind the desk's own listener: what ends this transaction is done, and only its commit is left.
        event.listen(session, "before_commit", lambda _: lifting.append(begun(lambda: go_on(desk, stopped))))
    lifting[0].result()
    assert told(desk, AMELIA) == [ShopEvent.RESTRICTED, ShopEvent.RESTRICTED]
    assert events_of(desk, stopped) == ["restricted", "restriction_lifted"]
    go_on(desk, "PR-2026-000003")
    assert told(desk, AMELIA)[-1] == ShopEvent.RESTRICTION_LIFTED
    assert told(desk, DANIEL) == [ShopEvent.RESTRICTED]
