"""Collects rows for the invented shop before they are written in one go."""

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bot.demo.catalogue import PRODUCTS, STREETS, TOWNS

_VAT = Decimal("0.20")
_CENT = Decimal("0.01")


class Rows:
    """Rows per table with ids given out in order, and one source of chance, so that each seed is the same.

    Attributes:
        tables: Table name to rows; rows of one table may leave out optional columns.
        chance: The only source of randomness.
    """

    def __init__(self, today: date, seed: int) -> None:
        self.today = today
        self.chance = random.Random(seed)
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def ago(self, days: float, hour: int = 12) -> datetime:
        """That many days before the day of the seed, at some minute of that hour."""
        moment = datetime.combine(self.today, time(hour, self.chance.randrange(60)))
        return moment - timedelta(days=days)

    def add(self, table: str, **values: Any) -> int:
        """Add a row; the id is the next free one of its table unless given."""
        row = {"id": len(self.tables[table]) + 1, **values}
        self.tables[table].append(row)
        number: int = row["id"]
        return number

    def customer(self, number: int, name: str, email: str, **values: Any) -> int:
        """An account that is confirmed and active unless said otherwise."""
        created = values.pop("created_at", self.ago(900))
        usual = {
            "email_confirmed_at": created + timedelta(hours=1),
            "password_hash": f"$argon2id$v=19$m=65536,t=3,p=4${self.chance.getrandbits(128):032x}",
            "language": "en",
            "created_at": created,
            "last_login_at": self.ago(self.chance.randrange(1, 40)),
        }
        return self.add("customers", id=number, name=name, email=email, **(usual | values))

    def address(self, customer: int, name: str, **values: Any) -> int:
        """A delivery address in an invented town."""
        town, area = self.chance.choice(TOWNS)
        usual = {
            "recipient": name,
            "street": f"{self.chance.randrange(1, 180)} {self.chance.choice(STREETS)}",
            "city": town,
            "postcode": f"{area} {self.chance.randrange(1, 10)}ZZ",
            "country": "GB",
            "is_default": True,
            "is_deleted": False,
            "created_at": self.ago(self.chance.randrange(30, 60)),
        }
        return self.add("addresses", customer_id=customer, **(usual | values))

    def order(self, customer: int | None, name: str, days_ago: float, **values: Any) -> int:
        """An order with one to three lines and its payment; delivered and paid unless said otherwise."""
        payment = values.pop("payment", {})
        lines = self.chance.sample(PRODUCTS, self.chance.randrange(1, 4))
        quantities = [self.chance.randrange(1, 3) for _ in lines]
        total = sum((price * count for (*_, price), count in zip(lines, quantities, strict=True)), Decimal(0))
        tax = (total - total / (1 + _VAT)).quantize(_CENT)
        placed = self.ago(days_ago, self.chance.randrange(8, 22))
        town, area = self.chance.choice(TOWNS)
        number = len(self.tables["orders"]) + 1
        usual = {
            "number": f"A-{10000 + number}",
            "status": "delivered",
            "currency": "GBP",
            "net": total - tax,
            "tax": tax,
            "total": total,
            "ship_to_name": name,
            "ship_to_address": f"{self.chance.randrange(1, 180)} {self.chance.choice(STREETS)}\n{town}\n{area} 1ZZ",
            "ip_address": f"203.0.113.{self.chance.randrange(1, 255)}",
            "placed_at": placed,
            "shipped_at": placed + timedelta(days=2),
        }
        self.add("orders", customer_id=customer, **(usual | values))
        for line, ((product, _, title, price), count) in enumerate(zip(lines, quantities, strict=True), start=1):
            self.tables["order_lines"].append(
                {"order_id": number, "line_number": line, "product_id": product, "description": title,
                 "quantity": count, "unit_price": price}
            )  # fmt: skip
        self._payment(number, name, total, placed, payment)
        return number

    def _payment(self, order: int, name: str, amount: Decimal, placed: datetime, values: dict[str, Any]) -> None:
        usual = {
            "method": "card",
            "payer_name": name,
            "last_four": f"{self.chance.randrange(10000):04}",
            "provider_reference": f"pay_{self.chance.getrandbits(64):016x}",
            "status": "paid",
            "amount": amount,
            "refund_due": Decimal(0),
            "paid_at": placed,
        }
        self.add("payments", order_id=order, **(usual | values))
