"""The data map: what it refuses to read, and what it notices about the live schema."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import MetaData

from bot.demo.shop_schema import shop_metadata
from bot.errors import SetupError
from bot.store.datamap import (
    DataMap,
    ErasureAction,
    PolicyClass,
    Show,
    Through,
    check,
    load,
)

MAP = Path(__file__).parents[2] / "data" / "datamap.yml"


@pytest.fixture(scope="module")
def datamap() -> DataMap:
    return load(MAP)


@pytest.fixture
def schema() -> MetaData:
    """The demo's schema as a database tells it, to be changed by a test."""
    engine = sa.create_engine("sqlite://")
    shop_metadata.create_all(engine)
    metadata = MetaData()
    metadata.reflect(engine)
    return metadata


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The demo's map with one place written differently."""
    text = MAP.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"the map no longer holds {old!r}"
    path = tmp_path / "datamap.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_demo_map_fits_the_demo_schema(datamap: DataMap, schema: MetaData) -> None:
    assert check(datamap, schema) == []


def test_every_column_of_the_demo_schema_is_classified(datamap: DataMap) -> None:
    for table in shop_metadata.tables.values():
        assert set(datamap.tables[table.name].columns) == set(table.c.keys())


@pytest.mark.parametrize("table", sorted(shop_metadata.tables))
def test_a_column_added_to_any_table_is_reported(table: str, datamap: DataMap, schema: MetaData) -> None:
    schema.tables[table].append_column(sa.Column("nickname", sa.String(40)))
    assert [line for line in check(datamap, schema) if line.startswith(f"{table}.nickname: not classified")]


@pytest.mark.parametrize("name", ["loyalty_cards", "wishlists", "customers_backup"])
def test_an_added_table_is_reported(name: str, datamap: DataMap, schema: MetaData) -> None:
    sa.Table(name, schema, sa.Column("id", sa.Integer, primary_key=True))
    (problem,) = check(datamap, schema)
    assert problem.startswith(f"{name}: the table is not on the data map")


def test_a_column_gone_from_the_schema_is_reported(datamap: DataMap, schema: MetaData) -> None:
    slim = MetaData()
    for table in schema.tables.values():
        kept = [column._copy() for column in table.c if (table.name, column.name) != ("reviews", "comment")]
        sa.Table(table.name, slim, *kept)
    assert check(datamap, slim) == ["reviews.comment: gone from the database; remove it from the data map"]


def test_a_table_gone_from_the_schema_is_reported(datamap: DataMap, schema: MetaData) -> None:
    schema.remove(schema.tables["refunds"])
    assert check(datamap, schema) == ["refunds: gone from the database; remove the table from the data map"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param(
            "ship_to_name: {label: Delivered to, show: masked name, erase: nullify}",
            "ship_to_name: {label: Delivered to, show: masked name, erase: delete}",
            "orders.ship_to_name: to be deleted, but its row stays",
            id="a value deleted while its row stays",
        ),
        pytest.param(
            "password_hash: {show: no}",
            "password_hash: {show: no, erase: {keep: tax}}",
            "customers.password_hash: `keep`, but its row is deleted",
            id="a value kept while its row goes",
        ),
        pytest.param(
            "customer_id: {show: no, erase: nullify}",
            "customer_id: {show: no, erase: {keep: tax}}",
            "orders.customer_id: its row stays while the row of `customers` it points at is deleted",
            id="a kept row that points at a deleted one",
        ),
        pytest.param(
            "total: Total",
            "total: {label: Total, erase: nullify}",
            "orders.total: to be emptied, but the database demands a value",
            id="emptying what may not be empty",
        ),
        pytest.param(
            "      search_text:\n",
            "      search_text: {label: Searches, show: plain}\n",
            "behaviour_events.search_text: service_generated data is not opened by the policy",
            id="opening what the policy does not open",
        ),
        pytest.param(
            "email: {label: E-mail address at the other company}",
            "email: {label: E-mail address at the other company, show: masked email}",
            "linked_accounts.profile.email: third_party data is not opened by the policy",
            id="opening a member of a JSON text",
        ),
        pytest.param(
            "staff_name: {about: other}",
            "staff_name: {about: colleague}",
            "support_notes.staff_name: about `colleague`, a role that no entry of `belongs` gives",
            id="a role nobody has",
        ),
        pytest.param(
            "customer_id: {show: no}\n      product_id: {show: no}\n      display_name",
            "customer_id: {show: no, correct: text}\n      product_id: {show: no}\n      display_name",
            "reviews.customer_id: to be corrected by somebody who may not see it",
            id="correcting unseen",
        ),
        pytest.param(
            "recipient_email: {label: E-mail address a gift was announced to, show: masked email, about: recipient}",
            "recipient_email: {label: E-mail, show: masked email, about: recipient, erase: delete}",
            "order_gifts.recipient_email: to be deleted for `recipient`, who does not own the row",
            id="deleting another person's row",
        ),
        pytest.param(
            "{through: orders, keys: {order_id: id}}\n    date: paid_at",
            "{through: products, keys: {order_id: id}}\n    date: paid_at",
            "payments: belongs through `products`, which is not about people",
            id="a way through reference data",
        ),
        pytest.param(
            "{through: payments, keys: {payment_id: id}}",
            "{through: payments, keys: {payment: id}}",
            "refunds.payment: named under `keys` but not a column",
            id="a way over a missing column",
        ),
        pytest.param(
            "- {match: {guest_email: email}",
            "- {match: {guest_email: mail}",
            "orders.guest_email: matched to `mail`, which `customers` lacks",
            id="a match with a missing column",
        ),
        pytest.param(
            "date: placed_at", "date: number", "orders.number: named as `date` but holds no date", id="no date"
        ),
        pytest.param(
            "removed_when: {is_deleted: true}",
            "removed_when: {hidden: true}",
            "addresses.hidden: named under `removed_when`",
            id="a condition on a missing column",
        ),
        pytest.param(
            "  birth_date: birth_date\n",
            "  birth_date: born_on\n",
            "subject: `customers` has no column `born_on`",
            id="a subject column that is missing",
        ),
    ],
)
def test_a_contradiction_is_reported_by_table_and_column(
    old: str, new: str, problem: str, tmp_path: Path, schema: MetaData
) -> None:
    problems = check(load(changed(tmp_path, old, new)), schema)
    assert [line for line in problems if line.startswith(problem)], problems


def test_a_table_that_leads_to_people_cannot_be_declared_free_of_them(tmp_path: Path, schema: MetaData) -> None:
    sa.Table(
        "wishlists",
        schema,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.ForeignKey("customers.id")),
    )
    path = changed(
        tmp_path,
        "tables:\n  customers:",
        "tables:\n  wishlists: {not_personal: Lists., columns: [id, customer_id]}\n  customers:",
    )
    (problem,) = check(load(path), schema)
    assert problem.startswith("wishlists.customer_id: leads to `customers`")


def test_rows_that_no_way_leads_to_are_reported(tmp_path: Path, schema: MetaData) -> None:
    path = changed(tmp_path, "    belongs:\n      - {match: {email: email}}\n", "")
    (problem,) = check(load(path), schema)
    assert problem.startswith("newsletter_subscriptions: its rows cannot be reached from `customers`")


def test_ways_that_go_in_a_circle_are_reported(tmp_path: Path, schema: MetaData) -> None:
    path = changed(
        tmp_path,
        "      - {through: customers, keys: {customer_id: id}}\n"
        "      - {match: {guest_email: email}, when: {customer_id: null}}\n    date: placed_at",
        "      - {through: payments, keys: {id: order_id}}\n    date: placed_at",
    )
    problems = check(load(path), schema)
    assert "orders: its rows cannot be reached" in "\n".join(problems)
    assert "payments: belongs to somebody through itself by way of another table" in "\n".join(problems)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("status: Status\n      currency", "status:\n      currency", "orders.status: shown without a label"),
        ("number: Order number", "number: {lable: Order number}", "orders.number: `lable` is not a word of the format"),
        ("show: masked phone", "show: masked fone", "customers.phone: `show: masked fone` is not known; write"),
        ("erase: {keep: consent_proof}", "erase: keep", "consents: kept without a legal basis; write"),
        ("erase: {keep: consent_proof}", "erase: {keep: proof}", "is not under `keep_reasons`; add its legal basis"),
        ("category: shipping", "category: shiping", "addresses: the category `shiping` is not under `categories`"),
        ("correct: postcode", "correct: zip", "addresses.postcode: no validator is called `zip`; choose one of"),
        ("technical: [id, order_id]", "technical: [id, order_id, status]", "payments.status: classified twice"),
        ("overview: [method, last_four]", "overview: [method, id]", "payments.id: in `overview` but never shown"),
        ("class: third_party", "class: thirdparty", "categories.linked_accounts: Input should be"),
        ("{match: {email: email}}", "{match: {}}", "newsletter_subscriptions: an entry of `belongs` is not complete"),
        ("    columns: [id, parent_id, name]", "    columns: {id: Id}", "product_categories: declared `not_personal`"),
        ("    purpose: To run your account and to reach you.\n", "", "categories.profile: `purpose` is missing; add"),
        ("\n  refunds:", "\n  reviews:", "`reviews` stands here twice: keep one"),
        ("subject:\n  table: customers", "subject:\n  table: people", "subject: the table `people` is not"),
        ("format: 1", "format: [", "datamap.yml, line "),
        ("format: 1", "format: 1\ntimezone: Mars", "timezone: no time zone is called `Mars`; write it as"),
        ("format: 1", "format: 1\ntimezone: ../etc", "timezone: no time zone is called `../etc`; write it as"),
        ("format: 1", "format: 1\ntimezone: Europe", "timezone: no time zone is called `Europe`; write it as"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_its_cure(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError) as refused:
        load(changed(tmp_path, old, new))
    assert sentence in refused.value.detail


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no data map at"):
        load(tmp_path / "absent.yml")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "datamap.yml").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match="the file"):
        load(tmp_path / "datamap.yml")


def test_the_shops_times_are_taken_for_utc_until_the_map_names_their_zone(datamap: DataMap, tmp_path: Path) -> None:
    named = load(changed(tmp_path, "format: 1", "format: 1\ntimezone: Europe/Berlin"))
    assert (str(datamap.timezone), str(named.timezone)) == ("UTC", "Europe/Berlin")


def test_no_and_on_are_words_not_truth_values(datamap: DataMap) -> None:
    assert datamap.tables["customers"].columns["password_hash"].show is Show.NO


def test_defaults_of_a_table_reach_its_columns(datamap: DataMap) -> None:
    total = datamap.tables["orders"].columns["total"]
    assert total.policy_class is PolicyClass.PERSONAL_CENTER
    assert total.show is Show.PLAIN
    assert total.erase is not None
    assert total.erase.action is ErasureAction.KEEP
    assert total.erase.keep is not None
    assert total.erase.keep.years == 6


def test_members_of_a_json_text_are_classified(datamap: DataMap) -> None:
    members = datamap.tables["linked_accounts"].columns["profile"].json
    assert members is not None
    assert {name: member.policy_class for name, member in members.items()} == dict.fromkeys(
        ("name", "email", "picture"), PolicyClass.THIRD_PARTY
    )


def test_a_polymorphic_owner_is_read_with_its_conditions(datamap: DataMap) -> None:
    ways = datamap.tables["support_notes"].ways
    assert [(way.table, way.when[0].values) for way in ways if isinstance(way, Through)] == [
        ("customers", ("customer",)),
        ("orders", ("order",)),
    ]


def test_the_map_cannot_be_changed_after_loading(datamap: DataMap) -> None:
    with pytest.raises(TypeError):
        datamap.tables["customers"] = datamap.tables["orders"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        datamap.tables["customers"].columns["name"].show = Show.NO  # type: ignore[misc]
