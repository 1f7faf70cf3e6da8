"""Erasure on hard shapes, on every database: keys of two columns, threads, circles, shared rows, made-up values."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from bot.errors import DeskError
from bot.store.datamap import load
from bot.store.engine import make_engine
from bot.store.erasing import erase_table, erasure_order, freeze, plan, residue
from bot.store.erasing.order import group_of
from bot.store.shop import ShopStore
from tests.databases import mariadb_server, postgresql_server
from tests.foreign_schemas import schema
from tests.shop_rows import SECRET, all_rows, erase, texts

TODAY = date(2026, 11, 23)
DAY = datetime(2026, 5, 6, 7, 8, 9)

SHAPES = """
members code*:k mail name home_id!?:i>places.id
places id* member_code:k>members.code street
shipments shop*:i number*:i member_code?:k>members.code
parcels id* shipment_shop:i shipment_number:i content
posts id* parent_id?:i>posts.id kind owner?:k
texts id* body
texts_of member_code*:k>members.code text_id*:i>texts.id
devices id* member_code:k>members.code name
events id* member_code?:k device_id?:i>devices.id what
loans id* device_id:i>devices.id member_code:k>members.code note
ledger id* member_code?:k>members.code ref:s amount:m number:i ip? born?:i zone? seen:d note?:l extra?:j
receipts id* ledger_id:i>ledger.id code:s
diary member_code:k line
"""

MAP = """
format: 1
subject: {table: members, key: code, email: mail, name: name}
keep_reasons: {tax: {basis: Tax law, until: six years on, years: 6}}
categories:
  all: {class: personal_center, title: All, purpose: P, recipients: [], retention: R, source: You, legal_basis: Law}
tables:
  members: {category: all, show: no, erase: delete, columns: {code: , mail: , name: , home_id: }}
  places:
    category: all
    show: no
    erase: delete
    belongs: [{through: members, keys: {member_code: code}}, {through: members, keys: {id: home_id}}]
    columns: {id: , member_code: , street: }
  shipments: {category: all, show: no, erase: delete, columns: {shop: , number: , member_code: },
    belongs: [{through: members, keys: {member_code: code}}]}
  parcels: {category: all, show: no, erase: delete, columns: {id: , shipment_shop: , shipment_number: , content: },
    belongs: [{through: shipments, keys: {shipment_shop: shop, shipment_number: number}}]}
  posts:
    category: all
    show: no
    erase: delete
    belongs:
      - {through: members, keys: {owner: code}, when: {kind: [question, answer]}}
      - {through: posts, keys: {parent_id: id}, when: {kind: {not: pinned}}}
      - {through: posts, keys: {parent_id: id}, role: answered}
    columns: {id: , parent_id: {about: answered, erase: nullify}, kind: , owner: }
  texts: {category: all, show: no, erase: delete, columns: {id: , body: },
    belongs: [{through: texts_of, keys: {id: text_id}}]}
  texts_of: {category: all, show: no, erase: delete, columns: {member_code: , text_id: },
    belongs: [{through: members, keys: {member_code: code}}]}
  devices: {category: all, show: no, erase: delete, columns: {id: , member_code: , name: },
    belongs: [{through: members, keys: {member_code: code}}]}
  events:
    category: all
    show: no
    erase: delete
    belongs:
      - {through: members, keys: {member_code: code}}
      - {through: devices, keys: {device_id: id}, when: {member_code: null}}
    anonymous: {what: keep}
    technical: [id, device_id, member_code]
    columns: {what: }
  loans: {category: all, show: no, erase: delete, columns: {id: , device_id: , member_code: , note: },
    belongs: [{through: members, keys: {member_code: code}}]}
  ledger:
    category: all
    show: no
    erase: {keep: tax}
    date: seen
    belongs: [{through: members, keys: {member_code: code}}]
    technical: [id]
    columns:
      member_code: {erase: nullify}
      ref: {erase: pseudonymise}
      amount:
      number: {erase: pseudonymise}
      ip: {erase: generalise network}
      born: {erase: generalise year}
      zone: {erase: generalise area}
      seen: {erase: generalise year}
      note: {erase: {keep: tax}, json: {who: {erase: nullify}, where: {erase: generalise area}, price: }}
      extra: {erase: nullify, json: {sum: {erase: {keep: tax}}}}
  receipts: {category: all, show: no, erase: {keep: tax}, technical: [id, ledger_id],
    columns: {code: {erase: pseudonymise}}, belongs: [{through: ledger, keys: {ledger_id: id}}]}
  diary: {category: all, show: no, erase: delete, columns: {member_code: , line: },
    belongs: [{through: members, keys: {member_code: code}}]}
"""

ROWS: dict[str, list[tuple[Any, ...]]] = {
    "members": [("ANNA", "anna@example.com", "Anna Apfel"), ("BERT", "bert@example.com", "Bert Birne")],
    "places": [(1, "ANNA", "Apfelweg"), (2, "ANNA", "Altweg"), (3, "BERT", "Birnweg")],
    "shipments": [(1, 1, "ANNA"), (1, 2, "BERT"), (2, 1, "BERT")],
    "parcels": [(1, 1, 1, "apples"), (2, 1, 2, "pears"), (3, 2, 1, "plums")],
    "posts": [(1, None, "question", "ANNA"), (2, 1, "reply", None), (3, 2, "reply", None), (4, 3, "pinned", None),
              (5, None, "question", "BERT"), (6, 5, "reply", None), (7, None, "system", "ANNA"),
              (8, 5, "answer", "ANNA"),              (9, 1, "pinned", "BERT")],
    "texts": [(1, "apple text"), (2, "pear text"), (3, "plum text")],
    "texts_of": [("ANNA", 1), ("BERT", 2), ("BERT", 3)],
    "devices": [(1, "ANNA", "phone"), (2, "ANNA", "tablet"), (3, "BERT", "phone")],
    "events": [(1, "ANNA", 1, "looks"), (2, None, 1, "looked"), (3, "BERT", 1, "borrowed"), (4, "BERT", 3, "own")],
    "loans": [],
    "ledger": [
        (1, "ANNA", "A-1", 10, 4711, "192.0.2.77", 19840512, "AB1 2CD", DAY,
         '{"who": "Anna", "where": "AB1", "price": 3}',
         {"sum": 3, "by": "Anna"}),
        (2, "ANNA", "A-1", 20, 4711, "2001:db8:7:8::9", 453168000, " XY9", DAY, "no json, Anna", None),
        (3, "ANNA", "A-2", 30, 4712, "nonsense", 1984, None, datetime(2019, 12, 31, 23, 0), None, None),
        (4, "BERT", "A-1", 40, 4711, "192.0.2.77", 19840512, "AB1 2CD", DAY, '{"who": "Bert"}', {"sum": 4}),
    ],
    "receipts": [(1, 1, "A-1"), (2, 3, "A-3"), (3, 4, "A-1")],
    "diary": [("ANNA", "rain"), ("ANNA", "rain"), ("BERT", "sun")],
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Gives URLs of new databases of each kind."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        numbers = iter(range(1000))
        yield lambda: f"sqlite:///{folder / f'{next(numbers)}.sqlite3'}"
        return
    server = postgresql_server if request.param == "postgresql" else mariadb_server
    with server(folder) as made:
        yield made


@pytest.fixture
def shop(fresh: Callable[[], str], tmp_path: Path) -> Iterator[ShopStore]:
    engine, metadata = make_engine(fresh()), schema(SHAPES)
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name, rows in ROWS.items():
            table = metadata.tables[name]
            for row in rows:
                connection.execute(table.insert().values(dict(zip(table.c.keys(), row, strict=False))))
        members = metadata.tables["members"]
        connection.execute(members.update().where(members.c.code == "ANNA").values(home_id=1))
        connection.execute(members.update().where(members.c.code == "BERT").values(home_id=3))
    (tmp_path / "map.yml").write_text(MAP, encoding="utf-8")
    yield ShopStore(engine, load(tmp_path / "map.yml"))
    engine.dispose()


def column(shop: ShopStore, table: str, name: str) -> list[Any]:
    live = shop.metadata.tables[table]
    with shop.engine.connect() as connection:
        return list(connection.scalars(sa.select(live.c[name]).order_by(*live.primary_key.columns)))


def ledger(shop: ShopStore) -> dict[int, dict[str, Any]]:
    return {key[0]: row for key, row in all_rows(shop.engine, shop.metadata)["ledger"].items()}


def test_every_shape_is_erased_and_the_other_member_keeps_everything(shop: ShopStore) -> None:
    snapshot = freeze(shop, "ANNA")
    decided = {each.table: each for each in plan(shop, snapshot, "everything", "delete", TODAY).tables if not each.role}
    before = ledger(shop)
    erase(shop, snapshot, TODAY)
    assert residue(shop, snapshot, "everything", "delete", TODAY) == []
    assert column(shop, "members", "code") == ["BERT"]
    assert column(shop, "members", "home_id") == [3]
    assert column(shop, "places", "id") == [3]
    assert column(shop, "shipments", "number") == [2, 1]
    assert column(shop, "parcels", "id") == [2, 3]
    assert column(shop, "texts", "id") == [2, 3]
    assert column(shop, "texts_of", "text_id") == [2, 3]
    assert column(shop, "diary", "line") == ["sun"]
    assert column(shop, "posts", "id") == [4, 5, 6, 7, 9]
    assert column(shop, "posts", "parent_id") == [None, None, 5, None, None]
    assert column(shop, "devices", "id") == [3]
    assert column(shop, "events", "id") == [3, 4]
    assert column(shop, "events", "device_id") == [None, 3]
    assert ledger(shop)[4] == before[4]
    left = texts(all_rows(shop.engine, shop.metadata)).lower()
    assert not [value for value in ("apfel", "anna@", "altweg", "apple", "rain", "a-2") if value in left]
    gone = {name: decided[name].goes for name in ("posts", "places", "texts", "devices", "diary", "ledger")}
    assert gone == {"posts": 4, "places": 2, "texts": 1, "devices": 2, "diary": 2, "ledger": 1}


def test_values_of_rows_that_stay_become_coarser_or_made_up(shop: ShopStore) -> None:
    before = ledger(shop)
    erase(shop, freeze(shop, "ANNA"), TODAY)
    after = ledger(shop)
    assert sorted(after) == [1, 2, 4]
    assert [after[number]["ip"] for number in (1, 2)] == ["192.0.2.0", "2001:db8:7::"]
    assert [after[number]["born"] for number in (1, 2)] == [1984, 1984]
    assert [after[number]["zone"] for number in (1, 2)] == ["AB", "XY"]
    assert {after[number]["seen"] for number in (1, 2)} == {datetime(2026, 1, 1)}
    assert [after[number]["amount"] for number in (1, 2)] == [before[number]["amount"] for number in (1, 2)]
    assert after[1]["ref"] == after[2]["ref"] != "A-1"
    assert column(shop, "receipts", "code") == [after[1]["ref"], "A-1"]
    assert after[1]["number"] == after[2]["number"] < 0
    assert json.loads(after[1]["note"]) == {"who": None, "where": "AB", "price": 3}
    assert after[2]["note"] is None
    extra = after[1]["extra"]  # MariaDB has no type for JSON, only texts
    assert (json.loads(extra) if isinstance(extra, str) else extra) == {"sum": 3}
    assert after[2]["extra"] is None


def test_rows_made_anonymous_keep_what_is_listed_and_no_way_back(shop: ShopStore) -> None:
    snapshot = freeze(shop, "ANNA")
    erase(shop, snapshot, TODAY, mode="anonymise")
    assert residue(shop, snapshot, "everything", "anonymise", TODAY) == []
    assert column(shop, "events", "what") == ["looks", "looked", "borrowed", "own"]
    assert column(shop, "events", "member_code") == [None, None, "BERT", "BERT"]
    assert column(shop, "events", "device_id") == [None, None, None, 3]


def test_a_table_done_twice_changes_nothing_more_on_any_shape(shop: ShopStore) -> None:
    snapshot = freeze(shop, "ANNA")
    for table in erasure_order(shop.datamap, shop.metadata):
        erase_table(shop, snapshot, table, "everything", "delete", TODAY, SECRET)
        once = all_rows(shop.engine, shop.metadata)
        erase_table(shop, snapshot, table, "everything", "delete", TODAY, SECRET)
        assert all_rows(shop.engine, shop.metadata) == once, table


def test_a_circle_goes_in_one_transaction_and_threads_before_those_they_hang_on(shop: ShopStore) -> None:
    order = erasure_order(shop.datamap, shop.metadata)
    assert set(group_of(shop.datamap, shop.metadata, "texts")) == {"texts", "texts_of"}
    for before, after in (("parcels", "shipments"), ("texts_of", "texts"), ("places", "members"), ("events", "devices"),
                          ("loans", "devices")):  # fmt: skip
        assert order.index(before) < order.index(after)


def test_what_somebody_elses_row_cannot_do_without_stays_and_is_reported(shop: ShopStore) -> None:
    loans = shop.metadata.tables["loans"]
    with shop.engine.begin() as connection:
        connection.execute(loans.insert().values(id=1, device_id=1, member_code="BERT", note="lent"))
    snapshot = freeze(shop, "ANNA")
    (told,) = [e for e in plan(shop, snapshot, "everything", "delete", TODAY).tables if e.table == "devices"]
    assert (told.goes, told.blocked) == (1, 1)
    order = erasure_order(shop.datamap, shop.metadata)
    for table in order[: order.index("devices") + 1]:
        erase_table(shop, snapshot, table, "everything", "delete", TODAY, SECRET)
    assert column(shop, "devices", "id") == [1, 3]
    assert column(shop, "loans", "note") == ["lent"]
    found = {(each.table, each.column): each.rows for each in residue(shop, snapshot, "everything", "delete", TODAY)}
    assert found[("devices", None)] == 1


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("events", "what", "wrote to  ANNA@Example.com twice"),
        ("events", "what", "https://example.com/?to=anna%40example.com"),
        ("texts_of", "member_code", None),
        ("posts", "kind", "from Anna Apfel"),
        ("ledger", "note", '{"by": "anna@example.com"}'),
    ],
)
def test_a_value_that_means_one_person_is_found_in_anybodys_row_but_not_where_the_law_keeps_it(
    table: str, name: str, value: str | None, shop: ShopStore
) -> None:
    snapshot = freeze(shop, "ANNA")
    erase(shop, snapshot, TODAY)
    if value is not None:
        live = shop.metadata.tables[table]
        with shop.engine.begin() as connection:
            connection.execute(live.update().where(live.c.id == 4).values({name: value}))
    found = residue(shop, snapshot, "everything", "delete", TODAY)
    expected = [] if value is None or table == "ledger" else [(table, name, 1)]
    assert [(each.table, each.column, each.rows) for each in found] == expected


def name_of(shop: ShopStore, code: str, name: str) -> None:
    members = shop.metadata.tables["members"]
    with shop.engine.begin() as connection:
        connection.execute(members.update().where(members.c.code == code).values(name=name))


def says(shop: ShopStore, what: str) -> None:
    """What stands in a row of Bert's."""
    events = shop.metadata.tables["events"]
    with shop.engine.begin() as connection:
        connection.execute(events.update().where(events.c.id == 4).values(what=what))


@pytest.mark.parametrize(
    ("name", "nearly"),
    [("Émile Roux", "Emile Roux"), ("Łukasz Nowak", "Łukasz Nowakowski"), ("Иван Петров", "Иван Петровский"),
     ("Γιώργος Παππάς", "Γιώργος Παππά"), ("İbrahim Öz", "İbrahim Özgür")],
)  # fmt: skip
def test_letters_beyond_ascii_are_found_in_capitals_in_json_and_in_addresses_on_every_database(
    name: str, nearly: str, shop: ShopStore
) -> None:
    name_of(shop, "ANNA", name)
    name_of(shop, "BERT", nearly)
    snapshot = freeze(shop, "ANNA")
    erase(shop, snapshot, TODAY)
    assert residue(shop, snapshot, "everything", "delete", TODAY) == []
    assert column(shop, "members", "name") == [nearly]
    for written in (name, name.lower(), name.upper(), json.dumps({"by": name}), json.dumps({"by": name.upper()}),
                    f"?by={quote(name)}", f"?by={quote(name.lower()).lower()}"):  # fmt: skip
        says(shop, f"told {written}")
        found = [(each.table, each.column) for each in residue(shop, snapshot, "everything", "delete", TODAY)]
        assert found == [("events", "what")], written
    for written in (nearly, nearly.upper(), json.dumps({"by": nearly}), f"?by={quote(nearly)}"):
        says(shop, f"told {written}")
        assert residue(shop, snapshot, "everything", "delete", TODAY) == [], written


def test_a_namesake_in_other_casing_makes_a_name_mean_two_people(shop: ShopStore) -> None:
    name_of(shop, "ANNA", "Émile Roux")
    assert "name" in freeze(shop, "ANNA")["look_for"]
    name_of(shop, "BERT", "ÉMILE ROUX")
    assert "name" not in freeze(shop, "ANNA")["look_for"]


def without_the_right_to_delete(shop: ShopStore) -> sa.Engine:
    """The same database for an account that may read and update only."""
    grants = {
        "postgresql": ["CREATE ROLE reader LOGIN", "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO reader"],
        "mysql": ["CREATE USER reader@'127.0.0.1'", "GRANT SELECT, UPDATE ON *.* TO reader@'127.0.0.1'"],
    }
    url = shop.engine.url
    if url.get_backend_name() == "sqlite":
        limited = make_engine(str(url))
        denied = {sqlite3.SQLITE_DELETE: sqlite3.SQLITE_DENY}
        sa.event.listen(
            limited, "connect", lambda raw, _: raw.set_authorizer(lambda act, *_: denied.get(act, sqlite3.SQLITE_OK))
        )
        return limited
    owner = make_engine(str(url.set(username="root"))) if url.get_backend_name() == "mysql" else shop.engine
    with owner.begin() as connection:
        for statement in grants[url.get_backend_name()]:
            connection.exec_driver_sql(statement)
    owner.dispose()
    return make_engine(str(url.set(username="reader")))


def test_an_account_without_the_right_to_delete_is_told_so_and_leaves_the_table_whole(shop: ShopStore) -> None:
    limited = ShopStore(without_the_right_to_delete(shop), shop.datamap)
    snapshot, before = freeze(limited, "ANNA"), all_rows(shop.engine, shop.metadata)
    for table in ("devices", "posts", "ledger"):
        with pytest.raises(DeskError, match=f"may not change `{table}`") as refused:
            erase_table(limited, snapshot, table, "everything", "delete", TODAY, SECRET)
        assert "anna" not in str(refused.value).lower()
    limited.engine.dispose()
    assert all_rows(shop.engine, shop.metadata) == before
