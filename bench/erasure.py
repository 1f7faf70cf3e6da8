"""How long erasing a customer with 100,000 rows takes, beside plain SQL doing the same deletes and updates.

Each database gets two equal shops, each with a second such customer who must stay: in one the desk erases by the data
map, in the other plain statements written for this schema do. Prints a table and writes bench/out/erasure.json.
"""

import json
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _pytest.outcomes import Skipped

from bot.config import PROJECT
from bot.demo.seed import seed
from bot.demo.shop_schema import shop_metadata
from bot.store.datamap import load
from bot.store.engine import make_engine
from bot.store.erasing import erase_table, erasure_order, freeze, plan, residue, settle
from bot.store.shop import ShopStore
from tests.databases import mariadb_server, postgresql_server

OUT = PROJECT / "bench" / "out"
TODAY = date(2026, 11, 23)
ERASED, STAYS = 8001, 8002
ROUNDS = 3
MOST_TIMES_PLAIN = 2.0
# Rows of one customer: 100,000 in all.
AMOUNTS = {"orders": 10_000, "order_lines": 20_000, "payments": 10_000, "behaviour_events": 50_000, "reviews": 10_000}
_AT_ONCE = 5_000

_MINE = "(SELECT id FROM orders WHERE customer_id = :id OR (customer_id IS NULL AND LOWER(TRIM(guest_email)) = :email))"
PLAIN = (
    "UPDATE order_lines SET engraving = NULL WHERE order_id IN " + _MINE,  # noqa: S608 - constants
    "UPDATE payments SET payer_name = NULL, last_four = NULL WHERE order_id IN " + _MINE,  # noqa: S608 - constants
    "DELETE FROM reviews WHERE customer_id = :id",
    "DELETE FROM behaviour_events WHERE customer_id = :id",
    "UPDATE orders SET customer_id = NULL, guest_email = NULL, ship_to_name = NULL, ship_to_address = NULL, "
    "delivery_note = NULL, ip_address = NULL "
    "WHERE customer_id = :id OR (customer_id IS NULL AND LOWER(TRIM(guest_email)) = :email)",
    "DELETE FROM customers WHERE id = :id",
)


def main() -> None:
    """Fill, erase in two ways, compare, show."""
    console = Console(highlight=False)
    measured = []
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        for name, fresh in _databases(Path(folder)):
            if fresh is None:
                console.print(f"{name}: not installed on this machine, left out")
                continue
            measured.append(_measure(name, fresh))
    OUT.mkdir(parents=True, exist_ok=True)
    report = {"cpus": os.cpu_count(), "rows": sum(AMOUNTS.values()), "rounds": ROUNDS, "databases": measured}
    (OUT / "erasure.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    console.print(_table(measured))
    slow = [each["database"] for each in measured if each["times"] > MOST_TIMES_PLAIN]
    if slow:
        sys.exit(f"Slower than {MOST_TIMES_PLAIN} times plain SQL: {', '.join(slow)}")


def _databases(folder: Path) -> Iterator[tuple[str, Callable[[], str] | None]]:
    numbers = iter(range(100))
    yield "SQLite", lambda: f"sqlite:///{folder / f'shop{next(numbers)}.sqlite3'}"
    for name, server in (("PostgreSQL", postgresql_server), ("MariaDB", mariadb_server)):
        with ExitStack() as running:
            home = folder / name
            home.mkdir()
            try:
                fresh = running.enter_context(server(home))
            except Skipped:
                fresh = None
            yield name, fresh


def _measure(name: str, fresh: Callable[[], str]) -> dict[str, Any]:
    datamap = load(PROJECT / "data" / "datamap.yml")
    desk, plain = [], []
    for _ in range(ROUNDS):
        for figures, run in ((plain, _by_plain_sql), (desk, _by_the_desk)):
            engine = make_engine(fresh())
            _fill(engine)
            shop = ShopStore(engine, datamap)  # The worker has it open all the time.
            begun = time.perf_counter()
            run(shop)
            figures.append(time.perf_counter() - begun)
            _check(engine)
            engine.dispose()
    engine = make_engine(fresh())
    _fill(engine)
    shop = ShopStore(engine, datamap)
    planned, scanned = _reading(shop)
    tracemalloc.start()
    _by_the_desk(shop)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    engine.dispose()
    return {
        "database": name,
        "desk, s": round(min(desk), 2),
        "plain, s": round(min(plain), 2),
        "times": round(min(desk) / min(plain), 2),
        "memory, MB": round(most / 1024**2, 1),
        "plan, s": planned,
        "scan, s": scanned,
    }


def _reading(shop: ShopStore) -> tuple[float, float]:
    """Seconds for working out the plan and for looking through everything."""
    snapshot = freeze(shop, str(ERASED))
    begun = time.perf_counter()
    plan(shop, snapshot, "everything", "delete", TODAY)
    between = time.perf_counter()
    residue(shop, snapshot, "everything", "delete", TODAY)
    return round(between - begun, 2), round(time.perf_counter() - between, 2)


def _by_the_desk(shop: ShopStore) -> None:
    snapshot = freeze(shop, str(ERASED))
    for table in erasure_order(shop.datamap, shop.metadata):
        erase_table(shop, snapshot, table, "everything", "delete", TODAY, b"s" * 32)
    settle(shop)


def _by_plain_sql(shop: ShopStore) -> None:
    """What a person would write for this schema; deleted values are overwritten in SQLite here too."""
    engine = shop.engine
    who = {"id": ERASED, "email": "erased@example.com"}
    for statement in PLAIN:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.connection.dbapi_connection.execute("PRAGMA secure_delete=ON")
            with connection.begin():
                connection.execute(sa.text(statement), who)
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()


def _check(engine: Engine) -> None:
    """Both ways must have come to the same end, and the other customer must have everything."""
    with engine.connect() as connection:
        for table in ("orders", "reviews", "behaviour_events"):
            live = shop_metadata.tables[table]
            for person, expected in ((ERASED, 0), (STAYS, AMOUNTS[table])):
                count = sa.select(sa.func.count()).select_from(live).where(live.c.customer_id == person)
                if connection.scalar(count) != expected:
                    sys.exit(f"{table}: customer {person} should have {expected} rows")


def _fill(engine: Engine) -> None:
    seed(engine, TODAY)
    with engine.begin() as connection:
        for person, name in ((ERASED, "erased"), (STAYS, "stays")):
            _customer(connection, person, name)
            for table, amount in AMOUNTS.items():
                for first in range(0, amount, _AT_ONCE):
                    rows = [_row(table, person, number) for number in range(first, min(first + _AT_ONCE, amount))]
                    connection.execute(shop_metadata.tables[table].insert(), rows)
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in AMOUNTS:
                connection.exec_driver_sql(f"ANALYZE {'TABLE ' if engine.dialect.name == 'mysql' else ''}{table}")


def _customer(connection: Connection, person: int, name: str) -> None:
    now = datetime(2026, 1, 1)
    connection.execute(
        shop_metadata.tables["customers"]
        .insert()
        .values(
            id=person, name=f"{name} person", email=f"{name}@example.com", email_confirmed_at=now, password_hash="x",  # noqa: S106
            language="en", created_at=now,
        )
    )  # fmt: skip


def _row(table: str, person: int, number: int) -> dict[str, Any]:
    key, moment = person * 100_000 + number, datetime(2026, 1, 1 + number % 28)
    order = person * 100_000 + number % AMOUNTS["orders"]
    match table:
        case "orders":
            return {"id": key, "number": f"B-{key}", "customer_id": person, "status": "delivered", "currency": "GBP",
                    "net": 10, "tax": 2, "total": 12, "ship_to_name": f"person {person}", "ship_to_address": "1 Lane",
                    "ip_address": f"203.0.113.{number % 255}", "placed_at": moment}  # fmt: skip
        case "order_lines":
            return {"order_id": order, "line_number": 1 + number // AMOUNTS["orders"], "product_id": 1 + number % 12,
                    "description": "Thing", "quantity": 1, "unit_price": 5, "engraving": f"for {person}"}  # fmt: skip
        case "payments":
            return {"id": key, "order_id": order, "method": "card", "payer_name": f"person {person}",
                    "last_four": "1234", "status": "paid", "amount": 12, "refund_due": 0,
                    "paid_at": moment}  # fmt: skip
        case "reviews":
            return {"id": key, "customer_id": person, "product_id": 1 + number % 12, "display_name": "A. B.",
                    "rating": 4, "comment": "Good enough for me.", "written_at": moment}  # fmt: skip
        case _:
            return {"id": key, "customer_id": person, "kind": "view", "product_id": 1 + number % 12,
                    "details": '{"seconds": 3}', "happened_at": moment}  # fmt: skip


def _table(measured: list[dict[str, Any]]) -> Table:
    table = Table(
        box=None,
        title=f"{sum(AMOUNTS.values()):,} rows erased, best of {ROUNDS}; memory: Python's at most",
        title_justify="left",
    )
    for heading in measured[0]:
        table.add_column(heading, justify="left" if heading == "database" else "right", no_wrap=True)
    for each in measured:
        table.add_row(*(str(value) for value in each.values()))
    return table


if __name__ == "__main__":
    main()
