"""Collects the conversations of this folder: one item each."""

from pathlib import Path

import pytest

from tests.conversations.runner.items import KNOWN_FAILURES, ConversationFile


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ConversationFile | None:
    """Every `*.yml` but the list of known failures is a file of conversations."""
    if file_path.suffix != ".yml" or file_path.name == KNOWN_FAILURES:
        return None
    return ConversationFile.from_parent(parent, path=file_path)
