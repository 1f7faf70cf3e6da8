"""What the shop answers, what the person does with it, and what neither of them can do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.errors import Conflict, Invalid, NotFound, SamePerson
from bot.privacy import complaint, complaint_answer, complaint_desk, complaint_reply, complaint_status
from bot.privacy.complaint import CaseField
from bot.privacy.deadlines_watch import watch
from bot.privacy.worklist import worklist
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, CaseMessage, Choice, Mail, Message
from bot.store.desk_tables import Turn as TurnRow
from bot.vocabulary import CaseKind, CaseState, Regime
from tests.unit.test_requests_and_cases import all_of, file, receive

AMELIA, DANIEL = "1001", "1002"


def within(desk, act, conversation_id, *rest, **more):
    """One act of a person, in a transaction of its own."""
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return act(session, *rest, chat=chat, **more)


def answer(desk, number, by="Kim", text="We have looked into it."):
    with desk.transaction() as session:
        complaint_answer.answer_case(session, desk, desk.clock.now(), number, by, text)


def refuse(desk, number, by="Kim", reason="It must stay.", basis="The tax code", complain_to="The authority"):
    with desk.transaction() as session:
        complaint_answer.refuse_case(session, desk, desk.clock.now(), number, by, reason, basis, complain_to)


def lines(desk, number):
    return [entry.event for entry in all_of(desk, AuditEntry) if entry.reference == number]


def close(desk, number, by="Kim"):
    with desk.transaction() as session:
        complaint_desk.close(session, desk, desk.clock.now(), number, by)


def reply(desk, conversation_id, number, origin="r1", text="But why?"):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return complaint_reply.reply_to_case(session, desk, desk.clock.now(), chat, number, text, origin)


def reopen(desk, conversation_id, number, origin="o1"):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return complaint_reply.reopen_case(session, desk, desk.clock.now(), chat, number, origin)


def second_look(desk, conversation_id, number, origin="s1"):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return complaint_reply.ask_second_look(session, desk, desk.clock.now(), chat, number, origin)


def settle(desk, conversation_id, number):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return complaint_reply.settle_case(session, desk.clock.now(), chat, number)


def confirm(desk, conversation_id, number):
    with desk.transaction() as session:
        complaint.confirm(session, desk.clock.now(), conversations.conversation(session, conversation_id), number)


def tell(desk, conversation_id, number, field, words):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        complaint.set_words(session, desk.clock.now(), chat, number, field, words)


def seen(desk, conversation_id, number):
    with desk.reading() as session:
        return complaint_status.own_case(session, conversations.conversation(session, conversation_id), number)


def events(desk):
    return [(entry.event, entry.actor) for entry in all_of(desk, AuditEntry)]


@pytest.fixture
def mine(desk, chat):
    """Amelia's complaint, and Daniel's beside it, which nothing here may touch."""
    me, other = chat(AMELIA), chat(DANIEL)
    number, bystander = file(desk, me).number, file(desk, other, origin="2").number
    before = row_of(desk, bystander)
    yield me, number
    assert row_of(desk, bystander) == before
    assert not [each for each in all_of(desk, CaseMessage) if each.case_number == bystander]
    assert not [each for each in all_of(desk, Message) if each.conversation_id == other]


def row_of(desk, number):
    with desk.reading() as session:
        return tuple(session.execute(select(*Case.__table__.columns).where(Case.number == number)).one())


def test_an_answer_is_told_in_the_chat_and_by_mail_and_written_down(desk, mine):
    me, number = mine
    answer(desk, number)
    assert seen(desk, me, number).state is CaseState.ANSWERED
    (told,) = all_of(desk, Message)
    assert (told.response, told.conversation_id) == ("utter_case_answered", me)
    assert told.card["messages"][0]["parts"] == [{"label": "", "text": "We have looked into it."}]
    mail = all_of(desk, Mail)[-1]
    assert mail.recipient == "amelia.hartley@example.com" and "We have looked into it." in mail.text
    assert number in mail.subject_line and "looked" not in mail.subject_line
    assert events(desk)[-1] == ("case_answered", "Kim")


def test_who_answered_is_not_told_to_the_person(desk, mine):
    _me, number = mine
    answer(desk, number, by="Kim Staffer")
    assert "Kim" not in str(all_of(desk, Message)[0].card) and "Kim" not in all_of(desk, Mail)[-1].text


def test_an_answer_is_told_in_the_customers_newest_chat(desk, chat, mine):
    _me, number = mine
    with desk.transaction() as session:
        later, _ = conversations.open_session(
            session, AMELIA, desk.clock.now() + timedelta(hours=1), desk.clock.now() + timedelta(days=9)
        )
    answer(desk, number)
    assert [told.conversation_id for told in all_of(desk, Message)] == [later]


def test_the_buttons_of_an_answer_live_until_the_next_turn(desk, mine):
    me, number = mine
    with desk.transaction() as session:
        now = desk.clock.now()
        turn = TurnRow(conversation_id=me, idempotency_key="k", body_hash="h", state="done", created_at=now)
        session.add(turn)
        session.flush()
        conversations.conversation(session, me).last_turn_id = turn.id
    answer(desk, number)
    offered = {choice.value: choice for choice in all_of(desk, Choice)}
    assert set(offered) == {f"{number}:{act}" for act in ("reply", "reopen", "second_look", "settle")}
    assert {choice.turn_id for choice in offered.values()} == {turn.id}
    assert next(each["label"] for each in all_of(desk, Message)[0].choices) == "Reply"


@pytest.mark.parametrize(
    "missing", [{"reason": " "}, {"basis": ""}, {"complain_to": "\n"}, {"reason": "", "basis": "", "complain_to": ""}]
)
def test_a_refusal_without_reason_basis_or_where_to_complain_is_never_sent(desk, mine, missing):
    me, number = mine
    mails = len(all_of(desk, Mail))
    with pytest.raises(Invalid, match="where to complain further"):
        refuse(desk, number, **missing)
    assert seen(desk, me, number).state is CaseState.WAITING
    assert all_of(desk, CaseMessage) == all_of(desk, Message) == [] and len(all_of(desk, Mail)) == mails


def test_a_refusal_says_why_on_what_ground_and_where_to_go_next(desk, mine):
    me, number = mine
    refuse(desk, number)
    assert seen(desk, me, number).state is CaseState.REFUSED
    text = str(all_of(desk, Message)[0].card) + all_of(desk, Mail)[-1].text
    assert text.count("It must stay.") == text.count("The tax code") == text.count("The authority") == 2


def test_a_case_that_waits_cannot_be_closed_as_if_it_were_nothing(desk, mine):
    me, number = mine
    with pytest.raises(Conflict, match="answer or refuse it first"):
        close(desk, number)
    assert seen(desk, me, number).state is CaseState.WAITING


def test_an_empty_answer_is_no_answer(desk, mine):
    me, number = mine
    for text in ("", "  \n", "\u202e"):
        with pytest.raises(Invalid):
            answer(desk, number, text=text)
    assert seen(desk, me, number).state is CaseState.WAITING


def test_a_case_is_answered_once_however_many_answer_at_the_same_time(desk, mine):
    me, number = mine

    def attempt(name):
        try:
            answer(desk, number, by=name)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, "abcdef")) == 1
    assert len(seen(desk, me, number).lines) == 1


def test_what_no_person_brought_cannot_be_answered(desk, chat, mine):
    for number in (file(desk, chat(AMELIA), CaseKind.HANDOFF, "9").number, "CS-2026-999999"):
        with pytest.raises(NotFound):
            answer(desk, number)


def test_a_reply_gives_an_answered_case_back_with_a_new_clock(desk, mine):
    me, number = mine
    desk.clock.advance(timedelta(days=20))
    answer(desk, number)
    first = seen(desk, me, number).due_at
    view = reply(desk, me, number)
    assert view.state is CaseState.WAITING and view.due_at - first > timedelta(days=19)
    assert [line.text for line in view.lines] == ["We have looked into it.", "But why?"]


def test_the_same_reply_handled_twice_counts_once(desk, mine):
    me, number = mine
    answer(desk, number)
    reply(desk, me, number, origin="7")
    answer(desk, number, text="Because.")
    assert reply(desk, me, number, origin="7").state is CaseState.ANSWERED
    assert len([each for each in all_of(desk, CaseMessage) if each.kind == "reply"]) == 1


def test_a_case_is_opened_again_once(desk, mine):
    me, number = mine
    answer(desk, number)
    close(desk, number)
    assert reopen(desk, me, number).state is CaseState.WAITING
    assert reopen(desk, me, number).state is CaseState.WAITING  # the same message once more
    answer(desk, number, text="Still the same.")
    assert not seen(desk, me, number).can_reopen
    with pytest.raises(Conflict):
        reopen(desk, me, number, origin="o2")
    assert [event for event, _ in events(desk)].count("case_reopened") == 1


def test_a_case_that_waits_cannot_be_opened_again_or_looked_at_twice(desk, mine):
    me, number = mine
    for act in (reopen, second_look):
        with pytest.raises(Conflict):
            act(desk, me, number)


def test_a_second_look_is_taken_by_another_person(desk, mine):
    me, number = mine
    refuse(desk, number, by="Kim")
    reply(desk, me, number)
    answer(desk, number, by="Lou")
    assert second_look(desk, me, number).state is CaseState.SECOND_LOOK
    for by in ("Kim", "kim", " KIM ", "Lou"):
        with pytest.raises(SamePerson):
            answer(desk, number, by=by)
        with pytest.raises(SamePerson):
            refuse(desk, number, by=by)
        with pytest.raises(SamePerson), desk.transaction() as session:
            complaint_desk.assign(session, desk.clock.now(), number, by, "Pat")
    assert row_of(desk, number) and seen(desk, me, number).state is CaseState.SECOND_LOOK
    answer(desk, number, by="Pat")
    assert seen(desk, me, number).state is CaseState.ANSWERED
    with pytest.raises(Conflict):
        second_look(desk, me, number, origin="s2")


def test_nobody_sees_or_touches_somebody_elses_case(desk, chat, mine):
    _me, number = mine
    answer(desk, number)
    for stranger in (chat(DANIEL), chat(None)):
        for act in (reply, reopen, second_look, settle, seen):
            with pytest.raises(NotFound):
                act(desk, stranger, number)
        for field in CaseField:
            with pytest.raises(NotFound):
                tell(desk, stranger, number, field, "Forged")
        with desk.reading() as session:
            cases = complaint_status.own_cases(session, conversations.conversation(session, stranger))
        assert number not in [each.number for each in cases]


def test_a_customer_finds_their_case_in_another_chat(desk, chat, mine):
    _me, number = mine
    later = chat(AMELIA)
    tell(desk, later, number, CaseField.WISH, "An apology.")
    assert seen(desk, later, number).wish == "An apology."
    answer(desk, number)
    assert reply(desk, later, number).state is CaseState.WAITING


def test_two_people_without_an_account_do_not_share_a_case(desk, chat):
    one, two = chat(None), chat(None)
    number = file(desk, one).number
    with desk.reading() as session:
        assert complaint_status.own_cases(session, conversations.conversation(session, two)) == []
    with pytest.raises(NotFound):
        seen(desk, two, number)
    with pytest.raises(NotFound):
        tell(desk, two, number, CaseField.WISH, "Forged")


def test_the_words_of_a_case_are_changed_until_they_are_confirmed_and_never_after(desk, mine):
    me, number = mine
    tell(desk, me, number, CaseField.ABOUT, "order A-10001")
    tell(desk, me, number, CaseField.ABOUT, "order A-10002")
    tell(desk, me, number, CaseField.ABOUT, "order A-10002")
    assert seen(desk, me, number).about == "order A-10002"
    assert lines(desk, number).count("case_changed") == 2
    confirm(desk, me, number)
    with pytest.raises(Conflict):
        tell(desk, me, number, CaseField.STATEMENT, "Something else")
    assert seen(desk, me, number).statement == "It was late."


def test_words_that_were_answered_are_not_rewritten(desk, mine):
    me, number = mine
    answer(desk, number)
    with pytest.raises(Conflict):
        tell(desk, me, number, CaseField.STATEMENT, "Something else")


def test_what_becomes_a_security_report_becomes_urgent_and_due_soon(desk, mine):
    me, number = mine
    with desk.transaction() as session:
        chat = conversations.conversation(session, me)
        kind = CaseKind.SECURITY_REPORT
        complaint.set_kind(session, desk.clock.now(), chat, number, kind, timedelta(hours=4))
    case = next(each for each in all_of(desk, Case) if each.number == number)
    assert (case.kind, case.priority, case.due_at) == (
        "security_report", "urgent", desk.clock.now() + timedelta(hours=4),
    )  # fmt: skip
    assert lines(desk, number).count("case_changed") == 1


def test_a_case_is_confirmed_once_and_the_record_says_so(desk, mine):
    me, number = mine
    for _ in range(2):
        confirm(desk, me, number)
        desk.clock.advance(timedelta(minutes=5))
    assert lines(desk, number).count("case_confirmed") == 1
    case = next(each for each in all_of(desk, Case) if each.number == number)
    assert case.confirmed_at == desk.clock.now() - timedelta(minutes=10)


def test_only_ones_own_request_is_linked(desk, chat, mine):
    me, number = mine
    own, foreign = receive(desk, me, origin="5").number, receive(desk, chat(DANIEL), origin="6").number

    def link(conversation_id, request):
        with desk.transaction() as session:
            person = conversations.conversation(session, conversation_id)
            return complaint.link_request(session, desk.clock.now(), person, number, request)

    assert not link(me, foreign) and not link(me, "PR-2026-999999")
    assert seen(desk, me, number).request_number is None
    assert link(me, own) and seen(desk, me, number).request_number == own


def test_the_record_says_to_whom_a_case_was_given(desk, mine):
    _me, number = mine
    with desk.transaction() as session:
        complaint_desk.assign(session, desk.clock.now(), number, "staff:7", "staff:9")
    given = [entry for entry in all_of(desk, AuditEntry) if entry.event == "case_assigned"]
    assert [(entry.reference, entry.actor) for entry in given] == [(f"{number}:staff:7", "staff:9")]


def test_a_note_stays_with_the_staff(desk, mine):
    me, number = mine
    with desk.transaction() as session:
        complaint_desk.note(session, desk.clock.now(), number, "Kim", "Ask the courier.")
    assert seen(desk, me, number).lines == () and all_of(desk, Message) == []
    assert lines(desk, number)[-1] == "case_noted"
    with desk.reading() as session:
        assert [line.text for line in complaint_desk.desk_lines(session, number)] == ["Ask the courier."]


def test_what_is_written_about_a_case_is_unreadable_without_the_key(desk, mine):
    me, number = mine
    refuse(desk, number)
    reply(desk, me, number)
    with desk.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM case_messages").all())
    assert not any(words in kept for words in ("must stay", "tax code", "authority", "But why"))


@pytest.mark.parametrize(
    ("regime", "due"),
    [
        (Regime.POLICY, datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC)),
        (Regime.GDPR, datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC)),
        (Regime.CCPA, datetime(2027, 1, 7, 23, 59, 59, tzinfo=UTC)),
        (Regime.CN, datetime(2026, 12, 14, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_clock_of_a_case_follows_the_regime(desk, regime, due):
    from bot.privacy.deadlines import case_due

    assert case_due(regime, desk.clock.now(), desk.settings) == due


def test_the_shop_is_warned_before_a_case_is_due_and_alarmed_when_it_is_over(desk, mine):
    _me, number = mine
    with desk.transaction() as session:
        session.get_one(Case, "CS-2026-000002").state = CaseState.CLOSED  # nothing but the one case is watched
    try:
        assert watch(desk) == 0
        desk.clock.advance(timedelta(days=24))
        assert (watch(desk), watch(desk)) == (1, 0)
        desk.clock.advance(timedelta(days=7))
        assert (watch(desk), watch(desk)) == (1, 0)
        assert [event for event, _ in events(desk)][-2:] == ["case_due_soon", "case_overdue"]
        with desk.reading() as session:
            (entry,) = [each for each in worklist(session, False) if each.number == number]
        assert entry.priority == "urgent"
    finally:
        with desk.transaction() as session:
            session.get_one(Case, "CS-2026-000002").state = CaseState.WAITING


def test_an_answered_case_alarms_nobody(desk, mine):
    _me, number = mine
    answer(desk, number)
    desk.clock.advance(timedelta(days=60))
    watch(desk)
    assert ("case_overdue", "worker") not in [
        (entry.event, entry.actor) for entry in all_of(desk, AuditEntry) if entry.reference == number
    ]
    with desk.transaction() as session:
        case = session.get_one(Case, "CS-2026-000002")
        case.alarmed_at, case.priority = None, "normal"
