"""In which order tables are erased: whatever leads to other rows goes after them."""

from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import MetaData

from bot.store.datamap.model import DataMap, Through

Edges = dict[str, set[str]]
Group = frozenset[str]

_made: WeakKeyDictionary[MetaData, tuple[DataMap, list[list[str]]]] = WeakKeyDictionary()


def erasure_order(datamap: DataMap, metadata: MetaData) -> list[str]:
    """Every table about people, the ones to be erased first at the front and the account at the end.

    A table comes before those by which its rows are found (`belongs`, with or without a foreign key) and before
    those its rows must point at. Where that is a circle, its tables stand together and go in one transaction.
    """
    return [name for group in _groups(datamap, metadata) for name in group]


def group_of(datamap: DataMap, metadata: MetaData, table: str) -> list[str]:
    """The tables that can only be erased together with this one (itself, for nearly all), in their order."""
    return next(group for group in _groups(datamap, metadata) if table in group)


def ancestors(datamap: DataMap, table: str) -> set[str]:
    """The tables by which its rows are found, itself included where rows hang below one another."""
    found: set[str] = set()
    todo = [table]
    while todo:
        for way in datamap.tables[todo.pop()].ways:
            if isinstance(way, Through) and way.role is None and way.table not in found:
                found.add(way.table)
                todo.append(way.table)
    return found


def emptiable(constraint: sa.ForeignKeyConstraint) -> list[str]:
    """The columns of a foreign key that can be emptied so that it points at nothing any more."""
    return [column.name for column in constraint.columns if column.nullable and not column.primary_key]


def _groups(datamap: DataMap, metadata: MetaData) -> list[list[str]]:
    known = _made.get(metadata)
    if known is None or known[0] is not datamap:
        known = _made[metadata] = (datamap, _group(datamap, metadata))
    return known[1]


def _group(datamap: DataMap, metadata: MetaData) -> list[list[str]]:
    names = [table.name for table in datamap.personal_tables()]
    demanded, paths, wished = _edges(datamap, metadata, names)
    hard = {name: demanded[name] | paths[name] for name in names}
    reach = {name: _reachable(name, hard) for name in names}
    group = {name: frozenset({name} | {other for other in reach[name] if name in reach[other]}) for name in names}
    known = {each: each for each in group.values()}
    group = {name: known[each] for name, each in group.items()}
    must, should = _before(group, hard), _before(group, wished)
    left = {each: (each is group[datamap.subject.table], min(map(names.index, each))) for each in group.values()}
    made: list[list[str]] = []
    while left:
        ready = [each for each in left if not must[each] & left.keys()]
        best = min(ready, key=lambda each: (left[each][0], len(should[each] & left.keys()), left[each][1]))
        del left[best]
        made.append(_inside(best, names, demanded, wished))
    return made


def _edges(datamap: DataMap, metadata: MetaData, names: list[str]) -> tuple[Edges, Edges, Edges]:
    """For each table those that come after it: because the database demands it, to be found, and if possible."""
    demanded: Edges = {name: set() for name in names}
    paths: Edges = {name: set() for name in names}
    wished: Edges = {name: set() for name in names}
    for name in names:
        for way in datamap.tables[name].ways:
            if isinstance(way, Through) and way.table != name:
                paths[name].add(way.table)
        for key in metadata.tables[name].foreign_key_constraints:
            target = key.referred_table.key
            if target in demanded and target != name:
                (wished if emptiable(key) else demanded)[name].add(target)
    return demanded, paths, wished


def _reachable(start: str, edges: Edges) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        for other in edges[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return found


def _before(group: dict[str, Group], edges: Edges) -> dict[Group, set[Group]]:
    """For each group the ones that have to come before it."""
    found: dict[Group, set[Group]] = {each: set() for each in group.values()}
    for name, others in edges.items():
        for other in others:
            if group[other] is not group[name]:
                found[group[other]].add(group[name])
    return found


def _inside(group: Group, names: list[str], demanded: Edges, wished: Edges) -> list[str]:
    """The order within a circle: found beforehand, so that only foreign keys count."""
    left, made = [name for name in names if name in group], list[str]()
    while left:
        waits = {
            name: [sum(1 for other in left if name in edges[other]) for edges in (demanded, wished)] for name in left
        }
        best = min(left, key=lambda name: (waits[name], left.index(name)))
        left.remove(best)
        made.append(best)
    return made
