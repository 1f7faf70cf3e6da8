"""A thousand customers, a value of their own in every text about them: each copy holds exactly what the map opens."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from bot.store.datamap.model import Column, PolicyClass, Show
from bot.store.engine import make_engine
from bot.store.package.contents import Contents
from bot.store.package.sealed import SealedWriter, unsealed
from bot.store.package.shop_data import ShopData
from bot.store.package.spool import Spool
from bot.store.package.writing import write_package
from bot.store.shop import ShopStore
from tests.canaries import Flock
from tests.canary_shops import PEOPLE, chinook_flock, demo_flock, filled
from tests.databases import mariadb_server
from tests.unit.exporting import Package, opened

_CANARY = re.compile(r"q\d{4}z\d{3}")


def canaries_in(text: str) -> set[str]:
    return set(_CANARY.findall(text.lower()))


def is_opened(column: Column) -> bool:
    mine = column.about is None and column.policy_class is PolicyClass.PERSONAL_CENTER
    return mine and column.show in (Show.PLAIN, Show.MASKED)


def promised(flock: Flock) -> dict[int, tuple[set[str], set[str]]]:
    """What the map opens of each customer's rows: the canaries, and the dates that are theirs alone."""
    found: dict[int, tuple[set[str], set[str]]] = {person: (set(), set()) for person in range(PEOPLE)}
    for table, rows in flock.rows.items():
        columns = flock.datamap.tables[table].columns
        names = [name for name, column in columns.items() if is_opened(column)]
        for person, row in rows:
            if person >= 0:
                found[person][0].update(*(canaries_in(str(row[name])) for name in names))
                found[person][1].update(row[name].isoformat() for name in names if type(row[name]) is date)
    return found


def copy_of(shop: ShopStore, subject: str, folder: Path) -> Package:
    """The package as the worker writes it."""
    sources = tuple(ShopData(shop, subject).sources())
    categories = tuple(shop.datamap.categories.values())
    made = datetime(2026, 11, 23, 12, tzinfo=UTC)
    contents = Contents("PR-2026-000001", subject, made, "2026-01-15", categories, sources, (), (), {})
    key, path = Fernet.generate_key().decode(), folder / f"copy-{subject}"
    with SealedWriter(path, key) as sink, Spool(folder, subject) as spool:
        write_package(sink, spool, contents, lambda _: None)
        sink.finish()
    with path.open("rb") as file:
        return opened(b"".join(unsealed(file, key)))


def tables_of(package: Package) -> str:
    return "\n".join(package.files[name].decode() for name in package.files if name.startswith("csv/"))


def every_copy_is_whole_and_of_one_person(shop: ShopStore, flock: Flock, people: range, folder: Path) -> int:
    """Nothing the map opens is missing in either form, and nothing else is there; returns how many values stood in."""
    opened_values, checked = promised(flock), 0
    for person in people:
        canaries, dates = opened_values[person]
        package = copy_of(shop, str(person + 1), folder)
        data, tables = json.dumps(package.data), tables_of(package)
        assert canaries_in(data) == canaries_in(tables) == canaries, person
        assert canaries_in(package.page) <= canaries, person
        assert all(each in data and each in tables for each in dates), person
        checked += len(canaries) + len(dates)
    return checked


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    yield made
    made.dispose()


def test_a_copy_holds_all_that_the_map_opens_and_nothing_else_in_the_demo_shop(sqlite: Engine, tmp_path: Path) -> None:
    flock = demo_flock()
    shop = filled(sqlite, flock)
    # Every fifth: guests, removed rows and recommended customers come by twos, threes and sevens.
    assert every_copy_is_whole_and_of_one_person(shop, flock, range(0, PEOPLE, 5), tmp_path) >= 20 * PEOPLE / 5


def test_a_copy_holds_all_that_the_map_opens_and_nothing_else_in_chinook_on_mariadb(tmp_path: Path) -> None:
    with mariadb_server(tmp_path) as fresh:
        engine = make_engine(fresh())
        flock = chinook_flock(tmp_path)
        shop = filled(engine, flock)
        assert every_copy_is_whole_and_of_one_person(shop, flock, range(PEOPLE), tmp_path) == 14 * PEOPLE
        engine.dispose()
