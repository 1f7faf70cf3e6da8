"""The record on the command line: listed, checked, anchored."""

import os
import sqlite3
import subprocess
import sys

import pytest

from bot.config import PROJECT


@pytest.fixture
def run(tmp_path, desk):
    """Runs a command on the database of the test's desk, with its secrets."""

    def ran(*words):
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        secrets = ("audit_key", "signing_key", "encryption_keys", "shop_database_url")
        environment |= {name.upper(): getattr(desk.settings, name) for name in secrets}
        environment |= {"DESK_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    return ran


def test_the_record_is_listed_anchored_and_checked_and_a_change_ends_in_exit_code_1(run, desk, chat, tmp_path):
    from bot.store import audit
    from bot.vocabulary import AuditEvent

    for number in range(3):
        with desk.transaction() as session:
            audit.record(session, desk.clock.now(), AuditEvent.CODE_SENT, reference=f"PR-2026-00000{number}")
    code, listed = run("audit", "--last", "2")
    assert code == 0 and "PR-2026-000002" in listed and "PR-2026-000000" not in listed
    assert run("audit", "list", "--last", "2") == (0, listed)
    code, said = run("audit", "verify")
    assert code == 0 and "3 entries are as they were written" in said and "no anchor yet" in said
    assert run("audit", "anchor") == (0, "Anchored at entry 3.\n")
    assert run("audit", "verify") == (0, "3 entries are as they were written. Anchors that agree: 1.\n")
    with sqlite3.connect(tmp_path / "desk.sqlite3") as database:
        database.execute("UPDATE audit SET reference = 'PR-2026-000009' WHERE id = 2")
        database.execute("DELETE FROM audit WHERE id = 3")
    code, said = run("audit", "verify")
    assert code == 1
    assert [line[:9] for line in said.splitlines()] == ["- Entry 2", "- Entry 3", "- The anc"]
