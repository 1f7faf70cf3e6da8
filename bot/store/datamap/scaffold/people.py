"""Finds the table of the people: the shop's customers."""

from collections.abc import Mapping

from bot.store.datamap.scaffold.kinds import Kind
from bot.store.datamap.scaffold.seen import Seen
from bot.store.datamap.scaffold.words import words

CUSTOMER_WORDS = ("customer", "client", "shopper", "buyer", "purchaser", "user", "member", "account", "person")
STAFF_WORDS = frozenset({
    "admin", "administrator", "employee", "staff", "operator", "backend", "backoffice", "worker", "agent", "cashier",
    "adminuser",
})  # fmt: skip
PARTNER_WORDS = frozenset({
    "supplier", "vendor", "manufacturer", "shipper", "carrier", "warehouse", "merchant", "seller", "partner", "brand",
    "store", "shop", "outlet", "branch", "stockist", "location", "site", "inventory", "department",
    "integration", "office",
})  # fmt: skip
_NAME_POINTS = {
    "customer": 60,
    "client": 45,
    "shopper": 45,
    "buyer": 45,
    "member": 35,
    "user": 40,
    "account": 25,
    "person": 20,
}
_BESIDE = {"entity", "tbl", "table", "master", "main", "base", "data", "list", "record"}


def find_people(seen: Mapping[str, Seen]) -> list[tuple[int, str]]:
    """Tables that may be the customers', best first, with their points."""
    pointed = _pointed_at(seen)
    scores = [(_points(table, pointed.get(table.name, 0)), table.name) for table in seen.values()]
    return sorted(((points, name) for points, name in scores if points > 0), key=lambda each: (-each[0], each[1]))


def _points(table: Seen, pointed: int) -> int:
    told = [word for word in table.told if word not in _BESIDE and not word.isdigit()]
    if not told or not _one_key(table):
        return 0
    named = _NAME_POINTS.get(told[-1], 0) - 12 * (len(told) - 1)
    if set(told) & (STAFF_WORDS | PARTNER_WORDS):
        named -= 80
    kinds = set(table.kinds.values())
    held = (
        15 * (Kind.EMAIL in kinds) + 10 * (Kind.NAME in kinds) + 5 * (Kind.PHONE in kinds) + 5 * (Kind.BIRTH in kinds)
    )
    held += 8 * (Kind.SECRET in kinds)
    return named + held + min(pointed, 20) * 2 if named > 0 or held >= 30 else 0


def _one_key(table: Seen) -> bool:
    return subject_key(table) is not None


def subject_key(table: Seen) -> str | None:
    """The column that names one person: the key, or the half of it that is not the shop's number."""
    names = [column.name for column in table.live.primary_key.columns]
    if len(names) == 1:
        return names[0]
    own = [name for name in names if not set(words(name)) & {"shop", "store", "tenant", "site", "company", "version"}]
    return own[0] if len(own) == 1 else None


def _pointed_at(seen: Mapping[str, Seen]) -> dict[str, int]:
    """How many columns lead to each table, by foreign key or by a name such as `customer_id`."""
    counts: dict[str, int] = {}
    by_word: dict[str, list[str]] = {}
    for table in seen.values():
        told = [word for word in table.told if word not in _BESIDE and not word.isdigit()]
        if told:
            by_word.setdefault(told[-1], []).append(table.name)
    for table in seen.values():
        targets = {key.referred_table.key for key in table.live.foreign_key_constraints}
        for column in table.live.c:
            said = [word for word in words(column.name) if word not in {"id", "fk"}]
            if len(said) == 1 and len(by_word.get(said[0], [])) == 1 and "id" in words(column.name):
                targets.add(by_word[said[0]][0])
        for target in targets - {table.name}:
            counts[target] = counts.get(target, 0) + 1
    return counts
