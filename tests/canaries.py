"""Customers by the thousand, with a value of their own in every text that is about them.

A canary is `q0042z017`: customer 42, place 17. Wherever one is found, it tells whose value was left.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, MetaData

from bot.store.datamap import Column, DataMap, ErasureAction, Match, Through

CANARY = re.compile(rb"q(\d{4})z\d{3}", re.IGNORECASE)
_LENGTH = 9
_LONG_AGO = date(1901, 1, 1)


def whose(data: bytes) -> set[int]:
    """The customers whose canaries stand in some bytes."""
    return {int(found) for found in CANARY.findall(data)}


@dataclass
class Flock:
    """Makes customers for a schema by its data map: one row for each of them in every table about people.

    Attributes:
        fixed: Values that the map's conditions ask for, by table and column.
        rows: What was made, by table: the customer and the row.
    """

    datamap: DataMap
    metadata: MetaData
    fixed: dict[tuple[str, str], Any] = field(default_factory=dict)
    rows: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)

    def hatch(self, people: int, now: datetime) -> None:
        """Make that many customers."""
        self.rows = {table.name: [] for table in self.metadata.sorted_tables}
        for table in self.metadata.sorted_tables:
            if self.datamap.tables[table.name].not_personal is not None:
                self.rows[table.name].append((-1, {c.name: self._plain(c, 0, now) for c in table.c}))
        for person in range(people):
            made: dict[str, dict[str, Any]] = {}
            places = count(1)
            about = [each for each in self.metadata.sorted_tables if not self.datamap.tables[each.name].not_personal]
            for table in about:
                described = self.datamap.tables[table.name].columns
                made[table.name] = {c.name: self._value(c, described[c.name], person, places, now) for c in table.c}
                self.rows[table.name].append((person, made[table.name]))
            for table in about:
                self._tie(table, person, made)

    def release(self, engine: Engine) -> None:
        """Write them into a database."""
        with engine.begin() as connection:
            for table in self.metadata.sorted_tables:
                connection.execute(table.insert(), [row for _, row in self.rows[table.name]])

    def keys(self, people: Iterable[int]) -> dict[str, set[tuple[Any, ...]]]:
        """The primary keys of the rows of some customers."""
        wanted = set(people)
        return {
            name: {
                tuple(row[c.name] for c in self.metadata.tables[name].primary_key.columns)
                for person, row in rows
                if person in wanted
            }
            for name, rows in self.rows.items()
        }

    def _tie(self, table: sa.Table, person: int, made: dict[str, dict[str, Any]]) -> None:
        """Let a customer's rows lead to each other and to the catalogue."""
        row = made[table.name]
        for way in self.datamap.tables[table.name].ways:
            if way.role is None:
                self._lead(row, table, way, person, made)
        for key in table.foreign_key_constraints:
            target = key.referred_table.name
            for element in key.elements:
                if self.datamap.tables[target].not_personal is not None:
                    row[element.parent.name] = self.rows[target][0][1][element.column.name]
                else:
                    row[element.parent.name] = made[target][element.column.name]

    def _lead(
        self, row: dict[str, Any], table: sa.Table, way: Match | Through, person: int, made: dict[str, Any]
    ) -> None:
        """Let the row be found by a way of the map."""
        match way:
            case Match(column, to):
                value = str(made[self.datamap.subject.table][to])
                row[column] = f" {value.upper()}" if person % 2 else value
            case Through(other, keys) if all(
                self.fixed.get((table.name, each.column)) in each.values for each in way.when
            ):
                for own, its in keys:
                    row[own] = _as_type(made[other][its], table.c[own])

    def _value(self, live: sa.Column[Any], described: Column, person: int, places: Iterator[int], now: datetime) -> Any:
        if (live.table.name, live.name) in self.fixed:
            return self.fixed[(live.table.name, live.name)]
        listed = live.name in (self.datamap.tables[live.table.name].anonymous or {})
        kept = listed or described.erase is None or described.erase.action is ErasureAction.KEEP
        if live.primary_key or kept or not isinstance(live.type, sa.String | sa.Date):
            return self._plain(live, person, now)
        if isinstance(live.type, sa.Date):
            return _LONG_AGO + timedelta(days=person)
        if (live.type.length or 99) < _LENGTH:
            return "x"
        canary = f"q{person:04}z{next(places):03}"
        return f"{canary}@example.com" if "mail" in live.name.lower() else canary

    @staticmethod
    def _plain(live: sa.Column[Any], person: int, now: datetime) -> Any:
        match live.type:
            case sa.String():
                return f"{live.name[:6]}{person}"[: live.type.length]
            case sa.DateTime():
                return now
            case sa.Date():
                return now.date()
            case sa.Boolean():
                return False
            case _:
                return person + 1 if live.primary_key else 1


def _as_type(value: Any, column: sa.Column[Any]) -> Any:
    return str(value) if isinstance(column.type, sa.String) else value
