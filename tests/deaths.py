"""What a worker leaves behind if it dies: the disk as it is at every commit of every database, before it and after it.

Whoever is killed loses its memory and nothing else, so that a copy of the disk at that moment is all that the next
worker finds. The work runs once; deaths that leave the same behind are kept once.
"""

import hashlib
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from bot.clocks import FixedClock
from bot.store.desk import Desk
from bot.store.engine import for_reading, make_engine

_DESK = "desk.sqlite3"
# Which worker had it last and when it is tried again: a dead worker's lease ends by itself.
_OF_THE_WORKER = {"worker_token", "worker_until", "next_try_at"}


@dataclass(frozen=True)
class Death:
    """A moment to die at.

    Attributes:
        when: Such as `after commit 17`.
        home: A copy of the desk's folder as it was then.
    """

    when: str
    home: Path


@contextmanager
def deaths_of(desk: Desk, folder: Path) -> Iterator[list[Death]]:
    """Every death a worker could die while this block runs, each with what it leaves behind.

    Args:
        desk: A desk whose databases are SQLite files in its own folder.
        folder: Where the copies go.

    Yields:
        A list that is filled while the worker works.
    """
    found: list[Death] = []
    known: set[str] = set()
    numbers, one_at_a_time, real = count(1), threading.RLock(), DefaultDialect.do_commit

    def keep(when: str) -> None:
        home = folder / when.replace(" ", "-")
        shutil.copytree(desk.settings.desk_home, home)
        print_ = _fingerprint(home)
        if print_ in known:
            shutil.rmtree(home)
            return
        known.add(print_)
        found.append(Death(when, home))

    def commit(dialect: DefaultDialect, connection: Any) -> None:
        with one_at_a_time:
            number = next(numbers)
            keep(f"before commit {number}")
            real(dialect, connection)
            keep(f"after commit {number}")

    with mock.patch.object(DefaultDialect, "do_commit", commit):
        yield found


class Movable:
    """One desk that looks at one copy of its folder after the other.

    Its engines stay, so that no statement is compiled twice and the shop's schema is not read anew; nothing waits for
    the disk.
    """

    def __init__(self, desk: Desk) -> None:
        self._home = desk.settings.desk_home
        shop = copy(desk.shop)
        shop.engine = self._engine("shop")
        shop._reads = for_reading(shop.engine)
        self._desk = replace(desk, engine=self._engine("desk"), shop=shop)

    def at(self, home: Path) -> Desk:
        """The desk over that folder; the one before is left."""
        self.leave()
        self._home = home
        urls = {f"{name}_database_url": f"sqlite:///{home / name}.sqlite3" for name in ("desk", "shop", "tracker")}
        own = self._desk.settings.model_copy(update={"desk_home": home, **urls})
        return replace(self._desk, settings=own, clock=FixedClock(self._desk.clock.now()))

    def leave(self) -> None:
        """Let go of the databases."""
        self._desk.engine.dispose()
        self._desk.shop.engine.dispose()

    def _engine(self, name: str) -> sa.Engine:
        engine = make_engine(f"sqlite:///{self._home / name}.sqlite3")

        @sa.event.listens_for(engine, "do_connect")
        def where_it_is_now(_dialect: Any, _record: Any, arguments: Any, named: Any) -> None:
            arguments[0] = str(self._home / f"{name}.sqlite3")

        @sa.event.listens_for(engine, "connect")
        def in_haste(raw: Any, _record: Any) -> None:
            raw.execute("PRAGMA synchronous=OFF")

        return engine


def _fingerprint(home: Path) -> str:
    """One text for everything that matters to the next worker, the same for the same."""
    told = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home)
        if name.name == _DESK:
            told.update(_rows_of(path))
        elif path.is_file() and not name.name.startswith(_DESK) and name.suffix != ".sqlite3-shm":
            told.update(f"{name}".encode() + path.read_bytes())
    return told.hexdigest()


def _rows_of(path: Path) -> bytes:
    """Every row of the desk, without what only says which worker had it."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = []
        for table in sorted(tables):
            names = [name for _, name, *_ in database.execute(f'PRAGMA table_info("{table}")')]
            told = ", ".join(f'"{name}"' for name in names if name not in _OF_THE_WORKER)
            rows.append((table, database.execute(f'SELECT {told} FROM "{table}"').fetchall()))
    return repr(rows).encode()
