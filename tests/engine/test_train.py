import json
import os
import subprocess
import sys
import time

import pytest

from bot.engine import train
from bot.engine.progress import Progress
from bot.engine.quiet_logging import ValueFreeFormatter

from .conftest import PROJECT, write_project


def command(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bot.engine.train", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done, time.monotonic() - started


@pytest.fixture
def desk(tmp_path, encoder):
    folder = tmp_path / "desk"
    write_project(folder, encoder)
    (folder / "models/encoder").symlink_to(encoder)
    return folder


def test_training_shows_one_line_and_is_skipped_when_nothing_changed(desk):
    done, _ = command(desk)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("Training: models/privacy-desk.tar.gz")
    made = (desk / "models/privacy-desk.tar.gz").stat().st_mtime_ns
    done, seconds = command(desk)
    assert "nothing has changed" in done.stderr
    assert seconds < 5
    assert (desk / "models/privacy-desk.tar.gz").stat().st_mtime_ns == made
    with (desk / "data/nlu/all.yml").open("a") as phrases:
        phrases.write("    - will you bake cookies\n")
    done, _ = command(desk)
    assert "nothing has changed" not in done.stderr
    assert sorted(path.name for path in (desk / "models").iterdir()) == [
        "encoder",
        "privacy-desk.json",
        "privacy-desk.tar.gz",
    ]


def test_broken_data_is_named_and_the_old_model_stays(desk):
    (desk / "models/privacy-desk.tar.gz").write_bytes(b"old")
    (desk / "data/rules/all.yml").write_text(
        'version: "3.1"\nrules:\n  - {rule: a, steps: [{intent: greet}, {action: utter_greet}]}\n'
        "  - {rule: b, steps: [{intent: greet}, {action: utter_thank}]}\n"
    )
    done, _ = command(desk)
    assert done.returncode == 1
    assert "ontradict" in done.stderr
    assert "Traceback" not in done.stderr
    assert (desk / "models/privacy-desk.tar.gz").read_bytes() == b"old"


def test_phrases_for_a_clause_that_no_policy_has_are_an_error(desk):
    (desk / "models/clauses.json").write_text(json.dumps({"security": {"title": "Security", "text": "We protect."}}))
    done, _ = command(desk)
    assert done.returncode == 1
    assert "clauses that no policy has: minors" in done.stderr


def test_the_fingerprint_follows_each_file(desk, monkeypatch):
    monkeypatch.chdir(desk)
    seen = {train.fingerprint()}
    for name in ("config.yml", "domain.yml", "data/rules/all.yml", "data/nlu/all.yml"):
        with (desk / name).open("a") as file:
            file.write("\n")
        seen.add(train.fingerprint())
    assert len(seen) == 5


def test_progress_in_a_log_file_is_one_line(tmp_path):
    with (tmp_path / "log").open("w+") as log:
        with Progress("Step", log) as progress:
            progress.done("ready")
        log.seek(0)
        assert log.read().startswith("Step: ready (")


def test_a_logged_error_shows_type_and_place_but_not_its_words():
    try:
        try:
            raise KeyError("Mira Example")
        except KeyError as cause:
            raise ValueError("mira@example.com") from cause
    except ValueError:
        written = ValueFreeFormatter().formatException(sys.exc_info())
    assert "ValueError" in written and "KeyError" in written and "test_train.py" in written
    assert "ira" not in written.replace("privacy", "")
