"""Races at the staff desk on PostgreSQL, where readers and writers do not wait for each other by themselves."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import Conflict
from bot.privacy import approval, daily_counts, handoff, handoff_ownership
from bot.privacy.handoff_ownership import Agent
from bot.privacy.handoff_queue import open_handoff
from bot.privacy.staff_sign_in import SignInRefused, sign_in
from bot.store import conversations
from bot.store.desk_tables import Conversation, DailyCount, Handoff, PrivacyRequest, SignInTries
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


MIA = Agent("staff:1", "Mia")


def asked_for_a_person(desk, origin):
    with desk.transaction() as session:
        mine, _ = conversations.open_session(session, "1001", NOON, NOON + timedelta(hours=1))
        handoff.ask_for_person(session, desk, NOON, conversations.conversation(session, mine), origin, None)
    return mine


def who_answers(desk, conversation_id):
    with desk.reading() as session:
        chat = conversations.conversation(session, conversation_id)
        state = session.scalar(select(Handoff.state).where(Handoff.conversation_id == conversation_id))
    return chat.owner, state


def leave(desk, conversation_id, meanwhile=None):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        seen = open_handoff(session, conversation_id) if meanwhile else None
        if seen and meanwhile:
            meanwhile()
        return handoff.stop_waiting(session, NOON, chat)


def test_who_stops_waiting_while_an_agent_takes_over_is_with_the_agent(desk):
    mine, bystander = asked_for_a_person(desk, "1"), asked_for_a_person(desk, "2")
    left = []
    leaves = threading.Thread(target=lambda: left.append(leave(desk, mine)))
    with desk.transaction() as session:
        handoff_ownership.take(session, desk, mine, MIA)
        leaves.start()
        time.sleep(0.5)  # both have begun, and neither has ended
    leaves.join()
    assert (left, who_answers(desk, mine)) == ([None], ("person", "taken"))
    with desk.transaction() as session:
        handoff_ownership.hand_back(session, desk, mine, MIA, seen=10_000)
    assert (who_answers(desk, mine), who_answers(desk, bystander)) == (("bot", "ended"), ("bot", "waiting"))


def test_who_was_seen_waiting_a_moment_ago_is_with_the_agent_who_took_them_since(desk):
    mine = asked_for_a_person(desk, "1")

    def take():
        with desk.transaction() as session:
            handoff_ownership.take(session, desk, mine, MIA)

    assert leave(desk, mine, take) is None
    assert who_answers(desk, mine) == ("person", "taken")


def test_of_leaving_and_taking_at_once_each_ends_with_somebody_who_can_answer(desk):
    for place in range(6):
        mine = asked_for_a_person(desk, str(place))

        def take(mine=mine):
            with desk.transaction() as session:
                return handoff_ownership.take(session, desk, mine, MIA).id

        at_once(lambda mine=mine: leave(desk, mine), take)
        with desk.reading() as session:
            chat = session.get_one(Conversation, mine)
            taken = session.scalars(select(Handoff.state).where(Handoff.conversation_id == mine)).all()
        assert chat.owner == "person" and taken.count("taken") == 1
