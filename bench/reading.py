"""What the trained model reads in phrases, through the command line that everybody has."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rows import PROJECT

_LONGEST_SECONDS = 600


class NotRead(RuntimeError):
    """The model could not be asked; the message is what the command line said."""


@dataclass(frozen=True)
class Reading:
    """How one phrase was read: the line of `python -m bot parse`."""

    id: int
    text: str
    intent: str | None
    confidence: float
    ranking: list[dict[str, Any]]
    covered: bool | None
    clauses: list[dict[str, Any]]

    @property
    def clause(self) -> str:
        """The clause that would be shown, empty where none would."""
        return str(self.clauses[0]["id"]) if self.answers and self.clauses else ""

    @property
    def answers(self) -> bool:
        """Whether the person would be shown a clause as the answer."""
        return self.intent == "ask_policy" and bool(self.covered)


def read(texts: Sequence[str], tree: Path = PROJECT) -> list[Reading]:
    """Read phrases, all in one run.

    Args:
        texts: The phrases.
        tree: A checkout of the project that was set up and trained.

    Raises:
        NotRead: There is no model, or it stopped.
    """
    given = "".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(texts))
    command = [str(tree.absolute() / ".venv" / "bin" / "python"), "-m", "bot", "parse"]
    done = subprocess.run(
        command, cwd=tree, input=given, capture_output=True, encoding="utf-8", timeout=_LONGEST_SECONDS, check=False
    )
    if done.returncode:
        raise NotRead(done.stderr.strip()[-1000:])
    # Not splitlines(): texts may hold characters that it takes for the end of a line.
    return [_reading(json.loads(line)) for line in done.stdout.split("\n") if line]


def _reading(line: dict[str, Any]) -> Reading:
    return Reading(
        id=line["id"],
        text=line["text"],
        intent=line["intent"],
        confidence=line["confidence"],
        ranking=line["ranking"],
        covered=line["covered"],
        clauses=line["clauses"],
    )
