"""Looks at a few values of each text column to learn their shape. No value ever leaves this module."""

import re
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.store.datamap.scaffold.kinds import Kind, is_text
from bot.store.datamap.scaffold.words import words

_ROWS = 60
_SIGNS = 200
_LEAST = 3
_SHARE = 0.5
_SHAPES = (
    (Kind.EMAIL, re.compile(r"\s*[^@\s]{1,64}@[^@\s]+\.[A-Za-z]{2,24}\s*")),
    (Kind.IP, re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}")),
    (Kind.SECRET, re.compile(r"\$2[aby]\$.{50,}|\$argon2.+|\$P\$.{20,}|pbkdf2.+|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")),
    (Kind.BLOB, re.compile(r'[\[{].*["\]}:].*|a:\d+:\{.*', re.DOTALL)),
    (Kind.PHONE, re.compile(r"\+\d[\d ()/.-]{7,18}|0\d{2,5}[ /-]\d[\d ()/-]{4,14}|\(\d{3}\) ?\d{3}-\d{4}")),
    (Kind.DEVICE, re.compile(r"Mozilla/\d.*", re.DOTALL)),
)
_CLASS_NAME = re.compile(r"[A-Za-z_]{2,40}(?:(?:\\|::)[A-Za-z_]{2,40}){0,6}")


def shapes(connection: Connection, table: sa.Table) -> dict[str, Kind]:
    """Kinds that the values of a table's text columns themselves show, by column; a table that cannot be read: none."""
    texts = [column for column in table.c if is_text(column)]
    if not texts:
        return {}
    cut = [sa.func.substr(sa.cast(column, sa.Text) if _odd(column) else column, 1, _SIGNS) for column in texts]
    try:
        rows = connection.execute(sa.select(*cut).select_from(table).limit(_ROWS)).all()
    except SQLAlchemyError:
        connection.rollback()
        return {}
    found = {}
    for number, column in enumerate(texts):
        held = [str(row[number]) for row in rows if row[number] is not None and str(row[number]).strip()]
        kind = _shape(held)
        if kind is not None:
            found[column.name] = kind
    return found


def _odd(column: sa.Column[object]) -> bool:
    return type(column.type).__module__.endswith(("citext", "base")) and type(column.type).__name__ == "CITEXT"


def _shape(held: Iterable[str]) -> Kind | None:
    held = list(held)
    if len(held) < _LEAST:
        return None
    for kind, pattern in _SHAPES:
        if sum(bool(pattern.fullmatch(value)) for value in held) >= _SHARE * len(held):
            return kind
    return None


def owner_words(
    connection: Connection, column: sa.Column[object], known: Mapping[str, str]
) -> tuple[dict[str, str], bool]:
    """Which tables a polymorphic owner column names: its words for them, by table.

    A word is told only when it is the name of a table (or of a class called like one), never anything else.

    Args:
        connection: The shop's database.
        column: The column of types, such as `owner_type`.
        known: Tables by the plain spelling of one row of them.

    Returns:
        The words found, and whether every word in the column was one of them.
    """
    try:
        rows = connection.execute(sa.select(column).where(column.is_not(None)).distinct().limit(_ROWS)).all()
    except SQLAlchemyError:
        connection.rollback()
        return {}, False
    found: dict[str, str] = {}
    complete = bool(rows)
    for (value,) in rows:
        name = _CLASS_NAME.fullmatch(value) if isinstance(value, str) else None
        table = known.get(" ".join(words(re.split(r"\\|::", value)[-1]))) if name else None
        if table is None or table in found:
            complete = False
        else:
            found[table] = value
    return found, complete
