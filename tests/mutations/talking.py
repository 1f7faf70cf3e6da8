"""Tries faults out on a running desk: its conversations are led until one does not go as it should.

Runs inside the copy (`python -m tests.mutations.talking <names> <verdicts>`), so that the desk it starts is the copy's.
For each fault the processes that hold the broken module are started anew, on databases as they were at the beginning.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bot.config import PROJECT
from tests.conversations.runner.running import ConversationDiffers, Run
from tests.conversations.runner.world import World
from tests.mutations.choosing import all_faults, conversations
from tests.mutations.operators import Fault
from tests.mutations.planting import planted
from tests.stack import Stack, StackError

_DATA = ("desk.sqlite3", "shop.sqlite3", "queue.sqlite3")
_ENDINGS = ("", "-wal", "-shm")


class Trial:
    """A desk on which one fault after the other is tried."""

    def __init__(self, stack: Stack, kept: Path) -> None:
        self._stack = stack
        self._kept = kept
        self._down = False
        self._take_down()
        for name in self._files():
            if (stack.home / name).exists():
                shutil.copy2(stack.home / name, kept / name)

    def caught_by(self, fault: Fault) -> str | None:
        """Which conversation finds a fault; None when all of them go as they should."""
        self._take_down()
        for name in self._files():
            (self._stack.home / name).unlink(missing_ok=True)
            if (self._kept / name).exists():
                shutil.copy2(self._kept / name, self._stack.home / name)
        self._stack.forget_who_was_given()
        with planted(PROJECT, fault):
            try:
                if fault.file.startswith("data/rules"):
                    self._stack.command("train")
                    self._stack.restart("engine")
                for name in ("actions", "web", "worker"):
                    self._stack.up(name)
            except StackError:
                return "(does not start)"
            finally:
                self._down = False
            found = self._led(fault)
        if fault.file.startswith("data/rules"):
            self._stack.command("train")
            self._stack.restart("engine")
        return found

    def _led(self, fault: Fault) -> str | None:
        for conversation in conversations(fault):
            if any(step.kind in ("down", "restart") for step in conversation.steps):
                continue
            try:
                Run(conversation, World(self._stack)).run()
            except (ConversationDiffers, StackError):
                return conversation.id
        return None

    def _take_down(self) -> None:
        for name in () if self._down else ("worker", "web", "actions"):
            self._stack.down(name)
        self._down = True

    def _files(self) -> list[str]:
        return [f"{name}{ending}" for name in _DATA for ending in _ENDINGS]


def main(names: Sequence[str], verdicts: Path) -> None:
    """Try these faults and write after each what came of it, one JSON object a line."""
    wanted = {fault.name: fault for fault in all_faults() if fault.name in set(names)}
    with tempfile.TemporaryDirectory() as folder, verdicts.open("a", encoding="utf-8") as told:
        home, kept = Path(folder) / "home", Path(folder) / "kept"
        kept.mkdir()
        stack = Stack(home)
        stack.start()
        try:
            trial = Trial(stack, kept)
            for name in names:
                begun = time.monotonic()
                caught = trial.caught_by(wanted[name])
                told.write(json.dumps({"name": name, "caught_by": caught, "seconds": time.monotonic() - begun}) + "\n")
                told.flush()
        finally:
            with suppress(StackError):
                stack.stop()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
