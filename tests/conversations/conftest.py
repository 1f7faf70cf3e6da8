"""Collects the conversations of this folder, one item each; says at the end what they covered."""

import os
from pathlib import Path

import pytest

from bot.config import PROJECT
from tests.conversations.runner import records
from tests.conversations.runner.coverage import summary, write_html
from tests.conversations.runner.items import RECORDS, SEEN, ConversationFile, every_conversation, holds_conversations

OUT = "CONVERSATIONS_OUT"
"""Environment variable: the folder for the report and the records, where it is not `tests/out`."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ConversationFile | None:
    """Collect a file of conversations."""
    return ConversationFile.from_parent(parent, path=file_path) if holds_conversations(file_path) else None


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
