"""Leads all conversations again and again and compares what came of them: `make repeat N=50`.

Each round has a desk of its own, begun from nothing, and draws other customers for the conversations that take anybody:
what came of a conversation must hang neither on time, nor on what went before, nor on who has it. Rounds at once share
the machine, so that each is disturbed by the others.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from bot.config import PROJECT
from tests.conversations.conftest import OUT
from tests.conversations.runner import records
from tests.conversations.runner.items import FOLDER, holds_conversations


def main() -> int:
    """Lead the rounds; exit 1 when one goes another way than the first, or a conversation does not hold."""
    options = _options()
    (options.out / "first.json").unlink(missing_ok=True)
    found = 0
    for done, (number, took) in enumerate(_rounds(options), start=1):
        lines = _compared(number, options.out)
        found += len(lines)
        told = f"{len(lines)} things are otherwise" if lines else "as the first"
        heading = f"{time.strftime('%H:%M')} round {number}, {done} of {options.rounds} done: {told} ({took})"
        print(heading, *lines, sep="\n  ", flush=True)
    print(f"{options.rounds} rounds, {found} differences. Everything that was said: {options.out}")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.conversations.repeat", description=__doc__)
    options.add_argument("rounds", type=int, help="how many")
    options.add_argument("--at-once", type=int, default=1, help="how many at the same time")
    options.add_argument("--go-on", action="store_true", help="rounds led before, on the same state, are not led again")
    options.add_argument("--only", default="", help="words of the names of the conversations, as pytest -k")
    options.add_argument("--out", type=Path, default=PROJECT / "tests" / "out" / "rounds", help="where the records go")
    return options.parse_args()


def _rounds(options: argparse.Namespace) -> Iterator[tuple[int, str]]:
    """Each round with how long it took, as soon as it has ended."""
    words = [str(path) for path in sorted(FOLDER.iterdir()) if holds_conversations(path)]
    words += ["-k", options.only] if options.only else []
    ended_before = {int(file.parent.name) for file in options.out.glob("*/conversations.json") if options.go_on}
    for number in sorted(ended_before):
        yield number, "led before"
    left = [number for number in range(1, options.rounds + 1) if number not in ended_before]
    with ThreadPoolExecutor(options.at_once) as pool:
        for ended in as_completed([pool.submit(_led, number, words, options.out) for number in left]):
            number, seconds = ended.result()
            yield number, f"{seconds:.0f} s"


def _led(number: int, words: list[str], out: Path) -> tuple[int, float]:
    """Lead one round; what it said lies in its folder."""
    folder = out / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conversations.json").unlink(missing_ok=True)
    environment = dict(os.environ) | {OUT: str(folder), "CUSTOMERS_SEED": str(number)}
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    with (folder / "pytest.log").open("wb") as log:
        subprocess.run(command, cwd=PROJECT, env=environment, stdout=log, stderr=log, check=False)
    return number, time.monotonic() - begun


def _compared(number: int, out: Path) -> list[str]:
    """What differs from the first round that has ended, and what did not hold."""
    try:
        now = records.read(out / str(number) / "conversations.json")
    except FileNotFoundError:
        return [f"it ended early, see {out / str(number) / 'pytest.log'}"]
    lines = [f"{name}: {each.outcome}" for name, each in sorted(now.items()) if each.outcome == "differs"]
    kept = out / "first.json"
    if not kept.exists():
        records.write(now, kept)
    return lines + records.differences(records.read(kept), now)


if __name__ == "__main__":
    sys.exit(main())
