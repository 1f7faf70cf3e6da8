"""The shop's own database, read by the data map. Nothing about its tables is declared here."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row
from sqlalchemy.exc import SQLAlchemyError

from bot.store.datamap.column_types import day_said
from bot.store.datamap.model import Category, Column, DataMap, Show, Table
from bot.store.datamap.reflecting import reflect
from bot.store.engine import for_reading
from bot.store.ownership import Ownership, cast_key, condition_of, is_key, written_key

log = structlog.get_logger("shop")
_BATCH = 500
_LISTED = 3


def if_it_answers[T](look: Callable[[], T]) -> T | None:
    """What a look at the shop's database gives; None while it does not answer, for what can go on without."""
    try:
        return look()
    except SQLAlchemyError as error:
        log.warning("the shop's database does not answer", error=type(error).__name__)
        return None


@dataclass(frozen=True)
class Listed:
    """A few of the different values of one column; `more` when there are others, `filled` rows have any."""

    column: Column
    values: tuple[Any, ...]
    more: bool
    filled: int


@dataclass(frozen=True)
class Holding:
    """What one table holds about one person, without the rows themselves.

    Attributes:
        role: None for rows the person owns; otherwise as whom they stand in other people's rows.
        count: How many rows, `removed` of them marked as removed by the shop.
        first: When the oldest and the `last` newest row came to be, where the table says so. Neither these nor
            `removed` are told for rows of others.
        listed: The columns of the map's `overview`.
        elsewhere: Rows that hold values of other categories than the table's own, such as an IP address in an order.
    """

    table: Table
    role: str | None
    count: int
    removed: int
    first: date | None
    last: date | None
    listed: tuple[Listed, ...]
    elsewhere: tuple[tuple[Category, int], ...]


@dataclass(frozen=True)
class Filled:
    """How many rows there are, and how many of them have a value in each column."""

    rows: int
    columns: dict[str, int]


def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Of the rows of a query, how many a condition holds for: many of these are counted in one query."""
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


class ShopStore:
    """Finds what the shop holds about a customer.

    Args:
        engine: The shop's database.
        datamap: How its rows belong to people.

    Attributes:
        metadata: The live schema, reflected once.
    """

    def __init__(self, engine: Engine, datamap: DataMap) -> None:
        self.engine = engine
        self._reads = for_reading(engine)
        self.datamap = datamap
        self.metadata = reflect(engine, datamap.schemas)

    def customer(self, subject_id: str) -> dict[str, Any] | None:
        """The customer's own row, or None for an id that nobody has."""
        with self._reads.connect() as connection:
            return self._customer(connection, subject_id)

    def number_of(self, subject_id: str) -> str | None:
        """A customer's number as the desk writes it, or None for an id that nobody has.

        Whatever comes from outside goes through this before it is kept: a UUID may be sent in capitals as well, and the
        desk's own tables compare texts.
        """
        customer = self.customer(subject_id)
        return None if customer is None else written_key(customer[self.datamap.subject.key])

    def birth_dates(self, since: date) -> Iterator[tuple[str, Any]]:
        """Customers born on that day or later, with their birth date as the shop keeps it.

        Where it is kept as text, everybody's is given: texts of any form are the caller's to read.
        """
        subject = self.datamap.subject
        if subject.birth_date is None:
            return
        people = self.metadata.tables[subject.table]
        born = people.c[subject.birth_date]
        ours = [condition_of(people, each) for each in subject.when]
        young = born >= since if isinstance(born.type, sa.Date | sa.DateTime) else born.is_not(None)
        query = sa.select(people.c[subject.key], born).where(young, *ours)
        with self._reads.connect() as connection:
            for key, value in connection.execution_options(yield_per=_BATCH).execute(query):
                yield written_key(key), value

    def rows_of(self, subject_id: str, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table that the customer owns, read as they are needed.

        Rows are complete: columns that are about somebody else are the caller's to hide (`Column.about`).

        Raises:
            KeyError: The data map knows no such table.
        """
        described = self.datamap.tables[table]
        return iter(()) if described.not_personal else self._rows(subject_id, table, None)

    def rows_naming(self, subject_id: str, table: str, role: str) -> Iterator[dict[str, Any]]:
        """Other people's rows that name the customer in a role, cut to what is about the customer."""
        about = {name for name, column in self.datamap.tables[table].columns.items() if column.about == role}
        for row in self._rows(subject_id, table, role):
            yield {name: value for name, value in row.items() if name in about}

    def columns_of(
        self, subject_id: str, table: str, names: Sequence[str], role: str | None = None
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Some columns of the customer's rows, or of those that name them in a role; nothing else is read.

        Yields:
            The columns' values for the next few hundred rows, in the order of `names`.
        """
        live = self.metadata.tables[table]
        with self._reading(subject_id) as (connection, ownership):
            if ownership is None:
                return
            columns = [live.c[name] for name in names]
            query = sa.select(*columns).where(self._where(ownership, table, role)).order_by(*live.primary_key.columns)
            result = connection.execution_options(yield_per=_BATCH).execute(query)
            for rows in result.partitions():
                yield list(zip(*rows, strict=True))

    def filled_in(self, subject_id: str, table: str, names: Sequence[str], role: str | None = None) -> Filled:
        """How many such rows there are, and in how many of them each of these columns says something."""
        live = self.metadata.tables[table]
        with self._reading(subject_id) as (connection, ownership):
            if ownership is None:
                return Filled(0, {})
            counts = [sa.func.count(), *(sa.func.count(day_said(live.c[name])) for name in names)]
            query = sa.select(*counts).select_from(live).where(self._where(ownership, table, role))
            rows, *filled = connection.execute(query).one()
            return Filled(rows, dict(zip(names, filled, strict=True)))

    def holdings(self, subject_id: str) -> list[Holding]:
        """What each table holds about the customer, tables with nothing left out."""
        with self._reading(subject_id) as (connection, ownership):
            if ownership is None:
                return []
            found = [
                self._holding(connection, table, role, self._where(ownership, table.name, role))
                for table in self.datamap.personal_tables()
                for role in (None, *table.roles)
            ]
        return [holding for holding in found if holding.count]

    def _customer(self, connection: Connection, subject_id: str) -> dict[str, Any] | None:
        people = self.metadata.tables[self.datamap.subject.table]
        column = people.c[self.datamap.subject.key]
        key = cast_key(subject_id, column)
        if key is None:
            return None
        ours = [condition_of(people, each) for each in self.datamap.subject.when]
        row = connection.execute(sa.select(people).where(is_key(column, key), *ours)).mappings().first()
        # Some databases take `abc` and `ABC` for the same key. They are not the same person.
        return dict(row) if row is not None and row[column.name] == key else None

    @contextmanager
    def _reading(self, subject_id: str) -> Iterator[tuple[Connection, Ownership | None]]:
        with self._reads.connect() as connection:
            customer = self._customer(connection, subject_id)
            found = None if customer is None else Ownership(self.datamap, self.metadata, connection, customer)
            yield connection, found

    @staticmethod
    def _where(ownership: Ownership, table: str, role: str | None) -> ColumnElement[bool]:
        return ownership.owned(table) if role is None else ownership.in_role(table, role)

    def _rows(self, subject_id: str, table: str, role: str | None) -> Iterator[dict[str, Any]]:
        live = self.metadata.tables[table]
        with self._reading(subject_id) as (connection, ownership):
            if ownership is None:
                return
            query = sa.select(live).where(self._where(ownership, table, role)).order_by(*live.primary_key.columns)
            for row in connection.execution_options(yield_per=_BATCH).execute(query).mappings():
                yield dict(row)

    def _holding(self, connection: Connection, table: Table, role: str | None, where: ColumnElement[bool]) -> Holding:
        live = self.metadata.tables[table.name]
        others = _other_categories(table, role)
        removed = [condition_of(live, each) for each in table.removed_when] if role is None else []
        dated = day_said(live.c[table.date]) if table.date and table.columns[table.date].about == role else None
        query = sa.select(
            sa.func.count(),
            how_many(sa.and_(*removed)) if removed else sa.literal(0),
            *(_NO_DATES if dated is None else (sa.func.min(dated), sa.func.max(dated))),
            *(how_many(sa.or_(*(day_said(live.c[name]).is_not(None) for name in names))) for names in others.values()),
        ).select_from(live).where(where)  # fmt: skip
        count, hidden, first, last, *elsewhere = connection.execute(query).one()
        columns = [] if not count else _overview(table, role)
        return Holding(
            table, role, count, int(hidden or 0), first, last,
            tuple(self._listed(connection, table, name, where) for name in columns),
            tuple((self.datamap.categories[key], int(n)) for key, n in zip(others, elsewhere, strict=True) if n),
        )  # fmt: skip

    def _listed(self, connection: Connection, table: Table, name: str, where: ColumnElement[bool]) -> Listed:
        live, column = self.metadata.tables[table.name], table.columns[name]
        said = day_said(live.c[name])
        held = where & said.is_not(None)
        filled = connection.scalar(sa.select(sa.func.count()).select_from(live).where(held)) or 0
        rows: list[Row[Any]] = []
        if column.show is not Show.COUNT:
            query = sa.select(said).where(held).distinct().order_by(said).limit(_LISTED + 1)
            rows = list(connection.execute(query))
        values = tuple(row[0] for row in rows[:_LISTED])
        return Listed(column, values, len(rows) > _LISTED, filled)


_NO_DATES = (sa.null(), sa.null())


def _overview(table: Table, role: str | None) -> list[str]:
    return [name for name in table.overview if table.columns[name].about == role]


def _other_categories(table: Table, role: str | None) -> dict[str, list[str]]:
    """Columns whose category is not the table's own, by category."""
    found: dict[str, list[str]] = {}
    for name, column in table.columns.items():
        if column.category and column.category is not table.category and column.about == role:
            found.setdefault(column.category.key, []).append(name)
    return found
