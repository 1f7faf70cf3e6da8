"""Turns the data map's `belongs` into SQL conditions: which rows of a table are about one person."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, MetaData, false, or_
from sqlalchemy.dialects import mysql

from bot.errors import SetupError
from bot.store.datamap.column_types import day_said
from bot.store.datamap.model import Condition, DataMap, Match, Through, Way

_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,19}", re.ASCII)
_LONGEST_KEY = 255
# Keys of bytes (UUIDs as MySQL and MariaDB keep them) are written as hexadecimal digits outside.
BYTES = (sa.LargeBinary, sa.BINARY, sa.VARBINARY)
_HEX = re.compile(r"(?:[0-9a-f]{2}){1,64}", re.ASCII)


def cast_key(subject_id: str, column: sa.ColumnElement[Any]) -> Any | None:
    """The id as the database's key type, or None for what no key of that type can be.

    Only the one usual spelling is accepted: `7`, never `007`, `+7` or ` 7`, so that two different ids from outside
    can never mean the same person. A UUID alone may come in capitals: `ShopStore.number_of` writes it as it is kept.
    """
    if isinstance(column.type, sa.Integer | sa.Numeric):
        number = int(subject_id) if _WHOLE_NUMBER.fullmatch(subject_id) else None
        unsigned = getattr(column.type, "unsigned", False)
        lowest, highest = (0, 2**64 - 1) if unsigned else (-(2**63), 2**63 - 1)
        return number if number is not None and lowest <= number <= highest else None
    if isinstance(column.type, sa.Uuid):
        try:
            key = UUID(subject_id)
        except ValueError:
            return None
        return key if str(key) == subject_id.lower() else None
    if isinstance(column.type, BYTES):
        return bytes.fromhex(subject_id) if _HEX.fullmatch(subject_id) else None
    if isinstance(column.type, sa.String):
        return subject_id if 0 < len(subject_id) <= _LONGEST_KEY and subject_id.isprintable() else None
    return None


def written_key(key: Any) -> str:
    """A key of the database as the desk writes customer numbers: what `cast_key` reads, in its one usual spelling."""
    if isinstance(key, bytes):
        return key.hex()
    return str(int(key)) if isinstance(key, Decimal) else str(key)


class Ownership:
    """The rows of one person, as conditions.

    A row belongs to its owner (entries of `belongs` without a role) or names the person in a role. Going up through
    another table follows owners only: whoever is sent a gift does not thereby own the order.

    Args:
        datamap: How rows belong to people.
        metadata: The live schema.
        connection: On which the conditions will be used.
        subject: The person's own row, or the columns of it that ways compare with.
        may_match_by_email: The answer given while the row was still there; looked up when left out.
    """

    def __init__(
        self,
        datamap: DataMap,
        metadata: MetaData,
        connection: Connection,
        subject: Mapping[str, Any],
        may_match_by_email: bool | None = None,
    ) -> None:
        self._map = datamap
        self._tables = metadata.tables
        self._connection = connection
        self._subject = subject
        self._matchable = may_match_by_email

    def owned(self, name: str, _under: tuple[str, ...] = ()) -> ColumnElement[bool]:
        """The rows of a table that the person owns."""
        if name in _under:
            raise SetupError(f"{name}: belongs to somebody through itself by way of another table. Mend the data map.")
        described, table = self._map.tables[name], self._tables[name]
        if name == self._map.subject.table:
            mine = is_key(table.c[self._map.subject.key], self._subject[self._map.subject.key])
            return sa.and_(mine, *(condition_of(table, each) for each in self._map.subject.when))
        ways = [way for way in described.ways if way.role is None]
        threads = [way for way in ways if isinstance(way, Through) and way.table == name]
        direct = [self._condition(way, table, (*_under, name)) for way in ways if way not in threads]
        condition = or_(false(), *direct)
        return _with_threads(table, condition, threads) if threads else condition

    def in_role(self, name: str, role: str) -> ColumnElement[bool]:
        """The rows of a table that name the person in a role without being theirs."""
        table = self._tables[name]
        ways = [way for way in self._map.tables[name].ways if way.role == role]
        return or_(false(), *(self._condition(way, table, ()) for way in ways))

    def _condition(self, way: Way, table: sa.Table, under: tuple[str, ...]) -> ColumnElement[bool]:
        found = self._through(way, table, under) if isinstance(way, Through) else self._match(way, table)
        return sa.and_(found, *(condition_of(table, each) for each in way.when))

    def _through(self, way: Through, table: sa.Table, under: tuple[str, ...]) -> ColumnElement[bool]:
        subject = self._map.subject
        if way.table == subject.table and all(its in self._subject for _, its in way.keys):
            wanted = [(table.c[own], self._subject[its]) for own, its in way.keys]
            # Compared with what is known of the person, so that it also holds when their row is gone.
            return sa.and_(*(false() if value is None else is_key(column, value) for column, value in wanted))
        parent = self._tables[way.table]
        own = [table.c[name] for name, _ in way.keys]
        theirs = [comparable(parent.c[name], mine) for mine, (_, name) in zip(own, way.keys, strict=True)]
        return _among(own, sa.select(*theirs).where(self.owned(way.table, under)))

    def _match(self, way: Match, table: sa.Table) -> ColumnElement[bool]:
        value = self._subject.get(way.to)
        if value is None or not str(value).strip():
            return false()
        if way.kind == "exact":
            return is_key(table.c[way.column], value)
        if not self.may_match_by_email():
            return false()
        return normalised(table.c[way.column], self._dialect) == normalised(sa.literal(str(value)), self._dialect)

    @property
    def _dialect(self) -> str:
        return self._connection.dialect.name

    def may_match_by_email(self) -> bool:
        """Whether the address is known to be this person's: confirmed, or at least nobody else's."""
        if self._matchable is None:
            subject = self._map.subject
            if subject.email_confirmed:
                confirmed = self._subject.get(subject.email_confirmed)
                # Text confirms nothing: an `N` or a `0` is no yes.
                self._matchable = bool(confirmed) and not isinstance(confirmed, str | bytes)
            else:
                self._matchable = subject.email is not None and self._holders(subject.email) == 1
        return self._matchable

    def _holders(self, email: str) -> int:
        people = self._tables[self._map.subject.table]
        mine = normalised(sa.literal(str(self._subject[email])), self._dialect)
        query = sa.select(sa.func.count()).select_from(people).where(normalised(people.c[email], self._dialect) == mine)
        return self._connection.scalar(query) or 0


def condition_of(table: sa.FromClause, condition: Condition) -> ColumnElement[bool]:
    """`when` and `removed_when` as SQL."""
    column = day_said(table.c[condition.column])
    if condition.above is not None:
        return column > condition.above
    values = [value for value in condition.values if value is not None]
    parts: list[ColumnElement[bool]] = [is_key(column, value) for value in values]
    if None in condition.values:
        parts.append(column.is_(None))
    found = or_(false(), *parts)
    if not condition.negated:
        return found
    # NULL is no value: `{not: closed}` holds for it, `{not: null}` does not.
    return sa.not_(found) if None in condition.values else or_(column.is_(None), sa.not_(found))


def not_removed(table: sa.FromClause, conditions: Sequence[Condition]) -> ColumnElement[bool]:
    """The rows that the shop has not removed, by `removed_when`: those are removed for which all of it holds.

    A mark that is NULL marks nothing.
    """
    if not conditions:
        return sa.true()
    removed = sa.and_(*(condition_of(table, each) for each in conditions))
    return sa.case((removed, 1), else_=0) == 0


def normalised(text: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """An e-mail address without capitals and outer spaces, compared sign by sign.

    MySQL and MariaDB take `josé` and `jose` for the same; two people's addresses must stay two.
    """
    bare = sa.func.lower(sa.func.trim(text))
    if dialect in {"mysql", "mariadb"}:
        return sa.cast(bare, mysql.CHAR(charset="utf8mb4")).collate("utf8mb4_bin")
    return bare


def is_key(column: sa.ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    """Equal, with the value in the column's type: owner columns without a foreign key are often text."""
    if isinstance(column.type, sa.String):
        return column == str(value)
    if isinstance(column.type, sa.Integer):
        number = cast_key(str(int(value) if isinstance(value, bool) else value), column)
        # A wide type for the value: a number too large for the column is nobody's, not an error.
        return false() if number is None else column == sa.literal(number, sa.BigInteger)
    return column == (bool(value) if isinstance(column.type, sa.Boolean) else value)


def comparable(theirs: ColumnElement[Any], mine: ColumnElement[Any]) -> ColumnElement[Any]:
    """Another table's key as a column can be compared with it: some shops keep numbers as text."""
    if isinstance(mine.type, sa.String) and not isinstance(theirs.type, sa.String):
        return sa.cast(theirs, sa.String(_LONGEST_KEY))
    return theirs


def _with_threads(table: sa.Table, first: ColumnElement[bool], threads: list[Through]) -> ColumnElement[bool]:
    """Rows found directly, and the rows below them, however deep (a refund of an order of the person)."""
    key = [column.name for column in table.primary_key.columns]
    needed = list(dict.fromkeys([*key, *(its for way in threads for _, its in way.keys)]))
    start = sa.select(*(table.c[name] for name in needed)).where(first).correlate(None)
    found = start.cte(recursive=True)
    below = table.alias()
    # One step for all threads: PostgreSQL allows a recursive query to name itself once only.
    joined = or_(
        *(
            sa.and_(
                *(below.c[own] == found.c[its] for own, its in way.keys),
                *(condition_of(below, each) for each in way.when),
            )
            for way in threads
        )
    )
    found = found.union(sa.select(*(below.c[name] for name in needed)).where(joined))
    return _among([table.c[name] for name in key], sa.select(*(found.c[name] for name in key)))


def _among(own: list[sa.Column[Any]], rows: sa.Select[Any]) -> ColumnElement[bool]:
    # The inner query may read the same table as the outer one; it must not be tied to the outer one's row.
    return (own[0] if len(own) == 1 else sa.tuple_(*own)).in_(rows.correlate(None))
