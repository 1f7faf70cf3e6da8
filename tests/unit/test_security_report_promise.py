"""Whoever reports a break-in is promised one time, and one at which somebody is there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Turn
from actions.complaint import OpenComplaint
from bot.clocks import FixedClock
from bot.privacy.complaint_watch import watch_cases
from bot.store.desk_tables import Case, Handoff, Message
from bot.store.desk_tables import Turn as TurnRow
from bot.vocabulary import Author, CaseKind
from tests.unit.test_handoff import all_of, ask

EVENING, NEXT_DAY = datetime(2026, 11, 26, 19, 2, tzinfo=UTC), datetime(2026, 11, 27, 13, tzinfo=UTC)


@pytest.fixture
def evening_desk(desk):
    return replace(desk, clock=FixedClock(EVENING))


def report(desk, conversation_id):
    """Somebody writes of a break-in; what the bot answers."""
    dispatcher, now = CollectingDispatcher(), desk.clock.now()
    with desk.transaction() as session:
        row = TurnRow(
            conversation_id=conversation_id, idempotency_key="1", body_hash="-", state="running", created_at=now
        )
        session.add(row)
        session.flush()
        words = Message(
            conversation_id=conversation_id, turn_id=row.id, author=Author.USER, text="Somebody got into my account",
            citations=[], choices=[], created_at=now,
        )  # fmt: skip
        session.add(words)
        session.flush()
        latest = {"intent": {"name": "report_security_issue"}, "metadata": {"message": str(words.id)}}
        tracker = Tracker(conversation_id, {}, latest | {"intent_ranking": []}, [], False, None, {}, "action_listen")
        OpenComplaint(desk).act(Turn(desk, session, dispatcher, tracker, {}))
    return {message["response"]: message for message in dispatcher.messages}


def test_in_the_evening_case_and_chat_promise_the_same_hour_of_the_next_day(evening_desk, chat):
    desk, mine, bystander = evening_desk, chat("1001"), chat("1002")
    ask(desk, bystander, "before")
    said = report(desk, mine)
    for response in ("utter_security_report_filed", "utter_handoff_forced"):
        assert said[response]["due"] == "27 November 2026, 13:00 UTC"
    reported = next(case for case in all_of(desk, Case) if case.kind == CaseKind.SECURITY_REPORT)
    assert reported.due_at == NEXT_DAY and reported.priority == "urgent"
    assert {row.promised_at for row in all_of(desk, Handoff)} == {NEXT_DAY}


def test_it_is_not_overdue_while_the_office_is_closed(evening_desk, chat):
    report(evening_desk, chat("1001"))
    watch_cases(replace(evening_desk, clock=FixedClock(datetime(2026, 11, 27, 9, tzinfo=UTC))))
    (case,) = all_of(evening_desk, Case)
    assert case.alarmed_at is None
    watch_cases(replace(evening_desk, clock=FixedClock(datetime(2026, 11, 27, 13, 1, tzinfo=UTC))))
    (case,) = all_of(evening_desk, Case)
    assert case.alarmed_at is not None
