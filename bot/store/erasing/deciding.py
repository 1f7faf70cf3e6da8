"""Row by row, as SQL conditions: which of a person's rows go, which stay, and until when the law keeps them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, false, true

from bot.store.datamap.column_types import day_said
from bot.store.datamap.model import Condition, ErasureAction, KeepReason, Through
from bot.store.erasing.order import emptiable
from bot.store.erasing.snapshot import Snapshot, ownership_of
from bot.store.erasing.treatment import Go, Treatment, treat
from bot.store.ownership import comparable, condition_of
from bot.store.shop import ShopStore

_LONGEST_KEY = 255


@dataclass(frozen=True)
class Reference:
    """Rows of `child` lead to rows of a table: by a foreign key or only by an entry of `belongs`."""

    child: str
    keys: tuple[tuple[str, str], ...]
    when: tuple[Condition, ...] = ()
    constraint: sa.ForeignKeyConstraint | None = None

    @property
    def cascades(self) -> bool:
        """The shop's schema itself says that these rows go with the one they lead to."""
        return self.constraint is not None and (self.constraint.ondelete or "").upper() == "CASCADE"


class Decider:
    """Decides about the rows of one person.

    Args:
        shop: The shop's database.
        connection: On which the conditions will be used.
        snapshot: Who the person is.
        scope: `everything` or `recorded`.
        mode: `delete` or `anonymise`.
        today: The day keeping periods are held against.
    """

    def __init__(
        self, shop: ShopStore, connection: Connection, snapshot: Snapshot, scope: str, mode: str, today: date
    ) -> None:
        self.datamap = shop.datamap
        self.tables = shop.metadata.tables
        self.connection = connection
        self.ownership = ownership_of(shop, connection, snapshot)
        self._scope, self._mode, self._today = scope, mode, today
        self._treatments: dict[str, Treatment] = {}

    def treatment(self, name: str) -> Treatment:
        """What the map demands for a table."""
        if name not in self._treatments:
            self._treatments[name] = treat(self.datamap, name, self.tables[name], self._scope, self._mode)
        return self._treatments[name]

    def owned(self, name: str) -> ColumnElement[bool]:
        """The person's rows."""
        return self.ownership.owned(name)

    def may_leave(self, name: str) -> bool:
        """Whether any of the person's rows can be due to go."""
        return self._due(name) is not None

    def due(self, name: str) -> ColumnElement[bool] | None:
        """Rows that must not be there after an erasure; None where all may."""
        return (
            self.owned(name)
            if self.treatment(name).go is Go.ALL
            else self.leaving(name)
            if self.may_leave(name)
            else None
        )

    def leaving(self, name: str) -> ColumnElement[bool]:
        """The person's rows that are deleted, or made anonymous where the map and the person say so."""
        return sa.and_(self.owned(name), self.leaving_of_owned(name)) if self.may_leave(name) else false()

    def leaving_of_owned(self, name: str) -> ColumnElement[bool]:
        """The same for rows that are known to be the person's."""
        due = self._due(name)
        if due is None:
            return false()
        return due if self.treatment(name).anonymous is not None else self._unheld(name, due, ())

    def _going(self, name: str, under: tuple[str, ...]) -> ColumnElement[bool]:
        """Rows that are deleted: the person's, due to go, and no row that stays needs them."""
        due = self._due(name)
        if due is None or self.treatment(name).anonymous is not None:
            return false()
        return sa.and_(self.owned(name), self._unheld(name, due, under))

    def _unheld(self, name: str, due: ColumnElement[bool], under: tuple[str, ...]) -> ColumnElement[bool]:
        held = [self._held(name, each, (*under, name)) for each in self.references[name] if self._holds(name, each)]
        return sa.and_(due, *(sa.not_(each) for each in held))

    def _due(self, name: str) -> ColumnElement[bool] | None:
        """Which of the person's rows are to go; None where none are."""
        go = self.treatment(name).go
        if go is Go.ALL:
            return true()
        reason = self.reason(name)
        if go is Go.NONE or reason is None or reason.years is None:
            return None
        return self._past(name, datetime(max(self._today.year - reason.years, 1), 1, 1), ())

    def _past(self, name: str, first_kept: datetime, under: tuple[str, ...]) -> ColumnElement[bool] | None:
        """Rows of an earlier day; where a row does not say its day, the row it belongs to does.

        Counted from the end of the year, what is from before the first of January of the first kept year has been
        kept for all of its years. None where nothing says a day; such rows stay.
        """
        table, live = self.datamap.tables[name], self.tables[name]
        above = []
        for way in self._parents(name, under):
            parent, past = self.tables[way.table], self._past(way.table, first_kept, (*under, name))
            if past is not None:
                own = [live.c[each] for each, _ in way.keys]
                theirs = [comparable(parent.c[its], live.c[each]) for each, its in way.keys]
                rows = sa.select(*theirs).where(self.owned(way.table), past).correlate(None)
                led = (own[0] if len(own) == 1 else sa.tuple_(*own)).in_(rows)
                above.append(sa.and_(led, *(condition_of(live, each) for each in way.when)))
        if not table.date:
            return sa.or_(*above) if above else None
        column = live.c[table.date]
        day = day_said(column)
        early = day < (first_kept if isinstance(day.type, sa.DateTime) else first_kept.date())
        always_said = day is column and not column.nullable
        return sa.or_(early, sa.and_(day.is_(None), sa.or_(*above))) if above and not always_said else early

    def _holds(self, name: str, reference: Reference) -> bool:
        """Whether a row that leads to another keeps it from going."""
        if reference.child == name:
            return False
        if self.treatment(name).go is Go.PAST:
            return True
        constraint = reference.constraint
        if constraint is None or emptiable(constraint):
            return False
        return not (reference.cascades and self.datamap.tables[reference.child].deletes_rows)

    def _held(self, name: str, reference: Reference, under: tuple[str, ...]) -> ColumnElement[bool]:
        """Whether rows that stay lead to a row of this table."""
        live, child = self.tables[name], self.tables[reference.child]
        if reference.child in under or self._lets_go(reference):
            gone = self.owned(reference.child)
        else:
            gone = self._going(reference.child, under)
        return (
            sa.select(sa.literal(1))
            .select_from(child)
            .where(*self._joined(reference, live, child), sa.not_(surely(gone)))
            .correlate(live)
            .exists()
        )

    def _lets_go(self, reference: Reference) -> bool:
        """Whether the person's own rows, when they stay, no longer lead there."""
        treatment = self.treatment(reference.child)
        changes = [*treatment.changes, *(treatment.anonymous or ())]
        changed = {change.column.name for change in changes}
        return any(own in changed for own, _ in reference.keys)

    @staticmethod
    def _joined(reference: Reference, live: sa.FromClause, child: sa.FromClause) -> Iterator[ColumnElement[bool]]:
        for own, its in reference.keys:
            yield _equal(child.c[own], live.c[its])
        for each in reference.when:
            yield condition_of(child, each)

    @cached_property
    def references(self) -> dict[str, list[Reference]]:
        """For each table, what leads to its rows."""
        found: dict[str, list[Reference]] = {name: [] for name in self.tables}
        for child, live in self.tables.items():
            for key in live.foreign_key_constraints:
                keys = tuple((element.parent.name, element.column.name) for element in key.elements)
                if key.referred_table.key in found:
                    found[key.referred_table.key].append(Reference(child, keys, constraint=key))
            for way in self.datamap.tables[child].ways:
                if isinstance(way, Through) and way.role is None:
                    known = [
                        each for each in found[way.table] if each.child == child and set(each.keys) == set(way.keys)
                    ]
                    if not known:
                        found[way.table].append(Reference(child, way.keys, way.when))
        return found

    def reason(self, name: str, _under: tuple[str, ...] = ()) -> KeepReason | None:
        """Why its rows are kept: the reason that lasts longest; its parent's, where a table has none of its own."""
        table = self.datamap.tables[name]
        rules = [column.erase for column in table.columns.values()]
        reasons = [rule.keep for rule in rules if rule and rule.action is ErasureAction.KEEP and rule.keep]
        if not reasons:
            reasons = [
                found
                for way in self._parents(name, _under)
                if not self.datamap.tables[way.table].deletes_rows
                and (found := self.reason(way.table, (*_under, name)))
            ]
        return max(reasons, key=lambda reason: reason.years or 1000, default=None)

    def date_of(self, name: str, _under: tuple[str, ...] = ()) -> ColumnElement[Any] | None:
        """When a row came to be; where it does not say so, when the row it belongs to did."""
        table, live = self.datamap.tables[name], self.tables[name]
        parts: list[ColumnElement[Any]] = [day_said(live.c[table.date])] if table.date else []
        for way in self._parents(name, _under):
            parent, inner = self.tables[way.table], self.date_of(way.table, (*_under, name))
            if inner is not None:
                joined = [_equal(live.c[own], parent.c[its]) for own, its in way.keys]
                conditions = [condition_of(live, each) for each in way.when]
                found = sa.select(sa.func.max(inner)).select_from(parent).where(*joined, *conditions)
                parts.append(found.correlate(live).scalar_subquery())
        if len(parts) < 2:
            return parts[0] if parts else None
        return sa.func.coalesce(*parts, type_=parts[0].type)

    def _parents(self, name: str, under: tuple[str, ...]) -> Iterator[Through]:
        """The ways up, but for the account: when somebody became a customer says nothing about their rows."""
        above = {*under, name, self.datamap.subject.table}
        for way in self.datamap.tables[name].ways:
            if isinstance(way, Through) and way.role is None and way.table not in above:
                yield way


def without_compiling(connection: Connection) -> None:
    """PostgreSQL would spend seconds on machine code for conditions that it uses once."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL jit = off")


def surely(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition with SQL's unknown taken for false, so that it can be turned round."""
    return sa.case((condition, 1), else_=0) == 1


def _equal(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    if isinstance(one.type, sa.String) and not isinstance(other.type, sa.String):
        return one == sa.cast(other, sa.String(_LONGEST_KEY))
    if isinstance(other.type, sa.String) and not isinstance(one.type, sa.String):
        return sa.cast(one, sa.String(_LONGEST_KEY)) == other
    return one == other
