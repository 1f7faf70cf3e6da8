"""Looks for what an erasure left behind; only when nothing is found may anybody say "done"."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.dialects import mysql

from bot.store.datamap.model import ErasureAction, Match, PolicyClass, Table
from bot.store.engine import for_reading
from bot.store.erasing.deciding import Decider, without_compiling
from bot.store.erasing.generalising import generalised, network
from bot.store.erasing.snapshot import Snapshot
from bot.store.erasing.spelling import any_spelling
from bot.store.erasing.treatment import EVERYTHING, Act, Change, leading_columns
from bot.store.shop import ShopStore, how_many

_PHONE_SIGNS = " -.()/"
_BARE = str.maketrans("", "", _PHONE_SIGNS)
# JSON and addresses write a line break or a quotation mark with letters and digits, which are no part of a word; and
# letters beyond ASCII as well, which are.
_SIGN_BEFORE = "|".join(
    rf"(?<={sign})"
    for sign in (
        r"\\[bfnrt]", r"\\u00[0-9ab][0-9a-f]", r"\\u20[0-9a-f]{2}", r"%[0-7][0-9a-f]", r"%e2%80%[89ab][0-9a-f]",
    )
)  # fmt: skip
_LETTER_AFTER = r"\\u0(?:0[c-f]|[1-7])|%(?:c[3-9]|d[0-9a-f])%[89ab]"
_BESIDE = {"email": (r"(?<!\w[.+-])", r"(?![.-]\w)"), "name": (r"(?<!\w-)", rf"(?!-(?:\w|{_LETTER_AFTER}))")}
_NO_TEXT = (
    sa.Integer, sa.Numeric, sa.Boolean, sa.Date, sa.DateTime, sa.Time, sa.Interval, sa.LargeBinary, sa.BINARY,
    sa.VARBINARY, sa.Enum, sa.Uuid,
)  # fmt: skip


@dataclass(frozen=True)
class Residue:
    """Rows that should be gone, or (with a column) values that should; never the values themselves."""

    table: str
    column: str | None
    rows: int


def residue(shop: ShopStore, snapshot: Snapshot, scope: str, mode: str, today: date) -> list[Residue]:
    """Look through the whole shop database for what should be gone.

    Two searches: rows and columns of the data map that were to go, and a sweep over every text of every table,
    the catalogue and other people's rows included, for the person's unambiguous values. Texts that the law keeps
    (`erase: {keep: …}`) are left out of the sweep; for the scope `recorded`, so is all that the shop did not record.

    Args:
        shop: The shop's database.
        snapshot: From `freeze`.
        scope: `everything` or `recorded`.
        mode: `delete` or `anonymise`.
        today: The day keeping periods are held against.

    Returns:
        Nothing, when the erasure was complete.
    """
    with for_reading(shop.engine).connect() as connection:
        without_compiling(connection)
        decider = Decider(shop, connection, snapshot, scope, mode, today)
        found = [*_structural(decider, connection), *_swept(decider, connection, snapshot, scope)]
    return sorted(set(found), key=lambda each: (each.table, each.column or "", each.rows))


def _structural(decider: Decider, connection: Connection) -> list[Residue]:
    found = []
    for table in decider.datamap.personal_tables():
        live, treatment = decider.tables[table.name], decider.treatment(table.name)
        due = decider.due(table.name)
        if due is not None:
            found.append(Residue(table.name, None, _count(connection, live, due)))
        found += _values_left(connection, table, live, treatment.changes, None, decider.owned(table.name))
        for role, changes in treatment.roles.items():
            rows = decider.ownership.in_role(table.name, role)
            found += _values_left(connection, table, live, changes, role, rows)
    return [each for each in found if each.rows]


def _values_left(
    connection: Connection,
    table: Table,
    live: sa.Table,
    changes: tuple[Change, ...],
    role: str | None,
    rows: ColumnElement[bool],
) -> Iterator[Residue]:
    led_away = _leads_nowhere(table, changes, role)
    for change in changes:
        if change.act is Act.PSEUDONYMISE:
            left = _count(connection, live, rows) if led_away and change.column.name in leading_columns(table) else 0
        else:
            left = _left(connection, live, change, rows)
        yield Residue(table.name, change.column.name, left)


def _leads_nowhere(table: Table, changes: tuple[Change, ...], role: str | None) -> bool:
    """Whether no row can be found any more once the changes were made."""
    changed = {change.column.name for change in changes if change.act in (Act.EMPTY, Act.PSEUDONYMISE)}
    ways = [way for way in table.ways if way.role == role]
    columns = [{way.column} if isinstance(way, Match) else {own for own, _ in way.keys} for way in ways]
    return bool(ways) and all(own & changed for own in columns)


def _left(connection: Connection, live: sa.Table, change: Change, rows: ColumnElement[bool]) -> int:
    """How many of the rows still hold what the map takes away."""
    column = live.c[change.column.name]
    match change.act:
        case Act.EMPTY:
            return _count(connection, live, sa.and_(rows, column.is_not(None)))
        case Act.GENERALISE:
            coarse = generalised(change.how or "", column, connection.dialect.name)
            if coarse is not None:
                return _count(connection, live, sa.and_(rows, column != coarse))
            query = sa.select(column, sa.func.count()).where(rows, column.is_not(None)).group_by(column)
            values = ((str(value), count) for value, count in connection.execute(query))
            return sum(count for value, count in values if value and network(value) != value)
        case _:
            return 0


def _swept(decider: Decider, connection: Connection, snapshot: Snapshot, scope: str) -> list[Residue]:
    needles = snapshot["look_for"]
    found = []
    for name, live in decider.tables.items():
        columns = [column for column in live.c if _is_text(column) and _is_swept(decider, name, column.name, scope)]
        if not columns or not needles:
            continue
        hits = (how_many(_holds(column, needles, connection.dialect.name)) for column in columns)
        counts = connection.execute(sa.select(*hits).select_from(live)).one()
        for column, hit in zip(columns, counts, strict=True):
            rows = _telling(connection, column, needles) if hit else 0
            found += [Residue(name, column.name, rows)] if rows else []
    return found


def by_itself(kind: str, spelled: str) -> str:
    """A pattern, for capitals and small letters alike, of a value that stands by itself and is no part of another's.

    `ann lee` is neither in `joann lee` nor in `ann lee-jones`, `an@example.com` not in `jo.an@example.com`.

    Args:
        kind: What it is: `email`, `name`, or anything else.
        spelled: A pattern of its spellings.
    """
    before, after = _BESIDE.get(kind, ("", ""))
    return rf"(?:(?<!\w)|{_SIGN_BEFORE}){before}(?:{spelled})(?!\w|{_LETTER_AFTER}){after}"


def _telling(connection: Connection, column: sa.Column[Any], needles: Mapping[str, str]) -> int:
    """Of the rows that hold a value somewhere, how many hold it by itself."""
    query = sa.select(sa.cast(column, sa.Text)).where(_holds(column, needles, connection.dialect.name))
    texts = connection.scalars(query.execution_options(yield_per=500))
    return sum(any(_stands(kind, needle, text) for kind, needle in needles.items()) for text in texts)


def _stands(kind: str, needle: str, text: str) -> bool:
    if kind == "phone":
        return needle in text.translate(_BARE)
    return re.search(by_itself(kind, any_spelling(needle)), text, re.IGNORECASE) is not None


def _is_text(column: sa.Column[Any]) -> bool:
    return not isinstance(column.type, _NO_TEXT)


def _is_swept(decider: Decider, table: str, name: str, scope: str) -> bool:
    column = decider.datamap.tables[table].columns[name]
    if column.erase is not None and column.erase.action is ErasureAction.KEEP:
        return False
    return scope == EVERYTHING or column.policy_class is PolicyClass.SERVICE_GENERATED


def _holds(column: sa.Column[Any], needles: Mapping[str, str], dialect: str) -> ColumnElement[bool]:
    text: ColumnElement[Any] = column if isinstance(column.type, sa.String) else sa.cast(column, sa.Text)
    found = []
    for kind, needle in needles.items():
        bare = text
        if kind == "phone":
            for sign in _PHONE_SIGNS:
                bare = sa.func.replace(bare, sign, "")
        if needle.isascii():
            found += [_contains(bare, each, dialect) for each in _spellings(needle)]
        else:
            found.append(sa.cast(bare, _characters(dialect)).regexp_match(any_spelling(needle)))
    return sa.or_(*found)


def _spellings(needle: str) -> set[str]:
    """ASCII as it stands, and as it stands in a JSON text or a web address; quicker to look for than a pattern."""
    return {needle, json.dumps(needle)[1:-1], quote(needle), quote(needle, safe="@")}


def _contains(text: ColumnElement[Any], needle: str, dialect: str) -> ColumnElement[bool]:
    escaped = needle.replace("|", "||").replace("%", "|%").replace("_", "|_")
    lowered: ColumnElement[Any] = sa.func.lower(text)
    pattern = sa.func.lower(sa.literal(f"%{escaped}%"))
    if dialect in ("mysql", "mariadb"):
        # Accents count, so that nobody is taken for somebody with nearly the same name.
        lowered = sa.cast(lowered, _characters(dialect)).collate("utf8mb4_bin")
    return lowered.like(pattern, escape="|")


def _characters(dialect: str) -> sa.types.TypeEngine[Any]:
    return mysql.CHAR(charset="utf8mb4") if dialect in ("mysql", "mariadb") else sa.Text()


def _count(connection: Connection, live: sa.Table, condition: ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(live).where(condition)) or 0
