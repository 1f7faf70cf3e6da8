"""Corrections in the shop's own tables: what a person may correct, and each change made only where nothing moved.

Which columns may be corrected, and which rows are whose, is the data map's word.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import IntegrityError

from bot.store.datamap.model import Column, Match, PolicyClass, Table
from bot.store.engine import for_reading
from bot.store.ownership import Ownership, cast_key, is_key, normalised, not_removed, written_key
from bot.store.shop import ShopStore

_MOST_ROWS = 20


@dataclass(frozen=True)
class Change:
    """One value that becomes another. Values are text as in `as_text`; `key` names the row."""

    table: str
    key: dict[str, Any]
    column: str
    label: str
    before: str | None
    after: str

    def as_dict(self) -> dict[str, Any]:
        """For the request's details."""
        return asdict(self)


@dataclass(frozen=True)
class OwnRow:
    """A row of the person that holds something they may correct."""

    table: Table
    key: dict[str, Any]
    values: Mapping[str, Any]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class NamedRow:
    """A row whose facts a person disputes, found by the name they gave."""

    table: str
    key: dict[str, Any]
    name: str


def as_text(value: Any) -> str | None:
    """A stored value as the details of a request keep it; a point in time without hours is a date."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)


def correctable_rows(shop: ShopStore, subject_id: str) -> list[OwnRow]:
    """The person's rows with something in them that they may correct, the newest of each table first.

    Left out are rows the shop has removed, columns about somebody else, kinds of data that the policy does not open
    (clauses `access-and-correction`, `no-access`), and the address by which a row finds its owner: it follows the
    account's, or the row would be nobody's.
    """
    customer = shop.customer(subject_id)
    if customer is None:
        return []
    with for_reading(shop.engine).connect() as connection:
        ownership = Ownership(shop.datamap, shop.metadata, connection, customer)
        return [
            OwnRow(table, key, row, columns)
            for table in shop.datamap.personal_tables()
            if (columns := _correctable(table))
            for row in _rows(connection, shop, ownership, table)
            if (key := _key_of(shop.metadata.tables[table.name], row))
        ]


def followers(shop: ShopStore, subject_id: str, address: str) -> list[Change]:
    """The changes that follow from a new e-mail address of the account.

    Rows that find their owner by the old address (a newsletter, orders without an account) get the new one;
    otherwise they would be lost to the person's own copy and deletion.
    """
    customer, email = shop.customer(subject_id), shop.datamap.subject.email
    if customer is None or email is None:
        return []
    found: list[Change] = []
    with for_reading(shop.engine).connect() as connection:
        ownership = Ownership(shop.datamap, shop.metadata, connection, customer)
        for table in shop.datamap.personal_tables():
            live = shop.metadata.tables[table.name]
            for name in _matched(table, email):
                mine = ownership.owned(table.name) & _says(live.c[name], str(customer[email]), connection)
                for row in connection.execute(sa.select(live).where(mine)).mappings():
                    if (key := _key_of(live, row)) and row[name] != address:
                        label = table.columns[name].label
                        found.append(Change(table.name, key, name, label, as_text(row[name]), address))
    return found


def is_taken(shop: ShopStore, subject_id: str, address: str) -> bool:
    """Whether another customer has this e-mail address, in any casing."""
    subject = shop.datamap.subject
    if subject.email is None:
        return False
    people = shop.metadata.tables[subject.table]
    own = cast_key(subject_id, people.c[subject.key])
    with for_reading(shop.engine).connect() as connection:
        query = sa.select(people.c[subject.key]).where(_says(people.c[subject.email], address, connection)).limit(2)
        return any(key != own for key in connection.scalars(query))


def is_account_email(shop: ShopStore, change: Change) -> bool:
    """Whether this is a new e-mail address of the account itself."""
    subject = shop.datamap.subject
    return (change.table, change.column) == (subject.table, subject.email)


def disputable(shop: ShopStore, subject_id: str) -> list[Table]:
    """Tables whose facts are disputed rather than overwritten, where the person has a row."""
    tables = [table for table in shop.datamap.personal_tables() if table.named_by]
    return [table for table in tables if _one(shop, subject_id, table) is not None]


def named_row(shop: ShopStore, subject_id: str, name: str) -> NamedRow | None:
    """The person's own row of that name, such as an order number; somebody else's is as good as none."""
    for table in shop.datamap.personal_tables():
        if table.named_by and (row := _one(shop, subject_id, table, name)) is not None:
            key = _key_of(shop.metadata.tables[table.name], row)
            if key:
                return NamedRow(table.name, key, str(row[table.named_by]))
    return None


def correct(shop: ShopStore, subject_id: str, changes: Sequence[Change]) -> list[Change]:
    """Make changes in one transaction; run again, it finds them made.

    A value that is neither what it was nor what it is to be was changed by somebody else meanwhile and stays.
    A new e-mail address of the account, and what follows from it, is made as a whole or not at all, and not when
    another customer has it by now; it is unconfirmed from then on.

    Returns:
        The changes that were not made.
    """
    customer = shop.customer(subject_id)
    if customer is None:
        return list(changes)
    account = [each for each in changes if is_account_email(shop, each)]
    follow = [each for each in changes if each not in account and _follows(shop, each)]
    others = [each for each in changes if each not in account and each not in follow]
    groups = [[*account, *follow], *([each] for each in others)]
    with shop.engine.begin() as connection:
        ownership = Ownership(shop.datamap, shop.metadata, connection, customer)
        # Worked out before anything changes: some rows are found by the very address that is corrected.
        owned = {name: ownership.owned(name) for name in dict.fromkeys(each.table for each in changes)}
        return [left for group in groups for left in _as_a_whole(connection, shop, owned, group)]


def standing(shop: ShopStore, changes: Iterable[Change]) -> list[Change]:
    """The changes that the tables show as made."""
    with for_reading(shop.engine).connect() as connection:
        return [each for each in changes if _value(connection, shop, each, lock=False) == (each.after,)]


def _correctable(table: Table) -> tuple[Column, ...]:
    matched = {way.column for way in table.ways if isinstance(way, Match)}
    return tuple(
        column
        for name, column in table.columns.items()
        if column.correct
        and column.about is None
        and name not in matched
        and column.policy_class is PolicyClass.PERSONAL_CENTER
    )


def _rows(connection: Connection, shop: ShopStore, ownership: Ownership, table: Table) -> list[Mapping[str, Any]]:
    live = shop.metadata.tables[table.name]
    newest = [live.c[table.date].desc()] if table.date else []
    query = sa.select(live).where(ownership.owned(table.name), not_removed(live, table.removed_when))
    query = query.order_by(*newest, *live.primary_key.columns)
    return [dict(row) for row in connection.execute(query.limit(_MOST_ROWS)).mappings()]


def _one(shop: ShopStore, subject_id: str, table: Table, name: str | None = None) -> Mapping[str, Any] | None:
    customer = shop.customer(subject_id)
    if customer is None or table.named_by is None:
        return None
    live = shop.metadata.tables[table.name]
    with for_reading(shop.engine).connect() as connection:
        query = sa.select(live).where(Ownership(shop.datamap, shop.metadata, connection, customer).owned(table.name))
        if name is not None:
            query = query.where(_says(sa.cast(live.c[table.named_by], sa.String(255)), name, connection))
        row = connection.execute(query.limit(1)).mappings().first()
        return None if row is None else dict(row)


def _matched(table: Table, email: str) -> list[str]:
    ways = (way for way in table.ways if isinstance(way, Match) and way.role is None and way.to == email)
    return list(dict.fromkeys(way.column for way in ways))


def _follows(shop: ShopStore, change: Change) -> bool:
    email = shop.datamap.subject.email
    return email is not None and change.column in _matched(shop.datamap.tables[change.table], email)


def _says(column: ColumnElement[Any], text: str, connection: Connection) -> ColumnElement[bool]:
    dialect = connection.dialect.name
    return normalised(column, dialect) == normalised(sa.literal(text), dialect)


def _key_of(live: sa.Table, row: Mapping[Any, Any]) -> dict[str, Any] | None:
    """The row's key as JSON can keep it, or None for keys that cannot be told apart in text."""
    key: dict[str, Any] = {}
    for column in live.primary_key.columns:
        value = row[column.name]
        text = written_key(value)
        if cast_key(text, column) != value:
            return None
        key[column.name] = value if isinstance(value, int) else text
    return key or None


def _is_row(live: sa.Table, key: Mapping[str, Any]) -> ColumnElement[bool]:
    return sa.and_(*(is_key(live.c[name], cast_key(str(value), live.c[name])) for name, value in key.items()))


def _value(connection: Connection, shop: ShopStore, change: Change, *, lock: bool) -> tuple[str | None] | None:
    live = shop.metadata.tables[change.table]
    query = sa.select(live.c[change.column]).where(_is_row(live, change.key))
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else (as_text(row[0]),)


def _as_a_whole(
    connection: Connection, shop: ShopStore, owned: Mapping[str, ColumnElement[bool]], group: Sequence[Change]
) -> list[Change]:
    """Make the first change and then the others; when the first cannot be made, none is."""
    left: list[Change] = []
    try:
        with connection.begin_nested():
            for place, change in enumerate(group):
                if not _make(connection, shop, owned[change.table], change):
                    if place == 0:
                        return list(group)
                    left.append(change)
    except IntegrityError:
        return list(group)
    return left


def _make(connection: Connection, shop: ShopStore, owned: ColumnElement[bool], change: Change) -> bool:
    """Change one value, if it is the person's and still what it was. True when it stands as it should."""
    live = shop.metadata.tables[change.table]
    found = _value(connection, shop, change, lock=True)
    if found == (change.after,):
        return True
    row = _is_row(live, change.key)
    mine = connection.scalar(sa.select(sa.func.count()).select_from(live).where(row, owned))
    if found != (change.before,) or not mine or _is_anothers(connection, shop, change):
        return False
    values = {change.column: _from_text(change.after, live.c[change.column])} | _unconfirmed(shop, change)
    connection.execute(sa.update(live).where(row).values(values))
    return True


def _is_anothers(connection: Connection, shop: ShopStore, change: Change) -> bool:
    """Whether a new address of the account became another customer's since it was agreed; not every shop forbids it."""
    if not is_account_email(shop, change):
        return False
    people = shop.metadata.tables[change.table]
    another = _says(people.c[change.column], change.after, connection) & sa.not_(_is_row(people, change.key))
    return connection.scalar(sa.select(sa.func.count()).select_from(people).where(another)) != 0


def _unconfirmed(shop: ShopStore, change: Change) -> dict[str, Any]:
    subject = shop.datamap.subject
    if not is_account_email(shop, change) or subject.email_confirmed is None:
        return {}
    column = shop.metadata.tables[subject.table].c[subject.email_confirmed]
    return {column.name: None if column.nullable else 0}


def _from_text(text: str, column: sa.Column[Any]) -> Any:
    match column.type:
        case sa.DateTime():
            return datetime.fromisoformat(text)
        case sa.Date():
            return date.fromisoformat(text)
        case sa.Integer():
            return int(text)
        case _:
            return text
