"""Mails leave the outbox: once, in order, encrypted, and again after a failure until there is no hope."""

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import delete, select, update

from bot import mailing
from bot.clocks import FixedClock
from bot.errors import Conflict, SetupError
from bot.privacy import (
    complaint_answer,
    complaint_desk,
    customer_alarms,
    guardian_consent_page,
    guardian_consent_review,
    handoff_lists,
    handoff_ownership,
    handoff_talk,
    handoff_view,
    outcome,
)
from bot.privacy.complaint_pages import Queue, case_page, queue
from bot.privacy.handoff_ownership import Agent
from bot.privacy.request_desk import checked_by_person
from bot.privacy.worklist import worklist
from bot.store import conversations, outbox
from bot.store.desk_tables import Case, Handoff, Mail, Message
from bot.vocabulary import CaseKind, CaseMessageKind, CaseState, Priority, RequestKind, RequestState
from tests import guardians, mail_server, rights
from tests.unit.test_requests_and_cases import file

MIA = Agent("staff:1", "Mia")
AMELIA, DANIEL = "amelia.hartley@example.com", "daniel.osei@example.com"


@pytest.fixture
def postbox(desk):
    with mail_server.serving() as box:
        desk.settings.smtp_url = f"smtp+plain://127.0.0.1:{box.port}"
        yield box


@pytest.fixture
def machine(monkeypatch):
    clock = FixedClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    monkeypatch.setattr(mailing, "_machine", clock)
    return clock


def post(desk, key="k1", to=AMELIA):
    with desk.transaction() as session:
        outbox.post(session, desk.clock.now(), to, "case_filed", key, what="your complaint", number="CS-1", due="today")


def send(desk):
    return mailing.send_waiting_mails(desk, mailing.Mailer(desk))


def mails(desk):
    with desk.reading() as session:
        return session.scalars(select(Mail).order_by(Mail.id)).all()


def test_in_the_demo_a_mail_lands_in_the_inbox_once(desk):
    post(desk)
    assert [send(desk), send(desk)] == [1, 0]
    assert mails(desk)[0].sent_at is not None


def test_the_same_cause_writes_one_mail(desk):
    post(desk)
    post(desk)
    assert len(mails(desk)) == 1


def test_a_mail_of_work_that_was_rolled_back_was_never_written(desk):
    with pytest.raises(RuntimeError), desk.transaction() as session:
        outbox.post(session, desk.clock.now(), "a@example.com", "case_filed", "k", what="x", number="CS-1", due="y")
        raise RuntimeError
    assert mails(desk) == []


def test_a_server_gets_words_and_page_under_an_id_that_never_changes(desk, postbox, machine):
    postbox.to_data = "451 4.3.0 not now"
    post(desk)
    assert send(desk) == 0
    first = mailing._message_id(mails(desk)[0], desk.settings.mail_from)
    postbox.to_data = "250 OK"
    machine.advance(timedelta(minutes=2))
    assert send(desk) == 1
    (mail,), (envelope,) = postbox.mails, postbox.taken
    assert envelope.rcpt_tos == [AMELIA] and mail["From"] == desk.settings.mail_from
    assert mail["Message-ID"] == first and mail["Auto-Submitted"] == "auto-generated" and mail["Date"]
    words, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "CS-1" in words and words.splitlines()[0] == "Hello," and "CS-1" in page and "<h1" in page


def test_two_mails_have_two_ids_and_go_over_one_connection(desk, postbox):
    post(desk)
    post(desk, "k2", DANIEL)
    assert send(desk) == 2
    assert len({mail["Message-ID"] for mail in postbox.mails}) == 2
    assert postbox.connections == 1


def test_a_code_overtakes_what_can_wait(desk, postbox):
    post(desk)
    post(desk, "code:1", DANIEL)
    send(desk)
    assert [envelope.rcpt_tos for envelope in postbox.taken] == [[DANIEL], [AMELIA]]


def test_a_mail_that_was_put_off_is_tried_again_later_and_later_and_not_lost(desk, postbox, machine):
    postbox.to_recipient[AMELIA] = "450 4.2.1 mailbox busy"
    post(desk)
    pauses = []
    for _ in range(8):
        assert send(desk) == 0
        assert send(desk) == 0, "the next try waits its time"
        (mail,) = mails(desk)
        pauses.append(mail.next_try_at - machine.now())
        machine.time = mail.next_try_at
    assert pauses == sorted(pauses) and pauses[0] == timedelta(minutes=2) and pauses[-1] == timedelta(hours=1)
    del postbox.to_recipient[AMELIA]
    assert send(desk) == 1
    assert (mails(desk)[0].attempts, mails(desk)[0].refused_at) == (9, None)


def test_a_server_that_is_down_is_asked_once_a_round_and_loses_nothing(desk, machine):
    desk.settings.smtp_url = "smtp+plain://127.0.0.1:9"
    post(desk)
    post(desk, "k2", DANIEL)
    assert send(desk) == 0
    assert [(mail.sent_at, mail.attempts) for mail in mails(desk)] == [(None, 1), (None, 0)]
    machine.advance(timedelta(minutes=2))
    with mail_server.serving() as box:
        desk.settings.smtp_url = f"smtp+plain://127.0.0.1:{box.port}"
        assert send(desk) == 2


def test_a_slow_server_is_waited_for_only_so_long(desk, postbox, machine, monkeypatch):
    monkeypatch.setattr(mailing, "_ANSWER_SECONDS", 0.3)
    postbox.seconds = thinks_for = 60.0
    post(desk)
    began = time.monotonic()
    assert send(desk) == 0
    assert time.monotonic() - began < thinks_for / 2, "nobody waits for the answer"
    postbox.seconds = 0.0
    machine.advance(timedelta(minutes=2))
    assert send(desk) == 1


def test_a_server_that_hangs_up_in_the_middle_of_a_mail_gets_it_again(desk, postbox, machine):
    postbox.drops = True
    post(desk)
    post(desk, "k2", DANIEL)
    assert send(desk) == 0 and postbox.taken == []
    postbox.drops = False
    machine.advance(timedelta(minutes=2))
    assert send(desk) == 2
    assert [envelope.rcpt_tos for envelope in postbox.taken] == [[AMELIA], [DANIEL]]


@pytest.mark.parametrize("answer", ["550 5.1.1 no such person here", "553 name not allowed", "521 takes no mail"])
def test_a_recipient_who_is_refused_for_good_is_not_tried_again_and_keeps_nobody_waiting(
    desk, postbox, machine, answer
):
    postbox.to_recipient[AMELIA] = answer
    post(desk)
    post(desk, "k2", DANIEL)
    assert send(desk) == 1
    refused, other = mails(desk)
    assert refused.refused_at == desk.clock.now() and refused.sent_at is None and other.refused_at is None
    del postbox.to_recipient[AMELIA]
    machine.advance(timedelta(days=1))
    assert send(desk) == 0


@pytest.mark.parametrize("answer", ["550 5.7.1 relaying denied", "530 sign in first", "554 5.7.26 sender not proven"])
def test_a_refusal_that_is_about_the_shop_is_no_refusal_of_the_person(desk, postbox, machine, answer):
    postbox.to_recipient[AMELIA] = answer
    post(desk)
    assert send(desk) == 0
    assert mails(desk)[0].refused_at is None


@pytest.mark.parametrize(
    "address", ["nobody", "@example.com", "a@exa mple.com", "a@example.com\nBcc: b@example.com", "a@b.com, c@d.com", ""]
)
def test_what_is_no_address_is_refused_before_it_reaches_a_server(desk, postbox, address):
    post(desk, to=address)
    assert send(desk) == 0
    assert mails(desk)[0].refused_at is not None and postbox.taken == []


def test_a_comma_in_an_address_makes_no_second_recipient(desk, postbox):
    post(desk, to="amelia,daniel@example.com")
    assert send(desk) == 1
    assert postbox.taken[0].rcpt_tos == ['"amelia,daniel"@example.com']


def test_after_the_last_try_a_mail_about_a_request_alarms_a_person_once(desk, postbox, machine, chat):
    desk.settings.mail_tries = 3
    number = rights.ask(desk, chat("1001"), RequestKind.EXPORT).number
    for name in ("received", "extended"):
        post(desk, f"{name}:{number}")
    postbox.to_data = "451 4.3.0 not now"
    for _ in range(5):
        assert send(desk) == 0
        machine.advance(timedelta(hours=2))
    assert [(mail.attempts, mail.given_up_at) for mail in mails(desk)] == [(3, desk.clock.now())] * 2
    with desk.reading() as session:
        alarms = [entry for entry in worklist(session, show_all=False) if entry.kind == CaseKind.ALARM]
    assert [alarm.priority for alarm in alarms] == [Priority.URGENT]


def said(desk, conversation):
    with desk.reading() as session:
        mine = select(Message).where(Message.conversation_id == conversation).order_by(Message.id)
        return [message.response for message in session.scalars(mine)]


def test_a_code_that_a_dead_mailbox_refuses_hands_the_request_to_a_person_who_can_let_it_go_on(desk, postbox, chat):
    me, other = chat("1001"), chat("1002")
    number, bystander = (rights.ask(desk, each, RequestKind.ERASURE).number for each in (me, other))
    postbox.to_recipient[AMELIA] = "550 5.1.1 no such person here"
    rights.code_for(desk, me, number)
    rights.code_for(desk, other, bystander)
    assert send(desk) == 1
    assert rights.state_of(desk, number).state is RequestState.ON_HOLD
    assert said(desk, me) == ["utter_request_on_hold", "utter_code_no_address"]
    assert rights.state_of(desk, bystander).state is RequestState.AWAITING_VERIFICATION and said(desk, other) == []
    with desk.reading() as session:
        (alarm,) = session.scalars(select(Case)).all()
    assert (alarm.kind, alarm.request_number) == (CaseKind.ALARM, number)
    with desk.transaction() as session:
        now = desk.clock.now()
        assert checked_by_person(session, desk, now, number, "staff:1") is RequestState.COOLING_OFF


def test_a_code_that_is_given_up_hands_the_request_on_but_not_while_a_newer_one_is_on_its_way(
    desk, postbox, machine, chat
):
    desk.settings.mail_tries = 1
    me = chat("1001")
    number = rights.ask(desk, me, RequestKind.EXPORT).number
    rights.code_for(desk, me, number)
    code = rights.code_for(desk, me, number)
    postbox.to_data = "451 4.3.0 not now"
    with desk.transaction() as session:
        mailing.not_delivered(session, desk, desk.clock.now(), session.get_one(Mail, 1))
    assert rights.state_of(desk, number).state is RequestState.AWAITING_VERIFICATION and said(desk, me) == []
    assert send(desk) == 0
    assert rights.state_of(desk, number).state is RequestState.ON_HOLD
    assert rights.type_code(desk, me, number, code).verdict == "gone"


def test_a_refused_code_of_a_request_that_went_on_changes_nothing(desk, postbox, chat):
    me = chat("1001")
    number = rights.ask(desk, me, RequestKind.EXPORT).number
    rights.verify(desk, me, number)
    with desk.transaction() as session:
        code = session.scalars(select(Mail).where(Mail.dedupe_key.startswith("code:"))).one()
        mailing.not_delivered(session, desk, desk.clock.now(), code)
    assert rights.state_of(desk, number).state is RequestState.RUNNING and said(desk, me) == []


@pytest.mark.parametrize("which", ["guardian_invitation", "code"])
def test_a_young_person_hears_that_the_mail_to_their_guardian_did_not_arrive(desk, postbox, chat, which):
    maya, other = chat(guardians.MAYA), chat("1001")
    number = guardians.asked(desk, maya).number
    if which == "code":
        assert send(desk) == 1
        guardians.Guardian(desk).do(guardian_consent_page.send_code)
    postbox.to_recipient[guardians.MOTHER] = "550 5.1.1 no such person here"
    assert send(desk) == 0
    assert said(desk, maya) == ["utter_guardian_no_mail"] and said(desk, other) == []
    mine = mails(desk)[-1]
    assert mine.dedupe_key == f"guardian_no_mail-child:{number}" and "did not arrive" in mine.subject_line
    assert mine.recipient not in (guardians.MOTHER, AMELIA) and guardians.MOTHER not in mine.text
    postbox.to_recipient[mine.recipient] = "550 5.1.1 no such person here"
    assert send(desk) == 0
    assert said(desk, maya) == ["utter_guardian_no_mail"], "a mail to themselves says nothing about the guardian"


@pytest.mark.parametrize("says", ["yes", "no"])
def test_a_guardian_whose_receipt_did_not_arrive_is_sent_a_new_link_by_a_person(desk, postbox, chat, says):
    number = guardians.asked(desk, chat(guardians.MAYA)).number
    mother = guardians.Guardian(desk)
    mother.prove()
    assert send(desk) == 2
    postbox.to_recipient[guardians.MOTHER] = "550 5.2.2 mailbox full"
    mother.agree() if says == "yes" else mother.refuse()
    lost = mother.token
    assert send(desk) == 1, "the young person is told"
    (alarm,) = alarms_about_customers(desk)
    assert (alarm.subject, alarm.guardian) == (guardians.MAYA, number) and guardians.MOTHER not in alarm.happened
    postbox.to_recipient.clear()
    with desk.transaction() as session:
        now = desk.clock.now()
        guardian_consent_review.send_page_anew(session, desk, now, number, "staff:1")
        with pytest.raises(Conflict):
            guardian_consent_review.send_page_anew(session, desk, now, number, "staff:1")
    assert alarms_about_customers(desk) == []
    assert send(desk) == 1
    again = guardians.Guardian(desk)
    assert again.token != lost
    again.prove()
    if says == "yes":
        again.withdraw()
        assert not guardians.allowed(desk).allowed
    else:
        again.erase()
        assert guardians.row(desk, number).email is None


def alarms_about_customers(desk):
    with desk.reading() as session:
        return customer_alarms.waiting_alarms(session)


def test_of_a_receipt_that_did_not_arrive_nobody_is_alarmed_once_the_consent_has_ended(desk, postbox, chat):
    number = guardians.asked(desk, chat(guardians.MAYA)).number
    mother = guardians.Guardian(desk)
    mother.prove()
    mother.agree()
    receipt = next(mail for mail in mails(desk) if mail.dedupe_key == f"guardian_receipt:{number}")

    def lose():
        with desk.transaction() as session:
            mailing.not_delivered(session, desk, desk.clock.now(), session.get_one(Mail, receipt.id))

    lose()
    assert len(alarms_about_customers(desk)) == 1
    mother.prove()
    mother.withdraw()
    lose()
    assert alarms_about_customers(desk) == []


def test_an_answer_to_a_case_that_reached_nobody_is_urgent_for_the_staff_until_they_close_the_case(desk, postbox, chat):
    number, bystander = file(desk, chat("1001")).number, file(desk, chat("1002"), origin="2").number
    now = desk.clock.now()
    for each in (number, bystander):
        with desk.transaction() as session:
            complaint_answer.answer_case(session, desk, now, each, "staff:1", "We are sorry.")
    postbox.to_recipient[AMELIA] = "550 5.1.1 no such person here"
    send(desk)
    with desk.reading() as session:
        (line,) = queue(session, now, "staff:1", Queue.WAITING)
        assert (line.number, line.state, line.urgent) == (number, CaseState.ANSWERED, True)
        assert [case.number for case in complaint_desk.waiting_cases(session)] == [number]
        assert [entry.number for entry in worklist(session, show_all=False)] == [number]
        assert queue(session, now, "staff:1", Queue.OVERDUE) == []
        note = case_page(session, number, "staff:1").lines[-1]
    assert note.kind is CaseMessageKind.NOTE and "did not arrive" in note.text
    with desk.transaction() as session:
        complaint_desk.close(session, desk, now, number, "staff:1")
    with desk.reading() as session:
        assert queue(session, now, "staff:1", Queue.WAITING) == []


@pytest.mark.parametrize("over", [True, False])
def test_an_answer_of_a_person_that_reached_nobody_is_urgent_in_the_queue_until_somebody_saw_to_it(
    desk, postbox, chat, over
):
    away, reading, bystander = chat("1001"), chat("1001"), chat("1002")
    for mine in (away, reading, bystander):
        answered_while_away(desk, mine, over=over)
    postbox.to_recipient[AMELIA] = "550 5.1.1 no such person here"
    with desk.transaction() as session:
        handoff_talk.user_read(session, reading, conversations.newest_message_id(session, reading))
    assert send(desk) == 1
    with desk.reading() as session:
        shown = handoff_lists.Show.WAITING if over else handoff_lists.Show.MINE
        urgent = [each for each in handoff_lists.listed(session, desk.clock.now(), shown, MIA.id) if each.urgent]
        assert [(each.conversation_id, each.reason) for each in urgent] == [(away, "no_mail")]
        assert [note.text[:29] for note in handoff_view.notes(session, away)] == ["The mail with the last answer"]
        assert handoff_view.notes(session, reading) == handoff_view.notes(session, bystander) == []
        waiting = [entry for entry in worklist(session, show_all=False) if entry.priority == Priority.URGENT]
        assert [entry.number for entry in waiting] == [urgent[0].number]
    with desk.transaction() as session:
        handoff_ownership.take(session, desk, away, MIA)
        handoff_ownership.hand_back(session, desk, away, MIA, seen=10_000)
    with desk.reading() as session:
        assert urgent[0].number not in {entry.number for entry in worklist(session, show_all=False)}


def answered_while_away(desk, conversation, *, over):
    with desk.transaction() as session:
        handoff_ownership.take(session, desk, conversation, MIA)
        handoff_talk.say(session, desk, conversation, MIA, "Your invoice is corrected.", "k")
        if over:
            handoff_ownership.hand_back(session, desk, conversation, MIA, seen=10_000)
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert handoff_talk.mail_those_away(desk) == 1


def test_a_copy_that_nobody_was_told_of_by_mail_alarms_a_person(desk, postbox, chat):
    copies = {}
    for customer in ("1001", "1002"):
        mine = chat(customer)
        copies[customer] = rights.ask(desk, mine, RequestKind.EXPORT).number
        rights.verify(desk, mine, copies[customer])
        assert rights.finish(desk, copies[customer]).state is RequestState.FULFILLED
    told = Mail.dedupe_key.startswith("export-ready:")
    with desk.transaction() as session:
        session.execute(delete(Mail).where(~told))
        session.execute(update(Mail).values(sent_at=None, next_try_at=None))
    postbox.to_recipient[AMELIA] = "550 5.1.1 no such person here"
    assert send(desk) == 1
    with desk.reading() as session:
        assert [len(outcome.alarms_of(session, number)) for number in copies.values()] == [1, 0]


def test_a_refused_mail_about_a_request_alarms_a_person_and_a_code_of_nothing_nobody(desk, postbox, chat):
    number = rights.ask(desk, chat("1001"), RequestKind.EXPORT).number
    postbox.to_recipient[AMELIA] = "550 5.1.1 no such person here"
    post(desk, "code:7")
    assert send(desk) == 0
    with desk.reading() as session:
        assert [entry.kind for entry in worklist(session, show_all=False)] == [RequestKind.EXPORT]
    post(desk, f"received:{number}")
    assert send(desk) == 0
    with desk.reading() as session:
        assert {entry.kind for entry in worklist(session, show_all=False)} == {RequestKind.EXPORT, CaseKind.ALARM}


def test_a_mail_that_was_erased_while_it_was_on_its_way_harms_nobody(desk, postbox, monkeypatch):
    post(desk)

    def send_and_erase(self, mail):
        with desk.transaction() as session:
            session.delete(session.get(Mail, mail.id))

    monkeypatch.setattr(mailing.Mailer, "send", send_and_erase)
    assert send(desk) == 1 and mails(desk) == []


def test_two_workers_send_a_mail_once(desk, postbox):
    post(desk)
    first, second = mailing._claim(desk, 1), mailing._claim(desk, 1)
    assert first is not None and second is None


def test_nothing_about_a_person_is_logged(desk, postbox, capsys):
    postbox.to_recipient[AMELIA] = f"550 5.1.1 {AMELIA} is not here"
    post(desk)
    send(desk)
    desk.settings.smtp_url = "smtp+plain://127.0.0.1:9"
    post(desk, "k2", DANIEL)
    send(desk)
    said = "".join(capsys.readouterr())
    assert "mail refused for good" in said and "ConnectionRefusedError" in said
    assert "amelia" not in said and "daniel" not in said


def test_mail_goes_encrypted_to_a_server_whose_certificate_is_known_and_signs_in(desk, tmp_path, monkeypatch):
    known, context = mail_server.certificate(tmp_path)
    box = mail_server.Postbox()
    signing_in = {"authenticator": box.authenticate, "auth_required": True}
    with mail_server.serving(box, tls_context=context, require_starttls=True, **signing_in):
        user, password = mail_server.USER, quote(mail_server.PASSWORD, safe="")
        desk.settings.smtp_url = f"smtp://{user}:{password}@127.0.0.1:{box.port}"
        monkeypatch.setenv("SSL_CERT_FILE", str(known))
        post(desk)
        assert send(desk) == 1
    assert box.signed_in == [b"desk"] and box.taken[0].rcpt_tos == [AMELIA]


def test_mail_goes_to_a_server_that_is_encrypted_from_the_start(desk, tmp_path, monkeypatch):
    known, context = mail_server.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    with mail_server.serving(ssl_context=context) as box:
        desk.settings.smtp_url = f"smtps://127.0.0.1:{box.port}"
        post(desk)
        assert send(desk) == 1
    assert len(box.taken) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_with_an_unknown_certificate_gets_nothing(desk, tmp_path, scheme):
    _, context = mail_server.certificate(tmp_path)
    how = {"tls_context": context} if scheme == "smtp" else {"ssl_context": context}
    with mail_server.serving(**how) as box:
        desk.settings.smtp_url = f"{scheme}://127.0.0.1:{box.port}"
        post(desk)
        assert send(desk) == 0
    assert box.taken == [] and mails(desk)[0].sent_at is None


def test_a_server_that_offers_no_encryption_gets_nothing(desk, postbox):
    desk.settings.smtp_url = f"smtp://127.0.0.1:{postbox.port}"
    post(desk)
    assert send(desk) == 0 and postbox.taken == []


def test_a_wrong_password_loses_nothing(desk, tmp_path, monkeypatch):
    known, context = mail_server.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    box = mail_server.Postbox()
    with mail_server.serving(box, tls_context=context, authenticator=box.authenticate, auth_required=True):
        desk.settings.smtp_url = f"smtp://desk:wrong@127.0.0.1:{box.port}"
        post(desk)
        assert send(desk) == 0
    assert mails(desk)[0].refused_at is None and box.taken == []


def test_without_a_mail_server_the_worker_does_not_start_outside_the_demo(desk):
    desk.settings.demo = False
    with pytest.raises(SetupError):
        mailing.Mailer(desk)


def test_an_address_of_a_mail_server_that_cannot_be_used_refuses_the_start(desk):
    desk.settings.smtp_url = "https://mail.example.com"
    with pytest.raises(SetupError, match="SMTP_URL"):
        mailing.Mailer(desk)
