"""A person goes, everywhere and provably; nobody else is touched, and nothing is called done before the search."""

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from bot import delivery, mailing
from bot.errors import DeskError
from bot.privacy import complaint_answer, erasure, erasure_scan, fulfilment, holds, outcome, request_intake
from bot.privacy.customer_alarms import NOTICE, alarm
from bot.privacy.erasure_guard import ErasureRefused
from bot.privacy.outcome import Alarm
from bot.privacy.request_waiting import begin_what_is_due
from bot.privacy.restriction import processing
from bot.privacy.room import NotYet
from bot.store import certificates, conversations, erasing, outbox, tracker_records
from bot.store.desk_tables import (
    Attachment,
    AuditEntry,
    AuditPseudonym,
    Base,
    Case,
    CaseMessage,
    Certificate,
    ConsentEntry,
    Conversation,
    Dispute,
    Handoff,
    Hold,
    Mail,
    Message,
    PolicyNotice,
    PrivacyRequest,
    RequestStep,
    Restriction,
    Tombstone,
    VerificationCode,
    WebhookEvent,
)
from bot.store.encryption import EncryptedText
from bot.store.mail_owners import mails_about
from bot.vocabulary import Author, CaseKind, HoldKind, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat

AMELIA, DANIEL = "1001", "1002"
TRACES = ("amelia", "hartley", "900101")
EVERYTHING = {"scope": "everything", "mode": "delete"}
RECORDED = {"scope": "recorded", "mode": "delete"}


@pytest.fixture
def desk(own_desk):
    return own_desk()


def tracker(desk):
    """The engine's table, as the engine makes it."""
    engine = sa.create_engine(desk.settings.tracker_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS tracker_events (id INTEGER PRIMARY KEY, sender_id VARCHAR(64) NOT NULL, "
            "type_name VARCHAR(64) NOT NULL, timestamp FLOAT, message_id VARCHAR(64), data TEXT NOT NULL)"
        )
    return engine


def engine_says(desk, conversation, text):
    engine = tracker(desk)
    sealed = EncryptedText().process_bind_param(json.dumps({"event": "user", "text": text}), engine.dialect)
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO tracker_events (sender_id, type_name, data) VALUES (:c, 'user', :d)"),
            {"c": conversation, "d": sealed},
        )
    engine.dispose()


def life_of(desk, subject, name, email, origin):
    """A chat, mails, a complaint, an earlier request, a choice, a dispute, a package, an entry of the engine's."""
    now, chat = desk.clock.now(), open_chat(desk, subject)
    with desk.transaction() as session:
        words = {"citations": [], "choices": [], "created_at": now}
        session.add(Message(conversation_id=chat, author=Author.USER, text=f"I am {name}, {email}", **words))
        card = {"kind": "access_summary", "items": [{"value": name}]}
        session.add(Message(conversation_id=chat, author=Author.BOT, text="So:", card=card, **words))
        conversations.keep_card(session, chat, card, now)
        number = f"PR-2025-{origin:06d}"
        session.add(
            PrivacyRequest(
                number=number, kind=RequestKind.WITHDRAW_CONSENT, state=RequestState.FULFILLED, regime="policy",
                conversation_id=chat, subject=subject, origin=f"r{origin}", statement=f"{name} wants out",
                details={"purposes": [email]}, received_at=now, due_at=now, closed_at=now,
            )
        )  # fmt: skip
        session.add(
            Case(
                number=f"CS-2025-{origin:06d}", kind=CaseKind.COMPLAINT, state="waiting", priority="normal",
                conversation_id=chat, subject=subject, origin=f"c{origin}", statement=f"{name} waited",
                about=name, wish=email, created_at=now, due_at=now,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            CaseMessage(
                case_number=f"CS-2025-{origin:06d}", kind="answer", written_by="Kim", text=f"Dear {name}", basis=name,
                complain_to=email, created_at=now,
            )
        )  # fmt: skip
        session.add(
            Dispute(
                subject=subject, request_number=number, about_table="orders", about_row=name, statement=name, at=now
            )
        )
        session.add(
            ConsentEntry(
                subject=subject, purpose="newsletter", state="withdrawn", request_number=number, policy_version="v",
                clause="your-rights", channel="chat", at=now,
            )
        )  # fmt: skip
        values = {"number": number, "what": "x"}
        outbox.post(session, now, email, "request_revoked", f"revoked:{number}", **values)
        outbox.post(session, now, f"old.{email}", "request_revoked", f"contact_changed:{origin}", **values)
    engine_says(desk, chat, f"I am {name}, {email}")
    return chat


@pytest.fixture
def amelia(desk):
    return life_of(desk, AMELIA, "Amelia Hartley", "amelia.hartley@example.com", 1)


@pytest.fixture
def daniel(desk):
    return life_of(desk, DANIEL, "Daniel Okafor", "daniel.okafor@example.com", 2)


def agreed(desk, chat, kind=RequestKind.ERASURE, details=EVERYTHING):
    number = rights.ask(desk, chat, kind, details).number
    verify(desk, number)
    return number


def verify(desk, number):
    """The code was right."""
    with desk.transaction() as session:
        request_intake.verified(session, desk, desk.clock.now(), number, erasure.ROOM)


def erased(desk, chat, kind=RequestKind.ERASURE, details=EVERYTHING):
    number = agreed(desk, chat, kind, details)
    assert rights.finish(desk, number).state is RequestState.FULFILLED, rest_of(desk, number)
    return number


def all_of(desk, table):
    with desk.reading() as session:
        return list(session.scalars(select(table)))


def row_of(desk, number):
    with desk.reading() as session:
        return session.get_one(PrivacyRequest, number)


def rest_of(desk, number):
    return [line for lines in (row_of(desk, number).outcome or {}).get("rest", {}).values() for line in lines]


def everything_said(desk):
    """Every value of every table of both databases and the engine's, decrypted, and the bytes of every file."""
    texts = []
    with desk.reading() as session:
        for table in Base.metadata.sorted_tables:
            texts += [(table.name, str(tuple(row))) for row in session.execute(select(table))]
    with desk.shop.engine.connect() as connection:
        for table in desk.shop.metadata.sorted_tables:
            texts += [(table.name, str(tuple(row))) for row in connection.execute(sa.select(table))]
    texts += [("tracker", event) for event in tracker_records.everything(desk.settings.tracker_database_url)]
    return texts


def assert_no_trace(desk, traces=TRACES, subject=AMELIA):
    for place, text in everything_said(desk):
        found = [trace for trace in traces if trace in text.lower()]
        assert not found, f"{place} still says {found}"
    with desk.reading() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if column.info["data"] == "identifier":
                    assert session.scalar(select(sa.func.count()).where(column == subject)) == 0, str(column)
    for path in desk.settings.desk_home.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert not [trace for trace in traces if trace.encode() in content], path


def belongings_of(desk, subject, chat):
    """Everything of somebody in the desk's own tables and the engine's, for comparing."""
    kept = []
    with desk.reading() as session:
        for table in Base.metadata.sorted_tables:
            names = {"subject", "conversation_id"} & set(table.columns.keys())
            owned = [table.c[name] == (subject if name == "subject" else chat) for name in names]
            if owned and table.name != "audit":
                rows = session.execute(select(table).where(sa.or_(*owned)).order_by(*table.primary_key.columns))
                kept += [(table.name, tuple(row)) for row in rows]
        of_daniel = Mail.dedupe_key.in_(["revoked:PR-2025-000002", "contact_changed:2"])
        kept += [
            tuple(row) for row in session.execute(select(Mail.dedupe_key, Mail.recipient, Mail.text).where(of_daniel))
        ]
    for table in desk.datamap.personal_tables():
        kept += [(table.name, str(row)) for row in desk.shop.rows_of(subject, table.name)]
    kept.append(tracker_records.left_of(desk.settings.tracker_database_url, [chat]))
    return kept


def shop_rows_but(desk, subject):
    """The shop's rows about other people, table by table, as one fingerprint each."""
    prints = {}
    with desk.shop.engine.connect() as connection:
        for table in desk.shop.metadata.sorted_tables:
            name = next((n for n in ("customer_id", "customer_ref") if n in table.c), None)
            where = table.c[name] != subject if name else sa.true()
            if table.name == "customers":
                where = sa.and_(table.c.id != int(subject), sa.func.coalesce(table.c.referred_by_id, 0) != int(subject))
            if name or table.name in {"customers", "products"}:
                rows = connection.execute(sa.select(table).where(where).order_by(*table.primary_key.columns)).all()
                prints[table.name] = hashlib.sha256(str(rows).encode()).hexdigest()
    return prints


def test_everything_about_a_person_goes_and_nobody_else_is_touched(desk, amelia, daniel):
    before = belongings_of(desk, DANIEL, daniel), shop_rows_but(desk, AMELIA)
    assert [trace for trace in TRACES if any(trace in text.lower() for _, text in everything_said(desk))] == [*TRACES]
    number = erased(desk, amelia)
    assert_no_trace(desk)
    assert (belongings_of(desk, DANIEL, daniel), shop_rows_but(desk, AMELIA)) == before
    row = row_of(desk, number)
    assert (row.subject, row.details, row.plan, row.statement, row.conversation_id) == (None,) * 5
    assert row.kind == "erasure" and row.closed_at and row.received_at and row.verified_at


def test_what_stays_in_the_desk_is_a_log_without_a_person(desk, amelia):
    erased(desk, amelia)
    requests = {row.number: row for row in all_of(desk, PrivacyRequest)}
    assert requests["PR-2025-000001"].state == RequestState.FULFILLED and requests["PR-2025-000001"].subject is None
    (case,) = all_of(desk, Case)
    assert (case.state, case.subject, case.statement, case.conversation_id) == ("closed", None, None, None)
    assert (case.about, case.wish) == (None, None)
    (choice,) = all_of(desk, ConsentEntry)
    assert choice.subject.startswith("erased-") and (choice.purpose, choice.state) == ("newsletter", "withdrawn")
    for table in (CaseMessage, Conversation, Message, Dispute, VerificationCode, Restriction, Hold, AuditPseudonym):
        assert all_of(desk, table) == [], table.__tablename__
    assert [row.conversation_id for row in all_of(desk, Tombstone)] == [amelia]


def test_processing_stops_with_the_yes_and_goes_on_when_it_is_taken_back(desk, amelia, daniel):
    shop, said = shop_rows_but(desk, "0"), belongings_of(desk, DANIEL, daniel)
    number = agreed(desk, amelia)
    with desk.reading() as session:
        assert processing(session, desk, AMELIA).reasons == ("erasure",)
        assert not processing(session, desk, DANIEL).restricted
    rights.revoke(desk, amelia, number)
    with desk.reading() as session:
        assert not processing(session, desk, AMELIA).restricted
    assert rights.finish(desk, number).state is RequestState.REVOKED
    assert (shop_rows_but(desk, "0"), belongings_of(desk, DANIEL, daniel)) == (shop, said)


def test_a_cancelled_account_is_named_as_the_reason(desk, amelia):
    agreed(desk, amelia, RequestKind.CANCEL_ACCOUNT)
    assert [row.reason for row in all_of(desk, Restriction)] == ["account_cancelled"]


def test_nothing_begins_while_it_can_be_taken_back(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=desk.settings.cooling_off_days, minutes=-1))
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.COOLING_OFF
    assert row_of(desk, number).plan is None and all_of(desk, RequestStep) == []


STEPS = ("holds", "freeze", "settle", "conversations", "tracker", "tell_services", "scan", "certificate",
         "certificate_sent", "forget")  # fmt: skip


def test_the_account_is_the_last_table_and_the_search_comes_after_all_of_them(desk, amelia):
    number = erased(desk, amelia)
    with desk.reading() as session:
        done = session.scalars(select(RequestStep.step).where(RequestStep.request_number == number)).all()
    tables = {step for step in done if step.startswith("table:")}
    assert set(done) - tables == set(STEPS) and len(tables) > 15
    order = [step.name for step in erasure.ROOM.steps(work_of(desk, number, subject=AMELIA, details=EVERYTHING))]
    assert [name for name in order if not name.startswith("table:")] == [*STEPS]
    assert order[order.index("settle") - 1] == "table:customers"


def work_of(desk, number, **other):
    """A request as a worker sees it, without the worker."""
    row = row_of(desk, number)
    given = {"subject": row.subject, "details": row.details or {}, **other}
    return fulfilment.Work(
        desk, number, row.kind, given["subject"], row.conversation_id, given["details"], 0, lambda: None
    )


@pytest.mark.parametrize("dies_after", [*STEPS, "table:orders", "table:customers"])
def test_a_worker_that_dies_after_a_step_before_it_is_written_down_leaves_it_to_the_next(
    desk, amelia, daniel, dies_after
):
    before = belongings_of(desk, DANIEL, daniel), shop_rows_but(desk, AMELIA)
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    died = run_until(desk, number, dies_after)
    assert died
    assert rights.state_of(desk, number).state is RequestState.RUNNING
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED, rest_of(desk, number)
    assert_no_trace(desk)
    assert len(all_of(desk, Certificate)) == 1
    assert (belongings_of(desk, DANIEL, daniel), shop_rows_but(desk, AMELIA)) == before


def run_until(desk, number, dies_after):
    """Work as a worker does, and die between the end of a step and its line in the ledger."""
    original = fulfilment._into_ledger

    def ledger(given, taken, step, rest):
        if step == dies_after:
            raise rights.Killed
        original(given, taken, step, rest)

    fulfilment._into_ledger = ledger
    try:
        rights.work(desk)
    except rights.Killed:
        return True
    finally:
        fulfilment._into_ledger = original
    return False


def test_every_step_may_be_done_twice(desk, amelia):
    number = agreed(desk, amelia)
    original = fulfilment.carry_out

    def twice(given, taken):
        work = fulfilment._work(given, taken, row_of(given, number))
        steps = [fulfilment.ROOMS[RequestKind.ERASURE].steps(work)][0]
        done = {row.step for row in all_of(given, RequestStep)}
        for step in steps:
            if step.name not in done and step.name not in ("tell_services", "certificate_sent", "forget"):
                step.act(work)
                break
        return original(given, taken)

    fulfilment.carry_out = twice
    try:
        rights.finish(desk, number)
    finally:
        fulfilment.carry_out = original
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    assert_no_trace(desk)


def test_a_plan_that_stands_is_never_written_anew(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, number, "table:orders")
    plan = row_of(desk, number).plan
    rights.skip_pauses(desk)
    fulfilment.take(desk, number)
    with desk.transaction() as session:
        session.delete(session.get_one(RequestStep, (number, "freeze")))
    desk.clock.advance(timedelta(days=400))
    dict(steps_of(desk, number))["freeze"](work_of(desk, number))
    assert row_of(desk, number).plan == plan


def steps_of(desk, number):
    return [(step.name, step.act) for step in erasure.ROOM.steps(work_of(desk, number))]


GUARDED = [*(step for step in STEPS if step not in ("holds", "certificate_sent")), "table:orders", "table:customers"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"verified_at": None},
        {"confirmed_at": None},
        {"state": RequestState.COOLING_OFF},
        {"state": RequestState.REVOKED},
        {"worker_token": None},
        {"subject": DANIEL},
        {"kind": RequestKind.EXPORT},
        {"details": RECORDED},
    ],
    ids=lambda wrong: "-".join(f"{key}={value}" for key, value in wrong.items())[:40],
)
def test_no_step_destroys_anything_that_the_requests_own_row_does_not_allow(desk, amelia, wrong):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    fulfilment.take(desk, number)
    work = work_of(desk, number)
    acts = dict(steps_of(desk, number))
    acts["freeze"](work)
    with desk.transaction() as session:
        for name, value in wrong.items():
            setattr(session.get_one(PrivacyRequest, number), name, value)
    before = everything_said(desk)
    for step in GUARDED:
        with pytest.raises(DeskError):
            acts[step](work)
        assert everything_said(desk) == before, step


def test_without_a_plan_nothing_is_destroyed(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    fulfilment.take(desk, number)
    before = everything_said(desk)
    for name, act in steps_of(desk, number):
        if name not in ("holds", "freeze", "certificate_sent"):
            with pytest.raises(ErasureRefused):
                act(work_of(desk, number))
    assert everything_said(desk) == before


@pytest.mark.parametrize(
    "details", [{}, {"scope": "everything"}, {"scope": "all", "mode": "delete"}, {"mode": "delete"}]
)
def test_a_request_that_does_not_say_what_goes_is_never_begun(desk, amelia, details):
    number = rights.ask(desk, amelia, RequestKind.ERASURE, details).number
    with pytest.raises(ErasureRefused):
        verify(desk, number)


def hold(desk, subject=AMELIA):
    with desk.transaction() as session:
        holds.place(session, desk.clock.now(), subject, HoldKind.LEGAL, None, "MATTER-7", "staff")


def release(desk):
    with desk.transaction() as session:
        holds.release(session, desk.clock.now(), "MATTER-7", "staff")


def alarms_about(desk, number):
    return [each.state for each in all_of(desk, Case) if each.kind == "alarm" and each.request_number == number]


def test_a_legal_hold_keeps_everything_until_it_is_released(desk, amelia):
    number = agreed(desk, amelia)
    hold(desk)
    shop = shop_rows_but(desk, "0")
    assert rights.finish(desk, number).state is RequestState.ON_HOLD
    assert row_of(desk, number).hold_reason == "legal_hold" and shop_rows_but(desk, "0") == shop
    assert row_of(desk, number).plan is None and all_of(desk, Tombstone) == []
    assert alarms_about(desk, number) == ["waiting"]
    release(desk)
    begin_what_is_due(desk)
    assert alarms_about(desk, number) == ["closed"]
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    assert_no_trace(desk)


def test_a_deletion_goes_on_as_soon_as_the_legal_hold_is_released(desk, amelia):
    number = agreed(desk, amelia)
    hold(desk)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    fulfilment.carry_out(desk, fulfilment.take(desk, number))
    assert row_of(desk, number).hold_reason == "legal_hold"
    release(desk)
    begin_what_is_due(desk)
    assert fulfilment.waiting_for_a_worker(desk) == [number]


def test_a_legal_hold_placed_in_the_middle_stops_what_is_left(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, number, "table:orders")
    hold(desk)
    rights.skip_pauses(desk)
    customers = desk.shop.customer(AMELIA)
    for _ in range(3):
        rights.skip_pauses(desk)
        taken = fulfilment.take(desk, number)
        assert not fulfilment.carry_out(desk, taken)
    assert desk.shop.customer(AMELIA) == customers and customers
    assert fulfilment.waiting_for_a_worker(desk) == []
    release(desk)
    assert fulfilment.waiting_for_a_worker(desk) == [number]
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED


def test_somebody_elses_legal_hold_holds_nothing_up(desk, amelia):
    hold(desk, DANIEL)
    erased(desk, amelia)


def test_a_turn_that_runs_is_waited_for(desk, amelia):
    number = agreed(desk, amelia)
    from bot.clocks import SystemClock

    with desk.transaction() as session:
        lease = conversations.take_lease(session, amelia, SystemClock().now(), 60)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    for _ in range(3):
        rights.skip_pauses(desk)
        assert not fulfilment.carry_out(desk, fulfilment.take(desk, number))
    assert [row.id for row in all_of(desk, Conversation)] == [amelia] and all_of(desk, Tombstone) == []
    with desk.transaction() as session:
        assert conversations.release_lease(session, amelia, lease)
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED


def test_a_chat_and_a_mail_that_come_while_the_work_runs_go_as_well(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, number, "tell_services")
    late = open_chat(desk, AMELIA)
    engine_says(desk, late, "It is me again, Amelia Hartley")
    with desk.transaction() as session:
        outbox.post(
            session, desk.clock.now(), "Amelia.Hartley@example.com", "request_revoked", "late", number="-", what="-"
        )
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    assert {row.conversation_id for row in all_of(desk, Tombstone)} == {amelia, late}
    assert_no_trace(desk)


def told_without_a_name(desk, origin):
    """A case that somebody told without signing in, with an answer and a file; its number."""
    number, now = f"CS-2026-9{origin:05d}", desk.clock.now()
    with desk.transaction() as session:
        case = Case(
            number=number, kind=CaseKind.COMPLAINT, state="answered", priority="normal", origin=f"n{origin}",
            statement="Amelia waited", claim_hash="0" * 64, claim_salt="00", created_at=now, due_at=now,
        )  # fmt: skip
        session.add(case)
        session.flush()
        session.add(CaseMessage(case_number=number, kind="answer", text="Dear Amelia", created_at=now))
        session.add(
            Attachment(
                id=f"{origin:032d}", owner_kind="case", owner_number=number, name="Amelia.png", media_type="image/png",
                size=1, content=b"amelia", created_at=now,
            )
        )  # fmt: skip
    return number


def test_a_case_told_without_a_name_and_opened_with_its_code_in_a_chat_of_the_person_goes_with_that_chat(desk, amelia):
    claimed, anonymous = told_without_a_name(desk, 1), told_without_a_name(desk, 2)
    nobodys = open_chat(desk, None)
    with desk.transaction() as session:
        session.get_one(Case, claimed).conversation_id = amelia
        session.get_one(Case, anonymous).conversation_id = nobodys
    erased(desk, amelia)
    with desk.reading() as session:
        gone, stays = session.get_one(Case, claimed), session.get_one(Case, anonymous)
    assert (gone.state, gone.statement, gone.claim_hash, gone.conversation_id) == ("closed", None, None, None)
    assert gone.closed_at and stays.closed_at is None
    recorded = [each.reference for each in all_of(desk, AuditEntry) if each.event == "case_closed"]
    assert recorded.count(claimed) == 1 and anonymous not in recorded
    assert (stays.state, stays.statement, stays.conversation_id) == ("answered", "Amelia waited", nobodys)
    assert [row.case_number for row in all_of(desk, CaseMessage)] == [anonymous]
    assert [row.owner_number for row in all_of(desk, Attachment)] == [anonymous]


def test_other_requests_of_the_person_are_closed_and_never_worked_on(desk, amelia, daniel):
    other = rights.ask(desk, amelia, RequestKind.EXPORT).number
    hers = rights.ask(desk, daniel, RequestKind.EXPORT).number
    erased(desk, amelia)
    assert rights.state_of(desk, other).state is RequestState.EXPIRED and row_of(desk, other).subject is None
    assert rights.state_of(desk, hers).state is RequestState.AWAITING_VERIFICATION


def test_a_second_deletion_waits_for_one_that_has_begun_and_its_certificate_still_leaves(desk, amelia, daniel):
    first, hers = agreed(desk, amelia, details=RECORDED), rights.ask(desk, daniel, RequestKind.EXPORT).number
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, first, "certificate")
    second, now = "PR-2026-000099", desk.clock.now()
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number=second, kind=RequestKind.ERASURE, state=RequestState.RUNNING, regime="policy", subject=AMELIA,
                origin="guardian:1", details=EVERYTHING, received_at=now, due_at=now, verified_at=now, confirmed_at=now,
            )
        )  # fmt: skip
    rights.skip_pauses(desk)
    assert not fulfilment.carry_out(desk, fulfilment.take(desk, second))
    assert rights.state_of(desk, first).state is RequestState.RUNNING
    rights.work(desk)
    assert {rights.state_of(desk, each).state for each in (first, second)} == {RequestState.FULFILLED}
    sent = [entry.reference for entry in all_of(desk, AuditEntry) if entry.event == "certificate_sent"]
    assert sent == [first, second]
    assert rights.state_of(desk, hers).state is RequestState.AWAITING_VERIFICATION


def note_about(desk, subject, text):
    """What a colleague wrote about another customer."""
    table = desk.shop.metadata.tables["support_notes"]
    row = {"id": 9_999, "about_kind": "customer", "about_id": int(subject), "staff_name": "Kim", "note": text}
    with desk.shop.engine.begin() as connection:
        connection.execute(table.insert().values(**row, written_at=datetime(2026, 1, 1)))
    return table


@pytest.mark.parametrize("name", ["Émile Roux", "Иван Петров"])
def test_a_name_with_letters_beyond_ascii_that_stands_elsewhere_gets_no_certificate(desk, name):
    customers = desk.shop.metadata.tables["customers"]
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.update(customers).where(customers.c.id == int(AMELIA)).values(name=name))
        connection.execute(sa.update(customers).where(customers.c.id == int(DANIEL)).values(name=f"{name}ский"))
    daniel = desk.shop.customer(DANIEL)
    notes = note_about(desk, DANIEL, f"Sibling of {name.upper()}, same address")
    logs = desk.settings.desk_home / "notes"
    logs.mkdir()
    (logs / "a.log").write_text(f"called {name} back\n", encoding="utf-8")
    (logs / "b.log").write_text(f"called {name}ский back\n", encoding="utf-8")
    number = agreed(desk, open_chat(desk, AMELIA))
    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    assert rest_of(desk, number) == ["The shop's table support_notes.note: 1", "The file notes/a.log: 1"]
    assert all_of(desk, Certificate) == []
    (logs / "a.log").unlink()
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.delete(notes).where(notes.c.id == 9_999))
    fulfilment.retry(desk, number, "staff")
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED, rest_of(desk, number)
    assert desk.shop.customer(DANIEL) == daniel


def test_what_a_colleague_wrote_elsewhere_leaves_the_request_done_in_part_only(desk, amelia):
    notes = note_about(desk, DANIEL, "Sister of Amelia Hartley, same address")
    number = agreed(desk, amelia)
    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    rest = rest_of(desk, number)
    assert rest == ["The shop's table support_notes.note: 1"]
    assert not any(trace in line.lower() for line in rest for trace in TRACES)
    assert all_of(desk, Certificate) == []
    told = [(mail.dedupe_key, mail.recipient) for mail in all_of(desk, Mail) if number in mail.dedupe_key]
    assert told == [(f"request_partly_fulfilled:{number}", "amelia.hartley@example.com")]
    assert [case.kind for case in all_of(desk, Case) if case.request_number == number] == ["alarm"]
    with desk.shop.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")  # this shop takes care of its own deletions
        connection.execute(sa.update(notes).where(notes.c.id == 9_999).values(note="Sister of another customer"))
    fulfilment.retry(desk, number, "staff")
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED, rest_of(desk, number)
    assert_no_trace(desk)


def test_what_is_done_in_part_once_more_is_mailed_once_more_and_not_twice_after_a_crash(desk, amelia):
    note_about(desk, DANIEL, "Sister of Amelia Hartley, same address")
    number = agreed(desk, amelia)

    def told():
        with desk.reading() as session:
            mine = select(Mail.dedupe_key).where(Mail.dedupe_key.like(f"request_partly_fulfilled:%{number}"))
            return session.scalars(mine.order_by(Mail.id)).all()

    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    first = f"request_partly_fulfilled:{number}"
    assert told() == [first]
    fulfilment.retry(desk, number, "staff")
    assert run_until(desk, number, "certificate")
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.PARTLY_FULFILLED
    assert told() == [first, f"request_partly_fulfilled:1:{number}"]


def test_traces_in_other_chats_files_and_logs_are_found_and_counted(desk, amelia, daniel):
    number = agreed(desk, amelia)
    with desk.transaction() as session:
        words = {"citations": [], "choices": [], "created_at": desk.clock.now()}
        session.add(
            Message(conversation_id=daniel, author=Author.AGENT, text="Ask Amelia  HARTLEY, +44 7700 900101", **words)
        )
    engine_says(desk, daniel, "my friend is amelia hartley")
    (desk.settings.desk_home / "run").mkdir()
    (desk.settings.desk_home / "run" / "web.log").write_text("x\nmail to amelia.hartley@example.com\n" * 2)
    (desk.settings.desk_home / "notes").mkdir()
    (desk.settings.desk_home / "notes" / "Amelia Hartley.txt").write_text("nothing")
    (desk.settings.desk_home / "notes" / "other.txt").write_text("not amelia.hartley@example.comet, Melia Hart")
    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    assert rest_of(desk, number) == [
        "The desk's table messages: 1",
        "The engine's record of conversations: 1",
        "The file notes: 1",
        "The file run/web.log: 2",
    ]


def answered_by_a_namesake(desk, daniel, words):
    """Somebody who works at the shop and is called as the person answers another customer's case and chat."""
    with desk.transaction() as session:
        now = desk.clock.now()
        complaint_answer.answer_case(session, desk, now, "CS-2025-000002", "Amelia Hartley", words)
        talk = {"citations": [], "choices": [], "created_at": now}
        session.add(
            Message(conversation_id=daniel, author=Author.AGENT, speaker="Amelia Hartley", text="Hello!", **talk)
        )
        session.add(
            Handoff(
                conversation_id=daniel, case_number="CS-2025-000002", reason="wish", priority="normal", state="ended",
                staff="1", staff_name="Amelia Hartley", waiting_since=now, promised_at=now,
            )
        )  # fmt: skip


def test_a_namesake_who_works_at_the_shop_holds_nobodys_deletion_up(desk, amelia, daniel):
    answered_by_a_namesake(desk, daniel, "We are sorry.")
    number = erased(desk, amelia)
    assert certificate_of(desk).request_number == number
    assert [each.written_by for each in all_of(desk, CaseMessage) if each.text == "We are sorry."] == ["Amelia Hartley"]
    assert [each.speaker for each in all_of(desk, Message) if each.text == "Hello!"] == ["Amelia Hartley"]
    assert [each.staff_name for each in all_of(desk, Handoff)] == ["Amelia Hartley"]


def test_what_a_namesake_wrote_is_searched_all_the_same(desk, amelia, daniel):
    answered_by_a_namesake(desk, daniel, "Ask amelia.hartley@example.com, she knows.")
    number = agreed(desk, amelia)
    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    assert "The desk's table case_messages: 1" in rest_of(desk, number)


def certificate_of(desk):
    (row,) = all_of(desk, Certificate)
    return row


def test_the_certificate_is_genuine_and_names_nobody(desk, amelia):
    number = erased(desk, amelia)
    row = certificate_of(desk)
    told = certificates.verify(row.signed, desk.settings.signing_key)
    assert (told["request"], told["kind"], told["scope"], told["text"]) == (number, "erasure", "everything", row.text)
    assert told["deleted"] > 10 and told["kept"] > 0
    assert not [trace for trace in (*TRACES, AMELIA, "example.com") if trace in row.text.lower()]
    words = (
        "Deleted:",
        "Kept because of Tax and accounting law",
        "1 chat",
        "addresses",
        "what led to the person",
        number,
    )
    for word in words:
        assert word in row.text, row.text


def test_a_certificate_that_was_changed_is_not_genuine(desk, amelia):
    erased(desk, amelia)
    row, key = certificate_of(desk), desk.settings.signing_key
    mail = f"Hello,\n\n{row.text}\n\n{certificates.in_lines(row.signed)}\n"
    quoted = "\r\n".join(f"> {line}" for line in mail.splitlines())
    assert certificates.verify(mail, key) == certificates.verify(quoted, key)
    head, payload, seal = row.signed.split(".")
    forged = [
        mail.replace("Deleted", "Kept", 1),
        f"{head}.{payload[:-4]}AAAA.{seal}",
        f"{head}.{payload}.{seal[:-8]}AAAAAAAA",
        f"eyJhbGciOiJub25lIn0.{payload}.",
        "",
        "hello",
    ]
    for document in forged:
        with pytest.raises(certificates.NotGenuine):
            certificates.verify(document, key)
    with pytest.raises(certificates.NotGenuine):
        certificates.verify(mail, "ab" * 32)


def test_the_certificate_is_mailed_before_the_address_goes(desk, amelia, monkeypatch):
    sent = []
    monkeypatch.setattr(mailing.Mailer, "send", lambda _self, mail: sent.append((mail.dedupe_key, mail.recipient)))
    number = erased(desk, amelia)
    assert sent[-1] == (f"certificate:{number}", "amelia.hartley@example.com")


@pytest.mark.parametrize("refusal", [OSError, mailing.RecipientRefused])
def test_a_mailbox_that_takes_no_mail_keeps_nobodys_address(desk, amelia, monkeypatch, refusal):
    def refused(_self, _mail):
        raise refusal

    monkeypatch.setattr(mailing.Mailer, "send", refused)
    number = erased(desk, amelia)
    assert_no_trace(desk)
    assert certificate_of(desk).request_number == number
    assert "certificate_sent" not in [entry.event for entry in all_of(desk, AuditEntry)]
    alarms = [(case.kind, case.state) for case in all_of(desk, Case) if case.request_number == number]
    assert alarms == [("alarm", "waiting")], "the person has to get their certificate in another way"


@pytest.mark.parametrize("mail_tries", [1, 3, 8])
def test_however_few_tries_a_mail_has_the_erasure_ends_with_the_last_of_them(desk, amelia, monkeypatch, mail_tries):
    desk.settings.mail_tries, tries = mail_tries, []

    def down(_self, mail):
        tries.append(mail.dedupe_key)
        raise mailing.NoServer

    monkeypatch.setattr(mailing.Mailer, "send", down)
    number = erased(desk, amelia)
    assert tries.count(f"certificate:{number}") == mail_tries
    assert_no_trace(desk)
    assert [case.state for case in all_of(desk, Case) if case.request_number == number] == ["waiting"]


def test_a_certificate_waits_until_the_mail_server_is_back(desk, amelia, daniel, monkeypatch):
    before, tries, taken = belongings_of(desk, DANIEL, daniel), [], []

    def down_for_long(_self, mail):
        if mail.dedupe_key.startswith("certificate:"):
            tries.append(mail.recipient)
            if len(tries) <= desk.settings.worker_tries * 3:
                raise mailing.NoServer
        taken.append((mail.dedupe_key, mail.recipient))

    monkeypatch.setattr(mailing.Mailer, "send", down_for_long)
    number = erased(desk, amelia)
    assert taken[-1] == (f"certificate:{number}", "amelia.hartley@example.com")
    assert "certificate_sent" in [entry.event for entry in all_of(desk, AuditEntry)]
    assert [case for case in all_of(desk, Case) if case.request_number == number] == []
    assert_no_trace(desk)
    assert belongings_of(desk, DANIEL, daniel) == before


def test_that_a_certificate_was_refused_alarms_a_person_though_all_is_done(desk, amelia, monkeypatch):
    def refused(_self, _mail):
        raise mailing.RecipientRefused

    number = agreed(desk, amelia)
    rights.work(desk)  # earlier mails are taken
    monkeypatch.setattr(mailing.Mailer, "send", refused)
    assert rights.finish(desk, number).state is RequestState.FULFILLED
    assert alarms_about(desk, number) == ["waiting"]


def test_the_demos_inbox_can_still_show_the_last_mail_to_who_knows_the_address(desk, amelia):
    from bot.store.own_records import demo_box

    erased(desk, amelia)
    (mail,) = all_of(desk, Mail)
    assert mail.recipient == demo_box(" Amelia.Hartley@example.com ") and "Certificate" in mail.text


def test_outside_of_the_demo_no_mail_stays(desk, amelia):
    desk.settings.demo, desk.settings.smtp_url = False, "smtp://mail.example.com"
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    while rights.state_of(desk, number).state is RequestState.RUNNING:
        rights.skip_pauses(desk)
        fulfilment.carry_out(desk, fulfilment.take(desk, number))
        with desk.transaction() as session:
            session.execute(sa.update(Mail).values(sent_at=desk.clock.now()))
    assert all_of(desk, Mail) == []
    assert_no_trace(desk)


def test_the_services_confirm_before_anything_is_called_done(desk, amelia):
    desk.settings.webhook_urls = "https://a.example.com/hook"
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    for _ in range(3):
        rights.skip_pauses(desk)
        assert not fulfilment.carry_out(desk, fulfilment.take(desk, number))
    events = [row for row in all_of(desk, WebhookEvent) if row.event == "erased"]
    assert [(row.subject, row.payload["scope"]) for row in events] == [(AMELIA, "everything")]
    assert all_of(desk, Certificate) == []
    with desk.transaction() as session:
        session.execute(sa.update(WebhookEvent).values(delivered_at=desk.clock.now()))
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    assert_no_trace(desk)
    assert {row.payload["customer_id"] for row in all_of(desk, WebhookEvent)} == {None}


def test_the_notices_keep_the_number_of_who_only_had_deleted_what_the_shop_recorded(desk, amelia):
    desk.settings.webhook_urls = "https://a.example.com/hook"
    priya = open_chat(desk, "1005")
    part, whole = agreed(desk, priya, details=RECORDED), agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))

    def all_are_taken(desk):
        with desk.transaction() as session:
            session.execute(sa.update(WebhookEvent).values(delivered_at=desk.clock.now()))
        delivery.tidy(desk)

    rights.work(desk, meanwhile=all_are_taken)
    assert {rights.state_of(desk, each).state for each in (part, whole)} == {RequestState.FULFILLED}
    told = {(row.request_number, row.subject, row.payload["customer_id"]) for row in all_of(desk, WebhookEvent)}
    assert told == {(part, "1005", "1005"), (whole, None, None)}


def test_a_service_that_never_confirms_leaves_the_request_done_in_part(desk, amelia):
    desk.settings.webhook_urls = "https://a.example.com/hook"
    number = agreed(desk, amelia)
    with desk.transaction() as session:
        session.execute(sa.update(WebhookEvent).values(delivered_at=desk.clock.now()))
    desk.clock.advance(timedelta(days=8))
    begin_what_is_due(desk)
    fulfilment.carry_out(desk, fulfilment.take(desk, number))
    with desk.transaction() as session:
        undelivered = sa.update(WebhookEvent).where(WebhookEvent.delivered_at.is_(None))
        session.execute(undelivered.values(attempts=desk.settings.worker_tries))
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.PARTLY_FULFILLED
    assert rest_of(desk, number) == ["A service of the shop has not confirmed: 1"]
    assert row_of(desk, number).subject == AMELIA, "who looks after the rest must know of whom"


def test_only_what_the_shop_recorded_goes_and_account_and_chats_live_on(desk, amelia, daniel):
    priya = life_of(desk, "1005", "Priya Raman", "priya.raman@example.com", 5)
    before = belongings_of(desk, DANIEL, daniel), shop_rows_but(desk, "1005"), desk.shop.customer("1005")
    number = erased(desk, priya, details=RECORDED)
    assert (belongings_of(desk, DANIEL, daniel), shop_rows_but(desk, "1005"), desk.shop.customer("1005")) == before
    for table in ("behaviour_events", "devices"):
        assert list(desk.shop.rows_of("1005", table)) == []
    assert row_of(desk, number).subject == "1005" and row_of(desk, number).plan is None
    assert all_of(desk, Restriction) == [] and all_of(desk, Tombstone) == []
    with desk.reading() as session:
        said = session.scalars(select(Message.response).where(Message.conversation_id == priya)).all()
    assert said[-1] == "utter_erasure_recorded_done"
    row = certificate_of(desk)
    assert certificates.verify(row.signed, desk.settings.signing_key)["scope"] == "recorded"
    assert "priya" not in row.text.lower()
    (mail,) = [mail for mail in all_of(desk, Mail) if mail.dedupe_key == f"certificate:{number}"]
    assert mail.recipient == "priya.raman@example.com" and "last mail" not in mail.text


def test_an_anonymisation_keeps_rows_that_lead_to_nobody(desk, amelia):
    priya = open_chat(desk, "1005")
    table = desk.shop.metadata.tables["behaviour_events"]
    count = sa.select(sa.func.count()).select_from(table)
    with desk.shop.engine.connect() as connection:
        before = connection.scalar(count)
    erased(desk, priya, RequestKind.ANONYMISATION, {"scope": "everything", "mode": "anonymise"})
    with desk.shop.engine.connect() as connection:
        assert connection.scalar(count) == before
    assert desk.shop.customer("1005") is None
    assert_no_trace(desk, ("priya", "raman", "900105"), "1005")


def test_a_guest_order_in_capitals_is_found(desk):
    helen = open_chat(desk, "1006")
    erased(desk, helen)
    assert_no_trace(desk, ("helen.marsh", "helen marsh", "900106"), "1006")


def test_two_people_with_one_telephone_number_stay_two(desk):
    tomas = open_chat(desk, "1007")
    before = desk.shop.customer("1008")
    erased(desk, tomas)
    assert desk.shop.customer("1008") == before
    assert_no_trace(desk, ("tomas.novak", "tomas novak"), "1007")


def test_a_shared_mailbox_keeps_the_other_persons_mails(desk, amelia, daniel):
    with desk.transaction() as session:
        outbox.post(
            session, desk.clock.now(), "amelia.hartley@example.com", "request_revoked", "revoked:shared",
            number="PR-2025-000002", what="x",
        )  # fmt: skip
        ids = [mail.id for mail in mails_about(session, AMELIA, ["amelia.hartley@example.com"])]
        kept = [mail.dedupe_key for mail in session.scalars(select(Mail).where(Mail.id.not_in(ids)))]
    assert "revoked:shared" in kept


def test_a_shared_mailbox_keeps_the_other_persons_code(desk, amelia, daniel):
    with desk.shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET email = 'Amelia.Hartley@Example.com' WHERE id = 1002")
    his = rights.ask(desk, daniel, RequestKind.EXPORT).number
    code = rights.code_for(desk, daniel, his)
    hers = rights.ask(desk, amelia, RequestKind.ERASURE).number
    rights.verify(desk, amelia, hers)
    desk.clock.advance(timedelta(days=8))
    rights.work(desk, hers)
    assert rights.state_of(desk, hers).state is RequestState.FULFILLED, rest_of(desk, hers)
    assert [code in mail.text for mail in all_of(desk, Mail) if mail.dedupe_key.startswith("code:")] == [True]


def test_a_shared_mailbox_keeps_what_the_other_person_is_told_of_the_policy(desk, amelia, daniel):
    with desk.shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET email = 'Amelia.Hartley@Example.com' WHERE id = 1002")
    rights.told_without_a_number(desk, AMELIA, "amelia.hartley@example.com")
    his = rights.told_without_a_number(desk, DANIEL, "amelia.hartley@example.com")
    number = agreed(desk, amelia)
    assert rights.finish(desk, number).state is RequestState.FULFILLED, rest_of(desk, number)
    kept = {
        mail.dedupe_key: mail.id for mail in all_of(desk, Mail) if mail.dedupe_key.startswith(("policy", "came-of"))
    }
    assert set(kept) == his
    (notice,) = all_of(desk, PolicyNotice)
    assert notice.subject == DANIEL and notice.mail_id in kept.values()


@pytest.mark.parametrize("words", ["Nothing of hers is here.", "Ask Amelia Hartley about it."])
def test_what_was_mailed_to_whoever_had_the_address_before_is_theirs_unless_it_tells_of_the_person(
    desk, amelia, daniel, words
):
    his = rights.told_without_a_number(desk, DANIEL, "amelia.hartley@example.com")
    with desk.transaction() as session:
        session.execute(sa.update(Mail).where(Mail.dedupe_key.in_(his)).values(text=words))
    number = agreed(desk, amelia)
    rights.finish(desk, number)
    assert {mail.dedupe_key for mail in all_of(desk, Mail)} >= his
    assert rest_of(desk, number) == (["The desk's table mails: 3"] if "Amelia" in words else [])


def test_an_alarm_about_the_person_ends_with_their_data_and_one_about_somebody_else_waits_on(desk, amelia, daniel):
    with desk.transaction() as session:
        for subject in (AMELIA, DANIEL):
            alarm(session, desk, desk.clock.now(), subject, NOTICE, "A service of the shop did not take the notice.")
    erased(desk, amelia)
    alarms = [(case.subject, case.state) for case in all_of(desk, Case) if case.kind == "alarm"]
    assert alarms == [(None, "closed"), (DANIEL, "waiting")]
    recorded = {
        each.reference: (each.actor, each.at) for each in all_of(desk, AuditEntry) if each.event == "case_closed"
    }
    assert recorded == {case.number: ("worker", case.closed_at) for case in all_of(desk, Case) if case.closed_at}
    assert {case.closed_at is not None for case in all_of(desk, Case) if case.state == "closed"} == {True}


def test_an_alarm_about_what_else_the_person_asked_for_ends_with_it_and_the_record_says_so(desk, amelia, daniel):
    numbers = [rights.ask(desk, chat, RequestKind.EXPORT).number for chat in (amelia, daniel)]
    with desk.transaction() as session:
        for number in numbers:
            outcome.alarm(session, desk, desk.clock.now(), session.get_one(PrivacyRequest, number), Alarm.LATE)
    erased(desk, amelia)
    alarms = {case.request_number: (case.number, case.state) for case in all_of(desk, Case) if case.kind == "alarm"}
    assert [alarms[number][1] for number in numbers] == ["closed", "waiting"]
    closed = [(each.reference, each.actor) for each in all_of(desk, AuditEntry) if each.event == "case_closed"]
    about = [alarms[number][0] for number in numbers]
    assert [each for each in closed if each[0] in about] == [(about[0], "worker")]


def test_the_plan_is_kept_unreadable(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, number, "settle")
    assert row_of(desk, number).plan["addresses"] == ["amelia.hartley@example.com"]
    with desk.engine.connect() as connection:
        assert "amelia" not in str(connection.exec_driver_sql("SELECT plan FROM privacy_requests").all()).lower()


def test_while_a_long_search_goes_on_the_work_is_nobody_elses(desk, amelia):
    beats = []
    traces = erasure_scan.Traces.of(AMELIA, {"name": "amelia hartley"})
    with desk.reading() as session:
        found = erasure_scan.in_desk(session, traces, lambda _table, _row: False, lambda: beats.append(None))
    assert found["messages"] == 2 and len(beats) >= len(found)


def test_while_somebody_reads_the_shops_database_what_was_deleted_waits_and_in_the_end_a_person_is_told(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, number, "table:customers")
    step = dict(steps_of(desk, number))["settle"]
    reader = sa.create_engine(desk.shop.engine.url)
    with reader.connect() as reading:
        reading.exec_driver_sql("BEGIN")
        reading.exec_driver_sql("SELECT name FROM customers").fetchone()
        with desk.shop.engine.begin() as writing:
            writing.exec_driver_sql("UPDATE segments SET name = name")
        with pytest.raises(NotYet):
            step(work_of(desk, number))
        (line,) = step(replace(work_of(desk, number), attempts=desk.settings.worker_tries))
        assert "journal" in line and "amelia" not in line.lower()
    reader.dispose()
    assert not step(work_of(desk, number))


def test_a_day_that_passes_in_the_middle_changes_no_decision(desk, amelia):
    number = agreed(desk, amelia)
    desk.clock.advance(timedelta(days=8))
    assert run_until(desk, number, "table:orders")
    planned = row_of(desk, number).plan["today"]
    desk.clock.advance(timedelta(days=4000))
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    assert date.fromisoformat(planned) == datetime(2026, 12, 1).date()


def test_an_account_that_the_shop_removed_by_itself_still_has_its_chats_erased_and_a_person_looks(desk, amelia):
    number = agreed(desk, amelia)
    shop = desk.shop
    aim, today = ("everything", "delete"), date(2026, 11, 23)
    snapshot = erasing.freeze(shop, AMELIA)
    for table in erasing.erasure_order(shop.datamap, shop.metadata):
        erasing.erase_table(shop, snapshot, table, *aim, today, b"s" * 32)
    assert shop.customer(AMELIA) is None
    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    assert rest_of(desk, number) == ["The shop had removed the account itself: what else it holds must be looked at"]
    fulfilment.retry(desk, number, "staff")
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED, rest_of(desk, number)
    with desk.reading() as session:
        assert session.scalar(select(sa.func.count()).select_from(Conversation)) == 0
