"""Whether the database allows what the data map wants done: keys, types, values that must be there, foreign keys."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import MetaData
from sqlalchemy.dialects import mysql

from bot.store.datamap.model import Column, Condition, DataMap, ErasureAction, Match, Table, Through

_CHANGES = (ErasureAction.NULLIFY, ErasureAction.PSEUDONYMISE, ErasureAction.GENERALISE)
_LETS_GO = ("CASCADE", "SET NULL", "SET DEFAULT")


def feasible(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """One sentence for each wish that the database would refuse."""
    yield from _subject_key(datamap, metadata)
    yield from _confirmation(datamap, metadata)
    for table in datamap.personal_tables():
        live = metadata.tables[table.name]
        if not live.primary_key.columns and (not table.deletes_rows or table.anonymous):
            cure = "give it a key, or `erase: delete` without `anonymous`"
            yield f"{table.name}: has no primary key, so its rows cannot be changed one by one; {cure}"
        for column in table.columns.values():
            yield from _possible(column, table, live)
        for name in table.overview:
            if name in live.c and not comparable(live.c[name]):
                yield f"{table.name}.{name}: in `overview`, but its values cannot be listed (JSON, binary); take it out"
        for way in table.ways:
            if isinstance(way, Match) and way.column in live.c and not isinstance(live.c[way.column].type, sa.String):
                yield f"{table.name}.{way.column}: under `match`, but it holds no text; name a text column"
    yield from _knots(datamap, metadata)


def comparable(column: sa.Column[object]) -> bool:
    """Whether different values can be told apart by the database."""
    return not isinstance(column.type, sa.JSON | sa.types.NullType | sa.LargeBinary)


def can_be_pseudonymised(column: sa.Column[object]) -> bool:
    """Whether a made-up value fits: text, numbers that are exact, UUIDs and keys of bytes."""
    fits = sa.String | sa.Integer | sa.Numeric | sa.Uuid | sa.LargeBinary | sa.BINARY | sa.VARBINARY
    return isinstance(column.type, fits) and not isinstance(column.type, sa.Enum | sa.Float)


def unfit_to_confirm(column: sa.Column[object]) -> str | None:
    """Why a column cannot say that an e-mail address is, or is not, confirmed; None where it can say both."""
    if column.computed is not None:
        return "is worked out by the database, so a new address could not be marked as not confirmed"
    if isinstance(column.type, sa.Date | sa.DateTime):
        return None if column.nullable else "is a date that must be there (NOT NULL), so it cannot say `not confirmed`"
    if isinstance(column.type, sa.Boolean | sa.Integer | sa.Numeric | mysql.BIT):
        return None
    return "is no date, no number and no yes or no, so nothing tells which of its values means `confirmed`"


def uniquely(table: sa.Table) -> Iterator[frozenset[str]]:
    """Sets of columns whose values together stand in one row only."""
    yield frozenset(column.name for column in table.primary_key.columns)
    for each in table.constraints:
        if isinstance(each, sa.UniqueConstraint):
            yield frozenset(column.name for column in each.columns)
    for index in table.indexes:
        if index.unique and all(isinstance(part, sa.Column) for part in index.expressions):
            yield frozenset(column.name for column in index.columns)


def _subject_key(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """One id, one person: also where a shop number is half of the key."""
    subject = datamap.subject
    live = metadata.tables[subject.table]
    if subject.key not in live.c:
        return
    fixed = {each.column for each in subject.when if _one_value(each)}
    keys = [key for key in uniquely(live) if key]
    if not any(key <= {subject.key} for key in keys):
        if not any(key <= {subject.key, *fixed} for key in keys):
            yield (
                f"subject: one `{subject.key}` may stand in several rows of `{subject.table}`; name a column that is "
                "unique, or fix the rest of its key with `when: {shop_id: 1}`"
            )
            return
        for table in datamap.personal_tables():
            for way in table.ways:
                if isinstance(way, Through) and way.table == subject.table:
                    theirs = {its for _, its in way.keys}
                    if subject.key in theirs and not any(key <= theirs for key in keys):
                        missing = next(key for key in keys if subject.key in key) - theirs
                        yield (
                            f"{table.name}: leads to `{subject.table}` by `{subject.key}` alone, which several shops "
                            f"may share; add {', '.join(sorted(missing))} to `keys`"
                        )


def _confirmation(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """Guest rows of others are shown to whoever counts as the holder of their address, so no value may be doubtful."""
    subject = datamap.subject
    column = metadata.tables[subject.table].c.get(subject.email_confirmed or "")
    if column is not None and (why := unfit_to_confirm(column)):
        cure = "name a date that may be empty or a column of yes and no, or leave `email_confirmed` out"
        yield f"subject: `{column.name}` under `email_confirmed` {why}; {cure}"


def _one_value(condition: Condition) -> bool:
    return len(condition.values) == 1 and None not in condition.values and not condition.negated


def _possible(column: Column, table: Table, live: sa.Table) -> Iterator[str]:
    """What erasure is told to do must be something the database allows."""
    where, real = f"{table.name}.{column.name}", live.c[column.name]
    if column.erase is None:
        return
    action = column.erase.action
    if action in _CHANGES and real.computed is not None:
        yield f"{where}: worked out by the database from other columns, so it cannot be changed; put it in `technical`"
        return
    if action is ErasureAction.NULLIFY and not real.nullable:
        yield f"{where}: to be emptied, but the database demands a value (NOT NULL); write `pseudonymise` or allow NULL"
    if action is ErasureAction.PSEUDONYMISE and not can_be_pseudonymised(real):
        yield f"{where}: no made-up value fits its type; write `nullify`, `generalise` or let its row go"
    if action is ErasureAction.GENERALISE and column.erase.how == "year" and not _date(real):
        yield f"{where}: to be cut to a year but holds no date; write something else"
    counted = column.erase.keep is not None and column.erase.keep.years is not None
    if counted and not table.date and not any(isinstance(way, Through) for way in table.ways):
        yield f"{where}: kept for a number of years, but `{table.name}` has no `date` to count from; name one"


def _date(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.Date | sa.DateTime | sa.String | sa.Integer)


def _knots(datamap: DataMap, metadata: MetaData) -> Iterator[str]:
    """Rows that point at each other can go only when one of them may let the other go first."""
    gone = {table.name for table in datamap.personal_tables() if table.deletes_rows}
    holds: dict[str, dict[str, str]] = {name: {} for name in gone}
    for name in gone:
        for key in metadata.tables[name].foreign_key_constraints:
            target = key.referred_table.key
            free = (key.ondelete or "").upper() in _LETS_GO or key.deferrable
            if target != name and target in gone and not free and not any(c.nullable for c in key.columns):
                holds[name][target] = ", ".join(column.name for column in key.columns)
    while loose := [name for name, targets in holds.items() if not targets.keys() & holds.keys()]:
        for name in loose:
            del holds[name]
    while loose := [name for name in holds if not any(name in targets for targets in holds.values())]:
        for name in loose:
            del holds[name]
    if holds:
        name = min(holds)
        target = min(holds[name].keys() & holds.keys())
        yield (
            f"{name}.{holds[name][target]}: `{name}` and `{target}` point at each other and neither may be empty, so "
            "neither row can go first; allow NULL in one of the two"
        )
