"""Erases the rows of one person, one table at a time and each table in one transaction of the shop's database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import batched

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from bot.errors import DeskError, Unavailable
from bot.store.datamap.model import Through
from bot.store.erasing.changing import Key, Writer, aimed_at, has_key, keys_of
from bot.store.erasing.deciding import Decider, without_compiling
from bot.store.erasing.order import ancestors, emptiable, group_of
from bot.store.erasing.snapshot import Snapshot
from bot.store.erasing.treatment import Change
from bot.store.shop import ShopStore

_BATCH = 500


def erase_table(
    shop: ShopStore, snapshot: Snapshot, table: str, scope: str, mode: str, today: date, secret: bytes
) -> None:
    """Erase a person from one table: all of it or, on any error, nothing.

    To be called for each table of `erasure_order`, in that order; again after a kill, it changes nothing more.
    Tables that lead to each other in a circle are erased together by the first of them.

    Args:
        shop: The shop's database; its account must be allowed to change the table.
        snapshot: From `freeze`.
        table: A table of the data map.
        scope: `everything`, or `recorded` for what the shop recorded by itself.
        mode: `delete` or `anonymise`.
        today: The day keeping periods are held against.
        secret: Makes pseudonyms; the same for every table of a request, thrown away at its end.

    Raises:
        DeskError: The database does not allow it; the sentence says what is missing.
        Unavailable: The database does not answer or is locked; to be tried again.
    """
    group = group_of(shop.datamap, shop.metadata, table)
    with _in_words(table), _writing(shop) as connection:
        eraser = _Eraser(
            Decider(shop, connection, snapshot, scope, mode, today), Writer(connection, secret), connection
        )
        if len(group) > 1 or eraser.loses_sight(table):
            eraser.erase_by_key(group)
        else:
            eraser.erase(table)


def settle(shop: ShopStore) -> None:
    """Make sure that what was deleted is gone from the bytes of the database's files too (SQLite).

    Raises:
        Unavailable: Somebody reads at the moment; to be tried again.
    """
    if shop.engine.dialect.name != "sqlite":
        return
    connection = shop.engine.raw_connection()
    try:
        cursor = connection.cursor()
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.close()
    finally:
        connection.close()
    if busy:
        raise Unavailable("The shop's database is being read, so that deleted values cannot be overwritten yet.")


@dataclass(frozen=True)
class _Eraser:
    decider: Decider
    writer: Writer
    connection: Connection

    def erase(self, name: str) -> None:
        """The usual way: a few statements that find the rows themselves."""
        live, treatment = self.decider.tables[name], self.decider.treatment(name)
        for changes, rows in self._roles(name):
            self.writer.change(live, changes, rows)
        leaving = aimed_at(self.connection, live, self.decider.leaving(name)) if self.decider.may_leave(name) else None
        if leaving is not None and treatment.anonymous is not None:
            self.writer.change(live, treatment.anonymous, leaving)
        elif leaving is not None:
            self._let_go(name, leaving)
            self.writer.delete(live, leaving)
        if treatment.changes:
            self.writer.change(live, treatment.changes, self.decider.owned(name))

    def erase_by_key(self, names: Sequence[str]) -> None:
        """For rows that could no longer be found half way: their keys are read first."""
        leaving: dict[str, list[Key]] = {}
        staying: dict[str, list[Key]] = {}
        named: list[tuple[str, tuple[Change, ...], list[Key]]] = []
        for name in names:
            live, owned = self.decider.tables[name], self.decider.owned(name)
            leaving[name] = (
                keys_of(self.connection, live, self.decider.leaving(name)) if self.decider.may_leave(name) else []
            )
            gone = set(leaving[name])
            changes = self.decider.treatment(name).changes
            staying[name] = [key for key in keys_of(self.connection, live, owned) if key not in gone] if changes else []
            named += [(name, each, keys_of(self.connection, live, rows)) for each, rows in self._roles(name)]
        for name, changes, found in named:
            for keys in batched(found, _BATCH):
                self.writer.change(self.decider.tables[name], changes, has_key(self.decider.tables[name], keys))
        for name in names:
            live, treatment = self.decider.tables[name], self.decider.treatment(name)
            for keys in batched(leaving[name], _BATCH):
                if treatment.anonymous is None:
                    self._let_go(name, has_key(live, keys))
                else:
                    self.writer.change(live, treatment.anonymous, has_key(live, keys))
            for keys in batched(staying[name], _BATCH):
                self.writer.change(live, treatment.changes, has_key(live, keys))
        for name in names:
            if self.decider.treatment(name).anonymous is None:
                for keys in batched(leaving[name], _BATCH):
                    live = self.decider.tables[name]
                    self.writer.delete(live, has_key(live, keys))

    def loses_sight(self, name: str) -> bool:
        """Whether changing some rows would hide whose others are: keys must be read before.

        That is so where emptying what points at rows hides whose they are, and for rows that hang below one another.
        """
        found_by = ancestors(self.decider.datamap, name)
        if any(child.key in found_by for child, _ in self._pointing(name)):
            return True
        roles = [way for way in self.decider.datamap.tables[name].ways if isinstance(way, Through) and way.role]
        tables = {name, *found_by}.union(*({way.table} | ancestors(self.decider.datamap, way.table) for way in roles))
        return any(each in ancestors(self.decider.datamap, each) for each in tables)

    def _roles(self, name: str) -> Iterator[tuple[tuple[Change, ...], ColumnElement[bool]]]:
        """How other people's rows forget the person, and which ones."""
        for role, changes in self.decider.treatment(name).roles.items():
            if changes:
                yield changes, self.decider.ownership.in_role(name, role)

    def _let_go(self, name: str, leaving: ColumnElement[bool]) -> None:
        """Rows that stay point no longer at rows that go, where the database allows an empty pointer."""
        live = self.decider.tables[name]
        for child, constraint in self._pointing(name):
            own = [element.parent for element in constraint.elements]
            theirs = [element.column for element in constraint.elements]
            gone = sa.select(*theirs).select_from(live).where(leaving).correlate(None)
            among = (own[0] if len(own) == 1 else sa.tuple_(*own)).in_(gone)
            self.writer.empty(child, emptiable(constraint), among)

    def _pointing(self, name: str) -> Iterator[tuple[sa.Table, sa.ForeignKeyConstraint]]:
        for reference in self.decider.references[name]:
            if reference.constraint is not None and emptiable(reference.constraint):
                yield self.decider.tables[reference.child], reference.constraint


@contextmanager
def _writing(shop: ShopStore) -> Iterator[Connection]:
    with shop.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Overwrites deleted values with zeros; it holds for the connection, so that the pool may keep it.
            raw = connection.connection.dbapi_connection
            if raw is not None:
                raw.execute("PRAGMA secure_delete=ON")
        with connection.begin():
            without_compiling(connection)
            yield connection


@contextmanager
def _in_words(table: str) -> Iterator[None]:
    """Errors of the database as sentences, without the values that drivers put into theirs."""
    try:
        yield
    except IntegrityError:
        raise DeskError(
            f"The shop's database does not let rows of `{table}` go, since others need them. Mend the data map."
        ) from None
    except DBAPIError as error:
        if _is_forbidden(error):
            raise DeskError(
                f"The desk's account at the shop's database may not change `{table}`. Give it the right to select, "
                "update and delete there."
            ) from None
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise Unavailable from None
        raise DeskError(f"The shop's database refused to erase from `{table}` ({type(error).__name__}).") from None


_POSTGRESQL_FORBIDDEN = ("42501", "25006")
_MYSQL_FORBIDDEN = (1044, 1142, 1143, 1227, 1290, 1792, 1836)


def _is_forbidden(error: DBAPIError) -> bool:
    cause = error.orig
    if getattr(cause, "sqlstate", None) in _POSTGRESQL_FORBIDDEN:
        return True
    if getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return True
    return bool(cause and cause.args and cause.args[0] in _MYSQL_FORBIDDEN)
