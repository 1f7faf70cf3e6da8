"""Writes a file anew, in a process of its own: pictures without anything but pixels, PDFs without anything but pages.

What decodes a stranger's file may be led to eat all memory or to crash. It does so here, with little memory, little
time and no right to write a file, and takes nothing else with it. Reads the file on standard input; answers with one
word (`ok` or why not) on a line, and the new file behind it. Imports nothing of the desk, so that it starts quickly.
"""

import io
import resource
import struct
import sys
import warnings
import zlib
from typing import Any

_MEMORY = 1 << 30
_SECONDS = 15
_PAGES = 50
_NOT_IN_A_PDF = frozenset(
    {"/JS", "/JavaScript", "/EmbeddedFiles", "/EmbeddedFile", "/EF", "/AF", "/XFA", "/AA", "/RichMediaContent"}
)
_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound"}
)
_TYPES = frozenset({"/EmbeddedFile", "/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})
_NOT_KEPT_OF_A_PAGE = ("/Annots", "/AA", "/Metadata", "/PieceInfo", "/Thumb", "/LastModified")


class _No(Exception):
    """The word that is answered."""


_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _exact(data: bytes) -> None:
    """A PNG holds as many pixels as its head says, neither more nor less."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    bits = depth * _SAMPLES.get(colour, 4)
    expected = 0
    for left, top, right, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        expected += rows * ((columns * bits + 7) // 8 + 1) if columns > 0 else 0
    packed, place = [], 8
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        if name == b"IDAT":
            packed.append(data[place + 8 : place + 8 + length])
        place += 12 + length
    unpacker = zlib.decompressobj()
    found = len(unpacker.decompress(b"".join(packed), expected + 1))
    if found != expected or not unpacker.eof or unpacker.unused_data:
        raise _No("broken")


def _picture(data: bytes, kind: str, most_pixels: int) -> bytes:
    from PIL import Image, ImageOps

    if kind == "PNG":
        _exact(data)
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = most_pixels
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            if picture.width * picture.height > most_pixels:
                raise _No("pixels")
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            clear = "A" in upright.getbands() or "transparency" in upright.info
            mode = "RGBA" if kind == "PNG" and clear else "RGB"
            pixels = upright.convert(mode)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _No("pixels") from None
    bare = Image.frombytes(mode, pixels.size, pixels.tobytes())  # pixels only: no profile, no place, no comment
    out = io.BytesIO()
    bare.save(out, kind, **({"quality": 88} if kind == "JPEG" else {"compress_level": 6}))
    return out.getvalue()


def _document(data: bytes) -> bytes:
    import pikepdf

    try:
        pdf = pikepdf.open(io.BytesIO(data), attempt_recovery=False)
    except pikepdf.PasswordError:
        raise _No("locked") from None
    with pdf, pikepdf.new() as bare:
        if pdf.is_encrypted:
            raise _No("locked")
        for each in (pdf.trailer, *pdf.objects):
            _refuse_active(each, pikepdf)
        if pdf.check_pdf_syntax() or not len(pdf.pages):
            raise _No("broken")
        if len(pdf.pages) > _PAGES:
            raise _No("long")
        pdf.generate_appearance_streams()
        pdf.flatten_annotations("all")  # what was filled in becomes part of the page
        for page in pdf.pages:
            for key in _NOT_KEPT_OF_A_PAGE:
                if key in page.obj:
                    del page.obj[key]
        bare.pages.extend(pdf.pages)
        out = io.BytesIO()
        bare.save(out, deterministic_id=True)
    return out.getvalue()


def _refuse_active(root: Any, pikepdf: Any) -> None:
    """Nothing that runs, starts, sends or carries files; children that stand for themselves are looked at as such."""
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Dictionary | pikepdf.Stream):
            content = dict((each.stream_dict if isinstance(each, pikepdf.Stream) else each).items())
            if not _NOT_IN_A_PDF.isdisjoint(content):
                raise _No("active")
            if str(content.get("/S")) in _ACTIONS or {str(content.get(k)) for k in ("/Type", "/Subtype")} & _TYPES:
                raise _No("active")
            children = list(content.values())
        elif isinstance(each, pikepdf.Array):
            children = list(each)
        else:
            continue
        waiting += [child for child in children if isinstance(child, pikepdf.Object) and not child.is_indirect]


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer on standard output; whatever goes wrong is a broken file."""
    _limit()
    kind, most_pixels = sys.argv[1], int(sys.argv[2])
    data, out = sys.stdin.buffer.read(), sys.stdout.buffer
    try:
        made = _document(data) if kind == "PDF" else _picture(data, kind, most_pixels)
    except _No as no:
        out.write(f"{no}\n".encode())
    else:
        out.write(b"ok\n" + made)


if __name__ == "__main__":
    sys.tracebacklimit = 0
    main()
