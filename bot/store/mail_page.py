"""The HTML part of a mail, made from its text: one layout for all, so that no mail is written twice.

The text is the mail; the page adds only its looks. A template therefore is one `.txt`, in which plain habits of letters
mean something: a paragraph that is a link of the desk becomes a button with the words before it on it
(`Open the page: https://…`), a paragraph like `Your code: 123456` is shown large, lines with `- ` become a list.
Nothing is loaded from elsewhere, and only addresses of the desk itself become links: whatever else looks like one may
have come from somebody who wrote it into a form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_page = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "mail_templates"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("layout.html")
_LONG_LINE = 60
_SHOWN_LARGE = re.compile(r"([^:\n]{2,40}): (\S{4,20})")
_ITEM = "- "
_SEAL = "-----BEGIN"


@dataclass(frozen=True)
class Piece:
    """Some words of a line, or an address of the desk that can be followed."""

    words: str
    is_link: bool


@dataclass(frozen=True)
class Block:
    """A part of the letter, from top to bottom.

    Attributes:
        kind: `words`, `list`, `button`, `large` or `seal`.
        lines: The words, line by line (of a list: item by item).
        label: What stands on the button, or before what is shown large.
    """

    kind: str
    lines: list[list[Piece]]
    label: str = ""


def as_page(subject: str, text: str, desk_url: str, target: str = "") -> str:
    """A mail as an HTML page.

    Args:
        subject: Its subject, the heading of the page.
        text: Its words; paragraphs are parted by an empty line.
        desk_url: Address of the desk (`PUBLIC_URL`); only addresses under it can be followed.
        target: Where links open, for a page that is shown in a frame.
    """
    blocks = [block for paragraph in re.split(r"\n\s*\n", text.strip()) for block in _blocks(paragraph, desk_url)]
    opening = next((block for block in blocks if block.kind == "words" and len(_plain(block)) > _LONG_LINE), None)
    shown = {"subject": subject, "blocks": blocks, "opening": _plain(opening) if opening else subject}
    return _page.render(**shown, desk_url=desk_url, target=target)


def _blocks(paragraph: str, desk_url: str) -> Iterator[Block]:
    if paragraph.startswith(_SEAL):
        yield Block("seal", [[Piece(line, is_link=False)] for line in paragraph.splitlines()])
        return
    if button := re.fullmatch(rf"(?:([^\n]{{2,60}}?):?\s+)?({_own_address(desk_url)})", paragraph):
        yield Block("button", [[Piece(button[2], is_link=True)]], button[1] or "Open the page")
        return
    if shown := _SHOWN_LARGE.fullmatch(paragraph):
        yield Block("large", [[Piece(shown[2], is_link=False)]], shown[1])
        return
    for is_list, lines in groupby(paragraph.splitlines(), lambda line: line.startswith((_ITEM, "  "))):
        joined = (_items if is_list else _flowing)(lines)
        yield Block("list" if is_list else "words", [_pieces(line, desk_url) for line in joined])


def _items(lines: Iterator[str]) -> list[str]:
    """Items of a list; a line that is moved in goes on with the item before it."""
    items: list[str] = []
    for line in lines:
        if line.startswith(_ITEM) or not items:
            items.append(line.removeprefix(_ITEM).strip())
        else:
            items[-1] += f" {line.strip()}"
    return items


def _flowing(lines: Iterator[str]) -> list[str]:
    """Lines as they were meant: a long one was broken for its length alone and goes on with the next."""
    joined: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on:
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line.strip())
        goes_on = len(line) >= _LONG_LINE
    return joined


def _pieces(line: str, desk_url: str) -> list[Piece]:
    parts = re.split(f"({_own_address(desk_url)})", line)
    return [Piece(words, is_link=bool(place % 2)) for place, words in enumerate(parts) if words]


def _own_address(desk_url: str) -> str:
    """What an address of the desk looks like; a full stop after it belongs to the sentence."""
    return rf"{re.escape(desk_url)}(?:[/?#](?:\S*[^\s.,;:!?)])?|(?![\w.:@-]))"


def _plain(block: Block) -> str:
    return " ".join(piece.words for line in block.lines for piece in line)
