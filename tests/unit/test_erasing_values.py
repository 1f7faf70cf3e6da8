"""Made-up, coarser and partly emptied values, and how a plan is put into words."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from bot.errors import SetupError
from bot.privacy.erasure_plan import plan_in_words
from bot.store.datamap import Column as Described
from bot.store.datamap import Erase, ErasureAction
from bot.store.erasing import ErasurePlan, TablePlan, Warned
from bot.store.erasing.generalising import coarser, network
from bot.store.erasing.members import with_members_changed
from bot.store.erasing.planning import Changed, Kept
from bot.store.erasing.pseudonyms import is_pseudonym, pseudonym
from bot.store.erasing.snapshot import significant
from bot.store.erasing.treatment import Act, Change

SECRET = b"s" * 32


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (sa.String(40), "1001"),
        (sa.String(4), "1234"),
        (sa.String(1), "x"),
        (sa.Text(), "Anna Apfel"),
        (sa.SmallInteger(), 77),
        (sa.Integer(), 1001),
        (sa.BigInteger(), 2**60),
        (mysql.INTEGER(unsigned=True), 1001),
        (mysql.MEDIUMINT(), 1001),
        (sa.Numeric(10, 0), 1001),
        (sa.Uuid(), UUID(int=7)),
        (sa.BINARY(16), b"0123456789abcdef"),
    ],
    ids=str,
)
def test_a_pseudonym_fits_its_column_and_is_known_only_to_who_holds_the_secret(kind: Any, value: Any) -> None:
    column = sa.Column("ref", kind)
    made = pseudonym(SECRET, value, column)
    assert made != value
    assert made == pseudonym(SECRET, value, column)
    assert is_pseudonym(SECRET, made, column)
    assert type(made) is type(value)
    if isinstance(made, str):
        assert len(made) <= (kind.length or 40)
    if isinstance(made, int):
        bits = {"SMALLINT": 15, "MEDIUMINT": 23, "BIGINT": 63, "NUMERIC": 33}.get(kind.__visit_name__.upper(), 31)
        assert 2**31 <= made < 2**32 if getattr(kind, "unsigned", False) else -(2**bits) <= made < 0
    if getattr(kind, "length", 16) not in (1, 4):
        assert made != pseudonym(b"t" * 32, value, column)
        assert not is_pseudonym(SECRET, value, column)


def test_different_values_get_different_pseudonyms() -> None:
    column = sa.Column("ref", sa.String(24))
    made = {pseudonym(SECRET, str(number), column) for number in range(2000)}
    assert len(made) == 2000
    assert not [number for number in range(2000) if is_pseudonym(SECRET, f"~{number}", column)]


@pytest.mark.parametrize("kind", [sa.Date(), sa.DateTime(), sa.JSON(), sa.Enum("a", "b")], ids=str)
def test_what_has_no_room_for_a_pseudonym_is_refused_by_name(kind: Any) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("born", kind))
    with pytest.raises(SetupError, match="born"):
        pseudonym(SECRET, "x", table.c.born)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.77", "192.0.2.0"),
        (" 192.0.2.0 ", "192.0.2.0"),
        ("2001:db8:7:8::9", "2001:db8:7::"),
        ("::ffff:192.0.2.77", "192.0.2.0"),
        ("fe80::1%eth0", "fe80::"),
        ("192.0.2.77, 198.51.100.3", None),
        ("", None),
        ("unknown", None),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, expected: str | None) -> None:
    assert network(address) == expected


@pytest.mark.parametrize(
    ("how", "value", "expected"),
    [("year", "1984-05-12", "1984"), ("year", 1984, "1984"), ("year", "May", None), ("area", " AB1 2CD", "AB"),
     ("network", "192.0.2.7", "192.0.2.0"), ("year", None, None)],
)  # fmt: skip
def test_single_values_are_made_coarser(how: str, value: Any, expected: Any) -> None:
    assert coarser(how, value) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+44 7700 900123", "7700900123"),
        ("07700 900-123", "7700900123"),
        ("(07700) 900 123", "7700900123"),
        ("12345", ""),
        ("", ""),
    ],
)
def test_a_phone_number_is_compared_without_country_and_signs(written: str, expected: str) -> None:
    assert significant(written) == expected


def _rule(name: str, action: ErasureAction, **inside: Described) -> Described:
    return Described("t", name, None, name, erase=Erase(action), json=inside or None)


MEMBERS = (
    ("name", _rule("name", ErasureAction.NULLIFY)),
    ("ref", _rule("ref", ErasureAction.PSEUDONYMISE)),
    ("price", _rule("price", ErasureAction.KEEP)),
    ("ship", _rule("ship", ErasureAction.KEEP, street=_rule("street", ErasureAction.NULLIFY))),
)
TEXT = sa.Column("profile", sa.Text)


def changed(value: Any, *, rest_goes: bool = False, column: sa.Column[Any] = TEXT) -> Any:
    change = Change(_rule("profile", ErasureAction.KEEP), Act.MEMBERS, members=MEMBERS, rest_goes=rest_goes)
    return with_members_changed(value, change, SECRET, column)


def test_members_of_a_json_text_follow_their_own_rules() -> None:
    content = {"name": "Anna", "price": 3, "other": 1, "ship": {"street": "Apfelweg", "town": "Ulm"}}
    assert changed(content) == {"name": None, "price": 3, "other": 1, "ship": {"street": None, "town": "Ulm"}}
    assert changed(content, rest_goes=True) == {"name": None, "price": 3, "ship": {"street": None, "town": "Ulm"}}
    assert changed([content, "x"], rest_goes=True)[1] is None


def test_a_json_text_without_such_members_stays_sign_by_sign() -> None:
    assert changed('{"other":  1}') == '{"other":  1}'
    once = changed('{"name": "Anna", "ref": "A-1"}')
    assert changed(once) == once
    assert "Anna" not in once
    assert "A-1" not in once


@pytest.mark.parametrize("value", ["Anna, no JSON", "3", '"Anna"', "{"])
def test_a_text_that_is_no_json_goes_as_a_whole(value: str) -> None:
    assert changed(value) is None
    assert changed(value, column=sa.Column("profile", sa.Text, nullable=False)) == ""


OWN = TablePlan("orders", None, "Your orders", ("order", "orders"), 2, 2, 0, 3, 0,
                (Changed("customer_id", "Customer", "Your orders", "empty", 3, True),
                 Changed("ship_to", "Delivery address", "Your orders", "empty", 2, False)),
                Kept("Tax law", "six years on", date(2032, 12, 31)))  # fmt: skip
PLAN = ErasurePlan("everything", "delete", (OWN,), (Warned("An order is open.", 2),))


def test_a_plan_in_words_says_what_goes_what_stays_until_when_and_why() -> None:
    assert plan_in_words(PLAN) == {
        "kind": "erasure_plan",
        "title": "What will be deleted and what stays",
        "goes": [{"title": "Your orders", "count": 2, "note": "2 orders (kept for as long as the law asks)"}],
        "stays": [
            {
                "title": "Your orders",
                "count": 3,
                "why": "3 orders: Tax law. Taken out of it: what leads to you and delivery address.",
                "until": "six years on; 31 December 2032 at the latest",
            }
        ],
        "warnings": ["An order is open. (2 times)"],
    }


def test_words_are_grouped_by_kind_of_data() -> None:
    lines = replace(OWN, table="order_lines", noun=("item", "items"), goes=0, past=0, stays=5, changed=(),
                    kept=Kept("Tax law", "six years on", date(2030, 12, 31)))  # fmt: skip
    told = plan_in_words(replace(PLAN, tables=(OWN, lines)))
    (kept,) = told["stays"]
    assert kept["count"] == 8
    assert kept["why"].startswith("3 orders and 5 items: Tax law.")
    assert kept["until"] == "six years on; 31 December 2032 at the latest"


def test_rows_made_anonymous_rows_of_others_and_rows_that_are_needed_are_told_apart() -> None:
    events = TablePlan("events", None, "What you viewed", ("event", "events"), 0, 0, 48, 0, 0, (), None)
    gift = TablePlan("gifts", "recipient", "Gifts", ("gift to you", "gifts to you"), 0, 0, 0, 1, 0,
                     (Changed("name", "Name", "Gifts", "empty", 1, False),), None)  # fmt: skip
    lent = TablePlan("devices", None, "Devices", ("device", "devices"), 1, 0, 0, 1, 1, (), None)
    told = plan_in_words(ErasurePlan("everything", "anonymise", (events, gift, lent), ()))
    assert told["goes"] == [
        {"title": "Gifts", "count": 1, "note": "name removed in 1 gift to you"},
        {"title": "Devices", "count": 1, "note": "1 device"},
    ]
    assert told["stays"] == [
        {"title": "What you viewed", "count": 48, "until": "",
         "why": "48 events. Made anonymous: nothing in it leads to you any more."},
        {"title": "Devices", "count": 1,
         "why": "Rows of other people lead to it, so a person at the shop has to look at it first.", "until": ""},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "mode", "title"),
    [
        ("everything", "delete", "What will be deleted and what stays"),
        ("everything", "anonymise", "What will be deleted, what will be made anonymous and what stays"),
        ("recorded", "delete", "What the shop recorded about you by itself and will be deleted"),
    ],
)
def test_the_title_says_what_was_asked_for(scope: str, mode: str, title: str) -> None:
    assert plan_in_words(ErasurePlan(scope, mode, (), ()))["title"] == title
