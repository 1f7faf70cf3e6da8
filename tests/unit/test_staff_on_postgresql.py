"""Races at the staff desk on PostgreSQL, where readers and writers do not wait for each other by themselves."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import Conflict
from bot.privacy import approval, daily_counts
from bot.privacy.staff_sign_in import SignInRefused, sign_in
from bot.store.desk_tables import DailyCount, PrivacyRequest, SignInTries
from bot.vocabulary import RequestKind, RequestState, StaffRole
from tests.desk_pages import PASSWORD, code_of, hire
from tests.unit.conftest import NOON


@pytest.fixture
def desk(postgresql_desk):
    postgresql_desk.settings.destructive_approval = True
    return postgresql_desk


def at_once(*acts):
    """What came of acts that begin at the same moment: their results, and how many were refused."""
    ready, done, refused = threading.Barrier(len(acts)), [], []

    def run(act):
        ready.wait()
        try:
            done.append(act())
        except (Conflict, SignInRefused) as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, len(refused)


def waiting(desk, number):
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number=number, kind=RequestKind.ERASURE, state=RequestState.AWAITING_APPROVAL, regime="policy",
                origin=number, subject="1001", received_at=NOON, due_at=NOON + timedelta(days=30),
            )
        )  # fmt: skip


def test_of_approvals_at_once_one_persons_count_once_and_two_peoples_start_it_once(desk):
    one, two = hire(desk, StaffRole.ADMIN, "one").staff_id, hire(desk, StaffRole.ADMIN, "two").staff_id

    def approve(number, who):
        with desk.transaction() as session:
            return approval.approve(session, NOON, number, who)

    for place in range(6):
        number = f"PR-2026-00000{place}"
        waiting(desk, number)
        done, refused = at_once(*[lambda n=number, who=who: approve(n, who) for who in (one, one, two, two)])
        assert (sorted(done), refused) == ([0, 1], 2)
        with desk.reading() as session:
            assert session.get_one(PrivacyRequest, number).state == RequestState.RUNNING


def test_of_sign_ins_at_once_with_one_code_one_gets_in_and_every_failure_is_counted(desk):
    access = hire(desk, name="kim")
    code = code_of(access)
    done, refused = at_once(*[lambda: sign_in(desk, "kim", PASSWORD, code)] * 4)
    assert (len(done), refused) == (1, 3)
    at_once(*[lambda: sign_in(desk, "nobody", PASSWORD, "123456")] * 4)
    with desk.reading() as session:
        counts = sorted(session.scalars(select(SignInTries.failures)))
    assert counts[-1] == 4


def test_counts_of_a_new_day_made_at_once_lose_nothing(desk):
    def one():
        with desk.transaction() as session:
            daily_counts.count(session, NOON, "chats")

    at_once(*[one] * 8)
    with desk.reading() as session:
        assert session.scalars(select(DailyCount.count)).one() == 8
