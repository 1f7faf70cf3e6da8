"""Pages of the staff desk, as members of staff see and use them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from nicegui import ui
from sqlalchemy import select

from bot import jobs, mailing
from bot.config import Settings
from bot.desk import words
from bot.errors import Conflict
from bot.privacy import export, fulfilment, holds, staff_accounts
from bot.privacy.complaint import file_case
from bot.privacy.deadlines import date_of, due
from bot.privacy.denial import deny
from bot.privacy.guardian_consent import declare
from bot.privacy.outcome import Alarm, alarm
from bot.privacy.request_desk import looked_after
from bot.privacy.request_file import request_file
from bot.privacy.request_queue import Show, queue, sizes
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, Hold, Minor, PrivacyRequest, UnansweredTopic
from bot.vocabulary import AuditEvent, CaseKind, HoldKind, Regime, RequestKind, RequestState, StaffRole
from tests import rights
from tests.desk_pages import at_the_desk, hire
from tests.guardians import FATHER, MAYA, Guardian, agreed, asked
from tests.unit.conftest import open_chat

SUBJECT, BYSTANDER = "1001", "1002"


@pytest.fixture
def desk(own_desk):
    return own_desk()


@pytest.fixture
def deletion(desk):
    """A deletion in its days of cooling off."""
    chat = open_chat(desk, SUBJECT)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    return number


def row(desk, number):
    with desk.reading() as session:
        return session.get_one(PrivacyRequest, number)


def numbers(desk, show, staff_id=0):
    with desk.reading() as session:
        found = [each.number for each in queue(session, desk.clock.now(), show, staff_id)]
        assert len(found) == sizes(session, desk.clock.now(), staff_id)[show]
        return found


def test_the_queue_shows_what_waits_for_a_person_what_is_mine_and_what_is_late(desk, deletion):
    kim = hire(desk, name="kim").staff_id
    guardian = rights.ask(desk, open_chat(desk, BYSTANDER), RequestKind.EXPORT).number
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, guardian)
        request.state, request.hold_reason = RequestState.ON_HOLD, HoldKind.GUARDIAN_ASKED
    assert numbers(desk, Show.WAITING) == [guardian]
    assert sorted(numbers(desk, Show.ALL)) == sorted([deletion, guardian])
    assert numbers(desk, Show.MINE, kim) == [] == numbers(desk, Show.OVERDUE)
    with desk.transaction() as session:
        session.get_one(PrivacyRequest, deletion).assigned_to = kim
    assert numbers(desk, Show.MINE, kim) == [deletion]
    desk.clock.advance(timedelta(days=desk.settings.answer_days + 1))
    assert sorted(numbers(desk, Show.OVERDUE)) == sorted([deletion, guardian])
    with desk.transaction() as session:
        session.get_one(PrivacyRequest, deletion).state = RequestState.PARTLY_FULFILLED
    assert deletion in numbers(desk, Show.WAITING)
    for reason, waits in ((HoldKind.NO_ADDRESS, True), (HoldKind.CONTACT_CHANGED, False)):
        with desk.transaction() as session:
            request = session.get_one(PrivacyRequest, deletion)
            request.state, request.hold_reason = RequestState.ON_HOLD, reason
        assert (deletion in numbers(desk, Show.WAITING)) is waits


def test_a_request_whose_steps_keep_failing_is_in_the_queue_until_it_goes_on(desk, monkeypatch):
    chat, bystander = open_chat(desk, SUBJECT), open_chat(desk, BYSTANDER)
    failing, other = rights.ask(desk, chat, RequestKind.EXPORT), rights.ask(desk, bystander, RequestKind.EXPORT)
    rights.verify(desk, chat, failing.number)
    rights.verify(desk, bystander, other.number)
    with monkeypatch.context() as broken:
        fails = replace(export.ROOM, steps=mock.Mock(side_effect=OSError))
        broken.setitem(fulfilment.ROOMS, RequestKind.EXPORT, fails)
        for _ in range(desk.settings.worker_tries):
            assert numbers(desk, Show.WAITING) == []
            rights.skip_pauses(desk)
            jobs.carry_out(desk, failing.number)
    assert (row(desk, failing.number).state, numbers(desk, Show.WAITING)) == (RequestState.RUNNING, [failing.number])
    rights.work(desk)
    assert row(desk, failing.number).state == RequestState.FULFILLED
    assert numbers(desk, Show.WAITING) == []


@pytest.mark.parametrize(
    ("state", "then", "later"),
    [
        (RequestState.PARTLY_FULFILLED, "29 days left", "overdue since"),
        (RequestState.FULFILLED, "in time", "in time"),
    ],
)
def test_what_was_done_in_part_is_due_until_the_rest_is_done(desk, deletion, state, then, later):
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, deletion)
        request.state, request.closed_at = state, desk.clock.now()
        request.due_at = desk.clock.now() + timedelta(days=29, hours=1)

    def reads(said):
        async def visit(user):
            for address in (f"/requests/{deletion}", "/requests?show=all"):
                await user.open(address)
                await user.should_see(content=said, kind=ui.html)

        return visit

    at_the_desk(desk, StaffRole.AUDITOR, reads(then))
    desk.clock.advance(timedelta(days=30))
    at_the_desk(desk, StaffRole.AGENT, reads(later))


@pytest.fixture
def denied(desk, deletion):
    """A deletion that was denied; its person's address takes no mail. A bystander's request waits, and is mailed."""
    rights.ask(desk, open_chat(desk, BYSTANDER), RequestKind.EXPORT)
    with desk.transaction() as session:
        deny(
            session, desk, desk.clock.now(), deletion, "legal_claims", "GDPR Article 17(3)(e)", "the Office", "staff:9"
        )
    away = desk.email_of(SUBJECT)

    def send(mail):
        if mail.recipient == away:
            raise mailing.RecipientRefused

    mailing.send_waiting_mails(desk, mock.Mock(send=send))
    return deletion


def alarms(desk):
    with desk.reading() as session:
        return [(each.request_number, each.state) for each in session.scalars(select(Case))]


def test_a_closed_request_whose_mail_came_back_waits_for_a_person_until_somebody_looked_after_it(desk, denied):
    assert (row(desk, denied).state, numbers(desk, Show.WAITING)) == (RequestState.DENIED, [denied])

    async def visit(user):
        await user.open(f"/requests/{denied}")
        await user.should_see("A mail about it could not be delivered: reach the person in another way.")
        user.find("I looked after it").click()
        await user.should_see("The alarm is answered.")
        await user.open(f"/requests/{denied}")
        await user.should_not_see("I looked after it")

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert (alarms(desk), numbers(desk, Show.WAITING)) == ([(denied, "closed")], [])
    with desk.reading() as session:
        (case,) = session.scalars(select(Case))
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.CASE_CLOSED))
    assert (entry.reference, entry.actor[:6], case.closed_at) == (case.number, "staff:", desk.clock.now())


def test_an_auditor_reads_of_an_alarm_and_cannot_answer_it(desk, denied):
    async def visit(user):
        await user.open(f"/requests/{denied}")
        await user.should_see("A mail about it could not be delivered: reach the person in another way.")
        await user.should_not_see("I looked after it")

    at_the_desk(desk, StaffRole.AUDITOR, visit)
    assert alarms(desk) == [(denied, "waiting")]


def test_an_alarm_tells_each_thing_that_happened_once_and_is_answered_once(desk, denied):
    for what in (Alarm.NOTICE, Alarm.MAIL, Alarm.NOTICE):
        with desk.transaction() as session:
            alarm(session, desk, desk.clock.now(), session.get_one(PrivacyRequest, denied), what)
    with desk.reading() as session:
        assert [happened for _, happened in request_file(session, desk, desk.clock.now(), denied).alarms] == [
            f"{Alarm.MAIL} {Alarm.NOTICE}"
        ]
    with desk.transaction() as session:
        looked_after(session, desk.clock.now(), denied, "staff:9")
    with desk.transaction() as session, pytest.raises(Conflict):
        looked_after(session, desk.clock.now(), denied, "staff:9")
    with desk.transaction() as session:
        alarm(session, desk, desk.clock.now(), session.get_one(PrivacyRequest, denied), Alarm.NOTICE)
    assert alarms(desk) == [(denied, "closed"), (denied, "waiting")], "what goes on is alarmed about anew"


@pytest.mark.parametrize(
    ("state", "may"),
    [(RequestState.PARTLY_FULFILLED, True), (RequestState.DENIED, False), (RequestState.FULFILLED, False)],
)
def test_only_what_was_done_in_part_is_taken_up_again(desk, deletion, state, may):
    with desk.transaction() as session:
        session.get_one(PrivacyRequest, deletion).state = state
    with desk.reading() as session:
        assert request_file(session, desk, desk.clock.now(), deletion).may_take_up is may


def test_everybody_reads_the_queue_and_an_unknown_list_is_a_sentence(desk, deletion):
    async def visit(user):
        await user.open("/requests?show=all")
        await user.should_see(content=deletion, kind=ui.html)
        await user.should_see(content="Deletion", kind=ui.html)

    at_the_desk(desk, StaffRole.AUDITOR, visit)


def test_a_request_page_says_where_it_stands_what_was_done_and_what_a_deletion_will_do(desk, deletion):
    async def visit(user):
        await user.open(f"/requests/{deletion}")
        await user.should_see(content="can still be taken back", kind=ui.html)
        await user.should_see(content="What will be deleted and what stays", kind=ui.html)
        await user.should_see("Nothing was begun.")

    at_the_desk(desk, StaffRole.AGENT, visit)


@pytest.mark.parametrize(
    ("hours", "left"),
    [(0, "15 Aug, today"), (-9, "15 Aug, today"), (-12, "15 Aug, 1 day left"), (13, "15 Aug, today"),
     (14, "overdue since 15 Aug"), (-24 * 3, "15 Aug, 3 days left")],
)  # fmt: skip
def test_the_desk_counts_the_days_to_the_day_the_person_was_told(hours, left):
    settings = Settings(business_calendar="US-CA", regime=Regime.CCPA)
    received = datetime(2026, 7, 1, 17, tzinfo=UTC)
    promised = due(Regime.CCPA, RequestKind.ERASURE, received, settings).due_at
    assert f"{date_of(promised, settings)}" == "2026-08-15"
    ten_on_that_day = datetime(2026, 8, 15, 10, tzinfo=ZoneInfo("America/Los_Angeles"))
    mark = words.due(ten_on_that_day + timedelta(hours=hours), promised, RequestState.RUNNING, settings)
    assert mark.text == left
    assert mark.tone == ("late" if hours == 14 else "calm" if "3 days" in left else "soon")


def test_every_page_of_the_desk_shows_the_day_the_person_was_told(desk, deletion):
    desk.settings.business_calendar = "US-CA"
    chat = open_chat(desk, SUBJECT)
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, deletion)
        request.due_at = request.first_due_at = datetime(2027, 8, 16, 6, 59, 59, tzinfo=UTC)
        request.extension_reason = "complex"
        request.received_at = datetime(2026, 11, 20, 1, tzinfo=UTC)

    async def visit(user):
        for page, day in (
            ("/requests?show=all", "15 Aug, "), ("/requests?show=all", "19 Nov 2026"),
            (f"/requests/{deletion}", "15 Aug, "), (f"/requests/{deletion}", "15 Aug 2027; extended"),
            (f"/customers/{SUBJECT}", "15 Aug 2027"), (f"/conversations/{chat}", "15 Aug 2027"),
        ):  # fmt: skip
            await user.open(page)
            await user.should_see(day)
            await user.should_not_see("16 Aug,")
            await user.should_not_see("16 Aug 2027")

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)


def test_an_auditor_reads_and_is_offered_nothing_and_an_agent_no_decision(desk, deletion):
    async def auditor(user):
        await user.open(f"/requests/{deletion}")
        await user.should_not_see("I look after it")
        await user.should_not_see("Deny and tell the person")

    async def agent(user):
        await user.open(f"/requests/{deletion}")
        await user.should_see("I look after it")
        await user.should_not_see("Deny and tell the person")

    at_the_desk(desk, StaffRole.AUDITOR, auditor)
    at_the_desk(desk, StaffRole.AGENT, agent)


def test_a_request_is_not_offered_to_an_auditor_or_to_whoever_left(desk, deletion):
    for name, role in (("ada", StaffRole.AUDITOR), ("tom", StaffRole.AGENT), ("zoe", StaffRole.AGENT)):
        hire(desk, role, name)
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "zoe", "test")
    offered = []

    async def visit(user):
        await user.open(f"/requests/{deletion}")
        (choice,) = [each for each in user.find(kind=ui.select).elements if each.props["label"] == "Colleague"]
        offered.extend(choice.options.values())

    at_the_desk(desk, StaffRole.AGENT, visit)
    assert offered == ["kim.agent", "tom"]


def test_a_privacy_officer_denies_a_request_and_cannot_without_the_fields(desk, deletion):
    async def visit(user):
        await user.open(f"/requests/{deletion}")
        user.find("Deny and tell the person").click()
        await user.should_see("Choose a reason. A request cannot be denied without one.")
        reason = next(each for each in user.find(kind=ui.select).elements if each.props["label"] == "Reason"
                      and "legal_claims" in each.options)  # fmt: skip
        reason.value = "legal_claims"
        user.find("Deny and tell the person").click()
        await user.should_see("Say where the person can complain about the denial, in at most 300 characters.")
        user.find("Where the person can complain").type("the Office of Example")
        user.find("Deny and tell the person").click()
        await user.should_see("Denied; the person was told why and where to complain.")

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)
    request = row(desk, deletion)
    assert request.state == RequestState.DENIED
    assert request.outcome["denial"]["law"] == "GDPR Article 17(3)(e)"


def test_what_a_page_still_shows_never_decides(desk, deletion):
    """The page is open when the officer becomes an auditor; the button is there and does nothing."""
    from sqlalchemy import update

    from bot.store.desk_tables import StaffMember

    async def visit(user):
        await user.open(f"/requests/{deletion}")
        with desk.transaction() as session:
            session.execute(update(StaffMember).values(role=StaffRole.AUDITOR))
        user.find("Legal matter, such as a file number").type("matter 17")
        user.find("Hold").click()
        await user.should_see(
            "Your role may not do this, or your sign-in has ended. Sign in again, or ask a colleague."
        )

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)
    with desk.reading() as session:
        assert session.scalars(select(Hold)).all() == []


@pytest.mark.parametrize("page", ["requests", "customers"])
def test_a_legal_hold_is_placed_and_released_by_its_name_for_this_customer_only(desk, deletion, page):
    with desk.transaction() as session:
        holds.place(session, desk.clock.now(), BYSTANDER, HoldKind.LEGAL, None, "matter 17", "test")

    async def visit(user):
        await user.open(f"/requests/{deletion}")
        user.find("Legal matter, such as a file number").type("matter 17")
        user.find("Hold").click()
        await user.should_see("Held under matter 17.")
        await user.open(f"/requests/{deletion}" if page == "requests" else f"/customers/{SUBJECT}")
        await user.should_see(content="Release the hold matter 17", kind=ui.html)
        await user.should_see("Deletions that waited for it begin at once, and cannot be undone.")
        user.find("Release matter 17").click()
        await user.should_see("Released matter 17.")

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, visit)
    with desk.reading() as session:
        found = session.scalars(select(Hold).order_by(Hold.subject))
        assert [(each.kind, each.subject, each.released_at is None) for each in found] == [
            (HoldKind.LEGAL, SUBJECT, False),
            (HoldKind.LEGAL, BYSTANDER, True),
        ]


def test_two_people_approve_on_their_pages_and_the_first_cannot_twice(desk, deletion):
    desk.settings.destructive_approval = True
    rights.finish(desk, deletion)

    async def first(user):
        await user.open(f"/requests/{deletion}")
        user.find("Approve").click()
        await user.should_see("Approved; one more person must approve it.")
        await user.should_see("You have approved it. Another person must approve it too.")

    async def second(user):
        await user.open(f"/requests/{deletion}")
        user.find("Approve").click()
        await user.should_see("Approved by two; it is carried out.")

    at_the_desk(desk, StaffRole.PRIVACY_OFFICER, first)
    assert row(desk, deletion).state == RequestState.AWAITING_APPROVAL
    at_the_desk(desk, StaffRole.ADMIN, second)
    assert row(desk, deletion).state == RequestState.RUNNING


def test_a_customers_card_shows_shortened_values_only_and_each_look_is_recorded(desk, deletion):
    shown = []

    async def visit(user):
        client = await user.open(f"/customers/{SUBJECT}")
        shown.extend(str(each._props) + str(getattr(each, "text", "")) for each in client.elements.values())
        await user.should_see(content="a deletion is on its way", kind=ui.label)
        await user.should_see(content=deletion, kind=ui.html)

    at_the_desk(desk, StaffRole.AGENT, visit)
    page = " ".join(shown)
    person = desk.shop.customer(SUBJECT)
    for value in (person["email"], person["phone"]):
        assert value not in page
    assert "•" in page
    with desk.reading() as session:
        looks = session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.CUSTOMER_CARD_OPENED)).all()
    assert len(looks) == 1 and looks[0].actor.startswith("staff:") and looks[0].subject != SUBJECT


@pytest.mark.parametrize("role", [StaffRole.PRIVACY_OFFICER, StaffRole.AGENT])
def test_who_said_by_mistake_that_they_are_under_18_is_freed_on_their_card_by_a_privacy_officer(desk, role):
    chat = open_chat(desk, SUBJECT)
    with desk.transaction() as session:
        declare(session, desk, desk.clock.now(), conversations.conversation(session, chat))

    async def visit(user):
        await user.open(f"/customers/{SUBJECT}")
        await user.should_see("Under 18 by their own word.")
        if role is StaffRole.AGENT:
            await user.should_not_see("They are of age")
        else:
            user.find("They are of age").click()
            await user.should_see("The mark is cleared.")
            await user.open(f"/customers/{MAYA}")
            await user.should_see("Under 18 by the birth date on file.")
            await user.should_not_see("They are of age")

    at_the_desk(desk, role, visit)
    freed = role is StaffRole.PRIVACY_OFFICER
    with desk.reading() as session:
        assert (session.get(Minor, SUBJECT) is None) is freed
        cleared = session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.MINOR_MARK_CLEARED)).all()
    assert [entry.actor.startswith("staff:") for entry in cleared] == [True] * freed


@pytest.fixture
def cases(desk, deletion):
    """One of each kind that has a number of its own: what it is, its number, and where it is looked after."""
    chat, gone = open_chat(desk, MAYA), open_chat(desk, MAYA)
    agreed(desk, chat)
    asked(desk, chat, FATHER, "Frank Father")
    father = Guardian(desk, FATHER)
    father.prove()
    father.refuse()
    now = desk.clock.now()
    due_at = now + timedelta(days=9)
    filed = [
        ("complaint", chat, CaseKind.COMPLAINT),
        ("handoff", chat, CaseKind.HANDOFF),
        ("erased", gone, CaseKind.HANDOFF),
    ]
    with desk.transaction() as session:
        numbers = {
            name: file_case(
                session, desk.settings, now, conversations.conversation(session, where), kind, name, due_at, None
            ).number
            for name, where, kind in filed
        }
        alarm(session, desk, now, session.get_one(PrivacyRequest, deletion), Alarm.HELD)
        session.flush()
        session.get_one(Case, numbers["erased"]).conversation_id = None
        numbers["alarm"] = session.scalars(select(Case.number).where(Case.request_number == deletion)).one()
        numbers["dispute"] = session.scalars(select(Case.number).where(Case.origin.like("guardian-dispute%"))).one()
    places = {
        "complaint": f"/cases/{numbers['complaint']}", "handoff": f"/conversations/{chat}",
        "alarm": f"/requests/{deletion}", "dispute": "/reviews",
    }  # fmt: skip
    return numbers, places


def test_every_number_of_a_case_leads_in_the_search_to_where_it_is_looked_after(desk, cases):
    numbers, places = cases
    shown = {"complaint": "Answer it", "handoff": "The bot answers", "alarm": "Steps done", "dispute": "Signed forms"}

    async def visit(user):
        for name, place in places.items():
            await user.open("/account")
            user.find(kind=ui.input, content="PR-… CS-… or customer").type(numbers[name].lower()).trigger(
                "keydown.enter"
            )
            await user.should_see(shown[name])
            assert user.back_history[-1] == place
        await user.open("/account")
        user.find(kind=ui.input, content="PR-… CS-… or customer").type(numbers["erased"]).trigger("keydown.enter")
        await user.should_see(f"The conversation of {numbers['erased']} was erased.")

    at_the_desk(desk, StaffRole.ADMIN, visit)


def test_every_case_on_a_customers_card_leads_to_where_it_is_looked_after(desk, cases):
    numbers, places = cases
    found = []

    async def visit(user):
        client = await user.open(f"/customers/{MAYA}")
        found.extend(each.content for each in client.elements.values() if isinstance(each, ui.html))

    at_the_desk(desk, StaffRole.ADMIN, visit)
    linked = dict(re.findall(r'<td><a href="([^"]+)">(CS-[-0-9]+)</a>', "".join(found)))
    assert linked == {places[name]: numbers[name] for name in ("complaint", "handoff", "dispute")}
    assert f"<td>{numbers['erased']}</td>" in "".join(found) and numbers["alarm"] not in "".join(found)


@pytest.mark.parametrize("address", ["/customers/99999", "/requests/PR-2026-999999", "/requests?show=nothing"])
def test_what_is_not_there_is_a_sentence_and_404(desk, address):
    async def visit(user):
        answer = await user.http_client.get(address)
        assert answer.status_code == 404
        assert "There is no" in answer.text or "The shop has no" in answer.text

    at_the_desk(desk, StaffRole.AGENT, visit)


def test_unanswered_topics_are_counted_and_ordered(desk):
    today = desk.clock.now().date()
    with desk.transaction() as session:
        session.add(UnansweredTopic(day=today, topic="cookies", count=3))
        session.add(UnansweredTopic(day=today - timedelta(days=100), topic="cookies", count=40))
        session.add(UnansweredTopic(day=today, topic="data_location", count=5))

    async def visit(user):
        client = await user.open("/topics")
        (text,) = [each.content for each in client.elements.values() if "list" in each.classes]
        assert text.index("Data location") < text.index("Cookies") and "43" in text

    at_the_desk(desk, StaffRole.AUDITOR, visit)


def test_a_change_right_after_a_page_was_built_is_not_missed(desk, deletion):
    async def visit(user):
        await user.open(f"/requests/{deletion}")
        with desk.transaction() as session:
            session.get_one(PrivacyRequest, deletion).state = RequestState.AWAITING_APPROVAL
        await user.should_see(content="waits for approval", kind=ui.html)

    at_the_desk(desk, StaffRole.AGENT, visit)
