"""What two add at the same moment is there once, and neither of them fails: PostgreSQL lets both begin."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bot.privacy.guardian_consent import declare, recognise
from bot.privacy.policy_question import count_unanswered
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Minor, UnansweredTopic
from bot.vocabulary import AuditEvent
from tests.guardians import MAYA
from tests.unit.conftest import open_chat


@pytest.fixture
def desk(postgresql_desk):
    return postgresql_desk


def at_once(desk, *acts):
    """Each in a transaction of its own, committed after all have looked and before any waits for another."""
    ready = Barrier(len(acts))

    def act(one):
        with desk.transaction() as session:
            session.connection()
            ready.wait(10)
            one(session)

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act, one) for one in acts]:
            done.result(30)


def test_the_first_two_who_ask_in_vain_on_a_day_are_both_counted(desk):
    now = desk.clock.now()
    for topic in ("cookies", "regulator", "transfers"):
        at_once(desk, *[lambda session, topic=topic: count_unanswered(session, now, topic)] * 4)
    with desk.reading() as session:
        assert {row.topic: row.count for row in session.query(UnansweredTopic)} == {
            "cookies": 4, "regulator": 4, "transfers": 4
        }  # fmt: skip


def test_a_minor_is_recognised_once_by_two_who_look_at_once(desk):
    now = desk.clock.now()
    at_once(desk, *[lambda session: recognise(session, desk, now, MAYA)] * 4)
    with desk.reading() as session:
        assert [row.subject for row in session.query(Minor)] == [MAYA]
        events = [row.event for row in session.query(AuditEntry)]
    assert events.count(AuditEvent.MINOR_RECOGNISED) == 1


def test_whoever_says_in_two_tabs_that_they_are_under_18_is_believed_once(desk):
    now = desk.clock.now()
    chats = [open_chat(desk, "1001") for _ in range(3)]

    def say(chat):
        return lambda session: declare(session, desk, now, conversations.conversation(session, chat))

    at_once(desk, *map(say, chats))
    with desk.reading() as session:
        assert [(row.subject, row.declared_at) for row in session.query(Minor)] == [("1001", now)]
