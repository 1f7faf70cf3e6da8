"""All customers of the shop, a page at a time: for what everybody must be told or asked about."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from bot.store.engine import for_reading
from bot.store.ownership import BYTES, cast_key, condition_of, not_removed, written_key
from bot.store.shop import ShopStore
from bot.store.shop_times import day_in, in_utc, moment, zone_of

_LONGEST_NUMBER = 64  # what the desk's own tables hold


@dataclass(frozen=True)
class Customer:
    """What the desk must know of an account to tell its owner something.

    Attributes:
        born: None where the shop has no readable birth date.
        active_at: When the person last used the shop, where the data map names a column that says so.
    """

    subject: str
    email: str | None
    born: date | None
    active_at: datetime | None


def after(shop: ShopStore, last: str | None, limit: int) -> list[Customer]:
    """The next accounts in the order of their keys, closed ones left out.

    Args:
        shop: The shop.
        last: The last one seen; None to begin.
        limit: How many at most.
    """
    key = _key(shop)
    query = _accounts(shop).order_by(key).limit(limit)
    if last is not None:
        query = query.where(key > cast_key(last, key))
    return _read(shop, query)


def among(shop: ShopStore, subjects: Collection[str]) -> list[Customer]:
    """Those of these accounts that are still there."""
    key = _key(shop)
    keys = [each for each in (cast_key(subject, key) for subject in subjects) if each is not None]
    return _read(shop, _accounts(shop).where(key.in_(keys)))


def refused(shop: ShopStore) -> list[str]:
    """Why the desk cannot serve everybody: somebody's number is longer than its own tables hold.

    Asked only where the type of the key allows such numbers.
    """
    key, people = _key(shop), shop.datamap.subject
    # A key of bytes is written with two signs for each.
    in_bytes = isinstance(key.type, BYTES)
    most, unit = (_LONGEST_NUMBER // 2, "bytes") if in_bytes else (_LONGEST_NUMBER, "signs")
    longest = getattr(key.type, "length", None)
    if not isinstance(key.type, (sa.String, *BYTES)) or (longest is not None and longest <= most):
        return []
    length = sa.func.length(key) if in_bytes else sa.func.char_length(key)
    ours = [condition_of(key.table, each) for each in people.when]
    with for_reading(shop.engine).connect() as connection:
        if connection.execute(sa.select(sa.literal(1)).where(length > most, *ours).limit(1)).first() is None:
            return []
    return [
        f"subject: some `{people.key}` of `{people.table}` has more than {most} {unit}; name a shorter unique column"
    ]


def _key(shop: ShopStore) -> sa.Column[Any]:
    return shop.metadata.tables[shop.datamap.subject.table].c[shop.datamap.subject.key]


def _accounts(shop: ShopStore) -> sa.Select[Any]:
    subject = shop.datamap.subject
    people = shop.metadata.tables[subject.table]
    columns = [
        people.c[name].label(label) if name else sa.null().label(label)
        for label, name in (("email", subject.email), ("born", subject.birth_date), ("active", subject.last_activity))
    ]
    open_ones = not_removed(people, shop.datamap.tables[subject.table].removed_when)
    ours = [condition_of(people, each) for each in subject.when]
    return sa.select(people.c[subject.key].label("key"), *columns).where(*ours, open_ones)


def _read(shop: ShopStore, query: sa.Select[Any]) -> list[Customer]:
    active, zone = _activity(shop), shop.datamap.timezone
    with for_reading(shop.engine).connect() as connection, in_utc(connection, active):
        rows = connection.execute(query).all()
    zone = zone if active is None else zone_of(active, zone)
    return [Customer(written_key(row.key), row.email, day_in(row.born), moment(row.active, zone)) for row in rows]


def _activity(shop: ShopStore) -> sa.Column[Any] | None:
    subject = shop.datamap.subject
    return shop.metadata.tables[subject.table].c[subject.last_activity] if subject.last_activity else None
