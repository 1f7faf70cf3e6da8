"""A pytest plugin that writes down which lines of the desk each test goes through, and how long it takes.

With that map a fault meets the few tests that pass over it, the quick ones first, instead of whole files.
"""

import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

FILE = "MUTATIONS_MAP"
"""Environment variable: where to write."""
_ROOT = Path(__file__).resolve().parent.parent.parent
_LOOKED_AT = tuple(str(_ROOT / folder) + os.sep for folder in ("actions", "bot/privacy"))
_TOOL = sys.monitoring.COVERAGE_ID


class Tracer:
    """Collects the lines of one test after the other."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._write({"files": {str(path.relative_to(_ROOT)): seal_of(path) for path in _files()}})
        self._lines: dict[str, set[int]] = defaultdict(set)
        sys.monitoring.use_tool_id(_TOOL, "mutations")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._line)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)

    def _line(self, code: CodeType, line: int) -> Any:
        if _LOOKED_AT and code.co_filename.startswith(_LOOKED_AT):  # gone already when the process ends
            self._lines[code.co_filename].add(line)
        return sys.monitoring.DISABLE  # once per test is enough; each test begins anew

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Write one line per test."""
        self._lines.clear()
        sys.monitoring.restart_events()
        begun = time.perf_counter()
        yield
        seen = {str(Path(name).relative_to(_ROOT)): sorted(lines) for name, lines in self._lines.items()}
        self._write({"test": item.nodeid, "seconds": time.perf_counter() - begun, "lines": seen})

    def _write(self, row: dict[str, Any]) -> None:
        with self._out.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def seal_of(file: Path) -> str:
    """Tells whether a file is still the same; empty where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _files() -> Iterator[Path]:
    for folder in ("actions", "bot/privacy"):
        yield from sorted((_ROOT / folder).glob("*.py"))


def pytest_configure(config: pytest.Config) -> None:
    """Trace when the environment says where to."""
    if FILE in os.environ:
        config.pluginmanager.register(Tracer(Path(os.environ[FILE])))
