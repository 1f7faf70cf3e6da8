"""Trains the model that the engine loads: ``python -m bot.engine.train``.

Shows one line of progress. When nothing that the model depends on has changed since the last training, it returns at
once. The model appears under its name only when it is complete, so a running engine never meets half a file.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, TextIO

from bot.engine import build_encoder, quiet_logging
from bot.engine.progress import Progress

MODELS = Path("models")
NAME = "privacy-desk"
MODEL = MODELS / f"{NAME}.tar.gz"
STAMP = MODELS / f"{NAME}.json"
_INPUTS = ("config.yml", "domain.yml", "models/clauses.json", "models/encoder/encoder.json")
_SOURCES = ("sentence_encoder", "text_features", "linear_model", "intent_classifier", "clause_retriever", "plain_text")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class TrainingFailed(RuntimeError):
    """Rasa could not train; the message says why."""


def fingerprint() -> str:
    """Changes with every file that the model depends on."""
    digest = hashlib.sha256()
    paths = [Path(name) for name in _INPUTS]
    paths += sorted(path for folder in ("nlu", "rules", "stories") for path in Path("data", folder).glob("**/*.yml"))
    paths += [Path(__file__).with_name(f"{name}.py") for name in _SOURCES]
    paths.append(Path(__file__).with_name("requirements.lock"))
    for path in paths:
        digest.update(f"{path.name}\0".encode() + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the model in place was trained from just these files."""
    try:
        known = json.loads(STAMP.read_text(encoding="utf-8"))
        return MODEL.is_file() and known["inputs"] == fingerprint() and known["size"] == MODEL.stat().st_size
    except (OSError, ValueError, KeyError):
        return False


@contextlib.contextmanager
def _captured() -> Iterator[TextIO]:
    """Catches everything that the process writes to its standard streams, C libraries included."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as catch:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = [os.dup(1), os.dup(2)]
        try:
            os.dup2(catch.fileno(), 1)
            os.dup2(catch.fileno(), 2)
            yield catch
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in enumerate(kept, start=1):
                os.dup2(copy, number)
                os.close(copy)


def _reason(output: str, error: Optional[BaseException]) -> str:
    """The most telling words of a failed training: those of the first cause, else the last lines of Rasa's output."""
    while error is not None and error.__cause__ is not None:
        error = error.__cause__
    if error is not None and not isinstance(error, SystemExit) and str(error).strip():
        return _COLOUR.sub("", str(error)).strip()
    lines = [line.strip() for line in _COLOUR.sub("", output).splitlines() if line.strip()]
    return "\n".join(lines[-12:]) or "Rasa gave no reason"


def train(force: bool = False) -> None:
    """Trains and puts the model in place.

    Raises:
        TrainingFailed: the data or the configuration is wrong; the message names it.
    """
    inputs = fingerprint()
    with tempfile.TemporaryDirectory(prefix=".training-", dir=MODELS) as work:
        with _captured() as output:
            error: Optional[BaseException] = None
            result = None
            try:
                quiet_logging.configure()
                from rasa.model_training import train as rasa_train

                result = rasa_train(
                    "domain.yml",
                    "config.yml",
                    ["data/nlu", *_dialogue()],
                    work,
                    force_training=force,
                    fixed_model_name=NAME,
                )
            except (Exception, SystemExit) as raised:
                error = raised
            sys.stdout.flush()
            output.seek(0, io.SEEK_SET)
            said = output.read()
        made = Path(work) / MODEL.name
        if error is not None or result is None or result.code != 0 or not made.is_file():
            raise TrainingFailed(_reason(said, error))
        made.chmod(0o644)
        stamp = Path(work) / STAMP.name
        stamp.write_text(json.dumps({"inputs": inputs, "size": made.stat().st_size}) + "\n", encoding="utf-8")
        made.replace(MODEL)
        stamp.replace(STAMP)


def _dialogue() -> List[str]:
    return [f"data/{folder}" for folder in ("rules", "stories") if Path("data", folder).is_dir()]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.engine.train", description=__doc__.split("\n")[0])
    parser.add_argument("--force", action="store_true", help="train even if nothing has changed")
    options = parser.parse_args(arguments)
    if not build_encoder.is_built() and build_encoder.main([]) != 0:
        return 1
    stream = os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1)
    with Progress("Training", stream) as progress:
        if is_current() and not options.force:
            progress.done("nothing has changed")
            return 0
        try:
            train(force=options.force)
        except TrainingFailed as error:
            progress.failed(str(error))
            return 1
        progress.done(f"{MODEL} ({MODEL.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
