"""The data map as a table for the documentation: what is held, why, for how long, and what erasure leaves."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from bot.store.datamap.model import Category, Column, DataMap, ErasureAction, Show, Table

HEADS = (
    "Table", "Data", "Class", "Purpose", "Recipients", "Retention", "Legal basis", "Shown", "May be corrected",
    "Erasure",
    "What stays rests on", "Until",
)  # fmt: skip
_DONE = {
    ErasureAction.DELETE: "deleted",
    ErasureAction.NULLIFY: "emptied",
    ErasureAction.PSEUDONYMISE: "replaced by a made-up value",
    ErasureAction.GENERALISE: "made coarse",
    ErasureAction.KEEP: "kept",
}
_NOTHING = "–"


@dataclass(frozen=True)
class Row:
    """One kind of data in one table, as the documentation's table tells it."""

    table: str
    data: str
    policy_class: str
    purpose: str
    recipients: str
    retention: str
    legal_basis: str
    shown: str
    correct: str
    erasure: str
    basis: str
    until: str


def rows(datamap: DataMap) -> Iterator[Row]:
    """Every kind of data of every table about people, in the map's order."""
    for table in datamap.personal_tables():
        found: dict[str, list[Column]] = {}
        for column in table.columns.values():
            if column.category is not None:
                found.setdefault(column.category.key, []).append(column)
        for key, columns in found.items():
            yield _row(table, datamap.categories[key], columns)


def others(datamap: DataMap) -> Iterator[tuple[str, str]]:
    """Tables about nobody, with the reason."""
    return ((table.name, table.not_personal) for table in datamap.tables.values() if table.not_personal)


def markdown(datamap: DataMap) -> str:
    """Two tables in Markdown: what is about people, and what is not."""
    lines = [_line(HEADS), _line(("---",) * len(HEADS))]
    lines += [_line(astuple(row)) for row in rows(datamap)]
    lines += ["", _line(("Table", "Why nothing in it is about people")), _line(("---", "---"))]
    lines += [_line(pair) for pair in others(datamap)]
    return "\n".join(lines) + "\n"


def _row(table: Table, category: Category, columns: list[Column]) -> Row:
    kept = list(dict.fromkeys(column.erase.keep for column in columns if column.erase and column.erase.keep))
    return Row(
        table.name,
        category.title,
        category.policy_class,
        category.purpose,
        ", ".join(category.recipients) or _NOTHING,
        category.retention,
        category.legal_basis,
        _shown(columns),
        ", ".join(column.label for column in columns if column.correct) or _NOTHING,
        _erasure(table, columns),
        "; ".join(reason.basis for reason in kept) or _NOTHING,
        "; ".join(reason.until for reason in kept) or _NOTHING,
    )


def _shown(columns: list[Column]) -> str:
    open_ones = [column for column in columns if column.show in {Show.PLAIN, Show.MASKED}]
    if not open_ones:
        return "only how many" if any(column.show is Show.COUNT for column in columns) else "no"
    masked = sum(column.show is Show.MASKED for column in open_ones)
    return f"{len(open_ones)} of {len(columns)} columns" + (f", {masked} masked" if masked else "")


def _erasure(table: Table, columns: list[Column]) -> str:
    done: dict[str, list[str]] = {}
    for column in columns:
        if column.erase is not None:
            done.setdefault(_DONE[column.erase.action], []).append(column.name)
    if table.deletes_rows and list(done) == ["deleted"]:
        return "rows deleted" + (", or made anonymous on request" if table.anonymous else "")
    parts = [f"{word}: {', '.join(names)}" for word, names in done.items()]
    return "rows " + ("deleted" if table.deletes_rows else "stay") + "; " + "; ".join(parts)


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
