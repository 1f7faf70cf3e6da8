"""What pages are made of: tables, facts, marks. Plain HTML with everything escaped: quick, and readable by all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from nicegui import ui


@dataclass(frozen=True)
class Mark:
    """A word with a colour; the word alone says it all. Tones: calm, good, soon, late."""

    text: str
    tone: str = "calm"


@dataclass(frozen=True)
class Row:
    """A line of a table; its first cell is a link where there is an address."""

    href: str
    cells: Sequence[str | Mark]


def table(columns: Sequence[str], rows: Iterable[Row], empty: str) -> None:
    """A table whose lines lead somewhere; `j`, `k` and Enter go through it."""
    lines = [_line(columns, row) for row in rows]
    if not lines:
        ui.label(empty).classes("empty")
        return
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    ui.html(f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>", sanitize=False, tag="table").classes(
        "list"
    )


def facts(pairs: Iterable[tuple[str, str | Mark]]) -> None:
    """Names and what they are."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{_cell(value)}</dd>" for name, value in pairs)
    ui.html(lines, sanitize=False, tag="dl").classes("facts")


def part(title: str) -> ui.element:
    """Begin a part of a page under a heading, as the context its content is made in."""
    section = ui.element("section").classes("part")
    with section:
        ui.html(escape(title), sanitize=False, tag="h2")
    return section


def tabs(links: Iterable[tuple[str, str, bool]]) -> None:
    """Links between parts of a page, each with its address, its words, and whether it is the one shown."""
    made = "".join(
        f'<a href="{escape(href)}"{" aria-current=page" if here else ""}>{escape(label)}</a>'
        for href, label, here in links
    )
    ui.html(made, sanitize=False, tag="nav").props('aria-label="Lists"').classes("tabs")


def figures(links: Iterable[tuple[str, int, str, bool]]) -> None:
    """Large figures, each with its address, its number, its words, and whether more than none is bad."""
    made = "".join(
        f'<a href="{escape(href)}" class="{"late" if bad and number else ""}">'
        f"<strong>{number}</strong> {escape(said)}</a>"
        for href, number, said, bad in links
    )
    ui.html(made, sanitize=False).classes("figures")


def fold(title: str) -> ui.element:
    """Something that opens when its title is chosen, as the context its content is made in."""
    folded = ui.element("details").classes("fold")
    with folded:
        ui.html(escape(title), sanitize=False, tag="summary")
    return folded


def lines(texts: Iterable[str]) -> None:
    """A list of sentences."""
    ui.html("".join(f"<li>{escape(text)}</li>" for text in texts), sanitize=False, tag="ul").classes("lines")


def button(label: str, on_click: object, *, kind: str = "plain") -> ui.button:
    """A button. Kinds: plain, main, grave."""
    return ui.button(label, on_click=on_click, color=None).props("no-caps unelevated").classes(f"button {kind}")  # type: ignore[arg-type]


def when(moment: datetime | None) -> str:
    """A time as people read it."""
    return f"{moment:%-d %b %Y, %H:%M} UTC" if moment else "–"


def _line(columns: Sequence[str], row: Row) -> str:
    first, *others = row.cells
    linked = f'<td><a href="{escape(row.href)}">{_cell(first)}</a></td>' if row.href else f"<td>{_cell(first)}</td>"
    rest = [
        f'<td data-column="{escape(column)}">{_cell(cell)}</td>'
        for column, cell in zip(columns[1:], others, strict=True)
    ]
    return f"<tr>{linked}{''.join(rest)}</tr>"


def _cell(value: str | Mark) -> str:
    if isinstance(value, Mark):
        return f'<span class="mark {escape(value.tone)}">{escape(value.text)}</span>'
    return escape(value)
