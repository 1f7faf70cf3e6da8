"""What a file is by its content, never by its name, and whether it is that from its first byte to its last.

A file that is two things at once (a picture that is an archive as well, a page of HTML behind a PDF) is refused before
anything opens it.
"""

import io
import re
import struct
import zipfile
from enum import StrEnum

from bot.errors import UnusableFile

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000


class MediaType(StrEnum):
    """What may come in."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


ENDING = {MediaType.PDF: "pdf", MediaType.JPEG: "jpg", MediaType.PNG: "png"}

EMPTY = "This file is empty. Please choose the file again."
TOO_LARGE = "This file is larger than 5 MB. Please send a smaller photo or scan."
WRONG_TYPE = "This is not a PDF, a JPG or a PNG. Please send a scan, a photo or a PDF."
MORE_INSIDE = "This file holds more than a document or a picture. Please take a photo or a screenshot and send that."
BROKEN = "This file is damaged or cut off. Please open it, save it anew and send it again."
TOO_MANY_PIXELS = "This picture has too many pixels. Please send a smaller one."
LOCKED = "This PDF is locked with a password. Please save it without one, or send a photo of it."
ACTIVE = (
    "This PDF can do things by itself, or carries other files. Please print it as a new PDF, or send a photo of it."
)
TOO_LONG = "This PDF has more than 50 pages. Please send only the pages that matter."

_PNG = b"\x89PNG\r\n\x1a\n"
_PDF_END = re.compile(rb"%%EOF[\r\n ]{0,4}\Z")
_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_OTHER_THINGS = re.compile(
    rb"<script|<html|<!doctype html|<svg[\s>]|<\?php|__HALT_COMPILER|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c", re.IGNORECASE
)


def check(content: bytes) -> MediaType:
    """What a file is.

    Args:
        content: The whole file as it came.

    Raises:
        UnusableFile: It is nothing that may come in, or that and something else.
    """
    if not content:
        raise UnusableFile(EMPTY)
    if len(content) > MOST_BYTES:
        raise UnusableFile(TOO_LARGE)
    found = _kind(content)
    if _OTHER_THINGS.search(content) or zipfile.is_zipfile(io.BytesIO(content)):
        raise UnusableFile(MORE_INSIDE)
    if found is not MediaType.PDF and b"%PDF-" in content:
        raise UnusableFile(MORE_INSIDE)
    _WHOLE[found](content)
    return found


def _kind(content: bytes) -> MediaType:
    if content.startswith(b"%PDF-"):
        return MediaType.PDF
    if content.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if content.startswith(_PNG):
        return MediaType.PNG
    raise UnusableFile(WRONG_TYPE)


def _pdf(content: bytes) -> None:
    if not _PDF_END.search(content):
        raise UnusableFile(MORE_INSIDE if b"%%EOF" in content else BROKEN)


def _png(content: bytes) -> None:
    """Chunk by chunk to the end mark, which must be the end; the first says how many pixels there are."""
    place = len(_PNG)
    while place + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        if place == len(_PNG):
            if name != b"IHDR" or length != 13:
                raise UnusableFile(BROKEN)
            width, height = struct.unpack_from(">II", content, place + 8)
            _few_enough(width, height)
        place += 12 + length
        if name == b"IEND":
            if place != len(content):
                raise UnusableFile(MORE_INSIDE)
            return
    raise UnusableFile(BROKEN)


def _jpeg(content: bytes) -> None:
    """Segment by segment to the end mark, which must be the end."""
    place = 2
    while marker := _JPEG_MARKER.match(content, place):
        name, place = marker.group()[-1], marker.end()
        if name == 0xD9:
            if place != len(content):
                raise UnusableFile(MORE_INSIDE)
            return
        if name != 0x01:
            if place + 2 > len(content):
                break
            (length,) = struct.unpack_from(">H", content, place)
            if 0xC0 <= name <= 0xCF and name not in (0xC4, 0xC8, 0xCC) and length >= 8 and place + 7 <= len(content):
                height, width = struct.unpack_from(">HH", content, place + 3)
                _few_enough(width, height)
            place += length
        if name == 0xDA:
            following = _JPEG_MARKER.search(content, place)
            if following is None:
                break
            place = following.start()
    raise UnusableFile(BROKEN)


def _few_enough(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise UnusableFile(TOO_MANY_PIXELS)


_WHOLE = {MediaType.PDF: _pdf, MediaType.PNG: _png, MediaType.JPEG: _jpeg}
