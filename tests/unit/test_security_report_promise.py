"""Whoever reports a break-in is promised one time, and one at which somebody is there."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Turn
from actions.complaint import OpenComplaint
from actions.complaint_form import ValidateComplaintForm
from bot.clocks import FixedClock
from bot.privacy.complaint_watch import watch_cases
from bot.store.desk_tables import Case, Handoff
from bot.vocabulary import CaseKind
from tests.unit.conftest import spoken
from tests.unit.test_handoff import all_of, ask
from tests.unit.test_requests_and_cases import file

EVENING, NEXT_DAY = datetime(2026, 11, 26, 19, 2, tzinfo=UTC), datetime(2026, 11, 27, 13, tzinfo=UTC)


@pytest.fixture
def evening_desk(desk):
    return replace(desk, clock=FixedClock(EVENING))


def report(desk, conversation_id):
    """Somebody writes of a break-in; what the bot answers."""
    dispatcher, now = CollectingDispatcher(), desk.clock.now()
    with desk.transaction() as session:
        words = spoken(session, conversation_id, now, "Somebody got into my account", state="running")
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


BREAK_IN = "Somebody logged into my account and ordered with my card"
SLOTS = ("complaint_statement", "complaint_wish", "complaint_about", "complaint_confirmed")


def tell(desk, conversation_id, number, slot, words, intent="report_security_issue", confidence=0.9, chosen=None):
    """An answer in the form of a complaint; the slots that follow, and what the bot says at once."""
    dispatcher, now = CollectingDispatcher(), desk.clock.now()
    with desk.transaction() as session:
        choice = {"choice_intent": intent, "choice_value": chosen} if chosen else {}
        said = spoken(session, conversation_id, now, words, state="running", **choice)
        message = str(said.id)
    reading = {"name": intent, "confidence": confidence}
    latest = {"text": words, "intent": reading, "intent_ranking": [reading] * (1 if chosen else 2)}
    told = dict.fromkeys(SLOTS[: SLOTS.index(slot)], "1")
    slots = {"case_number": number, "case_kind": "complaint", "requested_slot": slot} | told
    tracker = Tracker(
        conversation_id, slots, latest | {"metadata": {"message": message}}, [], False, None, {}, "action_listen"
    )
    validate = getattr(ValidateComplaintForm(desk), f"validate_{slot}")
    follows = asyncio.run(validate(message, dispatcher, tracker, {}))
    return follows, [each["response"] for each in dispatcher.messages]


def row_of(desk, number):
    return next(case for case in all_of(desk, Case) if case.number == number)


@pytest.mark.parametrize("slot", ["complaint_statement", "complaint_wish", "complaint_confirmed"])
def test_a_break_in_told_in_a_complaint_has_priority_and_calls_a_person_at_once(desk, chat, slot):
    mine, bystander = chat("1001"), chat("1002")
    number, other = file(desk, mine).number, file(desk, bystander, origin="2").number
    before = row_of(desk, other).due_at
    follows, said = tell(desk, mine, number, slot, BREAK_IN)
    assert said == ["utter_security_advice", "utter_handoff_forced"]
    assert follows["case_kind"] == CaseKind.SECURITY_REPORT
    case = row_of(desk, number)
    assert (case.kind, case.priority, case.due_at) == (
        CaseKind.SECURITY_REPORT,
        "urgent",
        all_of(desk, Handoff)[0].promised_at,
    )
    assert BREAK_IN in case.statement and case.wish is None
    assert [row.conversation_id for row in all_of(desk, Handoff)] == [mine]
    assert (row_of(desk, other).kind, row_of(desk, other).due_at) == (CaseKind.COMPLAINT, before)


def test_after_a_break_in_nobody_is_asked_what_they_would_like(desk, chat):
    mine = chat("1001")
    follows, _ = tell(desk, mine, file(desk, mine).number, "complaint_statement", BREAK_IN)
    assert follows["complaint_wish"] is not None and follows["complaint_about"] is not None


@pytest.mark.parametrize(
    ("words", "intent", "confidence"),
    [
        ("A parcel man read my letters on the doorstep of my house.", "report_security_issue", 0.92),
        (BREAK_IN, "report_security_issue", 0.5),
        ("Your staff looked at my orders without reason", "file_complaint", 0.99),
    ],
)
def test_another_harm_or_an_unsure_reading_stays_what_it_was_called(desk, chat, words, intent, confidence):
    mine = chat("1001")
    number = file(desk, mine).number
    follows, said = tell(desk, mine, number, "complaint_statement", words, intent, confidence)
    assert said == [] and "case_kind" not in follows and not all_of(desk, Handoff)
    assert (row_of(desk, number).kind, row_of(desk, number).priority) == (CaseKind.COMPLAINT, "normal")


def test_a_case_that_is_called_a_security_report_calls_a_person(desk, chat):
    mine, bystander = chat("1001"), chat("1002")
    number = file(desk, mine).number
    file(desk, bystander, origin="2")
    _, said = tell(desk, mine, number, "complaint_confirmed", "", "deny", 1.0, chosen="kind:security_report")
    assert said == ["utter_security_advice", "utter_handoff_forced"]
    assert [(row.conversation_id, row.priority) for row in all_of(desk, Handoff)] == [(mine, "urgent")]
