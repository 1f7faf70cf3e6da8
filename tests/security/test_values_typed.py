"""After a chat full of values none of them stands in the engine's record, a log, the audit, a metric or a table."""

import json

import httpx
import pytest

from bot.store.desk_tables import Base
from tests.security.test_doors import Person
from tests.stack import PROCESSES

AMELIA, DANIEL = "1001", "1002"
VALUES = {
    "email": "q.canary.zyx@example.com",
    "phone": "+44 7700 900 862",
    "card": "4929 4212 3460 0821",
    "iban": "GB94 BARC 1020 1530 0934 59",
    "date": "17 February 1974",
    "order": "A-86421",
    "request": "PR-2031-086421",
    "number": "8642197",
}
SAID = [
    "Do you sell my data? My mail is {email}, my phone {phone}",
    "what do you know about me, born {date}, customer {number}",
    "do you store my card {card}, my account {iban} and my order {order}?",
    "where is {request}?",
    "asdf {email} qwer {phone}",
    "{card}",
    "I want to talk to a person, call {phone}",
    "so my card is {card} and I am {email}",
]


@pytest.fixture(scope="module")
def chat(stack):
    """Somebody who types everything there is, the last of it to a person's queue; and a bystander."""
    stack.check()
    somebody, bystander = Person(stack.url, AMELIA), Person(stack.url, DANIEL)
    bystander.say("Do you sell my data?")
    for sentence in SAID:
        answer = somebody.say(sentence.format(**VALUES))
        assert answer.status_code == 200, answer.text
    return somebody, bystander


def left_in(text):
    """Values that stand in a text, also with other spaces than they were typed with."""
    bare = text.replace(" ", "").casefold()
    return [value for value in VALUES.values() if value.replace(" ", "").casefold() in bare]


def test_the_person_reads_their_own_words(chat):
    somebody, _ = chat
    told = somebody.http.get("/api/v1/messages").json()["messages"]
    assert [m["text"] for m in told if m["author"] == "user"] == [sentence.format(**VALUES) for sentence in SAID]


def test_the_engine_remembers_no_value(chat, stack):
    somebody, bystander = chat
    events = stack.events(somebody.session["conversation_id"])
    assert [e for e in events if e["event"] == "user" and "‹email›" in (e["text"] or "")]
    assert left_in(json.dumps(events, ensure_ascii=False)) == []
    assert stack.events(bystander.session["conversation_id"])


def test_no_log_and_no_metric_has_one(chat, stack):
    assert left_in("".join([stack.said(), *(stack.log(name) for name in PROCESSES)])) == []
    metrics = httpx.get(f"http://127.0.0.1:{stack.port + 3}/metrics", trust_env=False).text
    assert "turn" in metrics and left_in(metrics) == []


def test_the_tables_have_them_beside_the_words_and_in_what_a_person_is_to_act_on(chat, stack):
    where = set()
    for table in Base.metadata.sorted_tables:
        for row in stack.rows("desk", table.name):
            where |= {(table.name, column) for column, value in row.items() if left_in(str(value))}
    beside, to_act_on = ("messages", "hidden"), {("cases", "statement"), ("cards", "content"), ("messages", "card")}
    assert beside in where and where - {beside} <= to_act_on, where


def test_not_one_file_of_the_desk_has_one_in_the_clear(chat, stack):
    for path in sorted(stack.home.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            assert not [value for value in VALUES.values() if value.encode() in content], path.name
