"""Stock Rasa beside this project's reading: the same phrases, the same rows, the same figures, as a Markdown table.

python bench/stock/compare.py REQUESTS QUESTIONS    (make stock ROWS="requests.jsonl questions.jsonl")

Stock Rasa learns from a sample of the phrases (45 of an intent, 25 of a clause): all of them would take it hours. The
same sample is learnt by this project's reading, in a copy of the project; the third line is the model as it is.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench import figures, rows
from bench.reading import NotRead, Reading, read
from bench.stock.sample import write

HERE = Path(__file__).resolve().parent
OUT = rows.PROJECT / "bench" / "out" / "stock"
_STOCK = rows.PROJECT / ".venv-stock" / "bin"
_COPIED = ("bot", "actions", "data", "models", "config.yml", "domain.yml", "endpoints.yml", "credentials.yml")
_NOTHING_LEARNT = (
    "from safetensors.numpy import save_file\n"
    "save_file({}, 'bot/engine/adaptation.safetensors', metadata={'flattery': '1', 'phrases': '0'})"
)
_SHOWN = (
    "accuracy",
    "macro-F1",
    "outside recall",
    "inside rejected",
    "taken for destructive",
    "covered helped",
    "covered hit@1",
    "false answers",
)


def main() -> None:
    """Command line."""
    some = [row for name in sys.argv[1:] for row in rows.from_file(Path(name))]
    sample = OUT / "nlu"
    print(f"The sample has {write(sample)} phrases.")
    readers = {
        "stock Rasa, sample": lambda texts: _by_stock(sample, texts),
        "this project, sample": lambda texts: read(texts, _learnt_from(sample)),
        "this project, all phrases": read,
    }
    print("| model | " + " | ".join(_SHOWN) + " |")
    print("|---" * (len(_SHOWN) + 1) + "|")
    for name, reader in readers.items():
        measured = figures.all_figures(list(zip(some, reader([row.text for row in some]), strict=True)))
        print(f"| {name} | " + " | ".join(_shown(measured[figure]) for figure in _SHOWN) + " |", flush=True)


def _shown(figure: float | int | None) -> str:
    return f"{figure:.3f}" if isinstance(figure, float) else str(figure)


def _by_stock(phrases: Path, texts: Sequence[str]) -> list[Reading]:
    """Train stock Rasa, unless its model is there, and read with it.

    Raises:
        NotRead: It stopped; the message is the end of what it said.
    """
    model = OUT / "stock.tar.gz"
    if not model.is_file() or model.stat().st_mtime < (phrases / "nlu.yml").stat().st_mtime:
        _run("rasa", "train", "nlu", "--nlu", phrases, "--config", HERE / "config.yml", "--domain",
             rows.PROJECT / "domain.yml", "--out", OUT, "--fixed-model-name", "stock")  # fmt: skip
    given = "".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(texts))
    return [_reading(json.loads(line)) for line in _run("python", HERE / "read.py", model, given=given).splitlines()]


def _run(program: str, *arguments: str | Path, given: str = "") -> str:
    command = [str(_STOCK / program), *map(str, arguments)]
    done = subprocess.run(command, cwd=OUT, input=given, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise NotRead(done.stderr.strip()[-1000:])
    return done.stdout


def _reading(line: dict[str, Any]) -> Reading:
    clause = line["clause"]
    span = rows.clause_spans().get(clause or "")
    clauses = [{"id": clause, "start": span[0], "end": span[1]}] if span else []
    return Reading(line["id"], line["text"], line["intent"], line["confidence"], [], bool(clauses), clauses)


def _learnt_from(phrases: Path) -> Path:
    """A copy of the project that has learnt from these phrases only: its encoder is the published one."""
    copy = OUT / "project"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in _COPIED:
        source = rows.PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
    for runtime in (".venv", ".venv-engine"):
        (copy / runtime).symlink_to((rows.PROJECT / runtime).resolve())
    shutil.rmtree(copy / "data" / "nlu")
    shutil.copytree(phrases, copy / "data" / "nlu")
    subprocess.run([str(copy / ".venv-engine" / "bin" / "python"), "-c", _NOTHING_LEARNT], cwd=copy, check=True)
    command = [str(copy / ".venv" / "bin" / "python"), "-m", "bot", "train"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRead(done.stderr.strip()[-1000:])
    return copy


if __name__ == "__main__":
    main()
