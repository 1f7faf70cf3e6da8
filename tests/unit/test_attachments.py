"""Files people send: what may come in, what is kept of it, and that it goes with its person."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image
from sqlalchemy import select, text

from bot.errors import NotFound, UnusableFile
from bot.privacy import erasure_scan
from bot.store import file_checks
from bot.store.attachments import clean, keep, of_owner, read, shown_name
from bot.store.desk_tables import Attachment, AuditEntry
from bot.store.file_checks import MOST_BYTES, MediaType
from bot.vocabulary import RequestKind
from tests import rights
from tests.unit.conftest import NOON, open_chat
from tests.unit.exporting import asked, carried_out, fetched, opened, token_of

HTML = b"<!doctype html><script>alert(1)</script>"
SCRIPT = b"*/alert(document.cookie)/*"
BANNED = (b"alert(", b"<script", b"PK\x03\x04", b"PK\x05\x06", b"hidden-payload")


def picture(kind: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", **kept: object) -> bytes:
    made = Image.new("RGB", size, "white")
    made.paste("navy", (5, 5, 20, 30))
    out = io.BytesIO()
    made.convert(mode).save(out, kind, **kept)
    return out.getvalue()


def pdf(change: Callable[[Pdf], None] = lambda _pdf: None, **saved: object) -> bytes:
    made = pikepdf.new()
    made.add_blank_page()
    made.pages[0].Contents = made.make_stream(b"BT /F1 12 Tf (I agree) Tj ET")
    change(made)
    out = io.BytesIO()
    made.save(out, **saved)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.exe", b"hidden-payload")
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int, height: int, lied: tuple[int, int] | None = None) -> bytes:
    """All black, packed a thousand times; its head may lie about the size."""
    head = struct.pack(">IIBBBBB", *(lied or (width, height)), 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (width * 3 + 1)) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def pdf_bomb() -> bytes:
    """A page whose content is a gigabyte of blanks, packed twice."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(1 << 10)) + packer.flush()

    def change(made: Pdf) -> None:
        made.pages[0].Contents = pikepdf.Stream(
            made, zlib.compress(once, 9), Filter=Array([Name.FlateDecode, Name.FlateDecode])
        )

    return pdf(change, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def in_png(name: bytes, data: bytes) -> bytes:
    whole = picture("PNG")
    return whole[:33] + chunk(name, data) + whole[33:]


def in_jpeg(data: bytes) -> bytes:
    whole = picture("JPEG")
    return whole[:2] + b"\xff\xfe" + struct.pack(">H", len(data) + 2) + data + whole[2:]


def action(kind: str, **more: object) -> Callable[[Pdf], None]:
    return lambda made: setattr(made.Root, "OpenAction", Dictionary(S=Name(f"/{kind}"), **more))


def of_page(**entries: object) -> Callable[[Pdf], None]:
    def change(made: Pdf) -> None:
        for key, value in entries.items():
            made.pages[0].obj[f"/{key}"] = value

    return change


def attach(made: Pdf) -> None:
    made.attachments["a.exe"] = b"hidden-payload"


def nested_script(made: Pdf) -> None:
    annotation = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9])
    annotation.A = Dictionary(
        S=Name.URI, URI="https://example.com", Next=[Dictionary(S=Name.JavaScript, JS="alert(1)")]
    )
    made.pages[0].Annots = made.make_indirect(Array([made.make_indirect(annotation)]))


WHOLE_PNG, WHOLE_JPEG, WHOLE_PDF = picture("PNG"), picture("JPEG"), pdf()

REFUSED = {
    "nothing": b"",
    "a text": b"hello",
    "html": HTML,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "gif": b"GIF89a" + bytes(40),
    "zip": archive(),
    "webp": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(40),
    "program": b"MZ" + bytes(400),
    "tiff": b"II*\0" + bytes(400),
    "only magic of png": WHOLE_PNG[:8],
    "only magic of jpeg": b"\xff\xd8\xff",
    "only magic of pdf": b"%PDF-1.7\n",
    "magic and end of pdf": b"%PDF-1.7\n%%EOF",
    "just above 5 MB": WHOLE_PNG + bytes(MOST_BYTES + 1 - len(WHOLE_PNG)),
    "pdf + zip": WHOLE_PDF + archive(),
    "pdf + zip + pdf end": WHOLE_PDF + archive() + b"%%EOF",
    "zip inside of a pdf's comment": b"%PDF-1.7\n%" + archive() + WHOLE_PDF[9:],
    "zip + pdf": archive() + WHOLE_PDF,
    "html + pdf": HTML + WHOLE_PDF,
    "pdf + html": WHOLE_PDF + HTML,
    "html behind the head of a pdf": WHOLE_PDF[:9] + b"%" + HTML + b"\n" + WHOLE_PDF[9:],
    "blanks + pdf": b"\n" + WHOLE_PDF,
    "jpeg + html": WHOLE_JPEG + HTML,
    "jpeg + zip": WHOLE_JPEG + archive(),
    "jpeg + jpeg": WHOLE_JPEG + WHOLE_JPEG,
    "jpeg + script": WHOLE_JPEG + SCRIPT,
    "jpeg + php": WHOLE_JPEG + b"<?php system($_GET[0]);",
    "html in a jpeg's comment": in_jpeg(HTML),
    "zip in a jpeg's comment": in_jpeg(archive()),
    "pdf in a jpeg's comment": in_jpeg(WHOLE_PDF),
    "png + script": WHOLE_PNG + SCRIPT,
    "png + zip": WHOLE_PNG + archive(),
    "png + one byte": WHOLE_PNG + b"\0",
    "html in a png's text": in_png(b"tEXt", b"Comment\0" + HTML),
    "zip in a png's text": in_png(b"zzZz", archive()),
    "pdf in a png": in_png(b"zzZz", WHOLE_PDF),
    "png without its end": WHOLE_PNG[:-12],
    "png with broken pixels": WHOLE_PNG[:50] + b"\xaa\xaa\xaa\xaa" + WHOLE_PNG[54:],
    "jpeg without its end": WHOLE_JPEG[:-2],
    "jpeg without its middle": WHOLE_JPEG[:100] + WHOLE_JPEG[-2:],
    "pdf without its middle": WHOLE_PDF[:60] + WHOLE_PDF[-40:],
    "pdf without its end": WHOLE_PDF[: len(WHOLE_PDF) // 2],
    "bomb: more pixels than may be": lambda: png_bomb(7_000, 7_000),
    "bomb: a head that lies": lambda: png_bomb(7_000, 7_000, lied=(10, 10)),
    "bomb: a head that says no pixels": png_bomb(10, 10, lied=(0, 0)),
    "bomb: jpeg of 65,535 by 65,535": WHOLE_JPEG.replace(struct.pack(">HH", 40, 60), b"\xff\xff\xff\xff", 1),
    "bomb: text of a png": in_png(b"zTXt", b"a\0\0" + zlib.compress(b" " * (1 << 26), 9)),
    "bomb: a pdf's page": pdf_bomb,
    "pdf with a password": pdf(encryption=pikepdf.Encryption(owner="a", user="b")),
    "pdf with an owner's password": pdf(encryption=pikepdf.Encryption(owner="a", user="")),
    "pdf that runs a script": pdf(action("JavaScript", JS="alert(1)")),
    "pdf that starts a program": pdf(action("Launch", F="cmd.exe")),
    "pdf that sends a form": pdf(action("SubmitForm", F="https://example.com")),
    "pdf that opens another": pdf(action("GoToR", F="other.pdf")),
    "pdf with a script of a page": pdf(of_page(AA=Dictionary(O=Dictionary(S=Name.JavaScript, JS="alert(1)")))),
    "pdf with a script far inside": pdf(nested_script),
    "pdf with a file in it": pdf(attach),
    "pdf with a film": pdf(of_page(Annots=Array([Dictionary(Subtype=Name.RichMedia, Rect=[0, 0, 9, 9])]))),
    "pdf with a form of its own": pdf(lambda made: setattr(made.Root, "AcroForm", Dictionary(XFA="<xdp/>"))),
    "pdf of 51 pages": pdf(lambda made: [made.add_blank_page() for _ in range(50)]),
    "pdf without a page": pdf(lambda made: made.pages.remove(p=1)),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_a_whole_document_or_picture_and_only_that_is_refused(content):
    with pytest.raises(UnusableFile) as refused:
        clean("consent.pdf", content() if callable(content) else content)
    assert "lease" in refused.value.detail, "the sentence says what to do next"


ACCEPTED = {
    "png": WHOLE_PNG,
    "png that may be seen through": picture("PNG", mode="RGBA"),
    "png of few colours": picture("PNG", mode="P"),
    "png in black and white": picture("PNG", mode="1"),
    "png of grey": picture("PNG", (123, 77), mode="L"),
    "jpeg": WHOLE_JPEG,
    "jpeg in parts": picture("JPEG", progressive=True),
    "grey jpeg": picture("JPEG", mode="L"),
    "jpeg for printing": picture("JPEG", mode="CMYK"),
    "pdf": WHOLE_PDF,
    "linear pdf": pdf(linearize=True),
    "pdf with a link": pdf(of_page(Annots=Array([Dictionary(Subtype=Name.Link, Rect=[0, 0, 9, 9])]))),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_scan_a_photo_and_a_document_come_in(content):
    kept = clean("consent form.pdf", content)
    assert kept.media_type is file_checks.check(content)
    assert len(kept.content) > 60


def test_a_photo_keeps_its_pixels_and_loses_place_camera_and_comment():
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "hidden-payload", {1: "N"}
    kept = clean("a.jpg", picture("JPEG", exif=exif, comment=b"hidden-payload"))
    with Image.open(io.BytesIO(kept.content)) as shown:
        assert (shown.size, not shown.getexif(), "comment" in shown.info) == ((60, 40), True, False)
        assert shown.getpixel((10, 10))[2] > 80 > shown.getpixel((10, 10))[0]
    assert b"hidden-payload" not in kept.content


def test_a_photo_that_lies_on_its_side_is_turned_before_its_note_about_it_goes():
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(clean("a.jpg", picture("JPEG", exif=exif)).content)) as shown:
        assert shown.size == (40, 60)


def test_a_document_keeps_its_pages_and_loses_author_and_hidden_parts():
    def change(made: Pdf) -> None:
        made.docinfo["/Author"] = "hidden-payload"
        made.pages[0].obj["/PieceInfo"] = Dictionary(X="hidden-payload")
        made.Root.PieceInfo = Dictionary(X="hidden-payload")

    kept = clean("a.pdf", pdf(change, object_stream_mode=pikepdf.ObjectStreamMode.disable))
    with pikepdf.open(io.BytesIO(kept.content)) as shown:
        assert b"I agree" in shown.pages[0].Contents.read_bytes()
        assert not list(shown.docinfo.keys())
    assert b"hidden-payload" not in kept.content


def test_what_was_filled_into_a_form_is_part_of_the_page():
    def change(made: Pdf) -> None:
        font = made.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        field = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="name", V="Maria Example", Rect=[10, 10, 200, 40],
            DA="/Helv 12 Tf 0 g", F=4,
        )  # fmt: skip
        field = made.make_indirect(field)
        made.pages[0].Annots = Array([field])
        made.Root.AcroForm = Dictionary(
            Fields=[field], DA="/Helv 12 Tf 0 g", DR=Dictionary(Font=Dictionary(Helv=font)), NeedAppearances=True
        )

    with pikepdf.open(io.BytesIO(clean("a.pdf", pdf(change)).content)) as shown:
        page = shown.pages[0]
        inside = b"".join(each.read_bytes() for each in page.Resources.XObject.values())
        assert b"Maria Example" in inside and "/Annots" not in page


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    whole=st.sampled_from([WHOLE_PNG, WHOLE_JPEG, WHOLE_PDF]),
    extra=st.one_of(st.binary(min_size=1, max_size=300), st.sampled_from([HTML, SCRIPT, archive(), b"\0", b"PK\5\6"])),
    where=st.sampled_from(["before", "behind"]),
)
def test_nothing_comes_in_with_something_before_or_behind_it(whole, extra, where):
    if whole is WHOLE_PDF and where == "behind" and not extra.strip(b"\r\n "):
        return
    with pytest.raises(UnusableFile):
        clean("a", extra + whole if where == "before" else whole + extra)


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(whole=st.sampled_from([WHOLE_PNG, WHOLE_JPEG, WHOLE_PDF]), cut=st.integers(1, 10_000))
def test_nothing_comes_in_that_was_cut_off(whole, cut):
    kept = whole[: max(0, len(whole) - cut)]
    if whole is WHOLE_PDF and kept.endswith(b"%%EOF"):
        return  # only the line's end is gone
    with pytest.raises(UnusableFile):
        clean("a", kept)


@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    whole=st.sampled_from([WHOLE_PNG, WHOLE_JPEG, WHOLE_PDF]),
    place=st.integers(0, 3000),
    payload=st.sampled_from([HTML, SCRIPT, archive(), b"hidden-payload", b"%PDF-1.7", b"PK\x05\x06" + bytes(18)]),
)
def test_whatever_is_put_inside_is_refused_or_not_in_what_is_kept(whole, place, payload):
    place %= len(whole)
    try:
        kept = clean("a", whole[:place] + payload + whole[place:])
    except UnusableFile:
        return
    assert not [each for each in BANNED if each in kept.content.lower() or each in kept.content]


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from(MediaType))
def test_a_name_is_short_has_no_path_and_the_right_ending_whatever_was_sent(name, kind):
    shown = shown_name(name, kind)
    assert shown.endswith(f".{file_checks.ENDING[kind]}")
    assert len(shown) <= 84 and not set(shown) & set("/\\\0\r\n\t\u202e") and not shown.startswith(".")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\consent.PDF", "consent.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.pdf"),
        ("a.pdf\0.html", "a.pdf.pdf"),
        ("", "file.pdf"),
        ("..", "file.pdf"),
        ("page.html", "page.pdf"),
        ("Einverständnis Mutter.pdf", "Einverständnis Mutter.pdf"),
    ],
)
def test_names_are_for_showing_only(name, shown):
    assert shown_name(name, MediaType.PDF) == shown


def put(desk, subject="1001", owner=("case", "CS-2026-000001"), name="proof.png", content=WHOLE_PNG):
    with desk.transaction() as session:
        return keep(session, desk, NOON, *owner, subject, name, content)


def test_a_file_is_stored_unreadable_under_a_key_of_its_own_and_read_back(desk):
    first, second = put(desk), put(desk)
    with desk.engine.connect() as connection:
        stored = connection.execute(text("SELECT content, name FROM attachments")).all()
    assert all(b"PNG" not in content and b"IHDR" not in content and "proof" not in name for content, name in stored)
    assert stored[0].content[2:100] != stored[1].content[2:100]
    with desk.transaction() as session:
        assert read(session, desk, first.id, actor="staff").startswith(b"\x89PNG")
        assert {view.id for view in of_owner(session, "case", "CS-2026-000001")} == {first.id, second.id}
    with desk.reading() as session:
        events = [(each.event, each.actor) for each in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert events == [("attachment_kept", None), ("attachment_kept", None), ("attachment_read", "staff")]


def test_nobody_stores_more_than_ten_files_with_one_thing(desk):
    for _ in range(10):
        put(desk)
    with pytest.raises(UnusableFile, match="ten files"):
        put(desk)
    assert put(desk, owner=("case", "CS-2026-000002")).size


def test_a_file_that_is_not_there_cannot_be_read(desk):
    with desk.transaction() as session, pytest.raises(NotFound):
        read(session, desk, "0" * 32)


def test_a_copy_of_ones_data_holds_the_files_one_sent_and_those_of_nobody_else(desk, chat):
    mine, theirs = put(desk), put(desk, subject="1002", owner=("case", "CS-2026-000009"))
    form = put(desk, owner=("guardian_consent", "7"))
    conversation = chat("1001")
    work = asked(desk, conversation, "1001")
    assert carried_out(work) == []
    package = opened(fetched(desk, "1001", token_of(desk, conversation)))
    files = {name for name in package.files if name.startswith("files/")}
    assert files == {f"files/{mine.id}-proof.png"}
    assert [row["id"] for row in package.rows("desk-files")] == [mine.id]
    assert theirs.id not in package.everything and form.id not in package.everything


def test_files_go_with_their_person_and_the_search_would_find_one_that_stayed(own_desk):
    desk = own_desk()
    put(desk, owner=("guardian_consent", "7")), put(desk)
    bystander = put(desk, subject="1002", owner=("case", "CS-2026-000009"))
    with desk.reading() as session:
        found = erasure_scan.in_desk(session, erasure_scan.Traces.of("1001", {}), lambda _t, _r: False, lambda: None)
    assert found["attachments"] == 2
    chat = open_chat(desk, "1001")
    asked_for = rights.ask(desk, chat, RequestKind.CANCEL_ACCOUNT)
    rights.verify(desk, chat, asked_for.number)
    assert rights.finish(desk, asked_for.number).state == "fulfilled"
    with desk.reading() as session:
        assert list(session.scalars(select(Attachment.id))) == [bystander.id]
