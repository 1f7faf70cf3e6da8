"""A thousand customers, a value of their own in every text about them, fifty erased: not one sign of them is left."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from bot.demo.shop_schema import shop_metadata
from bot.store.engine import make_engine
from bot.store.erasing import freeze, residue, settle
from bot.store.shop import ShopStore
from tests.canaries import Flock, whose
from tests.canary_shops import PEOPLE, chinook_flock, demo_flock, filled
from tests.databases import mariadb_server, postgresql_server
from tests.shop_rows import Rows, all_rows, erase, texts, without

TODAY = date(2026, 11, 23)
ERASED = range(3, PEOPLE, 20)


def others_are_as_they_were(flock: Flock, before: Rows, after: Rows) -> None:
    mine = flock.keys(ERASED)
    for rows in (before, after):
        for row in rows.get("customers", {}).values():
            if row["referred_by_id"] is not None and row["referred_by_id"] - 1 in ERASED:
                row["referred_by_id"] = None
    assert without(after, mine) == without(before, mine)
    assert whose(texts(without(after, mine)).encode()) == set(range(PEOPLE)) - set(ERASED)


def erase_the_sample(shop: ShopStore, mode: str) -> None:
    snapshots = [freeze(shop, str(person + 1)) for person in ERASED]
    for number, snapshot in enumerate(snapshots):
        erase(shop, snapshot, TODAY, mode=mode)
        if number % 10 == 0:
            assert residue(shop, snapshot, "everything", mode, TODAY) == []


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    sa.event.listen(made, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    yield made
    made.dispose()


@pytest.mark.parametrize("mode", ["delete", "anonymise"])
def test_no_canary_is_left_in_rows_or_in_the_bytes_of_the_file(mode: str, sqlite: Engine, tmp_path: Path) -> None:
    flock = demo_flock()
    shop = filled(sqlite, flock)
    before = all_rows(sqlite, shop_metadata)
    assert whose(texts(before).encode()) == set(range(PEOPLE))
    erase_the_sample(shop, mode)
    after = all_rows(sqlite, shop_metadata)
    assert not whose(texts(after).encode()) & set(ERASED)
    others_are_as_they_were(flock, before, after)
    settle(shop)
    files = list(tmp_path.glob("shop.sqlite3*"))
    assert len(files) >= 2
    for file in files:
        assert not whose(file.read_bytes()) & set(ERASED), file.name


def test_no_canary_is_left_in_the_demo_shop_on_postgresql(tmp_path: Path) -> None:
    with postgresql_server(tmp_path) as fresh:
        engine = make_engine(fresh())
        flock = demo_flock()
        shop = filled(engine, flock)
        before = all_rows(engine, shop_metadata)
        erase_the_sample(shop, "delete")
        after = all_rows(engine, shop_metadata)
        engine.dispose()
    assert not whose(texts(after).encode()) & set(ERASED)
    others_are_as_they_were(flock, before, after)


def test_no_canary_is_left_in_chinook_on_mariadb(tmp_path: Path) -> None:
    with mariadb_server(tmp_path) as fresh:
        engine = make_engine(fresh())
        flock = chinook_flock(tmp_path)
        shop = filled(engine, flock)
        before = all_rows(engine, flock.metadata)
        assert whose(texts(before).encode()) == set(range(PEOPLE))
        erase_the_sample(shop, "delete")
        after = all_rows(engine, flock.metadata)
        engine.dispose()
    assert not whose(texts(after).encode()) & set(ERASED)
    others_are_as_they_were(flock, before, after)
    for table in ("Invoice", "InvoiceLine"):
        assert after[table].keys() == before[table].keys()
    assert sum(row["Total"] for row in after["Invoice"].values()) == PEOPLE
