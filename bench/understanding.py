"""How well the trained model understands: figures as a table, plots and wrong readings in bench/out.

python bench/understanding.py [FILE ...]    labelled rows as JSON lines; without one, the held-out phrases
"""

import argparse
import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import figures, rows
from bench.reading import NotRead, read

OUT = rows.PROJECT / "bench" / "out"
_ENGINE = rows.PROJECT / ".venv-engine" / "bin" / "python"
_COUNTS = {"rows", "rows with an intent", "taken for destructive", "clear covered", "clear uncovered"}
_FEWEST_FOR_PLOTS = 10


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="*", type=Path)
    arguments.add_argument("--wrong", action="store_true", help="also list what was read wrongly")
    given = arguments.parse_args()
    console = Console(highlight=False)
    try:
        sets = {path.stem: rows.from_file(path) for path in given.files} or {"held-out": rows.held_out()}
        pairs = _pairs(sets)
    except (OSError, ValueError, KeyError, NotRead) as error:
        Console(stderr=True, highlight=False).print(f"{type(error).__name__}: {error}", style="bold red", markup=False)
        sys.exit(1)
    OUT.mkdir(parents=True, exist_ok=True)
    measured = {name: _measure(name, some) for name, some in pairs.items()}
    (OUT / "understanding.json").write_text(json.dumps(measured, indent=1), encoding="utf-8")
    console.print(_table(measured))
    if given.wrong:
        for name in pairs:
            console.print((OUT / f"{name}-wrong.jsonl").read_text(encoding="utf-8"), markup=False, soft_wrap=True)
    console.print(f"Plots and wrong readings: {OUT.relative_to(rows.PROJECT)}/")


def _pairs(sets: Mapping[str, list[rows.Row]]) -> dict[str, list[figures.Pair]]:
    readings = iter(read([row.text for some in sets.values() for row in some]))
    return {name: [(row, next(readings)) for row in some] for name, some in sets.items()}


def _measure(name: str, pairs: list[figures.Pair]) -> dict[str, float | int | None]:
    bins = figures.reliability(pairs)
    _write_wrong(OUT / f"{name}-wrong.jsonl", pairs)
    _plot(name, pairs, bins)
    return figures.all_figures(pairs) | {"calibration error": figures.calibration_error(bins)}


def _write_wrong(path: Path, pairs: list[figures.Pair]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row, got in pairs:
            if not figures.is_right(row, got):
                shown = [clause["quote"][:80] for clause in got.clauses[:1]] if got.answers else []
                line: dict[str, object] = {
                    "text": row.text,
                    "expected": row.label,
                    "covered": row.covered,
                    "read": got.intent,
                }
                line |= {"confidence": round(got.confidence, 2), "shown": shown}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _plot(name: str, pairs: list[figures.Pair], bins: list[figures.Bin]) -> None:
    """The engine's runtime holds the drawing library, so a small script of its own draws."""
    if len(pairs) < _FEWEST_FOR_PLOTS:
        return
    wanted: dict[str, object] = {"folder": str(OUT), "name": name, "confusion": figures.confusion(pairs)}
    wanted["reliability"] = [dataclasses.asdict(one) for one in bins]
    script = Path(__file__).with_name("plots.py")
    subprocess.run([str(_ENGINE), str(script)], input=json.dumps(wanted), encoding="utf-8", check=True)


def _table(measured: Mapping[str, Mapping[str, float | int | None]]) -> Table:
    table = Table("", *measured, box=None)
    for figure in next(iter(measured.values())):
        table.add_row(figure, *(_shown(figure, some[figure]) for some in measured.values()))
    return table


def _shown(figure: str, value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if figure in _COUNTS else f"{value:.3f}"


if __name__ == "__main__":
    main()
