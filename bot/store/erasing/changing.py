"""Changes and deletes rows in few statements, however many rows there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from bot.errors import SetupError
from bot.store.datamap.column_types import day_said
from bot.store.erasing.generalising import generalised, network
from bot.store.erasing.members import with_members_changed
from bot.store.erasing.pseudonyms import is_pseudonym, pseudonym
from bot.store.erasing.treatment import Act, Change

Key = tuple[Any, ...]

_FEW = 200  # different values that one statement replaces
_BATCH = 500
_ATTEMPTS = 100
_MYSQL = ("mysql", "mariadb")
_INCOMPARABLE = (sa.JSON, sa.types.NullType)


@dataclass(frozen=True)
class Writer:
    """Writes to one shop database within one transaction."""

    connection: Connection
    secret: bytes

    def delete(self, table: sa.Table, condition: ColumnElement[bool]) -> None:
        """Delete rows."""
        self.connection.execute(sa.delete(table).where(self._aimed(table, condition)))

    def empty(self, table: sa.Table, names: Sequence[str], condition: ColumnElement[bool]) -> None:
        """Take away what leads to other rows."""
        values = {name: sa.null() for name in names}
        self.connection.execute(sa.update(table).where(self._aimed(table, condition)).values(values))

    def change(self, table: sa.Table, changes: Sequence[Change], condition: ColumnElement[bool]) -> None:
        """Carry out what the map demands for the columns of rows that stay."""
        if not changes:
            return
        one_by_one = [change for change in changes if self._is_worked_out(change, table)]
        found = {change: self._different(table, change, condition) for change in one_by_one}
        if any(values is None for values in found.values()):
            for keys in batched(keys_of(self.connection, table, condition), _BATCH):
                self._change_keys(table, changes, keys)
            return
        values = {change.column.name: self._plainly(table, change) for change in changes if change not in found}
        for change, different in found.items():
            column = table.c[change.column.name]
            made = self._replacements(table, change, different or [])
            cases = [(column == old, _bound(new, column)) for old, new in made]
            if cases:
                values[column.name] = sa.case(*cases, else_=column)
        self._update(table, values, condition, changes)

    def _change_keys(self, table: sa.Table, changes: Sequence[Change], keys: Sequence[Key]) -> None:
        """A batch of rows by their keys, each with values of its own."""
        among = has_key(table, keys)
        worked = [change for change in changes if self._is_worked_out(change, table)]
        primary = identity(table)
        rows = self.connection.execute(
            sa.select(*primary, *(table.c[c.column.name] for c in worked)).where(among)
        ).all()
        values = {change.column.name: self._plainly(table, change) for change in changes if change not in worked}
        for place, change in enumerate(worked, start=len(primary)):
            column = table.c[change.column.name]
            new = self._replaced(table, change, [row[place] for row in rows])
            cases = [
                (_is_row(table, tuple(row[: len(primary)])), _bound(value, column))
                for row, value in zip(rows, new, strict=True)
            ]
            values[column.name] = sa.case(*cases, else_=column)
        self._update(table, values, among, changes)

    def _update(
        self, table: sa.Table, values: dict[str, Any], condition: ColumnElement[bool], changes: Sequence[Change]
    ) -> None:
        if not values:
            return
        # Rows that have nothing to lose are not written again.
        filled = sa.or_(*(table.c[change.column.name].is_not(None) for change in changes))
        aimed = self._aimed(table, sa.and_(condition, filled))
        self.connection.execute(sa.update(table).where(aimed).values(values))

    def _aimed(self, table: sa.Table, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """MySQL and MariaDB change no table that the condition reads; there the keys are collected first."""
        if self.connection.dialect.name not in _MYSQL or not table.primary_key.columns:
            return condition
        keys = sa.select(*table.primary_key.columns).where(condition).distinct().subquery()
        return sa.and_(*(column == keys.c[column.name] for column in table.primary_key.columns))

    def _is_worked_out(self, change: Change, table: sa.Table) -> bool:
        """Whether the new value cannot be written as SQL."""
        if change.act is Act.GENERALISE:
            return generalised(change.how or "", table.c[change.column.name], self.connection.dialect.name) is None
        return change.act in (Act.PSEUDONYMISE, Act.MEMBERS)

    def _plainly(self, table: sa.Table, change: Change) -> Any:
        column = table.c[change.column.name]
        match change.act:
            case Act.GENERALISE:
                return generalised(change.how or "", column, self.connection.dialect.name)
            case Act.BLANK:
                return _bound(blank(column), column)
            case _:
                return sa.null()

    def _different(self, table: sa.Table, change: Change, condition: ColumnElement[bool]) -> list[Any] | None:
        """The different values of a column, or None if there are many or they cannot be compared."""
        column = table.c[change.column.name]
        if change.act is Act.MEMBERS or isinstance(column.type, sa.JSON):
            return None
        query = sa.select(column).where(condition, column.is_not(None)).distinct().limit(_FEW + 1)
        values = list(self.connection.scalars(query))
        return values if len(values) <= _FEW else None

    def _replacements(self, table: sa.Table, change: Change, values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        made = zip(values, self._replaced(table, change, values), strict=True)
        return ((old, new) for old, new in made if new != old)

    def _replaced(self, table: sa.Table, change: Change, values: Sequence[Any]) -> list[Any]:
        column = table.c[change.column.name]
        match change.act:
            case Act.PSEUDONYMISE:
                return self._pseudonyms(table, column, values)
            case Act.MEMBERS:
                return [with_members_changed(value, change, self.secret, column) for value in values]
            case _:
                empty = None if column.nullable else ""
                return [empty if value is None else network(str(value)) or empty for value in values]

    def _pseudonyms(self, table: sa.Table, column: sa.Column[Any], values: Sequence[Any]) -> list[Any]:
        made = [
            None if _stays(value, column, self.secret) else pseudonym(self.secret, value, column) for value in values
        ]
        if _is_unique(table, column):
            self._make_free(column, values, made)
        return [old if new is None else new for old, new in zip(values, made, strict=True)]

    def _make_free(self, column: sa.Column[Any], values: Sequence[Any], made: list[Any]) -> None:
        """Where no two rows may have the same value, choose others until nobody has them."""
        for attempt in range(1, _ATTEMPTS):
            wanted = [each for each in made if each is not None]
            taken = set(self.connection.scalars(sa.select(column).where(column.in_(wanted))))
            seen: set[Any] = set()
            again = []
            for place, each in enumerate(made):
                if each is not None and (each in taken or each in seen):
                    again.append(place)
                seen.add(each)
            if not again:
                return
            for place in again:
                made[place] = pseudonym(self.secret, values[place], column, attempt)


def keys_of(
    connection: Connection, table: sa.Table, condition: ColumnElement[bool], most: int | None = None
) -> list[Key]:
    """The primary keys of rows, for work that would otherwise lose sight of them half way."""
    query = sa.select(*identity(table)).where(condition).limit(most).execution_options(yield_per=_BATCH)
    return [tuple(row) for row in connection.execute(query)]


def aimed_at(connection: Connection, table: sa.Table, condition: ColumnElement[bool]) -> ColumnElement[bool] | None:
    """A condition that is quick to use more than once: the keys, if the rows are few; None if there are none."""
    found = keys_of(connection, table, condition, _FEW + 1)
    if not found:
        return None
    return has_key(table, found) if len(found) <= _FEW else condition


def has_key(table: sa.Table, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Rows by their primary keys."""
    columns = identity(table)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.or_(sa.false(), *(_is_row(table, key) for key in keys))


def identity(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that tell rows apart: the primary key, or all of them where there is none."""
    return list(table.primary_key.columns) or [c for c in table.c if not isinstance(c.type, _INCOMPARABLE)]


def blank(column: sa.Column[Any]) -> Any:
    """What says nothing, for columns in which the database demands a value."""
    match column.type:
        case sa.String():
            return ""
        case sa.Boolean():
            return False
        case sa.Integer() | sa.Numeric():
            return 0
        case sa.JSON():
            return {}
        case sa.LargeBinary():
            return b""
        case sa.DateTime():
            return datetime(1970, 1, 1)
        case sa.Date():
            return date(1970, 1, 1)
        case sa.Uuid():
            return UUID(int=0) if column.type.as_uuid else str(UUID(int=0))
        case _:
            raise SetupError(f"{column}: cannot be emptied in a row that stays; allow NULL or write `pseudonymise`.")


def _is_row(table: sa.Table, key: Key) -> ColumnElement[bool]:
    return sa.and_(*(day_said(column) == value for column, value in zip(identity(table), key, strict=True)))


def _bound(value: Any, column: sa.Column[Any]) -> ColumnElement[Any]:
    if value is None:
        return sa.null()
    return sa.literal(value, column.type)


def _stays(value: Any, column: sa.Column[Any], secret: bytes) -> bool:
    return value is None or is_pseudonym(secret, value, column)


def _is_unique(table: sa.Table, column: sa.Column[Any]) -> bool:
    if column.unique or [*table.primary_key.columns] == [column]:
        return True
    alike: list[sa.UniqueConstraint | sa.Index] = [each for each in table.indexes if each.unique]
    alike += [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    return any([*each.columns] == [column] for each in alike)
