"""Hides what could tell who somebody is in words that people typed: by pattern, and by what the shop knows of them."""

import re
from collections.abc import Iterable, Mapping

from bot.privacy.rectification_form import Correctable, correctable
from bot.store.desk import Desk
from bot.store.masking import mask

_OWN_NUMBER = re.compile(r"\b(?:PR|CS)-\d{4}-\d{6}\b")
_EMAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:.]+")
_DIGITS = re.compile(r"\+?\d(?:[\d\s()./-]{2,}\d)+")
_SHORTEST = 3


def masked_details(desk: Desk, subject: str) -> dict[str, Correctable]:
    """What the shop knows of a customer and may be shown shortened, by `table.column`; the newest row of each table."""
    found: dict[str, Correctable] = {}
    for each in correctable(desk, subject).values():
        if each.current:
            found.setdefault(f"{each.row.table.name}.{each.column.name}", each)
    return found


def words_of(details: Mapping[str, Correctable]) -> list[str]:
    """What is on file, and each word of a name, the longest first: so it is looked for in what people typed."""
    values = [str(each.current) for each in details.values()]
    names = [str(each.current) for each in details.values() if each.column.mask == "name"]
    single = [word for name in names for word in re.findall(r"\w+", name)]
    return sorted({text for text in (*values, *single) if len(text) >= _SHORTEST}, key=len, reverse=True)


def hide(text: str, known: Iterable[str]) -> str:
    """A text with mail addresses, long numbers and known words of a person shortened; the desk's numbers stay.

    Args:
        text: What somebody typed.
        known: Words on file about the person.
    """
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x00"

    text = _OWN_NUMBER.sub(keep, text)
    text = _EMAIL.sub(lambda match: mask("email", match[0]), text)
    pattern = "|".join(re.escape(word) for word in known)
    if pattern:
        text = re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", lambda match: mask("text", match[0]), text, flags=re.IGNORECASE)
    text = _DIGITS.sub(lambda match: mask("tail", match[0]), text)
    return re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], text)
