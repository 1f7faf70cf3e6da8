"""Follows conversations through the processes of a desk: which lines and rules each goes through.

Runs inside the copy (`python -m tests.mutations.following <map>`). Every process of the desk reports its own lines,
under the name of the conversation that is led at the moment.
"""

import atexit
import json
import os
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from tests.mutations.lines import ROOT, Lines, seals

_FOLDER = "MUTATIONS_FOLLOWED"
_LOOK_SECONDS = 0.05
_NOW = "now"


class Reporter:
    """Reports the lines of this process, again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._led = ""
        self._lines = Lines()

    def look(self) -> None:
        """Report what was seen since; begin anew when another conversation is led."""
        with suppress(OSError):  # the folder goes before the last process does
            now = (self._folder / _NOW).read_text(encoding="utf-8")
            seen = self._lines.take()
            if self._led and seen:
                with (self._folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as out:
                    out.write(json.dumps([self._led, seen]) + "\n")
            if now != self._led:
                self._led = now
                self._lines.begin_anew()

    def look_always(self) -> None:
        """Until this process ends."""
        while True:
            self.look()
            time.sleep(_LOOK_SECONDS)


def report_lines() -> None:
    """Let this process report its lines, when the environment says where to."""
    if _FOLDER in os.environ:
        reporter = Reporter(Path(os.environ[_FOLDER]))
        reporter.look()
        threading.Thread(target=reporter.look_always, daemon=True).start()
        atexit.register(reporter.look)


def main(to: Path) -> None:
    """Lead every conversation once and write down what it goes through."""
    from tests.conversations.runner.coverage import happened, steps_seen
    from tests.mutations.choosing import all_conversations
    from tests.mutations.leading import differs, started

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _NOW).touch()
        os.environ |= {_FOLDER: name, "PYTHONPATH": f"{ROOT / 'tests' / 'mutations' / 'site'}{os.pathsep}{ROOT}"}
        report_lines()  # what the staff do, they do in this process
        rows = []
        with started(folder / "home") as stack:
            for conversation in all_conversations():
                (folder / _NOW).write_text(conversation.id, encoding="utf-8")
                time.sleep(2 * _LOOK_SECONDS)
                begun, chats = time.monotonic(), []
                wrong = differs(stack, conversation, chats)
                seconds = time.monotonic() - begun
                rules = sorted({rule for chat in chats for rule, _ in steps_seen(happened(chat))})
                rows.append({"test": conversation.id, "seconds": seconds, "rules": rules, "failed": wrong is not None})
                print(f"{'differs' if wrong else 'followed'} {seconds:4.0f} s  {conversation.id}", flush=True)
                print("\n".join((wrong or "").splitlines()[-4:]), end="\n" if wrong else "", flush=True)
            time.sleep(2 * _LOOK_SECONDS)
        lines = _reported(folder)
    written = [{"files": seals()}, *(row | {"lines": lines.get(row["test"], {})} for row in rows)]
    to.write_text("".join(f"{json.dumps(row)}\n" for row in written), encoding="utf-8")


def _reported(folder: Path) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for file in folder.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            led, seen = json.loads(line)
            for name, numbers in seen.items():
                found[led][name].update(numbers)
    return {led: {name: sorted(numbers) for name, numbers in seen.items()} for led, seen in found.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
