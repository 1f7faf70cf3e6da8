"""The shop's own table of choices, `consent_records` of the data map: what it says, and new choices added to it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from bot.store.datamap.model import ConsentRecords
from bot.store.engine import for_reading
from bot.store.ownership import cast_key, is_key
from bot.store.shop import ShopStore
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
    order = [table.c[records.at].asc(), *table.primary_key.columns]
    query = sa.select(table).where(is_key(table.c[records.subject], key)).order_by(*order)
    found: dict[str, Recorded] = {}
    with for_reading(shop.engine).connect() as connection:
        for row in connection.execute(query).mappings():
            at = moment(row[records.at])
            # Some databases take `abc` and `ABC` for the same key. They are not the same person.
            if row[records.subject] == key and at is not None:
                found[str(row[records.purpose])] = Recorded(_state(table, records, row[records.state]), at)
    return found


def write(shop: ShopStore, subject: str, purpose: str, state: ConsentState, at: datetime) -> None:
    """Add a choice to the shop's own table, so that the shop's other programs see it; a repeat adds nothing.

    The table knows a yes and a no: an objection is written as its no. Nothing happens where the shop has no such table.
    """
    records = shop.datamap.consent_records
    if records is None:
        return
    table = shop.metadata.tables[records.table]
    key = cast_key(subject, table.c[records.subject])
    if key is None:
        return
    word = records.granted if state is ConsentState.GRANTED else records.withdrawn
    row = {
        records.subject: key,
        records.purpose: purpose,
        records.state: _word(table.c[records.state], word),
        records.at: _kept_moment(table.c[records.at], at, shop.engine.dialect.name),
    }
    if records.channel:
        row[records.channel] = CHANNEL
    same = sa.and_(
        is_key(table.c[records.subject], key),
        *(table.c[name] == row[name] for name in (records.purpose, records.state, records.at)),
    )
    with shop.engine.begin() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(table).where(same)) == 0:
            connection.execute(sa.insert(table).values(row))


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


def _kept_moment(column: sa.Column[Any], at: datetime, dialect: str) -> datetime | date | int | str:
    """The time as the column can hold it, always in UTC, so that a repeat finds the row it wrote."""
    at = at.astimezone(UTC)
    kind = column.type
    if isinstance(kind, sa.Integer):
        return int(at.timestamp())
    if isinstance(kind, sa.Date):
        return at.date()
    if not isinstance(kind, sa.DateTime):
        return at.isoformat(timespec="seconds")
    if dialect in {"mysql", "mariadb"}:
        # Its columns of time round to the second unless they were made with more digits.
        at = at.replace(microsecond=0)
    return at if kind.timezone else at.replace(tzinfo=None)


def moment(found: Any) -> datetime | None:
    """A time as the shop's database has it, in UTC; None for what is no time."""
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found.strip())
        except ValueError:
            return None
    if isinstance(found, datetime):
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return datetime.fromtimestamp(found, UTC) if isinstance(found, int) else None
