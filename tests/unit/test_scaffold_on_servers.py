"""Drafting, checking and following the map on PostgreSQL and MariaDB, with the types that only they have."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.config import PROJECT
from bot.store.datamap import ErasureAction, check, load
from bot.store.datamap.reflecting import other_schemas
from bot.store.datamap.scaffold import propose
from bot.store.engine import make_engine
from bot.store.shop import ShopStore
from tests.databases import FreshDatabase, mariadb_server, postgresql_server
from tests.foreign_schemas import keyless_shop, music_shop, wholesale_shop


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshDatabase]:
    with postgresql_server(tmp_path_factory.mktemp("pg")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshDatabase]:
    with mariadb_server(tmp_path_factory.mktemp("maria")) as fresh:
        yield fresh


@pytest.fixture(params=["postgresql", "mariadb"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = make_engine(request.getfixturevalue(request.param)())
    yield made
    made.dispose()


def drafted(engine: Engine, tmp_path: Path, **wishes: object) -> ShopStore:
    proposal = propose(engine, **wishes)
    path = tmp_path / "draft.yml"
    path.write_text(proposal.text, encoding="utf-8")
    shop = ShopStore(engine, load(path))
    assert [line for line in check(shop.datamap, shop.metadata) if "to be decided" not in line] == []
    return shop


def ids(shop: ShopStore, subject: str, table: str, key: str) -> list[int]:
    return sorted(row[key] for row in shop.rows_of(subject, table))


def test_a_music_shop_is_drafted_and_followed(engine: Engine, tmp_path: Path) -> None:
    music_shop(engine)
    shop = drafted(engine, tmp_path)
    assert shop.datamap.subject.table.lower() == "customer"
    table = next(name for name in shop.datamap.tables if name.lower() == "invoiceline")
    assert ids(shop, "2", table, "InvoiceId") == [1, 4]
    assert ids(shop, "3", table, "InvoiceId") == [2, 5]


def test_a_wholesale_shop_is_drafted_and_followed(engine: Engine, tmp_path: Path) -> None:
    wholesale_shop(engine)
    shop = drafted(engine, tmp_path)
    assert ids(shop, "BROOK", "order_details", "order_id") == [1, 2, 3]
    assert ids(shop, "LARKS", "order_details", "order_id") == [4, 5]
    assert shop.customer("brook") is None


def test_a_shop_without_foreign_keys_is_drafted(engine: Engine, tmp_path: Path) -> None:
    keyless_shop().create_all(engine)
    assert drafted(engine, tmp_path).datamap.subject.table == "ps_customer"


POSTGRESQL = """
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE DOMAIN mail_address AS text CHECK (strpos(VALUE, '@') > 0);
CREATE TABLE customers (id uuid PRIMARY KEY, email mail_address, full_name text NOT NULL, mood mood, tags text[],
  extra jsonb, more json NOT NULL, picture bytea, words tsvector, last_ip inet, born date, seen timestamptz,
  place point, span int4range, home_id int, lower_name text GENERATED ALWAYS AS (lower(full_name)) STORED);
CREATE TABLE homes (id serial PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers, street text, city text);
ALTER TABLE customers ADD FOREIGN KEY (home_id) REFERENCES homes;
CREATE TABLE orders (id int, placed_at date NOT NULL, customer_id uuid REFERENCES customers, total numeric,
  note xml, PRIMARY KEY (id, placed_at)) PARTITION BY RANGE (placed_at);
CREATE TABLE orders_2026 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW people AS SELECT * FROM customers;
CREATE MATERIALIZED VIEW people_copy AS SELECT id FROM customers;
CREATE SCHEMA crm;
CREATE TABLE crm.calls (id int PRIMARY KEY, customer_id uuid REFERENCES public.customers, remark text);
INSERT INTO customers (id, full_name, more) VALUES ('11111111-1111-1111-1111-111111111111', 'Tilda', '{}'),
  ('22222222-2222-2222-2222-222222222222', 'Ivo', '{}');
INSERT INTO orders VALUES (1, '2026-02-01', '11111111-1111-1111-1111-111111111111', 5),
  (2, '2026-02-02', '22222222-2222-2222-2222-222222222222', 6);
INSERT INTO crm.calls VALUES (1, '11111111-1111-1111-1111-111111111111', 'x'), (2, NULL, 'y');
"""


def ran(engine: Engine, script: str) -> None:
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)


def test_the_types_of_postgresql_hide_no_column_and_break_nothing(postgresql: FreshDatabase, tmp_path: Path) -> None:
    engine = make_engine(postgresql())
    ran(engine, POSTGRESQL)
    shop = drafted(engine, tmp_path)
    assert set(shop.metadata.tables) == {"customers", "homes", "orders"}
    assert len(shop.metadata.tables["customers"].c) == 16
    first = "11111111-1111-1111-1111-111111111111"
    assert ids(shop, first, "orders", "id") == [1]
    assert {holding.table.name for holding in shop.holdings(first)} == {"customers", "orders"}
    assert shop.datamap.tables["orders"].columns["customer_id"].erase.action is ErasureAction.NULLIFY
    engine.dispose()


def test_another_schema_is_named_and_can_be_read_too(postgresql: FreshDatabase, tmp_path: Path) -> None:
    engine = make_engine(postgresql())
    ran(engine, POSTGRESQL)
    assert other_schemas(engine) == {"crm": 1}
    assert "NOT READ: crm (1 tables)" in propose(engine).text
    shop = drafted(engine, tmp_path, schemas=["crm"])
    assert shop.datamap.schemas == ("crm",)
    assert ids(shop, "11111111-1111-1111-1111-111111111111", "crm.calls", "id") == [1]
    engine.dispose()


def test_a_schema_other_than_public_may_be_the_shops(postgresql: FreshDatabase, tmp_path: Path) -> None:
    url = postgresql()
    engine = make_engine(url)
    ran(engine, "CREATE SCHEMA shop;\nCREATE TABLE shop.customers (id int PRIMARY KEY, email text, name text)")
    engine.dispose()
    within = make_engine(f"{url}?options=-csearch_path%3Dshop")
    assert drafted(within, tmp_path).datamap.subject.table == "customers"
    within.dispose()


MARIADB = """
CREATE TABLE customer (id BINARY(16) PRIMARY KEY, email VARCHAR(120), first_name VARCHAR(80) NOT NULL,
  custom_fields JSON, place POINT, kind ENUM('a', 'b') NOT NULL,
  flags SET('x', 'y'), born YEAR, active TINYINT(1) NOT NULL);
CREATE TABLE `order` (id BINARY(16), version_id BINARY(16), order_date DATETIME(3) NOT NULL, price JSON NOT NULL,
  amount_total DOUBLE, PRIMARY KEY (id, version_id));
CREATE TABLE order_customer (id BINARY(16), version_id BINARY(16), customer_id BINARY(16), order_id BINARY(16) NOT NULL,
  order_version_id BINARY(16) NOT NULL,
  email VARCHAR(120) NOT NULL, first_name VARCHAR(80) NOT NULL,
  PRIMARY KEY (id, version_id),
  FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE SET NULL,
  FOREIGN KEY (order_id, order_version_id) REFERENCES `order` (id, version_id) ON DELETE CASCADE);
INSERT INTO customer (id, email, first_name, kind, active) VALUES (UNHEX('0a'), 'tilda@example.com', 'Tilda', 'a', 1),
  (UNHEX('0b'), 'ivo@example.com', 'Ivo', 'b', 1)
"""


def test_the_types_of_mariadb_hide_no_column_and_break_nothing(mariadb: FreshDatabase, tmp_path: Path) -> None:
    engine = make_engine(mariadb())
    ran(engine, MARIADB)
    shop = drafted(engine, tmp_path)
    assert len(shop.metadata.tables["customer"].c) == 9
    assert shop.customer("0a" + "00" * 15)["first_name"] == "Tilda"
    assert shop.customer("0c" + "00" * 15) is None
    engine.dispose()


def test_the_command_line_drafts_and_tells_no_password(mariadb: FreshDatabase, tmp_path: Path) -> None:
    url = mariadb()
    engine = make_engine(url)
    music_shop(engine)
    engine.dispose()
    draft = tmp_path / "draft.yml"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "datamap", *words]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    done = run("scaffold", "--url", url, "--out", str(draft))
    assert done.returncode == 0, done.stderr
    assert "11 tables: 3 about people, 8 not." in done.stderr
    assert "1 place to decide" in done.stderr
    again = run("scaffold", "--url", url, "--out", str(draft))
    assert again.returncode == 1 and "is there already" in again.stderr
    undecided = run("check", "--url", url, "--map", str(draft))
    assert undecided.returncode == 1 and "keep_reasons.tax: to be decided" in undecided.stderr
    text = draft.read_text(encoding="utf-8")
    draft.write_text("\n".join(line for line in text.split("\n") if "decide:" not in line), encoding="utf-8")
    decided = run("check", "--url", url, "--map", str(draft))
    assert decided.returncode == 0, decided.stderr
    shown = run("show", "--map", str(draft), "--format", "markdown")
    assert "| Invoice | Your orders |" in shown.stdout or "| invoice | Your orders |" in shown.stdout
    wrong = run("check", "--url", url.replace("desk@", "desk:sesame@"), "--map", str(draft))
    assert wrong.returncode == 1 and "sesame" not in wrong.stderr + wrong.stdout
