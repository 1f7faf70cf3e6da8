"""Fills an empty shop database with the demo's cast and two hundred other customers, the same every time."""

import json
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, Engine, func, inspect, select

from bot.demo.catalogue import CATEGORIES, COMMENTS, FIRST_NAMES, LAST_NAMES, PRODUCTS, SEARCHES, SEGMENTS
from bot.demo.customers import AMELIA, DANIEL, EVA, FEATURED, HELEN, JONAS, MAYA, PRIYA, TOMAS, Featured
from bot.demo.rows import Rows
from bot.demo.shop_schema import customers, shop_metadata
from bot.store.desk_tables import Base

FIRST_BYSTANDER = 2001
BYSTANDERS = 200


def seed(engine: Engine, today: date, bystanders: int = BYSTANDERS) -> bool:
    """Make the invented shop's tables and fill them.

    Args:
        engine: The shop database: SQLite, PostgreSQL, MySQL or MariaDB.
        today: The day the data ends; ages and orders are counted back from it.
        bystanders: How many customers there are beside the demo's cast.

    Returns:
        Whether anything was written; a shop that has customers, or tables of its own, is left as it is.
    """
    if _is_somebodys(engine):
        return False
    shop_metadata.create_all(engine)
    with engine.begin() as connection:
        if connection.scalar(select(customers.c.id).limit(1)) is not None:
            return False
        _write(connection, build(today, bystanders))
    return True


def _is_somebodys(engine: Engine) -> bool:
    """Whether a real shop lives there: a desk may be tried on it in demo mode, for the clock and the inbox.

    Tables of the demo that are there already were left by a start that was broken off.
    """
    found = inspect(engine)
    names = set(found.get_table_names())
    demos = names & shop_metadata.tables.keys()
    if any({each["name"] for each in found.get_columns(name)} != _columns_of(name) for name in demos):
        return True
    return not demos and bool(names - Base.metadata.tables.keys() - {"alembic_version"})


def _columns_of(table: str) -> set[str]:
    return set(shop_metadata.tables[table].c.keys())


def build(today: date, bystanders: int = BYSTANDERS) -> Rows:
    """Every row of the invented shop as of that day."""
    rows = Rows(today, seed=20260115)
    _catalogue(rows)
    for person in FEATURED:
        _account(rows, person)
    _amelia(rows)
    _daniel(rows)
    rows.order(MAYA.id, MAYA.name, 12)
    _jonas(rows)
    _priya(rows)
    _helen(rows)
    rows.order(TOMAS.id, TOMAS.name, 80)
    rows.order(EVA.id, EVA.name, 45)
    for number in range(bystanders):
        _bystander(rows, number)
    return rows


def _write(connection: Connection, rows: Rows) -> None:
    for table in shop_metadata.sorted_tables:
        names = table.c.keys()
        if made := rows.tables[table.name]:
            connection.execute(table.insert(), [{name: row.get(name) for name in names} for row in made])
        if connection.dialect.name == "postgresql" and "id" in table.c:
            # Ids were given, so the sequence has to be told where to go on.
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(sequence, func.max(table.c.id))).select_from(table))


def _catalogue(rows: Rows) -> None:
    for number, parent, name in CATEGORIES:
        rows.add("product_categories", id=number, parent_id=parent, name=name)
    for number, category, name, price in PRODUCTS:
        rows.add(
            "products", id=number, category_id=category, sku=f"P-{number:03}", name=name, price=price, on_sale=True
        )
    for number, name in SEGMENTS:
        rows.add("segments", id=number, name=name)


def _account(rows: Rows, person: Featured) -> None:
    joined = rows.ago({AMELIA.id: 1600, MAYA.id: 60}.get(person.id, 420))
    rows.customer(
        person.id,
        person.name,
        person.email,
        phone=person.phone,
        birth_date=person.birth_date(rows.today),
        created_at=joined,
    )
    rows.address(person.id, person.name, created_at=joined)
    given = "granted" if person.id % 2 else "refused"
    for purpose, state in (("order_mail", "granted"), ("recommendations", given), ("analytics", given)):
        rows.add(
            "consents",
            customer_ref=str(person.id),
            purpose=purpose,
            state=state,
            channel="website",
            recorded_at=joined,
        )


def _amelia(rows: Rows) -> None:
    rows.address(AMELIA.id, "Rupert Hartley", is_default=False)
    rows.address(AMELIA.id, AMELIA.name, is_default=False, is_deleted=True)
    made = [rows.order(AMELIA.id, AMELIA.name, 1500 - number * 134) for number in range(12)]
    rows.tables["orders"][made[3] - 1]["delivery_note"] = "Please leave it with the neighbour at number 9."
    rows.tables["order_gifts"].append(
        {
            "order_id": made[5],
            "recipient_name": "Beatrice Holloway",
            "recipient_email": "b.holloway@example.com",
            "message": "Happy birthday, Bea! Love, Amelia",
        }
    )
    for product, comment in enumerate(COMMENTS, start=1):
        rows.add(
            "reviews",
            customer_id=AMELIA.id,
            product_id=product,
            display_name="Amelia H.",
            rating=5 - product % 2,
            comment=comment,
            written_at=rows.ago(1300 - 250 * product),
            removed_at=rows.ago(100) if product == 2 else None,
        )
    rows.add("newsletter_subscriptions", email=AMELIA.email, status="active", subscribed_at=rows.ago(1400))
    rows.add(
        "support_notes",
        about_kind="order",
        about_id=made[2],
        staff_name="Carla Finch",
        written_at=rows.ago(1200),
        note="Called about a late parcel; friendly; sent a voucher.",
    )
    cart = rows.add("carts", customer_id=AMELIA.id, status="open", updated_at=rows.ago(2))
    rows.tables["cart_lines"].append({"cart_id": cart, "product_id": 11, "quantity": 1})


def _daniel(rows: Rows) -> None:
    rows.order(DANIEL.id, DANIEL.name, 200)
    refunded = rows.order(DANIEL.id, DANIEL.name, 30, status="returned")
    payment = rows.tables["payments"][-1]
    payment.update(status="refund_due", refund_due=payment["amount"])
    rows.add(
        "refunds",
        payment_id=payment["id"],
        reason="Arrived with a dent",
        status="approved",
        amount=payment["amount"],
        requested_at=rows.ago(20),
    )
    rows.order(DANIEL.id, DANIEL.name, 3, status="open", shipped_at=None)
    rows.add(
        "support_notes",
        about_kind="customer",
        about_id=DANIEL.id,
        staff_name="Carla Finch",
        written_at=rows.ago(19),
        note=f"Wants the refund of order A-{10000 + refunded} by bank transfer.",
    )


def _jonas(rows: Rows) -> None:
    rows.order(JONAS.id, JONAS.name, 150)
    profile = {"name": "Jonas W.", "email": "jonas.w@example.com", "picture": "https://example.com/p/jonas.png"}
    rows.add(
        "linked_accounts",
        customer_id=JONAS.id,
        provider="Treehouse",
        external_id="th-88213004",
        profile=json.dumps(profile),
        linked_at=rows.ago(390),
    )


def _priya(rows: Rows) -> None:
    rows.order(PRIYA.id, PRIYA.name, 60)
    _recorded(rows, PRIYA.id, events=48, scores=3)
    for event in rows.tables["behaviour_events"][-6:]:
        event["customer_id"] = None
    for segment in (1, 3):
        rows.tables["customer_segments"].append(
            {"customer_id": PRIYA.id, "segment_id": segment, "assigned_at": rows.ago(50)}
        )


def _helen(rows: Rows) -> None:
    rows.order(HELEN.id, HELEN.name, 40)
    rows.order(None, HELEN.name, 500, guest_email="Helen.Marsh@Example.COM")
    rows.add("newsletter_subscriptions", email=" HELEN.MARSH@example.com", status="active", subscribed_at=rows.ago(500))
    cart = rows.add("carts", guest_email="helen.marsh@EXAMPLE.com", status="abandoned", updated_at=rows.ago(520))
    rows.tables["cart_lines"].append({"cart_id": cart, "product_id": 7, "quantity": 1})
    rows.tables["customers"][EVA.id - FEATURED[0].id]["referred_by_id"] = HELEN.id


def _recorded(rows: Rows, customer: int, events: int, scores: int) -> None:
    """What the shop writes down by itself: a device, what was looked at, how risky an order seemed."""
    chance = rows.chance
    device = rows.add(
        "devices",
        customer_id=customer,
        fingerprint=f"{chance.getrandbits(128):032x}",
        model="Phone, 6 inch",
        push_token=f"push-{chance.getrandbits(96):024x}",
        last_ip=f"198.51.100.{chance.randrange(1, 255)}",
        last_seen_at=rows.ago(2),
    )
    for _ in range(events):
        searched = chance.random() < 0.3
        rows.add(
            "behaviour_events",
            customer_id=customer,
            device_id=device,
            kind="search" if searched else "view",
            product_id=None if searched else chance.randrange(1, 13),
            search_text=chance.choice(SEARCHES) if searched else None,
            details=json.dumps({"seconds": chance.randrange(2, 300)}),
            happened_at=rows.ago(chance.randrange(1, 300)),
        )
    for _ in range(scores):
        rows.add(
            "risk_scores",
            customer_id=customer,
            model="payment-risk-3",
            score=Decimal(chance.randrange(9999)) / 10000,
            reasons=json.dumps(["new device"]),
            computed_at=rows.ago(chance.randrange(1, 300)),
        )


def _surname(number: int) -> str:
    """The next surname; when all are given, they are joined in pairs."""
    round_, place = divmod(number, len(LAST_NAMES))
    return LAST_NAMES[place] + (f"-{LAST_NAMES[(place + round_) % len(LAST_NAMES)]}" if round_ else "")


def _bystander(rows: Rows, number: int) -> None:
    chance = rows.chance
    first, last = FIRST_NAMES[number % 20], _surname(number // 20)
    name, email = f"{first} {last}", f"{first}.{last}@example.com".lower().replace("ö", "o")
    customer = FIRST_BYSTANDER + number
    age = chance.randrange(60, 1500)
    created = rows.ago(age)
    rows.customer(
        customer,
        name,
        email,
        phone=f"+44 7700 900{200 + number}",
        created_at=created,
        birth_date=date(chance.randrange(1950, 2003), chance.randrange(1, 13), chance.randrange(1, 29)),
    )
    rows.address(customer, name, created_at=created)
    for _ in range(chance.randrange(4)):
        rows.order(customer, name, chance.randrange(1, age))
    if number % 5 == 0:
        rows.add(
            "reviews",
            customer_id=customer,
            product_id=chance.randrange(1, 13),
            display_name=name,
            rating=4,
            comment=f"{chance.choice(COMMENTS)} ({first})",
            written_at=rows.ago(chance.randrange(1, 900)),
        )
    if number % 3 == 0:
        rows.add("newsletter_subscriptions", email=email, status="active", subscribed_at=created)
    if number % 4 == 0:
        _recorded(rows, customer, events=chance.randrange(1, 6), scores=1)
    if number % 50 == 7:
        rows.order(None, name, chance.randrange(1, 900), guest_email=f"guest.{number}@example.com")
