"""The shop's own table of choices, `consent_records` of the data map: what it says, and new choices added to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import sqlalchemy as sa

from bot.errors import Unavailable
from bot.store.datamap.feasible import uniquely
from bot.store.datamap.model import ConsentRecords
from bot.store.engine import for_reading
from bot.store.erasing.changing import has_key, identity
from bot.store.ownership import cast_key, is_key
from bot.store.shop import ShopStore
from bot.store.shop_times import in_utc, kept, moment, zone_of
from bot.vocabulary import ConsentState

CHANNEL = "chat"
_YES_WORDS = frozenset({"1", "true", "yes"})


@dataclass(frozen=True)
class Recorded:
    """The newest row about a purpose; no state where the table says neither the map's yes nor its no."""

    state: ConsentState | None
    at: datetime


def read(shop: ShopStore, subject: str) -> dict[str, ConsentState]:
    """What a person last said about each purpose as far as the shop's own table knows it."""
    return {purpose: made.state for purpose, made in choices(shop, subject).items() if made.state is not None}


def choices(shop: ShopStore, subject: str) -> dict[str, Recorded]:
    """The newest row about each purpose, with its time; nothing where the shop has no such table."""
    records = shop.datamap.consent_records
    if records is None:
        return {}
    table = shop.metadata.tables[records.table]
    key = cast_key(subject, table.c[records.subject])
    if key is None:
        return {}
    zone = zone_of(table.c[records.at], shop.datamap.timezone)
    with for_reading(shop.engine).connect() as connection, in_utc(connection, table.c[records.at]):
        rows = _own_rows(connection, table, records, key)
    made = [(str(row[records.purpose]), _recorded(table, records, row, zone)) for row in rows]
    # By the moment and not by what is kept: texts of one moment are written in many ways.
    return dict(sorted(((purpose, said) for purpose, said in made if said), key=lambda each: each[1].at))


type _Row = Mapping[str, Any]


def _recorded(table: sa.Table, records: ConsentRecords, row: _Row, zone: tzinfo) -> Recorded | None:
    """What a row says; None where it tells no time.

    In the hour that comes twice when clocks go back, a no counts as the later and all else as the earlier: no yes may
    undo a no that came after it.
    """
    state = _state(table, records, row[records.state])
    at = moment(row[records.at], zone, latest=state is ConsentState.WITHDRAWN)
    return None if at is None else Recorded(state, at)


def _own_rows(connection: sa.Connection, table: sa.Table, records: ConsentRecords, key: Any) -> list[_Row]:
    """A person's rows; of those of one time (or one day) the last by its key counts, and comes last."""
    query = sa.select(table).where(is_key(table.c[records.subject], key)).order_by(*table.primary_key.columns)
    # Some databases take `abc` and `ABC` for the same key. They are not the same person.
    return [dict(row) for row in connection.execute(query).mappings() if row[records.subject] == key]


def write(shop: ShopStore, subject: str, purpose: str, state: ConsentState, at: datetime) -> None:
    """Add a choice to the shop's own table, so that the shop's other programs see it; a repeat adds nothing.

    The table knows a yes and a no: an objection is written as its no. Nothing happens where the shop has no such table.
    A column that holds only the day cannot tell the choices of a day apart: there the last by the table's key counts,
    and where a new row would not come last, the row of that day is changed. What the table has of a later time stands.

    Raises:
        Unavailable: The table does not say this choice of that time after it was written; nothing was changed.
    """
    records = shop.datamap.consent_records
    if records is None:
        return
    table = shop.metadata.tables[records.table]
    key = cast_key(subject, table.c[records.subject])
    if key is None:
        return
    zone = zone_of(table.c[records.at], shop.datamap.timezone)
    word = records.granted if state is ConsentState.GRANTED else records.withdrawn
    row = {
        records.subject: key,
        records.purpose: purpose,
        records.state: _word(table.c[records.state], word),
        records.at: kept(table.c[records.at], at, zone, shop.engine.dialect.name),
    }
    if records.channel:
        row[records.channel] = CHANNEL
    with shop.engine.begin() as connection, in_utc(connection, table.c[records.at]):
        of_then = _of_then(connection, table, records, row, zone)
        if not _says(table, records, of_then, state):
            if of_then and not _comes_last(table, row):
                keys = [tuple(each[column.name] for column in identity(table)) for each in of_then]
                said = {name: row[name] for name in (records.state, records.channel) if name}
                connection.execute(sa.update(table).where(has_key(table, keys)).values(said))
            else:
                connection.execute(sa.insert(table).values(row))
            if not _says(table, records, _of_then(connection, table, records, row, zone), state):
                raise Unavailable


def _of_then(
    connection: sa.Connection, table: sa.Table, records: ConsentRecords, new: _Row, zone: tzinfo
) -> list[_Row]:
    """The row that counts about the person, purpose and time of a new one; nothing where there is none.

    Without a key nothing says which row of one time is the last, so there all of them are given.
    """
    then, purpose = moment(new[records.at], zone), new[records.purpose]
    own = _own_rows(connection, table, records, new[records.subject])
    rows = [row for row in own if moment(row[records.at], zone) == then and str(row[records.purpose]) == purpose]
    return rows[-1:] if table.primary_key.columns else rows


def _says(table: sa.Table, records: ConsentRecords, of_then: list[_Row], state: ConsentState) -> bool:
    said = ConsentState.GRANTED if state is ConsentState.GRANTED else ConsentState.WITHDRAWN
    return bool(of_then) and all(_state(table, records, row[records.state]) is said for row in of_then)


def _comes_last(table: sa.Table, new: _Row) -> bool:
    """Whether the table takes a second row of one time, and counts its rows, so that the new one is the last."""
    return table.autoincrement_column is not None and not any(key and key <= new.keys() for key in uniquely(table))


def unfillable(shop: ShopStore) -> list[str]:
    """Columns that every row of the table must have and the desk has nothing for."""
    records = shop.datamap.consent_records
    if records is None:
        return []
    table = shop.metadata.tables[records.table]
    filled = {records.subject, records.purpose, records.state, records.at, records.channel}
    return [column.name for column in table.columns if column.name not in filled and _must_be_given(table, column)]


def _must_be_given(table: sa.Table, column: sa.Column[Any]) -> bool:
    counted = table.autoincrement_column is column
    return not (column.nullable or counted or column.server_default or column.identity or column.computed)


def _word(column: sa.Column[Any], word: str) -> str | int | bool:
    if isinstance(column.type, sa.Boolean):
        return word.lower() in _YES_WORDS
    return int(word) if isinstance(column.type, sa.Integer) and word.isdigit() else word


def _state(table: sa.Table, records: ConsentRecords, found: Any) -> ConsentState | None:
    column = table.c[records.state]
    if found == _word(column, records.granted):
        return ConsentState.GRANTED
    return ConsentState.WITHDRAWN if found == _word(column, records.withdrawn) else None
