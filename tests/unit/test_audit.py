"""The record of the desk's doings: sealed with its transaction, one chain for all, silent about the erased."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import MetaData, select, text, update

from bot.bootstrap import migrate
from bot.errors import SetupError
from bot.store import audit, audit_chain
from bot.store.audit_anchor import Anchors
from bot.store.audit_check import check, verify
from bot.store.desk_tables import AuditEntry, AuditHead, AuditPseudonym, Conversation
from bot.store.engine import make_engine
from bot.vocabulary import AuditEvent
from tests.databases import postgresql_server


def write(desk, count=1, **more):
    for number in range(count):
        with desk.transaction() as session:
            more = {"reference": f"PR-2026-{number:06d}"} | more
            audit.record(session, desk.clock.now(), AuditEvent.REQUEST_RECEIVED, "a conversation", **more)


def entries(desk):
    with desk.reading() as session:
        return session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()


def everything(desk):
    """Every value of every row of the desk's database, as text."""
    metadata = MetaData()
    with desk.engine.connect() as connection:
        metadata.reflect(connection)
        return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))


def test_entries_are_numbered_sealed_and_found_as_they_were_written(desk):
    write(desk, 3, subject="1001", actor="worker")
    assert [entry.id for entry in entries(desk)] == [1, 2, 3]
    assert len({entry.seal for entry in entries(desk)}) == 3
    verdict = check(desk)
    assert (verdict.entries, verdict.intact, verdict.unsealed) == (3, True, 0)


def test_several_entries_of_one_transaction_stand_in_the_order_in_which_they_happened(desk):
    with desk.transaction() as session:
        for event in (AuditEvent.REQUEST_STARTED, AuditEvent.REQUEST_FULFILLED):
            audit.record(session, desk.clock.now(), event, reference="PR-1")
    assert [entry.event for entry in entries(desk)] == ["request_started", "request_fulfilled"]
    assert check(desk).intact


def test_an_act_that_was_rolled_back_left_no_entry(desk):
    write(desk)
    with pytest.raises(RuntimeError), desk.transaction() as session:
        audit.record(session, desk.clock.now(), AuditEvent.REQUEST_REVOKED, reference="PR-1")
        raise RuntimeError
    write(desk)
    assert [entry.event for entry in entries(desk)] == ["request_received", "request_received"]
    assert check(desk).intact


def test_a_part_of_a_transaction_that_was_rolled_back_left_no_entry_and_the_rest_did(desk):
    now = desk.clock.now()
    with desk.transaction() as session:
        audit.record(session, now, AuditEvent.CODE_SENT, reference="outer")
        with session.begin_nested():
            audit.record(session, now, AuditEvent.CODE_SENT, reference="kept")
        with pytest.raises(RuntimeError), session.begin_nested():
            with session.begin_nested():
                audit.record(session, now, AuditEvent.CODE_SENT, reference="dropped inside")
            audit.record(session, now, AuditEvent.CODE_SENT, reference="dropped")
            raise RuntimeError
        audit.record(session, now, AuditEvent.CODE_SENT, reference="last")
    assert [entry.reference for entry in entries(desk)] == ["outer", "kept", "last"]
    assert check(desk).intact


def test_what_was_not_committed_is_not_written_by_the_next_transaction_of_the_session(desk):
    from sqlalchemy.orm import Session

    with Session(desk.engine) as session:
        audit.record(session, desk.clock.now(), AuditEvent.CODE_SENT, reference="never")
        session.close()
        audit.record(session, desk.clock.now(), AuditEvent.CODE_SENT, reference="committed")
        session.commit()
        session.commit()
    assert [entry.reference for entry in entries(desk)] == ["committed"]


def test_nothing_is_recorded_without_a_key(desk, monkeypatch):
    monkeypatch.setattr(audit_chain, "_keys", ())
    with pytest.raises(SetupError, match="AUDIT_KEY"):
        write(desk)
    assert entries(desk) == []
    with pytest.raises(SetupError, match="AUDIT_KEY"):
        audit.use_key(" , ")


def test_a_new_key_in_front_of_the_old_one_keeps_the_record_whole(desk):
    write(desk, 2)
    audit.use_key("n" * 40 + ", " + desk.settings.audit_key)
    write(desk, 2)
    assert check(desk).intact
    audit.use_key("n" * 40)
    assert check(desk).findings == (
        "Entries 1 to 2 do not fit the seal: changed, slipped in or moved, or what came before was.",
    )


def test_entries_from_before_there_were_seals_are_told_and_are_no_fault(desk):
    with desk.transaction() as session:
        for number in (1, 2):
            session.add(AuditEntry(id=number, at=desk.clock.now(), event="session_opened", seal=""))
    write(desk, 2)
    verdict = check(desk)
    assert (verdict.intact, verdict.unsealed) == (True, 2)
    assert "2 entries up to 2" in verdict.notes[0]


def test_a_person_stands_in_the_record_under_one_name_that_is_not_theirs(desk):
    write(desk, 2, subject="1001")
    write(desk, 1, subject="1002")
    names = [entry.subject for entry in entries(desk)]
    assert names[0] == names[1] != names[2]
    assert all(len(name) == 64 and "1001" not in name for name in names)
    with desk.reading() as session:
        assert [audit.pseudonym(session, subject) for subject in ("1001", "1002", "1003")] == [names[0], names[2], None]
    with desk.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT key FROM audit_pseudonyms").scalars().all()
    assert all(key.startswith("gAAAA") for key in kept), "the keys themselves are encrypted"


def test_after_forgetting_the_record_still_verifies_and_nobody_can_tell_whose_entries_they_were(desk):
    erased = "customer-4711-erased"
    write(desk, 2, subject=erased)
    write(desk, 2, subject="1002")
    before = [(entry.id, entry.seal, entry.subject) for entry in entries(desk)]
    with desk.transaction() as session:
        assert audit.forget_subject(session, erased)
        audit.record(session, desk.clock.now(), AuditEvent.SUBJECT_FORGOTTEN, reference="PR-1")
    with desk.transaction() as session:
        assert not audit.forget_subject(session, erased)
    assert [(entry.id, entry.seal, entry.subject) for entry in entries(desk)][:4] == before
    assert check(desk).intact
    with desk.reading() as session:
        assert audit.pseudonym(session, erased) is None
        assert audit.pseudonym(session, "1002") == before[2][2], "the bystander is untouched"
    assert erased not in everything(desk)
    write(desk, 1, subject=erased)
    assert entries(desk)[-1].subject != before[0][2], "a new key cannot name the old entries"


def test_an_entry_recorded_before_the_forgetting_in_the_same_transaction_brings_no_key_back(desk):
    with desk.transaction() as session:
        audit.record(session, desk.clock.now(), AuditEvent.REQUEST_FULFILLED, reference="PR-1", subject="1001")
        audit.forget_subject(session, "1001")
    with desk.reading() as session:
        assert session.scalars(select(AuditPseudonym)).all() == []
    assert entries(desk)[0].subject is not None and check(desk).intact


def test_eight_who_write_at_once_keep_one_chain_and_one_name_per_person(desk):
    assert_first_writers_agree(desk)
    assert_one_chain(desk)


def assert_first_writers_agree(desk):
    """Nobody's act is lost because the record is empty when eight write to it."""
    start = Barrier(8)

    def one(_):
        start.wait()
        with desk.transaction() as session:
            audit.record(session, desk.clock.now(), AuditEvent.SESSION_OPENED)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert len(entries(desk)) == 8


def assert_one_chain(desk):
    start = Barrier(8)

    def many(_):
        start.wait()
        write(desk, 10, subject="1001")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(many, range(8)))
    assert [entry.id for entry in entries(desk)] == list(range(1, 89))
    assert len({entry.subject for entry in entries(desk)[8:]}) == 1
    with desk.reading() as session:
        assert verify(session, Anchors()).intact


@pytest.fixture
def on_postgresql(desk, tmp_path):
    """The same desk with its own database on PostgreSQL."""
    from dataclasses import replace

    with postgresql_server(tmp_path) as fresh:
        settings = desk.settings.model_copy(update={"desk_database_url": fresh()})
        migrate(settings)
        engine = make_engine(settings.desk_database_url)
        yield replace(desk, settings=settings, engine=engine)
        engine.dispose()


def test_on_postgresql_too(on_postgresql):
    desk = on_postgresql
    assert_first_writers_agree(desk)
    assert_one_chain(desk)
    with desk.reading() as session:
        assert session.scalar(select(AuditHead.last)) == 88
    assert check(desk).intact
    assert_writers_of_the_record_never_wait_in_a_circle(desk)
    with desk.transaction() as session:
        session.execute(text("UPDATE audit SET actor = 'nobody' WHERE id = 40"))
        session.execute(text("DELETE FROM audit WHERE id = 60"))
    findings = check(desk).findings
    assert len(findings) == 3 and "Entry 40" in findings[1] and "Entry 60" in findings[0] and "Entry 61" in findings[2]


def assert_writers_of_the_record_never_wait_in_a_circle(desk):
    """One records and then changes a row, the other changes that row and then records."""
    with desk.transaction() as session:
        session.add(Conversation(id="shared", owner="bot", created_at=desk.clock.now()))
    meet = Barrier(2, timeout=20)
    change = update(Conversation).where(Conversation.id == "shared").values(owner="person")

    def record_first(_):
        with desk.transaction() as session:
            with session.begin_nested():
                audit.record(session, desk.clock.now(), AuditEvent.CASE_FILED, reference="first")
            meet.wait()
            session.execute(change)

    def change_first(_):
        with desk.transaction() as session:
            session.execute(change)
            meet.wait()
            audit.record(session, desk.clock.now(), AuditEvent.CASE_FILED, reference="second")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(record_first, 0), pool.submit(change_first, 0)]:
            done.result(30)
    assert check(desk).intact
