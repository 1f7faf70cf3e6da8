"""Answers "what do you know about me?": a masked overview by kind of data, nobody else's values in it.

Law: GDPR Article 15 in outline; the full copy is made after the identity check. Policy: clauses
`access-and-correction` (what is opened, and the exception for linked accounts) and `no-access` (what is only named).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.errors import NotFound
from bot.store.datamap.model import Category, Column, DataMap, PolicyClass, Show, Table
from bot.store.masking import mask
from bot.store.shop import Holding, Listed, ShopStore


@dataclass(frozen=True)
class CategorySummary:
    """One kind of data that is opened to the person.

    Attributes:
        counts: Rows per table.
        items: Label and masked value, in the order of the map.
    """

    key: str
    title: str
    purpose: str
    counts: dict[str, int]
    items: list[tuple[str, str]]


@dataclass(frozen=True)
class NamedOnly:
    """A kind of data that is named with how many entries there are, and not shown."""

    key: str
    title: str
    count: int


@dataclass(frozen=True)
class AccessSummary:
    """What the shop holds about one person.

    Attributes:
        categories: Opened kinds of data.
        withheld: Recorded by the shop itself; to be deleted or made anonymous on request.
        outside: Held because of an account at another company.
    """

    categories: list[CategorySummary]
    withheld: list[NamedOnly]
    outside: list[NamedOnly]

    def as_card(self) -> dict[str, Any]:
        """For the chat, as plain JSON."""
        return {
            "kind": "access_summary",
            "categories": [
                {
                    "title": each.title,
                    "items": [{"label": label, "value": value} for label, value in each.items],
                    "note": each.purpose,
                }
                for each in self.categories
            ],
            "withheld": [{"title": each.title, "count": each.count} for each in self.withheld],
            "outside": [{"title": each.title, "count": each.count} for each in self.outside],
        }


def summarise(shop: ShopStore, datamap: DataMap, subject_id: str) -> AccessSummary:
    """Tell a signed-in customer, in outline, what the shop holds about them.

    Raises:
        NotFound: The shop has no such customer.
    """
    if shop.customer(subject_id) is None:
        raise NotFound("The shop has no customer under that number.")
    holdings = shop.holdings(subject_id)
    people = datamap.subject.table
    opened = (_opened(category, holdings, people) for category in _of(datamap, PolicyClass.PERSONAL_CENTER))
    return AccessSummary(
        [summary for summary in opened if summary],
        _named(datamap, PolicyClass.SERVICE_GENERATED, holdings),
        _named(datamap, PolicyClass.THIRD_PARTY, holdings),
    )


def _of(datamap: DataMap, policy_class: PolicyClass) -> list[Category]:
    return [each for each in datamap.categories.values() if each.policy_class is policy_class]


def _opened(category: Category, holdings: list[Holding], people: str) -> CategorySummary | None:
    items: list[tuple[str, str]] = []
    counts: dict[str, int] = {}
    for holding in holdings:
        if found := _items(category, holding, people):
            counts[holding.table.name] = counts.get(holding.table.name, 0) + holding.count
            items += found
    return CategorySummary(category.key, category.title, category.purpose, counts, items) if items else None


def _category(holding: Holding) -> Category | None:
    """The table's own kind of data; for rows of others, the kind of what is about the person in them."""
    if holding.role is None:
        return holding.table.category
    about = (column.category for column in holding.table.columns.values() if column.about == holding.role)
    return next(about, holding.table.category)


def _named(datamap: DataMap, policy_class: PolicyClass, holdings: list[Holding]) -> list[NamedOnly]:
    counts = {category.key: 0 for category in _of(datamap, policy_class)}
    for holding in holdings:
        own = _category(holding)
        if own and own.key in counts:
            counts[own.key] += holding.count
        for category, count in holding.elsewhere:
            if category is not own and category.key in counts:
                counts[category.key] += count
    return [NamedOnly(key, datamap.categories[key].title, count) for key, count in counts.items() if count]


def _items(category: Category, holding: Holding, people: str) -> list[tuple[str, str]]:
    """What one table has to say under one heading: how many rows, then the values of the overview."""
    values = [(each.column.label, _listing(each)) for each in holding.listed if each.column.category is category]
    shown = [(label, value) for label, value in values if value]
    one, many = _noun(holding.table, holding.role)
    if _category(holding) is category:
        if holding.role is None and holding.table.name == people and shown:
            return shown  # everybody has one account; to count it says nothing
        return [(_capital(many), _amount(holding, one, many)), *shown]
    held = dict(holding.elsewhere).get(category, 0)
    return shown or ([(_capital(many), _counted(held, one, many))] if held else [])


def _noun(table: Table, role: str | None) -> tuple[str, str]:
    if role is None:
        return table.noun
    return next((way.noun for way in table.ways if way.role == role and way.noun), table.noun)


def _amount(holding: Holding, one: str, many: str) -> str:
    """`12 orders between March 2022 and November 2026, 1 of them removed`."""
    words = _counted(holding.count, one, many)
    if holding.first and holding.last:
        first, last = f"{holding.first:%B %Y}", f"{holding.last:%B %Y}"
        words += f" in {first}" if first == last else f" between {first} and {last}"
    if not holding.removed:
        return words
    some = "" if holding.removed == holding.count else f"{holding.removed:,} of them "
    return f"{words}, {some}removed but still stored"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _listing(listed: Listed) -> str:
    if listed.column.show is Show.COUNT:
        return f"{listed.filled:,}" if listed.filled else ""
    texts = list(dict.fromkeys(text for value in listed.values if (text := _shown(value, listed.column))))
    return ", ".join(texts) + (" and more" if listed.more and texts else "")


def _shown(value: Any, column: Column) -> str:
    if column.show is Show.PLAIN:
        return in_words(value)
    return mask(column.mask, str(value)) if column.mask else ""


def in_words(value: Any) -> str:
    """A stored value as a person would write it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() | date():
            return f"{value.day} {value:%B %Y}"
        case _:
            return str(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
