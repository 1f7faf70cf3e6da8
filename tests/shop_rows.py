"""Compares a shop's database before and after: every row of every table, byte by byte."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, MetaData

from bot.store.erasing import erase_table, erasure_order
from bot.store.shop import ShopStore

Key = tuple[Any, ...]
Rows = dict[str, dict[Key, dict[str, Any]]]

SECRET = b"thrown away when all is done...."


def all_rows(engine: Engine, metadata: MetaData) -> Rows:
    """Every row, by table and primary key."""
    with engine.connect() as connection:
        return {
            name: {
                tuple(row[column.name] for column in table.primary_key.columns): dict(row)
                for row in connection.execute(sa.select(table)).mappings()
            }
            for name, table in metadata.tables.items()
        }


def keys_of(shop: ShopStore, subject: str) -> dict[str, set[Key]]:
    """The primary keys of the rows somebody owns, by table."""
    return {
        table.name: {
            tuple(row[column.name] for column in shop.metadata.tables[table.name].primary_key.columns)
            for row in shop.rows_of(subject, table.name)
        }
        for table in shop.datamap.personal_tables()
    }


def without(rows: Rows, keys: dict[str, set[Key]]) -> Rows:
    """The rows of everybody else."""
    return {
        name: {key: row for key, row in table.items() if key not in keys.get(name, set())}
        for name, table in rows.items()
    }


def texts(rows: Rows) -> str:
    """Everything that stands in the database, as one text."""
    return "\n".join(str(value) for table in rows.values() for row in table.values() for value in row.values())


def erase(
    shop: ShopStore,
    snapshot: dict[str, Any],
    today: Any,
    scope: str = "everything",
    mode: str = "delete",
    tables: Iterable[str] | None = None,
) -> None:
    """Erase somebody from every table, or only from some."""
    for table in tables or erasure_order(shop.datamap, shop.metadata):
        erase_table(shop, snapshot, table, scope, mode, today, SECRET)
