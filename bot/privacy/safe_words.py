"""Takes a person out of what they typed: their values become placeholders, and what is not known to be harmless a gap.

Nothing passes because it looks harmless: a word stays only when it stands in the desk's own phrases, replies or policy,
a number only when it stands there or is too short to tell anything. Whatever else may be a name, a street or an order
number is left for a person to fill in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.privacy.entities import Entity, Finder
from bot.store.known_words import WORD
from bot.store.numbers import KINDS, NUMBER, number_in
from bot.vocabulary import EntityKind

GAP_BEGINS = "‹fill in:"
GAP = f"{GAP_BEGINS} {{what}}›"
"""What stands where a person has to write something invented."""
SOMEBODY = "somebody.else@example.com"
SOME_PHONE = "+44 20 7946 0018"  # A number that is given to nobody.
_TELLING_DIGITS = 3
_INSTEAD = {EntityKind.EMAIL: SOMEBODY, EntityKind.PHONE: SOME_PHONE}
_PLAIN = re.compile(
    rf"(?P<address>https?://\S+|www\.\S+|\$\{{)|(?P<figure>\d+(?:[\s.,/:-]?\d{{3,}})*)|(?P<word>{WORD})", re.IGNORECASE
)
_NAMING = frozenset({"name", "person_name", "address_line", "email"})


@dataclass(frozen=True)
class Own:
    """A value of the person, and what is written in its place."""

    value: str
    instead: str


@dataclass
class SafeWords:
    """Makes the texts of one conversation safe.

    Attributes:
        known: Words that give nobody away.
        finder: Finds what has the shape of a value.
        own: Values of the person.
        names: Single words that are part of the person's name or address; never let through, however common.
        numbers: Numbers of requests and cases that the conversation told, and what stands for them.
    """

    known: frozenset[str]
    finder: Finder
    own: list[Own] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    numbers: dict[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """The text without the person."""
        pieces = self._own_in(text)
        pieces += [(each.start, each.end, self._value(each)) for each in self.finder.find(_without(text, pieces))]
        return _with(text, [*pieces, *self._words_in(text, _without(text, pieces))])

    def of_label(self, label: str) -> str:
        """The words on a button, which are the desk's own: only numbers and the person's values are replaced."""
        own = self._own_in(label)
        numbers = NUMBER.finditer(_without(label, own))
        return _with(label, [*own, *((*match.span(), self._number(match[0])) for match in numbers)])

    def _own_in(self, text: str) -> list["_Piece"]:
        instead = {_bare(each.value): each.instead for each in self.own}
        longest_first = sorted({each.value for each in self.own}, key=len, reverse=True)
        pattern = "|".join(map(_in_any_spacing, longest_first))
        found = re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE) if pattern else ()
        return [(*match.span(), instead[_bare(match[0])]) for match in found]

    def _value(self, found: Entity) -> str:
        if found.kind in KINDS.values():
            return self._number(found.value)
        return _INSTEAD.get(found.kind) or _gap("a date" if found.kind is EntityKind.DATE else "a number")

    def _number(self, found: str) -> str:
        return self.numbers.get(number_in(found) or "") or _gap("a number")

    def _words_in(self, text: str, left: str) -> Iterator["_Piece"]:
        """What is no value by its shape: addresses of pages, short numbers, words."""
        sentence_begins = {match.end() for match in re.finditer(r"(?:^|[.!?:…\n]\s*|[\"“(*-]\s*)", text)}
        shouted = text.upper() == text
        for match in _PLAIN.finditer(left):
            found, kind = match[0], match.lastgroup
            if kind == "word":
                safe = self._is_known(found, match.start() in sentence_begins, shouted)
            else:
                safe = kind == "figure" and (found in self.known or len(found) < _TELLING_DIGITS)
            if not safe:
                yield (*match.span(), _gap({"word": "a word", "figure": "a number"}.get(str(kind), "an address")))

    def _is_known(self, word: str, begins: bool, shouted: bool) -> bool:
        if word.casefold() in self.names:
            return False
        if word in self.known:
            return True
        # A capital in the middle of a sentence makes a name of a word.
        return (begins or shouted or not word[0].isupper()) and word.casefold() in self.known


type _Piece = tuple[int, int, str]


def _without(text: str, pieces: Iterable[_Piece]) -> str:
    """The text with nothing to be read where the pieces are, of the same length."""
    return _with(text, [(start, end, "\x00" * (end - start)) for start, end, _ in pieces])


def _with(text: str, pieces: Iterable[_Piece]) -> str:
    for start, end, instead in sorted(pieces, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def own_values(
    values: Iterable[tuple[str, str]], placeholders: Mapping[str, str], known: frozenset[str]
) -> tuple[list[Own], set[str]]:
    """What must not stand in a test: whole values, and the single words of those that name a person or a place.

    Args:
        values: Everything the shop holds of the person as text, with what kind it is (a mask or check of the map).
        placeholders: What the runner has a name for, such as the e-mail address.
        known: Words that give nobody away; a value of no kind that is made of them is one of many, such as a state.
    """
    own = {_bare(value): Own(value, place) for value, place in placeholders.items() if len(value) >= _TELLING_DIGITS}
    names: set[str] = set()
    for kind, value in values:
        words = re.findall(WORD, value)
        telling = len(_bare(value)) >= _TELLING_DIGITS if kind or not words else not known.issuperset(words)
        if telling:
            own.setdefault(_bare(value), Own(value, SOME_PHONE if kind == "phone" else _gap("a value")))
        if kind in _NAMING:
            names |= {word.casefold() for word in re.findall(WORD, value.partition("@")[0])}
    return list(own.values()), names


def _gap(what: str) -> str:
    return GAP.format(what=what)


def _bare(value: str) -> str:
    return " ".join(value.casefold().split())


def _in_any_spacing(value: str) -> str:
    return r"\s+".join(map(re.escape, value.split()))
