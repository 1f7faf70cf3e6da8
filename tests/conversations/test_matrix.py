"""For every right there is a conversation with everything that may come in between."""

import pytest

from tests.conversations.runner.items import FOLDER, KNOWN_FAILURES
from tests.conversations.runner.matrix import FILE, matrix
from tests.conversations.runner.reading import Conversation, read


@pytest.fixture(scope="module")
def conversations() -> list[Conversation]:
    paths = [path for path in sorted(FOLDER.glob("*.yml")) if path.name not in (KNOWN_FAILURES, FILE.name)]
    return [each for path in paths for each in read(path)]


def test_every_cell_that_makes_sense_has_a_conversation(conversations: list[Conversation]) -> None:
    assert matrix().empty(tag for each in conversations for tag in each.covers) == []


def test_there_are_at_least_250_conversations(conversations: list[Conversation]) -> None:
    assert len(conversations) >= 250
