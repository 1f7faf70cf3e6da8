"""A pytest plugin that writes down which lines of the desk each test goes through, and how long it takes.

With that map a fault meets the few tests that pass over it, the quick ones first, instead of whole files.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutations.lines import Lines, seals

FILE = "MUTATIONS_MAP"
"""Environment variable: where to write."""


class Tracer:
    """Collects the lines of one test after the other."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._write({"files": seals()})
        self._lines = Lines()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Write one line per test."""
        self._lines.begin_anew()
        begun = time.perf_counter()
        yield
        seconds = time.perf_counter() - begun
        self._write({"test": item.nodeid, "seconds": seconds, "lines": self._lines.take()})

    def _write(self, row: dict[str, Any]) -> None:
        with self._out.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Trace when the environment says where to."""
    if FILE in os.environ:
        config.pluginmanager.register(Tracer(Path(os.environ[FILE])))
