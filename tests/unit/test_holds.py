"""Holds: a legal matter keeps everybody's data that it needs, as long as it lasts and whenever it begins again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import NotFound
from bot.privacy import holds
from bot.privacy.request_waiting import begin_what_is_due
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, Hold, Mail, Message
from bot.vocabulary import CaseKind, CaseState, HoldKind, RequestKind
from tests import rights
from tests.unit.conftest import NOON, open_chat, without_shop

AMELIA, DANIEL, MATTER = "1001", "1002", "matter 17"


def hold(desk, subject, reference=MATTER, kind=HoldKind.LEGAL, until=None):
    with desk.transaction() as session:
        holds.place(session, NOON, subject, kind, until, reference, "counsel")


def release(desk, reference=MATTER, subject=None):
    with desk.transaction() as session:
        holds.release(session, NOON, reference, "counsel", subject)


def is_held(desk, subject, kind=HoldKind.LEGAL):
    with desk.reading() as session:
        return holds.is_held(session, NOON, subject, kind)


def test_the_same_hold_is_placed_once(desk):
    hold(desk, AMELIA)
    hold(desk, AMELIA)
    with desk.reading() as session:
        assert len(session.scalars(select(Hold)).all()) == 1
    assert not is_held(desk, DANIEL)


def test_a_matter_that_begins_again_holds_again(desk):
    hold(desk, AMELIA)
    release(desk)
    assert not is_held(desk, AMELIA)
    hold(desk, AMELIA)
    assert is_held(desk, AMELIA)


def test_a_matter_about_two_people_ends_for_both_and_leaves_other_matters_alone(desk):
    hold(desk, AMELIA)
    hold(desk, DANIEL)
    hold(desk, DANIEL, "matter 18")
    release(desk)
    assert not is_held(desk, AMELIA) and is_held(desk, DANIEL)
    release(desk, "matter 18")
    assert not is_held(desk, DANIEL)
    with desk.reading() as session:
        assert [e.event for e in session.scalars(select(AuditEntry))].count("hold_released") == 3


def test_a_hold_released_for_one_person_still_holds_everybody_else_of_the_matter(desk):
    for subject in (AMELIA, DANIEL):
        hold(desk, subject)
    hold(desk, AMELIA, "matter 18")
    release(desk, subject=AMELIA)
    assert is_held(desk, AMELIA) and is_held(desk, DANIEL)
    release(desk, "matter 18", AMELIA)
    assert not is_held(desk, AMELIA) and is_held(desk, DANIEL)
    with pytest.raises(NotFound):
        release(desk, subject=AMELIA)
    with desk.reading() as session:
        freed = [e.reference for e in session.scalars(select(AuditEntry)) if e.event == "hold_released"]
    assert freed == [MATTER, "matter 18"]


def test_only_a_legal_hold_is_released_by_a_person(desk):
    hold(desk, AMELIA, "PR-2026-000001", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=72))
    with pytest.raises(NotFound):
        release(desk, "PR-2026-000001")
    assert is_held(desk, AMELIA, HoldKind.CONTACT_CHANGED)


def test_a_copy_waits_for_the_end_of_the_last_of_two_changes_of_contact_details(own_desk):
    desk = own_desk()
    chat, bystander = open_chat(desk, AMELIA), open_chat(desk, DANIEL)
    for subject in (AMELIA, DANIEL):
        hold(desk, subject, "PR-2026-000901", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=72))
    number, other = (rights.ask(desk, each, RequestKind.EXPORT).number for each in (chat, bystander))
    rights.verify(desk, chat, number)
    rights.verify(desk, bystander, other)
    hold(desk, AMELIA, "PR-2026-000902", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=120))
    desk.clock.advance(timedelta(hours=73))
    rights.work(desk)
    waiting = rights.state_of(desk, number)
    assert (waiting.state, waiting.until) == ("on_hold", NOON + timedelta(hours=120)), "the person is told until when"
    assert rights.state_of(desk, other).state == "fulfilled", "nobody else waits"
    desk.clock.advance(timedelta(hours=48))
    rights.work(desk)
    assert rights.state_of(desk, number).state == "fulfilled"


def changed_contact(desk, subject, hours=72):
    now = desk.clock.now()
    with desk.transaction() as session:
        until = now + timedelta(hours=hours)
        holds.place(session, now, subject, HoldKind.CONTACT_CHANGED, until, "PR-2026-000903")
    return until


def deletion(desk, subject):
    chat = open_chat(desk, subject)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    return chat, number


def test_contact_details_changed_while_a_deletion_cools_off_leave_whoever_is_warned_all_of_their_hours(own_desk):
    desk = own_desk()
    (chat, number), (_, other) = deletion(desk, AMELIA), deletion(desk, DANIEL)
    desk.clock.advance(timedelta(days=6))
    until = changed_contact(desk, AMELIA)
    desk.clock.advance(timedelta(days=2))
    rights.work(desk)
    waiting = rights.state_of(desk, number)
    assert (waiting.state, waiting.until, waiting.revocable) == ("cooling_off", until, True)
    assert desk.shop.customer(AMELIA) is not None
    assert rights.state_of(desk, other).state == "fulfilled", "nobody else waits"
    assert rights.revoke(desk, chat, number).state == "revoked"


def test_a_deletion_goes_on_once_the_hours_after_a_change_of_contact_details_are_over(own_desk):
    desk = own_desk()
    _, number = deletion(desk, AMELIA)
    desk.clock.advance(timedelta(days=6))
    changed_contact(desk, AMELIA)
    desk.clock.advance(timedelta(days=3, minutes=1))
    rights.work(desk)
    assert rights.state_of(desk, number).state == "fulfilled"
    assert desk.shop.customer(AMELIA) is None and desk.shop.customer(DANIEL) is not None


def test_what_a_legal_matter_held_up_waits_for_changed_contact_details_as_well_and_alarms_nobody_for_them(own_desk):
    desk = own_desk()
    chat, number = deletion(desk, AMELIA)
    hold(desk, AMELIA)
    desk.clock.advance(timedelta(days=8))
    rights.work(desk)
    assert rights.state_of(desk, number).state == "on_hold"
    until = changed_contact(desk, AMELIA)
    release(desk)
    rights.work(desk)
    waiting = rights.state_of(desk, number)
    assert (waiting.state, waiting.until, waiting.revocable) == ("on_hold", until, True)
    with desk.reading() as session:
        alarms = session.scalars(select(Case.state).where(Case.kind == CaseKind.ALARM)).all()
        said = session.scalars(select(Message.response).where(Message.conversation_id == chat)).all()
    assert alarms == [CaseState.CLOSED], "that of the legal matter"
    assert said.count("utter_request_safe_wait") == 1
    assert desk.shop.customer(AMELIA) is not None
    desk.clock.advance(timedelta(hours=73))
    rights.work(desk)
    assert rights.state_of(desk, number).state == "fulfilled", "the days in which to take it back were over before"
    assert desk.shop.customer(AMELIA) is None and desk.shop.customer(DANIEL) is not None


RECORDED = {"scope": "recorded", "mode": "delete"}


def mail(desk, number, kind):
    """What a mail about a request says, in one line; None where it was not written."""
    with desk.reading() as session:
        found = session.scalar(select(Mail).where(Mail.dedupe_key == f"{kind}:{number}"))
        return " ".join(found.text.split()) if found else None


def told(desk, chat):
    """What the desk said in a chat by itself."""
    with desk.reading() as session:
        return [(each.response, each.text) for each in conversations.messages_after(session, chat)]


@pytest.mark.parametrize(("details", "stops"), [(None, True), (RECORDED, False)], ids=["everything", "recorded"])
@pytest.mark.parametrize("held", [False, True], ids=["at once", "after a wait"])
def test_the_mail_about_a_deletion_says_that_the_use_has_stopped_only_where_it_has(own_desk, details, stops, held):
    desk = own_desk()
    if held:
        hold(desk, AMELIA, "PR-2026-000901", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=72))
    chat = open_chat(desk, AMELIA)
    number = rights.ask(desk, chat, RequestKind.ERASURE, details).number
    rights.verify(desk, chat, number)
    words = mail(desk, number, "received")
    assert ("no longer uses your data" in words) == stops and "has stopped" not in words
    assert ("we wait until 26 November 2026" in words, "until 30 November 2026" in words) == (held, not held)


def test_who_waits_after_a_change_of_contact_details_learns_when_the_days_begin_in_which_to_take_it_back(own_desk):
    desk = own_desk()
    chat, bystander = open_chat(desk, AMELIA), open_chat(desk, DANIEL)
    for subject in (AMELIA, DANIEL):
        hold(desk, subject, "PR-2026-000901", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=72))
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    copy = rights.ask(desk, bystander, RequestKind.EXPORT).number
    rights.verify(desk, chat, number)
    rights.verify(desk, bystander, copy)
    assert "begin then, and we write to tell you when they end" in mail(desk, number, "received")
    assert "You can take the request back in the chat until then" in mail(desk, copy, "received")
    rights.work(desk)
    assert mail(desk, number, "cools-off") is None and told(desk, chat) == []
    desk.clock.advance(timedelta(hours=73))
    assert begin_what_is_due(without_shop(desk)) == 0, "it is told, or it waits"
    assert rights.state_of(desk, number).state == "on_hold"
    for _ in range(2):
        rights.work(desk)
    assert rights.state_of(desk, number).until == NOON + timedelta(hours=73, days=7)
    ((response, text),) = told(desk, chat)
    assert response == "utter_request_cools_off" and number in text and "Until 3 December 2026, 13:00 UTC" in text
    assert "in the chat until 3 December 2026, 13:00 UTC" in mail(desk, number, "cools-off")
    assert mail(desk, copy, "cools-off") is None
    assert [response for response, _ in told(desk, bystander)] == ["utter_export_ready"]


def test_where_a_shop_gives_no_days_to_take_it_back_nobody_is_promised_any(own_desk):
    desk = own_desk()
    desk.settings.cooling_off_days, desk.settings.webhook_urls = 0, ""
    hold(desk, AMELIA, "PR-2026-000901", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=72))
    chat = open_chat(desk, AMELIA)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    words = mail(desk, number, "received")
    assert "You can take the request back in the chat until then" in words and "begin then" not in words
    desk.clock.advance(timedelta(hours=73))
    begin_what_is_due(desk)
    assert rights.state_of(desk, number).state == "running" and mail(desk, number, "cools-off") is None
