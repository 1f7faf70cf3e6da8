"""No value that somebody types ever decides how they are read."""

from collections import defaultdict

import pytest

from bench.reading import Reading, read

VALUES = {
    "email": [
        "ada@example.com", "delete-my-account@example.com", "erase.everything.now@example.com", "yes@example.com",
        "no.cancel@stop.example.com", "human.please@example.org", "complaint+hacked@example.net", "1987@example.com",
    ],
    "phone": ["+44 7700 900101", "(0113) 496-0018", "0049 30 901820", "٠٧٧٠٠ ٩٠٠٤٥٧"],
    "card": ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"],
    "iban": ["DE89 3704 0044 0532 0130 00", "gb29nwbk60161331926819"],
    "date": ["1 May 1990", "1990-05-01", "12.03.1985", "March 3rd, 2024", "03/04/85"],
    "order": ["A-20417", "DEL-2026", "YES-10101", "a-99999"],
    "request": ["PR-2026-000123", "pr-2031-991234", "PR 2026 000001"],
    "case": ["CS-2026-000017", "cs-2029-123456"],
    "number": ["30442", "992817", "DELETE5521"],
}  # fmt: skip
SENTENCES = [
    "Delete everything you have about {email}",
    "What do you know about {email}?",
    "No more newsletters to {email}, please",
    "My address is wrong, it should be {email}",
    "{email}",
    "can somebody call me at {phone}",
    "please change my phone number to {phone}",
    "somebody ordered with my card {card}, I was hacked",
    "do you store my card number, {card}?",
    "you charged {iban} twice",
    "I have a complaint about what happened on {date}",
    "I was born on {date}, may I shop here?",
    "I want to complain about {order}, it came open",
    "I want to complain: my name was misspelt on order {order}. Please see that it is right.",
    "where is {order}",
    "where is {request}?",
    "take back {request} please",
    "any news on {case}",
    "what data do you hold on me, customer number {number}",
    "close my account {number}",
    "{number}",
]  # fmt: skip
DESTRUCTIVE = {"request_erasure", "cancel_account", "request_anonymisation", "withdraw_consent", "affirm"}


@pytest.fixture(scope="module")
def readings() -> dict[str, list[Reading]]:
    """How each sentence is read with every value of its kind, and last with the placeholder that stands for them."""
    given = []
    for sentence in SENTENCES:
        kind = sentence.partition("{")[2].partition("}")[0]
        given += [(sentence, sentence.format(**{kind: value})) for value in [*VALUES[kind], f"‹{kind}›"]]
    found = defaultdict(list)
    for (sentence, _), reading in zip(given, read([text for _, text in given]), strict=True):
        found[sentence].append(reading)
    return found


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_read_alike_whatever_value_stands_in_it(readings, sentence):
    *with_values, placeholder = readings[sentence]
    expected = (placeholder.intent, placeholder.confidence, placeholder.clauses)
    assert [(each.intent, each.confidence, each.clauses) for each in with_values] == [expected] * len(with_values)


def test_what_was_typed_is_given_back_as_it_was(readings):
    assert readings["{email}"][1].text == "delete-my-account@example.com"


@pytest.mark.parametrize("sentence", ["{email}", "{number}", "What do you know about {email}?", "where is {order}"])
def test_a_value_that_spells_a_wish_makes_none(readings, sentence):
    assert DESTRUCTIVE.isdisjoint(each.intent for each in readings[sentence])


def test_most_sentences_keep_their_meaning_around_a_value(readings):
    expected = {
        "Delete everything you have about {email}": "request_erasure",
        "can somebody call me at {phone}": "ask_for_human",
        "I want to complain: my name was misspelt on order {order}. Please see that it is right.": "file_complaint",
        "please change my phone number to {phone}": "request_rectification",
        "somebody ordered with my card {card}, I was hacked": "report_security_issue",
        "where is {request}?": "ask_request_status",
        "take back {request} please": "revoke_request",
        "close my account {number}": "cancel_account",
    }
    assert {sentence: readings[sentence][0].intent for sentence in expected} == expected
