"""A copy of the project in which one fault at a time is planted, and tried out."""

import compileall
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

_PARTS = ("actions", "bench", "bot", "data", "tests", "docs", "deploy")
_LINKS = (".venv", ".venv-engine")
_PASSED, _SOME_FAILED = 0, 1


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
    for part in ("actions", "bot"):
        compileall.compile_dir(copy / part, quiet=1)
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
    """Run all unit tests over the sound copy and write down which lines each goes through.

    Raises:
        RuntimeError: They could not be run at all, so that nothing would be known about any fault.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutations.tracing", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "tests/unit"], cwd=copy, env=dict(os.environ) | {FILE: str(to)}, check=False)
    if done.returncode not in (_PASSED, _SOME_FAILED):
        raise RuntimeError(f"The unit tests could not be run: pytest ended with {done.returncode}.")


def try_unit_tests(copy: Path, fault: Fault, tests: Sequence[str], seconds: float, unsteady: set[str]) -> Verdict:
    """Run tests over the copy until one fails or time is up.

    Args:
        copy: Where the fault is planted.
        fault: What to plant.
        tests: Which tests to run, in this order.
        seconds: For all of them.
        unsteady: Tests that fail without any fault, which prove nothing; those met on the way are added.
    """
    begun = time.monotonic()
    while steady := [test for test in tests if test not in unsteady]:
        with planted(copy, fault):
            caught = _failing(copy, steady, seconds)
        if caught not in steady or _failing(copy, [caught], seconds) is None:
            return Verdict(fault, caught, time.monotonic() - begun)
        unsteady.add(caught)
    return Verdict(fault, None, time.monotonic() - begun)


def _failing(copy: Path, tests: Sequence[str], seconds: float) -> str | None:
    """The first test that fails, or how pytest ended; None when all pass or time is up.

    In a process of its own: what this one has read of the project would take part, for the database layer calls back
    whoever once asked to be called.
    """
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if failed:
        return failed[0].split(" - ")[0].partition(" ")[2].strip()
    return f"(pytest ended with {done.returncode})" if done.returncode else None
