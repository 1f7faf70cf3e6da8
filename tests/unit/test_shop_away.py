"""While the shop's database does not answer: what people bring is kept, and nobody is told of mails that never come."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import structlog
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from actions.complaint import OpenComplaint
from actions.handoff import HandOff, PersonFirst
from actions.policy_objection import ObjectToPolicyUpdate
from bot.config import PROJECT
from bot.desk import app
from bot.errors import Conflict, DeskError, Unavailable
from bot.privacy import deadlines_watch, fulfilment, handoff_ownership, handoff_talk, outcome
from bot.privacy.complaint_answer import ANSWER_MAIL, answer_case
from bot.privacy.deadlines_extension import extend
from bot.privacy.denial import deny
from bot.privacy.handoff_ownership import Agent
from bot.privacy.identity_verification import Verdict
from bot.privacy.request_waiting import begin_what_is_due
from bot.privacy.rooms import ROOMS
from bot.store.desk_tables import Case, Handoff, Mail, Message, PrivacyRequest, Restriction
from bot.vocabulary import CaseKind, CaseState, Regime, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat, others_can_write, without_shop

ADA, BEN = "1001", "1002"
MIA = Agent("staff:1", "Mia")
DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
BROUGHT = {
    "danger": ("i want to kill myself", "any", PersonFirst, "utter_person_first_self_harm", CaseKind.HANDOFF),
    "a person": ("A person, please", "ask_human", HandOff, "utter_handoff_waiting", CaseKind.HANDOFF),
    "a leak": (
        "Strangers read my orders", "report_security_issue", OpenComplaint, "utter_security_report_filed",
        CaseKind.SECURITY_REPORT,
    ),
    "a complaint": (
        "I want to complain", "file_complaint", OpenComplaint, "utter_complaint_filed", CaseKind.COMPLAINT,
    ),
    "a no": (
        "I object to the policy", "object_to_policy_update", ObjectToPolicyUpdate, "utter_policy_objection_filed",
        CaseKind.POLICY_OBJECTION,
    ),
}  # fmt: skip
"""Words, what they are read as, the action, its answer, and the case that is filed."""


def all_of(desk, table):
    with desk.reading() as session:
        return session.scalars(select(table)).all()


def hear(desk, conversation_id, words, intent, action):
    """What the bot answers to words in this conversation."""
    with desk.transaction() as session:
        said = Message(
            conversation_id=conversation_id, author="user", text=words, citations=[], choices=[],
            created_at=desk.clock.now(),
        )  # fmt: skip
        session.add(said)
        session.flush()
        latest = {"intent": {"name": intent}, "metadata": {"message": str(said.id)}}
        latest["intent_ranking"] = [{"name": intent}, {"name": "other"}]
    dispatcher = CollectingDispatcher()
    tracker = Tracker(conversation_id, {}, latest, [], False, None, {}, "action_listen")
    asyncio.run(action(desk).run(dispatcher, tracker, DOMAIN))
    return [message["response"] for message in dispatcher.messages]


@pytest.mark.parametrize("what", BROUGHT)
def test_what_a_customer_brings_is_filed_and_told_although_the_shop_is_away(desk, what):
    words, intent, action, response, kind = BROUGHT[what]
    bystander = open_chat(desk, None)
    with structlog.testing.capture_logs() as logged:
        assert response in hear(without_shop(desk), open_chat(desk, ADA), words, intent, action)
    (case,) = all_of(desk, Case)
    assert (case.kind, case.subject) == (kind, ADA)
    waits = [handoff.case_number for handoff in all_of(desk, Handoff)]
    assert waits == ([case.number] if kind in {CaseKind.HANDOFF, CaseKind.SECURITY_REPORT} else [])
    assert all_of(desk, Mail) == []
    assert [entry["error"] for entry in logged] == ["OperationalError"]
    assert ADA not in str(logged)
    assert bystander not in [each.conversation_id for each in all_of(desk, Case)]


def test_a_customer_of_a_shop_that_is_there_has_the_number_by_mail(desk):
    hear(desk, open_chat(desk, ADA), *BROUGHT["a person"][:3])
    assert [mail.recipient for mail in all_of(desk, Mail)] == ["amelia.hartley@example.com"]


def test_an_address_that_something_depends_on_is_not_taken_for_none(desk):
    with pytest.raises(OperationalError):
        without_shop(desk).email_of(ADA)
    assert without_shop(desk).email_if_at_hand(ADA) is None
    assert desk.email_if_at_hand(None) is None


def written_for(desk, number):
    """The kinds of mail that were written about a request, by their keys."""
    return sorted(mail.dedupe_key for mail in all_of(desk, Mail) if mail.dedupe_key.endswith(f":{number}"))


@pytest.fixture
def deletion(desk):
    """A deletion that is agreed to and can still be taken back, with its chat."""
    chat = open_chat(desk, ADA)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    return chat, number


def test_a_deletion_is_taken_back_although_the_shop_is_away_and_never_runs(desk, deletion):
    chat, number = deletion
    bystander = open_chat(desk, BEN)
    other = rights.ask(desk, bystander, RequestKind.ERASURE).number
    rights.verify(desk, bystander, other)
    assert rights.revoke(without_shop(desk), chat, number).state is RequestState.REVOKED
    desk.clock.advance(timedelta(days=desk.settings.cooling_off_days, minutes=1))
    assert begin_what_is_due(desk) == 1, "the bystander's goes on"
    assert fulfilment.waiting_for_a_worker(desk) == [other]
    assert [each.request_number for each in all_of(desk, Restriction) if each.lifted_at is None] == [other]
    assert written_for(desk, number) == [f"received:{number}"]


def test_a_typed_code_counts_although_the_shop_is_away(desk):
    chat = open_chat(desk, ADA)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    code = rights.code_for(desk, chat, number)
    assert rights.type_code(without_shop(desk), chat, number, code).verdict is Verdict.VERIFIED
    assert rights.state_of(desk, number).state is RequestState.COOLING_OFF
    assert [each.request_number for each in all_of(desk, Restriction)] == [number], "processing stops at once"
    assert written_for(desk, number) == []


def test_a_changed_contact_detail_is_never_agreed_to_without_telling_the_old_address(desk):
    chat = open_chat(desk, ADA)
    number = rights.ask(desk, chat, RequestKind.RECTIFICATION, {"contact": True, "changes": []}).number
    code = rights.code_for(desk, chat, number)
    with pytest.raises(OperationalError):
        rights.type_code(without_shop(desk), chat, number, code)
    assert rights.state_of(desk, number).state is RequestState.AWAITING_VERIFICATION
    assert rights.type_code(desk, chat, number, code).verdict is Verdict.VERIFIED
    assert f"contact_changed:{number}" in written_for(desk, number)


def deny_it(session, desk, number):
    deny(session, desk, desk.clock.now(), number, "unfounded", "GDPR Article 12(5)", "the Office of Example", "staff:1")


def extend_it(session, desk, number):
    extend(session, desk, desk.clock.now(), number, "complex", "staff:1")


@pytest.mark.parametrize("act", [deny_it, extend_it])
def test_a_denial_and_an_extension_wait_for_the_shop_rather_than_go_untold(desk, deletion, act):
    _, number = deletion
    with desk.transaction() as session:
        session.get_one(PrivacyRequest, number).regime = Regime.GDPR
    with desk.reading() as session:
        before = session.get_one(PrivacyRequest, number)
        messages = len(all_of(desk, Message))
    away = without_shop(desk)
    with pytest.raises(OperationalError), away.transaction() as session:
        act(session, away, number)
    with desk.reading() as session:
        after = session.get_one(PrivacyRequest, number)
    assert (after.state, after.due_at, after.outcome) == (before.state, before.due_at, before.outcome)
    assert len(all_of(desk, Message)) == messages
    with desk.transaction() as session:
        act(session, desk, number)
    assert len(written_for(desk, number)) == 2


def test_an_answer_to_a_case_waits_for_the_shop_rather_than_go_unmailed(desk):
    hear(desk, open_chat(desk, ADA), *BROUGHT["a complaint"][:3])
    (case,), away = all_of(desk, Case), without_shop(desk)
    for at in (away, desk):
        with suppress(OperationalError), at.transaction() as session:
            answer_case(session, at, at.clock.now(), case.number, "kim", "It is settled.")
        assert all_of(desk, Case)[0].state == (CaseState.WAITING if at is away else CaseState.ANSWERED)
    assert any(mail.dedupe_key.startswith(ANSWER_MAIL) for mail in all_of(desk, Mail))


def test_staff_read_that_nothing_was_changed_while_a_database_is_away(monkeypatch):
    read = []
    monkeypatch.setattr(app, "complain", read.append)
    with structlog.testing.capture_logs() as logged:
        for error in (OperationalError("SELECT", {"customer": ADA}, Exception()), ValueError(ADA), Conflict("No.")):
            app._tell(error)
    assert read == [Unavailable.detail, DeskError.detail, "No."]
    assert "nothing was changed" in read[0]
    assert ADA not in str(logged)


def answer_who_is_away(desk):
    chat = open_chat(desk, ADA)
    with desk.transaction() as session:
        handoff_ownership.take(session, desk, chat, MIA)
        handoff_talk.say(session, desk, chat, MIA, "Your invoice is corrected.", "k")
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=1)))
    return lambda at: handoff_talk.mail_those_away(at)


def never_verify(desk):
    rights.ask(desk, open_chat(desk, ADA), RequestKind.ERASURE)
    desk.clock.advance(timedelta(days=desk.settings.unverified_days, minutes=1))
    return deadlines_watch.expire


def finish_a_correction(desk):
    rights.ask(desk, open_chat(desk, ADA), RequestKind.RECTIFICATION, {"contact": False, "changes": []})
    return rights.work


def fetch_a_copy(desk):
    chat = open_chat(desk, ADA)
    number = rights.ask(desk, chat, RequestKind.EXPORT).number
    rights.verify(desk, chat, number)
    return rights.work


WORK = {
    answer_who_is_away: "handoff:",
    never_verify: "expired:",
    finish_a_correction: "request_fulfilled:",
    fetch_a_copy: "export-ready:",
}
"""What the worker does beside the mail, and the key of the mail."""


@pytest.mark.parametrize("prepare", WORK)
def test_the_worker_asks_the_shop_for_an_address_while_everybody_else_can_write(own_desk, prepare):
    desk = own_desk()
    work = prepare(desk)
    could = others_can_write(desk)
    work(desk)
    assert any(mail.dedupe_key.startswith(WORK[prepare]) for mail in all_of(desk, Mail))
    assert could and all(could)


@pytest.mark.parametrize("prepare", [answer_who_is_away, never_verify])
def test_what_the_worker_tells_by_mail_waits_until_the_shop_is_there(own_desk, prepare):
    desk = own_desk()
    work = prepare(desk)
    before = len(all_of(desk, Mail))
    with pytest.raises(OperationalError):
        work(without_shop(desk))
    assert len(all_of(desk, Mail)) == before
    assert work(desk) == 1
    assert len(all_of(desk, Mail)) == before + 1


def test_work_whose_end_is_not_mailed_ends_although_the_shop_is_away(desk):
    request = PrivacyRequest(kind=RequestKind.EXPORT, subject=ADA)
    assert outcome.address_for_end(without_shop(desk), request, ROOMS[RequestKind.EXPORT]) is None
    with pytest.raises(OperationalError):
        outcome.address_for_end(without_shop(desk), request, ROOMS[RequestKind.RECTIFICATION])
