"""What becomes of a table's rows and columns, worked out from the data map alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.errors import SetupError
from bot.store.datamap.model import Column, DataMap, Erase, ErasureAction, Match, PolicyClass, Table, Through

EVERYTHING, RECORDED = "everything", "recorded"
DELETE, ANONYMISE = "delete", "anonymise"


class Go(StrEnum):
    """Which of a table's rows go."""

    ALL = "all"
    PAST = "past"  # only those whose keeping period is over
    NONE = "none"


class Act(StrEnum):
    """What is done to a value whose row stays."""

    EMPTY = "empty"
    BLANK = "blank"  # emptied where the database demands a value
    PSEUDONYMISE = "pseudonymise"
    GENERALISE = "generalise"
    MEMBERS = "members"  # some members of a JSON text, by their own rules


@dataclass(frozen=True, eq=False)
class Change:
    """What is done to one column of rows that stay. `members` names the JSON members concerned, with their rules."""

    column: Column
    act: Act
    how: str | None = None
    members: tuple[tuple[str, Column], ...] = ()
    rest_goes: bool = False


@dataclass(frozen=True)
class Treatment:
    """What becomes of the rows of one table.

    Attributes:
        go: Which of the person's rows go.
        changes: What is done to those that stay.
        anonymous: Those that would go are made anonymous instead, with these changes.
        roles: What is done to other people's rows that name the person, by role.
    """

    go: Go
    changes: tuple[Change, ...]
    anonymous: tuple[Change, ...] | None
    roles: dict[str, tuple[Change, ...]]

    @property
    def does_something(self) -> bool:
        """Whether any row may be touched."""
        return self.go is not Go.NONE or bool(self.changes) or self.anonymous is not None or any(self.roles.values())


def treat(datamap: DataMap, name: str, live: sa.Table, scope: str, mode: str) -> Treatment:
    """What the map demands for a table.

    Args:
        datamap: The map in use.
        name: One of its tables.
        live: The same table in the database.
        scope: `everything`, or `recorded` for what the shop recorded by itself (policy clause `delete-or-anonymise`).
        mode: `delete`, or `anonymise` for rows that may stay without the person.
    """
    if scope not in (EVERYTHING, RECORDED) or mode not in (DELETE, ANONYMISE):
        raise SetupError("An erasure is for `everything` or `recorded`, and to `delete` or to `anonymise`.")
    table = datamap.tables[name]
    if table.not_personal is not None:
        return Treatment(Go.NONE, (), None, {})
    roles = {
        role: tuple(
            _change(column, live, table.deletes_rows)
            for column in table.columns.values()
            if column.about == role and _acts(column.erase) and _in_scope(column, scope)
        )
        for role in table.roles
    }
    if scope == RECORDED and not _is_recorded(table):
        return Treatment(Go.NONE, tuple(_recorded_columns(table, live)), None, roles)
    anonymous = tuple(_anonymous(table, live)) if mode == ANONYMISE and table.anonymous is not None else None
    if table.deletes_rows:
        return Treatment(Go.ALL, (), anonymous, roles)
    return Treatment(Go.PAST, tuple(_rules(table, live)), anonymous, roles)


def _is_recorded(table: Table) -> bool:
    return table.category is not None and table.category.policy_class is PolicyClass.SERVICE_GENERATED


def _in_scope(column: Column, scope: str) -> bool:
    return scope == EVERYTHING or column.policy_class is PolicyClass.SERVICE_GENERATED


def _acts(rule: Erase | None) -> bool:
    return rule is not None and rule.action is not ErasureAction.KEEP


def _rules(table: Table, live: sa.Table) -> Iterator[Change]:
    """The columns' own rules, for rows that stay."""
    for column in table.columns.values():
        members = tuple((column.json or {}).items())
        if column.erase is None:
            continue
        kept_inside = any(not _acts(member.erase) for _, member in members)
        if not _acts(column.erase):
            if any(_acts(member.erase) for _, member in members):
                yield Change(column, Act.MEMBERS, members=members)
        elif kept_inside:
            yield Change(column, Act.MEMBERS, members=members, rest_goes=True)
        else:
            yield _change(column, live, table.deletes_rows)


def _recorded_columns(table: Table, live: sa.Table) -> Iterator[Change]:
    """Single columns that the shop recorded by itself in rows that stay, such as the IP address of an order."""
    for column in table.columns.values():
        members = tuple(
            (key, member)
            for key, member in (column.json or {}).items()
            if member.policy_class is PolicyClass.SERVICE_GENERATED and _acts(member.erase)
        )
        if column.policy_class is PolicyClass.SERVICE_GENERATED and _acts(column.erase) and column.about is None:
            yield _change(column, live, table.deletes_rows)
        elif members:
            yield Change(column, Act.MEMBERS, members=members)


def _change(column: Column, live: sa.Table, row_was_to_go: bool) -> Change:
    rule = column.erase
    if rule is None:
        return Change(column, Act.EMPTY)
    match rule.action:
        case ErasureAction.PSEUDONYMISE:
            return Change(column, Act.PSEUDONYMISE)
        case ErasureAction.GENERALISE:
            return Change(column, Act.GENERALISE, rule.how)
        case _:
            demanded = row_was_to_go and not live.c[column.name].nullable
            return Change(column, Act.BLANK if demanded else Act.EMPTY)


def _anonymous(table: Table, live: sa.Table) -> Iterator[Change]:
    """Everything but what the map lists, keys and technical columns is emptied; nothing leads back to the person."""
    leading = leading_columns(table)
    for name, column in table.columns.items():
        listed = name in (table.anonymous or {})
        if listed and (how := (table.anonymous or {})[name]):
            yield Change(column, Act.GENERALISE, how)
        elif name in leading or not (listed or column.category is None or live.c[name].primary_key):
            yield Change(column, Act.EMPTY)


def leading_columns(table: Table) -> set[str]:
    """Columns by which rows are found to be about somebody."""
    found = {own for way in table.ways if isinstance(way, Through) for own, _ in way.keys}
    return found | {way.column for way in table.ways if isinstance(way, Match)}
