"""Shows enough of a value for its owner to know it again, and never all of it."""

import re
from collections.abc import Callable

HIDDEN = "•"


def mask(kind: str, value: str) -> str:
    """Hide most of a value.

    Args:
        kind: A name from `MASKS`.
        value: What is held, as text.

    Returns:
        Text that differs from the value whatever it was; empty only for an empty value.
    """
    if not value.strip():
        return ""
    hidden = MASKS[kind](value.strip())
    return hidden if hidden != value else hidden + HIDDEN


def _words(value: str) -> str:
    """`Ada Lovelace` becomes `A•• L•••••••`: the first letter of each word that has more."""
    return " ".join(_word(word) for word in value.split())


def _word(word: str) -> str:
    return word[0] + HIDDEN * (len(word) - 1) if len(word) > 1 else HIDDEN


def _email(value: str) -> str:
    """`ada@shop.example` becomes `a•••@s•••.example`; lengths are not shown."""
    local, at, domain = value.rpartition("@")
    if not at or not local:
        return _few(value)
    name, dot, ending = domain.rpartition(".")
    return f"{_few(local)}@{_few(name)}{dot}{ending}" if name else f"{_few(local)}@{_few(domain)}"


def _few(text: str) -> str:
    return (text[0] if len(text) > 1 else "") + HIDDEN * 3


def _tail(value: str) -> str:
    """Keep the last two of at least five letters and digits, and the spacing: `••• •••• ••01`."""
    marks = [place for place, sign in enumerate(value) if sign.isalnum()]
    shown = set(marks[-2:]) if len(marks) > 4 else set()
    return "".join(sign if place in shown or sign.isspace() else HIDDEN for place, sign in enumerate(value))


def _year(value: str) -> str:
    """Keep the year of a date whose parts are set apart, whichever comes first."""
    found = re.search(r"(?<!\w)\d{4}(?!\w)", value)
    return f"•• •• {found[0]}" if found and found[0] != value else HIDDEN * 3


def _start(value: str) -> str:
    """Keep the first part of a postcode: at most two signs, of at least four."""
    return value[:2] + HIDDEN * 3 if len(value) > 3 else HIDDEN * 3


MASKS: dict[str, Callable[[str], str]] = {
    "name": _words,
    "text": _words,
    "email": _email,
    "phone": _tail,
    "tail": _tail,
    "date": _year,
    "start": _start,
}
"""Every way of masking that the data map may name."""
