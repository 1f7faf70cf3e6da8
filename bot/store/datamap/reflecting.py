"""Reads the live schema so that no table and no column of it can hide, whatever its types and names."""

import warnings
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, MetaData, event
from sqlalchemy.exc import NoSuchTableError, SAWarning

from bot.errors import SetupError
from bot.store.datamap.column_types import as_it_reads
from bot.store.engine import for_reading

_PARTS = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition"
)


def reflect(engine: Engine, schemas: Iterable[str] = ()) -> MetaData:
    """The tables of the database, each with all of its columns.

    Views are left out: they hold nothing of their own. So are partitions, whose rows stand in the partitioned table.
    Columns of types unknown here (geometry, full-text vectors, types of extensions) stay, as columns of unknown type.
    A table without primary key gets one where a unique constraint over columns that are never empty serves as one.

    Args:
        engine: The shop's database.
        schemas: Schemas to read beside the connection's own; their tables are called `schema.table`.

    Raises:
        SetupError: A table is there that cannot be read.
    """
    engine = for_reading(engine)
    metadata = MetaData()

    @event.listens_for(metadata, "column_reflect")
    def on_column(_inspector: Any, _table: sa.Table, found: Any) -> None:
        found["type"] = as_it_reads(found["type"], engine.dialect.name)

    parts = _partitions(engine)
    expected: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        for schema in (None, *schemas):
            inspector = sa.inspect(engine)
            where = schema or inspector.default_schema_name or ""
            names = [name for name in inspector.get_table_names(schema=schema) if (where, name) not in parts]
            expected |= {f"{schema}.{name}" if schema else name for name in names}
            _read(metadata, engine, schema, names)
    if missing := sorted(expected - metadata.tables.keys()):
        raise SetupError(f"The table {missing[0]} of the shop database cannot be read. Mend it or grant access to it.")
    for table in metadata.tables.values():
        _forget_dangling(table, metadata)
        _find_key(table)
    return metadata


def _read(metadata: MetaData, engine: Engine, schema: str | None, names: list[str]) -> None:
    if not names:
        return
    try:
        metadata.reflect(bind=engine, schema=schema, only=names)
    except NoSuchTableError:
        # A foreign key leads to a table that is gone; without following keys the rest can be read.
        metadata.reflect(bind=engine, schema=schema, only=names, resolve_fks=False)


def _partitions(engine: Engine) -> set[tuple[str, str]]:
    if engine.dialect.name != "postgresql":
        return set()
    with engine.connect() as connection:
        return {(row[0], row[1]) for row in connection.exec_driver_sql(_PARTS)}


def _forget_dangling(table: sa.Table, metadata: MetaData) -> None:
    for key in list(table.foreign_key_constraints):
        target = key.elements[0].target_fullname.rpartition(".")[0]
        if target in metadata.tables:
            continue
        for element in key.elements:
            element.parent.foreign_keys.discard(element)
            table.foreign_keys.discard(element)
        table.constraints.discard(key)


def _find_key(table: sa.Table) -> None:
    """A key for a table without primary key, from what its constraints promise."""
    if len(table.primary_key.columns):
        return
    unique = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    candidates = [list(each.columns) for each in unique]
    candidates += [list(index.columns) for index in table.indexes if index.unique]
    sound = [
        columns
        for columns in candidates
        if columns and all(isinstance(c, sa.Column) and not c.nullable and c.table is table for c in columns)
    ]
    if sound:
        best = min(sound, key=lambda columns: (len(columns), [column.name for column in columns]))
        table.append_constraint(sa.PrimaryKeyConstraint(*(column.name for column in best)))


def other_schemas(engine: Engine, schemas: Iterable[str] = ()) -> dict[str, int]:
    """Schemas that hold tables but are not read, with how many: what the desk would not know of."""
    if engine.dialect.name != "postgresql":
        return {}
    inspector = sa.inspect(engine)
    read = {inspector.default_schema_name, "information_schema", *schemas}
    found = {
        name: len(inspector.get_table_names(schema=name))
        for name in inspector.get_schema_names()
        if name not in read and not name.startswith("pg_")
    }
    return {name: count for name, count in found.items() if count}
