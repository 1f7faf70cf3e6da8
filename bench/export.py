"""How fast a copy of a million rows is made, and in how much memory, beside plain SQL doing the same reads.

The desk makes the real package (data file, one table per CSV file, page, ZIP, sealed on disk). Beside it, in the same
run and on the same rows, plain SQL writes bare CSV files, and, for the same reads and the same writes, CSV and JSON in
a ZIP without seal and page. Every run is a process of its own, so that its highest memory is its own. Prints a table
and writes bench/out/export.json.
"""

import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.bootstrap import migrate, open_desk
from bot.config import Settings
from bot.demo.shop_schema import shop_metadata
from bot.privacy import export
from bot.privacy.room import Work
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.store.engine import make_engine
from bot.store.package.shop_data import ShopData

OUT = Path(__file__).resolve().parent / "out"
MANY, FEWER, BYSTANDER = 1, 2, 3
ORDERS = {MANY: 250_000, FEWER: 25_000, BYSTANDER: 10_000}  # four rows each: the order, two items, a payment
ROUNDS = 3
WAYS = {
    "csv": "plain SQL, bare CSV",
    "zip": "plain SQL, CSV and JSON in a ZIP",
    "desk": "the desk: CSV, JSON, page, ZIP, sealed",
}
_FILL = (
    """INSERT INTO orders (id, number, customer_id, status, currency, net, tax, total, ship_to_name, ship_to_address,
                           ip_address, placed_at, shipped_at)
       WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
       SELECT i, 'A-' || i, :customer, 'delivered', 'GBP', 10.5 + i % 90, 2.1, 12.6 + i % 90, 'Person ' || :customer,
              i || ' Birch Lane, Little Tarn, LT1 4ZZ', '198.51.100.7',
              datetime('2022-01-01', '+' || i || ' minutes'), datetime('2022-01-03', '+' || i || ' minutes') FROM n""",
    """INSERT INTO order_lines (order_id, line_number, product_id, description, quantity, unit_price)
       WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last),
                      l(k) AS (VALUES (1), (2))
       SELECT i, k, 1, 'Kettle no. ' || i % 977, k, 5.25 FROM n, l""",
    """INSERT INTO payments (id, order_id, method, payer_name, last_four, provider_reference, status, amount,
                             refund_due, paid_at)
       WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
       SELECT i, i, 'card', 'Person ' || :customer, substr('000' || i % 10000, -4), 'pay_' || hex(randomblob(8)),
              'paid', 12.6, 0, datetime('2022-01-01', '+' || i || ' minutes') FROM n""",
)


def main() -> None:
    """Fill a shop, let every way do its work in turn, show."""
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as name:
        folder = Path(name)
        _fill(folder)
        runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way, done in runs.items():
                done.append(_in_a_process(folder, way, MANY))
        fewer = _in_a_process(folder, "desk", FEWER)
    report = _report(runs, fewer)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "export.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    Console(highlight=False, width=110).print(_table(report))


def _fill(folder: Path) -> None:
    engine = make_engine(f"sqlite:///{folder / 'shop.sqlite3'}")
    shop_metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO product_categories (id, name) VALUES (1, 'Kitchen')"))
        connection.execute(
            sa.text(
                "INSERT INTO products (id, category_id, sku, name, price, on_sale) VALUES (1, 1, 'K', 'Kettle', 5, 1)"
            )
        )
        first = 1
        for customer, orders in ORDERS.items():
            about = {"customer": customer, "first": first, "last": first + orders - 1}
            connection.execute(
                sa.text(
                    "INSERT INTO customers (id, name, email, email_confirmed_at, password_hash, language, created_at) "
                    "VALUES (:customer, 'Person', :customer || '@example.com', '2020-01-01 00:00:00', 'x', 'en', "
                    "'2020-01-01 00:00:00')"
                ),
                about,
            )
            for statement in _FILL:
                connection.execute(sa.text(statement), about)
            first += orders
    engine.dispose()


def _in_a_process(folder: Path, way: str, customer: int) -> dict[str, Any]:
    command = [sys.executable, __file__, way, str(folder), str(customer)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def measure(way: str, folder: Path, customer: str) -> None:
    """Do it one way and print how long it took and how much memory it needed."""
    with _opened(folder) as desk, tempfile.TemporaryDirectory(dir=folder) as name:
        before, wall, cpu = _highest_memory(), time.perf_counter(), time.process_time()
        size = _DO[way](desk, customer, Path(name))
        measured = {
            "seconds": round(time.perf_counter() - wall, 2),
            "CPU seconds": round(time.process_time() - cpu, 2),
            "MB before": before,
            "MB at most": _highest_memory(),
            "MB written": round(size / 1e6, 1),
        }
    print(json.dumps(measured))


def _highest_memory() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


@contextmanager
def _opened(folder: Path) -> Iterator[Desk]:
    url = f"sqlite:///{folder / 'shop.sqlite3'}"
    settings = Settings(_env_file=None, desk_home=folder / "desk", shop_database_url=url, demo=False)
    settings = settings.with_development_secrets()
    migrate(settings)
    desk = open_desk(settings)
    yield desk
    desk.engine.dispose()
    desk.shop.engine.dispose()


def _by_the_desk(desk: Desk, customer: str, _folder: Path) -> int:
    number = f"PR-2026-{time.time_ns() % 10**9:09}"
    now = desk.clock.now()
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number=number, kind="export", state="running", regime="policy", subject=customer, origin=number,
                received_at=now, due_at=now + timedelta(days=30),
            )
        )  # fmt: skip
    work = Work(desk, number, "export", customer, None, {}, 0, lambda: None)
    package = export.ROOM.steps(work)[0]
    if rest := package.act(work):
        raise SystemExit(f"the package was not made: {rest}")
    return sum(path.stat().st_size for path in (desk.settings.desk_home / "exports").iterdir())


def _rows(desk: Desk, customer: str) -> Iterator[tuple[str, list[str], Iterator[Any]]]:
    """The same columns of the same rows, read as anybody would."""
    key = int(customer)
    tables = shop_metadata.tables
    own = sa.select(tables["orders"].c.id).where(tables["orders"].c.customer_id == key)
    conditions = {
        "customers": tables["customers"].c.id == key,
        "orders": tables["orders"].c.customer_id == key,
        "order_lines": tables["order_lines"].c.order_id.in_(own),
        "payments": tables["payments"].c.order_id.in_(own),
    }
    with desk.shop.engine.connect() as connection:
        for source in ShopData(desk.shop, customer).sources():
            if source.name in conditions:
                names = [field.name for field in source.fields]
                query = sa.select(*(tables[source.name].c[name] for name in names)).where(conditions[source.name])
                query = query.order_by(*tables[source.name].primary_key.columns)
                yield source.name, names, connection.execution_options(yield_per=500).execute(query)


def _as_csv(desk: Desk, customer: str, folder: Path) -> int:
    for table, names, rows in _rows(desk, customer):
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(rows)
    return sum(path.stat().st_size for path in folder.iterdir())


def _as_zip(desk: Desk, customer: str, folder: Path) -> int:
    with (folder / "data.json").open("w", encoding="utf-8") as data:
        for table, names, rows in _rows(desk, customer):
            data.write(f"\n{json.dumps(table)}: [\n")
            with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(names)
                for row in rows:
                    writer.writerow(row)
                    data.write(json.dumps(dict(zip(names, row, strict=True)), default=str) + ",\n")
            data.write("],")
    files = list(folder.iterdir())
    with zipfile.ZipFile(folder / "package.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.name)
    return (folder / "package.zip").stat().st_size


_DO = {"csv": _as_csv, "zip": _as_zip, "desk": _by_the_desk}


def _report(runs: dict[str, list[dict[str, Any]]], fewer: dict[str, Any]) -> dict[str, Any]:
    ways = {
        way: {name: round(statistics.median(run[name] for run in done), 2) for name in done[0]}
        for way, done in runs.items()
    }
    ratios = {
        f"desk to {peer}, {name}": round(ways["desk"][name] / ways[peer][name], 2)
        for peer in ("csv", "zip")
        for name in ("seconds", "CPU seconds")
    }
    memory = {
        f"{4 * ORDERS[FEWER] + 1:,} rows": fewer["MB at most"],
        f"{4 * ORDERS[MANY] + 1:,} rows": ways["desk"]["MB at most"],
    }
    return {"rows": 4 * ORDERS[MANY] + 1, "rounds": ROUNDS, "ways": ways, "ratios": ratios, "desk, MB at most": memory}


def _table(report: dict[str, Any]) -> Table:
    rows = report["rows"]
    table = Table(box=None, title=f"a copy of {rows:,} rows, medians of {report['rounds']}", title_justify="left")
    for heading in ("way", "s", "CPU s", "rows/s", "MB most", "MB file", "desk ×"):
        table.add_column(heading, justify="left" if heading == "way" else "right", no_wrap=True)
    for way, words in WAYS.items():
        found = report["ways"][way]
        ratio = report["ratios"].get(f"desk to {way}, CPU seconds")
        table.add_row(
            words, f"{found['seconds']:.1f}", f"{found['CPU seconds']:.1f}", f"{rows / found['seconds']:,.0f}",
            f"{found['MB at most']:.0f}", f"{found['MB written']:.0f}", "" if ratio is None else f"{ratio:.2f}",
        )  # fmt: skip
    for rows_said, most in report["desk, MB at most"].items():
        table.add_row(f"the desk's memory at {rows_said}", "", "", "", f"{most:.0f}", "", "")
    return table


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
