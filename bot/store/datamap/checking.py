"""Holds the data map against the live schema: whatever nobody classified, cannot be reached or contradicts itself."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import MetaData

from bot.store.datamap.feasible import feasible
from bot.store.datamap.model import Column, Condition, DataMap, ErasureAction, Match, PolicyClass, Show, Table, Through

_CLOSED = (PolicyClass.THIRD_PARTY, PolicyClass.SERVICE_GENERATED)


def check(datamap: DataMap, metadata: MetaData) -> list[str]:
    """Say everything that keeps the map from fitting the database.

    Args:
        datamap: The map in use.
        metadata: The live schema, reflected.

    Returns:
        One sentence per problem, naming table and column and the cure; empty when the map is complete.
    """
    if gaps := list(_coverage(datamap, metadata)):
        return gaps
    questions = [
        f"{where}: to be decided: {question} Decide, then remove the word `decide`"
        for where, question in datamap.undecided
    ]
    return [*_schema(datamap, metadata), *feasible(datamap, metadata), *_sense(datamap), *questions]


def _coverage(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """Both directions: nothing unclassified in the database, nothing in the map that is gone."""
    for name, live in sorted(metadata.tables.items()):
        if name not in datamap.tables:
            yield (
                f"{name}: the table is not on the data map; add it under `tables`, with `belongs` when its rows are "
                "about people or with `not_personal: <why>` when they are not"
            )
            continue
        for column in live.c:
            if column.name not in datamap.tables[name].columns:
                yield f"{name}.{column.name}: not classified; add it to `columns` of `{name}` (or to `technical`)"
    for name, table in datamap.tables.items():
        if name not in metadata.tables:
            yield f"{name}: gone from the database; remove the table from the data map"
            continue
        for gone in sorted(table.columns.keys() - metadata.tables[name].c.keys()):
            yield f"{name}.{gone}: gone from the database; remove it from the data map"


def _schema(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """Whatever the map says about tables must be possible in them."""
    subject = datamap.subject
    for part in (
        subject.key, subject.name, subject.email, subject.email_confirmed, subject.phone, subject.birth_date,
        subject.last_activity,
    ):  # fmt: skip
        if part and part not in metadata.tables[subject.table].c:
            yield f"subject: `{subject.table}` has no column `{part}`; correct its name"
    if datamap.tables[subject.table].not_personal:
        yield f"subject: `{subject.table}` is declared `not_personal`; classify its columns"
        return
    yield from _named(
        datamap.tables[subject.table], metadata.tables[subject.table], [c.column for c in subject.when], "when"
    )
    for table in datamap.personal_tables():
        live = metadata.tables[table.name]
        yield from _ways(datamap, table, metadata)
        yield from _named(table, live, [table.date] if table.date else [], "date")
        yield from _named(table, live, [c.column for c in table.removed_when], "removed_when")
        yield from _named(table, live, [c.column for warn in table.warns for c in warn.when], "warn")
        yield from _named(table, live, [table.named_by] if table.named_by else [], "named_by")
        yield from _anonymous(table, live)
        if table.date and table.date in live.c and not isinstance(live.c[table.date].type, sa.Date | sa.DateTime):
            yield f"{table.name}.{table.date}: named as `date` but holds no date; name a date column or none"
    yield from _references(datamap, metadata)
    yield from _consents(datamap, metadata)


def _consents(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """The table of choices must be there, with the columns named."""
    records = datamap.consent_records
    if records is None:
        return
    if records.table not in metadata.tables:
        yield f"consent_records: the database has no table `{records.table}`; correct its name"
        return
    for name in (records.subject, records.purpose, records.state, records.at, records.channel):
        if name and name not in metadata.tables[records.table].c:
            yield f"consent_records: `{records.table}` has no column `{name}`; correct its name"


def _named(table: Table, live: sa.Table, names: list[str], where: str) -> Iterator[str]:
    for name in names:
        if name not in live.c:
            yield f"{table.name}.{name}: named under `{where}` but not a column of `{table.name}`; correct its name"


def _ways(datamap: DataMap, table: Table, metadata: MetaData) -> Iterator[str]:
    live = metadata.tables[table.name]
    for way in table.ways:
        conditions: tuple[Condition, ...] = way.when
        yield from _named(table, live, [c.column for c in conditions], "when")
        match way:
            case Match(column, to):
                yield from _named(table, live, [column], "match")
                if to not in metadata.tables[datamap.subject.table].c:
                    yield f"{table.name}.{column}: matched to `{to}`, which `{datamap.subject.table}` lacks; correct it"
            case Through(other, keys):
                yield from _named(table, live, [own for own, _ in keys], "keys")
                parent = datamap.tables.get(other)
                if parent is None or parent.not_personal:
                    yield f"{table.name}: belongs through `{other}`, which is not about people; name a table that is"
                    continue
                yield from _named(parent, metadata.tables[other], [its for _, its in keys], "keys")
    if not any(_reaches(datamap, table.name, frozenset())):
        cure = "add an entry to `belongs` that leads there, or `not_personal: <why>`"
        yield f"{table.name}: its rows cannot be reached from `{datamap.subject.table}`; {cure}"
    yield from _circles(datamap, table)


def _reaches(datamap: DataMap, name: str, seen: frozenset[str]) -> Iterator[bool]:
    """Truths for every way that ends at the subject."""
    if name == datamap.subject.table:
        yield True
    if name in seen or name not in datamap.tables:
        return
    for way in datamap.tables[name].ways:
        match way:
            case Match():
                yield True
            case Through(other) if other != name or way.role:
                yield from _reaches(datamap, other, seen | {name})


def _circles(datamap: DataMap, table: Table) -> Iterator[str]:
    """Tables may lead to themselves in one step (a thread of rows) but not round a corner."""
    seen, todo = set[str](), [way.table for way in _owning(table) if way.table != table.name]
    while todo:
        name = todo.pop()
        if name == table.name:
            yield f"{name}: belongs to somebody through itself by way of another table; remove one of the two steps"
            return
        if name not in seen and name in datamap.tables:
            seen.add(name)
            todo += [way.table for way in _owning(datamap.tables[name])]


def _owning(table: Table) -> list[Through]:
    return [way for way in table.ways if isinstance(way, Through) and way.role is None]


def _anonymous(table: Table, live: sa.Table) -> Iterator[str]:
    """What is emptied when a row is made anonymous must be allowed to be empty, and nothing may lead back."""
    if table.anonymous is None:
        return
    leading = {own for way in table.ways if isinstance(way, Through) for own, _ in way.keys}
    leading |= {way.column for way in table.ways if isinstance(way, Match)}
    for name, column in table.columns.items():
        where = f"{table.name}.{name}"
        if name in table.anonymous and name in leading:
            yield f"{where}: under `anonymous`, but it leads to a person; take it out of that list"
        stays = name in table.anonymous or column.category is None or live.c[name].primary_key
        if (not stays or name in leading) and not live.c[name].nullable:
            yield f"{where}: emptied when its row is made anonymous, but the database demands a value (NOT NULL)"


def _references(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """A row that stays must not point at a row that goes, and no row points at people unnoticed."""
    for name, table in datamap.tables.items():
        for key in metadata.tables[name].foreign_key_constraints:
            target = datamap.tables.get(key.referred_table.key)
            if target is None or target.not_personal or not _owned(datamap, target):
                continue
            columns = ", ".join(column.name for column in key.columns)
            if table.not_personal:
                yield f"{name}.{columns}: leads to `{target.name}`, so `{name}` is not free of people; write `belongs`"
            elif target.deletes_rows and not table.deletes_rows and not _lets_go(table, key):
                yield (
                    f"{name}.{columns}: its row stays while the row of `{target.name}` it points at is deleted; "
                    "write `erase: nullify` for it or let the rows of both go"
                )


def _owned(datamap: DataMap, table: Table) -> bool:
    """Whether rows of it are somebody's; a product that names who entered it is nobody's."""
    return table.name == datamap.subject.table or any(way.role is None for way in table.ways)


def _lets_go(table: Table, key: sa.ForeignKeyConstraint) -> bool:
    rules = (table.columns[column.name].erase for column in key.columns)
    return any(rule is not None and rule.action is ErasureAction.NULLIFY for rule in rules)


def _sense(datamap: DataMap) -> Iterator[str]:
    """Contradictions that need no database."""
    for table in datamap.personal_tables():
        for column in table.columns.values():
            yield from _opening(column, table)
            yield from _ending(column, table)
            for member in (column.json or {}).values():
                yield from _opening(member, table)


def _opening(column: Column, table: Table) -> Iterator[str]:
    where = f"{column.table}.{column.name}"
    if column.about not in {None, "other", *table.roles}:
        yield f"{where}: about `{column.about}`, a role that no entry of `belongs` gives; correct it or write `other`"
    if column.policy_class in _CLOSED and column.show in (Show.PLAIN, Show.MASKED):
        yield f"{where}: {column.policy_class} data is not opened by the policy; write `show: no` or `count`"
    if column.policy_class is PolicyClass.NOT_PERSONAL and column.category is not None:
        yield f"{where}: put it in the list `technical` of `{table.name}` instead of a category that is not personal"
    if column.correct and (column.policy_class in _CLOSED or column.about or column.show in (Show.NO, Show.COUNT)):
        yield f"{where}: to be corrected by somebody who may not see it; remove `correct` or open it"


def _ending(column: Column, table: Table) -> Iterator[str]:
    where = f"{column.table}.{column.name}"
    if column.erase is None:
        return
    if column.about in table.roles:
        if column.erase.action is ErasureAction.DELETE:
            cure = "write `erase: nullify` or `pseudonymise`"
            yield f"{where}: to be deleted for `{column.about}`, who does not own the row; {cure}"
        return
    if table.deletes_rows and column.erase.action is not ErasureAction.DELETE:
        yield f"{where}: `{column.erase.action}`, but its row is deleted; change it or the `erase` of `{table.name}`"
    if not table.deletes_rows and column.erase.action is ErasureAction.DELETE:
        cure = f"write `nullify` or `pseudonymise`, or `erase: delete` for all of `{table.name}`"
        yield f"{where}: to be deleted, but its row stays; {cure}"
