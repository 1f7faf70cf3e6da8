"""While the shop's database does not answer: what people bring is kept, and nobody is told of mails that never come."""

import asyncio

import pytest
import structlog
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from actions.complaint import OpenComplaint
from actions.handoff import HandOff, PersonFirst
from actions.policy_objection import ObjectToPolicyUpdate
from bot.config import PROJECT
from bot.store.desk_tables import Case, Handoff, Mail, Message
from bot.vocabulary import CaseKind
from tests.unit.conftest import open_chat, without_shop

ADA = "1001"
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
