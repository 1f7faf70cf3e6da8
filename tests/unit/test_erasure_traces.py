"""What gives somebody away, and what only looks like it."""

import pytest

from bot.privacy.erasure_scan import Traces

TRACES = Traces.of("1001", {"name": "ann lee", "email": "an@example.com", "phone": "7700900123"})


@pytest.mark.parametrize("words", [
    "Ann Lee", "Dear Ann  Lee,", "(ann lee)", "it was ann lee's order", "an@example.com", "<An@Example.com>.",
    "write to an@example.com.", "+44 7700 900123", "07700 900123", {"to": ["Ann Lee"]},
])  # fmt: skip
def test_the_persons_own_words_are_found(words):
    assert TRACES.in_value(words)


@pytest.mark.parametrize("words", [
    "Ann Lee-Jones", "Joann Lee", "Mary-Ann Lee", "Ann Leeds", "jan@example.com", "jo.an@example.com",
    "x+an@example.com", "an@example.com.au", "1001", {"to": ["Ann Lee-Jones"]},
])  # fmt: skip
def test_somebody_elses_are_not(words):
    assert not TRACES.in_value(words)


def test_files_are_read_the_same_way():
    assert TRACES.raw.search(b'{"to": "Ann Lee"}') and TRACES.raw.search(b"mail to an@example.com failed")
    assert not TRACES.raw.search(b'{"to": "Ann Lee-Jones"}') and not TRACES.raw.search(b"jo.an@example.com")
