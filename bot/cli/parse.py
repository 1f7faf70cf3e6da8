"""`python -m bot parse`: what the trained model reads in phrases, as it would in the chat."""

import json
import subprocess
import sys
import tempfile
from typing import IO, Any

from bot.bootstrap import policy_in_force
from bot.config import PROJECT, get_settings
from bot.errors import SetupError
from bot.privacy.entities import Finder, finder
from bot.privacy.policy_question import cite
from bot.privacy.policy_standing import Binding
from bot.processes import engine_python
from bot.training import MODEL


def parse() -> None:
    """Read JSON lines (id, text) on standard input; write what the model reads in each, values hidden as in a chat."""
    settings = get_settings()
    if not MODEL.exists():
        raise SetupError("There is no trained model yet. Run: make train")
    library, policy = policy_in_force(settings)
    in_force = Binding.whole(policy)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as given:
        texts = _hand_over(finder(settings), given)
        command = [str(engine_python()), "-m", "bot.engine.parse"]
        reading = subprocess.Popen(command, cwd=PROJECT, stdin=given, stdout=subprocess.PIPE, text=True)
    for line, text in zip(reading.stdout or (), texts, strict=False):
        row: dict[str, Any] = json.loads(line) | {"text": text}
        scores = {clause["id"]: clause["score"] for clause in row.get("clauses") or []}
        row["clauses"] = [
            {
                "id": c.clause,
                "version": c.version,
                "quote": c.quote,
                "start": c.start,
                "end": c.end,
                "score": scores[c.clause],
            }
            for c in cite(in_force, library, scores)
        ]
        written = json.dumps(row, ensure_ascii=False) + "\n"
        sys.stdout.write(written.encode("utf-8", "replace").decode())
    if reading.wait():
        raise SetupError("The model could not read that. Send one JSON object with id and text per line.")


def _hand_over(look: Finder, given: IO[str]) -> list[str]:
    """Write what the engine is to read; what is no such line goes as it is, so that the engine says what is wrong."""
    texts: list[str] = []
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8", "replace")
        try:
            row = json.loads(line)
            line = json.dumps(row | {"text": look.masked(row["text"]).text}) + "\n"
            texts.append(row["text"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        given.write(line)
    given.seek(0)
    return texts
