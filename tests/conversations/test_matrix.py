"""For every right there is a conversation with everything that may come in between."""

from tests.conversations.runner.items import every_conversation
from tests.conversations.runner.matrix import matrix


def test_every_cell_that_makes_sense_has_a_conversation() -> None:
    assert matrix().empty(tag for each in every_conversation() for tag in each.covers) == []


def test_there_are_at_least_250_conversations() -> None:
    assert len(every_conversation()) >= 250
