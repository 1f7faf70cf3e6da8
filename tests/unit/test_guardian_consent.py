"""Somebody under 18 is recognised and left alone; a guardian is asked, decides, thinks again, is forgotten."""

import hashlib
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import event, select

from bot.errors import (
    Conflict,
    FormInvalid,
    GuardianLinkGone,
    GuardianNotNeeded,
    GuardianNotProved,
    NotFound,
    NotSignedIn,
    OwnGuardian,
    TooManyCodes,
    TooManyGuardians,
)
from bot.privacy import (
    guardian_consent,
    guardian_consent_own,
    guardian_consent_page,
    guardian_consent_review,
    handoff_view,
    holds,
)
from bot.privacy.denial import deny
from bot.privacy.fulfilment import carry_out, take
from bot.privacy.guardian_consent_form import EMAIL, NAME, OF_AGE_ON, RELATION, RELATIONS, check
from bot.privacy.guardian_consent_links import marks
from bot.privacy.guardian_consent_notice import opening_words
from bot.privacy.guardian_consent_of_age import own_word
from bot.privacy.guardian_consent_standing import normalised, of_age_day
from bot.privacy.guardian_consent_text import consent_text
from bot.privacy.guardian_consent_watch import look_after_guardians, look_for_minors
from bot.privacy.one_time_code import Verdict
from bot.privacy.request_waiting import begin_what_is_due
from bot.store import attachments, conversations
from bot.store.attachments import CleanFile
from bot.store.desk_tables import (
    Attachment,
    AuditEntry,
    Base,
    Case,
    Certificate,
    ConsentEntry,
    Export,
    GuardianConsent,
    GuardianLink,
    Mail,
    Message,
    Minor,
    Restriction,
    Turn,
    WebhookEvent,
)
from bot.store.file_checks import MediaType
from bot.vocabulary import HoldKind, RequestKind
from tests import rights
from tests.guardians import FATHER, LINK, MAYA, MOTHER, Guardian, agreed, allowed, asked, link, mails, row
from tests.unit.conftest import open_chat, others_can_write, without_shop

PAPER = CleanFile("form.pdf", MediaType.PDF, b"%PDF-")
ADULT = "1001"


@pytest.fixture
def desk(own_desk):
    made = own_desk()
    made.settings.webhook_urls = "https://a.example.com/hook"
    return made


@pytest.fixture
def maya(desk):
    return open_chat(desk, MAYA)


def everything(desk, table):
    with desk.reading() as session:
        return list(session.scalars(select(table)))


def events(desk):
    return [each.event for each in sorted(everything(desk, AuditEntry), key=lambda each: each.id)]


def said(desk, chat):
    with desk.reading() as session:
        return [each.response for each in conversations.messages_after(session, chat)]


def recognise(desk, subject=MAYA):
    with desk.transaction() as session:
        return guardian_consent.recognise(session, desk, desk.clock.now(), subject)


# ----------------------------------------------------------------------------------------------------- recognised


def test_a_minors_data_is_left_alone_from_the_first_question_on_whether_anybody_looked_or_not(desk):
    answer = allowed(desk)
    assert (answer.minor, answer.guardian_missing, answer.restricted, answer.allowed) == (True, True, True, ())
    assert everything(desk, Restriction) == []
    assert allowed(desk, ADULT).allowed


def test_the_worker_finds_minors_who_never_chatted_and_the_services_are_told_once(desk):
    assert look_for_minors(desk) == 1
    assert look_for_minors(desk) == 0
    assert [(each.subject, each.reason) for each in everything(desk, Restriction)] == [(MAYA, "guardian_missing")]
    assert [(each.event, each.payload["reason"]) for each in everything(desk, WebhookEvent)] == [
        ("guardian_missing", "guardian_missing")
    ]
    assert {"minor_recognised", "restricted"} <= set(events(desk))


def test_a_row_that_an_erasure_emptied_is_nobody_and_brings_nothing_back(desk):
    with desk.shop.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE customers SET name = '', email = '' WHERE id = {MAYA}")
    assert look_for_minors(desk) == 0
    assert everything(desk, Minor) == everything(desk, Restriction) == []


def test_who_says_that_they_are_under_18_is_believed_and_only_that_is_kept(desk):
    chat = open_chat(desk, "1004")
    with desk.transaction() as session:
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, chat))
    answer = allowed(desk, "1004")
    assert (answer.minor, answer.allowed) == (True, ())
    (kept,) = everything(desk, Minor)
    assert (kept.subject, kept.of_age_on) == ("1004", None)
    day = (desk.clock.now() + timedelta(days=200)).date().isoformat()
    asked(desk, chat, **{OF_AGE_ON: day})
    assert everything(desk, Minor)[0].of_age_on == day
    desk.clock.advance(timedelta(days=201))
    look_for_minors(desk)
    assert not allowed(desk, "1004").minor and "utter_came_of_age" in said(desk, chat)


def test_who_is_under_18_by_their_own_word_is_not_asked_after_every_few_seconds(desk):
    look_for_minors(desk)
    questions = []
    event.listen(desk.shop.engine, "before_cursor_execute", lambda *asked: questions.append(asked[2]))
    look_for_minors(desk)
    usual, could_write = len(questions), others_can_write(desk)
    for subject in ("1004", "1005", "1006"):
        with desk.transaction() as session:
            chat = conversations.conversation(session, open_chat(desk, subject))
            guardian_consent.declare(session, desk, desk.clock.now(), chat)
    questions.clear()
    could_write.clear()
    assert look_for_minors(desk) == 0
    assert len(questions) == usual and all(could_write)


def test_nobody_unknown_can_say_that_they_are_under_18(desk):
    chat = open_chat(desk, None)
    with desk.transaction() as session, pytest.raises(NotSignedIn):
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, chat))
    assert everything(desk, Minor) == everything(desk, Restriction) == []


@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "2090-01-01", "2026-11-23"])
def test_the_day_of_the_18th_birthday_must_be_one_that_can_be(desk, day):
    values = {NAME: "M", RELATION: "mother", EMAIL: MOTHER, OF_AGE_ON: day}
    with pytest.raises(FormInvalid):
        check(desk, "1004", values)


def test_no_other_right_is_refused_to_a_minor(desk, maya):
    desk.settings.webhook_urls = ""
    recognise(desk)
    asked_for = rights.ask(desk, maya, RequestKind.EXPORT)
    rights.verify(desk, maya, asked_for.number)
    rights.work(desk)
    assert rights.state_of(desk, asked_for.number).state == "fulfilled"
    gone = rights.ask(desk, maya, RequestKind.CANCEL_ACCOUNT)
    rights.verify(desk, maya, gone.number)
    assert rights.finish(desk, gone.number).state == "fulfilled"
    for table in (Minor, GuardianConsent, Restriction):
        assert everything(desk, table) == []


def test_the_opening_words_fit_where_it_stands(desk, maya):
    def words(subject=MAYA):
        with desk.reading() as session:
            found = opening_words(session, desk, subject)
        return found and found["response"]

    assert words(ADULT) is None
    assert words() == "utter_guardian_needed"
    asked(desk, maya)
    assert words() == "utter_guardian_waiting"
    guardian = Guardian(desk)
    guardian.prove()
    guardian.agree()
    assert words() is None


# ----------------------------------------------------------------------------------------------------- asked


def test_the_mail_holds_a_link_that_says_nothing_and_of_which_only_a_hash_is_kept(desk, maya):
    number = asked(desk, maya).number
    (mail,) = mails(desk, MOTHER)
    token = link(desk)
    assert number in mail.subject_line
    for personal in ("Maya", "Lindqvist", "Maria", MAYA, MOTHER):
        assert personal not in mail.subject_line + mail.text
    (kept,) = everything(desk, GuardianLink)
    assert token not in kept.token_hash and len(kept.token_hash) == 64
    assert kept.expires_at - desk.clock.now() == timedelta(days=30)


def test_name_and_address_of_the_guardian_are_unreadable_without_the_key_and_leave_the_chat(desk, maya):
    with desk.transaction() as session:
        now = desk.clock.now()
        turn = Turn(conversation_id=maya, idempotency_key="k", body_hash="h", state="done", created_at=now)
        session.add(turn)
        session.flush()
        card = {"kind": "form_values", "form": "guardian_consent", "values": {EMAIL: MOTHER, NAME: "Maria Mother"}}
        message = Message(
            conversation_id=maya, turn_id=turn.id, author="user", text="Your parent or guardian", citations=[],
            choices=[], card=card, created_at=now,
        )  # fmt: skip
        session.add(message)
        session.flush()
        chat = conversations.conversation(session, maya)
        values = {NAME: "Maria Mother", RELATION: "mother", EMAIL: MOTHER}
        first = guardian_consent.invite(session, desk, now, chat, str(message.id), values)
        again = guardian_consent.invite(session, desk, now, chat, str(message.id), {})
    assert first == again and len(mails(desk, MOTHER)) == 1
    assert everything(desk, Message)[0].card["values"] == {}
    raw = sqlite3.connect(desk.engine.url.database).execute("SELECT * FROM guardian_consents").fetchall()
    assert "Maria" not in str(raw) and MOTHER not in str(raw)


@pytest.mark.parametrize(
    "address",
    [
        "maya.lindqvist@example.com",
        "MAYA.Lindqvist@Example.COM",
        "maya.lindqvist+mum@example.com",
        " maya.lindqvist@example.com ",
    ],
)
def test_a_young_person_cannot_name_their_own_address(desk, maya, address):
    with pytest.raises(FormInvalid) as refused:
        check(desk, MAYA, {NAME: "Maria", RELATION: "mother", EMAIL: address})
    assert "own address" in refused.value.errors[0]["detail"]
    with pytest.raises(OwnGuardian):
        asked(desk, maya, address)
    assert everything(desk, GuardianConsent) == []


def test_dots_and_other_names_make_no_other_mailbox_where_the_provider_says_so():
    assert normalised("a.b.c+x@GoogleMail.com") == normalised("abc@gmail.com")
    assert normalised("a.b@example.com") != normalised("ab@example.com")


def test_nobodys_mailbox_is_filled(desk, maya):
    for _ in range(6):
        asked(desk, maya)
    with pytest.raises(TooManyGuardians):
        asked(desk, maya)
    assert sum(each.state == "invited" for each in everything(desk, GuardianConsent)) == 1


def test_two_may_be_asked_at_once_and_no_third(desk, maya):
    asked(desk, maya)
    asked(desk, maya, FATHER)
    with pytest.raises(TooManyGuardians):
        asked(desk, maya, "third@example.com")


def test_for_an_adult_nobody_is_asked(desk):
    with pytest.raises(GuardianNotNeeded):
        asked(desk, open_chat(desk, ADULT))


def test_the_young_person_may_stop_asking_and_the_link_is_dead(desk, maya):
    number = asked(desk, maya).number
    guardian = Guardian(desk)
    stranger = open_chat(desk, ADULT)
    with desk.transaction() as session, pytest.raises(NotFound):
        other = conversations.conversation(session, stranger)
        guardian_consent.take_back(session, desk, desk.clock.now(), other, number)
    with desk.transaction() as session:
        chat = conversations.conversation(session, maya)
        guardian_consent.take_back(session, desk, desk.clock.now(), chat, number)
    with pytest.raises(GuardianLinkGone):
        guardian.see()


def test_reminders_come_after_7_and_21_days_with_links_of_their_own_and_then_it_ends(desk, maya):
    number = asked(desk, maya).number
    first = link(desk)
    told = []
    for _day in range(31):
        look_after_guardians(desk)
        look_after_guardians(desk)
        told.append(len(mails(desk, MOTHER)))
        desk.clock.advance(timedelta(days=1))
    look_after_guardians(desk)
    assert (told[6], told[7], told[20], told[21], told[30]) == (1, 2, 2, 3, 4)
    assert row(desk, number).state == "expired"
    assert "utter_guardian_ran_out" in said(desk, maya)
    assert row(desk, number).state == "expired"
    assert "utter_guardian_ran_out" in said(desk, maya) and events(desk).count("guardian_expired") == 1
    for token in (first, *(LINK.search(each.text)[1] for each in mails(desk, MOTHER) if LINK.search(each.text))):
        with pytest.raises(GuardianLinkGone):
            Guardian(desk, token=token).see()


# ----------------------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1] + "x", lambda t: "x" + t, lambda t: t.partition(".")[0], lambda t: ""]
)
def test_a_link_that_was_changed_opens_nothing(desk, maya, spoil):
    asked(desk, maya)
    with pytest.raises(GuardianLinkGone):
        Guardian(desk, token=spoil(link(desk)) or "x").see()


def test_the_browser_of_the_young_persons_chat_is_turned_away(desk, maya):
    asked(desk, maya)
    mark = marks(desk.settings, MAYA)
    assert MAYA not in mark and "Maya" not in mark
    with pytest.raises(OwnGuardian):
        Guardian(desk, cookies=(mark,)).see()
    Guardian(desk, cookies=(marks(desk.settings, "1004"),)).see()


def test_nothing_is_done_without_the_code(desk, maya):
    asked(desk, maya)
    guardian = Guardian(desk)
    for act in (guardian.agree, guardian.refuse, guardian.withdraw, guardian.erase):
        with pytest.raises(GuardianNotProved):
            act()
    with pytest.raises(GuardianNotProved):
        guardian.ask_for(RequestKind.EXPORT)


def test_a_code_serves_in_the_browser_it_was_asked_for_in_only_and_three_times(desk, maya):
    asked(desk, maya)
    guardian, other = Guardian(desk), Guardian(desk, visit="elsewhere")
    guardian.do(guardian_consent_page.send_code)
    code = mails(desk, MOTHER)[0].text.partition("Your code: ")[2][:6]
    assert other.type_code(code).verdict is Verdict.GONE
    wrong = "000000" if code != "000000" else "111111"
    assert [guardian.type_code(wrong).tries_left for _ in range(3)] == [2, 1, 0]
    assert guardian.type_code(code).verdict is Verdict.GONE
    assert guardian.prove().verdict is Verdict.VERIFIED
    assert guardian.see().proved and not other.see().proved
    desk.clock.advance(timedelta(minutes=31))
    assert not guardian.see().proved


def test_only_so_many_codes_are_sent_in_a_day(desk, maya):
    asked(desk, maya)
    guardian = Guardian(desk)
    for _ in range(desk.settings.codes_per_day):
        guardian.do(guardian_consent_page.send_code)
    with pytest.raises(TooManyCodes):
        guardian.do(guardian_consent_page.send_code)


def test_the_text_quotes_the_policy_in_force_to_the_letter_and_always_has_one_hash(desk):
    with desk.reading() as session:
        text, again, other = (consent_text(session, desk, name) for name in ("Maya", "Maya", "Ann"))
    policy = desk.policies.in_force(desk.clock.now().date())
    assert text.hash == again.hash != other.hash
    for _, clause in text.points:
        assert clause.quote == policy.by_id[clause.clause].quote and clause.quote in text.as_text()


@pytest.mark.parametrize(
    ("name", "relation", "ticks", "field"),
    [
        ("", "mother", (True, True), "name"),
        ("<b>", "mother", (True, True), "name"),
        ("maya LINDQVIST", "mother", (True, True), "name"),
        ("Maria Mother", "sister", (True, True), "relation"),
        ("Maria Mother", "mother", (True, False), "ticks"),
        ("Maria Mother", "mother", (), "ticks"),
    ],
)
def test_a_declaration_must_be_whole(desk, maya, name, relation, ticks, field):
    asked(desk, maya)
    guardian = Guardian(desk)
    guardian.prove()

    def act(session, desk, now, visit):
        text = guardian_consent_page.shown_text(session, desk, visit).hash
        said = guardian_consent_page.Declaration(name, relation, ticks, text)
        guardian_consent_page.agree(session, desk, now, visit, said)

    with pytest.raises(FormInvalid) as refused:
        guardian.do(act)
    assert [each["field"] for each in refused.value.errors] == [field]
    assert not allowed(desk).allowed


def test_a_text_that_changed_meanwhile_is_not_agreed_to(desk, maya):
    asked(desk, maya)
    guardian = Guardian(desk)
    guardian.prove()
    said = guardian_consent_page.Declaration("Maria Mother", "mother", (True, True), "0" * 64)
    with pytest.raises(Conflict, match="changed"):
        guardian.do(guardian_consent_page.agree, said)


def test_consent_is_kept_so_that_it_can_be_proved_and_frees_the_processing(desk, maya):
    recognise(desk)
    number = asked(desk, maya).number
    before = allowed(desk)
    guardian = Guardian(desk)
    invitation = guardian.token
    guardian.prove()
    guardian.agree()
    after, kept = allowed(desk), row(desk, number)
    assert not before.allowed and after.allowed and not after.restricted and after.minor
    assert (kept.state, kept.method, kept.policy_version) == ("live", "declaration", "2026-01-15")
    assert kept.artefact["text_sha256"] == kept.text_hash
    assert kept.artefact["name"] == "Maria Anna Mother" and kept.artefact["confirmed"]
    proof = hashlib.sha256(json.dumps(kept.artefact, sort_keys=True).encode()).hexdigest()
    assert proof in {each.reference for each in everything(desk, AuditEntry) if each.event == "guardian_text"}
    assert mails(desk, MOTHER)[0].subject_line == f"Receipt for your consent ({number})"
    assert mails(desk, "maya.lindqvist@example.com")[0].subject_line.startswith("Your parent or guardian has agreed")
    assert said(desk, maya)[-1] == "utter_guardian_agreed" and events(desk).count("guardian_consented") == 1
    assert [each.event for each in everything(desk, WebhookEvent)] == ["guardian_missing", "restriction_lifted"]
    with pytest.raises(GuardianLinkGone):
        Guardian(desk, token=invitation).see()


def test_withdrawing_stops_the_processing_at_once_and_takes_no_more_than_the_code(desk, maya):
    guardian = agreed(desk, maya)
    desk.clock.advance(timedelta(days=90))
    with pytest.raises(GuardianNotProved):
        guardian.withdraw()
    guardian.prove()
    guardian.withdraw()
    guardian.withdraw()
    assert not allowed(desk).allowed and allowed(desk).guardian_missing
    assert said(desk, maya)[-1] == "utter_guardian_took_back"
    assert events(desk).count("guardian_withdrew") == 1


def test_a_no_is_told_and_leads_to_nobody_in_particular(desk, maya):
    asked(desk, maya)
    guardian = Guardian(desk)
    guardian.prove()
    guardian.refuse()
    assert not allowed(desk).allowed and said(desk, maya)[-1] == "utter_guardian_said_no"
    assert everything(desk, Case) == []


def test_whom_the_mail_reached_by_mistake_is_forgotten_without_a_code(desk, maya):
    number = asked(desk, maya).number
    Guardian(desk).do(guardian_consent_own.not_me)
    kept = row(desk, number)
    assert (kept.state, kept.email, kept.name) == ("cancelled", None, None)
    assert mails(desk, MOTHER) == [] and said(desk, maya)[-1] == "utter_guardian_wrong_person"


# ----------------------------------------------------------------------------------------------------- signed forms


def test_a_signed_form_waits_for_a_person_and_frees_nothing_before(desk, maya):
    number = asked(desk, maya).number
    guardian = Guardian(desk)
    with pytest.raises(GuardianNotProved):
        guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
    guardian.prove()
    guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
    assert row(desk, number).state == "in_review" and not allowed(desk).allowed
    with desk.transaction() as session:
        (waiting,) = guardian_consent_review.forms_in_review(session)
        assert attachments.read(session, desk, waiting.files[0].id, "staff:1") == b"%PDF-"
        guardian_consent_review.approve_guardian_form(session, desk, desk.clock.now(), number, "staff:1")
    assert (row(desk, number).state, row(desk, number).method) == ("live", "signed_form")
    assert row(desk, number).artefact["approved_by"] == "staff:1" and allowed(desk).allowed
    with desk.transaction() as session, pytest.raises(Conflict):
        guardian_consent_review.refuse_guardian_form(session, desk, desk.clock.now(), number, "unreadable", "staff:1")


def test_a_signed_form_is_looked_at_and_kept_with_the_relation_that_the_guardian_declared(desk, maya):
    number, fathers = asked(desk, maya).number, asked(desk, maya, FATHER).number
    guardian = Guardian(desk)
    guardian.prove()
    guardian.do(guardian_consent_page.hand_in, PAPER, "Gerda Guardian", "guardian")
    with desk.transaction() as session:
        (waiting,) = guardian_consent_review.forms_in_review(session)
        assert (waiting.name, waiting.relation) == ("Gerda Guardian", RELATIONS["guardian"])
        guardian_consent_review.approve_guardian_form(session, desk, desk.clock.now(), number, "staff:1")
    kept = row(desk, number)
    assert kept.relation == kept.artefact["relation"] == "guardian"
    guardian = Guardian(desk)
    guardian.prove()
    shown = guardian.do(lambda session, _d, _n, visit: guardian_consent_own.own_data(session, visit))
    assert ("Who you are to the young person", RELATIONS["guardian"]) in shown
    assert row(desk, fathers).relation == "mother", "what the young person wrote of somebody else is as it was"


def test_a_form_that_was_not_handed_in_cannot_be_approved(desk, maya):
    number = asked(desk, maya).number
    with desk.transaction() as session, pytest.raises(Conflict, match="does not wait"):
        guardian_consent_review.approve_guardian_form(session, desk, desk.clock.now(), number, "staff:1")
    assert row(desk, number).state == "invited" and not allowed(desk).allowed


def test_a_form_that_cannot_be_used_goes_back_with_the_reason_and_a_new_link(desk, maya):
    number = asked(desk, maya).number
    guardian = Guardian(desk)
    guardian.prove()
    guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
    desk.clock.advance(timedelta(days=40))
    with desk.transaction() as session:
        guardian_consent_review.refuse_guardian_form(session, desk, desk.clock.now(), number, "not_signed", "staff:1")
    assert everything(desk, Attachment) == [] and row(desk, number).artefact is None
    assert "the signature is missing" in mails(desk, MOTHER)[0].text
    again = Guardian(desk)
    again.prove()
    again.agree()
    assert allowed(desk).allowed


def test_a_young_person_hears_of_each_form_that_comes_and_that_is_sent_back(desk, maya):
    number = asked(desk, maya).number
    for _ in range(2):
        desk.clock.advance(timedelta(minutes=1))
        guardian = Guardian(desk)
        guardian.prove()
        guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
        with pytest.raises(Conflict):
            guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
        with desk.transaction() as session:
            now = desk.clock.now()
            guardian_consent_review.refuse_guardian_form(session, desk, now, number, "not_signed", "staff:1")
    told = [mail.dedupe_key for mail in reversed(mails(desk, desk.email_of(MAYA)))]
    assert [key.split(":")[0] for key in told] == ["guardian_form_came-child", "guardian_form_returned-child"] * 2
    assert all(key.endswith(f":{number}") for key in told)


# ----------------------------------------------------------------------------------------------------- two guardians


def test_two_who_disagree_keep_the_data_alone_until_a_person_decides(desk, maya):
    agreed(desk, maya, MOTHER)
    asked(desk, maya, FATHER)
    father = Guardian(desk, FATHER)
    father.prove()
    assert allowed(desk).allowed, "an open question changes nothing"
    father.refuse()
    assert not allowed(desk).allowed
    (case,) = everything(desk, Case)
    assert (case.kind, case.priority, case.state) == ("alarm", "urgent", "waiting")
    with desk.transaction() as session:
        guardian_consent_review.settle_dispute(session, desk, desk.clock.now(), MAYA, "staff:1", consent_stands=True)
    assert allowed(desk).allowed and everything(desk, Case)[0].state == "closed"
    closed = [(each.reference, each.actor) for each in everything(desk, AuditEntry) if each.event == "case_closed"]
    assert closed == [(case.number, "staff:1")]


def test_two_who_disagree_anew_after_it_was_settled_alarm_a_person_anew(desk, maya):
    other = open_chat(desk, ADULT)
    asked(desk, maya, MOTHER)
    mother = Guardian(desk, MOTHER)
    mother.prove()
    mother.refuse()
    father = agreed(desk, maya, FATHER)
    with desk.transaction() as session:
        guardian_consent_review.settle_dispute(session, desk, desk.clock.now(), MAYA, "staff:1", consent_stands=True)
    desk.clock.advance(timedelta(days=1))
    agreed(desk, maya, MOTHER)
    assert allowed(desk).allowed
    father.visit = "another visit"
    father.prove()
    father.withdraw()
    assert not allowed(desk).allowed
    cases = sorted(everything(desk, Case), key=lambda case: case.number)
    assert [(case.state, case.subject) for case in cases] == [("closed", MAYA), ("waiting", MAYA)]
    assert [each.event for each in everything(desk, AuditEntry)].count("guardian_dispute") == 2
    assert other and allowed(desk, ADULT).allowed


@pytest.mark.parametrize("by", ["a yes", "a birthday"])
def test_a_disagreement_that_ends_by_itself_alarms_nobody_any_longer(desk, maya, by):
    agreed(desk, maya, MOTHER)
    agreed(desk, maya, FATHER).withdraw()
    assert [case.state for case in everything(desk, Case)] == ["waiting"]
    desk.clock.advance(timedelta(days=1))
    if by == "a yes":
        agreed(desk, maya, FATHER)
        assert allowed(desk).allowed
    else:
        desk.clock.advance(timedelta(days=3 * 366))
        look_for_minors(desk)
    assert [case.state for case in everything(desk, Case)] == ["closed"]


def test_a_person_may_also_decide_for_the_no(desk, maya):
    agreed(desk, maya, MOTHER)
    father = agreed(desk, maya, FATHER)
    assert allowed(desk).allowed
    father.withdraw()
    assert not allowed(desk).allowed
    with desk.transaction() as session:
        guardian_consent_review.settle_dispute(session, desk, desk.clock.now(), MAYA, "staff:1", consent_stands=False)
    assert not allowed(desk).allowed
    with desk.transaction() as session, pytest.raises(NotFound):
        guardian_consent_review.settle_dispute(session, desk, desk.clock.now(), MAYA, "staff:1", consent_stands=True)


# ----------------------------------------------------------------------------------------------------- own data


def test_a_guardian_sees_everything_that_is_kept_about_them(desk, maya):
    guardian = agreed(desk, maya)
    shown = str(guardian.do(lambda session, _d, _n, visit: guardian_consent_own.own_data(session, visit)))
    for value in ("Maria Anna Mother", MOTHER, "Mother", "I have read what I agree to"):
        assert value in shown
    assert FATHER not in shown


def texts(desk):
    """Every value of every row of the desk's database, decrypted."""
    found = []
    with desk.reading() as session:
        for table in Base.metadata.sorted_tables:
            for each in session.execute(select(table)).mappings():
                found += [str(value) for value in each.values()]
    return "\n".join(found)


def test_after_the_erasure_of_a_guardian_nothing_of_them_is_left_and_the_processing_stands_still(desk, maya):
    canaries = ("Quirina", "Zyxmother", "quirina.zyx@example.com")
    with desk.transaction() as session:
        session.add(
            Message(
                conversation_id=maya, author="user", text="my mum is QUIRINA.zyx@example.com", citations=[], choices=[],
                created_at=desk.clock.now(),
            )
        )  # fmt: skip
        session.add(
            Message(
                conversation_id=maya, author="user", text="so write to ‹email› or ‹phone›", citations=[], choices=[],
                hidden=[canaries[2], "+44 7700 900731"], created_at=desk.clock.now(),
            )
        )  # fmt: skip
    asked(desk, maya, canaries[2], "Quirina Zyxmother")
    agreed(desk, maya, FATHER)
    mother = Guardian(desk, canaries[2])
    mother.prove()
    mother.do(guardian_consent_page.hand_in, PAPER, "Quirina Zyxmother", "mother")
    with desk.transaction() as session:
        number = guardian_consent_review.forms_in_review(session)[0].number
        guardian_consent_review.approve_guardian_form(session, desk, desk.clock.now(), number, "staff:1")
    mother = Guardian(desk, canaries[2])
    mother.prove()
    before = texts(desk)
    assert all(canary.casefold() in before.casefold() for canary in canaries)
    fathers = len(mails(desk, FATHER))
    mother.erase()
    after = texts(desk)
    assert not [canary for canary in canaries if canary.casefold() in after.casefold()]
    assert "+44 7700 900731" in after, "what is not the guardian's stays"
    assert everything(desk, Attachment) == []
    assert not allowed(desk).allowed, "what she said has ended, and he says something else"
    assert len(mails(desk, FATHER)) == fathers and row(desk, number).state == "withdrawn"
    for file in desk.settings.desk_home.rglob("*"):
        if file.is_file() and file.suffix != ".sqlite3":
            assert not [canary for canary in canaries if canary.encode() in file.read_bytes()]
    with pytest.raises(GuardianLinkGone):
        mother.see()


@pytest.mark.parametrize(
    ("name", "wrote", "left"),
    [
        ("Ma", "My email from the market: Ma, ma's and MA-LEE", "My email from the market: •••, •••'s and MA-LEE"),
        ("Ian", "Diana and Ian wait for Christian.", "Diana and ••• wait for Christian."),
        ("José", "Ask JOSÉ, not Joséphine", "Ask •••, not Joséphine"),
        ("Ann Lee", "joann lee, Ann  Lee and Ann", "joann lee, ••• and Ann"),
    ],
)
def test_a_young_persons_own_words_stay_when_their_guardian_is_forgotten(desk, maya, name, wrote, left):
    stranger = open_chat(desk, ADULT)
    with desk.transaction() as session:
        for chat in (maya, stranger):
            session.add(
                Message(
                    conversation_id=chat, author="user", text=wrote, citations=[], choices=[],
                    created_at=desk.clock.now(),
                )
            )  # fmt: skip
    asked(desk, maya, name=name)
    Guardian(desk).do(guardian_consent_own.not_me)
    with desk.reading() as session:
        assert conversations.messages_after(session, maya)[0].text == left
        assert conversations.messages_after(session, stranger)[0].text == wrote, "another's chat is not touched"


def test_of_two_names_of_a_guardian_the_longer_one_goes_as_a_whole(desk, maya):
    with desk.transaction() as session:
        session.add(
            Message(
                conversation_id=maya, author="user", text="Maria Anna Mother or just Maria Anna", citations=[],
                choices=[], created_at=desk.clock.now(),
            )
        )  # fmt: skip
    asked(desk, maya, name="Maria Anna")
    guardian = Guardian(desk)
    guardian.prove()
    guardian.agree()
    asked(desk, maya, name="Maria Anna")
    guardian.prove()
    guardian.erase()
    with desk.reading() as session:
        assert conversations.messages_after(session, maya)[0].text == "••• or just •••"


def test_a_guardian_of_two_is_forgotten_for_both(desk, maya):
    other = open_chat(desk, "1004")
    with desk.transaction() as session:
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, other))
    agreed(desk, maya)
    asked(desk, other, **{OF_AGE_ON: "2030-01-01"})
    guardian = Guardian(desk)
    guardian.prove()
    guardian.erase()
    assert {each.email for each in everything(desk, GuardianConsent)} == {None}


def test_what_a_guardian_asks_for_a_child_waits_for_a_person_and_reaches_nobody_but_the_child(desk, maya):
    guardian = agreed(desk, maya)
    view = guardian.ask_for(RequestKind.EXPORT)
    assert view.state == "on_hold" and guardian.ask_for(RequestKind.EXPORT).number == view.number
    assert said(desk, maya)[-1] == "utter_guardian_asked_for_child"
    (told,) = [each for each in mails(desk, "maya.lindqvist@example.com") if view.number in each.text]
    assert "Lindqvist" not in told.text
    rights.work(desk)
    assert rights.state_of(desk, view.number).state == "on_hold"
    with desk.transaction() as session:
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), view.number, "staff:1")
    rights.work(desk)
    assert rights.state_of(desk, view.number).state == "fulfilled"
    assert not [mail for mail in mails(desk, MOTHER) if "copy of your data" in mail.text]
    assert said(desk, maya)[-1] == "utter_guardian_copy_for_you"


def test_a_copy_that_a_guardian_asked_for_is_made_for_nobody_who_typed_no_code_from_the_childs_own_mail(desk, maya):
    """Somebody with the shop's login of a minor may name whom they like as the guardian."""
    bystander = open_chat(desk, ADULT)
    number = agreed(desk, maya).ask_for(RequestKind.EXPORT).number
    with desk.transaction() as session:
        now = desk.clock.now() + timedelta(minutes=1)
        later, _ = conversations.open_session(session, MAYA, now, now + timedelta(hours=1))
    for chat in (maya, later):
        a_turn(desk, chat)
    approve(desk, number)
    rights.work(desk)
    response, text, labels = newest(desk, later)
    assert response == "utter_guardian_copy_for_you" and labels == ["Get a copy of my data as a file"]
    assert number in text and "a code to your own address" in text
    mail = mails(desk, "maya.lindqvist@example.com")[0]
    assert number in mail.subject_line and "once you have typed it in the chat" in " ".join(mail.text.split())
    assert cards(desk) == [] and everything(desk, Export) == []
    own = rights.ask(desk, later, RequestKind.EXPORT).number
    rights.verify(desk, later, own)
    rights.work(desk)
    (made,) = everything(desk, Export)
    assert (made.subject, made.request_number) == (MAYA, own)
    assert cards(desk) == [(later, "download")] and said(desk, bystander) == []


def cards(desk):
    return [(each.conversation_id, each.card["kind"]) for each in everything(desk, Message) if each.card]


def test_after_a_change_of_contact_details_a_guardians_copy_is_offered_and_the_childs_own_is_what_waits(desk, maya):
    number = agreed(desk, maya).ask_for(RequestKind.EXPORT).number
    until = desk.clock.now() + timedelta(hours=72)
    with desk.transaction() as session:
        holds.place(session, desk.clock.now(), MAYA, HoldKind.CONTACT_CHANGED, until, "PR-2026-000900")
    approve(desk, number)
    rights.work(desk)
    assert rights.state_of(desk, number).state == "fulfilled"
    assert said(desk, maya)[-1] == "utter_guardian_copy_for_you" and everything(desk, Export) == []
    own = rights.ask(desk, maya, RequestKind.EXPORT).number
    found = rights.verify(desk, maya, own)
    assert (found.state, found.until) == ("on_hold", until)


def test_the_code_of_a_guardian_proves_to_the_staff_nobody_who_sits_in_the_young_persons_chat(desk, maya):
    guardian = agreed(desk, maya)
    number = guardian.ask_for(RequestKind.ERASURE).number
    for approved in (False, True):
        if approved:
            approve(desk, number)
        with desk.reading() as session:
            assert handoff_view.summary(session, desk, maya).verified_at is None
    desk.clock.advance(timedelta(minutes=5))
    rights.verify(desk, maya, rights.ask(desk, maya, RequestKind.EXPORT).number)
    with desk.reading() as session:
        assert handoff_view.summary(session, desk, maya).verified_at == desk.clock.now()


def test_a_deletion_a_guardian_asks_for_cools_off_and_may_be_taken_back_by_the_young_person(desk, maya):
    guardian = agreed(desk, maya)
    number = guardian.ask_for(RequestKind.ERASURE).number
    with desk.transaction() as session:
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), number, "staff:1")
    assert rights.state_of(desk, number).state == "cooling_off"
    assert rights.revoke(desk, maya, number).state == "revoked"
    with desk.transaction() as session, pytest.raises(Conflict):
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), number, "staff:1")


def closed_for(desk, guardian):
    """Of what they asked for and reads in a mail that it is closed, the kind of those mails and their words."""
    found = [mail for mail in mails(desk, guardian) if mail.dedupe_key.startswith("guardian_asked_closed:")]
    return [(mail.dedupe_key.split(":")[1], " ".join(mail.text.split())) for mail in found]


@pytest.mark.parametrize("approved", [False, True], ids=["before anybody looked", "while it cools off"])
def test_a_guardian_hears_that_what_they_asked_for_is_closed_when_the_young_person_takes_it_back(desk, maya, approved):
    desk.settings.complain_to = "the Office of Example"
    asked(desk, maya, FATHER, "Frank Father")
    guardian, bystander = agreed(desk, maya), open_chat(desk, ADULT)
    number = guardian.ask_for(RequestKind.ERASURE).number
    if approved:
        approve(desk, number)
    rights.revoke(desk, maya, number)
    ((closed, words),) = closed_for(desk, MOTHER)
    assert closed == number and "delete their data" in words and "complain to the Office of Example" in words
    assert "Maya" not in words and "Lindqvist" not in words
    to_child = mails(desk, "maya.lindqvist@example.com")[0]
    assert to_child.subject_line == f"The request {number} was taken back" and "your request" not in to_child.text
    own = rights.ask(desk, bystander, RequestKind.ERASURE).number
    rights.verify(desk, bystander, own)
    rights.revoke(desk, bystander, own)
    rights.revoke(desk, maya, rights.ask(desk, maya, RequestKind.EXPORT).number)
    assert len(closed_for(desk, MOTHER)) == 1 and closed_for(desk, FATHER) == [], "of their own nobody else hears"
    assert closed_for(desk, desk.email_of(ADULT)) == []


def test_a_guardian_hears_that_it_is_closed_before_the_childs_own_deletion_takes_their_address(desk, maya):
    desk.settings.webhook_urls = ""
    bystander = open_chat(desk, "1004")
    with desk.transaction() as session:
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, bystander))
    asked(desk, bystander, FATHER, **{OF_AGE_ON: "2032-01-01"})
    father = Guardian(desk, FATHER)
    father.prove()
    others = father.ask_for(RequestKind.EXPORT).number
    number = agreed(desk, maya).ask_for(RequestKind.EXPORT).number
    own = rights.ask(desk, maya, RequestKind.CANCEL_ACCOUNT).number
    rights.verify(desk, maya, own)
    desk.clock.advance(timedelta(days=8))
    work_without_mail(desk, own)
    assert rights.state_of(desk, number).state == "expired" and rights.state_of(desk, own).state == "running"
    assert [closed for closed, _ in closed_for(desk, MOTHER)] == [number], "it waits for the mail server"
    sent = {}
    rights.work(desk, meanwhile=lambda desk: sent.update((m.dedupe_key, m.sent_at) for m in mails(desk, MOTHER)))
    assert rights.state_of(desk, own).state == "fulfilled"
    (left,) = [at for key, at in sent.items() if key.startswith("guardian_asked_closed:")]
    assert left is not None
    assert MOTHER not in texts(desk) and closed_for(desk, FATHER) == []
    assert rights.state_of(desk, others).state == "on_hold"


def work_without_mail(desk, number):
    """A worker at a request while no mail leaves."""
    begin_what_is_due(desk)
    for _ in range(3):
        rights.skip_pauses(desk)
        if taken := take(desk, number):
            assert not carry_out(desk, taken)


def test_a_deletion_a_guardian_asked_for_leaves_nothing_of_child_or_guardian(desk, maya):
    desk.settings.webhook_urls = ""
    guardian = agreed(desk, maya)
    number = guardian.ask_for(RequestKind.ERASURE).number
    with desk.transaction() as session:
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), number, "staff:1")
    assert rights.finish(desk, number).state == "fulfilled"
    assert MOTHER not in texts(desk) and "Maria Anna" not in texts(desk)


def approve(desk, number):
    with desk.transaction() as session:
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), number, "staff:1")


def a_turn(desk, chat):
    """The young person has said something before, so that buttons can live."""
    with desk.transaction() as session:
        turn = Turn(conversation_id=chat, idempotency_key="k", body_hash="h", state="done", created_at=desk.clock.now())
        session.add(turn)
        session.flush()
        conversations.conversation(session, chat).last_turn_id = turn.id


def newest(desk, chat):
    """What was said last in a chat, with the labels of its buttons."""
    with desk.reading() as session:
        last = conversations.messages_after(session, chat)[-1]
        return last.response, last.text, [each["label"] for each in last.choices]


def test_whose_guardians_deletion_is_approved_is_told_until_when_it_can_be_taken_back(desk, maya):
    bystander = open_chat(desk, ADULT)
    number = agreed(desk, maya).ask_for(RequestKind.ERASURE).number
    a_turn(desk, maya)
    approve(desk, number)
    response, text, labels = newest(desk, maya)
    assert response == "utter_guardian_request_cools_off" and labels == ["Take it back"]
    assert number in text and "delete your data" in text and "Until 30 November 2026, 12:00 UTC" in text
    mail = mails(desk, "maya.lindqvist@example.com")[0]
    assert mail.subject_line == f"What your parent or guardian asked for goes on ({number})"
    assert "30 November 2026, 12:00 UTC" in mail.text and "delete your data" in mail.text
    assert "Maria" not in mail.text and "Lindqvist" not in mail.text
    assert said(desk, bystander) == [] and mails(desk, desk.email_of(ADULT)) == []


def test_a_guardians_deletion_waits_after_a_change_of_contact_details_as_the_childs_own_would(desk, maya):
    number = agreed(desk, maya).ask_for(RequestKind.ERASURE).number
    now = desk.clock.now()
    with desk.transaction() as session:
        holds.place(session, now, MAYA, HoldKind.CONTACT_CHANGED, now + timedelta(hours=72), "PR-2026-000900")
    approve(desk, number)
    found = rights.state_of(desk, number)
    assert (found.state, found.until) == ("on_hold", now + timedelta(hours=72))
    response, text, _ = newest(desk, maya)
    assert response == "utter_guardian_request_held" and "26 November 2026" in text
    mail = " ".join(mails(desk, "maya.lindqvist@example.com")[0].text.split())
    assert "we wait until 26 November 2026" in mail
    for words in (text.casefold(), mail.casefold()):
        assert "the shop no longer uses your data" in words and "take the request back" in words
        assert "begin then" in words, "not over with the wait"
    with pytest.raises(Conflict, match="does not wait"):
        approve(desk, number)
    rights.work(desk)
    assert rights.state_of(desk, number).state == "on_hold" and desk.shop.customer(MAYA) is not None
    desk.clock.advance(timedelta(hours=73))
    rights.work(desk)
    assert rights.state_of(desk, number).state == "cooling_off"
    assert said(desk, maya)[-1] == "utter_request_cools_off"
    assert "until 3 December 2026, 13:00 UTC" in mails(desk, "maya.lindqvist@example.com")[0].text


def test_a_shop_without_days_of_cooling_off_promises_none_for_what_a_guardian_asked_for(desk, maya):
    desk.settings.cooling_off_days = 0
    number, now = agreed(desk, maya).ask_for(RequestKind.ERASURE).number, desk.clock.now()
    with desk.transaction() as session:
        holds.place(session, now, MAYA, HoldKind.CONTACT_CHANGED, now + timedelta(hours=72), "PR-2026-000900")
    approve(desk, number)
    response, text, _ = newest(desk, maya)
    assert response == "utter_guardian_request_held_at_once" and "You can take the request back here until then" in text


def test_a_guardian_who_was_called_off_can_have_nothing_carried_out(desk, maya):
    asked(desk, maya)
    guardian = Guardian(desk)
    guardian.prove()
    number, asking = guardian.ask_for(RequestKind.ERASURE).number, guardian.see().row.number
    with desk.transaction() as session:
        chat = conversations.conversation(session, maya)
        guardian_consent.take_back(session, desk, desk.clock.now(), chat, asking)
    before = len(mails(desk, "maya.lindqvist@example.com"))
    with pytest.raises(Conflict, match="has no say any more"):
        approve(desk, number)
    assert rights.state_of(desk, number).state == "on_hold" and desk.shop.customer(MAYA) is not None
    assert len(mails(desk, "maya.lindqvist@example.com")) == before and everything(desk, Restriction) != []
    assert {each.reason for each in everything(desk, Restriction)} == {"guardian_missing"}


@pytest.mark.parametrize("own_first", [True, False], ids=["the child asks first", "the guardian asks first"])
@pytest.mark.parametrize("kind", [RequestKind.EXPORT, RequestKind.ERASURE])
def test_a_guardian_and_a_child_who_ask_for_the_same_have_a_request_each(desk, maya, kind, own_first):
    guardian = agreed(desk, maya)
    ways = [lambda: guardian.ask_for(kind), lambda: rights.ask(desk, maya, kind)]
    first, second = (way() for way in (reversed(ways) if own_first else ways))
    own, asked_for = (first, second) if own_first else (second, first)
    assert own.number != asked_for.number
    assert (own.state, asked_for.state) == ("awaiting_verification", "on_hold")
    assert not [mail for mail in mails(desk, MOTHER) if own.number in mail.text]
    assert rights.ask(desk, maya, kind).number == own.number
    assert guardian.ask_for(kind).number == asked_for.number, "each is made once"


def test_a_no_to_the_guardian_leaves_the_childs_own_request(desk, maya):
    desk.settings.webhook_urls = ""
    guardian, bystander = agreed(desk, maya), open_chat(desk, ADULT)
    other = rights.ask(desk, bystander, RequestKind.EXPORT)
    asked_for = guardian.ask_for(RequestKind.ERASURE)
    own = rights.ask(desk, maya, RequestKind.CANCEL_ACCOUNT)
    rights.verify(desk, maya, own.number)
    with desk.transaction() as session:
        deny(session, desk, desk.clock.now(), asked_for.number, "others_rights", "GDPR", "authority", "staff:1")
    assert rights.finish(desk, own.number).state == "fulfilled"
    assert rights.state_of(desk, asked_for.number).state == "denied"
    assert desk.shop.customer(MAYA) is None and desk.shop.customer(ADULT) is not None
    assert rights.state_of(desk, other.number).state == "awaiting_verification"


def test_a_guardian_reads_why_what_they_asked_for_is_denied_and_the_young_person_only_that_it_is(desk, maya):
    asked(desk, maya, FATHER, "Frank Father")
    guardian, bystander = agreed(desk, maya), open_chat(desk, ADULT)
    fathers, others = len(mails(desk, FATHER)), len(mails(desk, desk.email_of(ADULT)))
    number = guardian.ask_for(RequestKind.EXPORT).number
    with desk.transaction() as session:
        told = deny(
            session, desk, desk.clock.now(), number, "not_verified", "GDPR Article 12(6)", "the Office", "staff:1"
        )
    assert told
    to_guardian = " ".join(mails(desk, MOTHER)[0].text.split())
    for part in (number, "you may decide for this young person", "GDPR Article 12(6)", "the Office", "a copy of their"):
        assert part in to_guardian
    to_child = mails(desk, "maya.lindqvist@example.com")[0]
    words = " ".join(to_child.text.split())
    assert f"what your parent or guardian asked for in {number} (a copy of your data) is not done" in words
    assert said(desk, maya)[-1] == "utter_guardian_asked_not_done" and "utter_request_denied" not in said(desk, maya)
    (spoken,) = [each.text for each in everything(desk, Message) if each.response == "utter_guardian_asked_not_done"]
    assert number in spoken and "GDPR" not in spoken + to_child.text, "why is for whoever asked"
    assert len(mails(desk, FATHER)) == fathers and len(mails(desk, desk.email_of(ADULT))) == others
    assert said(desk, bystander) == []


def test_a_guardian_is_told_of_each_of_their_requests_and_that_one_is_agreed_to(desk, maya):
    guardian = agreed(desk, maya)
    first = guardian.ask_for(RequestKind.EXPORT).number
    with desk.transaction() as session:
        deny(session, desk, desk.clock.now(), first, "unfounded", "GDPR", "the Office", "staff:1")
    second = guardian.ask_for(RequestKind.EXPORT).number
    with desk.transaction() as session:
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), second, "staff:1")
    told = [(mail.dedupe_key.partition(":")[0], number) for mail in mails(desk, MOTHER) for number in (first, second)
            if number in mail.text]  # fmt: skip
    assert told == [
        ("guardian_asked_approved", second), ("guardian_asked_for_child", second),
        ("guardian_asked_denied", first), ("guardian_asked_for_child", first),
    ]  # fmt: skip
    guardian.erase()
    assert not [mail for mail in mails(desk, MOTHER) if first in mail.text or second in mail.text]


def test_who_denies_learns_that_a_guardian_whose_address_is_erased_cannot_be_told(desk, maya):
    guardian = agreed(desk, maya)
    number = guardian.ask_for(RequestKind.EXPORT).number
    guardian.erase()
    before = len(mails(desk, MOTHER))
    with desk.transaction() as session:
        assert not deny(session, desk, desk.clock.now(), number, "unfounded", "GDPR", "the Office", "staff:1")
    assert len(mails(desk, MOTHER)) == before
    assert said(desk, maya)[-1] == "utter_guardian_asked_not_done"


def test_what_a_person_let_go_on_for_a_guardian_is_not_made_twice(desk, maya):
    guardian = agreed(desk, maya)
    number = guardian.ask_for(RequestKind.ERASURE).number
    with desk.transaction() as session:
        guardian_consent_review.approve_for_child(session, desk, desk.clock.now(), number, "staff:1")
    assert rights.ask(desk, maya, RequestKind.CANCEL_ACCOUNT).number == number
    assert guardian.ask_for(RequestKind.ERASURE).number == number


def test_a_guardian_who_has_their_own_account_deleted_stays_the_guardian_and_is_told_so(desk, maya):
    desk.settings.webhook_urls = ""
    amelia, address = open_chat(desk, ADULT), desk.email_of(ADULT)
    guardian = agreed(desk, maya, address)
    before, words = allowed(desk), row(desk, guardian.see().row.number).artefact
    number = rights.ask(desk, amelia, RequestKind.ERASURE).number
    rights.verify(desk, amelia, number)
    assert rights.finish(desk, number).state == "fulfilled"
    assert desk.shop.customer(ADULT) is None and desk.shop.customer(MAYA) is not None
    (kept,) = everything(desk, GuardianConsent)
    assert (kept.state, kept.email, kept.artefact, allowed(desk)) == ("live", address, words, before)
    (certificate,) = everything(desk, Certificate)
    assert "GDPR Article 7(1)" in certificate.text and "parent or guardian" in certificate.text
    assert address not in certificate.text and "Maria" not in certificate.text
    guardian.prove()
    guardian.erase()
    assert address not in texts(desk), "the guardian's page still takes it all out"


def test_who_is_nobodys_guardian_reads_nothing_of_one_in_their_certificate(desk, maya):
    desk.settings.webhook_urls = ""
    agreed(desk, maya)
    chat = open_chat(desk, ADULT)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    assert rights.finish(desk, number).state == "fulfilled"
    (certificate,) = everything(desk, Certificate)
    assert "guardian" not in certificate.text


# ----------------------------------------------------------------------------------------------------- of age


def turn_18(desk):
    desk.clock.advance(timedelta(days=560))
    look_for_minors(desk)
    look_for_minors(desk)


def test_an_18th_birthday_ends_it_and_the_person_is_asked(desk, maya):
    guardian = agreed(desk, maya)
    with desk.transaction() as session:
        session.add(
            ConsentEntry(
                subject=MAYA, purpose="newsletter", state="granted", policy_version="2026-01-15", clause="marketing",
                channel="chat", at=desk.clock.now(),
            )
        )  # fmt: skip
    assert "newsletter" in allowed(desk).allowed
    turn_18(desk)
    answer = allowed(desk)
    assert not answer.minor and not answer.restricted
    consent_based = {key for key, each in desk.datamap.purposes.items() if each.basis == "consent"}
    assert not consent_based & set(answer.allowed), "what rests on consent needs their own from now on"
    assert [each.state for each in everything(desk, GuardianConsent)] == ["ended"]
    assert said(desk, maya).count("utter_came_of_age") == 1 and events(desk).count("came_of_age") == 1
    assert mails(desk, MOTHER)[0].subject_line.startswith("Your consent has ended")
    assert mails(desk, "maya.lindqvist@example.com")[0].subject_line == "You are 18 now: you decide"
    guardian.prove()
    with pytest.raises(Conflict):
        guardian.ask_for(RequestKind.EXPORT)
    guardian.withdraw()
    assert not allowed(desk).restricted, "a guardian's word counts no longer"


def test_an_18th_birthday_begins_at_midnight_where_the_shop_is(desk, maya):
    agreed(desk, maya)
    desk.settings.business_calendar = "US-CA"
    midnight = datetime.combine(of_age_day(desk, desk.shop.customer(MAYA)), time(), UTC)
    desk.clock.time = midnight + timedelta(hours=6)  # still the evening before in California
    look_for_minors(desk)
    assert allowed(desk).minor and "utter_came_of_age" not in said(desk, maya)
    desk.clock.advance(timedelta(hours=2))
    look_for_minors(desk)
    assert not allowed(desk).minor and said(desk, maya).count("utter_came_of_age") == 1


def test_from_the_18th_birthday_on_nothing_a_guardian_asked_for_is_carried_out(desk, maya):
    guardian = agreed(desk, maya)
    recognise(desk)
    number = guardian.ask_for(RequestKind.ERASURE).number
    desk.clock.advance(timedelta(days=560))
    with pytest.raises(Conflict, match="of age"):
        approve(desk, number)
    guardian.prove()
    with pytest.raises(Conflict):
        guardian.ask_for(RequestKind.EXPORT)
    assert rights.state_of(desk, number).state == "on_hold", "the worker has not looked yet"
    assert desk.shop.customer(MAYA) is not None and not allowed(desk).restricted


def test_what_a_guardian_asked_for_and_nobody_approved_is_closed_with_the_18th_birthday(desk, maya):
    desk.settings.webhook_urls = ""
    other, bystander = open_chat(desk, "1004"), open_chat(desk, ADULT)
    with desk.transaction() as session:
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, other))
    asked(desk, other, FATHER, **{OF_AGE_ON: "2032-01-01"})
    father = Guardian(desk, FATHER)
    father.prove()
    number, others = agreed(desk, maya).ask_for(RequestKind.ERASURE).number, father.ask_for(RequestKind.EXPORT).number
    own = rights.ask(desk, bystander, RequestKind.EXPORT).number
    turn_18(desk)
    assert rights.state_of(desk, number).state == "denied"
    (closed,) = [each for each in everything(desk, AuditEntry) if each.event == "request_denied"]
    assert (closed.reference, closed.actor) == (number, "worker")
    assert said(desk, maya)[-2:] == ["utter_guardian_request_closed", "utter_came_of_age"]
    assert [closed for closed, _ in closed_for(desk, MOTHER)] == [number] and closed_for(desk, FATHER) == []
    assert "is not done, unless it had begun before" in mails(desk, "maya.lindqvist@example.com")[0].text
    with desk.reading() as session:
        assert [each.number for each in guardian_consent_review.asked_for_children(session)] == [others]
    with pytest.raises(Conflict, match="does not wait"):
        approve(desk, number)
    rights.work(desk)
    assert desk.shop.customer(MAYA) is not None
    assert rights.state_of(desk, others).state == "on_hold" and "utter_guardian_request_closed" not in said(desk, other)
    assert rights.state_of(desk, own).state == "awaiting_verification"


def asked_and_approved(desk, maya):
    """The number of a deletion that a guardian asked for, and that cools off over Maya's 18th birthday."""
    number = agreed(desk, maya).ask_for(RequestKind.ERASURE).number
    birthday = of_age_day(desk, desk.shop.customer(MAYA))
    desk.clock.advance(birthday - timedelta(days=5) - desk.clock.now().date())
    approve(desk, number)
    assert rights.state_of(desk, number).state == "cooling_off" and allowed(desk).restricted
    return number


def test_a_deletion_that_a_guardian_asked_for_is_not_done_if_the_18th_birthday_comes_while_it_cools_off(desk, maya):
    number = asked_and_approved(desk, maya)
    bystander = open_chat(desk, ADULT)
    own = rights.ask(desk, bystander, RequestKind.ERASURE).number
    rights.verify(desk, bystander, own)
    desk.clock.advance(timedelta(days=6))
    look_for_minors(desk)
    assert rights.state_of(desk, number).state == "denied"
    assert said(desk, maya)[-2:] == ["utter_guardian_request_closed", "utter_came_of_age"]
    assert not allowed(desk).restricted, "what was stopped for it goes on, as far as they agree themselves"
    desk.clock.advance(timedelta(days=30))
    begin_what_is_due(desk)
    rights.work(desk, number)
    assert desk.shop.customer(MAYA) is not None and rights.state_of(desk, number).state == "denied"
    assert rights.state_of(desk, own).state == "running", "their own word counts"


def test_a_deletion_of_a_guardian_does_not_begin_before_the_18th_birthday_was_noticed(desk, maya):
    number = asked_and_approved(desk, maya)
    desk.clock.advance(timedelta(days=20))
    begin_what_is_due(desk)
    assert rights.state_of(desk, number).state == "cooling_off", "nobody has looked who is of age"
    look_for_minors(desk)
    assert rights.state_of(desk, number).state == "denied"


def test_a_deletion_of_a_guardian_waits_while_nobody_can_ask_the_shop_for_the_birth_date(desk, maya):
    number = agreed(desk, maya).ask_for(RequestKind.ERASURE).number
    approve(desk, number)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(without_shop(desk))
    assert rights.state_of(desk, number).state == "cooling_off"
    begin_what_is_due(desk)
    assert rights.state_of(desk, number).state == "running"


def test_who_comes_of_age_without_consent_stays_left_alone_until_they_say_yes_themselves(desk, maya):
    recognise(desk)
    turn_18(desk)
    assert not allowed(desk).allowed
    for yes in (False, True):
        with desk.transaction() as session:
            chat = conversations.conversation(session, maya)
            own_word(session, desk, desk.clock.now(), chat, yes=yes)
        assert bool(allowed(desk).allowed) == yes


def without_birth_date(desk, subject=MAYA):
    with desk.shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET birth_date = NULL WHERE id = ?", (int(subject),))


def without_birth_dates_on_the_map(desk):
    mapped = replace(desk.datamap, subject=replace(desk.datamap.subject, birth_date=None))
    desk.shop.datamap = mapped
    return replace(desk, datamap=mapped)


@pytest.mark.parametrize("on_the_map", [True, False], ids=["one date is emptied", "the map names none any more"])
def test_nobody_turns_18_because_their_birth_date_is_gone_and_a_consent_stands(desk, maya, on_the_map):
    agreed(desk, maya)
    recognise(desk)
    before = allowed(desk)
    assert before.allowed
    if on_the_map:
        without_birth_date(desk)
    else:
        desk = without_birth_dates_on_the_map(desk)
    look_for_minors(desk)
    assert allowed(desk) == before and before.minor
    assert [each.state for each in everything(desk, GuardianConsent)] == ["live"]
    assert "came_of_age" not in events(desk) and "utter_came_of_age" not in said(desk, maya)
    assert not mails(desk, MOTHER)[0].subject_line.startswith("Your consent has ended")
    assert not allowed(desk, ADULT).minor and allowed(desk, ADULT).allowed, "who never was a minor is none"


def test_a_guardian_may_still_take_the_consent_back_after_the_birth_date_is_gone(desk, maya):
    guardian = agreed(desk, maya)
    without_birth_date(desk)
    guardian.prove()
    guardian.withdraw()
    assert allowed(desk).guardian_missing and not allowed(desk).allowed


def test_whose_birth_date_is_gone_says_when_they_are_18_and_it_ends_then(desk, maya):
    recognise(desk)
    without_birth_date(desk)
    assert guardian_consent.asks_for_day(desk, MAYA)
    day = (desk.clock.now() + timedelta(days=200)).date().isoformat()
    asked(desk, maya, **{OF_AGE_ON: day})
    desk.clock.advance(timedelta(days=199))
    look_for_minors(desk)
    assert allowed(desk).minor and "utter_came_of_age" not in said(desk, maya)
    desk.clock.advance(timedelta(days=2))
    look_for_minors(desk)
    assert not allowed(desk).minor and said(desk, maya).count("utter_came_of_age") == 1


def test_nobody_is_asked_for_an_own_word_who_was_no_minor(desk):
    chat = open_chat(desk, ADULT)
    with desk.transaction() as session, pytest.raises(NotFound):
        own_word(session, desk, desk.clock.now(), conversations.conversation(session, chat), yes=True)


def test_a_mark_set_by_mistake_is_cleared_by_a_person_and_nobody_turns_18_by_it(desk, maya):
    chat, minor = open_chat(desk, "1004"), asked(desk, maya).number
    with desk.transaction() as session:
        for purpose in ("newsletter", "recommendations"):
            session.add(
                ConsentEntry(
                    subject="1004", purpose=purpose, state="granted", policy_version="v", clause="your-rights",
                    channel="chat", at=desk.clock.now(),
                )
            )  # fmt: skip
    desk.clock.advance(timedelta(days=1))
    before = allowed(desk, "1004").allowed
    assert {"newsletter", "recommendations"} <= set(before)
    with desk.transaction() as session:
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, chat))
    number = asked(desk, chat, FATHER, "Frank Father", **{OF_AGE_ON: "2027-11-01"}).number
    assert allowed(desk, "1004").allowed == ()
    with desk.transaction() as session:
        guardian_consent_review.clear_mark(session, desk, desk.clock.now(), "1004", "staff:1")
    look_for_minors(desk)
    desk.clock.advance(timedelta(days=8))
    look_for_minors(desk)
    look_after_guardians(desk)
    assert allowed(desk, "1004").allowed == before
    assert "came_of_age" not in events(desk) and "utter_came_of_age" not in said(desk, chat)
    assert not [mail for mail in everything(desk, Mail) if mail.dedupe_key.startswith("came-of-age:")]
    assert row(desk, number).state == "ended"
    assert [mail.dedupe_key for mail in mails(desk, FATHER) if "reminder" in mail.dedupe_key] == []
    assert row(desk, minor).state == "invited" and not allowed(desk).allowed
    with desk.transaction() as session, pytest.raises(NotFound):
        guardian_consent_review.clear_mark(session, desk, desk.clock.now(), MAYA, "staff:1")


def test_a_mark_is_cleared_and_who_is_under_18_by_the_birth_date_on_file_stays_protected(desk):
    chat = open_chat(desk, "1004")
    with desk.transaction() as session:
        guardian_consent.declare(session, desk, desk.clock.now(), conversations.conversation(session, chat))
    agreed(desk, chat, FATHER)
    born = (desk.clock.now() - timedelta(days=365 * 15)).date().isoformat()
    with desk.shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET birth_date = ? WHERE id = 1004", (born,))
    with desk.transaction() as session:
        guardian_consent_review.clear_mark(session, desk, desk.clock.now(), "1004", "staff:1")
    look_for_minors(desk)
    (kept,) = [each for each in everything(desk, Minor) if each.subject == "1004"]
    assert kept.declared_at is None and kept.came_of_age_at is None
    assert allowed(desk, "1004").minor
    assert [each.state for each in everything(desk, GuardianConsent) if each.subject == "1004"] == ["live"]
