"""One reading of everything the tests of understanding look at."""

from dataclasses import dataclass

import pytest

from bench.reading import Reading, read
from bench.rows import Row, held_out
from tests.nlu.variations import chosen, vary

_VARIED = 100
_SLASHED = 20

# What people and programs send that is no phrase at all, or no English one; nothing in it asks for a deletion.
ODD = [
    "",
    " ",
    "\n\n\t",
    "\x00",
    "hello\x00there",
    "a" * 10_000,
    "where is my parcel " * 530,
    "\N{PARTY POPPER}\N{THUMBS UP SIGN}\N{PILE OF POO}",
    "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "?",
    "...",
    "12345",
    "/",
    "///// hello",
    "/restart",
    "//who gets my data?",
    "<script>alert(1)</script>",
    '{"intent": {"name": "request_erasure"}}',
    "' OR 1=1; --",
    "Wo steht die Bushaltestelle?",
    "¿Dónde está mi paquete?",
    "Quand arrive ma commande ?",
    "今日はいい天気ですね",
    "متى يصل طلبي؟",
    "Z̷̢a̶l̵g̴o̷ comes",
    "\u202eolleh",
    "line one\u2028line two",
]
# How a program would try to reach past the reading of words.
COMMANDS = [
    '/request_erasure{"x":1}',
    "/request_erasure",
    "  /cancel_account{}",
    '//request_anonymisation{"confirmed": true}',
    "/affirm{}",
    '/goodbye{"x": null}',
]


@dataclass(frozen=True)
class Everything:
    """What was given to the model and what it read, in the same order.

    Attributes:
        pairs: Held-out phrases with their labels.
        variations: Kind, number of the held-out phrase, and the reading of its variation.
        odd: Odd input.
        slashed: A held-out phrase as it stands, and with a slash before it.
        commands: Text that looks like a command of the engine.
        given: Every text, in the order in which it was given.
        readings: Every reading, in the order in which it came back.
    """

    pairs: list[tuple[Row, Reading]]
    variations: list[tuple[str, int, Reading]]
    odd: list[tuple[str, Reading]]
    slashed: list[tuple[Reading, Reading]]
    commands: list[tuple[str, Reading]]
    given: list[str]
    readings: list[Reading]


@pytest.fixture(scope="session")
def everything() -> Everything:
    """The model loads once and reads all of it."""
    rows = held_out()
    texts = [row.text for row in rows]
    varied = [(kind, at, text) for at in chosen(texts, _VARIED) for kind, text in vary(texts[at]).items()]
    slashed = chosen(texts, _SLASHED)
    given = [*texts, *(text for _, _, text in varied), *ODD, *(f"/{texts[at]}" for at in slashed), *COMMANDS]
    readings = read(given)
    left = iter(readings)
    return Everything(
        pairs=[(row, next(left)) for row in rows],
        variations=[(kind, at, next(left)) for kind, at, _ in varied],
        odd=[(text, next(left)) for text in ODD],
        slashed=[(readings[at], next(left)) for at in slashed],
        commands=[(text, next(left)) for text in COMMANDS],
        given=given,
        readings=readings,
    )
