"""Drafting, checking and following the map on PostgreSQL and MariaDB, with the types that only they have."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.config import PROJECT
from bot.privacy.access import summarise
from bot.store import consent_records, correcting, customers
from bot.store.datamap import ErasureAction, check, load
from bot.store.datamap.reflecting import other_schemas
from bot.store.datamap.scaffold import propose
from bot.store.engine import make_engine
from bot.store.erasing import freeze, plan, residue
from bot.store.shop import ShopStore
from bot.vocabulary import ConsentState
from tests.databases import FreshDatabase, mariadb_server, postgresql_server
from tests.foreign_schemas import keyless_shop, music_shop, wholesale_shop
from tests.shop_rows import all_rows, erase


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


ZERO_DATES = """
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(80), mail VARCHAR(120), born DATE NOT NULL,
  closed DATETIME NOT NULL);
CREATE TABLE invoices (id INT PRIMARY KEY, customer_id INT, made DATETIME(3) NOT NULL, paid DATE,
  FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE TABLE parcels (id INT PRIMARY KEY, invoice_id INT NOT NULL, sent TIMESTAMP NOT NULL,
  FOREIGN KEY (invoice_id) REFERENCES invoices (id));
CREATE TABLE visits (customer_id INT, seen DATETIME);
INSERT INTO customers VALUES (1, 'Tilda', 'tilda@example.com', '0000-00-00', '0000-00-00'),
  (2, 'Ivo', 'ivo@example.com', '0000-00-00', '0000-00-00');
INSERT INTO invoices VALUES (1, 1, '0000-00-00', '0000-00-00'), (2, 1, '2016-05-01', '2016-05-04'),
  (3, 1, '2020-00-00', NULL), (4, 2, '0000-00-00', '0000-00-00');
INSERT INTO parcels VALUES (1, 1, '0000-00-00'), (2, 2, '0000-00-00'), (3, 4, '0000-00-00');
INSERT INTO visits VALUES (1, '0000-00-00'), (1, NULL), (2, '0000-00-00')
"""
ZERO_DATES_MAP = """format: 1
subject: {table: customers, key: id, name: name, email: mail, birth_date: born}
keep_reasons: {tax: {basis: Tax law, until: six years on, years: 6}}
categories:
  all: {class: personal_center, title: All, purpose: P, recipients: [], retention: R, source: You, legal_basis: Law}
purposes: {}
tables:
  customers: {category: all, show: plain, erase: delete, removed_when: {closed: {not: null}}, overview: [born],
    columns: {id: Number, name: Name, mail: Mail, born: Born, closed: Closed}}
  invoices: {category: all, show: plain, erase: {keep: tax}, date: made, noun: [invoice, invoices], overview: [paid],
    belongs: [{through: customers, keys: {customer_id: id}}],
    columns: {id: Number, customer_id: {label: Customer, erase: nullify}, made: Made, paid: Paid}}
  parcels: {category: all, show: plain, erase: {keep: tax}, date: sent,
    belongs: [{through: invoices, keys: {invoice_id: id}}], columns: {id: Number, invoice_id: Invoice, sent: Sent}}
  visits: {category: all, show: plain, erase: delete,
    belongs: [{through: customers, keys: {customer_id: id}}], columns: {customer_id: Customer, seen: Seen}}
"""


def shop_of(server: FreshDatabase, tables: str, datamap: str, folder: Path) -> Iterator[ShopStore]:
    """A shop of these tables on a server, with its map."""
    engine = make_engine(server())
    ran(engine, tables)
    (folder / "map.yml").write_text(datamap, encoding="utf-8")
    shop = ShopStore(engine, load(folder / "map.yml"))
    assert check(shop.datamap, shop.metadata) == []
    yield shop
    engine.dispose()


@pytest.fixture
def zero_dates(mariadb: FreshDatabase, tmp_path: Path) -> Iterator[ShopStore]:
    yield from shop_of(mariadb, ZERO_DATES, ZERO_DATES_MAP, tmp_path)


def test_a_zero_date_of_mariadb_is_no_day_in_what_a_person_is_shown(zero_dates: ShopStore) -> None:
    shown = str(summarise(zero_dates, zero_dates.datamap, "1").as_card()["categories"])
    assert "3 invoices in May 2016" in shown and "removed" not in shown and "0000" not in shown
    account, invoices, *_ = zero_dates.holdings("1")
    assert (account.removed, account.listed[0].values, account.listed[0].filled) == (0, (), 0)
    assert (invoices.listed[0].values, invoices.listed[0].filled) == ((date(2016, 5, 4),), 1)
    assert zero_dates.customer("1")["born"] is None
    assert [row["made"] for row in zero_dates.rows_of("1", "invoices")] == [None, datetime(2016, 5, 1), None]
    assert zero_dates.filled_in("1", "invoices", ["made", "paid"]).columns == {"made": 1, "paid": 1}
    assert [each.subject for each in customers.after(zero_dates, None, 10)] == ["1", "2"]


def test_what_tax_law_keeps_is_kept_where_mariadb_holds_a_zero_date(zero_dates: ShopStore) -> None:
    today, snapshot = date(2026, 11, 23), freeze(zero_dates, "1")
    planned = {each.table: each for each in plan(zero_dates, snapshot, "everything", "delete", today).tables}
    assert (planned["invoices"].past, planned["invoices"].stays, planned["visits"].goes) == (1, 2, 2)
    before = all_rows(zero_dates.engine, zero_dates.metadata)
    erase(zero_dates, snapshot, today)
    assert residue(zero_dates, snapshot, "everything", "delete", today) == []
    after = all_rows(zero_dates.engine, zero_dates.metadata)
    assert {key: row["customer_id"] for (key,), row in after["invoices"].items()} == {1: None, 3: None, 4: 2}
    # A parcel whose own day nobody knows goes with the invoice it belongs to, or stays with it.
    assert sorted(after["parcels"]) == [(1,), (3,)]
    assert [row["customer_id"] for row in after["visits"].values()] == [2]
    assert after["customers"] == {(2,): before["customers"][2,]}
    assert after["invoices"][4,] == before["invoices"][4,]


PADDED = """
CREATE TABLE customers (code CHAR(10) PRIMARY KEY, name CHAR(40), mail CHAR(60), postcode CHAR(10));
CREATE TABLE optins (id serial PRIMARY KEY, code CHAR(10) NOT NULL REFERENCES customers, purpose CHAR(20) NOT NULL,
  state CHAR(8) NOT NULL, at timestamptz NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer VARCHAR(20), note CHAR(5));
INSERT INTO customers VALUES ('TILDA', 'Tilda', 'tilda@example.com', '10115'), ('IVO', 'Ivo', 'ivo@example.com', '1');
INSERT INTO optins (code, purpose, state, at) VALUES ('IVO', 'newsletter', 'yes', '2026-01-01');
INSERT INTO orders VALUES (1, 'TILDA', 'x'), (2, 'IVO', 'y')
"""
PADDED_MAP = """format: 1
subject: {table: customers, key: code, name: name, email: mail}
keep_reasons: {}
categories:
  all: {class: personal_center, title: All, purpose: P, recipients: [], retention: R, source: You, legal_basis: Law}
purposes: {newsletter: {title: News, basis: consent, clause: your-rights, consequence: C, words: [newsletter]}}
consent_records: {table: optins, subject: code, purpose: purpose, state: state, at: at, granted: 'yes', withdrawn: 'no'}
tables:
  customers: {category: all, show: plain, erase: delete,
    columns: {code: Number, name: Name, mail: Mail, postcode: {label: Postcode, correct: text}}}
  optins: {category: all, show: plain, erase: delete, technical: [id],
    belongs: [{through: customers, keys: {code: code}}],
    columns: {code: Number, purpose: Purpose, state: State, at: At}}
  orders: {category: all, show: plain, erase: delete, technical: [id],
    belongs: [{through: customers, keys: {customer: code}}], columns: {customer: Customer, note: Note}}
"""


@pytest.fixture
def padded(postgresql: FreshDatabase, tmp_path: Path) -> Iterator[ShopStore]:
    yield from shop_of(postgresql, PADDED, PADDED_MAP, tmp_path)


def test_a_customer_whose_number_postgresql_fills_up_with_blanks_is_known_by_it(padded: ShopStore) -> None:
    assert padded.customer("TILDA") == {
        "code": "TILDA", "name": "Tilda", "mail": "tilda@example.com", "postcode": "10115"
    }  # fmt: skip
    assert padded.number_of("TILDA") == "TILDA" and padded.customer("TILDA ") is None
    assert [each.subject for each in customers.after(padded, "IVO", 5)] == ["TILDA"]
    assert ids(padded, "TILDA", "orders", "id") == [1]
    snapshot = freeze(padded, "TILDA")
    erase(padded, snapshot, date(2026, 11, 23))
    assert residue(padded, snapshot, "everything", "delete", date(2026, 11, 23)) == []
    assert padded.customer("TILDA") is None
    assert (ids(padded, "IVO", "orders", "id"), padded.customer("IVO")["postcode"]) == ([2], "1")


def test_a_correction_stands_where_postgresql_fills_it_up_with_blanks(padded: ShopStore) -> None:
    change = correcting.Change("customers", {"code": "TILDA"}, "postcode", "Postcode", "10115", "10117")
    for _again in range(2):
        assert correcting.correct(padded, "TILDA", [change]) == []
        assert correcting.standing(padded, [change]) == [change]
    assert (padded.customer("TILDA")["postcode"], padded.customer("IVO")["postcode"]) == ("10117", "1")


def test_a_choice_is_read_and_written_where_postgresql_fills_it_up_with_blanks(padded: ShopStore) -> None:
    assert consent_records.read(padded, "IVO") == {"newsletter": ConsentState.GRANTED}
    for state in (ConsentState.GRANTED, ConsentState.WITHDRAWN):
        at = datetime(2026, 11, 23, len(state), tzinfo=UTC)
        for _again in range(2):
            consent_records.write(padded, "TILDA", "newsletter", state, at)
        assert consent_records.read(padded, "TILDA") == {"newsletter": state}
    assert len(ids(padded, "TILDA", "optins", "id")) == 2
    assert consent_records.read(padded, "IVO") == {"newsletter": ConsentState.GRANTED}


NUMBERS_MAP = """format: 1
subject: {table: customers, key: id, name: name, email: mail}
keep_reasons: {}
categories:
  all: {class: personal_center, title: All, purpose: P, recipients: [], retention: R, source: You, legal_basis: Law}
purposes: {}
tables:
  customers: {category: all, show: plain, erase: delete, columns: {id: Number, name: Name, mail: Mail}}
  orders: {category: all, show: plain, erase: delete, belongs: [{through: customers, keys: {customer: id}}],
    columns: {number: Number, customer: Customer}}
"""


def numbered(engine: Engine, tmp_path: Path, kind: str, *keys: str) -> ShopStore:
    """Customers under these keys, each with an order."""
    people = ", ".join(f"({key}, 'Tilda', 'tilda@example.com')" for key in keys)
    orders = ", ".join(f"({number}, {key})" for number, key in enumerate(keys, start=1))
    ran(engine, f"CREATE TABLE customers (id {kind} PRIMARY KEY, name VARCHAR(80), mail VARCHAR(80));\n"
                f"CREATE TABLE orders (number INT PRIMARY KEY, customer {kind} NOT NULL);\n"
                f"INSERT INTO customers VALUES {people};\nINSERT INTO orders VALUES {orders}")  # fmt: skip
    (tmp_path / "map.yml").write_text(NUMBERS_MAP, encoding="utf-8")
    return ShopStore(engine, load(tmp_path / "map.yml"))


def test_the_largest_number_that_a_server_holds_leads_to_its_owners_rows(engine: Engine, tmp_path: Path) -> None:
    kind, largest = ("BIGINT UNSIGNED", 2**64 - 1) if engine.dialect.name == "mysql" else ("BIGINT", 2**63 - 1)
    shop = numbered(engine, tmp_path, kind, str(largest - 1), str(largest))
    assert ids(shop, str(largest), "orders", "number") == [2]
    assert shop.customer(str(largest + 1)) is None and customers.refused(shop) == []
    assert [each.subject for each in customers.after(shop, str(largest - 1), 5)] == [str(largest)]
    erase(shop, freeze(shop, str(largest)), date(2026, 11, 23))
    assert shop.customer(str(largest)) is None
    assert ids(shop, str(largest - 1), "orders", "number") == [1]


@pytest.mark.parametrize("in_bytes", [False, True])
@pytest.mark.parametrize("too_many", [0, 1])
def test_a_number_too_long_for_the_desk_is_found_on_a_server(
    engine: Engine, tmp_path: Path, in_bytes: bool, too_many: int
) -> None:
    if in_bytes:
        key = "ab" * (32 + too_many)
        mysql = engine.dialect.name == "mysql"
        shop = numbered(engine, tmp_path, *(("VARBINARY(100)", f"x'{key}'") if mysql else ("BYTEA", f"'\\x{key}'")))
    else:
        shop = numbered(engine, tmp_path, "VARCHAR(100)", f"'{'ü' * (64 + too_many)}'")
    assert len(customers.refused(shop)) == too_many


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
