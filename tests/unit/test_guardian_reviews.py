"""Guardian reviews at the staff desk: what waits, who may decide, and that a file is saved and never shown."""

import pytest
from nicegui import ui

from bot.privacy import guardian_consent_page
from bot.privacy.customer_alarms import NOTICE, alarm
from bot.privacy.guardian_consent_decision import page_took_no_mail
from bot.store.desk_tables import AuditEntry
from bot.vocabulary import RequestKind, StaffRole
from tests.desk_pages import at_the_desk
from tests.guardians import FATHER, MAYA, MOTHER, Guardian, agreed, allowed, asked, mails, row
from tests.unit.conftest import open_chat
from tests.unit.test_guardian_consent import PAPER


@pytest.fixture
def desk(own_desk):
    return own_desk()


@pytest.fixture
def number(desk):
    made = asked(desk, open_chat(desk, MAYA)).number
    guardian = Guardian(desk)
    guardian.prove()
    guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
    return made


def test_a_privacy_officer_saves_the_form_and_approves_it(desk, number):
    async def visit(user):
        await user.open("/reviews")
        await user.should_see("Guardian reviews")
        await user.open(f"/reviews/{number}")
        await user.should_see("Maria Mother")
        user.find("Save form.pdf").click()
        saved = await user.download.next()
        assert saved.content == b"%PDF-"
        user.find("Signed and complete").click()
        await user.should_see("The consent is live")

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)
    assert row(desk, number).state == "live" and allowed(desk).allowed
    with desk.reading() as session:
        read = session.query(AuditEntry).filter_by(event="attachment_read").one()
    assert read.actor.startswith("staff:")


def test_an_agent_sees_what_waits_and_decides_nothing(desk, number):
    async def visit(user):
        await user.open(f"/reviews/{number}")
        await user.should_see("a privacy officer's")
        await user.should_not_see("Signed and complete")

    at_the_desk(desk, StaffRole.AGENT, visit)


def test_two_who_disagree_are_settled_there(desk):
    chat = open_chat(desk, MAYA)
    agreed(desk, chat)
    agreed(desk, chat, FATHER).withdraw()

    async def visit(user):
        await user.open("/reviews")
        await user.should_see("The yes counts")
        user.find("The yes counts").click()
        await user.should_see("Settled")

    assert not allowed(desk).allowed
    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)
    assert allowed(desk).allowed


def test_what_a_guardian_asked_for_is_let_go_on_there(desk):
    view = agreed(desk, open_chat(desk, MAYA)).ask_for(RequestKind.EXPORT)

    async def visit(user):
        await user.open("/reviews")
        await user.should_see(view.number)
        user.find("Carry it out").click()
        await user.should_see("carried out")

    at_the_desk(desk, StaffRole.ADMIN, visit)


def test_whoever_denies_what_a_guardian_asked_for_reads_who_is_told_what(desk):
    view = agreed(desk, open_chat(desk, MAYA)).ask_for(RequestKind.EXPORT)

    async def visit(user):
        await user.open(f"/requests/{view.number}")
        reason = next(each for each in user.find(kind=ui.select).elements if "nothing_held" in each.options)
        reason.value = "nothing_held"
        await user.should_see(
            "The parent or guardian reads: we cannot do what you asked for: we hold no data of that kind"
        )
        user.find("Where the parent or guardian can complain").type("the Office of Example")
        user.find("Deny and tell the parent or guardian").click()
        await user.should_see(
            "Denied; the parent or guardian was told why and where to complain, the young person that"
        )
        await user.should_see("about this young person.")

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)
    assert "about this young person" in " ".join(mails(desk, MOTHER)[0].text.split())


def test_what_reached_nobody_stands_there_until_somebody_saw_to_it(desk):
    agreed(desk, open_chat(desk, MAYA))
    with desk.transaction() as session:
        now = desk.clock.now()
        alarm(session, desk, now, MAYA, NOTICE, "A service of the shop did not take the notice.")

    async def looks_only(user):
        await user.open("/reviews")
        await user.should_see("did not take the notice")
        await user.should_not_see("I looked after it")

    async def visit(user):
        await user.open("/reviews")
        await user.should_see("did not take the notice")
        user.find("I looked after it").click()
        await user.should_see("the record says who saw to it")
        await user.open("/reviews")
        await user.should_see("All of them arrived.")

    at_the_desk(desk, StaffRole.AUDITOR, looks_only)
    at_the_desk(desk, StaffRole.AGENT, visit)
    with desk.reading() as session:
        assert session.query(AuditEntry).filter_by(event="case_closed").one().actor.startswith("staff:")


def test_a_guardian_whose_receipt_did_not_arrive_is_sent_a_new_link_there(desk):
    number = agreed(desk, open_chat(desk, MAYA)).see().row.number
    with desk.transaction() as session:
        page_took_no_mail(session, desk, desk.clock.now(), row(desk, number))
    before = len(mails(desk, MOTHER))

    async def visit(user):
        await user.open("/reviews")
        await user.should_see("did not arrive")
        user.find(kind=ui.button, content="Send a new link").click()
        await user.should_see("A new link is on its way")
        await user.open("/reviews")
        await user.should_see("All of them arrived.")

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert len(mails(desk, MOTHER)) == before + 1 and "Open the page:" in mails(desk, MOTHER)[0].text
