"""The first data map written from a live database: complete, loadable, and honest about what it could not know."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, MetaData

from bot.errors import SetupError
from bot.store.datamap import DataMap, ErasureAction, Match, PolicyClass, Show, Table, Through, check, load
from bot.store.datamap.reflecting import reflect
from bot.store.datamap.scaffold import Proposal, propose
from bot.store.shop import ShopStore
from tests.foreign_schemas import keyless_shop, large_shop, music_shop, posts_shop, schema, wholesale_shop


@pytest.fixture
def empty() -> Engine:
    return sa.create_engine("sqlite://", poolclass=sa.StaticPool)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Proposal, DataMap, MetaData]:
    """A large shop, drafted once."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    large_shop().create_all(engine)
    return drafted(engine, tmp_path_factory.mktemp("large"))


def drafted(engine: Engine, tmp_path: Path, **wishes: object) -> tuple[Proposal, DataMap, MetaData]:
    """The proposal, read back; whatever `check` says must be a decision that was announced."""
    made = propose(engine, **wishes)
    path = tmp_path / "draft.yml"
    path.write_text(made.text, encoding="utf-8")
    datamap = load(path)
    metadata = reflect(engine, datamap.schemas)
    problems = check(datamap, metadata)
    assert [line for line in problems if "to be decided" not in line] == []
    assert len(problems) == len(made.decisions)
    return made, datamap, metadata


def drafted_from(text: str, engine: Engine, tmp_path: Path, **wishes: object) -> tuple[Proposal, DataMap, MetaData]:
    schema(text).create_all(engine)
    return drafted(engine, tmp_path, **wishes)


def paths(table: Table) -> list[tuple[str, ...]]:
    """Ways in short: (`through` table or `match` column, own columns …)."""
    return [
        ("match", way.column) if isinstance(way, Match) else (way.table, *(own for own, _ in way.keys))
        for way in table.ways
        if way.role is None
    ]


def test_a_music_shop_needs_one_decision(empty: Engine, tmp_path: Path) -> None:
    music_shop(empty)
    made, datamap, _ = drafted(empty, tmp_path)
    assert (made.subject, made.personal) == ("Customer", 3)
    assert [decision.where for decision in made.decisions] == ["keep_reasons.tax"]
    assert paths(datamap.tables["Invoice"]) == [("Customer", "CustomerId")]
    assert paths(datamap.tables["InvoiceLine"]) == [("Invoice", "InvoiceId")]
    assert datamap.tables["Employee"].not_personal == "The shop's own staff, not its customers."


def test_a_customer_whose_invoices_may_not_lose_them_stays_as_an_empty_row(empty: Engine, tmp_path: Path) -> None:
    music_shop(empty)
    _, datamap, metadata = drafted(empty, tmp_path)
    customer = datamap.tables["Customer"]
    assert not customer.deletes_rows
    told = {
        "FirstName",
        "LastName",
        "Company",
        "Address",
        "City",
        "State",
        "Country",
        "PostalCode",
        "Phone",
        "Fax",
        "Email",
    }
    for name in told:
        action = customer.columns[name].erase.action
        nullable = metadata.tables["Customer"].c[name].nullable
        assert action is (ErasureAction.NULLIFY if nullable else ErasureAction.PSEUDONYMISE), name


def test_the_draft_finds_the_rows_of_one_customer_and_of_nobody_else(empty: Engine, tmp_path: Path) -> None:
    music_shop(empty)
    _, datamap, _ = drafted(empty, tmp_path)
    shop = ShopStore(empty, datamap)
    mine = [row["InvoiceId"] for row in shop.rows_of("2", "Invoice")]
    assert mine == [1, 4]
    assert [row["InvoiceId"] for row in shop.rows_of("2", "InvoiceLine")] == mine
    assert [row["InvoiceId"] for row in shop.rows_of("3", "Invoice")] == [2, 5]


def test_a_wholesale_shop_lets_its_customers_go(empty: Engine, tmp_path: Path) -> None:
    wholesale_shop(empty)
    made, datamap, _ = drafted(empty, tmp_path)
    assert made.subject == "customers"
    assert datamap.tables["customers"].deletes_rows
    assert datamap.tables["orders"].columns["customer_id"].erase.action is ErasureAction.NULLIFY
    assert datamap.tables["orders"].columns["employee_id"].about == "other"
    assert paths(datamap.tables["order_details"]) == [("orders", "order_id")]
    demo = datamap.tables["customer_customer_demo"].columns["customer_id"]
    assert demo.policy_class is PolicyClass.SERVICE_GENERATED
    assert datamap.tables["customer_demographics"].not_personal
    shop = ShopStore(empty, datamap)
    assert [row["order_id"] for row in shop.rows_of("BROOK", "order_details")] == [1, 2, 3]
    assert [row["order_id"] for row in shop.rows_of("LARKS", "order_details")] == [4, 5]


def test_a_large_shop_leaves_a_task_of_an_hour(large: tuple[Proposal, DataMap, MetaData]) -> None:
    made, datamap, metadata = large
    assert len(metadata.tables) >= 300
    assert made.subject == "customer_entity"
    assert len(made.decisions) <= 60
    for name in ("sales_order_address", "quote_payment", "customer_address_entity_varchar", "review_detail",
        "wishlist_item",
                 "newsletter_subscriber", "customer_log", "vault_payment_token", "mst_helpdesk_message",
                 "signifyd_case",
                 "sales_creditmemo_grid", "customer_grid_flat", "gift_message",
                 "magento_giftregistry_person"):  # fmt: skip
        assert datamap.tables[name].not_personal is None, name
    for name in ("admin_user", "catalog_product_flat_1", "directory_country", "feature_lang", "core_config_data",
        "cache",
                 "customer_group", "sequence_order_2", "inventory_source", "setup_module"):  # fmt: skip
        assert datamap.tables[name].not_personal is not None, name
    assert {"session", "queue_message", "smtp_log"} <= {decision.where for decision in made.decisions}


def test_a_balance_is_something_to_be_warned_of_and_its_number_or_its_past_is_not(
    large: tuple[Proposal, DataMap, MetaData],
) -> None:
    _, datamap, _ = large
    warned = {
        (name, each.column) for name, table in datamap.tables.items() for warn in table.warns for each in warn.when
    }
    assert {("magento_customerbalance", "amount"), ("magento_reward", "points_balance")} <= warned
    assert not {(name, column) for name, column in warned if column.endswith("_id") or "history" in name}


def test_the_head_of_the_file_lists_every_decision(large: tuple[Proposal, DataMap, MetaData]) -> None:
    made, _, _ = large
    head = made.text.split("format: 1")[0]
    assert f"{len(made.decisions)} places to decide" in head
    assert all(f"#     {decision.where}\n" in head for decision in made.decisions)


def test_guest_orders_are_found_by_their_address(large: tuple[Proposal, DataMap, MetaData]) -> None:
    _, datamap, _ = large
    guests = [way for way in datamap.tables["sales_order"].ways if isinstance(way, Match)]
    assert [(way.column, way.to, way.when[0].values) for way in guests] == [("customer_email", "email", (None,))]


def test_a_shop_without_foreign_keys_is_read_by_its_names(empty: Engine, tmp_path: Path) -> None:
    keyless_shop().create_all(empty)
    made, datamap, _ = drafted(empty, tmp_path)
    assert made.subject == "ps_customer"
    tables = datamap.tables
    assert paths(tables["ps_orders"]) == [("ps_customer", "id_customer")]
    assert paths(tables["ps_order_detail"]) == [("ps_orders", "id_order")]
    assert paths(tables["ps_order_invoice"]) == [("ps_orders", "id_order")]
    assert paths(tables["ps_cart_product"]) == [("ps_cart", "id_cart")]
    assert paths(tables["ps_customer_message"]) == [("ps_customer_thread", "id_customer_thread")]
    assert paths(tables["ps_emailsubscription"]) == [("match", "email")]
    assert tables["ps_order_state"].not_personal and tables["ps_order_state_lang"].not_personal
    assert len(made.decisions) <= 6


def test_a_shop_grown_out_of_a_blog_is_read(empty: Engine, tmp_path: Path) -> None:
    posts_shop().create_all(empty)
    made, datamap, _ = drafted(empty, tmp_path)
    assert made.subject == "wp_users"
    assert paths(datamap.tables["wp_usermeta"]) == [("wp_users", "user_id")]
    assert ("match", "billing_email") in paths(datamap.tables["wp_wc_orders"])
    assert ("wp_wc_orders", "order_id") in paths(datamap.tables["wp_wc_order_addresses"])
    assert datamap.tables["wp_posts"].roles == ("author",)
    assert {"wp_wc_orders_meta", "wp_postmeta"} <= {decision.where for decision in made.decisions}


def test_passwords_and_tokens_are_never_shown(large: tuple[Proposal, DataMap, MetaData]) -> None:
    _, datamap, _ = large
    for name in ("password_hash", "rp_token"):
        assert datamap.tables["customer_entity"].columns[name].show is Show.NO


def test_no_value_of_the_database_reaches_the_file_or_the_questions(empty: Engine, tmp_path: Path) -> None:
    made = schema("""
        users id* full_name email phone? password note?:l birth?:y
        notes id* owner_type owner_id body:l
        odd_things id* user_id:i>users.id first second third:l fourth:j
        letters id* address? stranger?
    """)
    made.create_all(empty)
    hidden = "Zanzibelle"
    with empty.begin() as connection:
        for n in range(1, 20):
            person = {"id": n, "full_name": f"{hidden} {n}", "email": f"{hidden}{n}@example.com",
                "phone": f"01632 9600{n:02}",
                      "password": "$2b$12$" + hidden * 6, "note": hidden}  # fmt: skip
            connection.execute(made.tables["users"].insert(), person)
            connection.execute(
                made.tables["notes"].insert(), {"id": n, "owner_type": hidden, "owner_id": n, "body": hidden}
            )
            odd = {"id": n, "user_id": n, "first": f"{hidden}{n}@example.com", "second": hidden, "third": hidden,
                   "fourth": {hidden: hidden}}  # fmt: skip
            connection.execute(made.tables["odd_things"].insert(), odd)
            connection.execute(made.tables["letters"].insert(), {"id": n, "address": hidden, "stranger": hidden})
    proposal, _, _ = drafted(empty, tmp_path)
    said = proposal.text + repr(proposal.decisions)
    assert hidden.lower() not in said.lower()
    assert "example.com" not in said
    assert "9600" not in said


def test_an_address_is_known_by_its_shape_whatever_its_column_is_called(empty: Engine, tmp_path: Path) -> None:
    made = schema("customers id* name email\nletters id* remark_2 sent:d")
    made.create_all(empty)
    with empty.begin() as connection:
        for n in range(5):
            row = {"id": n, "remark_2": f"somebody{n}@example.com", "sent": sa.func.current_timestamp()}
            connection.execute(made.tables["letters"].insert().values(**row))
    _, datamap, _ = drafted(empty, tmp_path)
    assert paths(datamap.tables["letters"]) == [("match", "remark_2")]


def test_owners_of_several_kinds_are_told_apart(empty: Engine, tmp_path: Path) -> None:
    made = schema("""
        customers id* name email
        orders id* customer_id:i>customers.id total:m placed_at:d
        products id* name
        attachments id* owner_type owner_id file_name
    """)
    made.create_all(empty)
    with empty.begin() as connection:
        connection.execute(made.tables["attachments"].insert(), [
            {"id": n, "owner_type": kind, "owner_id": n, "file_name": "x"}
            for n, kind in enumerate(["customer", "App\\Models\\Order", "Product"], 1)
        ])  # fmt: skip
    proposal, datamap, _ = drafted(empty, tmp_path)
    ways = {way.table: way.when[0].values for way in datamap.tables["attachments"].ways if isinstance(way, Through)}
    assert ways == {"customers": ("customer",), "orders": ("App\\Models\\Order",)}
    assert "attachments" not in {decision.where for decision in proposal.decisions}


def test_several_references_to_people_give_one_owner_and_roles(empty: Engine, tmp_path: Path) -> None:
    _, datamap, _ = drafted_from("""
        customers id* name email
        orders id* customer_id:i>customers.id sales_rep_id?:i>customers.id referred_by_id?:i>customers.id at:d
    """, empty, tmp_path)  # fmt: skip
    orders = datamap.tables["orders"]
    assert paths(orders) == [("customers", "customer_id")]
    assert orders.roles == ("sale_rep", "referred")
    assert orders.columns["sales_rep_id"].about == "sale_rep"


def test_two_references_of_equal_weight_are_a_decision(empty: Engine, tmp_path: Path) -> None:
    proposal, _, _ = drafted_from("""
        customers id* name email
        swaps id* left_customer_id:i>customers.id right_customer_id:i>customers.id at:d
    """, empty, tmp_path)  # fmt: skip
    assert "swaps" in {decision.where for decision in proposal.decisions}


def test_addresses_that_orders_lead_to_are_found_from_the_orders(empty: Engine, tmp_path: Path) -> None:
    _, datamap, _ = drafted_from("""
        users id* email first_name last_name
        addresses id* first_name last_name street city zip phone?
        orders id* user_id?:i>users.id email? bill_address_id?:i>addresses.id total:m placed_at:d
    """, empty, tmp_path)  # fmt: skip
    (way,) = datamap.tables["addresses"].ways
    assert (way.table, way.keys) == ("orders", (("id", "bill_address_id"),))
    assert datamap.tables["orders"].columns["bill_address_id"].erase.action is ErasureAction.NULLIFY


def test_a_product_that_names_who_entered_it_is_nobodys(empty: Engine, tmp_path: Path) -> None:
    _, datamap, _ = drafted_from("""
        users id* email name
        products id* name created_by_id?:i>users.id
        product_images id* product_id:i>products.id path
        orders id* user_id:i>users.id total:m placed_at:d
        order_items id* order_id:i>orders.id product_id:i>products.id price:m
    """, empty, tmp_path)  # fmt: skip
    assert datamap.tables["products"].roles == ("created",)
    assert datamap.tables["product_images"].not_personal
    assert paths(datamap.tables["order_items"]) == [("orders", "order_id")]


def test_odd_names_are_written_so_that_they_can_be_read_back(empty: Engine, tmp_path: Path) -> None:
    metadata = MetaData()
    sa.Table("Customer Data.2", metadata, sa.Column("Customer ID", sa.Integer, primary_key=True),
             sa.Column("E-Mail Address", sa.String(80)), sa.Column("Full Name", sa.String(80)),
             sa.Column("select", sa.String(9)), sa.Column("null", sa.String(9)), sa.Column('quo"ted: #1', sa.String(9)),
             sa.Column("größe", sa.Integer), sa.Column("100%", sa.Integer), sa.Column("[x]", sa.Integer))  # fmt: skip
    sa.Table("order", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("Customer ID", sa.Integer),
             sa.Column("group", sa.String(9)), sa.Column("placed at", sa.DateTime))  # fmt: skip
    metadata.create_all(empty)
    made, datamap, live = drafted(empty, tmp_path)
    assert made.subject == "Customer Data.2"
    assert set(datamap.tables["Customer Data.2"].columns) == set(live.tables["Customer Data.2"].c.keys())
    assert paths(datamap.tables["order"]) == [("Customer Data.2", "Customer ID")]


def test_a_subject_can_be_named(empty: Engine, tmp_path: Path) -> None:
    text = "patrons id* name email\nvisits id* patron_id:i>patrons.id at:d\nusers id* login password email"
    schema(text).create_all(empty)
    made, datamap, _ = drafted(empty, tmp_path, subject="patrons")
    assert (made.subject, datamap.subject.key) == ("patrons", "id")


@pytest.mark.parametrize(("text", "wish", "sentence"), [
    ("products id* name", None, "No table looks like the customers'"),
    ("customers id* email", "people", "no table people"),
    ("", None, "holds no tables"),
])  # fmt: skip
def test_what_cannot_be_drafted_is_said(text: str, wish: str | None, sentence: str, empty: Engine) -> None:
    if text:
        schema(text).create_all(empty)
    with pytest.raises(SetupError, match=sentence):
        propose(empty, wish)


def test_half_a_key_that_is_the_shops_number_is_a_decision(empty: Engine, tmp_path: Path) -> None:
    proposal, datamap, _ = drafted_from("""
        customers shop_id* id* name email
        orders shop_id* id* customer_id:i total:m placed_at:d
    """, empty, tmp_path)  # fmt: skip
    assert datamap.subject.key == "id"
    assert [condition.column for condition in datamap.subject.when] == ["shop_id"]
    assert "subject" in {decision.where for decision in proposal.decisions}


def test_a_country_that_addresses_lead_to_is_nobodys(empty: Engine, tmp_path: Path) -> None:
    _, datamap, _ = drafted_from("""
        auth_user id* email first_name last_name
        address_country code*:s printable_name
        address_useraddress id* user_id:i>auth_user.id last_name line1 postcode country_id:s>address_country.code
        order_order id* user_id?:i>auth_user.id guest_email shipping_address_id?:i>order_shippingaddress.id total:m at:d
        order_shippingaddress id* first_name last_name line1 postcode country_id:s>address_country.code
        shipping_rate id* country_id:s>address_country.code price:m
    """, empty, tmp_path)  # fmt: skip
    assert datamap.tables["address_country"].not_personal
    assert datamap.tables["shipping_rate"].not_personal
    assert paths(datamap.tables["order_shippingaddress"]) == [("order_order", "id")]


def test_a_note_that_cannot_be_without_its_recipient_is_theirs(empty: Engine, tmp_path: Path) -> None:
    _, datamap, _ = drafted_from("""
        users id* email name
        notifications id* recipient_id:i>users.id sender_id?:i>users.id subject body:l
    """, empty, tmp_path)  # fmt: skip
    assert paths(datamap.tables["notifications"]) == [("users", "recipient_id")]
    assert datamap.tables["notifications"].roles == ("sender",)
    assert datamap.tables["users"].deletes_rows


def test_keys_of_sessions_do_not_stay_in_rows_made_anonymous(large: tuple[Proposal, DataMap, MetaData]) -> None:
    _, datamap, _ = large
    kept = datamap.tables["persistent_session"].anonymous or {}
    assert "key" not in kept
    assert "session_id" not in (datamap.tables["customer_visitor"].anonymous or {})


def test_a_well_named_column_whose_values_lead_nowhere_is_a_decision(empty: Engine, tmp_path: Path) -> None:
    made = schema("customers id* name email\npartner_prices id* customer_id price:m\nvisits id* customer_id at:d")
    made.create_all(empty)
    with empty.begin() as connection:
        for n in range(1, 6):
            connection.execute(made.tables["customers"].insert(), {"id": n, "name": "x", "email": f"a{n}@example.com"})
            connection.execute(made.tables["partner_prices"].insert(), {"id": n, "customer_id": 900 + n, "price": 1})
            connection.execute(
                made.tables["visits"].insert().values(id=n, customer_id=n, at=sa.func.current_timestamp())
            )
    proposal, datamap, _ = drafted(empty, tmp_path)
    assert datamap.tables["partner_prices"].not_personal
    assert "partner_prices" in {decision.where for decision in proposal.decisions}
    assert paths(datamap.tables["visits"]) == [("customers", "customer_id")]


def test_a_depot_with_somebody_to_ask_for_is_not_taken_for_a_persons_row(empty: Engine, tmp_path: Path) -> None:
    proposal, datamap, _ = drafted_from("""
        customers id* name email
        depots id* contact_name opening_hours
        orders id* customer_id:i>customers.id depot_id?:i>depots.id total:m placed_at:d
    """, empty, tmp_path)  # fmt: skip
    assert datamap.tables["depots"].not_personal
    assert "depots" in {decision.where for decision in proposal.decisions}


def test_the_column_that_says_when_somebody_last_came_is_found(empty: Engine, tmp_path: Path) -> None:
    text = "customers id* name email last_login_ip? last_login_at?:d created_at:d"
    _, datamap, _ = drafted_from(text, empty, tmp_path)
    assert datamap.subject.last_activity == "last_login_at"


def test_the_day_of_an_order_is_its_own_and_not_that_of_its_invoice_or_delivery(empty: Engine, tmp_path: Path) -> None:
    text = """
    customers id* email firstname lastname
    orders id* customer_id:i>customers.id invoice_date:d delivery_date:d date_add:d date_upd:d
    invoices id* customer_id:i>customers.id delivery_date:y invoice_date:y
    sales id* customer_id:i>customers.id payment_date:d placed_at:d
    """
    _, datamap, _ = drafted_from(text, empty, tmp_path)
    days = {name: datamap.tables[name].date for name in ("orders", "invoices", "sales")}
    assert days == {"orders": "date_add", "invoices": "invoice_date", "sales": "placed_at"}


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ("is_verified verified_at?:d", "verified_at"),
        ("email_confirmed:b", "email_confirmed"),
        ("verified:w", "verified"),
        ("verified", None),
        ("email_verified_at:d", None),
    ],
)
def test_only_a_column_that_can_say_both_is_proposed_as_confirming_the_address(
    columns: str, found: str | None, empty: Engine, tmp_path: Path
) -> None:
    _, datamap, _ = drafted_from(f"customers id* name email {columns}", empty, tmp_path)
    assert datamap.subject.email_confirmed == found


def test_the_draft_names_the_zone_that_the_shops_times_are_taken_for(empty: Engine, tmp_path: Path) -> None:
    made, datamap, _ = drafted_from("customers id* name email", empty, tmp_path)
    assert "\ntimezone: UTC\n" in made.text and str(datamap.timezone) == "UTC"
    assert "Correct `timezone` where the shop does not write UTC" in " ".join(made.text.replace("\n#", "").split())
