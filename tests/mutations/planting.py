"""A copy of the project in which one fault at a time is planted, and tried out."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.config import PROJECT
from tests.mutations.operators import Fault
from tests.mutations.tracing import FILE

_PARTS = ("actions", "bot", "data", "tests", "docs", "deploy")
_LINKS = (".venv", ".venv-engine")


@dataclass(frozen=True)
class Verdict:
    """What came of a fault.

    Attributes:
        caught_by: The test that failed, `(hung)` when the tests did not end; None when all of them passed.
    """

    fault: Fault
    caught_by: str | None
    seconds: float


def make_copy(folder: Path) -> Path:
    """The project as it stands, in a folder of its own; models are linked, since no fault changes them."""
    copy = folder / "desk"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for part in _PARTS:
        if (PROJECT / part).exists():
            shutil.copytree(PROJECT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "out"))
    for file in PROJECT.iterdir():
        if file.is_file():
            shutil.copy2(file, copy / file.name)
    for link in _LINKS:
        (copy / link).symlink_to((PROJECT / link).resolve())
    shutil.copytree(PROJECT / "models", copy / "models")
    return copy


@contextmanager
def planted(copy: Path, fault: Fault) -> Iterator[None]:
    """The copy with a fault in it."""
    file = copy / fault.file
    sound = file.read_text(encoding="utf-8")
    file.write_text(fault.planted(sound), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(sound, encoding="utf-8")


def trace_unit_tests(copy: Path, to: Path) -> None:
    """Run all unit tests over the sound copy and write down which lines each goes through."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutations.tracing", "-p", "no:cacheprovider"]
    subprocess.run([*command, "tests/unit"], cwd=copy, env=dict(os.environ) | {FILE: str(to)}, check=False)


def try_unit_tests(copy: Path, fault: Fault, tests: Sequence[str], seconds: float) -> Verdict:
    """Run test files over the copy until one fails or time is up."""
    begun = time.monotonic()
    if not tests:
        return Verdict(fault, None, 0.0)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
    with planted(copy, fault):
        try:
            done = subprocess.run(
                command, cwd=copy, env=dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1"}, timeout=seconds,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Verdict(fault, None, time.monotonic() - begun)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    caught = failed[0].split(" - ")[0] if failed else None
    return Verdict(fault, caught or (f"pytest ended with {done.returncode}" if done.returncode else None),
                   time.monotonic() - begun)  # fmt: skip
