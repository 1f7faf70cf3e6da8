"""The invented shop: the cast that the demo promises, the same every time."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, create_engine, select

from bot.demo.customers import AMELIA, CUSTOMERS, DANIEL, EVA, FEATURED, HELEN, JONAS, MAYA, PRIYA, TOMAS
from bot.demo.seed import BYSTANDERS, FIRST_BYSTANDER, build, seed
from bot.demo.shop_schema import shop_metadata

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = create_engine("sqlite://")
    seed(engine, TODAY)
    return engine


def rows(engine: Engine, table: str, **equal: Any) -> list[dict[str, Any]]:
    live = shop_metadata.tables[table]
    query = select(live).where(*(live.c[name] == value for name, value in equal.items()))
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def test_the_same_day_gives_the_same_shop() -> None:
    assert build(TODAY).tables == build(TODAY).tables


def test_seeding_again_changes_nothing(engine: Engine) -> None:
    before = rows(engine, "orders")
    assert seed(engine, TODAY + timedelta(days=40)) is False
    assert rows(engine, "orders") == before


@pytest.mark.parametrize("table", ["customers (number TEXT)", "people (id INTEGER, name TEXT)"])
def test_a_shop_with_tables_of_its_own_is_left_as_it_is(table) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {table}")
    before = sa.inspect(engine).get_table_names()
    assert seed(engine, TODAY) is False
    assert sa.inspect(engine).get_table_names() == before


def test_a_seeding_that_was_broken_off_is_finished() -> None:
    engine = create_engine("sqlite://")
    shop_metadata.tables["customers"].create(engine)
    assert seed(engine, TODAY) is True
    assert len(rows(engine, "customers")) > len(CUSTOMERS)


def test_references_of_the_seed_hold() -> None:
    engine = create_engine("sqlite://")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    assert seed(engine, TODAY) is True


def test_everybody_listed_is_a_customer(engine: Engine) -> None:
    names = {str(row["id"]): row["name"] for row in rows(engine, "customers")}
    assert [names[each["id"]] for each in CUSTOMERS] == [each["name"] for each in CUSTOMERS]
    assert all(each["note"].endswith(".") for each in CUSTOMERS)


def test_an_adult_has_orders_over_four_years(engine: Engine) -> None:
    placed = [row["placed_at"] for row in rows(engine, "orders", customer_id=AMELIA.id)]
    assert len(placed) == 12
    assert max(placed) - min(placed) > timedelta(days=4 * 365)


def test_an_adult_has_an_open_order_and_an_unpaid_refund(engine: Engine) -> None:
    orders = rows(engine, "orders", customer_id=DANIEL.id)
    assert "open" in {order["status"] for order in orders}
    payments = [row for order in orders for row in rows(engine, "payments", order_id=order["id"])]
    (owed,) = [payment for payment in payments if payment["refund_due"]]
    (refund,) = rows(engine, "refunds", payment_id=owed["id"])
    assert refund["paid_at"] is None


@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2027, 1, 1), date(2026, 12, 31)])
def test_a_customer_is_sixteen_and_nobody_consented_for_her(today: date) -> None:
    made = build(today).tables
    (maya,) = [row for row in made["customers"] if row["id"] == MAYA.id]
    born = maya["birth_date"]
    assert today.year - born.year - ((today.month, today.day) < (born.month, born.day)) == 16
    assert "guardian" not in {row["purpose"] for row in made["consents"] if row["customer_ref"] == str(MAYA.id)}


def test_a_customer_has_a_linked_account(engine: Engine) -> None:
    assert len(rows(engine, "linked_accounts", customer_id=JONAS.id)) == 1


def test_a_customer_has_behaviour_and_risk_rows(engine: Engine) -> None:
    assert len(rows(engine, "behaviour_events", customer_id=PRIYA.id)) > 20
    assert len(rows(engine, "risk_scores", customer_id=PRIYA.id)) == 3


def test_a_guest_order_carries_an_adults_address_in_other_casing(engine: Engine) -> None:
    guests = [row["guest_email"] for row in rows(engine, "orders", customer_id=None)]
    (found,) = [email for email in guests if email.lower() == HELEN.email]
    assert found != HELEN.email


def test_two_customers_share_a_phone_number(engine: Engine) -> None:
    phones = [row["phone"] for row in rows(engine, "customers") if row["phone"]]
    assert {phone for phone in phones if phones.count(phone) > 1} == {TOMAS.phone} == {EVA.phone}


def test_there_are_two_hundred_bystanders(engine: Engine) -> None:
    others = [row for row in rows(engine, "customers") if row["id"] >= FIRST_BYSTANDER]
    assert len(others) == BYSTANDERS == 200
    assert len(rows(engine, "customers")) == BYSTANDERS + len(FEATURED)


def test_everybody_is_invented(engine: Engine) -> None:
    for row in rows(engine, "customers"):
        assert row["email"].endswith("@example.com")
        assert re.fullmatch(r"\+44 7700 900\d{3}|\+1 202 555 01\d{2}", row["phone"])


def test_money_adds_up(engine: Engine) -> None:
    for order in rows(engine, "orders"):
        lines = rows(engine, "order_lines", order_id=order["id"])
        assert order["total"] == sum(line["quantity"] * line["unit_price"] for line in lines)
        assert order["net"] + order["tax"] == order["total"]
        assert sum(row["amount"] for row in rows(engine, "payments", order_id=order["id"])) == order["total"]


def test_nobody_orders_before_having_an_account(engine: Engine) -> None:
    since = {row["id"]: row["created_at"] for row in rows(engine, "customers")}
    assert all(row["placed_at"] > since[row["customer_id"]] for row in rows(engine, "orders") if row["customer_id"])
