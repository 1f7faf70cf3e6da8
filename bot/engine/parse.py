"""Reads utterances and says how the trained model understands them, without a running server.

``python -m bot.engine.parse`` reads JSON lines with ``id`` and ``text`` on standard input and writes for each one JSON
line: ``id, text, intent, confidence, ranking, covered, topic, clauses`` (each ``id, score``, best first). ``covered``
is null where the message is not read as a question about the policy.
"""

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from bot.engine import quiet_logging
from bot.engine.errors import CannotStart
from bot.engine.launch import newest_model
from bot.engine.without_tensorflow import leave_out_plotting

CHUNK = 256


class BadLine(ValueError):
    """A line of the input is not a JSON object with ``id`` and ``text``."""


def rows(lines: Iterable[str]) -> Iterator[Tuple[Any, str]]:
    """Yields id and text of each line; empty lines are skipped.

    Raises:
        BadLine: names the number of the line.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            identity, text = row["id"], row["text"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadLine(f"Line {number} is not a JSON object with id and text.") from error
        if not isinstance(text, str):
            raise BadLine(f"The text of line {number} is not a string.")
        yield identity, text


class Reader:
    """The understanding half of a trained model."""

    def __init__(self, model: Path) -> None:
        from rasa.core.agent import Agent

        self._processor = Agent.load(str(model)).processor

    def read(self, texts: List[str]) -> List[Dict[str, Any]]:
        """Understands texts together; each result is what Rasa would keep with the message."""
        from bot.engine.plain_text import plain_text
        from bot.engine.reading import read_together

        return read_together(self._processor, [plain_text(text) for text in texts])


def prediction(identity: Any, text: str, parsed: Dict[str, Any]) -> Dict[str, Any]:
    """The line that is written for one utterance."""
    policy = parsed.get("policy") or {}
    return {
        "id": identity,
        "text": text,
        "intent": parsed["intent"]["name"],
        "confidence": parsed["intent"]["confidence"],
        "ranking": parsed.get("intent_ranking", []),
        "covered": policy.get("covered"),
        "topic": policy.get("topic"),
        "clauses": policy.get("clauses", []),
    }


def main() -> int:
    """Command line; returns the exit status."""
    leave_out_plotting()
    quiet_logging.configure()

    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        given = list(rows(sys.stdin))
        reader = Reader(newest_model())
    except (BadLine, CannotStart) as error:
        print(error, file=sys.stderr)
        return 1
    for start in range(0, len(given), CHUNK):
        chunk = given[start : start + CHUNK]
        for (identity, text), parsed in zip(chunk, reader.read([text for _, text in chunk]), strict=True):
            sys.stdout.write(json.dumps(prediction(identity, text, parsed), ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
