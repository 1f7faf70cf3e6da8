"""Collects the conversations of this folder, one item each; says at the end what they covered."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.config import PROJECT
from tests import policies
from tests.conversations.runner import records
from tests.conversations.runner.coverage import summary, write_html
from tests.conversations.runner.items import (
    RECORDS,
    SEEN,
    ConversationFile,
    ConversationItem,
    every_conversation,
    holds_conversations,
)
from tests.stack import Stack

OUT = "CONVERSATIONS_OUT"
"""Environment variable: the folder for the report and the records, where it is not `tests/out`."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ConversationFile | None:
    """Collect a file of conversations."""
    return ConversationFile.from_parent(parent, path=file_path) if holds_conversations(file_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Conversations on desks apart come last, so that the processes of those run beside the others for a short time."""
    places = [place for place, item in enumerate(items) if isinstance(item, ConversationItem)]
    ordered = sorted((items[place] for place in places), key=lambda item: item.conversation.is_apart)
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


@pytest.fixture(scope="package")
def stack_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, str]], Stack]]:
    """Desks with settings of their own, each started when it is first asked for."""
    desks: dict[tuple[tuple[str, str], ...], Stack] = {}

    def started(settings: dict[str, str]) -> Stack:
        key = tuple(sorted(settings.items()))
        if key not in desks:
            desks[key] = Stack(tmp_path_factory.mktemp("desk"), settings)
            desks[key].start()
        return desks[key]

    yield started
    for desk in desks.values():
        desk.stop()


@pytest.fixture(scope="package")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second desk, for what everybody at a desk would notice: new versions of the policy."""
    home = tmp_path_factory.mktemp("own")
    desk = Stack(home / "desk", {"POLICY_FOLDER": str(policies.first_only(home))})
    desk.start()
    yield desk
    desk.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was covered, and write it as a page; keep what came of each conversation."""
    if not SEEN.conversations:
        return
    out = Path(os.environ.get(OUT, PROJECT / "tests" / "out"))
    write_html(SEEN, out / "conversations.html")
    records.write(RECORDS, out / "conversations.json")
    terminalreporter.section("what the conversations cover")
    for line in summary(SEEN, of=len(every_conversation())):
        terminalreporter.line(line)
    terminalreporter.line(f"step by step: {out / 'conversations.html'}")
    terminalreporter.line(f"what came of each: {out / 'conversations.json'}, seal {records.seal(RECORDS)}")
