"""Takes a person out of what they typed: their values become placeholders, and what is not known to be harmless a gap.

Nothing passes because it looks harmless: a word stays only when it stands in the desk's own phrases, replies or policy,
a number only when it stands there or is too short to tell anything. Whatever else may be a name, a street or an order
number is left for a person to fill in.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.store.known_words import WORD

GAP_BEGINS = "‹fill in:"
GAP = f"{GAP_BEGINS} {{what}}›"
"""What stands where a person has to write something invented."""
SOMEBODY = "somebody.else@example.com"
SOME_PHONE = "+44 20 7946 0018"  # A number that is given to nobody.
_TELLING_DIGITS = 3
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
        own: Values of the person.
        names: Single words that are part of the person's name or address; never let through, however common.
        numbers: Numbers of requests and cases that the conversation told, and what stands for them.
    """

    known: frozenset[str]
    own: list[Own] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    numbers: dict[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """The text without the person."""
        sentence_begins = {match.end() for match in re.finditer(r"(?:^|[.!?:…\n]\s*|[\"“(*-]\s*)", text)}
        shouted = text.upper() == text

        def replaced(match: re.Match[str]) -> str:
            found, kind = match[0], match.lastgroup
            if kind == "number":
                return self._number(found)
            if kind == "own":
                return self._own_by_value[_bare(found)]
            if kind == "email":
                return SOMEBODY
            if kind == "phone":
                return SOME_PHONE
            if kind == "word":
                return found if self._is_known(found, match.start() in sentence_begins, shouted) else _gap("a word")
            if kind == "figure" and (found in self.known or len(found) < _TELLING_DIGITS):
                return found
            return _gap({"figure": "a number", "date": "a date"}.get(str(kind), "an address"))

        return self._pattern().sub(replaced, text)

    def of_label(self, label: str) -> str:
        """The words on a button, which are the desk's own: only numbers and the person's values are replaced."""
        return self._pattern(of_desk=True).sub(
            lambda match: (
                self._number(match[0]) if match.lastgroup == "number" else self._own_by_value[_bare(match[0])]
            ),
            label,
        )

    def _number(self, found: str) -> str:
        return self.numbers.get(found.upper()) or _gap("a number")

    def _is_known(self, word: str, begins: bool, shouted: bool) -> bool:
        if word.casefold() in self.names:
            return False
        if word in self.known:
            return True
        # A capital in the middle of a sentence makes a name of a word.
        return (begins or shouted or not word[0].isupper()) and word.casefold() in self.known

    @property
    def _own_by_value(self) -> Mapping[str, str]:
        return {_bare(each.value): each.instead for each in self.own}

    def _pattern(self, of_desk: bool = False) -> re.Pattern[str]:
        longest_first = sorted({each.value for each in self.own}, key=len, reverse=True)
        own = "|".join(_in_any_spacing(value) for value in longest_first) or "(?!)"
        parts = [r"(?P<number>\b[A-Z]{2}-\d{4}-\d{6}\b)", rf"(?P<own>(?<!\w)(?:{own})(?!\w))"]
        if not of_desk:
            parts += [
                r"(?P<email>[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']*[^\s<>()\[\],;:\"'.!?])",
                r"(?P<address>https?://\S+|www\.\S+|\$\{)",
                r"(?P<date>(?<!\d)\d{1,4}(?:[./-]\d{1,4}){2}(?!\d))",
                r"(?P<phone>(?<![\w/.-])(?:\+|00|\(?0)[\d\s()./-]{7,}\d(?!\w))",
                r"(?P<figure>\d+(?:[\s.,/:-]?\d{3,})*|\d+)",
                rf"(?P<word>{WORD})",
            ]
        return re.compile("|".join(parts), re.IGNORECASE)


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
