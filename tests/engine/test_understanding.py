"""The components as Rasa runs them, on the small desk."""

import io
import json
import sys

import numpy
import pytest

from bot.engine import parse
from bot.engine.clause_retriever import ClauseRetriever
from bot.engine.intent_classifier import FALLBACK, OUT_OF_SCOPE, IntentClassifier
from bot.engine.linear_model import LinearModel

SETTINGS = IntentClassifier.get_default_config()


@pytest.fixture(scope="module")
def reader(small_desk):
    return parse.Reader(small_desk / "models/privacy-desk.tar.gz")


def classifier(labels):
    model = LinearModel(labels, numpy.zeros((2, 2)), numpy.zeros((2, 2)), numpy.zeros(2), 1.0, None)
    return IntentClassifier(SETTINGS, None, None, model)


def answer(**chances):
    named = {name.replace("__", "/"): chance for name, chance in chances.items()}
    return ClauseRetriever(ClauseRetriever.get_default_config(), None).answer(named)


@pytest.mark.parametrize("intent", ["request_erasure", "cancel_account", "request_anonymisation"])
def test_a_destructive_reading_needs_more_confidence_than_another(intent):
    chances = numpy.array([0.55, 0.45])
    read, ranking = classifier([intent, "zzz_greet"]).reading("some words", chances)
    assert read["name"] == FALLBACK
    assert [one["name"] for one in ranking] == [intent, "zzz_greet"]
    assert classifier(["greet", "zzz_thank"]).reading("some words", chances)[0]["name"] == "greet"


def reading(**chances):
    labels = sorted(chances)
    return classifier(labels).reading("some words", numpy.array([chances[one] for one in labels]))


@pytest.mark.parametrize("intent", ["withdraw_consent", "object_to_processing"])
def test_a_wish_that_changes_something_is_asked_about_when_it_is_not_sure(intent):
    assert reading(**{intent: 0.45, "help": 0.35, "greet": 0.2})[0]["name"] == FALLBACK
    assert reading(**{intent: 0.55, "help": 0.35, "greet": 0.1})[0]["name"] == intent


@pytest.mark.parametrize("best", ["request_erasure", "cancel_account", "withdraw_consent", "object_to_processing"])
def test_no_wish_is_acted_on_beside_a_near_rival(best):
    chosen, ranking = reading(**{best: 0.7, "request_anonymisation": 0.26, "greet": 0.04})
    assert chosen["name"] == FALLBACK
    assert [one["name"] for one in ranking[:2]] == [best, "request_anonymisation"]
    assert reading(**{best: 0.7, "request_anonymisation": 0.2, "greet": 0.1})[0]["name"] == best
    assert reading(**{best: 0.7, "greet": 0.3})[0]["name"] == best


def test_taking_back_consent_and_objecting_are_no_rivals():
    assert reading(withdraw_consent=0.4, object_to_processing=0.35, greet=0.25)[0]["name"] == "withdraw_consent"
    assert reading(request_erasure=0.7, withdraw_consent=0.15, object_to_processing=0.15)[0]["name"] == FALLBACK


def test_what_may_be_a_question_is_one_also_between_rivals():
    chosen, _ = reading(request_erasure=0.4, **{"ask_policy/security": 0.32}, cancel_account=0.28)
    assert chosen["name"] == "ask_policy"


def test_a_sure_destructive_reading_is_taken():
    read, _ = classifier(["request_erasure", "thank"]).reading("some words", numpy.array([0.9, 0.1]))
    assert read == {"name": "request_erasure", "confidence": 0.9}


def test_a_message_without_words_is_not_understood():
    assert classifier(["greet", "thank"]).reading("?!", numpy.array([0.99, 0.01]))[0]["name"] == FALLBACK


@pytest.mark.parametrize("number", ["091356", "4711", "09-13-56!", "  12 34 56 ", "‹phone›", "‹date›, ‹number›."])
def test_a_number_alone_asks_for_nothing_whatever_it_resembles(number):
    classes = classifier(["report_security_issue", "thank"])
    assert classes.reading(number, numpy.array([0.9, 0.1]))[0] == {"name": OUT_OF_SCOPE, "confidence": 1.0}


@pytest.mark.parametrize("words", ["10-4", "24/7", "my code is 091356", "order 4711", "‹order›", "my ‹phone›"])
def test_a_short_number_and_one_beside_words_are_read(words):
    assert classifier(["affirm", "thank"]).reading(words, numpy.array([0.9, 0.1]))[0]["name"] == "affirm"


def test_policy_labels_count_as_one_intent(reader):
    read = reader.read(["how is what you store protected"])[0]
    assert read["intent"]["name"] == "ask_policy"
    names = [one["name"] for one in read["intent_ranking"]]
    assert names.count("ask_policy") == 1
    assert not any("/" in name for name in names)
    assert sum(one["confidence"] for one in read["intent_ranking"]) == pytest.approx(1, abs=0.01)


def test_a_covered_question_names_its_clause(reader):
    policy = reader.read(["is the data encrypted and protected"])[0]["policy"]
    assert policy["covered"] is True
    assert policy["clauses"][0]["id"] == "security"
    assert policy["topic"] is None


def test_an_uncovered_question_names_its_topic(reader):
    policy = reader.read(["which third party cookies are set"])[0]["policy"]
    assert policy["covered"] is False
    assert policy["topic"] == "cookies"


def test_only_questions_about_the_policy_carry_a_policy_result(reader):
    assert "policy" not in reader.read(["hello"])[0]


def test_the_retriever_abstains_below_its_threshold():
    read = answer(ask_policy__not_covered_cookies=0.5, ask_policy__security=0.5)
    assert (read["covered"], read["unclear"]) == (False, False)
    assert read["topic"] == "cookies"
    assert read["clauses"] == [{"id": "security", "score": 0.5}]


def test_a_question_that_many_clauses_may_answer_is_unclear_and_names_no_topic():
    read = answer(ask_policy__security=0.35, ask_policy__retention=0.3, ask_policy__not_covered_cookies=0.35)
    assert (read["covered"], read["unclear"], read["topic"]) == (False, True, None)
    assert [clause["id"] for clause in read["clauses"]] == ["security", "retention"]


def test_questions_about_other_things_are_not_covered():
    read = answer(shop_question=0.7, ask_policy__security=0.3)
    assert (read["covered"], read["topic"]) == (False, None)


def test_a_question_is_weighed_against_other_questions_only():
    read = answer(request_erasure=0.6, ask_policy__security=0.3, ask_policy__not_covered_cookies=0.1)
    assert read["covered"] is True
    assert read["confidence"] == 0.75


def test_an_unsure_wish_to_delete_that_may_be_a_question_is_read_as_the_question():
    chances = numpy.array([0.45, 0.55])
    assert (
        classifier(["ask_policy/security", "request_erasure"]).reading("some words", chances)[0]["name"] == "ask_policy"
    )


@pytest.mark.parametrize("text", ["erase it without undue delay", "i don't want this account, close it"])
def test_a_negation_that_denies_nothing_does_not_stand_in_the_way(text):
    read, _ = classifier(["request_erasure", "thank"]).reading(text, numpy.array([0.7, 0.3]))
    assert read["name"] == "request_erasure"
    assert classifier(["request_erasure", "thank"]).reading("not this", numpy.array([0.7, 0.3]))[0]["name"] == FALLBACK


@pytest.mark.parametrize(
    "text", ["", "\x00", "x" * 10_000, "????", '/request_erasure{"a": 1}', "\U0001f600", "/////", "\ud800"]
)
def test_odd_texts_are_read_and_never_as_a_destructive_request(reader, text):
    read = reader.read([text])[0]
    assert read["intent"]["name"] != "request_erasure"


def test_rows_read_together_are_read_as_alone(reader):
    texts = ["hello there", "is my data encrypted", "", "remove all my details please"]
    together = reader.read(texts)
    for text, read in zip(texts, together, strict=True):
        alone = reader.read([text])[0]
        assert read["intent"]["name"] == alone["intent"]["name"]
        assert read["intent"]["confidence"] == pytest.approx(alone["intent"]["confidence"], abs=1e-3)


def test_parse_writes_one_line_for_each_row(small_desk, monkeypatch, capsys):
    rows = [{"id": 1, "text": "hello"}, {"id": "b", "text": "/////"}, {"id": "c", "text": "do you encrypt my data"}]
    given = io.TextIOWrapper(io.BytesIO("\n".join(json.dumps(row) for row in rows).encode()))
    written = io.TextIOWrapper(io.BytesIO(), write_through=True)
    monkeypatch.chdir(small_desk)
    monkeypatch.setattr(sys, "stdin", given)
    monkeypatch.setattr(sys, "stdout", written)
    assert parse.main() == 0
    lines = [json.loads(line) for line in written.buffer.getvalue().decode().splitlines()]
    assert [line["id"] for line in lines] == [1, "b", "c"]
    assert [line["text"] for line in lines] == [row["text"] for row in rows]
    keys = {"id", "text", "intent", "confidence", "ranking", "covered", "topic", "clauses"}
    assert all(set(line) == keys for line in lines)
    assert lines[0]["covered"] is None
    assert lines[2]["clauses"][0]["id"] == "security"


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"id": 1}', '{"id": 1, "text": 5}'])
def test_parse_names_a_bad_line(line):
    with pytest.raises(parse.BadLine, match="ine 2"):
        list(parse.rows(['{"id": 0, "text": "fine"}', line]))
