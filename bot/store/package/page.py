"""The page of a copy that a person reads and prints: one file, no script, nothing fetched from anywhere.

Law: GDPR Article 12(1) (concise, intelligible, in plain language) and 15(1)(a) to (g).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.store.datamap.model import Category
from bot.store.package.contents import Contents, NotGiven, Source

_WIDEST_TABLE = 6
_PARTS_AT_ONCE = 200
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One table as the page shows it: how many rows there are, and the first of them in words."""

    source: Source
    count: int
    rows: list[list[str]]


@dataclass(frozen=True)
class _Cell:
    label: str
    value: str
    technical: bool


@dataclass(frozen=True)
class _Shown:
    """A table of the page; `wide` ones are shown entry by entry. Columns in which nothing stands are left out."""

    title: str
    file: str
    count: str
    more: int
    others: bool
    wide: bool
    labels: list[_Cell]
    rows: list[list[_Cell]]


@dataclass(frozen=True)
class _Section:
    category: Category
    tables: list[_Shown]
    count: int


def write_page(file: IO[bytes], contents: Contents, samples: Sequence[Sample], not_given: Sequence[NotGiven]) -> None:
    """Write the page."""
    sections = [_section(category, samples) for category in contents.categories]
    parts = _templates.get_template("index.html").stream(
        contents=contents,
        sections=[each for each in sections if each.count],
        empty=[each.category.title for each in sections if not each.count],
        reasons=_by_reason(not_given),
        total=sum(sample.count for sample in samples),
    )
    parts.enable_buffering(_PARTS_AT_ONCE)
    for part in parts:
        file.write(part.encode("utf-8", "backslashreplace"))


def _section(category: Category, samples: Iterable[Sample]) -> _Section:
    own = [sample for sample in samples if sample.source.category == category.key]
    return _Section(category, [_shown(sample) for sample in own], sum(sample.count for sample in own))


def _shown(sample: Sample) -> _Shown:
    source = sample.source
    filled = [place for place in range(len(source.fields)) if any(row[place] for row in sample.rows)]
    # What tells something comes first, keys that only lead from entry to entry last.
    filled.sort(key=lambda place: source.fields[place].technical)
    one, many = source.noun
    rows = [[_cell(source, place, row[place]) for place in filled] for row in sample.rows]
    return _Shown(
        title=many[:1].upper() + many[1:],
        file=f"csv/{source.name}.csv" if source.fields else "",
        count=f"{sample.count:,} {one if sample.count == 1 else many}",
        more=sample.count - len(rows) if source.fields else 0,
        others=source.role is not None,
        wide=len(filled) > _WIDEST_TABLE or len(rows) == 1,
        labels=[_cell(source, place, "") for place in filled],
        rows=rows,
    )


def _cell(source: Source, place: int, value: str) -> _Cell:
    field = source.fields[place]
    return _Cell(field.label, value, field.technical)


def _by_reason(not_given: Iterable[NotGiven]) -> dict[str, dict[str, list[str]]]:
    """Reason, then table, then what it is."""
    found: dict[str, dict[str, list[str]]] = {}
    for each in not_given:
        found.setdefault(each.why, {}).setdefault(each.where, []).append(each.what)
    return found
