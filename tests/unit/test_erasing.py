"""Erasure in the shop's database: what goes, what stays, and that nobody else loses a sign."""

import json
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from bot.config import PROJECT
from bot.demo.customers import AMELIA, DANIEL, EVA, FEATURED, HELEN, JONAS, PRIYA, TOMAS
from bot.demo.seed import FIRST_BYSTANDER
from bot.demo.shop_schema import shop_metadata
from bot.errors import DeskError, NotFound, Unavailable
from bot.store.datamap import load
from bot.store.engine import make_engine
from bot.store.erasing import ErasurePlan, TablePlan, erase_table, erasure_order, freeze, plan, residue, settle
from bot.store.erasing.changing import Writer
from bot.store.shop import ShopStore
from tests.shop_rows import SECRET, Rows, all_rows, erase, keys_of, texts, without

TODAY = date(2026, 11, 23)
PEOPLE = [person.id for person in FEATURED]
WAYS = [("everything", "delete"), ("everything", "anonymise"), ("recorded", "delete"), ("recorded", "anonymise")]


@pytest.fixture
def engine(tmp_path: Path, seeded_shop: Path) -> Iterator[Engine]:
    """A demo shop of the test's own."""
    shutil.copy(seeded_shop, tmp_path / "own.sqlite3")
    made = make_engine(f"sqlite:///{tmp_path / 'own.sqlite3'}")
    sa.event.listen(made, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    yield made
    made.dispose()


@pytest.fixture
def shop(engine: Engine) -> ShopStore:
    return ShopStore(engine, load(PROJECT / "data" / "datamap.yml"))


def rows(shop: ShopStore) -> Rows:
    return all_rows(shop.engine, shop_metadata)


def change(shop: ShopStore, table: str, where: dict[str, Any], **values: Any) -> None:
    live = shop_metadata.tables[table]
    with shop.engine.begin() as connection:
        done = connection.execute(live.update().where(*(live.c[k] == v for k, v in where.items())).values(values))
        assert done.rowcount


def add(shop: ShopStore, table: str, **values: Any) -> None:
    with shop.engine.begin() as connection:
        connection.execute(shop_metadata.tables[table].insert().values(values))


def order_of(shop: ShopStore, person: int) -> int:
    """The number of some order of a customer."""
    return next(iter(shop.rows_of(str(person), "orders")))["id"]


def roles_cut(others: Rows) -> Rows:
    """Other people's rows without the columns that may name somebody else."""
    for row in others["customers"].values():
        row.pop("referred_by_id")
    return others


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(("scope", "mode"), WAYS)
def test_the_plan_is_what_happens_and_nobody_elses_row_changes(
    person: int, scope: str, mode: str, shop: ShopStore
) -> None:
    snapshot, mine, before = freeze(shop, str(person)), keys_of(shop, str(person)), rows(shop)
    decided = plan(shop, snapshot, scope, mode, TODAY)
    assert ErasurePlan.from_json(json.loads(json.dumps(decided.as_json()))) == decided
    erase(shop, snapshot, TODAY, scope, mode)
    after = rows(shop)
    assert roles_cut(without(after, mine)) == roles_cut(without(before, mine))
    assert residue(shop, snapshot, scope, mode, TODAY) == []
    told = {each.table: each for each in decided.tables if each.role is None}
    for table, keys in mine.items():
        compare(keys, before[table], after[table], told.get(table))


def compare(keys: set[Any], before: dict[Any, Any], after: dict[Any, Any], told: TablePlan | None) -> None:
    """What became of one table against what was said."""
    gone = keys - after.keys()
    altered = [key for key in keys & after.keys() if before[key] != after[key]]
    if told is None:
        assert not gone
        assert not altered
        return
    assert len(gone) == told.goes, told
    if told.anonymous:
        assert len(altered) == told.anonymous
        return
    assert told.stays == len(keys) - len(gone)
    for changed in told.changed:
        differs = [key for key in altered if before[key][changed.column] != after[key][changed.column]]
        assert len(differs) == changed.rows, changed


@pytest.mark.parametrize("person", [AMELIA.id, HELEN.id, PRIYA.id])
@pytest.mark.parametrize(("scope", "mode"), WAYS)
def test_a_step_that_is_done_twice_changes_nothing_more(
    person: int, scope: str, mode: str, shop: ShopStore, seeded_shop: Path, tmp_path: Path
) -> None:
    shutil.copy(seeded_shop, tmp_path / "twin.sqlite3")
    twin = ShopStore(make_engine(f"sqlite:///{tmp_path / 'twin.sqlite3'}"), shop.datamap)
    snapshot = freeze(shop, str(person))
    erase(twin, snapshot, TODAY, scope, mode)
    for table in erasure_order(shop.datamap, shop.metadata):
        erase(shop, snapshot, TODAY, scope, mode, [table, table])
    erase(shop, snapshot, TODAY, scope, mode)
    twin_rows = all_rows(twin.engine, shop_metadata)
    twin.engine.dispose()
    assert rows(shop) == twin_rows


@pytest.mark.parametrize("person", PEOPLE)
def test_nothing_that_names_the_person_is_left(person: int, shop: ShopStore) -> None:
    customer = shop.customer(str(person))
    assert customer is not None
    erase(shop, freeze(shop, str(person)), TODAY)
    left = texts(rows(shop)).lower()
    for value in (customer["name"], customer["email"], customer["password_hash"]):
        assert value.lower() not in left
    assert shop.customer(str(person)) is None
    assert shop.holdings(str(person)) == []


def test_totals_and_tax_stay_as_they_are_without_the_person(shop: ShopStore) -> None:
    mine, before = keys_of(shop, str(AMELIA.id)), rows(shop)
    erase(shop, freeze(shop, str(AMELIA.id)), TODAY)
    after = rows(shop)
    for key in mine["orders"]:
        old, new = before["orders"][key], after["orders"][key]
        gone = {"customer_id", "guest_email", "ship_to_name", "ship_to_address", "delivery_note", "ip_address"}
        assert {name: new[name] for name in gone} == dict.fromkeys(gone)
        assert {k: v for k, v in new.items() if k not in gone} == {k: v for k, v in old.items() if k not in gone}
    for key in mine["payments"]:
        assert after["payments"][key]["amount"] == before["payments"][key]["amount"]
        assert after["payments"][key]["payer_name"] is None
    for table, column in (("orders", "total"), ("orders", "tax"), ("order_lines", "unit_price")):
        assert sum(r[column] for r in after[table].values()) == sum(r[column] for r in before[table].values())


def test_guest_rows_in_other_casing_are_erased_with_what_hangs_on_them(shop: ShopStore) -> None:
    mine = keys_of(shop, str(HELEN.id))
    assert len(mine["orders"]) == 2
    erase(shop, freeze(shop, str(HELEN.id)), TODAY)
    after = rows(shop)
    assert {after["orders"][key]["guest_email"] for key in mine["orders"]} == {None}
    for table in ("carts", "cart_lines", "newsletter_subscriptions"):
        assert mine[table]
        assert not mine[table] & after[table].keys()


def test_guest_rows_under_an_unconfirmed_address_stay_somebody_elses(shop: ShopStore) -> None:
    change(shop, "customers", {"id": HELEN.id}, email_confirmed_at=None)
    before = rows(shop)
    erase(shop, freeze(shop, str(HELEN.id)), TODAY)
    after = rows(shop)
    assert after["carts"] == before["carts"]
    assert after["newsletter_subscriptions"] == before["newsletter_subscriptions"]
    assert {row["guest_email"] for row in after["orders"].values()} >= {"Helen.Marsh@Example.COM"}


def test_removed_addresses_and_reviews_go_too(shop: ShopStore) -> None:
    erase(shop, freeze(shop, str(AMELIA.id)), TODAY)
    after = rows(shop)
    for table in ("addresses", "reviews"):
        assert not [row for row in after[table].values() if row["customer_id"] == AMELIA.id]


def test_what_a_device_did_before_the_sign_in_goes_with_it(shop: ShopStore) -> None:
    mine, before = keys_of(shop, str(PRIYA.id)), rows(shop)
    nameless = [key for key in mine["behaviour_events"] if before["behaviour_events"][key]["customer_id"] is None]
    assert len(nameless) == 6
    erase(shop, freeze(shop, str(PRIYA.id)), TODAY)
    assert not mine["behaviour_events"] & rows(shop)["behaviour_events"].keys()


def test_events_made_anonymous_keep_kind_product_and_year_and_lead_to_nobody(shop: ShopStore) -> None:
    mine, before = keys_of(shop, str(PRIYA.id)), rows(shop)
    erase(shop, freeze(shop, str(PRIYA.id)), TODAY, "everything", "anonymise")
    after = rows(shop)
    assert len(mine["behaviour_events"]) == 48
    for key in mine["behaviour_events"]:
        old, new = before["behaviour_events"][key], after["behaviour_events"][key]
        assert new == dict.fromkeys(old) | {
            "id": old["id"],
            "kind": old["kind"],
            "product_id": old["product_id"],
            "happened_at": datetime(old["happened_at"].year, 1, 1),
        }
    for key in mine["risk_scores"]:
        assert after["risk_scores"][key]["customer_id"] is None
        assert after["risk_scores"][key]["reasons"] is None
        assert after["risk_scores"][key]["score"] == before["risk_scores"][key]["score"]
    assert not mine["devices"] & after["devices"].keys()


@pytest.mark.parametrize("mode", ["delete", "anonymise"])
def test_only_what_the_shop_recorded_goes_and_the_account_stays(mode: str, shop: ShopStore) -> None:
    add(shop, "support_notes", id=900, about_kind="customer", about_id=PRIYA.id, staff_name="C. Finch", note="Kind.",
        written_at=datetime(2026, 1, 1))  # fmt: skip
    mine, before = keys_of(shop, str(PRIYA.id)), rows(shop)
    erase(shop, freeze(shop, str(PRIYA.id)), TODAY, "recorded", mode)
    after = rows(shop)
    for table in ("devices", "customer_segments", "support_notes"):
        assert mine[table]
        assert not mine[table] & after[table].keys()
    stay = mine["behaviour_events"] & after["behaviour_events"].keys()
    assert len(stay) == (48 if mode == "anonymise" else 0)
    for key in mine["orders"]:
        assert after["orders"][key] == before["orders"][key] | {"ip_address": None}
    for table in ("customers", "addresses", "consents", "payments", "order_lines"):
        assert after[table] == before[table]


def test_who_was_recommended_forgets_by_whom_and_nothing_else(shop: ShopStore) -> None:
    before = rows(shop)["customers"]
    assert before[(EVA.id,)]["referred_by_id"] == HELEN.id
    erase(shop, freeze(shop, str(HELEN.id)), TODAY)
    assert rows(shop)["customers"][(EVA.id,)] == before[(EVA.id,)] | {"referred_by_id": None}


def test_a_gift_from_somebody_else_forgets_its_recipient_and_keeps_the_message(shop: ShopStore) -> None:
    change(shop, "order_gifts", {}, recipient_email="DANIEL.okafor@example.com")
    before = rows(shop)["order_gifts"]
    erase(shop, freeze(shop, str(DANIEL.id)), TODAY)
    ((key, old),) = before.items()
    assert rows(shop)["order_gifts"][key] == old | {"recipient_name": None, "recipient_email": None}


def test_a_note_on_an_order_goes_and_one_on_an_order_of_the_same_number_as_the_customer_stays(shop: ShopStore) -> None:
    change(shop, "support_notes", {"about_id": DANIEL.id}, about_kind="order")
    before = rows(shop)["support_notes"]
    erase(shop, freeze(shop, str(DANIEL.id)), TODAY)
    assert rows(shop)["support_notes"] == before
    erase(shop, freeze(shop, str(AMELIA.id)), TODAY)
    assert {row["about_id"] for row in rows(shop)["support_notes"].values()} == {DANIEL.id}


def test_recorded_choices_stay_under_one_pseudonym_that_the_secret_alone_explains(shop: ShopStore) -> None:
    mine = keys_of(shop, str(PRIYA.id))["consents"]
    other = keys_of(shop, str(HELEN.id))["consents"]
    before = rows(shop)["consents"]
    for person in (PRIYA, HELEN):
        erase(shop, freeze(shop, str(person.id)), TODAY)
    after = rows(shop)["consents"]
    (priya,) = {after[key]["customer_ref"] for key in mine}
    (helen,) = {after[key]["customer_ref"] for key in other}
    assert len({priya, helen, str(PRIYA.id), str(HELEN.id)}) == 4
    assert str(PRIYA.id) not in priya
    for key in mine:
        assert after[key] == before[key] | {"customer_ref": priya}


def test_with_another_secret_the_pseudonym_is_another(shop: ShopStore, seeded_shop: Path, tmp_path: Path) -> None:
    shutil.copy(seeded_shop, tmp_path / "twin.sqlite3")
    twin = ShopStore(make_engine(f"sqlite:///{tmp_path / 'twin.sqlite3'}"), shop.datamap)
    snapshot, mine = freeze(shop, str(PRIYA.id)), keys_of(shop, str(PRIYA.id))["consents"]
    erase_table(shop, snapshot, "consents", "everything", "delete", TODAY, SECRET)
    erase_table(twin, snapshot, "consents", "everything", "delete", TODAY, b"another")
    one, other = (all_rows(each.engine, shop_metadata)["consents"] for each in (shop, twin))
    twin.engine.dispose()
    assert all(one[key]["customer_ref"] != other[key]["customer_ref"] for key in mine)


@pytest.mark.parametrize(
    ("placed", "today", "goes"),
    [
        (datetime(2019, 12, 31, 23, 59), date(2025, 12, 31), False),
        (datetime(2019, 12, 31, 23, 59), date(2026, 1, 1), True),
        (datetime(2020, 1, 1), date(2026, 12, 31), False),
        (datetime(2020, 1, 1), date(2027, 1, 1), True),
        (datetime(2020, 2, 29), date(2027, 1, 1), True),
    ],
)
def test_an_order_goes_when_six_years_after_its_year_are_over(
    placed: datetime, today: date, goes: bool, shop: ShopStore
) -> None:
    order = order_of(shop, TOMAS.id)
    change(shop, "orders", {"id": order}, placed_at=placed)
    change(shop, "payments", {"order_id": order}, paid_at=None)
    add(shop, "order_gifts", order_id=order, recipient_name="Somebody")
    mine, before = keys_of(shop, str(TOMAS.id)), rows(shop)
    erase(shop, freeze(shop, str(TOMAS.id)), today)
    after = rows(shop)
    for table in ("orders", "order_lines", "payments", "order_gifts"):
        assert bool(mine[table] & after[table].keys()) != goes, table
    assert roles_cut(without(after, mine)) == roles_cut(without(before, mine))


def test_an_order_stays_as_long_as_a_refund_that_must_be_kept_leads_to_it(shop: ShopStore) -> None:
    order = order_of(shop, TOMAS.id)
    payment = next(iter(shop.rows_of(str(TOMAS.id), "payments")))["id"]
    change(shop, "orders", {"id": order}, placed_at=datetime(2018, 12, 30))
    change(shop, "payments", {"id": payment}, paid_at=datetime(2018, 12, 30))
    add(shop, "refunds", id=900, payment_id=payment, reason="Late", status="paid", amount=1,
        requested_at=datetime(2021, 1, 2))  # fmt: skip
    mine = keys_of(shop, str(TOMAS.id))
    decided = {
        each.table: each for each in plan(shop, freeze(shop, str(TOMAS.id)), "everything", "delete", TODAY).tables
    }
    erase(shop, freeze(shop, str(TOMAS.id)), TODAY)
    after = rows(shop)
    for table in ("orders", "payments", "refunds"):
        assert len(mine[table] & after[table].keys()) == decided[table].stays == 1
    assert decided["refunds"].kept.latest == date(2027, 12, 31)
    assert not mine["order_lines"] & after["order_lines"].keys()
    assert after["refunds"][(900,)]["reason"] is None


def test_the_plan_warns_of_open_orders_and_refunds(shop: ShopStore) -> None:
    warned = plan(shop, freeze(shop, str(DANIEL.id)), "everything", "delete", TODAY).warnings
    assert [(each.say, each.rows) for each in warned] == [
        ("An order is still on its way to you.", 1),
        ("A refund has not been paid out to you yet.", 1),
    ]
    assert plan(shop, freeze(shop, str(AMELIA.id)), "everything", "delete", TODAY).warnings == ()
    assert plan(shop, freeze(shop, str(DANIEL.id)), "recorded", "delete", TODAY).warnings == ()


def test_the_plan_holds_no_value_of_the_person(shop: ShopStore) -> None:
    customer = shop.customer(str(AMELIA.id))
    assert customer is not None
    told = json.dumps(plan(shop, freeze(shop, str(AMELIA.id)), "everything", "delete", TODAY).as_json())
    for value in (customer["name"], customer["email"], customer["phone"], str(AMELIA.id)):
        assert value not in told


def test_the_account_is_the_last_to_go(shop: ShopStore) -> None:
    order = erasure_order(shop.datamap, shop.metadata)
    assert order[-1] == "customers"
    assert sorted(order) == sorted(table.name for table in shop.datamap.personal_tables())
    for before, after in (("support_notes", "orders"), ("refunds", "payments"), ("payments", "orders"),
                          ("behaviour_events", "devices"), ("consents", "customers")):  # fmt: skip
        assert order.index(before) < order.index(after)


def test_an_error_half_way_leaves_the_table_as_it_was(shop: ShopStore, monkeypatch: pytest.MonkeyPatch) -> None:
    change(shop, "orders", {"id": order_of(shop, AMELIA.id)}, placed_at=datetime(2015, 1, 1))
    erase(shop, snapshot := freeze(shop, str(AMELIA.id)), TODAY, tables=["order_lines", "order_gifts", "payments"])
    before, real = rows(shop), Writer.change

    def dies(self: Writer, *given: Any) -> None:
        real(self, *given)
        raise MemoryError

    monkeypatch.setattr(Writer, "change", dies)
    with pytest.raises(MemoryError):
        erase(shop, snapshot, TODAY, tables=["orders"])
    assert rows(shop) == before
    monkeypatch.undo()
    erase(shop, snapshot, TODAY)
    assert residue(shop, snapshot, "everything", "delete", TODAY) == []


def test_what_was_frozen_is_enough_when_the_account_is_gone_already(shop: ShopStore) -> None:
    snapshot = json.loads(json.dumps(freeze(shop, str(HELEN.id))))
    with shop.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.rollback()
    raw = shop.engine.raw_connection()
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute("DELETE FROM customers WHERE id = ?", (HELEN.id,))
    raw.execute("PRAGMA foreign_keys=ON")
    raw.close()
    erase(shop, snapshot, TODAY)
    assert residue(shop, snapshot, "everything", "delete", TODAY) == []
    assert "helen" not in texts(rows(shop)).lower()


def test_nobody_is_frozen_under_a_number_that_nobody_has(shop: ShopStore) -> None:
    with pytest.raises(NotFound):
        freeze(shop, "999999")


def test_an_account_that_may_only_read_is_told_so_and_changes_nothing(shop: ShopStore, tmp_path: Path) -> None:
    settle(shop)
    readonly = ShopStore(sa.create_engine(f"sqlite:///file:{tmp_path / 'own.sqlite3'}?mode=ro&uri=true"), shop.datamap)
    snapshot, before = freeze(shop, str(AMELIA.id)), rows(shop)
    with pytest.raises(DeskError, match="may not change `addresses`") as refused:
        erase(readonly, snapshot, TODAY)
    assert not isinstance(refused.value, Unavailable)
    readonly.engine.dispose()
    assert rows(shop) == before


def test_a_locked_database_is_tried_again_later(shop: ShopStore) -> None:
    snapshot, before = freeze(shop, str(AMELIA.id)), rows(shop)
    impatient = sa.create_engine(shop.engine.url, connect_args={"timeout": 0})
    with shop.engine.begin() as connection:
        connection.execute(sa.text("UPDATE segments SET name = name"))
        with pytest.raises(Unavailable):
            erase(ShopStore(impatient, shop.datamap), snapshot, TODAY)
    impatient.dispose()
    assert rows(shop) == before


def test_errors_of_the_database_are_told_without_values(shop: ShopStore) -> None:
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE loans (id INTEGER PRIMARY KEY, who INTEGER NOT NULL REFERENCES customers)"
        )
        connection.exec_driver_sql("INSERT INTO loans VALUES (1, ?)", (JONAS.id,))
    snapshot = freeze(shop, str(JONAS.id))
    with pytest.raises(DeskError, match="does not let rows of `customers` go") as refused:
        erase(shop, snapshot, TODAY)
    assert JONAS.email not in str(refused.value)
    assert shop.customer(str(JONAS.id)) is not None


def test_a_bystander_of_two_hundred_can_be_erased_as_well(shop: ShopStore) -> None:
    for number in (FIRST_BYSTANDER, FIRST_BYSTANDER + 4, FIRST_BYSTANDER + 60):
        snapshot = freeze(shop, str(number))
        erase(shop, snapshot, TODAY)
        assert residue(shop, snapshot, "everything", "delete", TODAY) == []


def test_somebody_whose_name_and_address_hold_the_erased_ones_is_no_residue(shop: ShopStore) -> None:
    erased, namesake = FIRST_BYSTANDER, FIRST_BYSTANDER + 1
    change(shop, "customers", {"id": erased}, name="Ann Lee", email="an@example.com")
    change(shop, "customers", {"id": namesake}, name="Ann Lee-Jones", email="jo.an@example.com")
    snapshot = freeze(shop, str(erased))
    erase(shop, snapshot, TODAY)
    assert residue(shop, snapshot, "everything", "delete", TODAY) == []
    assert (shop.customer(str(namesake)) or {})["name"] == "Ann Lee-Jones"
    change(shop, "segments", {"id": 1}, name="Friends of ann lee, an@example.com")
    assert [
        (each.table, each.column, each.rows) for each in residue(shop, snapshot, "everything", "delete", TODAY)
    ] == [("segments", "name", 1)]
