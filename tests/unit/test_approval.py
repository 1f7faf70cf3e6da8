"""Where the shop wants it so, two people approve a deletion before it runs: two, and never the same one twice."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import Conflict, NotFound
from bot.privacy import approval, staff_accounts
from bot.privacy.erasure_guard import ErasureRefused, permitted
from bot.privacy.room import Work
from bot.store.desk_tables import Approval, AuditEntry, Message, PrivacyRequest, Restriction
from bot.vocabulary import AuditEvent, HoldKind, RequestKind, RequestState, StaffRole
from tests import rights
from tests.desk_pages import hire
from tests.unit.conftest import open_chat

SUBJECT, BYSTANDER = "1001", "1002"


@pytest.fixture
def desk(own_desk):
    made = own_desk()
    made.settings.destructive_approval = True
    return made


@pytest.fixture
def staff(desk):
    """Ids of three people who may approve, and of one who may not."""
    return [hire(desk, StaffRole.PRIVACY_OFFICER, f"officer{n}").staff_id for n in range(3)] + [
        hire(desk, StaffRole.AGENT, "agent").staff_id
    ]


@pytest.fixture
def waiting(desk):
    """A deletion that was verified, cooled off, and came to where it needs approvals."""
    chat = open_chat(desk, SUBJECT)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    assert rights.finish(desk, number).state is RequestState.AWAITING_APPROVAL
    return number


def approve(desk, number, staff_id):
    with desk.transaction() as session:
        return approval.approve(session, desk.clock.now(), number, staff_id)


def test_a_deletion_waits_after_its_cooling_off_and_nothing_of_it_is_begun(desk, waiting):
    assert desk.shop.customer(SUBJECT) is not None
    for _ in range(3):
        desk.clock.advance(timedelta(days=2))
        rights.work(desk)
    assert rights.state_of(desk, waiting).state is RequestState.AWAITING_APPROVAL
    with desk.reading() as session:
        said = session.scalars(select(Message.response).where(Message.response.is_not(None))).all()
        assert said.count("utter_request_awaiting_approval") == 1
        assert session.get_one(PrivacyRequest, waiting).plan is None


def test_two_people_let_it_run_and_the_bystander_is_untouched(desk, waiting, staff):
    before = desk.shop.customer(BYSTANDER)
    assert approve(desk, waiting, staff[0]) == 1
    rights.work(desk)
    assert rights.state_of(desk, waiting).state is RequestState.AWAITING_APPROVAL
    assert approve(desk, waiting, staff[1]) == 0
    rights.work(desk)
    assert rights.state_of(desk, waiting).state is RequestState.FULFILLED
    assert desk.shop.customer(SUBJECT) is None and desk.shop.customer(BYSTANDER) == before
    with desk.reading() as session:
        approved = session.scalars(select(AuditEntry.actor).where(AuditEntry.event == AuditEvent.REQUEST_APPROVED))
        assert approved.all() == [f"staff:{staff[0]}", f"staff:{staff[1]}"]


def test_the_second_cannot_be_the_first(desk, waiting, staff):
    approve(desk, waiting, staff[0])
    with pytest.raises(Conflict, match="another person"):
        approve(desk, waiting, staff[0])
    rights.work(desk)
    assert rights.state_of(desk, waiting).state is RequestState.AWAITING_APPROVAL


def test_an_approval_of_somebody_who_may_not_give_it_or_has_left_does_not_count(desk, waiting, staff):
    approve(desk, waiting, staff[3])
    assert approve(desk, waiting, staff[0]) == 1
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "officer0", "test")
    assert approve(desk, waiting, staff[1]) == 1
    assert approve(desk, waiting, staff[2]) == 0


def test_an_approver_who_leaves_before_it_runs_sends_it_back(desk, waiting, staff):
    approve(desk, waiting, staff[0])
    approve(desk, waiting, staff[1])
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "officer1", "test")
    rights.work(desk)
    assert rights.state_of(desk, waiting).state is RequestState.AWAITING_APPROVAL
    assert desk.shop.customer(SUBJECT) is not None
    assert approve(desk, waiting, staff[2]) == 0


def at_once(*acts):
    done, failed = [], []

    def run(act):
        try:
            done.append(act())
        except Conflict as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, failed


def test_the_same_person_in_many_windows_at_once_counts_once(desk, waiting, staff):
    done, failed = at_once(*[lambda: approve(desk, waiting, staff[0])] * 6)
    assert done == [1] and len(failed) == 5
    with desk.reading() as session:
        assert len(session.scalars(select(Approval)).all()) == 1


def test_two_people_at_once_both_count_and_it_starts_once(desk, waiting, staff):
    done, _ = at_once(*[lambda who=who: approve(desk, waiting, who) for who in staff[:2]])
    assert sorted(done) == [0, 1]
    with desk.reading() as session:
        started = select(AuditEntry).where(
            AuditEntry.event == AuditEvent.REQUEST_STARTED, AuditEntry.actor.like("staff:%")
        )
        assert len(session.scalars(started).all()) == 1


def test_of_the_last_approval_and_a_taking_back_exactly_one_wins(desk, waiting, staff):
    approve(desk, waiting, staff[0])
    with desk.reading() as session:
        chat = session.get_one(PrivacyRequest, waiting).conversation_id

    def back():
        with suppress(Exception):
            return rights.revoke(desk, chat, waiting)

    at_once(lambda: approve(desk, waiting, staff[1]), back)
    rights.work(desk)
    state, customer = rights.state_of(desk, waiting).state, desk.shop.customer(SUBJECT)
    assert (state, customer is None) in {(RequestState.FULFILLED, True), (RequestState.REVOKED, False)}


def test_while_it_waits_the_person_can_take_it_back_and_everything_is_as_before(desk, waiting, staff):
    approve(desk, waiting, staff[0])
    with desk.reading() as session:
        chat = session.get_one(PrivacyRequest, waiting).conversation_id
    rights.revoke(desk, chat, waiting)
    with pytest.raises(Conflict):
        approve(desk, waiting, staff[1])
    with desk.reading() as session:
        assert not session.scalars(select(Restriction).where(Restriction.lifted_at.is_(None))).all()


def test_the_room_itself_refuses_whatever_brought_the_request_to_a_worker(desk, waiting, staff):
    """As if a story or a fault had moved it: running, in a worker's hands, and nobody approved."""
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, waiting)
        request.state, request.worker_token = RequestState.RUNNING, "t"
        details = request.details
    work = Work(desk, waiting, RequestKind.ERASURE, SUBJECT, None, details, 0, lambda: None)
    with desk.transaction() as session, pytest.raises(ErasureRefused, match="Two people"):
        permitted(session, work)
    for who in staff[:2]:
        with desk.transaction() as session:
            session.add(Approval(request_number=waiting, staff_id=who, at=desk.clock.now()))
    with desk.transaction() as session:
        assert permitted(session, work).number == waiting


def test_a_legal_hold_still_holds_what_two_people_approved(desk, waiting, staff):
    from bot.privacy import holds

    with desk.transaction() as session:
        holds.place(session, desk.clock.now(), SUBJECT, HoldKind.LEGAL, None, "matter 17", actor="staff:1")
    for who in staff[:2]:
        approve(desk, waiting, who)
    rights.work(desk)
    assert rights.state_of(desk, waiting).state is RequestState.ON_HOLD
    assert desk.shop.customer(SUBJECT) is not None


def test_where_the_shop_asks_for_no_approval_nothing_waits(own_desk):
    desk = own_desk()
    chat = open_chat(desk, SUBJECT)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    assert rights.finish(desk, number).state is RequestState.FULFILLED


def test_a_copy_needs_no_approval(desk):
    chat = open_chat(desk, SUBJECT)
    number = rights.ask(desk, chat, RequestKind.EXPORT).number
    rights.verify(desk, chat, number)
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED


def test_what_does_not_wait_for_an_approval_cannot_be_approved(desk, staff):
    chat = open_chat(desk, SUBJECT)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    with pytest.raises(Conflict):
        approve(desk, number, staff[0])
    with pytest.raises(NotFound):
        approve(desk, "PR-2026-999999", staff[0])
