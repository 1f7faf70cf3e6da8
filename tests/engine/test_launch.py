"""The engine as a process: what it needs to start, what it answers and what it leaves behind."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.engine.tracker_store import cipher_of

from .conftest import PROJECT

SECRET = "the-shared-secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(folder, actions_url="http://127.0.0.1:9/webhook"):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(PROJECT),
        "ENGINE_PORT": str(free_port()),
        "ENGINE_SECRET": SECRET,
        "ACTIONS_URL": actions_url,
        "TRACKER_DATABASE_URL": f"sqlite:///{folder}/tracker.db",
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }


class Engine:
    """A started engine and the calls of the web process."""

    def __init__(self, desk, folder, actions_url="http://127.0.0.1:9/webhook"):
        self.environment = settings(folder, actions_url)
        self.folder = folder
        self.base = f"http://127.0.0.1:{self.environment['ENGINE_PORT']}"
        self.log = folder / "engine.log"
        command = [sys.executable, "-m", "bot.engine.launch"]
        started = time.monotonic()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=desk, env=self.environment, stdout=log, stderr=log)
        while self.call("/webhooks/desk/ready")[0] != 200:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - started < 60
            time.sleep(0.1)
        self.seconds = time.monotonic() - started

    def call(self, path, body=None, secret=SECRET):
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"X-Desk-Secret": secret} if secret else {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, None

    def say(self, text, conversation="c-1", message=None):
        message = message or f"m-{time.monotonic_ns()}"
        return self.call("/webhooks/desk/messages", {"conversation": conversation, "message": message, "text": text})

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def engine(small_desk, tmp_path_factory):
    running = Engine(small_desk, tmp_path_factory.mktemp("engine"))
    yield running
    running.stop()


@pytest.fixture
def acting(small_desk, tmp_path, actions):
    running = Engine(small_desk, tmp_path, actions.url)
    yield running
    running.stop()


def resident_megabytes(process):
    with Path(f"/proc/{process.pid}/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def test_it_is_ready_within_fifteen_seconds_and_stays_below_300_megabytes(engine):
    for number in range(60):
        engine.say("where is my parcel " * (200 if number % 3 == 0 else 1), f"size-{number % 5}")
    assert engine.seconds < 15
    assert resident_megabytes(engine.process) < 300


def test_a_text_is_answered_with_response_names_and_buttons(engine):
    status, answer = engine.say("hello")
    assert status == 200
    assert answer["messages"] == [
        {
            "text": "Hello from the desk.",
            "response": "utter_greet",
            "buttons": [{"title": "Thanks", "payload": "/thank"}],
            "custom": {},
        }
    ]
    assert answer["intent"]["name"] == "greet"
    assert 0 < answer["intent"]["confidence"] <= 1


def test_a_choice_is_taken_as_its_intent(engine):
    body = {"conversation": "c-2", "message": "choice-1", "intent": "thank", "label": "Thanks"}
    status, answer = engine.call("/webhooks/desk/messages", body)
    assert (status, answer["messages"][0]["response"]) == (200, "utter_thank")
    assert answer["intent"] == {"name": "thank", "confidence": 1.0}


def test_the_same_message_again_gets_the_same_answer_and_runs_nothing(engine):
    first = engine.say("hello", "c-3", "once")
    rows = events_of(engine, "c-3")
    assert engine.say("hello", "c-3", "once") == first
    assert events_of(engine, "c-3") == rows


def events_of(engine, conversation):
    with contextlib.closing(sqlite3.connect(engine.folder / "tracker.db")) as database:
        query = "SELECT count(*) FROM tracker_events WHERE sender_id = ?"
        return database.execute(query, (conversation,)).fetchone()[0]


def backdate(engine, conversation, seconds):
    """Everything in this conversation was said so much earlier."""
    cipher = cipher_of(engine.environment["ENCRYPTION_KEYS"])
    with contextlib.closing(sqlite3.connect(engine.folder / "tracker.db")) as database, database:
        query = "SELECT id, data FROM tracker_events WHERE sender_id = ?"
        for row, data in database.execute(query, (conversation,)).fetchall():
            event = json.loads(cipher.decrypt(data.encode()))
            event["timestamp"] -= seconds
            new = cipher.encrypt(json.dumps(event).encode()).decode()
            change = "UPDATE tracker_events SET data = ?, timestamp = timestamp - ? WHERE id = ?"
            database.execute(change, (new, seconds, row))


@pytest.mark.parametrize("hours", [1, 8, 72])
def test_a_question_stands_however_long_its_answer_takes(engine, hours):
    mine, bystander = f"c-slow-{hours}", f"c-beside-{hours}"
    for conversation in (mine, bystander):
        body = {"conversation": conversation, "message": "ask", "intent": "request_export", "label": "A copy"}
        assert engine.call("/webhooks/desk/messages", body)[1]["messages"][0]["response"] == "utter_ask_agreed"
    backdate(engine, mine, hours * 3600)
    before = events_of(engine, bystander)
    body = {"conversation": mine, "message": "yes", "intent": "affirm", "label": "Yes"}
    status, answer = engine.call("/webhooks/desk/messages", body)
    assert (status, [said["response"] for said in answer["messages"]]) == (200, ["utter_settled"])
    assert events_of(engine, bystander) == before


def test_after_a_person_a_half_filled_form_is_left_and_the_message_is_read_as_a_new_one(acting, actions):
    acting.say("i want my information deleted", "c-anew")
    acting.say("hello", "c-anew")
    before = events_of(acting, "c-anew")
    body = {"conversation": "c-anew", "message": "anew-1", "text": "hello", "begin_anew": True}
    status, answer = acting.call("/webhooks/desk/messages", body)
    assert (status, answer["messages"][0]["response"]) == (200, "utter_greet")
    after = events_of(acting, "c-anew")
    assert acting.call("/webhooks/desk/messages", body)[1] == answer
    assert events_of(acting, "c-anew") == after > before


def test_a_conversation_that_the_engine_never_heard_of_may_begin_anew(engine):
    body = {"conversation": "c-never", "message": "anew-2", "text": "hello", "begin_anew": True}
    assert engine.call("/webhooks/desk/messages", body)[1]["messages"][0]["response"] == "utter_greet"


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], "\u00e4"])
def test_nobody_without_the_secret_is_heard(engine, secret):
    status, answer = engine.call("/webhooks/desk/messages", {"conversation": "c", "message": "m", "text": "x"}, secret)
    assert (status, answer["error"]) == (401, "wrong_secret")


GOOD = {"conversation": "c-4", "message": "m-1", "text": "hello"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[[[",
        b"[" * 100_000,
        b"\xff\xfe",
        [],
        {**GOOD, "conversation": "a b"},
        {**GOOD, "conversation": "x" * 65},
        {**GOOD, "conversation": "a\x00"},
        {**GOOD, "conversation": "a\n"},
        {**GOOD, "conversation": None},
        {**GOOD, "message": ""},
        {**GOOD, "message": 7},
        {**GOOD, "text": 7},
        {**GOOD, "intent": "thank"},
        {"conversation": "c-4", "message": "m-1"},
        {"conversation": "c-4", "message": "m-1", "intent": "no_such_intent"},
        {"conversation": "c-4", "message": "m-1", "intent": "restart"},
        {"conversation": "c-4", "message": "m-1", "intent": "session_start"},
        {"conversation": "c-4", "message": "m-1", "intent": ["thank"]},
        {"conversation": "c-4", "message": "m-1", "intent": "thank", "label": 3},
    ],
)
def test_a_body_that_is_not_as_agreed_is_refused(engine, body):
    status, answer = engine.call("/webhooks/desk/messages", body)
    assert (status, answer["error"]) == (422, "bad_body")


def test_typed_payloads_neither_set_slots_nor_trigger_what_only_rasa_may(acting, actions):
    texts = ['/thank{"seen": "forged"}', ' \x00/request_erasure{"seen": "forged"}', "/restart", "/session_start"]
    for number, text in enumerate([*texts, "/greet@1.0"]):
        status, answer = acting.say(text, f"slash-{number}")
        assert status == 200
        assert answer["intent"]["name"] not in {"restart", "session_start"}
    assert actions.calls
    assert all(call["tracker"]["slots"]["seen"] is None for call in actions.calls)


def test_custom_data_of_an_action_arrives_and_the_secret_reaches_the_action_server(acting, actions):
    status, answer = acting.say("is the data encrypted and protected")
    assert status == 200
    assert answer["messages"][0]["response"] == "utter_policy"
    assert answer["messages"][0]["custom"] == {"card": "c-1"}
    assert actions.secrets == [SECRET]
    latest = actions.calls[0]["tracker"]["latest_message"]
    assert latest["policy"]["covered"] is True
    assert latest["metadata"]["message"].startswith("m-")
    assert "domain" not in actions.calls[0]


def test_a_failed_action_is_no_success_and_the_repeat_runs_again(acting, actions):
    assert acting.say("hello", "c-5")[0] == 200
    before = events_of(acting, "c-5")
    actions.status = 500
    status, answer = acting.say("erase everything about me", "c-5", "erase")
    assert (status, answer) == (502, {"error": "actions_unavailable"})
    assert events_of(acting, "c-5") == before
    actions.status = 200
    status, answer = acting.say("erase everything about me", "c-5", "erase")
    assert (status, answer["messages"][0]["response"]) == (200, "utter_erased")


TWO = "how is my data protected? also erase everything about me"


def test_a_message_with_two_wishes_is_taken_apart_and_nothing_of_it_is_run_or_recorded(acting, actions):
    status, answer = acting.say(TWO, "c-two", "two")
    assert (status, answer["messages"]) == (200, [])
    assert [(wish["intent"], wish["text"]) for wish in answer["wishes"]] == [
        ("ask_policy", "how is my data protected?"),
        ("request_erasure", "also erase everything about me"),
    ]
    assert (actions.calls, events_of(acting, "c-two")) == ([], 0)


def test_a_wish_of_several_is_run_as_one_and_names_where_its_words_come_from(acting, actions):
    body = {"conversation": "c-one", "message": "7-2-9", "origin": "7-2", "text": "erase everything about me"}
    status, answer = acting.call("/webhooks/desk/messages", body | {"one_wish": True})
    assert (status, answer["messages"][0]["response"], answer["asks"]) == (200, "utter_erased", False)
    assert actions.calls[0]["tracker"]["latest_message"]["metadata"]["message"] == "7-2"
    whole = {"conversation": "c-one", "message": "8", "text": TWO, "one_wish": True}
    assert acting.call("/webhooks/desk/messages", whole)[1]["messages"]


NO_FIRST = "no wait, erase everything about me"


def test_a_no_with_a_right_behind_it_leaves_the_open_request_and_begins_the_right(acting, actions):
    acting.call("/webhooks/desk/messages", {"conversation": "c-no", "message": "1", "intent": "request_export"})
    status, answer = acting.say(NO_FIRST, "c-no", "2")
    assert (status, [said["response"] for said in answer["messages"]]) == (200, ["utter_settled", "utter_erased"])
    assert (answer["intent"]["name"], answer["asks"]) == ("request_erasure", False)
    rows = events_of(acting, "c-no")
    assert acting.say(NO_FIRST, "c-no", "2") == (status, answer)
    assert (events_of(acting, "c-no"), len(actions.calls)) == (rows, 1)


def test_a_no_that_was_recorded_before_its_turn_broke_off_is_not_said_twice(acting, actions):
    acting.call("/webhooks/desk/messages", {"conversation": "c-off", "message": "1", "intent": "request_export"})
    actions.status = 500
    assert acting.say(NO_FIRST, "c-off", "2") == (502, {"error": "actions_unavailable"})
    actions.status = 200
    status, answer = acting.say(NO_FIRST, "c-off", "2")
    assert (status, [said["response"] for said in answer["messages"]]) == (200, ["utter_settled", "utter_erased"])


def test_without_an_open_request_a_no_refuses_nothing(acting):
    status, answer = acting.say(NO_FIRST, "c-none", "1")
    assert (status, [said["response"] for said in answer["messages"]]) == (200, ["utter_erased"])


def test_a_turn_without_any_message_is_a_failure(engine):
    body = {"conversation": "c-6", "message": "m-1", "intent": "deny"}
    assert engine.call("/webhooks/desk/messages", body) == (500, {"error": "engine_failure"})


def test_odd_texts_are_survived(acting):
    odd = [
        "",
        "\x00",
        "where is my parcel " + "x" * 10_000,
        "\U0001f600" * 50,
        "\u202ewhere is my parcel",
        "'; DROP TABLE x",
    ]
    for number, text in enumerate(odd):
        assert acting.say(text, f"odd-{number}")[0] == 200, number


def test_neither_log_nor_database_holds_what_a_person_typed(acting, actions):
    words = "my secret name is Mira Example, erase everything about me"
    acting.say(words, "quiet")
    actions.status = 500
    acting.say(words, "quiet")
    (acting.folder / "tracker.db").rename(acting.folder / "moved.db")
    acting.say(words, "quiet")
    assert "Mira" not in acting.log.read_text()
    assert b"Mira" not in b"".join(path.read_bytes() for path in acting.folder.glob("*.db*"))


def test_a_lost_database_is_an_error_and_not_a_new_conversation(small_desk, tmp_path):
    running = Engine(small_desk, tmp_path)
    try:
        assert running.say("hello")[0] == 200
        with contextlib.closing(sqlite3.connect(tmp_path / "tracker.db")) as database:
            database.execute("DROP TABLE tracker_events")
        assert running.say("hello")[0] == 500
    finally:
        running.stop()


def test_nothing_but_the_channel_is_served(engine):
    for path in (
        "/",
        "/status",
        "/domain",
        "/version",
        "/model",
        "/conversations/c-1/tracker",
        "/webhooks/rest/webhook",
    ):
        assert engine.call(path)[0] == 404


def failed_start(desk, environment):
    command = [sys.executable, "-m", "bot.engine.launch"]
    return subprocess.run(command, cwd=desk, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "name", ["ENGINE_PORT", "ENGINE_SECRET", "ACTIONS_URL", "TRACKER_DATABASE_URL", "ENCRYPTION_KEYS"]
)
def test_a_missing_setting_is_named_in_one_sentence(small_desk, tmp_path, name):
    environment = settings(tmp_path)
    del environment[name]
    done = failed_start(small_desk, environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"The engine cannot start: {name} is not set.")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ENGINE_PORT": "many"}, "ENGINE_PORT is not a port number"),
        ({"ENCRYPTION_KEYS": "short"}, "ENCRYPTION_KEYS is not usable"),
        ({"TRACKER_DATABASE_URL": "mysql://x/y"}, "TRACKER_DATABASE_URL"),
        ({"TRACKER_DATABASE_URL": "postgresql://x:y@127.0.0.1:9/z"}, "The tracker database does not answer"),
    ],
)
def test_a_wrong_setting_stops_the_start(small_desk, tmp_path, changed, words):
    done = failed_start(small_desk, {**settings(tmp_path), **changed})
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_stops_the_start(small_desk, tmp_path, engine):
    done = failed_start(small_desk, {**settings(tmp_path), "ENGINE_PORT": engine.environment["ENGINE_PORT"]})
    assert done.returncode == 1
    assert "cannot be used" in done.stderr


def test_a_missing_or_damaged_model_stops_the_start(small_desk, tmp_path):
    for name in ("credentials.yml", "endpoints.yml"):
        (tmp_path / name).write_text((small_desk / name).read_text())
    (tmp_path / "models").mkdir()
    done = failed_start(tmp_path, settings(tmp_path))
    assert (done.returncode, "There is no trained model" in done.stderr) == (1, True)
    (tmp_path / "models/privacy-desk.tar.gz").write_bytes(b"damaged")
    done = failed_start(tmp_path, settings(tmp_path))
    assert (done.returncode, "cannot be loaded" in done.stderr) == (1, True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process that its parent ended")
def test_it_ends_with_the_process_that_started_it(small_desk, tmp_path):
    code = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-m', 'bot.engine.launch']);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    environment = settings(tmp_path)
    with (tmp_path / "log").open("w") as log:
        parent = subprocess.Popen(
            [sys.executable, "-c", code], cwd=small_desk, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    child = int(parent.stdout.readline())
    time.sleep(1.5)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and running_state(child) not in (None, "Z"):
        time.sleep(0.1)
    assert running_state(child) in (None, "Z")


def running_state(pid):
    try:
        with Path(f"/proc/{pid}/stat").open() as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None


def test_it_stops_when_told(small_desk, tmp_path):
    running = Engine(small_desk, tmp_path)
    running.process.terminate()
    assert running.process.wait(10) == 0
