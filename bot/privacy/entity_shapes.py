"""The shapes of values: what an address, an account number, a date look like, and how their checksums are worked out.

Every function takes words as `plain_signs` gives them and yields what it finds, from left to right.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from dateutil import parser

from bot.store.numbers import KINDS, NUMBER
from bot.store.placeholders import PLACEHOLDER
from bot.vocabulary import EntityKind

type Span = tuple[EntityKind, int, int]

_ENDS = ".!?…*_~"
_SIGNS = r"[^\s@<>()\[\],;:\"'“”‘’‹›\x00]"
_EMAIL = re.compile(
    rf"(?:{_SIGNS}{{1,64}}|\"[^\"\n@]{{1,64}}\")@{_SIGNS}{{1,255}}"
    r"|[\w.+-]{1,64}\s?[\[(]\s?at\s?[\])]\s?[\w-]{1,63}(?:\s?(?:\.|[\[(]\s?dot\s?[\])])\s?[\w-]{1,63}){1,4}"
    r"|[\w.+-]{1,64} at [\w-]{1,63}(?: dot [\w-]{2,63}){1,3}",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<![A-Z0-9])(?=([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}))", re.IGNORECASE | re.ASCII)
_SHORTEST_IBAN = 15
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
)
_MONTH += r"nov(?:ember)?|dec(?:ember)?)\b\.?"
_DATE = re.compile(
    r"(?<![\w./-])(?:\d{4}\s?([./-])\s?\d{1,2}\s?\1\s?\d{1,2}|\d{1,2}\s?([./-])\s?\d{1,2}\s?\2\s?(?:\d{4}|\d{2}))"
    r"(?![./-]?(?!T\d)\w)"
    rf"|(?<!\w)\d{{1,2}}(?:st|nd|rd|th)?(?:[\s-]+of)?[\s-]*{_MONTH}(?:,?[\s-]*(?:\d{{4}}|['’]\d{{2}})(?!\w))?"
    rf"|(?<!\w){_MONTH}[\s-]*\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?(?!\w)",
    re.IGNORECASE,
)
_NAMED_ORDER = re.compile(
    r"\b(?:orders?|invoice|parcel|package|delivery|purchase|shipment|receipt|bill|tracking)"
    r"(?:\s*(?:number|num|no|nr|id|code)\b)?[\s.:#]*(?:\b(?:is|was)\b)?[\s.:#]*(?<=[\s.:#])"
    r"((?=(?:[A-Z/-]*\d){3})[A-Z0-9]{1,20}(?:[-/][A-Z0-9]{1,20}){0,4})(?![^\W_])",
    re.IGNORECASE,
)


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that overlap as one, called what the longest of them is: no end of a value is left over."""
    together: list[Span] = []
    for kind, start, end in sorted(spans, key=lambda span: (span[1], -span[2])):
        if together and start < together[-1][2]:
            before, begins, ends = together[-1]
            together[-1] = (kind if end - start > ends - begins else before, begins, max(ends, end))
        else:
            together.append((kind, start, end))
    yield from together


def named_orders(plain: str) -> Iterator[Span]:
    """What is called an order number, or the number of something that comes with an order."""
    for match in _NAMED_ORDER.finditer(plain):
        yield EntityKind.ORDER, *match.span(1)


def plain_signs(text: str) -> tuple[str, list[int]]:
    """The words as they are compared: digits of any script as 0 to 9, one kind of space and dash, nothing unseen.

    Returns:
        The words, and for each of their signs its place in `text`.
    """
    signs: list[str] = []
    places: list[int] = []
    for place, typed in enumerate(text):
        if plain := _plain_sign(typed):
            signs.append(plain)
            places.append(place)
    return "".join(signs), places


@lru_cache(maxsize=4096)
def _plain_sign(typed: str) -> str:
    composed = unicodedata.normalize("NFKC", typed)
    sign = composed if len(composed) == 1 else typed
    match unicodedata.category(sign):
        case "Cf":
            return ""
        case "Nd":
            return str(unicodedata.decimal(sign))
        case "Pd":
            return "-"
        case "Zs":
            return " "
    return sign


def typed_placeholders(plain: str) -> Iterator[Span]:
    """Somebody typed what looks like a placeholder: it stands for itself, so that the way back stays right."""
    for match in PLACEHOLDER.finditer(plain):
        yield EntityKind(match[1]), match.start(), match.end()


def numbers_of_the_desk(plain: str) -> Iterator[Span]:
    """Numbers of requests, cases and guardians' consents."""
    for match in NUMBER.finditer(plain):
        yield KINDS[match[1].upper()], match.start(), match.end()


def emails(plain: str) -> Iterator[Span]:
    """What has the shape of an address, whether mail could reach it or not."""
    for match in _EMAIL.finditer(plain):
        yield EntityKind.EMAIL, match.start(), match.start() + len(match[0].rstrip(_ENDS))


def ibans(plain: str) -> Iterator[Span]:
    """The longest run of whole groups whose check digits fit."""
    yield from merged(span for match in _IBAN.finditer(plain) for span in _iban_at(plain, match.start(), match[1]))


def _iban_at(plain: str, start: int, run: str) -> Iterator[Span]:
    for end in range(start + len(run), start + _SHORTEST_IBAN - 1, -1):
        whole_groups = plain[end - 1].isalnum() and not plain[end : end + 1].isalnum()
        if whole_groups and passes_mod_97(re.sub("[ -]", "", plain[start:end])):
            yield EntityKind.IBAN, start, end
            return


def dates(plain: str) -> Iterator[Span]:
    """Days that the calendar has, in whichever order their parts stand."""
    for match in _DATE.finditer(plain):
        written = re.sub(r"(?<=\d)(?:st|nd|rd|th)|\bof\b|['’]", " ", match[0], flags=re.IGNORECASE)
        try:
            parser.parse(re.sub(r"\s*([./-])\s*", r"\1", written))
        except (ValueError, OverflowError):
            continue
        yield EntityKind.DATE, match.start(), match.end()


def passes_luhn(digits: str) -> bool:
    """Whether the last digit of a card number fits the others (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def passes_mod_97(iban: str) -> bool:
    """Whether the check digits of an account number fit (ISO 13616, ISO/IEC 7064)."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1
