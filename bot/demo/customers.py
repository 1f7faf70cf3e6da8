"""The people a visitor of the demo can sign in as: each shows another side of the desk. All are invented."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Featured:
    """One person of the demo's cast. `age` is in whole years on the day the shop is seeded."""

    id: int
    name: str
    email: str
    phone: str | None
    age: int
    note: str

    def birth_date(self, today: date) -> date:
        """Born so that the age is right on that day and the next birthday is some months away."""
        month, day = (today.month + 5) % 12 + 1, 1 + self.id % 28
        had_birthday = (month, day) <= (today.month, today.day)
        return date(today.year - self.age - (0 if had_birthday else 1), month, day)


AMELIA = Featured(
    1001, "Amelia Hartley", "amelia.hartley@example.com", "+44 7700 900101", 41,
    "An adult with orders over four years, twelve of them, with three addresses and reviews.",
)  # fmt: skip
DANIEL = Featured(
    1002, "Daniel Okafor", "daniel.okafor@example.com", "+44 7700 900102", 35,
    "An adult with an open order and an unpaid refund.",
)  # fmt: skip
MAYA = Featured(
    1003, "Maya Lindqvist", "maya.lindqvist@example.com", "+44 7700 900103", 16,
    "A minor of 16 without guardian consent.",
)  # fmt: skip
JONAS = Featured(
    1004, "Jonas Weber", "jonas.weber@example.com", "+1 202 555 0104", 29,
    "Signs in with a linked third-party account.",
)  # fmt: skip
PRIYA = Featured(
    1005, "Priya Raman", "priya.raman@example.com", "+44 7700 900105", 32,
    "Has behavioural and risk-score rows that the shop recorded by itself.",
)  # fmt: skip
HELEN = Featured(
    1006, "Helen Marsh", "helen.marsh@example.com", "+44 7700 900106", 53,
    "Has a guest order under her e-mail address in other casing.",
)  # fmt: skip
TOMAS = Featured(
    1007, "Tomas Novak", "tomas.novak@example.com", "+1 202 555 0107", 44,
    "Shares a phone number with Eva Novak, who is a customer too.",
)  # fmt: skip
EVA = Featured(
    1008, "Eva Novak", "eva.novak@example.com", "+1 202 555 0107", 43,
    "Shares a phone number with Tomas Novak, who is a customer too.",
)  # fmt: skip

FEATURED: tuple[Featured, ...] = (AMELIA, DANIEL, MAYA, JONAS, PRIYA, HELEN, TOMAS, EVA)

CUSTOMERS: list[dict[str, str]] = [
    {"id": str(each.id), "name": each.name, "email": each.email, "note": each.note} for each in FEATURED
]
"""What `GET /demo/customers` answers."""
