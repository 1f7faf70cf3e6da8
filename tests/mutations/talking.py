"""Tries faults out on a running desk: its conversations are led until one does not go as it should.

Runs inside the copy (`python -m tests.mutations.talking <conversations by fault> <verdicts>`), so that the desk it
starts is the copy's. For each fault the processes that hold the broken module are started anew, on databases as they
were at the beginning.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bot.config import PROJECT
from tests.mutations.choosing import all_faults
from tests.mutations.leading import started
from tests.mutations.operators import RULE_KINDS, Fault
from tests.mutations.planting import planted
from tests.stack import Stack, StackError

_DATA = ("desk.sqlite3", "shop.sqlite3", "queue.sqlite3")
_ENDINGS = ("", "-wal", "-shm")
# The staff desk is for browsers; what the staff do in a conversation needs none.
_HOLD_THE_CODE = ("worker", "web", "actions")
_MOST_SECONDS = 900


class Trial:
    """A desk on which one fault after the other is tried."""

    def __init__(self, stack: Stack, kept: Path) -> None:
        self._stack = stack
        self._kept = kept
        self._take_down()
        shutil.copytree(PROJECT / "models", kept / "models", ignore=shutil.ignore_patterns("encoder"))
        for name in self._files():
            if (stack.home / name).exists():
                shutil.copy2(stack.home / name, kept / name)

    def caught_by(self, fault: Fault, ids: list[str]) -> str | None:
        """Which conversation finds a fault; None when all of them go as they should."""
        if not ids:
            return None
        with planted(PROJECT, fault):
            if fault.kind in RULE_KINDS:
                self._stack.down("engine")
            try:
                self._begin_anew(retrain=fault.kind in RULE_KINDS)
            except StackError:
                found = "(does not start)"
            else:
                found = self._led(ids)
        if fault.kind in RULE_KINDS:
            shutil.copytree(self._kept / "models", PROJECT / "models", dirs_exist_ok=True)
        if found == "(does not start)":
            self._start_again()
        self._take_down(*(["engine"] if fault.kind in RULE_KINDS else []))
        return found

    def steady(self, ids: list[str]) -> set[str]:
        """Those of these conversations that go as they should when nothing is broken.

        Each is led on a desk as it was at the beginning: one after the other, the second would meet customers who have
        asked for something already.
        """
        found = set()
        for each in ids:
            self._begin_anew(retrain=False)
            if self._led([each]) is None:
                found.add(each)
            self._take_down()
        return found

    def _begin_anew(self, *, retrain: bool) -> None:
        """Start what holds the broken code, on the data of the beginning.

        Raises:
            StackError: It does not start.
        """
        for name in self._files():
            (self._stack.home / name).unlink(missing_ok=True)
            if (self._kept / name).exists():
                shutil.copy2(self._kept / name, self._stack.home / name)
        self._stack.forget_who_was_given()
        self._stack.forget_policy_versions()
        if retrain:
            self._stack.command("train")
        self._stack.everything_up()

    def _start_again(self) -> None:
        """The supervisor has given up on what could not start."""
        with suppress(StackError):
            self._stack.stop()
        for file in (self._stack.home / "run").glob("*.down"):
            file.unlink()
        self._stack.start()

    def _led(self, ids: list[str]) -> str | None:
        home, port, pid = str(self._stack.home), str(self._stack.port), str(self._stack.process)
        command = [sys.executable, "-B", "-m", "tests.mutations.leading", home, port, pid, json.dumps(ids)]
        try:
            done = subprocess.run(
                command, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=_MOST_SECONDS
            )
        except subprocess.TimeoutExpired:
            return None
        try:
            told = json.loads(done.stdout.splitlines()[-1]) if done.returncode else {}
        except (IndexError, ValueError):
            print(done.stderr[-2000:], flush=True)
            return "(the code cannot be loaded)"
        if told:
            print("\n".join(told["difference"].splitlines()[-4:]), flush=True)
        return told.get("caught_by")

    def _take_down(self, *others: str) -> None:
        for name in (*_HOLD_THE_CODE, *others):
            self._stack.down(name)

    def _files(self) -> list[str]:
        return [f"{name}{ending}" for name in _DATA for ending in _ENDINGS]


def main(wanted: dict[str, list[str]], verdicts: Path) -> None:
    """Try these faults and write after each what came of it, one JSON object a line."""
    faults = [fault for fault in all_faults() if fault.name in wanted]
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, verdicts.open("a", encoding="utf-8") as told:
        home, kept = Path(folder) / "home", Path(folder) / "kept"
        kept.mkdir()
        with started(home) as stack:
            trial = Trial(stack, kept)
            # Rules last: each of them has the model trained anew.
            for fault in sorted(faults, key=lambda each: each.kind in RULE_KINDS):
                begun = time.monotonic()
                caught = trial.caught_by(fault, wanted[fault.name])
                seconds = time.monotonic() - begun
                found.setdefault(caught or "", []).append(fault.name)
                result = f"found by {caught}" if caught else f"passed {len(wanted[fault.name])} conversations"
                print(f"{seconds:4.0f} s  {fault.name}: {result}", flush=True)
                told.write(json.dumps({"name": fault.name, "caught_by": caught, "seconds": seconds}) + "\n")
                told.flush()
            led = [each for each in found if each and not each.startswith("(")]
            for unsteady in set(led) - trial.steady(led):
                print(f"differs without any fault, and proved nothing: {unsteady}", flush=True)
                for name in found[unsteady]:
                    told.write(json.dumps({"name": name, "caught_by": None, "seconds": 0.0}) + "\n")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
