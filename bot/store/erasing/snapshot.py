"""What must still be known about a person while their rows are going: kept with the request, gone with its end."""

import base64
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import phonenumbers
import sqlalchemy as sa
from sqlalchemy import Connection

from bot.errors import NotFound
from bot.store.datamap.model import DataMap, Match, Through
from bot.store.engine import for_reading
from bot.store.erasing.spelling import any_spelling
from bot.store.ownership import Ownership, normalised
from bot.store.shop import ShopStore

Snapshot = dict[str, Any]

_SHORTEST_PHONE = 8  # digits; fewer are found in too many other numbers


def freeze(shop: ShopStore, subject_id: str) -> Snapshot:
    """Keep what an erasure needs to find the person's rows again after a crash.

    Args:
        shop: The shop's database.
        subject_id: The customer's number.

    Returns:
        JSON-able and personal: keep it encrypted and delete it when the request has ended. `row` holds the columns
        that ways compare with, `may_match_by_email` whether guest rows are theirs, `look_for` the values that can
        mean nobody else (e-mail always, phone and name only if no other customer has them).

    Raises:
        NotFound: The shop has no such customer.
    """
    customer = _customer(shop, subject_id)
    with for_reading(shop.engine).connect() as connection:
        return _known(shop, connection, subject_id, customer) | {"look_for": _unambiguous(shop, connection, customer)}


def identify(shop: ShopStore, subject_id: str) -> Snapshot:
    """What `plan` needs of it, for the question in the chat: without `look_for`, which reads every other customer.

    Raises:
        NotFound: The shop has no such customer.
    """
    customer = _customer(shop, subject_id)
    with for_reading(shop.engine).connect() as connection:
        return _known(shop, connection, subject_id, customer)


def _customer(shop: ShopStore, subject_id: str) -> dict[str, Any]:
    customer = shop.customer(subject_id)
    if customer is None:
        raise NotFound("The shop has no customer under that number.")
    return customer


def _known(shop: ShopStore, connection: Connection, subject_id: str, customer: dict[str, Any]) -> Snapshot:
    ownership = Ownership(shop.datamap, shop.metadata, connection, customer)
    return {
        "key": subject_id,
        "row": {name: jsonable(customer[name]) for name in sorted(_needed(shop.datamap)) if name in customer},
        "may_match_by_email": _may_match(ownership, shop.datamap, customer),
    }


def ownership_of(shop: ShopStore, connection: Connection, snapshot: Snapshot) -> Ownership:
    """Whose rows are whose as it was when the snapshot was made, whether or not the account is still there."""
    row = {name: _read(value) for name, value in snapshot["row"].items()}
    return Ownership(shop.datamap, shop.metadata, connection, row, snapshot["may_match_by_email"])


def _needed(datamap: DataMap) -> set[str]:
    subject = datamap.subject
    names = {subject.key, subject.email, subject.email_confirmed, subject.phone, subject.name}
    for table in datamap.personal_tables():
        for way in table.ways:
            match way:
                case Match(_, to):
                    names.add(to)
                case Through(other, keys) if other == subject.table:
                    names.update(its for _, its in keys)
    return {name for name in names if name}


def _may_match(ownership: Ownership, datamap: DataMap, customer: dict[str, Any]) -> bool:
    email = datamap.subject.email
    return bool(email and customer.get(email)) and ownership.may_match_by_email()


def _unambiguous(shop: ShopStore, connection: Connection, customer: dict[str, Any]) -> dict[str, str]:
    """Values whose finding anywhere would mean this person."""
    subject = shop.datamap.subject
    people = shop.metadata.tables[subject.table]
    dialect = connection.dialect.name
    found: dict[str, str] = {}

    def held_by_one(column: sa.Column[Any], value: str) -> bool:
        same = normalised(column, dialect) == normalised(sa.literal(value), dialect)
        if not value.isascii():
            same = sa.func.trim(column).regexp_match(f"^{any_spelling(value)}$")
        return connection.scalar(sa.select(sa.func.count()).select_from(people).where(same)) == 1

    if subject.email and (email := _text(customer[subject.email])) and held_by_one(people.c[subject.email], email):
        found["email"] = email
    if subject.phone and (number := significant(_text(customer[subject.phone]))):
        others = sa.select(people.c[subject.phone]).where(people.c[subject.phone].is_not(None))
        others = others.where(people.c[subject.key] != customer[subject.key])
        if all(
            significant(str(other)) != number for other in connection.scalars(others.execution_options(yield_per=500))
        ):
            found["phone"] = number
    name = _text(customer[subject.name]) if subject.name else ""
    if subject.name and len(name.split()) > 1 and held_by_one(people.c[subject.name], name):
        found["name"] = name
    return found


def significant(phone: str) -> str:
    """A phone number without country code and signs, as it stands in every way of writing it; empty if too short."""
    try:
        digits = str(phonenumbers.parse(phone).national_number)
    except phonenumbers.NumberParseException:
        digits = "".join(sign for sign in phone if sign.isdecimal()).lstrip("0")
    return digits if len(digits) >= _SHORTEST_PHONE else ""


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def jsonable(value: Any) -> Any:
    """A value of the person's row as a snapshot keeps it: their rows are found by it again, whatever its type."""
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case UUID():
            return {"uuid": str(value)}
        case bytes():
            return {"bytes": base64.b64encode(value).decode("ascii")}
        case _:
            return {"number": str(value)}


def _read(value: Any) -> Any:
    match value:
        case {"datetime": text}:
            return datetime.fromisoformat(text)
        case {"date": text}:
            return date.fromisoformat(text)
        case {"uuid": text}:
            return UUID(text)
        case {"bytes": text}:
            return base64.b64decode(text)
        case {"number": text}:
            return Decimal(text)
        case _:
            return value
