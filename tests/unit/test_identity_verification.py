"""Check that it is you: a code for one request, in one conversation, for a short time, with few tries."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select, text

from actions.base import Turn
from actions.identity_verification import LEFT, RESEND, AskRequestCode, ValidateRequestForm
from bot.config import PROJECT
from bot.errors import TooManyCodes
from bot.privacy import complaint
from bot.privacy.identity_verification import Verdict, give_to_a_person
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, Mail, Message, PrivacyRequest, VerificationCode
from bot.vocabulary import CaseKind, CaseState, HoldKind, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat, spoken

RESPONSES = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]


@pytest.fixture
def asked(own_desk):
    """Amelia asked for a copy: desk, conversation and number."""
    desk = own_desk()
    chat = open_chat(desk, "1001")
    return desk, chat, rights.ask(desk, chat, RequestKind.EXPORT).number


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_right_code_lets_the_request_go_on(asked):
    desk, chat, number = asked
    assert rights.state_of(desk, number).state is RequestState.AWAITING_VERIFICATION
    assert rights.verify(desk, chat, number).state is RequestState.RUNNING
    with desk.reading() as session:
        mails = session.scalars(select(Mail).where(Mail.dedupe_key == f"received:{number}")).all()
    assert [(mail.recipient, number in mail.subject_line) for mail in mails] == [("amelia.hartley@example.com", True)]


def test_the_code_goes_to_the_address_on_file_and_to_nobody_else(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    with desk.reading() as session:
        mails = [mail for mail in session.scalars(select(Mail)) if code in mail.text]
    assert [mail.recipient for mail in mails] == ["amelia.hartley@example.com"]
    assert code not in mails[0].subject_line


def test_only_a_salted_hash_of_the_code_is_kept(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    with desk.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT salt, code_hash FROM verification_codes").all()
    assert code not in "".join(row)
    assert len(row[0]) == 32 and len(row[1]) == 64


def test_after_three_wrong_codes_the_right_one_is_refused(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    verdicts = [rights.type_code(desk, chat, number, wrong(code)) for _ in range(3)]
    assert [(each.verdict, each.tries_left) for each in verdicts] == [
        (Verdict.WRONG, 2),
        (Verdict.WRONG, 1),
        (Verdict.GONE, 0),
    ]
    assert rights.type_code(desk, chat, number, code).verdict is Verdict.GONE
    assert rights.state_of(desk, number).state is RequestState.AWAITING_VERIFICATION


def test_what_becomes_of_a_request_is_told_in_the_chat_in_which_its_code_was_typed(asked):
    desk, first, number = asked
    hers = rights.ask(desk, open_chat(desk, "1002"), RequestKind.EXPORT).number
    second = open_chat(desk, "1001")
    rights.type_code(desk, second, number, wrong(rights.code_for(desk, second, number)))
    told = [None, None]
    with desk.reading() as session:
        told[0] = session.get_one(PrivacyRequest, number).conversation_id
    rights.type_code(desk, second, number, rights.code_for(desk, second, number))
    with desk.reading() as session:
        told[1], theirs = (session.get_one(PrivacyRequest, each).conversation_id for each in (number, hers))
    assert told == [first, second] and theirs not in told


def test_a_code_serves_once(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    assert rights.type_code(desk, chat, number, code).verdict is Verdict.VERIFIED
    assert rights.type_code(desk, chat, number, code).verdict is Verdict.GONE


def test_a_code_serves_for_ten_minutes(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    desk.clock.advance(timedelta(minutes=10, seconds=1))
    assert rights.type_code(desk, chat, number, code).verdict is Verdict.GONE


def test_a_newer_code_takes_the_place_of_the_older(asked):
    desk, chat, number = asked
    older, newer = rights.code_for(desk, chat, number), rights.code_for(desk, chat, number)
    if older != newer:
        assert rights.type_code(desk, chat, number, older).verdict is Verdict.WRONG
    assert rights.type_code(desk, chat, number, newer).verdict is Verdict.VERIFIED


def test_a_code_of_one_request_never_serves_another(asked):
    desk, chat, number = asked
    other = rights.ask(desk, chat, RequestKind.ERASURE).number
    code, others = rights.code_for(desk, chat, number), rights.code_for(desk, chat, other)
    if code != others:
        assert rights.type_code(desk, chat, other, code).verdict is Verdict.WRONG
    assert rights.state_of(desk, other).state is RequestState.AWAITING_VERIFICATION


def test_a_code_serves_in_the_conversation_it_was_sent_for_only(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    elsewhere = open_chat(desk, "1001")
    assert rights.type_code(desk, elsewhere, number, code).verdict is Verdict.GONE
    assert rights.type_code(desk, chat, number, code).verdict is Verdict.VERIFIED


def test_of_two_hundred_guesses_at_once_three_are_looked_at(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    with ThreadPoolExecutor(16) as pool:
        tried = list(pool.map(lambda _: rights.type_code(desk, chat, number, wrong(code)).verdict, range(200)))
    assert tried.count(Verdict.WRONG) == 2
    with desk.reading() as session:
        looked_at = [e for e in session.scalars(select(AuditEntry)) if e.event == "code_wrong"]
        assert session.scalars(select(VerificationCode)).one().tries_left == 0
    assert len(looked_at) == 3


def test_the_right_code_typed_twice_at_once_is_taken_once(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    with ThreadPoolExecutor(8) as pool:
        tried = list(pool.map(lambda _: rights.type_code(desk, chat, number, code).verdict, range(8)))
    assert tried.count(Verdict.VERIFIED) == 1


def test_a_message_handled_twice_after_a_crash_counts_once(asked):
    desk, chat, number = asked
    code = rights.code_for(desk, chat, number)
    for _ in range(3):
        assert rights.type_code(desk, chat, number, wrong(code), message="7").tries_left == 2
    for _ in range(2):
        assert rights.type_code(desk, chat, number, code, message="8").verdict is Verdict.VERIFIED


def test_a_request_gets_five_codes_and_a_person_ten_a_day(asked):
    desk, chat, number = asked
    for _ in range(5):
        rights.code_for(desk, chat, number)
    with pytest.raises(TooManyCodes):
        rights.code_for(desk, chat, number)
    other = rights.ask(desk, chat, RequestKind.ERASURE).number
    for _ in range(5):
        rights.code_for(desk, chat, other)
    rights.revoke(desk, chat, other)
    third = rights.ask(desk, chat, RequestKind.ERASURE).number
    with pytest.raises(TooManyCodes):
        rights.code_for(desk, chat, third)
    desk.clock.advance(timedelta(days=1, minutes=1))
    rights.code_for(desk, chat, third)


def test_the_same_right_asked_for_again_is_the_same_request_and_can_still_be_verified(asked):
    desk, _, number = asked
    elsewhere = open_chat(desk, "1001")
    assert rights.ask(desk, elsewhere, RequestKind.EXPORT).number == number
    assert rights.verify(desk, elsewhere, number).state is RequestState.RUNNING


def test_nothing_is_carried_out_before_the_code(asked):
    desk, _, number = asked
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.AWAITING_VERIFICATION


@pytest.mark.parametrize("on_file", ["", " ", "n/a", "none", "amelia@", "a@example.com, b@example.com"])
def test_where_no_code_can_be_sent_a_person_is_told_to_check_and_the_customer_that_they_wait(asked, on_file):
    desk, _, number = asked
    with desk.transaction() as session:
        assert not give_to_a_person(session, desk, desk.clock.now(), number), "there is an address"
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET email = :it WHERE id = 1001"), {"it": on_file})
    with desk.transaction() as session:
        assert give_to_a_person(session, desk, desk.clock.now(), number)
    assert rights.state_of(desk, number).state is RequestState.ON_HOLD
    with desk.reading() as session:
        assert "utter_request_on_hold" in [each.response for each in session.scalars(select(Message))]
        assert [each.kind for each in session.scalars(select(Case)) if each.request_number == number] == ["alarm"]


@pytest.mark.parametrize(
    ("moved", "response"),
    [
        ({"state": RequestState.ON_HOLD, "hold_reason": HoldKind.NO_ADDRESS}, "utter_code_no_address"),
        ({"state": RequestState.EXPIRED}, "utter_code_not_awaited"),
    ],
)
def test_no_new_code_is_promised_for_a_request_that_waits_for_none_any_more(asked, moved, response):
    desk, chat, number = asked
    rights.code_for(desk, chat, number)
    dispatcher, now = CollectingDispatcher(), desk.clock.now()
    with desk.transaction() as session:
        for name, value in moved.items():
            setattr(session.get_one(PrivacyRequest, number), name, value)
        pressed = spoken(session, chat, now, "-", state="running", choice_intent="request_export", choice_value=RESEND)
        latest = {"intent": {"name": "request_export"}, "metadata": {"message": str(pressed.id)}}
        tracker = Tracker(chat, {"request_number": number}, latest, [], False, None, {}, "action_listen")
        events = AskRequestCode(desk).act(Turn(desk, session, dispatcher, tracker, {}))
        assert len(session.scalars(select(VerificationCode)).all()) == 1
    assert [message["response"] for message in dispatcher.messages] == [response]
    assert [(event["name"], event["value"]) for event in events] == [
        ("request_code", "failed"),
        ("requested_slot", None),
    ]


@pytest.fixture
def deleting(own_desk):
    """Amelia's and Priya's deletions can still be taken back: desk, Amelia's conversation and number.

    Whatever Amelia does, Priya's goes on.
    """
    desk = own_desk()
    chat, hers = open_chat(desk, "1001"), open_chat(desk, "1005")
    numbers = [rights.ask(desk, each, RequestKind.ERASURE).number for each in (chat, hers)]
    for conversation, number in zip((chat, hers), numbers, strict=True):
        assert rights.verify(desk, conversation, number).state is RequestState.COOLING_OFF
    yield desk, chat, numbers[0]
    assert rights.state_of(desk, numbers[1]).state is RequestState.COOLING_OFF


def at_the_question(desk, chat, words, copy=None, chosen=None, intent="revoke_request"):
    """What is said or pressed while a copy waits for its yes, or for its code: the slots and messages that follow."""
    dispatcher, now = CollectingDispatcher(), desk.clock.now()
    with desk.transaction() as session:
        choice = {"choice_intent": intent, "choice_value": chosen} if chosen else {}
        said = spoken(session, chat, now, words, state="running", **choice)
        message = str(said.id)
    slot = "request_code" if copy else "request_confirmed"
    slots = {"request_kind": "export", "request_number": copy, "requested_slot": slot}
    latest = {
        "intent": {"name": intent},
        "metadata": {"message": message},
        "intent_ranking": [{}] * (1 if chosen else 2),
    }
    tracker = Tracker(chat, slots, latest, [], False, None, {}, "action_listen")
    validate = getattr(ValidateRequestForm(desk), f"validate_{slot}")
    follows = asyncio.run(validate(LEFT if copy else False, dispatcher, tracker, {"responses": RESPONSES}))
    return follows, dispatcher.messages


@pytest.mark.parametrize("at_code", [True, False])
@pytest.mark.parametrize("pressed", [True, False])
def test_a_deletion_that_is_named_is_taken_back_while_a_copy_stands_at_its_question(deleting, at_code, pressed):
    desk, chat, number = deleting
    copy = rights.ask(desk, chat, RequestKind.EXPORT).number if at_code else None
    words = "Take it back" if pressed else f"please take back {number}"
    follows, said = at_the_question(desk, chat, words, copy, chosen=number if pressed else None)
    assert [(each["response"], each["number"]) for each in said] == [("utter_request_revoked", number)]
    assert rights.state_of(desk, number).state is RequestState.REVOKED
    assert follows == {"request_code" if at_code else "request_confirmed": None}
    if copy:
        assert rights.state_of(desk, copy).state is RequestState.AWAITING_VERIFICATION


@pytest.mark.parametrize("at_code", [True, False])
def test_whoever_names_nothing_is_asked_which_and_nothing_is_taken_back(deleting, at_code):
    desk, chat, number = deleting
    copy = rights.ask(desk, chat, RequestKind.EXPORT).number if at_code else None
    follows, (asked,) = at_the_question(desk, chat, "cancel my erasure request", copy)
    offered = (
        [f"/revoke_request {copy}", f"/revoke_request {number}"] if copy else [f"/revoke_request {number}", "/deny"]
    )
    assert asked["response"] == "utter_request_revoke_which"
    assert [button["payload"] for button in asked["buttons"]] == offered
    assert follows == {"request_code" if at_code else "request_confirmed": None}
    assert rights.state_of(desk, number).state is RequestState.COOLING_OFF


def test_a_request_that_only_waits_for_its_code_elsewhere_asks_nobody_which(asked):
    desk, chat, number = asked
    other = rights.ask(desk, chat, RequestKind.RECTIFICATION, {"changes": {}}).number
    follows, said = at_the_question(desk, chat, "take it back", number)
    assert [(each["response"], each["number"]) for each in said] == [("utter_request_revoked", number)]
    assert follows == {"request_code": LEFT}
    states = [rights.state_of(desk, each).state for each in (number, other)]
    assert states == [RequestState.REVOKED, RequestState.AWAITING_VERIFICATION]


def test_the_copy_that_is_named_at_its_code_is_taken_back_and_the_deletion_goes_on(deleting):
    desk, chat, number = deleting
    copy = rights.ask(desk, chat, RequestKind.EXPORT).number
    follows, said = at_the_question(desk, chat, f"please take back {copy}", copy)
    assert [each["number"] for each in said] == [copy] and follows == {"request_code": LEFT}
    states = [rights.state_of(desk, each).state for each in (copy, number)]
    assert states == [RequestState.REVOKED, RequestState.COOLING_OFF]


def test_words_about_the_request_at_its_question_take_no_complaint_back(asked):
    desk, chat, number = asked
    with desk.transaction() as session:
        now, talk = desk.clock.now(), conversations.conversation(session, chat)
        kind, due = CaseKind.COMPLAINT, now + timedelta(days=30)
        case = complaint.file_case(session, desk.settings, now, talk, kind, "c1", due, None, "It was late.").number
    follows, said = at_the_question(desk, chat, "Cancel this request, I will complain instead", number)
    assert [each["response"] for each in said] == ["utter_request_revoked"] and follows == {"request_code": LEFT}
    with desk.reading() as session:
        assert session.get_one(Case, case).state == CaseState.WAITING
    assert rights.state_of(desk, number).state is RequestState.REVOKED


def test_a_no_to_a_copy_takes_no_deletion_back(deleting):
    desk, chat, number = deleting
    follows, said = at_the_question(desk, chat, "no", intent="deny")
    assert (follows, said) == ({"request_confirmed": False, "request_code": LEFT}, [])
    assert rights.state_of(desk, number).state is RequestState.COOLING_OFF


def test_a_number_of_somebody_else_is_unknown_and_the_question_stands(deleting):
    desk, chat, number = deleting
    theirs = rights.ask(desk, open_chat(desk, "1002"), RequestKind.EXPORT).number
    follows, said = at_the_question(desk, chat, f"take back {theirs}")
    assert [each["response"] for each in said] == ["utter_error_not_found"] and follows == {"request_confirmed": None}
    states = [rights.state_of(desk, each).state for each in (theirs, number)]
    assert states == [RequestState.AWAITING_VERIFICATION, RequestState.COOLING_OFF]
