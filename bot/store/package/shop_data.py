"""The shop's rows about a person, cut to what the data map opens to them.

Policy: clause `access-and-correction` opens what the map calls `personal_center`, with the exception of accounts at
other companies; `no-access` closes what the shop recorded by itself. Law: GDPR Article 15(1), (3) and (4): the copy
must not give away other people.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.store.datamap.model import Column, DataMap, PolicyClass, Show, Table, Through
from bot.store.package.contents import Field, NotGiven, Source
from bot.store.package.values import ABOUT_ANOTHER, Values
from bot.store.shop import ShopStore

_LINK = "Only links this entry to another one; it says nothing more."
_COUNTED = "Only how many there are is told."
_RECORDED = "Recorded by the shop itself; the policy does not open it, but you can have it deleted or made anonymous."
_ELSEWHERE = "Comes from an account at another company; please ask that company."
_GUARDED = "Kept closed for the security of your account or of the shop."
_UNREADABLE = "[could not be read]"
_ABSENT = object()

Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class _Given:
    """How one column goes into the copy; `read` makes its value, None to take it as it is."""

    field: Field
    read: Reader | None = None


class ShopData:
    """What the shop holds about one person, as tables of the copy."""

    def __init__(self, shop: ShopStore, subject: str) -> None:
        self._shop = shop
        self._map: DataMap = shop.datamap
        self._subject = subject
        self._names = set[str]()

    def sources(self) -> Iterator[Source]:
        """Every table with something to give or to name, own rows first, then rows of others that name the person."""
        tables = list(self._map.personal_tables())
        for table in tables:
            if source := self._source(table, None):
                yield source
        for table in tables:
            for role in table.roles:
                if source := self._source(table, role):
                    yield source

    def _source(self, table: Table, role: str | None) -> Source | None:
        given: list[_Given] = []
        closed: dict[str, tuple[Column, str]] = {}
        for name, column in table.columns.items():
            if role is not None and column.about != role:
                continue
            if way := self._given(table, column, role):
                given.append(way)
            if reason := self._reason(table, column, role):
                closed[name] = (column, reason)
        open_ = [each for each in given if not each.field.technical]
        if not open_ and not any(column.policy_class is PolicyClass.PERSONAL_CENTER for column, _ in closed.values()):
            return None
        if not open_:
            given = []
        noun = table.noun if role is None else _noun_of(table, role)
        cut = _Cut(self._shop, self._subject, table.name, role, noun, tuple(given), closed)
        return Source(
            self._name(table.name if role is None else f"{table.name}-{role}"),
            noun,
            _category(table, role, [each.field.name for each in open_]),
            tuple(each.field for each in given),
            cut.columns,
            role,
            cut.closed,
        )

    def _name(self, wanted: str) -> str:
        """A name that is a good file name on every system, and of one table only."""
        base = re.sub(r"[^A-Za-z0-9_-]+", "_", wanted) or "table"
        name, number = base, 1
        while name.lower() in self._names:
            number += 1
            name = f"{base}_{number}"
        self._names.add(name.lower())
        return name

    def _given(self, table: Table, column: Column, role: str | None) -> _Given | None:
        if column.about != role:
            # The owner is told that somebody else stands there, and not who.
            opened = column.policy_class is PolicyClass.PERSONAL_CENTER
            return _Given(Field(column.name, column.label), _hide) if opened else None
        if column.category is None:
            keys = self._is_key(table, column.name) or any(each.column == column.name for each in table.removed_when)
            return _Given(Field(column.name, column.label, technical=True)) if keys else None
        if column.json:
            members = _Members(column)
            return _Given(Field(column.name, column.label), members.read) if members.any_open else None
        return _Given(Field(column.name, column.label)) if _is_open(column) else None

    def _reason(self, table: Table, column: Column, role: str | None) -> str | None:
        """Why the column, or a part of it, is not given; None when there is nothing to say."""
        if column.about != role or column.category is None:
            return None
        parts = [column, *(column.json or {}).values()]
        shut = [part for part in parts if not _is_open(part)]
        if not shut:
            return None
        kinds = {part.policy_class for part in shut}
        if PolicyClass.SERVICE_GENERATED in kinds:
            return _RECORDED
        if PolicyClass.THIRD_PARTY in kinds:
            return _ELSEWHERE
        if all(part.show is Show.COUNT for part in shut):
            return _COUNTED
        return _LINK if self._is_key(table, column.name) else _GUARDED

    def _is_key(self, table: Table, name: str) -> bool:
        live = self._shop.metadata.tables[table.name].c[name]
        leading = {own for way in table.ways if isinstance(way, Through) for own, _ in way.keys}
        return live.primary_key or bool(live.foreign_keys) or name in leading


class _Cut:
    """Reads the rows of one table, cut to what is given, and knows what else they hold."""

    def __init__(
        self,
        shop: ShopStore,
        subject: str,
        table: str,
        role: str | None,
        noun: tuple[str, str],
        given: tuple[_Given, ...],
        closed: dict[str, tuple[Column, str]],
    ) -> None:
        self._shop, self._rows, self._noun = shop, (subject, table), noun
        self._role, self._given, self._closed = role, given, closed

    def columns(self) -> Iterator[list[Values]]:
        """What is given, some hundred rows at a time. Columns that are closed are not even read."""
        names = [each.field.name for each in self._given]
        for columns in self._shop.columns_of(*self._rows, names, self._role):
            yield [
                [each.read(value) for value in values] if each.read else values
                for each, values in zip(self._given, columns, strict=True)
            ]

    def closed(self) -> tuple[int, list[NotGiven]]:
        """How many rows there are, and what they hold and is not given, in the order of the map."""
        found = self._shop.filled_in(*self._rows, list(self._closed), self._role)
        where = self._noun[1][:1].upper() + self._noun[1][1:]
        held = [
            NotGiven(where, each.label, why) for name, (each, why) in self._closed.items() if found.columns.get(name)
        ]
        return found.rows, held


class _Members:
    """A text that holds JSON, cut member by member; the column's own rule is for members that have none."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._members = column.json or {}
        self.any_open = _is_open(column) or any(_is_open(each) for each in self._members.values())
        self._all_open = _is_open(column) and all(_is_open(each) and not each.about for each in self._members.values())

    def read(self, value: Any) -> Any:
        """The JSON behind the text, with what is not open left out."""
        if value is None:
            return None
        if isinstance(value, str | bytes):
            try:
                value = json.loads(value)
            except ValueError:
                # Nobody can tell what stands in it, so it is given only where all of it would be.
                return value if self._all_open else _UNREADABLE
        return self._cut(value)

    def _cut(self, value: Any) -> Any:
        if isinstance(value, dict):
            cut = {key: self._member(str(key), each) for key, each in value.items()}
            return {key: each for key, each in cut.items() if each is not _ABSENT}
        if isinstance(value, list):
            return [self._cut(each) for each in value]
        return value if self._all_open else _UNREADABLE

    def _member(self, key: str, value: Any) -> Any:
        rule = self._members.get(key, self._column)
        if rule.about:
            return _hide(value)
        return value if _is_open(rule) else _ABSENT


def _is_open(column: Column) -> bool:
    return column.policy_class is PolicyClass.PERSONAL_CENTER and column.show in (Show.PLAIN, Show.MASKED)


def _hide(value: Any) -> Any:
    return None if value is None else ABOUT_ANOTHER


def _noun_of(table: Table, role: str) -> tuple[str, str]:
    return next((way.noun for way in table.ways if way.role == role and way.noun), table.noun)


def _category(table: Table, role: str | None, open_names: list[str]) -> str:
    """The table's own kind of data, or that of what is given of it."""
    told = [table.columns[name] for name in open_names] or [
        each for each in table.columns.values() if each.about == role
    ]
    kinds = [each.category for each in told if each.category is not None]
    keys = [each.key for each in kinds if each.policy_class is PolicyClass.PERSONAL_CENTER] or [
        each.key for each in kinds
    ]
    own = table.category
    return own.key if own is not None and own.key in keys else keys[0]
