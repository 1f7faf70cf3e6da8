"""Whoever owns the database but not the key cannot change the record unseen."""

import json
import shutil
import stat
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.store import audit
from bot.store.audit_anchor import anchor_file, read_anchors, write_anchor
from bot.store.audit_check import check
from bot.vocabulary import AuditEvent

ENTRIES = 8


@pytest.fixture
def written(desk):
    """A desk with eight entries."""
    more(desk, ENTRIES)
    assert check(desk).intact
    return desk


def more(desk, count):
    for number in range(count):
        with desk.transaction() as session:
            audit.record(
                session, desk.clock.now(), AuditEvent.REQUEST_RECEIVED, f"talk {number}", f"PR-{number}", "1001", "web"
            )


def attack(desk, *statements):
    with desk.transaction() as session:
        for statement in statements:
            session.execute(text(statement))


def swap(one, other, *columns):
    """Statements that exchange the content of two entries."""
    named = ", ".join(columns)
    return (
        f"CREATE TEMP TABLE kept AS SELECT {named} FROM audit WHERE id = {one}",
        *(f"UPDATE audit SET {c} = (SELECT {c} FROM audit WHERE id = {other}) WHERE id = {one}" for c in columns),
        *(f"UPDATE audit SET {c} = (SELECT {c} FROM kept) WHERE id = {other}" for c in columns),
        "DROP TABLE kept",
    )


HEAD_FROM_TABLE = (
    "UPDATE audit_head SET last = (SELECT MAX(id) FROM audit), seal = (SELECT seal FROM audit ORDER BY id DESC LIMIT 1)"
)
BODY = ("at", "event", "conversation_id", "reference", "subject", "actor")
COPY = f"INSERT INTO audit SELECT {{to}}, {', '.join(BODY)}, seal FROM audit WHERE id = {{of}}"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2020-01-01 00:00:00.000000'"), ("event", "'request_revoked'"), ("conversation_id", "'another'"),
        ("reference", "NULL"), ("reference", "'PR-9'"), ("subject", "NULL"), ("subject", "'x'"), ("actor", "''"),
        ("seal", f"'{'0' * 64}'"),
    ],
)  # fmt: skip
def test_an_edited_entry_is_named(written, column, value):
    attack(written, f"UPDATE audit SET {column} = {value} WHERE id = 4")
    findings = check(written).findings
    assert findings and all("4" in finding for finding in findings)


def test_a_microsecond_is_an_edit(written):
    attack(written, "UPDATE audit SET at = '2026-11-23 12:00:00.000001' WHERE id = 4")
    assert len(check(written).findings) == 1


@pytest.mark.parametrize("number", [1, 4, 8])
def test_a_deleted_entry_is_named_wherever_it_stood(written, number):
    attack(written, f"DELETE FROM audit WHERE id = {number}")
    assert any(f"Entry {number} is missing" in finding for finding in check(written).findings)


def test_a_deleted_entry_is_found_when_those_behind_it_are_numbered_anew(written):
    attack(written, "DELETE FROM audit WHERE id = 4", "UPDATE audit SET id = id - 1 WHERE id > 4", HEAD_FROM_TABLE)
    assert check(written).findings[0].startswith("Entries 4 to 7 do not fit")


def test_an_inserted_entry_is_found_at_the_end_and_in_the_middle(written):
    attack(written, COPY.format(to=9, of=2), HEAD_FROM_TABLE)
    assert check(written).findings[0].startswith("Entry 9 does not fit")
    attack(
        written, "DELETE FROM audit WHERE id = 9", "UPDATE audit SET id = -id WHERE id > 4",
        "UPDATE audit SET id = 1 - id WHERE id < 0", COPY.format(to=5, of=4), HEAD_FROM_TABLE,
    )  # fmt: skip
    assert check(written).findings[0].startswith("Entries 5 to 9 do not fit")


def test_an_entry_beyond_the_head_is_found(written):
    attack(written, COPY.format(to=9, of=8))
    assert any("beyond the head" in finding for finding in check(written).findings)


@pytest.mark.parametrize("columns", [BODY, (*BODY, "seal")])
def test_entries_in_another_order_are_found(written, columns):
    attack(written, *swap(3, 6, *columns))
    findings = " ".join(check(written).findings)
    assert "3" in findings and "6" in findings


def test_a_cut_tail_is_found_by_the_head(written):
    attack(written, "DELETE FROM audit WHERE id > 5")
    assert check(written).findings == ("Entries 6 to 8 are missing at the end: the head of the record names 8.",)


def test_a_head_that_names_another_entry_of_the_same_number_is_found(written):
    attack(written, "UPDATE audit_head SET seal = (SELECT seal FROM audit WHERE id = 7)")
    assert check(written).findings == ("Entry 8 is not the one that the head of the record names.",)


def test_a_cut_tail_with_the_head_set_back_is_found_by_the_anchor(written):
    write_anchor(written)
    attack(written, "DELETE FROM audit WHERE id > 5", HEAD_FROM_TABLE)
    (finding,) = check(written).findings
    assert "names entry 8" in finding and "ends at 5" in finding


def test_a_record_emptied_as_a_whole_is_found_by_the_anchor(written):
    write_anchor(written)
    attack(written, "DELETE FROM audit", "DELETE FROM audit_head")
    assert "ends at 0" in check(written).findings[0]


def test_seals_taken_away_do_not_make_entries_look_old(written):
    attack(written, "UPDATE audit SET seal = '' WHERE id <= 4")
    assert check(written).findings[0].startswith("Entry 5 does not fit")
    attack(written, "UPDATE audit SET seal = '' WHERE id = 7")
    assert any("Entry 7 has no seal" in finding for finding in check(written).findings)
    attack(written, "UPDATE audit SET seal = ''", "UPDATE audit_head SET seal = ''")
    assert check(written).findings == ("The head of the record has no seal.",)


def test_all_seals_and_the_head_taken_away_are_found_by_the_anchor(written):
    write_anchor(written)
    attack(written, "UPDATE audit SET seal = ''", "DELETE FROM audit_head")
    assert "Entry 8 is not the one" in check(written).findings[0]


def test_a_head_that_is_gone_is_found_at_once_and_for_ever(written):
    attack(written, "DELETE FROM audit_head")
    assert check(written).findings == ("The head of the record is gone.",)
    more(written, 1)
    assert check(written).findings[0].startswith("Entry 9 does not fit")


def test_an_old_database_put_back_is_found_even_when_the_desk_goes_on_with_it(desk, tmp_path):
    more(desk, 3)
    kept = tmp_path / "old.sqlite3"
    attack_file = desk.settings.desk_database_url.removeprefix("sqlite:///")
    with desk.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(attack_file, kept)
    more(desk, 4)
    write_anchor(desk)
    desk.engine.dispose()
    for ending in ("-wal", "-shm"):
        (tmp_path / (attack_file.rpartition("/")[2] + ending)).unlink(missing_ok=True)
    shutil.copy(kept, attack_file)
    assert "names entry 7" in check(desk).findings[0] and "ends at 3" in check(desk).findings[0]
    desk.clock.advance(timedelta(hours=1))
    more(desk, 6)
    (finding,) = check(desk).findings
    assert "Entry 7 is not the one" in finding


def test_a_database_written_anew_with_another_key_is_found(written):
    attack(written, "DELETE FROM audit", "DELETE FROM audit_head")
    audit.use_key("somebody else's key of forty characters.")
    more(written, ENTRIES)
    audit.use_key(written.settings.audit_key)
    assert check(written).findings[0].startswith("Entries 1 to 8 do not fit")


def test_an_anchor_is_written_once_a_day_and_on_demand(written):
    assert write_anchor(written).number == 8
    assert write_anchor(written) is None
    assert write_anchor(written, again=True).number == 8
    written.clock.advance(timedelta(days=1))
    more(written, 1)
    assert write_anchor(written).number == 9
    assert [anchor.number for anchor in read_anchors(written.settings).anchors] == [8, 8, 9]
    verdict = check(written)
    assert (verdict.intact, verdict.anchors, verdict.notes) == (True, 3, ())


def test_the_anchor_file_is_its_owners_only_and_grows_only_at_its_end(written):
    write_anchor(written)
    path = anchor_file(written.settings)
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_anchor(written, again=True)
    assert path.read_bytes().startswith(first) and path.read_bytes().count(b"\n") == 2


def test_the_anchor_stands_in_the_log_too_without_a_word_about_anybody(written, capsys):
    anchor = write_anchor(written)
    logged = "".join(capsys.readouterr())
    assert anchor.seal in logged and anchor.signature in logged
    assert "1001" not in logged and "PR-" not in logged


def test_an_empty_record_needs_no_anchor(desk):
    assert write_anchor(desk) is None
    assert check(desk).intact


def test_without_anchors_the_check_says_what_it_cannot_know(written):
    assert any("no anchor" in note for note in check(written).notes)


def test_a_shorter_record_is_told_to_the_log_when_the_next_anchor_is_written(written, capsys):
    write_anchor(written)
    attack(written, "DELETE FROM audit WHERE id > 5", HEAD_FROM_TABLE)
    written.clock.advance(timedelta(days=1))
    write_anchor(written)
    assert "shorter than its anchor" in "".join(capsys.readouterr())
    assert not check(written).intact


def forged(line):
    content = json.loads(line)
    content["number"] = 5
    return json.dumps(content)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0], forged(lines[1]), lines[2]], "Line 2 of the anchor file is not signed"),
        (lambda lines: [lines[0], lines[2]], "Line 2 of the anchor file does not follow"),
        (lambda lines: lines[1:], "Line 1 of the anchor file does not follow"),
        (lambda lines: [lines[1], lines[0], lines[2]], "Line 1 of the anchor file does not follow"),
        (lambda lines: [lines[0], "rubbish", lines[2]], "Line 2 of the anchor file cannot be read"),
        (lambda lines: [lines[0], '{"number": "8"}', lines[2]], "Line 2 of the anchor file cannot be read"),
        (lambda lines: [lines[0], "{}", lines[2]], "Line 2 of the anchor file cannot be read"),
        (lambda lines: [lines[0], lines[1].replace('signature": "', 'signature": "zz'), lines[2]], "not signed"),
    ],
)
def test_a_changed_anchor_file_is_found(written, change, said):
    for _ in range(3):
        write_anchor(written, again=True)
        more(written, 1)
    path = anchor_file(written.settings)
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    assert any(said in finding for finding in check(written).findings)


def test_an_anchor_signed_with_another_key_is_none_of_ours(written):
    write_anchor(written)
    written.settings.signing_key = "ab" * 32
    assert "not signed with SIGNING_KEY" in check(written).findings[0]


def test_a_line_torn_by_a_crash_is_told_and_the_next_anchor_is_whole(written):
    write_anchor(written)
    path = anchor_file(written.settings)
    with path.open("a") as file:
        file.write('{"number": 8, "se')
    assert write_anchor(written) is not None, "a torn line is no anchor of today"
    read = read_anchors(written.settings)
    assert [anchor.number for anchor in read.anchors] == [8, 8]
    assert read.faults == ("Line 2 of the anchor file cannot be read.",)


def test_a_long_record_is_checked_in_one_walk_and_faults_side_by_side_are_one_sentence(desk):
    with desk.transaction() as session:
        for _ in range(5000):
            audit.record(session, desk.clock.now(), AuditEvent.SESSION_OPENED)
    assert check(desk).entries == 5000
    attack(desk, "UPDATE audit SET actor = 'x' WHERE id BETWEEN 100 AND 3000")
    assert check(desk).findings == (
        "Entries 100 to 3000 do not fit the seal: changed, slipped in or moved, or what came before was.",
    )
