"""Check that it is you: a code for one request, in one conversation, for a short time, with few tries."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select, text

from actions.base import Turn
from actions.identity_verification import RESEND, AskRequestCode
from bot.errors import TooManyCodes
from bot.privacy.identity_verification import Verdict, give_to_a_person
from bot.store.desk_tables import AuditEntry, Case, Mail, Message, PrivacyRequest, VerificationCode
from bot.store.desk_tables import Turn as TurnRow
from bot.vocabulary import Author, HoldKind, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat


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
        row = TurnRow(
            conversation_id=chat, idempotency_key="1", body_hash="-", state="running",
            choice_intent="request_export", choice_value=RESEND, created_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        pressed = Message(
            conversation_id=chat, turn_id=row.id, author=Author.USER, text="-", citations=[], choices=[], created_at=now
        )
        session.add(pressed)
        session.flush()
        latest = {"intent": {"name": "request_export"}, "metadata": {"message": str(pressed.id)}}
        tracker = Tracker(chat, {"request_number": number}, latest, [], False, None, {}, "action_listen")
        events = AskRequestCode(desk).act(Turn(desk, session, dispatcher, tracker, {}))
        assert len(session.scalars(select(VerificationCode)).all()) == 1
    assert [message["response"] for message in dispatcher.messages] == [response]
    assert [(event["name"], event["value"]) for event in events] == [
        ("request_code", "failed"),
        ("requested_slot", None),
    ]
