"""What a new model reads otherwise than an old one, over everything that people say in tests/conversations.

python -m bench.flips OLD_TREE NEW_TREE    two checkouts of the project, each with its trained model

A retrained model may be better by its figures and still take a sentence for something else that a conversation rests
on. This takes a minute, where leading all the conversations takes many.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.reading import NotRead, Reading, read
from tests.conversations.runner.items import every_conversation


def main() -> int:
    """List the changed readings; exit 1 when there are any, so that a script can stop on them."""
    options = argparse.ArgumentParser(prog="python -m bench.flips", description=__doc__.partition("\n")[0])
    options.add_argument("old", type=Path)
    options.add_argument("new", type=Path)
    trees = options.parse_args()
    said = sentences()
    try:
        flips = changed(read(list(said), trees.old), read(list(said), trees.new))
    except (NotRead, OSError) as error:
        print(f"These could not be read; both checkouts need: make train. {error}", file=sys.stderr)
        return 2
    table = Table("sentence", "was", "is", "first said in", box=None)
    for was, now in flips:
        table.add_row(now.text, _in_words(was), _in_words(now), said[now.text])
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if flips:
        console.print(table)
    console.print(f"{len(flips)} of {len(said)} sentences are read otherwise.")
    return 1 if flips else 0


def sentences() -> dict[str, str]:
    """Every sentence that somebody types in a conversation, with the place where it first stands."""
    found: dict[str, str] = {}
    for conversation in every_conversation():
        for step in conversation.steps:
            if step.kind == "user" and isinstance(step.value, str) and "${" not in step.value:
                found.setdefault(step.value, f"{conversation.path.name}:{step.line}")
    return found


def changed(before: Sequence[Reading], after: Sequence[Reading]) -> list[tuple[Reading, Reading]]:
    """Old and new reading of every sentence to which the desk would answer something else."""
    pairs = zip(before, after, strict=True)
    return [(was, now) for was, now in pairs if (was.intent, was.clause) != (now.intent, now.clause)]


def _in_words(reading: Reading) -> str:
    clause = f" §{reading.clause}" if reading.clause else ""
    return f"{reading.intent}{clause} {reading.confidence:.2f}"


if __name__ == "__main__":
    sys.exit(main())
