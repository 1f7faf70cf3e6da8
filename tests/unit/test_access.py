"""The overview a customer is given: complete, masked, and free of anybody else."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.demo.customers import AMELIA, DANIEL, EVA, FEATURED, HELEN, JONAS, MAYA, PRIYA, TOMAS, Featured
from bot.demo.seed import FIRST_BYSTANDER
from bot.demo.shop_schema import shop_metadata
from bot.errors import NotFound
from bot.privacy.access import AccessSummary, in_words, summarise
from bot.store.datamap import DataMap, Show, load
from bot.store.masking import HIDDEN, MASKS, mask
from bot.store.shop import ShopStore

MAP = Path(__file__).parents[2] / "data" / "datamap.yml"


def overview(shop: ShopStore, person: Featured) -> AccessSummary:
    return summarise(shop, shop.datamap, str(person.id))


def said(summary: AccessSummary, title: str) -> dict[str, str]:
    """What stands under a heading, by label."""
    (found,) = [each for each in summary.categories if each.title == title]
    return dict(found.items)


def change(engine: Engine, table: str, where: dict[str, Any], **values: Any) -> None:
    live = shop_metadata.tables[table]
    with engine.begin() as connection:
        condition = sa.and_(sa.true(), *(live.c[name] == value for name, value in where.items()))
        assert connection.execute(live.update().where(condition).values(**values)).rowcount


def test_orders_are_counted_with_their_period(shop: ShopStore) -> None:
    assert said(overview(shop, AMELIA), "Your orders")["Orders"] == "12 orders between October 2022 and October 2026"


def test_one_order_is_spoken_of_in_the_singular(shop: ShopStore) -> None:
    assert said(overview(shop, MAYA), "Your orders")["Orders"] == "1 order in November 2026"


def test_orders_of_one_month_name_it_once(shop: ShopStore, engine: Engine) -> None:
    change(engine, "orders", {"customer_id": DANIEL.id}, placed_at=datetime(2026, 11, 1))
    assert said(overview(shop, DANIEL), "Your orders")["Orders"] == "3 orders in November 2026"


def test_profile_values_are_masked(shop: ShopStore) -> None:
    profile = said(overview(shop, AMELIA), "Your account")
    assert profile["Name"] == "A••••• H••••••"
    assert profile["E-mail address"] == "a•••@e•••.com"
    assert profile["Phone number"] == "••• •••• ••••01"
    assert profile["Date of birth"] == "•• •• 1985"


def test_removed_rows_are_owned_up_to(shop: ShopStore) -> None:
    assert said(overview(shop, AMELIA), "Your addresses")["Addresses"].endswith(", 1 of them removed but still stored")


def test_a_single_removed_row_is_owned_up_to(shop: ShopStore, engine: Engine) -> None:
    change(engine, "addresses", {"customer_id": EVA.id}, is_deleted=True)
    assert said(overview(shop, EVA), "Your addresses")["Addresses"].endswith("2025, removed but still stored")


def test_a_guest_order_in_other_casing_is_counted(shop: ShopStore) -> None:
    assert said(overview(shop, HELEN), "Your orders")["Orders"] == "2 orders between July 2025 and October 2026"


def test_what_the_shop_recorded_by_itself_is_named_with_its_count_only(shop: ShopStore) -> None:
    summary = overview(shop, PRIYA)
    assert {each.title: each.count for each in summary.withheld} == {
        "What you viewed and searched for": 48,
        "Devices and connections you used": 2,
        "Risk scores": 3,
        "Groups the shop put you in": 2,
    }
    closed = [row["search_text"] for row in shop.rows_of(str(PRIYA.id), "behaviour_events") if row["search_text"]]
    assert closed
    assert not any(text in json.dumps(summary.as_card()) for text in closed)


def test_an_address_of_the_connection_inside_an_order_is_withheld_too(shop: ShopStore) -> None:
    devices = {each.title: each.count for each in overview(shop, MAYA).withheld}
    assert devices == {"Devices and connections you used": 1}


def test_a_linked_account_is_named_as_outside_and_not_shown(shop: ShopStore) -> None:
    card = overview(shop, JONAS).as_card()
    assert card["outside"] == [{"title": "Accounts at other companies that you linked", "count": 1}]
    assert "Treehouse" not in json.dumps(card)
    assert "th-88213004" not in json.dumps(card)


def test_a_category_without_rows_is_not_mentioned(shop: ShopStore) -> None:
    summary = overview(shop, TOMAS)
    assert "Your reviews" not in {each.title for each in summary.categories}
    assert summary.outside == []


def test_the_card_is_plain_json_of_the_agreed_shape(shop: ShopStore) -> None:
    card = overview(shop, AMELIA).as_card()
    assert json.loads(json.dumps(card)) == card
    assert card["kind"] == "access_summary"
    assert set(card) == {"kind", "categories", "withheld", "outside"}
    assert all(set(each) == {"title", "items", "note"} for each in card["categories"])
    assert all(set(item) == {"label", "value"} for each in card["categories"] for item in each["items"])
    assert all(item["value"] for each in card["categories"] for item in each["items"])


@pytest.mark.parametrize("subject", ["999999", "", "1001 ", "1001 OR 1=1"])
def test_a_stranger_is_told_that_there_is_nobody(subject: str, shop: ShopStore) -> None:
    with pytest.raises(NotFound):
        summarise(shop, shop.datamap, subject)


def test_nobody_elses_values_stand_in_anybodys_overview(shop: ShopStore) -> None:
    people = [str(person.id) for person in FEATURED] + [str(FIRST_BYSTANDER + number) for number in range(0, 200, 20)]
    values = {each: _telling(shop, each) for each in people}
    for each in people:
        text = json.dumps(summarise(shop, shop.datamap, each).as_card(), ensure_ascii=False)
        for other in people:
            found = [value for value in values[other] - values[each] if value in text]
            assert not found, f"{found} of {other} shown to {each}"


def test_no_masked_value_of_ones_own_is_shown_in_full(shop: ShopStore) -> None:
    for person in FEATURED:
        text = json.dumps(overview(shop, person).as_card(), ensure_ascii=False)
        assert not [value for value in _telling(shop, str(person.id)) if value in text]


def test_the_recipient_of_a_gift_is_told_of_it_and_of_nothing_else(shop: ShopStore, engine: Engine) -> None:
    before = overview(shop, DANIEL)
    change(engine, "order_gifts", {}, recipient_email="Daniel.Okafor@example.com", recipient_name="Dan O.")
    after = overview(shop, DANIEL)
    assert said(after, "Your orders") == said(before, "Your orders") | {
        "Gifts addressed to you": "1 gift addressed to you",
        "Gift addressed to": "D•• O•",
    }
    assert not {"Gifts addressed to you", "Gift addressed to"} & said(overview(shop, AMELIA), "Your orders").keys()


def test_who_recommended_somebody_does_not_learn_when_that_person_joined_or_left(
    shop: ShopStore, engine: Engine
) -> None:
    change(engine, "customers", {"id": EVA.id}, deleted_at=datetime(2026, 11, 2))
    assert said(overview(shop, HELEN), "Recommendations") == {"Customers you recommended": "1 customer you recommended"}
    assert "Customers you recommended" not in said(overview(shop, HELEN), "Your account")
    assert "Recommendations" not in {each.title for each in overview(shop, EVA).categories}


def test_more_values_than_fit_are_said_to_be_more(shop: ShopStore) -> None:
    digits = said(overview(shop, AMELIA), "Your payments")["Last digits of the card"]
    assert re.fullmatch(r"\d{4}, \d{4}, \d{4} and more", digits)


def test_a_column_of_another_kind_stands_under_its_own_heading(tmp_path: Path, engine: Engine) -> None:
    text = MAP.read_text(encoding="utf-8").replace(
        "      language: Language", "      language: {label: Tongue, category: choices}"
    )
    (tmp_path / "datamap.yml").write_text(text, encoding="utf-8")
    summary = overview(ShopStore(engine, load(tmp_path / "datamap.yml")), AMELIA)
    assert said(summary, "Your choices about mail and data use")["Tongue"] == "en"
    assert "Tongue" not in said(summary, "Your account")


def test_a_column_to_be_counted_shows_a_number_only(tmp_path: Path, engine: Engine) -> None:
    old = "display_name: {label: Name shown with reviews, show: masked name"
    text = MAP.read_text(encoding="utf-8").replace(old, "display_name: {label: Reviews with a name, show: count")
    (tmp_path / "datamap.yml").write_text(text, encoding="utf-8")
    summary = overview(ShopStore(engine, load(tmp_path / "datamap.yml")), AMELIA)
    assert said(summary, "Your reviews")["Reviews with a name"] == "4"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (date(2026, 3, 1), "1 March 2026"),
        (datetime(2026, 3, 1, 9, 30), "1 March 2026"),
        (Decimal("9.90"), "9.90"),
        (7, "7"),
    ],
)
def test_values_are_written_as_a_person_would(value: object, words: str) -> None:
    assert in_words(value) == words


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("name", "Ada Lovelace", "A•• L•••••••"),
        ("name", "X", "•"),
        ("email", "ada@shop.example.com", "a•••@s•••.com"),
        ("email", "a@b.co", "•••@•••.co"),
        ("email", "not an address", "n•••"),
        ("email", "@x.com", "@•••"),
        ("date", "ab1985", "•••"),
        ("phone", "+44 7700 900123", "••• •••• ••••23"),
        ("phone", "112", "•••"),
        ("date", "1985-05-02", "•• •• 1985"),
        ("date", "1985", "•••"),
        ("start", "AV1 2ZZ", "AV•••"),
        ("start", "AV1", "•••"),
        ("text", "  ", ""),
    ],
)
def test_a_mask_shows_as_much_as_its_owner_needs(kind: str, value: str, masked: str) -> None:
    assert mask(kind, value) == masked


@given(st.sampled_from(sorted(MASKS)), st.text(min_size=1))
@example("name", HIDDEN)
@example("email", f"{HIDDEN}@{HIDDEN}.com")
@example("date", "12 1985")
def test_a_mask_never_gives_the_whole_value(kind: str, value: str) -> None:
    masked = mask(kind, value)
    assert masked != value
    assert masked != value.strip() or not masked
    assert bool(masked) == bool(value.strip())


@given(st.sampled_from(sorted(MASKS)), st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=40))
def test_a_mask_shows_at_most_half_of_a_word(kind: str, value: str) -> None:
    shown = [sign for sign in mask(kind, value) if sign not in {HIDDEN, " "}]
    assert len(shown) * 2 <= len(value)


def _telling(shop: ShopStore, subject: str) -> set[str]:
    """Values that would tell who somebody is: everything masked or closed, long enough to be telling."""
    return {
        str(value)
        for table in shop.datamap.personal_tables()
        for row in shop.rows_of(subject, table.name)
        for name, value in row.items()
        if _masked_or_closed(shop.datamap, table.name, name) and isinstance(value, str) and len(value) > 3
        if (table.name, name) != ("behaviour_events", "kind")
    }


def _masked_or_closed(datamap: DataMap, table: str, column: str) -> bool:
    found = datamap.tables[table].columns[column]
    return found.category is not None and found.show in (Show.MASKED, Show.NO, Show.COUNT)
