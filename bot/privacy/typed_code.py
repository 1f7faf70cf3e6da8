"""Sees that a message holds an identity or claim code, so that it is read by the desk and never by the engine."""

import re
import unicodedata
from dataclasses import dataclass

from bot.store.numbers import NUMBER, number_in
from bot.vocabulary import EntityKind

_LONGEST = 80
_WORDS = (
    "ok|okay|yes|hi|hello|sure|it|this|that|here|my|the|your|is|was|it'?s|that'?s|here'?s|"
    "code|number|pin|verification|security|confirmation|one[- ]time"
)
_ALONE = re.compile(
    rf"[\s\"'(]*(?:(?:{_WORDS})\b[\s:=,.;!#-]*)*(\d(?:[\s-]?\d){{5}})[\s\"').!]*", re.IGNORECASE | re.ASCII
)


def code_in(text: str) -> str | None:
    """The six digits of a message that says nothing else but words such as "my code is".

    Digits may be set apart by spaces or dashes. Policy clause `security`: a code is a secret, and the desk keeps it
    out of every record but its own encrypted one.
    """
    plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).replace("’", "'").replace("–", "-").replace("‑", "-")
    found = _ALONE.fullmatch(plain) if len(text) <= _LONGEST else None
    return re.sub(r"\D", "", found[1]) if found else None


# No I, L, O and U: they are taken for digits, or spell words.
CLAIM_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HIDDEN_CLAIM = "••••-••••-••••"
_TAKEN_FOR = str.maketrans("ILO", "110")
_SIGN = "[0-9A-TV-Z]"
_CLAIM = re.compile(
    rf"(?<![\w-])(?=[\w-]*\d)({_SIGN}{{4}}-{_SIGN}{{4}}-{_SIGN}{{4}})(?![\w-])", re.IGNORECASE | re.ASCII
)
# Set apart by spaces, or not at all, it is a code only where nothing but a number and a few words stand beside it.
_CLAIM_ALONE = re.compile(
    rf"(?:(?:{_WORDS}|claim|case|and|for|with|have|i|a)\b[\s:=,.;!#-]*)*"
    rf"(?=[\w\s]*\d)({_SIGN}{{4}} ?{_SIGN}{{4}} ?{_SIGN}{{4}})[\s\"').!]*",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class TypedClaim:
    """A claim code in a message, with the number typed beside it; no code where it was blotted out already."""

    number: str | None
    code: str | None


def claim_in(text: str) -> TypedClaim | None:
    """The claim code of a message, wherever it stands in it.

    A message with something of its shape is kept from the engine, whether it opens a case or not.
    """
    plain = unicodedata.normalize("NFKC", text).replace("–", "-").replace("‑", "-")
    number = number_in(plain, EntityKind.CASE)
    if HIDDEN_CLAIM in text:
        return TypedClaim(number, None)
    rest = NUMBER.sub(" ", plain)
    code = _CLAIM.search(rest) or (_CLAIM_ALONE.fullmatch(rest.strip()) if len(rest) <= _LONGEST else None)
    if code is None:
        return None
    signs = re.sub(r"[^0-9A-Z]", "", code[1].upper()).translate(_TAKEN_FOR)
    return TypedClaim(number, "-".join(signs[start : start + 4] for start in range(0, len(signs), 4)))
