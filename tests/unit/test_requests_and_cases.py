"""Requests, complaints and the wish for a person: kept, numbered, confirmed; nobody else's."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.errors import NotFound, NotRevocable, NotSignedIn
from bot.privacy import complaint, handoff, request_intake, request_status, taking_back
from bot.privacy.policy_question import count_unanswered
from bot.privacy.rooms import ROOMS
from bot.privacy.worklist import worklist
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, Mail, PrivacyRequest, UnansweredTopic
from bot.store.numbers import next_number
from bot.vocabulary import CaseKind, RequestKind, RequestState
from tests import rights

MONTH = timedelta(days=30)


def receive(desk, conversation_id, kind=RequestKind.EXPORT, origin="1", **more):
    with desk.transaction() as session:
        person, now = conversations.conversation(session, conversation_id), desk.clock.now()
        return request_intake.receive_request(session, desk, now, person, kind, ROOMS[kind], origin, **more)


def revoke(desk, conversation_id, number):
    with desk.transaction() as session:
        person = conversations.conversation(session, conversation_id)
        return taking_back.revoke_request(session, desk, desk.clock.now(), person, number)


def file(desk, conversation_id, kind=CaseKind.COMPLAINT, origin="1", statement="It was late."):
    with desk.transaction() as session:
        person, now = conversations.conversation(session, conversation_id), desk.clock.now()
        return complaint.file_case(
            session, desk.settings, now, person, kind, origin, now + MONTH, "someone@example.com", statement
        )


def wait_for_person(desk, conversation_id, origin, mail_to=None):
    with desk.transaction() as session:
        person = conversations.conversation(session, conversation_id)
        return handoff.ask_for_person(session, desk, desk.clock.now(), person, origin, mail_to)


def all_of(desk, table):
    with desk.reading() as session:
        return session.scalars(select(table)).all()


def test_a_request_gets_a_number_a_due_date_an_audit_line_and_with_its_code_a_mail(desk, chat):
    conversation_id = chat("1001")
    request = receive(desk, conversation_id, statement="Please send me everything.")
    assert (request.number, request.state) == ("PR-2026-000001", RequestState.AWAITING_VERIFICATION)
    assert request.due_at == datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC)
    assert [(entry.event, entry.reference) for entry in all_of(desk, AuditEntry)] == [
        ("request_received", request.number)
    ]
    assert all_of(desk, Mail) == []
    rights.verify(desk, conversation_id, request.number)
    (mail,) = (each for each in all_of(desk, Mail) if each.dedupe_key == f"received:{request.number}")
    assert mail.recipient == "amelia.hartley@example.com"
    assert request.number in mail.subject_line and "It is being carried out now" in mail.text


def test_mails_name_days_as_the_chat_does_and_the_day_where_the_shop_is(desk, chat):
    desk.settings.business_calendar = "US-CA"
    desk.clock.time = datetime(2026, 11, 6, 3, tzinfo=UTC)  # still the 5th in California
    conversation_id = chat("1001")
    rights.verify(desk, conversation_id, receive(desk, conversation_id).number)
    file(desk, conversation_id)
    wait_for_person(desk, chat("1001"), "9", "someone@example.com")
    _code, asked, complaint_mail, waits = (mail.text for mail in all_of(desk, Mail))
    assert "It will be answered by 5 December 2026 at the latest." in asked
    assert "A person will answer by 5 December 2026." in complaint_mail
    assert re.search(r"A person will answer by \d{1,2} November 2026, \d\d:\d\d UTC\.", waits)
    assert not re.search(r"\b0\d [A-Z][a-z]+ 20", asked + complaint_mail + waits)


def test_the_words_of_a_request_are_kept_encrypted_for_whoever_carries_it_out(desk, chat):
    receive(desk, chat("1001"), statement="My new street is Elm Row 5.")
    assert all_of(desk, PrivacyRequest)[0].statement == "My new street is Elm Row 5."
    with desk.engine.connect() as connection:
        assert "Elm Row" not in str(connection.exec_driver_sql("SELECT statement FROM privacy_requests").all())


def test_an_anonymous_person_cannot_file_a_request(desk, chat):
    with pytest.raises(NotSignedIn):
        receive(desk, chat(None))
    assert all_of(desk, PrivacyRequest) == []


def test_the_same_message_never_makes_two_requests(desk, chat):
    conversation_id = chat("1001")
    first = receive(desk, conversation_id, origin="7")
    assert receive(desk, conversation_id, origin="7").number == first.number
    assert len(all_of(desk, PrivacyRequest)) == 1


def test_asking_twice_for_the_same_right_keeps_one_request(desk, chat):
    first = receive(desk, chat("1001"), origin="1")
    assert receive(desk, chat("1001"), origin="2").number == first.number
    assert receive(desk, chat("1002"), origin="3").number != first.number


ALL, PART = {"scope": "everything", "mode": "delete"}, {"scope": "recorded", "mode": "delete"}


@pytest.mark.parametrize(
    ("first", "kind", "second", "left"),
    [
        (ALL, RequestKind.ERASURE, PART, [RequestState.REVOKED, RequestState.AWAITING_VERIFICATION]),
        (PART, RequestKind.CANCEL_ACCOUNT, ALL, [RequestState.REVOKED, RequestState.AWAITING_VERIFICATION]),
        (ALL, RequestKind.CANCEL_ACCOUNT, ALL, [RequestState.AWAITING_VERIFICATION]),
    ],
)
def test_a_yes_to_another_extent_takes_the_place_of_what_waits_for_its_code(desk, chat, first, kind, second, left):
    conversation_id, theirs = chat("1001"), receive(desk, chat("1002"), RequestKind.ERASURE, "9", details=ALL)
    receive(desk, conversation_id, RequestKind.ERASURE, "1", details=first)
    receive(desk, conversation_id, kind, "2", details=second)
    own = sorted((each for each in all_of(desk, PrivacyRequest) if each.subject == "1001"), key=lambda r: r.number)
    assert [each.state for each in own] == left
    assert own[-1].details == second
    assert rights.state_of(desk, theirs.number).state is RequestState.AWAITING_VERIFICATION


def test_a_verified_deletion_of_a_part_is_no_deletion_of_everything_but_the_other_way_round_it_is(desk, chat):
    amelia, daniel = chat("1001"), chat("1002")
    part = receive(desk, amelia, RequestKind.ERASURE, "1", details=PART)
    rights.verify(desk, amelia, part.number)
    assert receive(desk, amelia, RequestKind.ERASURE, "2", details=PART).number == part.number
    everything = receive(desk, amelia, RequestKind.CANCEL_ACCOUNT, "3", details=ALL)
    assert everything.number != part.number
    assert rights.state_of(desk, part.number).state is RequestState.COOLING_OFF

    all_of_his = receive(desk, daniel, RequestKind.ERASURE, "4", details=ALL)
    rights.verify(desk, daniel, all_of_his.number)
    assert receive(desk, daniel, RequestKind.ANONYMISATION, "5", details=PART).number == all_of_his.number


def test_a_customer_sees_own_requests_only(desk, chat):
    mine, hers = receive(desk, chat("1001"), origin="1"), receive(desk, chat("1002"), origin="2")
    with desk.reading() as session:
        assert [r.number for r in request_status.own_requests(session, "1001")] == [mine.number]
        for number in (hers.number, "PR-2026-999999", "", "' OR 1=1 --"):
            with pytest.raises(NotFound):
                request_status.own_request(session, "1001", number)


def test_a_request_can_be_taken_back_once_and_by_its_owner_only(desk, chat):
    number = receive(desk, chat("1001")).number
    with pytest.raises(NotFound):
        revoke(desk, chat("1002"), number)
    with pytest.raises(NotFound):
        revoke(desk, chat(None), number)
    assert revoke(desk, chat("1001"), number).state is RequestState.REVOKED
    with pytest.raises(NotRevocable):
        revoke(desk, chat("1001"), number)
    assert [mail.dedupe_key for mail in all_of(desk, Mail)] == [f"revoked:{number}"]


def test_taking_back_at_the_same_moment_happens_once(desk, chat):
    conversation_id = chat("1001")
    number = receive(desk, conversation_id).number

    def attempt(_):
        try:
            return revoke(desk, conversation_id, number).number
        except NotRevocable:
            return None

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    assert results.count(number) == 1


def test_numbers_have_neither_gaps_nor_doubles_when_many_ask_at_once(desk):
    def give(_):
        with desk.transaction() as session:
            return next_number(session, "PR", desk.clock.now())

    with ThreadPoolExecutor(8) as pool:
        given = sorted(pool.map(give, range(40)))
    assert given == [f"PR-2026-{n:06d}" for n in range(1, 41)]


def test_a_number_of_work_that_was_rolled_back_is_given_out_again(desk):
    with pytest.raises(RuntimeError), desk.transaction() as session:
        next_number(session, "PR", desk.clock.now())
        raise RuntimeError
    with desk.transaction() as session:
        assert next_number(session, "PR", desk.clock.now()) == "PR-2026-000001"


def test_a_complaint_is_taken_from_anybody(desk, chat):
    filed = file(desk, chat(None))
    (case,) = all_of(desk, Case)
    assert (case.number, case.subject, case.statement, case.priority) == (filed.number, None, "It was late.", "normal")


def test_a_security_report_is_urgent(desk, chat):
    file(desk, chat("1001"), CaseKind.SECURITY_REPORT)
    assert all_of(desk, Case)[0].priority == "urgent"


def test_the_same_message_never_makes_two_cases(desk, chat):
    conversation_id = chat(None)
    assert file(desk, conversation_id).number == file(desk, conversation_id).number
    assert len(all_of(desk, Case)) == 1


def test_more_words_are_put_behind_the_first_and_never_over_them(desk, chat):
    conversation_id = chat(None)
    number = file(desk, conversation_id).number
    with desk.transaction() as session:
        person = conversations.conversation(session, conversation_id)
        complaint.add_statement(session, desk.clock.now(), person, number, "And nobody answered.")
    assert all_of(desk, Case)[0].statement == "It was late.\n\nAnd nobody answered."


def test_nobody_adds_to_a_case_of_another_conversation(desk, chat):
    number = file(desk, chat("1001")).number
    foreign = chat("1002")
    with pytest.raises(NotFound), desk.transaction() as session:
        person = conversations.conversation(session, foreign)
        complaint.add_statement(session, desk.clock.now(), person, number, "Forged")
    assert all_of(desk, Case)[0].statement == "It was late."


def test_whoever_asks_twice_for_a_person_waits_once(desk, chat):
    first_chat, second_chat = chat(None), chat("1001")
    first = wait_for_person(desk, first_chat, "1")
    again = wait_for_person(desk, first_chat, "2")
    desk.clock.advance(timedelta(minutes=1))
    second = wait_for_person(desk, second_chat, "3")
    assert (first.standing.number, first.standing.place, first.already) == (again.standing.number, 1, False)
    assert again.already
    assert second.standing.place == 2


def test_unanswered_questions_are_counted_by_day_and_topic_without_words(desk):
    for topic in ("cookies", "cookies", "regulator"):
        with desk.transaction() as session:
            count_unanswered(session, desk.clock.now(), topic)
    assert {(row.topic, row.count) for row in all_of(desk, UnansweredTopic)} == {("cookies", 2), ("regulator", 1)}


def test_the_worklist_shows_what_waits_nearest_due_date_first(desk, chat):
    taken_back = receive(desk, chat("1001"), origin="1").number
    revoke(desk, chat("1001"), taken_back)
    wait_for_person(desk, chat("1001"), "2")
    file(desk, chat(None), origin="3")
    with desk.reading() as session:
        assert [entry.kind for entry in worklist(session, False)] == ["handoff", "complaint"]
        assert taken_back in [entry.number for entry in worklist(session, True)]


@pytest.mark.parametrize(
    ("state", "waits"),
    [(RequestState.PARTLY_FULFILLED, True), (RequestState.FULFILLED, False), (RequestState.DENIED, False)],
)
def test_what_was_done_in_part_waits_for_a_person_and_what_is_over_does_not(desk, chat, state, waits):
    number = receive(desk, chat("1001")).number
    with desk.transaction() as session:
        session.get_one(PrivacyRequest, number).state = state
    with desk.reading() as session:
        assert (number in [entry.number for entry in worklist(session, False)]) == waits


def test_a_newer_correction_takes_the_place_of_ones_own_older_one_and_of_nobody_elses(desk, chat):
    older, foreign = (
        receive(desk, chat(subject), RequestKind.RECTIFICATION, origin, details={"fields": []}).number
        for subject, origin in (("1001", "1"), ("1002", "2"))
    )
    newer = receive(desk, chat("1001"), RequestKind.RECTIFICATION, "3", details={"fields": []}).number
    states = {each.number: each.state for each in all_of(desk, PrivacyRequest)}
    assert states == {
        older: RequestState.REVOKED,
        foreign: RequestState.AWAITING_VERIFICATION,
        newer: RequestState.AWAITING_VERIFICATION,
    }


def test_the_mail_about_a_part_that_is_taken_back_does_not_speak_of_everything(desk, chat):
    conversation_id = chat("1001")
    part = receive(desk, conversation_id, RequestKind.ERASURE, "1", details=PART).number
    rights.verify(desk, conversation_id, part)
    everything = receive(desk, conversation_id, RequestKind.ERASURE, "2", details=ALL).number
    rights.verify(desk, conversation_id, everything)
    revoke(desk, conversation_id, part)
    (mail,) = (each for each in all_of(desk, Mail) if each.dedupe_key == f"revoked:{part}")
    assert "delete what the shop recorded about you" in mail.text
    assert rights.state_of(desk, everything).state is RequestState.COOLING_OFF
