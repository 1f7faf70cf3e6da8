"""Finds the values in what people type: addresses, numbers, dates; by pattern, and by checksum where there is one.

This is the only place that knows what such a value looks like. Everything that stores, passes on or shows typed words
asks here: what the engine reads and records, what the desk stores, what staff see, what a conversation leaves as.
Law: GDPR Article 5(1)(c), no more data than a purpose needs; 25(1), pseudonyms by design. Policy clause `security`.

A value that fails its checksum is a value with a typing error in it. It is hidden as a number all the same: a check
decides what a value is called, never whether it is let through.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers

from bot.config import Settings
from bot.privacy.entity_shapes import (
    Span,
    dates,
    emails,
    ibans,
    merged,
    named_orders,
    numbers_of_the_desk,
    passes_luhn,
    plain_signs,
    typed_placeholders,
)
from bot.store.placeholders import placeholder
from bot.vocabulary import EntityKind

_DIGITS = re.compile(r"(?<![^\W_])(?:[+(][ ]?)?\d(?:(?:[ ()/-]|\.(?! )){0,3}\d)*(?![^\W_])")
_TOKEN = re.compile(r"[^\W_]+(?:[-_./#]+[^\W_]+)*")
_SAID_BEFORE_WHAT_IS_NOBODYS = re.compile(
    r"(?:[£$€¥]|\b(?:section|sect?\.|article|art\.|regulation|directive|clause|ccpa|gdpr|§+))"
    r"\W{0,2}(?:\(?EU\)?\W{0,2}|no\.?\s)?$",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:(?:19|20)\d\d[^\w]*)+s?")
_AMOUNT = re.compile(r"\d{1,7}\.\d{2}")
_CARD_DIGITS = range(13, 20)
_SHORTEST_NUMBER, _SHORTEST_PHONE, _LONGEST_NUMBER = 4, 6, 40
_BEFORE = 24


@dataclass(frozen=True)
class Entity:
    """A value in some words: `text[start:end]` is `value`."""

    kind: EntityKind
    start: int
    end: int
    value: str


@dataclass(frozen=True)
class Masked:
    """Words with a placeholder for each value, and the values in their order."""

    text: str
    values: list[str]


class Finder:
    """Finds values, with what the shop says of its own.

    Attributes:
        orders: What the shop's order numbers look like.
        region: ISO code of the country that phone numbers without a country code are read for.
    """

    def __init__(self, orders: str, region: str) -> None:
        self.orders = re.compile(rf"(?<![^\W_])(?:{orders})(?!-?[^\W_])", re.IGNORECASE)
        self.region = region

    def find(self, text: str) -> list[Entity]:
        """Every value, in the order of the words; none overlaps another."""
        plain, places = plain_signs(text)
        found: list[Entity] = []
        for look in (typed_placeholders, numbers_of_the_desk, emails, ibans, dates, self._orders, self._digits):
            for kind, start, end in list(look(plain)):
                begins, ends = places[start], places[end - 1] + 1
                found.append(Entity(kind, begins, ends, text[begins:ends]))
                plain = plain[:start] + "\x00" * (end - start) + plain[end:]
        return sorted(found, key=lambda each: each.start)

    def masked(self, text: str) -> Masked:
        """The words with placeholders; `bot.store.placeholders.restored` gives them back as they were."""
        found = self.find(text)
        return Masked(replaced(text, found, lambda each: placeholder(each.kind)), [each.value for each in found])

    def _orders(self, plain: str) -> Iterator[Span]:
        """Whatever looks like an order number of the shop, and what is called one."""
        spans = [(EntityKind.ORDER, *match.span()) for match in self.orders.finditer(plain)]
        yield from merged([*spans, *named_orders(plain)])

    def _digits(self, plain: str) -> Iterator[Span]:
        """Cards, phone numbers, and every other long number, also one that stands inside a word."""
        named: list[Span] = []
        for match in _DIGITS.finditer(plain):
            named += [(kind, match.start() + start, match.start() + end) for kind, start, end in self._named(match[0])]
        for _, start, end in named:
            plain = plain[:start] + "\x00" * (end - start) + plain[end:]
        runs = (match.span() for pattern in (_DIGITS, _TOKEN) for match in pattern.finditer(plain))
        others = [(EntityKind.NUMBER, *span) for span in runs if _is_somebodys(plain, *span)]
        yield from merged([*named, *others])

    def _named(self, run: str) -> Iterator[Span]:
        """Cards and phone numbers that a run of digits begins with, and what stands behind a card, such as its code."""
        start, is_behind_card = 0, False
        while start < len(run):
            kind, end = self._named_from(run, start) or (EntityKind.NUMBER, len(run))
            if kind is EntityKind.NUMBER and not is_behind_card:
                return
            if kind is EntityKind.PHONE and end < len(run) and _is_as_long_as_a_card(run[start:]):
                return  # A card with a typing error may begin like a telephone number; its last digits are hidden too.
            yield kind, start, end
            start, is_behind_card = end + len(run[end:]) - len(run[end:].lstrip()), kind is EntityKind.CARD

    def _named_from(self, run: str, start: int) -> tuple[EntityKind, int] | None:
        """What the longest row of whole groups is that is anything, and where it ends."""
        for end in range(min(len(run), start + _LONGEST_NUMBER), start, -1):
            if run[end : end + 1] in ("", " ") and (kind := self._kind(run[start:end])):
                return kind, end
        return None

    def _kind(self, written: str) -> EntityKind | None:
        digits = re.sub(r"\D", "", written)
        if _is_as_long_as_a_card(written) and passes_luhn(digits):
            return EntityKind.CARD
        return EntityKind.PHONE if len(digits) >= _SHORTEST_PHONE and self._is_phone(written) else None

    def _is_phone(self, written: str) -> bool:
        """Whether it has the length of a number there; without a prefix it must be a number that can be given out."""
        international = re.sub(r"^\s*\(?00", "+", written)
        try:
            number = phonenumbers.parse(international, self.region)
        except phonenumbers.NumberParseException:
            return False
        if re.match(r"\s*[+(]*0|\s*\+", written):
            return phonenumbers.is_possible_number(number)
        return phonenumbers.is_valid_number(number)


def _is_as_long_as_a_card(written: str) -> bool:
    return sum(map(str.isdigit, written)) in _CARD_DIGITS


def finder(settings: Settings) -> Finder:
    """The finder of this shop."""
    return _made(settings.order_numbers, settings.business_calendar[:2])


_made = cache(Finder)


def replaced(text: str, found: list[Entity], by: Callable[[Entity], str]) -> str:
    """The words with something else for each value."""
    pieces, end = [], 0
    for each in found:
        pieces += [text[end : each.start], by(each)]
        end = each.end
    return "".join([*pieces, text[end:]])


def _is_somebodys(plain: str, start: int, end: int) -> bool:
    """Whether a run of signs holds a number that may be somebody's: no year, no amount, no number of a law."""
    written = plain[start:end]
    if sum(map(str.isdigit, written)) < _SHORTEST_NUMBER or _YEARS.fullmatch(written) or _AMOUNT.fullmatch(written):
        return False
    return _SAID_BEFORE_WHAT_IS_NOBODYS.search(plain[max(0, start - _BEFORE) : start]) is None
