"""Collects the lines of actions and use cases that a process goes through."""

import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("actions", "bot/privacy")
_LOOKED_AT = tuple(f"{ROOT / folder}/" for folder in FOLDERS)
_TOOL = sys.monitoring.COVERAGE_ID


class Lines:
    """The lines that this process goes through, each once until they are taken."""

    def __init__(self) -> None:
        self._lines: dict[str, set[int]] = defaultdict(set)
        sys.monitoring.use_tool_id(_TOOL, "mutations")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._line)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)

    def _line(self, code: CodeType, line: int) -> Any:
        if _LOOKED_AT and code.co_filename.startswith(_LOOKED_AT):  # gone already when the process ends
            self._lines[code.co_filename].add(line)
        return sys.monitoring.DISABLE  # once is enough until everything begins anew

    def begin_anew(self) -> None:
        """Forget what was seen."""
        self.take()
        sys.monitoring.restart_events()

    def take(self) -> dict[str, list[int]]:
        """What was seen since it was taken before, by file."""
        taken, self._lines = self._lines, defaultdict(set)
        return {str(Path(name).relative_to(ROOT)): sorted(lines) for name, lines in taken.items()}


def seal_of(file: Path) -> str:
    """Tells whether a file is still the same; empty where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def seals() -> dict[str, str]:
    """The seal of every file that is looked at."""
    return {str(path.relative_to(ROOT)): seal_of(path) for path in _files()}


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).glob("*.py"))
