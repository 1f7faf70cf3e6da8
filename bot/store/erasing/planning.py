"""Says before an erasure what will go, what will stay and why: counted row by row, in the database as it is now."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from bot.store.datamap.model import Column, Table, Through
from bot.store.engine import for_reading
from bot.store.erasing.changing import aimed_at
from bot.store.erasing.deciding import Decider, without_compiling
from bot.store.erasing.snapshot import Snapshot
from bot.store.erasing.treatment import EVERYTHING, Act, Change, Go, Treatment
from bot.store.ownership import condition_of
from bot.store.shop import ShopStore, how_many


@dataclass(frozen=True)
class Changed:
    """One column of rows that stay: what is done to it (`empty`, `pseudonymise`, `generalise` …), in how many rows.

    `leads` marks columns by which rows are found to be somebody's, such as a customer number.
    """

    column: str
    label: str
    category: str
    act: str
    rows: int
    leads: bool


@dataclass(frozen=True)
class Kept:
    """Why rows stay: the law, until when in words, and the latest day of it for the rows there are."""

    basis: str
    until: str
    latest: date | None


@dataclass(frozen=True)
class TablePlan:
    """What becomes of one person's rows in one table.

    Attributes:
        role: None for the person's own rows; otherwise as whom they stand in other people's.
        category: The kind of data, as a person would name it.
        noun: What one row and several rows are called.
        goes: Rows that are deleted; `past` of them because their keeping period is over.
        anonymous: Rows that stay without anything that leads to the person.
        stays: Rows that stay, with `changed` in them, because of `kept`.
        blocked: Rows among `stays` that should go, but that other people's rows need.
    """

    table: str
    role: str | None
    category: str
    noun: tuple[str, str]
    goes: int
    past: int
    anonymous: int
    stays: int
    blocked: int
    changed: tuple[Changed, ...]
    kept: Kept | None


@dataclass(frozen=True)
class Warned:
    """Something the person should know before they say yes, such as an open order."""

    say: str
    rows: int


@dataclass(frozen=True)
class ErasurePlan:
    """What an erasure will do, by table in the order of the map; tables without rows of the person are left out."""

    scope: str
    mode: str
    tables: tuple[TablePlan, ...]
    warnings: tuple[Warned, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, to be kept with the request; counts and words, no personal value."""
        made = asdict(self)
        for part in made["tables"]:
            if part["kept"] and part["kept"]["latest"]:
                part["kept"]["latest"] = part["kept"]["latest"].isoformat()
        return made

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "ErasurePlan":
        """The plan that was kept."""
        return cls(
            kept["scope"],
            kept["mode"],
            tuple(_table_from(each) for each in kept["tables"]),
            tuple(Warned(**each) for each in kept["warnings"]),
        )


def plan(shop: ShopStore, snapshot: Snapshot, scope: str, mode: str, today: date) -> ErasurePlan:
    """Work out what an erasure would do, without doing anything.

    Args:
        shop: The shop's database.
        snapshot: From `freeze`.
        scope: `everything`, or `recorded` for what the shop recorded by itself.
        mode: `delete` or `anonymise`.
        today: The day keeping periods are held against.
    """
    with for_reading(shop.engine).connect() as connection:
        without_compiling(connection)
        planner = _Planner(Decider(shop, connection, snapshot, scope, mode, today))
        tables = [part for table in shop.datamap.personal_tables() for part in planner.parts(table)]
        warnings = planner.warnings() if scope == EVERYTHING else []
    return ErasurePlan(scope, mode, tuple(tables), tuple(warnings))


class _Planner:
    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._connection = decider.connection

    def parts(self, table: Table) -> Iterator[TablePlan]:
        treatment = self._decider.treatment(table.name)
        if not treatment.does_something:
            return
        if own := self._own(table, treatment):
            yield own
        for role, changes in treatment.roles.items():
            if changes and (named := self._named(table, role, changes)):
                yield named

    def warnings(self) -> list[Warned]:
        found = []
        for table in self._decider.datamap.personal_tables():
            live = self._decider.tables[table.name]
            for warn in table.warns:
                rows = self._decider.owned(table.name)
                query = sa.select(sa.func.count()).select_from(live)
                if count := self._connection.scalar(query.where(rows, *(condition_of(live, c) for c in warn.when))):
                    found.append(Warned(warn.say, count))
        return found

    def _own(self, table: Table, treatment: Treatment) -> TablePlan | None:
        live = self._decider.tables[table.name]
        owned = aimed_at(self._connection, live, self._decider.owned(table.name))
        if owned is None:
            return None
        dated = self._decider.date_of(table.name)
        # An inner query, so that the database decides about each row once.
        rows = (
            sa.select(
                sa.case((self._leaving(table.name), 1), else_=0).label("gone"),
                (sa.null() if dated is None else dated).label("dated"),
                *(
                    sa.case((live.c[change.column.name].is_not(None), 1), else_=0).label(f"filled_{place}")
                    for place, change in enumerate(treatment.changes)
                ),
            )
            .select_from(live)
            .where(owned)
            .subquery()
        )
        sums = (sa.func.sum(rows.c[f"filled_{place}"]) for place in range(len(treatment.changes)))
        query = sa.select(rows.c.gone, sa.func.count(), sa.func.max(rows.c.dated), *sums).group_by(rows.c.gone)
        found = {gone: tuple(rest) for gone, *rest in self._connection.execute(query)}
        left, *_ = found.get(1, (0,))
        staying, last, *filled = found.get(0, (0, None, *(0 for _ in treatment.changes)))
        count = left + staying
        if not count or (treatment.go is Go.NONE and not any(filled)):
            return None
        stays = count - left
        anonymous = treatment.anonymous is not None
        changed = _changed(table, treatment.changes, [int(rows or 0) for rows in filled])
        return TablePlan(
            table.name, None, _title(table), table.noun,
            goes=0 if anonymous else left,
            past=left if treatment.go is Go.PAST and not anonymous else 0,
            anonymous=left if anonymous else 0,
            stays=stays,
            blocked=stays if treatment.go is Go.ALL else 0,
            changed=changed if stays else (),
            kept=self._kept(table.name, treatment, last) if stays else None,
        )  # fmt: skip

    def _leaving(self, name: str) -> ColumnElement[bool]:
        """For rows that are known to be the person's; mostly all of them leave, or none."""
        if not self._decider.may_leave(name):
            return sa.false()
        found = aimed_at(self._connection, self._decider.tables[name], self._decider.leaving(name))
        return sa.false() if found is None else self._decider.leaving_of_owned(name)

    def _kept(self, name: str, treatment: Treatment, last: datetime | date | None) -> Kept | None:
        reason = self._decider.reason(name) if treatment.go is Go.PAST else None
        if reason is None:
            return None
        latest = date(last.year + reason.years, 12, 31) if reason.years and last else None
        return Kept(reason.basis, reason.until, latest)

    def _named(self, table: Table, role: str, changes: tuple[Change, ...]) -> TablePlan | None:
        live = self._decider.tables[table.name]
        filled = [live.c[change.column.name].is_not(None) for change in changes]
        query = sa.select(sa.func.count(), *map(how_many, filled)).select_from(live)
        query = query.where(self._decider.ownership.in_role(table.name, role), sa.or_(*filled))
        count, *rows = self._connection.execute(query).one()
        if not count:
            return None
        noun = next((way.noun for way in table.ways if way.role == role and way.noun), table.noun)
        return TablePlan(
            table.name, role, _category(changes[0].column), noun,
            goes=0, past=0, anonymous=0, stays=count, blocked=0,
            changed=_changed(table, changes, [int(each or 0) for each in rows]), kept=None,
        )  # fmt: skip


def _changed(table: Table, changes: tuple[Change, ...], filled: list[int]) -> tuple[Changed, ...]:
    leading = {own for way in table.ways if isinstance(way, Through) for own, _ in way.keys}
    return tuple(
        Changed(
            change.column.name,
            change.column.label,
            _category(change.column),
            _word(change),
            rows,
            change.column.name in leading,
        )
        for change, rows in zip(changes, filled, strict=True)
        if rows
    )


def _word(change: Change) -> str:
    return Act.EMPTY if change.act is Act.BLANK else str(change.act)


def _category(column: Column) -> str:
    return column.category.title if column.category else column.label


def _title(table: Table) -> str:
    return table.category.title if table.category else table.noun[1]


def _table_from(kept: dict[str, Any]) -> TablePlan:
    reason = kept["kept"]
    if reason is not None:
        latest = date.fromisoformat(reason["latest"]) if reason["latest"] else None
        reason = Kept(reason["basis"], reason["until"], latest)
    changed = tuple(Changed(**each) for each in kept["changed"])
    return TablePlan(**{**kept, "noun": tuple(kept["noun"]), "changed": changed, "kept": reason})
