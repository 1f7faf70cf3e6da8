"""Hides what could tell who somebody is in words that people typed: what has the shape of a value, and what the shop
knows of them.
"""

import re
from collections.abc import Iterable, Mapping

from bot.privacy.entities import Entity, Finder, replaced
from bot.privacy.rectification_form import Correctable, correctable
from bot.store.desk import Desk
from bot.store.masking import mask
from bot.store.numbers import KINDS as NUMBERS_OF_THE_DESK
from bot.store.shop import if_it_answers
from bot.vocabulary import EntityKind

_SHORTEST = 3
_MASKS = {EntityKind.EMAIL: "email", EntityKind.DATE: "date"}


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


def known_words(desk: Desk, subject: str | None) -> list[str] | None:
    """The words on file about a person; None while the shop's database does not answer, none for a visitor."""
    return if_it_answers(lambda: words_of(masked_details(desk, subject))) if subject else []


def hide(text: str, finder: Finder, known: Iterable[str]) -> str:
    """A text with every value and the known words of a person shortened; numbers of requests and cases stay.

    Args:
        text: What somebody typed.
        finder: Finds the values.
        known: Words on file about the person.
    """
    text = text.replace("\x00", "")
    found = finder.find(text)
    pattern = "|".join(re.escape(word) for word in known)
    # What was found is set aside, so that it is not shortened twice.
    text = replaced(text, found, lambda each: "\x00")
    if pattern:
        text = re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", lambda match: mask("text", match[0]), text, flags=re.IGNORECASE)
    left = iter(found)
    return re.sub("\x00", lambda _: _shown(next(left)), text)


def _shown(found: Entity) -> str:
    if found.kind in NUMBERS_OF_THE_DESK.values():
        return found.value
    return mask(_MASKS.get(found.kind, "tail"), found.value)
