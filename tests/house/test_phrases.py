"""Training phrases are the project's own: enough of each kind, and none of them taken from what measures them."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from bench import rows

MEASURED_WITH = rows.PROJECT.parent / "shared" / "eval"
_SAME_WORDS = 0.8
_FEWEST_WORDS = 4


def words(text: str) -> frozenset[str]:
    return frozenset(
        re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))
    )


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def nearly_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    return min(len(one), len(other)) >= _FEWEST_WORDS and len(one & other) >= _SAME_WORDS * len(one | other)


@pytest.fixture(scope="module")
def trained() -> list[tuple[str, str]]:
    return list(rows.phrases(rows.TRAINING))


def measured_rows() -> list[str]:
    files: list[Path] = sorted(MEASURED_WITH.glob("*.jsonl"))
    return [
        json.loads(line)["text"] for path in files for line in path.read_text(encoding="utf-8").splitlines() if line
    ]


def test_no_phrase_of_ours_is_a_row_that_understanding_is_measured_with(trained):
    ours = [*trained, *rows.phrases(rows.HELD_OUT)]
    measured = measured_rows()
    same = {plain(text) for text in measured}
    alike = [words(text) for text in measured]
    taken = [text for _, text in ours if plain(text) in same or any(nearly_the_same(words(text), one) for one in alike)]
    assert not taken


def test_two_phrases_with_nearly_the_same_words_are_told():
    one = words("Can I, please, see MY data today?")
    assert nearly_the_same(one, words("can i see my data today please"))
    assert not nearly_the_same(one, words("can you see my orders"))
    assert not nearly_the_same(words("hello there"), words("hello there"))


def test_every_kind_of_phrase_has_enough_of_them(trained):
    count = Counter(label for label, _ in trained)
    topics = {label: number for label, number in count.items() if label.startswith("ask_policy/not_covered_")}
    clauses = {label: number for label, number in count.items() if "/" in label and label not in topics}
    intents = {label: number for label, number in count.items() if "/" not in label}
    assert {label: number for label, number in clauses.items() if number < 25} == {}
    assert {label: number for label, number in intents.items() if number < 60} == {}
    assert sum(topics.values()) >= 400
    assert count["out_of_scope"] + count["shop_question"] >= 300


def test_no_phrase_means_two_things(trained):
    meant: dict[str, set[str]] = {}
    for label, text in trained:
        meant.setdefault(" ".join(text.lower().split()), set()).add(label)
    assert {text: labels for text, labels in meant.items() if len(labels) > 1} == {}
