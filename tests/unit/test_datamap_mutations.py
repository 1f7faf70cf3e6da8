"""Fifty changes to the shop's schema that nobody classified: the desk starts with none of them."""

import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from bot.bootstrap import open_desk
from bot.errors import SetupError

# What a shop's programmers add on a Friday: (table, column with its type).
COLUMNS = [
    ("customers", "nickname TEXT"), ("customers", "second_email TEXT"), ("customers", "passport_number TEXT"),
    ("customers", "loyalty_points INTEGER"), ("customers", "is_vip BOOLEAN"), ("customers", "avatar BLOB"),
    ("customers", "preferences JSON"), ("customers", "last_seen_ip TEXT"),
    ("customers", "merged_into_id INTEGER REFERENCES customers (id)"),
    ("customers", '"Marketing Profile" TEXT'), ("addresses", "door_code TEXT"), ("addresses", "latitude REAL"),
    ("addresses", "location GEOMETRY"), ("orders", "gift_note TEXT"), ("orders", "coupon TEXT"),
    ("orders", "billing_customer_id INTEGER REFERENCES customers (id)"), ("orders", "user_agent TEXT"),
    ("orders", '"order" INTEGER'), ("order_lines", "customisation TEXT"), ("order_lines", "discount NUMERIC"),
    ("order_gifts", "recipient_phone TEXT"), ("payments", "iban TEXT"), ("payments", "raw_response JSON"),
    ("refunds", "bank_account TEXT"), ("reviews", "reviewer_age INTEGER"), ("reviews", "photo_url TEXT"),
    ("linked_accounts", "access_token TEXT"), ("devices", "advertising_id TEXT"), ("behaviour_events", "page_url TEXT"),
    ("risk_scores", "reviewed_by TEXT"), ("customer_segments", "reason TEXT"),
    ("newsletter_subscriptions", "confirm_token TEXT"),
    ("carts", "session_key TEXT"), ("cart_lines", "engraving TEXT"), ("consents", "ip_address TEXT"),
    ("support_notes", "attachment BLOB"), ("products", "created_by INTEGER REFERENCES customers (id)"),
    ("product_categories", "editor_email TEXT"), ("segments", "owner_name TEXT"),
]  # fmt: skip
TABLES = {
    "loyalty_cards": "id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), number TEXT",
    "wishlists": "id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, name TEXT",
    "customers_backup": "id INTEGER PRIMARY KEY, name TEXT, email TEXT",
    "chat_logs": "id INTEGER PRIMARY KEY, body TEXT",
    "gift_cards": "code TEXT PRIMARY KEY, recipient_email TEXT, balance NUMERIC",
    "order_attachments": "order_id INTEGER REFERENCES orders (id), file BLOB",
    "Kundenkartei 2019": "Nr INTEGER PRIMARY KEY, Anmerkung TEXT",
    "select": "id INTEGER PRIMARY KEY",
    "sessions": "token TEXT",
    "price_history": "id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products (id), price NUMERIC",
    "customer_faces": "customer_id INTEGER PRIMARY KEY REFERENCES customers (id), embedding VECTOR",
}  # fmt: skip
CHANGES = [
    (f"{table}.{shlex.split(column)[0]}", f'ALTER TABLE "{table}" ADD COLUMN {column}') for table, column in COLUMNS
] + [(name, f'CREATE TABLE "{name}" ({columns})') for name, columns in TABLES.items()]  # fmt: skip


def test_there_are_fifty_changes() -> None:
    assert len(CHANGES) == 50
    assert len({place for place, _ in CHANGES}) == 50


@pytest.fixture
def copied(settings, seeded_shop, empty_desk, tmp_path: Path):
    """A desk's settings with a shop of the test's own."""
    path = tmp_path / "shop.sqlite3"
    with sqlite3.connect(seeded_shop) as shop, sqlite3.connect(path) as copy:
        shop.backup(copy)
    shutil.copy(empty_desk, settings.desk_home / "desk.sqlite3")
    return settings.model_copy(update={"shop_database_url": f"sqlite:///{path}"}), path


def test_the_desk_starts_while_nothing_was_added(copied) -> None:
    desk = open_desk(copied[0])
    desk.engine.dispose()
    desk.shop.engine.dispose()


@pytest.mark.parametrize(("place", "statement"), CHANGES, ids=[place for place, _ in CHANGES])
def test_the_desk_does_not_start_after(place: str, statement: str, copied) -> None:
    settings, path = copied
    with sqlite3.connect(path) as shop:
        shop.execute(statement)
    with pytest.raises(SetupError) as refused:
        open_desk(settings)
    assert f"does not fit the shop database: {place}: " in refused.value.detail
    assert "datamap" in refused.value.detail
