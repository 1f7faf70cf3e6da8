"""Nothing said is lost and nothing is done twice when a process dies in the middle."""

import os
import signal
import threading
import time
from uuid import uuid4

from tests.security.test_doors import Person, eventually


def say_until_answered(person, text, key, seconds=60):
    """What the widget does: send again with the same key until there is an answer."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = person.http.post("/api/v1/messages", json={"text": text}, headers={"Idempotency-Key": key})
            if answer.status_code == 200:
                return answer.json()
        except Exception as error:
            last = type(error).__name__
        else:
            last = answer.status_code
        assert time.monotonic() < end, f"no answer in time, last {last}"
        time.sleep(0.2)


def cases_of(stack, person):
    return [row for row in stack.rows("desk", "cases") if row["conversation_id"] == person.session["conversation_id"]]


def kill_soon(stack, name, after):
    def kill():
        time.sleep(after)
        pid = stack.pid(name)
        if pid:
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_with_the_actions_down_nothing_is_claimed_and_afterwards_it_works(stack):
    person = Person(stack.url)
    stack.down("actions")
    try:
        answer = person.say("I want to make a complaint")
        assert answer.status_code == 503
        assert "nothing was changed" in answer.json()["detail"]
        assert cases_of(stack, person) == []
        history = person.http.get("/api/v1/messages").json()["messages"]
        assert [m["author"] for m in history] == ["user"]
    finally:
        stack.up("actions")
    assert person.say("I want to make a complaint").json()["messages"][0]["response"] == "utter_complaint_filed"
    assert len(cases_of(stack, person)) == 1


def test_with_the_engine_down_the_message_is_kept_and_answered_on_repeat(stack):
    person, key = Person(stack.url), uuid4().hex
    stack.down("engine")
    try:
        answer = person.http.post(
            "/api/v1/messages", json={"text": "Do you sell my data?"}, headers={"Idempotency-Key": key}
        )
        assert answer.status_code == 503
    finally:
        stack.up("engine")
    answered = say_until_answered(person, "Do you sell my data?", key)
    assert answered["messages"][0]["citations"]
    history = person.http.get("/api/v1/messages").json()["messages"]
    assert [m["author"] for m in history].count("user") == 1


def test_a_question_waiting_for_its_yes_survives_the_death_of_the_engine(stack):
    person = Person(stack.url, stack.spare_customer())
    person.say("I want a copy of my data as a file")
    stack.restart("engine")
    assert person.say("yes please").json()["messages"][0]["response"] == "utter_code_sent"
    assert len(person.http.get("/api/v1/requests").json()["requests"]) == 1


def test_a_complaint_is_filed_exactly_once_whichever_process_is_killed_while_it_is_filed(stack):
    for name in ("engine", "actions", "web"):
        for after in (0.0, 0.03):
            person, key = Person(stack.url), uuid4().hex
            killer = kill_soon(stack, name, after)
            answered = say_until_answered(person, "I want to file a complaint", key)
            killer.join()
            assert answered["messages"][0]["response"] == "utter_complaint_filed", name
            assert len(cases_of(stack, person)) == 1, f"{name} killed after {after} s"
            history = person.http.get("/api/v1/messages").json()["messages"]
            assert [m["author"] for m in history].count("user") == 1
            time.sleep(6)


def test_a_mail_written_while_the_worker_is_dead_is_sent_once_when_it_is_back(stack):
    customer = stack.spare_customer()
    email = next(row["email"] for row in stack.rows("shop", "customers") if str(row["id"]) == customer)
    stack.down("worker")
    try:
        person = Person(stack.url, customer)
        person.file_export()
        assert person.http.get("/demo/inbox", params={"to": email}).json() == []
    finally:
        stack.up("worker")
    end = time.monotonic() + 20
    while not (mails := person.http.get("/demo/inbox", params={"to": email}).json()) and time.monotonic() < end:
        time.sleep(0.2)
    assert ["code" in mail["subject"] for mail in mails] == [True]


def test_a_deletion_is_carried_out_once_however_often_the_worker_is_killed(stack):
    customer, bystander = stack.spare_customer(), stack.spare_customer()
    rows = {str(row["id"]): row for row in stack.rows("shop", "customers")}
    person = Person(stack.url, customer)
    number = person.ask("Please delete everything you have about me")
    assert person.verify(rows[customer]["email"])[0]["response"].startswith("utter_erasure_agreed")
    stack.down("worker")
    person.http.post("/demo/clock", json={"advance": "P8D"})
    stack.up("worker")
    for after in (0.3, 0.9, 1.8):
        time.sleep(after)
        stack.restart("worker")

    def done():
        (row,) = [row for row in stack.rows("desk", "privacy_requests") if row["number"] == number]
        return row if row["state"] == "fulfilled" else None

    assert eventually(done, "the deletion to be done", 120)["subject"] is None
    left = {str(row["id"]): row for row in stack.rows("shop", "customers")}
    assert customer not in left and left[bystander] == rows[bystander]
    events = [row["event"] for row in stack.rows("desk", "audit") if row["reference"] == number]
    assert [events.count(name) for name in ("certificate_sent", "subject_forgotten", "request_fulfilled")] == [1, 1, 1]


def test_events_resume_after_the_last_id_without_loss_or_double(stack):
    person = Person(stack.url)
    person.say("hello")
    first = [m["id"] for m in person.http.get("/api/v1/messages").json()["messages"]]
    person.say("Do you encrypt my data?")
    every = [m["id"] for m in person.http.get("/api/v1/messages").json()["messages"]]
    seen = []
    with person.http.stream("GET", "/api/v1/events", headers={"Last-Event-ID": first[-1]}) as events:
        for line in events.iter_lines():
            if line.startswith("id: "):
                seen.append(line.removeprefix("id: "))
            if len(seen) == len(every) - len(first):
                break
    assert first + seen == every
