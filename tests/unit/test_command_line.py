"""The command line: what cannot be done ends in one sentence and exit code 1."""

import os
import socket
import subprocess
import sys

import pytest

from bot import processes
from bot.config import PROJECT
from bot.errors import SetupError


def run(tmp_path, *words, **settings):
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment |= {"DESK_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)} | settings
    return subprocess.run(
        [sys.executable, "-m", "bot", *words], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )


def assert_one_sentence(done, *pieces):
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for piece in pieces:
        assert piece in done.stderr


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_one_sentence(run(tmp_path, "run", PORT=str(port)), str(port), "PORT")


def test_a_broken_setting_is_named(tmp_path):
    assert_one_sentence(run(tmp_path, "run", PORT="eight thousand"), "PORT")
    assert_one_sentence(run(tmp_path, "run", ENVIRONMENT="production"), "DEMO")


def test_a_database_that_cannot_be_opened_is_named_without_its_address(tmp_path):
    done = run(tmp_path, "seed", DESK_DATABASE_URL="sqlite:////no/such/folder/desk.sqlite3")
    assert_one_sentence(done, "DESK_DATABASE_URL")
    done = run(tmp_path, "seed", DESK_DATABASE_URL="rubbish secret-word")
    assert_one_sentence(done)
    assert "secret-word" not in done.stderr


def test_a_broken_encryption_key_is_refused_with_the_way_to_make_one(tmp_path):
    assert_one_sentence(run(tmp_path, "requests", ENCRYPTION_KEYS="not-a-key"), "ENCRYPTION_KEYS")


def test_a_shop_whose_columns_are_not_on_the_map_is_not_opened(tmp_path):
    from sqlalchemy import text

    from bot.store.engine import make_engine

    assert run(tmp_path, "seed").returncode == 0
    assert run(tmp_path, "datamap", "check").returncode == 0
    engine = make_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE customers ADD COLUMN shoe_size INTEGER"))
    engine.dispose()
    assert_one_sentence(run(tmp_path, "datamap", "check"), "shoe_size")


def test_a_missing_engine_runtime_names_the_command_that_makes_it(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "PROJECT", tmp_path)
    with pytest.raises(SetupError, match="make setup"):
        processes.engine_python()


def test_seeding_twice_changes_nothing(tmp_path):
    assert run(tmp_path, "seed").returncode == 0
    before = (tmp_path / "shop.sqlite3").read_bytes()
    assert run(tmp_path, "seed").returncode == 0
    assert (tmp_path / "shop.sqlite3").read_bytes() == before


def test_lists_are_printed_without_words_of_people(tmp_path):
    run(tmp_path, "seed")
    for command in ("requests", "audit", "purge"):
        assert run(tmp_path, command).returncode == 0, command


def test_parse_answers_a_line_for_a_line_and_quotes_the_policy(tmp_path):
    import json

    lines = [{"id": "a", "text": "Do you sell my data?"}, {"id": "b", "text": "hello there"}, {"id": "c", "text": ""}]
    environment = dict(os.environ) | {"DESK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "parse"],
        cwd=PROJECT,
        env=environment,
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in read] == ["a", "b", "c"]
    assert {"id", "text", "intent", "confidence", "ranking", "covered", "clauses"} <= set(read[0])
    assert (read[0]["intent"], read[0]["covered"], read[1]["intent"]) == ("ask_policy", True, "greet")
    content = (PROJECT / "data" / "policy" / "2026-01-15.md").read_text(encoding="utf-8")
    for clause in read[0]["clauses"]:
        assert content[clause["start"] : clause["end"]] == clause["quote"]
    assert read[0]["clauses"][0]["id"] == "commercialisation"


def test_the_policy_in_force_is_shown_before_there_is_any_database(tmp_path):
    shown = run(tmp_path, "policy", "show")
    assert shown.returncode == 0 and "commercialisation" in shown.stdout, shown.stderr
    assert run(tmp_path, "seed").returncode == 0
    assert run(tmp_path, "policy", "show").stdout == shown.stdout
    assert_one_sentence(run(tmp_path, "policy", "show", "1999"), "no policy version")
