"""The pages of an agent: queue, taking over, talking, looking at what is hidden, handing back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from nicegui import ui
from sqlalchemy import select, update

from bot.desk import pieces
from bot.desk.conversation_words import NAMES_NOT_HIDDEN, NO_DETAILS
from bot.privacy import handoff_ownership, handoff_talk
from bot.privacy.handoff_ownership import Agent
from bot.privacy.handoff_replies import replies
from bot.privacy.staff_sign_in import sign_in
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Handoff, HandoffNote, Message
from bot.vocabulary import StaffRole
from bot.web.turns import Said, Turns
from tests.desk_pages import PASSWORD, at_the_desk, code_of, hire
from tests.unit.test_handoff import ADA, act, all_of, ask, chat_of, shop_away, user_says


def test_an_agent_takes_a_waiting_conversation_answers_and_hands_it_back(desk, chat):
    mine = chat(ADA)
    user_says(desk, mine, f"My address is {desk.email_of(ADA)}")
    number = ask(desk, mine).number

    async def visit(user):
        await user.open("/conversations")
        await user.should_see("Waiting (1)")
        await user.should_see("asked for a person")
        await user.open(f"/conversations/{mine}")
        await user.should_see(number)
        await user.should_see("The bot answers")
        await user.should_not_see("Send")
        user.find("Take over").click()
        await user.should_see("You answer", retries=20)
        await user.should_see("Your answer", retries=20)
        user.find("Your answer").type("Hello, how can I help?")
        user.find("Send").click()
        await user.should_see("Hello, how can I help?", retries=20)
        await user.should_not_see(desk.email_of(ADA))
        user.find("Hand back to the bot").click()
        await user.should_see("What came of it (may be left empty)")
        user.find("What came of it (may be left empty)").type("All is well.")
        user.find("Go on talking").click()
        user.find("A note; the customer gets it in the copy of their data").type("Was friendly")
        user.find("Keep the note").click()
        await user.should_see("kim.agent, ", retries=40)

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert chat_of(desk, mine).owner == "person"
    assert [(m.author, m.speaker) for m in all_of(desk, Message) if m.author == "agent"] == [("agent", "Kim Agent")]
    assert [note.text for note in all_of(desk, HandoffNote)] == ["Was friendly"]


def test_a_look_at_a_hidden_value_needs_a_reason_and_is_in_the_record(desk, chat):
    mine = chat(ADA)

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        user.find("Take over").click()
        await user.should_see("You answer", retries=20)
        await user.should_not_see(desk.email_of(ADA))
        await user.should_see("Show e-mail", retries=20)
        user.find("Show e-mail").click()
        await user.should_see("Your reason is written into the record.")
        user.find("I check who it is").click()
        user.find("Show it").click()
        await user.should_see(desk.email_of(ADA), retries=20)

    at_the_desk(desk, StaffRole.AGENT, visit)
    looks = [entry for entry in all_of(desk, AuditEntry) if entry.event == "value_revealed"]
    assert [(look.reference, look.actor) for look in looks] == [("customers.email:identity", "staff:1")]


def test_an_auditor_reads_along_and_can_do_nothing(desk, chat):
    mine = chat(ADA)
    ask(desk, mine)

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        await user.should_see("The bot answers")
        for act_of_an_agent in ("Take over", "Send", "Keep the note", "Show e-mail", "As a test"):
            await user.should_not_see(act_of_an_agent)

    at_the_desk(desk, StaffRole.AUDITOR, visit)
    assert chat_of(desk, mine).owner == "bot"


def test_what_the_person_writes_appears_while_the_page_is_open(desk, chat):
    mine = chat(ADA)

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        user.find("Take over").click()
        await user.should_see("You answer", retries=20)
        await Turns(desk, None).take(mine, "k", Said(text="Are you there?"))
        await user.should_see("Are you there?", retries=30)
        await asyncio.sleep(0.2)

    at_the_desk(desk, StaffRole.AGENT, visit)
    with desk.reading() as session:
        newest = conversations.newest_message_id(session, mine)
        assert session.scalar(select(handoff_ownership.Handoff.agent_read)) == newest


def test_a_conversation_of_a_colleague_can_be_read_and_not_answered(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, Agent("staff:99", "Mia"))

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        await user.should_see("A colleague answers")
        await user.should_not_see("Send")
        user.find("Take over").click()
        await user.should_see("Somebody else is answering this conversation.", retries=20)

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert chat_of(desk, mine).owner_staff == "staff:99"


def test_a_conversation_is_not_offered_to_an_auditor_who_reads_along(desk, chat):
    mine, offered = chat(ADA), []
    for name, role in (("ada", StaffRole.AUDITOR), ("tom", StaffRole.AGENT)):
        access = hire(desk, role, name)
        sign_in(desk, name, PASSWORD, code_of(access))

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        user.find("Take over").click()
        await user.should_see("You answer", retries=20)
        user.find("Transfer").click()
        await user.should_see("Who goes on?")
        (choice,) = user.find(kind=ui.radio).elements
        offered.extend(choice.options.values())
        user.find("Keep it").click()

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert offered == ["Tom"]


def test_ready_made_replies_are_filled_with_agent_number_and_time():
    filled = [reply.filled("Mia", "CS-2026-000001", "Monday") for reply in replies()]
    assert len(filled) >= 5
    assert any("I am Mia" in text for text in filled)
    assert not any("{" in text for text in filled)


CLOSED_MAILED = "their chat is closed: answers go by mail too"
CLOSED_UNREACHED = "their chat is closed and no address is on file: they cannot be reached until they open it again"


@pytest.mark.parametrize(
    ("who", "closed", "never"), [(ADA, CLOSED_MAILED, "no address"), (None, CLOSED_UNREACHED, "by mail")]
)
def test_staff_read_whether_the_person_can_be_reached_while_the_page_is_open(desk, chat, who, closed, never):
    mine = chat(who)

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        await user.should_see("The bot answers")
        await user.should_not_see("their chat is")
        user.find("Take over").click()
        await user.should_see(closed)
        await user.should_not_see(never)
        with desk.transaction() as session:
            handoff_talk.user_is_there(session, mine)
        await user.should_see("their chat is open")
        await user.should_not_see("their chat is closed")
        with desk.transaction() as session:
            session.execute(update(Handoff).values(user_seen_at=datetime.now(UTC) - timedelta(minutes=1)))
        await user.should_see(closed)
        await user.should_not_see("their chat is open")

    at_the_desk(desk, StaffRole.AGENT, visit)


def test_a_conversation_opens_while_the_shop_does_not_answer_and_says_what_is_not_hidden(desk, chat):
    mine, bystander = chat(ADA), chat(None)
    for waits in (mine, bystander):
        user_says(desk, waits, f"Please help, {desk.email_of(ADA)}")

    async def visit(user):
        await user.open(f"/conversations/{bystander}")
        await user.should_see("Please help, ")
        await user.should_not_see("database does not answer")
        await user.open(f"/conversations/{mine}")
        await user.should_see("Please help, ")
        await user.should_see(NAMES_NOT_HIDDEN)
        await user.should_see(NO_DETAILS)
        user.find("Take over").click()
        await user.should_see("nobody knows whether mail reaches them", retries=20)
        await user.should_not_see(desk.email_of(ADA))

    at_the_desk(shop_away(desk), StaffRole.AGENT, visit)


@pytest.mark.parametrize(("who", "where"), [(ADA, "here and by mail"), (None, "here")])
def test_an_answer_for_later_is_promised_from_now_on_and_by_mail_only_to_whom_mail_reaches(desk, chat, who, where):
    mine = chat(who)
    number = ask(desk, mine).number
    desk.clock.advance(timedelta(days=3))
    boxes = []

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        user.find("Take over").click()
        await user.should_see("Ready-made replies")
        place = next(at for at, reply in enumerate(replies()) if reply.title == "Answer later")
        next(iter(user.find(ui.select).elements)).set_value(place)
        await asyncio.sleep(0.2)
        boxes.extend(box.value for box in user.find(ui.textarea).elements if box.value)

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert boxes == [
        f"I need to ask a colleague. You get the answer {where}, by 26 November 2026, 16:00 UTC at the latest. "
        f"Our talk has the number {number}."
    ]


def test_a_talk_over_several_days_shows_the_day_of_what_was_said(desk, chat):
    mine = chat(ADA)
    user_says(desk, mine, "Good evening")
    said = all_of(desk, Message)[0].created_at

    async def visit(user):
        await user.open(f"/conversations/{mine}")
        await user.should_see(f"Person, {pieces.when(said)}")

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert pieces.when(said).endswith(" UTC") and str(said.year) in pieces.when(said)
