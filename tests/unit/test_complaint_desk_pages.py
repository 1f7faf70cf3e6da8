"""Complaints at the staff desk: the queue, one case, and what each role can do with it."""

from datetime import UTC, datetime

import pytest
from nicegui import ui

from bot.desk.pages import case_acts
from bot.privacy import complaint_answer, complaint_reply
from bot.privacy.complaint_pages import CASE_REPLIES, Queue, case_page, queue
from bot.privacy.handoff_replies import Reply, replies
from bot.store import attachments, conversations
from bot.store.desk_tables import Case, CaseMessage, Mail
from bot.vocabulary import CaseState, StaffRole
from tests.desk_pages import at_the_desk
from tests.unit.test_attachments import pdf
from tests.unit.test_requests_and_cases import all_of, file


@pytest.fixture
def number(desk, chat):
    return file(desk, chat("1001"), statement="My parcel came open.").number


def state(desk):
    return [CaseState(case.state) for case in all_of(desk, Case)]


def test_an_agent_reads_the_case_and_answers_it(desk, number):
    async def visit(user):
        await user.open("/cases")
        await user.should_see(number)
        await user.open(f"/cases/{number}")
        await user.should_see("My parcel came open.")
        user.find("Your answer; the person reads it").type("We are sorry.")
        user.find("Send the answer").click()
        await user.should_see("Close the case", retries=100)

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert state(desk) == [CaseState.ANSWERED]
    assert "We are sorry." in all_of(desk, Mail)[-1].text
    assert all_of(desk, CaseMessage)[0].written_by.startswith("staff:")


def test_a_refusal_with_a_field_left_empty_is_not_sent(desk, number):
    async def visit(user):
        await user.open(f"/cases/{number}")
        user.find("The reason").type("The law asks us to keep it.")
        user.find("Send the refusal").click()
        await user.should_see("A refusal needs a reason", retries=100)

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert state(desk) == [CaseState.WAITING] and all_of(desk, CaseMessage) == []


def test_an_auditor_reads_and_can_do_nothing(desk, number):
    async def visit(user):
        await user.open(f"/cases/{number}")
        await user.should_see("My parcel came open.")
        await user.should_see("You read only.")
        await user.should_not_see("Send the answer")

    at_the_desk(desk, StaffRole.AUDITOR, visit)


def test_whoever_answered_before_is_told_that_a_colleague_takes_the_second_look(desk, chat, number):
    with desk.transaction() as session:
        complaint_answer.answer_case(session, desk, desk.clock.now(), number, "staff:1", "No.")
    with desk.transaction() as session:
        person = conversations.conversation(session, chat("1001"))
        complaint_reply.ask_second_look(session, desk, desk.clock.now(), person, number, "s1")

    async def visit(user):
        await user.open(f"/cases/{number}")
        await user.should_see("a colleague has to take it")
        await user.should_not_see("Send the answer")

    at_the_desk(desk, StaffRole.AGENT, visit)  # the first account is staff:1


def test_a_file_is_saved_and_never_shown(desk, number):
    with desk.transaction() as session:
        attachments.keep(session, desk, desk.clock.now(), "case", number, "1001", "proof", pdf())

    async def visit(user):
        await user.open(f"/cases/{number}")
        user.find("Save proof.pdf").click()
        saved = await user.download.next()
        assert saved.content.startswith(b"%PDF")

    at_the_desk(desk, StaffRole.AGENT, visit)


def test_the_queue_shows_whose_each_case_is_and_what_is_late(desk, chat, number):
    other = file(desk, chat(None), origin="9").number
    now = desk.clock.now()
    with desk.transaction() as session:
        session.get_one(Case, number).assigned_to = "staff:1"
    with desk.reading() as session:
        assert [line.number for line in queue(session, now, "staff:1", Queue.WAITING)] == [number, other]
        assert [line.number for line in queue(session, now, "staff:1", Queue.MINE)] == [number]
        assert queue(session, now, "staff:1", Queue.OVERDUE) == []
        assert case_page(session, other, "staff:1").subject is None


def test_the_texts_that_are_written_often_are_filled_in():
    texts = [each.filled("kim", "CS-2026-000001", "1 May 2026") for each in replies(CASE_REPLIES)]
    assert "We have passed CS-2026-000001 on" in texts[0]
    assert len(texts) >= 5 and not any("{" in text for text in texts)


def test_a_ready_made_answer_names_the_day_the_person_was_told(desk, number, monkeypatch):
    monkeypatch.setattr(desk.settings, "business_calendar", "US-CA")
    monkeypatch.setattr(case_acts, "replies", lambda _: (Reply("By when", "You hear from us by {due}."),))
    with desk.transaction() as session:
        session.get_one(Case, number).due_at = datetime(2027, 8, 16, 6, 59, 59, tzinfo=UTC)

    async def visit(user):
        await user.open(f"/cases/{number}")
        chosen = next(each for each in user.find(kind=ui.select).elements if "By when" in each.options)
        chosen.value = "By when"
        (answer,) = user.find("Your answer; the person reads it").elements
        assert answer.value == "You hear from us by 15 August 2027."

    at_the_desk(desk, StaffRole.AGENT, visit)
