"""The shop store: whose rows are whose, on the demo's schema and on harder ones."""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event

from bot.demo.customers import AMELIA, DANIEL, EVA, HELEN, PRIYA, TOMAS
from bot.demo.seed import FIRST_BYSTANDER
from bot.demo.shop_schema import customers, orders
from bot.store.datamap import check, load
from bot.store.shop import ShopStore

MAP = Path(__file__).parents[2] / "data" / "datamap.yml"


def subjects_rows(shop: ShopStore, subject: int, table: str) -> list[dict[str, Any]]:
    return list(shop.rows_of(str(subject), table))


def test_a_customer_is_found_by_the_id_as_text(shop: ShopStore) -> None:
    found = shop.customer(str(AMELIA.id))
    assert found is not None
    assert found["email"] == AMELIA.email


@pytest.mark.parametrize(
    "rubbish",
    ["", " ", "0", "-1", "999999", "1001 ", " 1001", "01001", "+1001", "1_001", "1001.0", "1e3", "１００１", "9" * 18,
     "9" * 400, "1001; DROP TABLE customers", "1001' OR '1'='1", "\x00", "\ud800", "None", "null", "true", "ämélia"],
)  # fmt: skip
def test_an_id_that_nobody_has_is_nobody(rubbish: str, shop: ShopStore) -> None:
    assert shop.customer(rubbish) is None
    assert list(shop.rows_of(rubbish, "orders")) == []
    assert list(shop.rows_naming(rubbish, "order_gifts", "recipient")) == []
    assert shop.holdings(rubbish) == []


def test_an_order_of_a_guest_is_found_in_other_casing(shop: ShopStore) -> None:
    found = subjects_rows(shop, HELEN.id, "orders")
    assert {row["guest_email"] for row in found} == {None, "Helen.Marsh@Example.COM"}


def test_a_newsletter_row_is_found_in_other_casing_and_with_spaces(shop: ShopStore) -> None:
    assert [row["email"] for row in subjects_rows(shop, HELEN.id, "newsletter_subscriptions")] == [
        " HELEN.MARSH@example.com"
    ]


def test_lines_and_payments_of_a_guest_order_are_found(shop: ShopStore) -> None:
    found = {row["id"] for row in subjects_rows(shop, HELEN.id, "orders")}
    assert {row["order_id"] for row in subjects_rows(shop, HELEN.id, "order_lines")} == found
    assert {row["order_id"] for row in subjects_rows(shop, HELEN.id, "payments")} == found


def test_an_abandoned_cart_of_a_guest_is_found_with_its_lines(shop: ShopStore) -> None:
    (cart,) = subjects_rows(shop, HELEN.id, "carts")
    assert [row["cart_id"] for row in subjects_rows(shop, HELEN.id, "cart_lines")] == [cart["id"]]


def test_guest_rows_are_nobodys_until_the_address_is_confirmed(shop: ShopStore, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(customers.update().where(customers.c.id == HELEN.id).values(email_confirmed_at=None))
    assert {row["guest_email"] for row in subjects_rows(shop, HELEN.id, "orders")} == {None}
    assert subjects_rows(shop, HELEN.id, "newsletter_subscriptions") == []


@pytest.mark.parametrize("value", ["N", "0", "no", "", "0000-00-00 00:00:00", "Y"])
def test_no_text_confirms_an_address(value: str, shop: ShopStore, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE customers ADD COLUMN verified VARCHAR(20)"))
        connection.execute(sa.text("UPDATE customers SET verified = :value"), {"value": value})
    subject = replace(shop.datamap.subject, email_confirmed="verified")
    shop = ShopStore(engine, replace(shop.datamap, subject=subject))
    assert {row["guest_email"] for row in subjects_rows(shop, HELEN.id, "orders")} == {None}
    assert subjects_rows(shop, HELEN.id, "newsletter_subscriptions") == []


def test_an_order_with_an_account_is_not_claimed_by_its_guest_address(shop: ShopStore, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            orders.update().where(orders.c.customer_id == DANIEL.id).values(guest_email=AMELIA.email.upper())
        )
    assert {row["customer_id"] for row in subjects_rows(shop, AMELIA.id, "orders")} == {AMELIA.id}


def test_an_address_is_compared_whole(shop: ShopStore, engine: Engine) -> None:
    guests = orders.update().where(orders.c.customer_id == TOMAS.id)
    for address in ("%", "helen_marsh@example.com", "xhelen.marsh@example.com", "helen.marsh@example.com.example"):
        with engine.begin() as connection:
            connection.execute(guests.values(guest_email=address))
            connection.execute(orders.update().where(orders.c.guest_email == address).values(customer_id=None))
        assert len(subjects_rows(shop, HELEN.id, "orders")) == 2
        with engine.begin() as connection:
            connection.execute(orders.update().where(orders.c.guest_email == address).values(customer_id=TOMAS.id))


def test_customers_who_share_a_phone_number_are_kept_apart(shop: ShopStore) -> None:
    for one, other in ((TOMAS, EVA), (EVA, TOMAS)):
        held = " ".join(str(row) for table in shop.metadata.tables for row in subjects_rows(shop, one.id, table))
        assert one.email in held
        assert other.email not in held
        assert other.name not in held


def test_notes_are_found_on_the_customer_and_on_the_order(shop: ShopStore) -> None:
    assert [row["about_kind"] for row in subjects_rows(shop, AMELIA.id, "support_notes")] == ["order"]
    assert [row["about_kind"] for row in subjects_rows(shop, DANIEL.id, "support_notes")] == ["customer"]


def test_a_note_on_an_order_is_not_taken_for_one_on_the_customer_of_that_number(
    shop: ShopStore, engine: Engine
) -> None:
    notes = shop.metadata.tables["support_notes"]
    with engine.begin() as connection:
        connection.execute(notes.update().where(notes.c.about_id == DANIEL.id).values(about_kind="order"))
    assert subjects_rows(shop, DANIEL.id, "support_notes") == []


def test_what_was_viewed_before_the_sign_in_is_found_by_the_device(shop: ShopStore) -> None:
    events = subjects_rows(shop, PRIYA.id, "behaviour_events")
    assert {row["customer_id"] for row in events} == {PRIYA.id, None}
    assert len(events) == 48


def test_choices_kept_without_a_foreign_key_are_found(shop: ShopStore) -> None:
    assert {row["customer_ref"] for row in subjects_rows(shop, PRIYA.id, "consents")} == {str(PRIYA.id)}


def test_removed_addresses_are_still_found(shop: ShopStore) -> None:
    assert [row["is_deleted"] for row in subjects_rows(shop, AMELIA.id, "addresses")] == [False, False, True]


def test_reference_data_is_nobodys(shop: ShopStore) -> None:
    assert subjects_rows(shop, AMELIA.id, "products") == []


def test_the_recipient_of_a_gift_sees_their_own_columns_and_not_the_order(shop: ShopStore, engine: Engine) -> None:
    gifts = shop.metadata.tables["order_gifts"]
    with engine.begin() as connection:
        connection.execute(gifts.update().values(recipient_email="DANIEL.okafor@example.com"))
    assert list(shop.rows_naming(str(DANIEL.id), "order_gifts", "recipient")) == [
        {"recipient_name": "Beatrice Holloway", "recipient_email": "DANIEL.okafor@example.com"}
    ]
    assert subjects_rows(shop, DANIEL.id, "order_gifts") == []
    assert {row["customer_id"] for row in subjects_rows(shop, DANIEL.id, "orders")} == {DANIEL.id}


def test_who_recommended_somebody_is_named_by_number_only(shop: ShopStore) -> None:
    assert list(shop.rows_naming(str(HELEN.id), "customers", "referrer")) == [{"referred_by_id": HELEN.id}]
    assert [row["id"] for row in subjects_rows(shop, HELEN.id, "customers")] == [HELEN.id]


def test_every_row_of_a_personal_table_has_at_most_one_owner(shop: ShopStore) -> None:
    everybody = [str(number) for number in range(1001, FIRST_BYSTANDER + 30) if shop.customer(str(number))]
    for table in shop.datamap.personal_tables():
        key = [column.name for column in shop.metadata.tables[table.name].primary_key]
        seen = [tuple(row[k] for k in key) for each in everybody for row in shop.rows_of(each, table.name)]
        assert len(seen) == len(set(seen)), table.name


def test_holdings_count_what_rows_of_gives(shop: ShopStore) -> None:
    for person in (AMELIA, HELEN, PRIYA):
        counted = {each.table.name: each.count for each in shop.holdings(str(person.id)) if each.role is None}
        listed = {
            table.name: len(subjects_rows(shop, person.id, table.name)) for table in shop.datamap.personal_tables()
        }
        assert counted == {name: count for name, count in listed.items() if count}


def test_rows_are_read_as_they_are_needed(shop: ShopStore, engine: Engine) -> None:
    one = subjects_rows(shop, AMELIA.id, "reviews")[0]
    many = [{name: value for name, value in one.items() if name != "id"}] * 50_000
    with engine.begin() as connection:
        connection.execute(shop.metadata.tables["reviews"].insert(), many)
    tracemalloc.start()
    assert sum(1 for _ in shop.rows_of(str(AMELIA.id), "reviews")) == 50_004
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def test_values_are_sent_beside_the_statement_never_in_it(shop: ShopStore) -> None:
    statements: list[str] = []
    event.listen(shop.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    shop.holdings(str(HELEN.id))
    assert statements
    assert not any(HELEN.email in each.lower() or str(HELEN.id) in each for each in statements)


HARD_MAP = """
format: 1
subject: {table: members, key: code, email: mail}
keep_reasons: {}
categories:
  all: {class: personal_center, title: All, purpose: All., recipients: [], retention: R, source: You, legal_basis: Law}
tables:
  members:
    category: all
    show: no
    erase: delete
    columns: {code: , mail: }
  shipments:
    category: all
    show: no
    erase: delete
    belongs: [{through: members, keys: {member_code: code}}]
    columns: {shop: , number: , member_code: }
  parcels:
    category: all
    show: no
    erase: delete
    belongs: [{through: shipments, keys: {shipment_shop: shop, shipment_number: number}}]
    columns: {id: , shipment_shop: , shipment_number: }
  posts:
    category: all
    show: no
    erase: delete
    belongs:
      - {through: members, keys: {owner: code}, when: {kind: [question, answer]}}
      - {through: posts, keys: {parent_id: id}, when: {kind: {not: pinned}}}
      - {through: posts, keys: {parent_id: id}, role: answered}
    columns: {id: , parent_id: {about: answered, erase: nullify}, kind: , owner: }
  demographics_of:
    category: all
    show: no
    erase: delete
    belongs: [{through: members, keys: {member_code: code}}]
    columns: {member_code: , demographic_id: }
  demographics:
    category: all
    show: no
    erase: delete
    belongs: [{through: demographics_of, keys: {id: demographic_id}}]
    columns: {id: , text: }
  letters:
    category: all
    show: no
    erase: delete
    belongs: [{match: {mail: mail}}]
    columns: {id: , mail: }
"""

HARD_SCHEMA = """
CREATE TABLE members (code VARCHAR(5) COLLATE NOCASE PRIMARY KEY, mail VARCHAR(99));
CREATE TABLE shipments (shop INTEGER, number INTEGER, member_code VARCHAR(5), PRIMARY KEY (shop, number));
CREATE TABLE parcels (id INTEGER PRIMARY KEY, shipment_shop INTEGER, shipment_number INTEGER);
CREATE TABLE posts (id INTEGER PRIMARY KEY, parent_id INTEGER, kind VARCHAR(9), owner VARCHAR(9));
CREATE TABLE demographics_of (member_code VARCHAR(5), demographic_id INTEGER,
  PRIMARY KEY (member_code, demographic_id));
CREATE TABLE demographics (id INTEGER PRIMARY KEY, text VARCHAR(9));
CREATE TABLE letters (id INTEGER PRIMARY KEY, mail VARCHAR(99));
INSERT INTO members VALUES ('ANNA', 'anna@example.com'), ('BERT', 'bert@example.com'), ('TWIN', 'BERT@example.com'),
  ('NONE', NULL), ('VOID', ' ');
INSERT INTO shipments VALUES (1, 1, 'ANNA'), (1, 2, 'BERT'), (2, 1, 'BERT');
INSERT INTO parcels VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1);
INSERT INTO posts VALUES (1, NULL, 'question', 'ANNA'), (2, 1, 'reply', NULL), (3, 2, 'reply', NULL),
  (4, 3, 'pinned', NULL), (5, NULL, 'question', 'BERT'), (6, 6, 'reply', NULL), (7, NULL, 'system', 'ANNA'),
  (8, 9, 'answer', 'ANNA'), (9, 8, 'reply', NULL), (10, 1, NULL, NULL);
INSERT INTO demographics_of VALUES ('ANNA', 1), ('BERT', 2), ('BERT', 3);
INSERT INTO demographics VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO letters VALUES (1, 'Anna@example.com'), (2, 'bert@example.com'), (3, NULL), (4, '')
"""


@pytest.fixture
def hard(tmp_path: Path) -> ShopStore:
    """Keys of two columns, keys of text, threads, a many-to-many, two people with one address."""
    (tmp_path / "hard.yml").write_text(HARD_MAP, encoding="utf-8")
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        for statement in HARD_SCHEMA.split(";"):
            connection.exec_driver_sql(statement)
    return ShopStore(engine, load(tmp_path / "hard.yml"))


def ids(shop: ShopStore, subject: str, table: str) -> list[int]:
    return sorted(row["id"] for row in shop.rows_of(subject, table))


def test_the_hard_schema_fits_its_map(hard: ShopStore) -> None:
    assert check(hard.datamap, hard.metadata) == []


def test_rows_are_followed_over_keys_of_two_columns(hard: ShopStore) -> None:
    assert ids(hard, "ANNA", "parcels") == [1]
    assert ids(hard, "BERT", "parcels") == [2, 3]


def test_threads_are_followed_down_and_end(hard: ShopStore) -> None:
    assert ids(hard, "ANNA", "posts") == [1, 2, 3, 8, 9, 10]
    assert ids(hard, "BERT", "posts") == [5]


def test_rows_are_followed_over_a_many_to_many(hard: ShopStore) -> None:
    assert ids(hard, "BERT", "demographics") == [2, 3]


def test_an_address_that_two_people_hold_finds_nobodys_rows(hard: ShopStore) -> None:
    assert ids(hard, "ANNA", "letters") == [1]
    assert ids(hard, "BERT", "letters") == []
    assert ids(hard, "TWIN", "letters") == []


def test_a_customer_without_an_address_matches_no_empty_address(hard: ShopStore) -> None:
    assert ids(hard, "NONE", "letters") == []
    assert ids(hard, "VOID", "letters") == []


def test_a_role_may_lead_through_the_table_itself(hard: ShopStore) -> None:
    answered = [row["parent_id"] for row in hard.rows_naming("ANNA", "posts", "answered")]
    assert answered == [1, 2, 3, 9, 8, 1]
    assert list(hard.rows_naming("BERT", "posts", "answered")) == []


@pytest.mark.parametrize("other", ["anna", "Anna", "ANNA ", "ANN%", "\x00ANNA", "A" * 300])
def test_a_key_of_text_is_taken_exactly(other: str, hard: ShopStore) -> None:
    assert hard.customer(other) is None
