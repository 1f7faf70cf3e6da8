"""Collects the conversations of this folder, one item each; says at the end what they covered."""

from pathlib import Path

import pytest

from bot.config import PROJECT
from tests.conversations.runner.coverage import summary, write_html
from tests.conversations.runner.items import KNOWN_FAILURES, SEEN, ConversationFile
from tests.conversations.runner.matrix import FILE as MATRIX

_REPORT = PROJECT / "tests" / "out" / "conversations.html"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ConversationFile | None:
    """Every `*.yml` but the list of known failures and the matrix is a file of conversations."""
    if file_path.suffix != ".yml" or file_path.name in (KNOWN_FAILURES, MATRIX.name):
        return None
    return ConversationFile.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was covered, and write it as a page."""
    if not SEEN.conversations:
        return
    write_html(SEEN, _REPORT)
    terminalreporter.section("what the conversations cover")
    for line in summary(SEEN):
        terminalreporter.line(line)
    terminalreporter.line(f"step by step: {_REPORT.relative_to(PROJECT)}")
