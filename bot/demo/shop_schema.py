"""The invented shop's own tables, as a shop would have them.

The desk never reads this module: it reflects the database and finds its way by `data/datamap.yml`. The tables
hold what makes real shops hard: guest rows known by e-mail only, composite keys, a self reference, a
many-to-many, soft-deleted rows, a polymorphic owner, JSON in text columns and other people's data in shared rows.
"""

from decimal import Decimal

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
)

shop_metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _ref(name: str, target: str, *, optional: bool = False, key: bool = False) -> Column[int]:
    return Column(name, ForeignKey(target), nullable=optional, primary_key=key, index=not key)


def _money(name: str) -> Column[Decimal]:
    return Column(name, Numeric(10, 2), nullable=False)


customers = Table(
    "customers",
    shop_metadata,
    _id(),
    Column("name", String(120), nullable=False),
    Column("email", String(254), nullable=False, unique=True),
    Column("email_confirmed_at", DateTime),
    Column("phone", String(32)),
    Column("birth_date", Date),
    Column("password_hash", String(200), nullable=False),
    Column("language", String(8), nullable=False),
    _ref("referred_by_id", "customers.id", optional=True),
    Column("created_at", DateTime, nullable=False),
    Column("last_login_at", DateTime),
    Column("deleted_at", DateTime),
)

addresses = Table(
    "addresses",
    shop_metadata,
    _id(),
    _ref("customer_id", "customers.id"),
    Column("recipient", String(120), nullable=False),
    Column("street", String(160), nullable=False),
    Column("city", String(80), nullable=False),
    Column("postcode", String(16), nullable=False),
    Column("country", String(2), nullable=False),
    Column("phone", String(32)),
    Column("is_default", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)

product_categories = Table(
    "product_categories",
    shop_metadata,
    _id(),
    _ref("parent_id", "product_categories.id", optional=True),
    Column("name", String(80), nullable=False),
)

products = Table(
    "products",
    shop_metadata,
    _id(),
    _ref("category_id", "product_categories.id"),
    Column("sku", String(32), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    _money("price"),
    Column("on_sale", Boolean, nullable=False),
)

orders = Table(
    "orders",
    shop_metadata,
    _id(),
    Column("number", String(20), nullable=False, unique=True),
    _ref("customer_id", "customers.id", optional=True),
    Column("guest_email", String(254), index=True),
    Column("status", String(20), nullable=False),
    Column("currency", String(3), nullable=False),
    _money("net"),
    _money("tax"),
    _money("total"),
    Column("ship_to_name", String(120)),
    Column("ship_to_address", Text),
    Column("delivery_note", Text),
    Column("ip_address", String(45)),
    Column("placed_at", DateTime, nullable=False),
    Column("shipped_at", DateTime),
)

order_lines = Table(
    "order_lines",
    shop_metadata,
    _ref("order_id", "orders.id", key=True),
    Column("line_number", SmallInteger, primary_key=True, autoincrement=False),
    _ref("product_id", "products.id"),
    Column("description", String(120), nullable=False),
    Column("quantity", Integer, nullable=False),
    _money("unit_price"),
    Column("engraving", String(80)),
)

order_gifts = Table(
    "order_gifts",
    shop_metadata,
    _ref("order_id", "orders.id", key=True),
    Column("recipient_name", String(120)),
    Column("recipient_email", String(254)),
    Column("message", Text),
)

payments = Table(
    "payments",
    shop_metadata,
    _id(),
    _ref("order_id", "orders.id"),
    Column("method", String(24), nullable=False),
    Column("payer_name", String(120)),
    Column("last_four", String(4)),
    Column("provider_reference", String(64)),
    Column("status", String(20), nullable=False),
    _money("amount"),
    _money("refund_due"),
    Column("paid_at", DateTime),
)

refunds = Table(
    "refunds",
    shop_metadata,
    _id(),
    _ref("payment_id", "payments.id"),
    Column("reason", Text),
    Column("status", String(20), nullable=False),
    _money("amount"),
    Column("requested_at", DateTime, nullable=False),
    Column("paid_at", DateTime),
)

reviews = Table(
    "reviews",
    shop_metadata,
    _id(),
    _ref("customer_id", "customers.id"),
    _ref("product_id", "products.id"),
    Column("display_name", String(60), nullable=False),
    Column("rating", SmallInteger, nullable=False),
    Column("comment", Text, nullable=False),
    Column("written_at", DateTime, nullable=False),
    Column("removed_at", DateTime),
)

linked_accounts = Table(
    "linked_accounts",
    shop_metadata,
    _id(),
    _ref("customer_id", "customers.id"),
    Column("provider", String(40), nullable=False),
    Column("external_id", String(120), nullable=False),
    Column("profile", Text),
    Column("linked_at", DateTime, nullable=False),
)

devices = Table(
    "devices",
    shop_metadata,
    _id(),
    _ref("customer_id", "customers.id"),
    Column("fingerprint", String(64), nullable=False),
    Column("model", String(80)),
    Column("push_token", String(160)),
    Column("last_ip", String(45)),
    Column("last_seen_at", DateTime, nullable=False),
)

behaviour_events = Table(
    "behaviour_events",
    shop_metadata,
    _id(),
    # Empty for what was looked at before the sign-in; the device tells whose it was.
    _ref("customer_id", "customers.id", optional=True),
    _ref("device_id", "devices.id", optional=True),
    Column("kind", String(24), nullable=False),
    _ref("product_id", "products.id", optional=True),
    Column("search_text", String(160)),
    Column("details", Text),
    Column("happened_at", DateTime, nullable=False),
)

risk_scores = Table(
    "risk_scores",
    shop_metadata,
    _id(),
    # Empty once a score was made anonymous.
    _ref("customer_id", "customers.id", optional=True),
    Column("model", String(40), nullable=False),
    Column("score", Numeric(5, 4), nullable=False),
    Column("reasons", Text),
    Column("computed_at", DateTime, nullable=False),
)

segments = Table("segments", shop_metadata, _id(), Column("name", String(60), nullable=False, unique=True))

customer_segments = Table(
    "customer_segments",
    shop_metadata,
    _ref("customer_id", "customers.id", key=True),
    _ref("segment_id", "segments.id", key=True),
    Column("assigned_at", DateTime, nullable=False),
)

newsletter_subscriptions = Table(
    "newsletter_subscriptions",
    shop_metadata,
    _id(),
    Column("email", String(254), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("subscribed_at", DateTime, nullable=False),
    Column("unsubscribed_at", DateTime),
)

carts = Table(
    "carts",
    shop_metadata,
    _id(),
    _ref("customer_id", "customers.id", optional=True),
    Column("guest_email", String(254)),
    Column("status", String(16), nullable=False),
    Column("updated_at", DateTime, nullable=False),
)

cart_lines = Table(
    "cart_lines",
    shop_metadata,
    _ref("cart_id", "carts.id", key=True),
    _ref("product_id", "products.id", key=True),
    Column("quantity", Integer, nullable=False),
)

consents = Table(
    "consents",
    shop_metadata,
    _id(),
    # The customer's number as text and without a foreign key: the proof outlives the account.
    Column("customer_ref", String(40), nullable=False, index=True),
    Column("purpose", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("channel", String(24), nullable=False),
    Column("recorded_at", DateTime, nullable=False),
)

support_notes = Table(
    "support_notes",
    shop_metadata,
    _id(),
    # "customer" or "order", and the id of that row: no foreign key can hold this.
    Column("about_kind", String(16), nullable=False),
    Column("about_id", Integer, nullable=False, index=True),
    Column("staff_name", String(120), nullable=False),
    Column("note", Text, nullable=False),
    Column("written_at", DateTime, nullable=False),
)
