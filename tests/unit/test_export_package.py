"""The file itself: exact, harmless in a spreadsheet and a browser, and written in memory that does not grow."""

import base64
import csv
import io
import json
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser
from types import MappingProxyType
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st

from bot.demo.customers import AMELIA
from bot.store.datamap.model import Category, Column, PolicyClass, Show
from bot.store.package.contents import Contents, Field, Source
from bot.store.package.sealed import PIECE, SealedWriter, unsealed
from bot.store.package.shop_data import ShopData, _Members
from bot.store.package.spool import Spool
from bot.store.package.values import plain, shown, written_column
from bot.store.package.writing import write_package
from tests.unit.exporting import Package, opened

OPEN = Category(
    "c", PolicyClass.PERSONAL_CENTER, "Your things", "For it.", ("A carrier",), "A year.", "You", "Contract"
)
SHUT = Category("s", PolicyClass.SERVICE_GENERATED, "Scores", "For it.", (), "A year.", "The shop", "Interest")


def source(name, columns, rows, category="c"):
    fields = tuple(Field(each, each.capitalize()) for each in columns)

    def batches():
        for start in range(0, len(rows), 500):
            yield list(zip(*rows[start : start + 500], strict=True))

    return Source(name, ("thing", "things"), category, fields, batches)


def contents(*sources):
    made = datetime(2026, 11, 23, 12, tzinfo=UTC)
    return Contents("PR-2026-000001", "1001", made, "2026-01-15", (OPEN,), sources, (), (), {})


def written(tmp_path, *sources, name="p") -> Package:
    key, path = Fernet.generate_key().decode(), tmp_path / name
    with SealedWriter(path, key) as sink, Spool(tmp_path, name) as spool:
        write_package(sink, spool, contents(*sources), lambda _: None)
        sink.finish()
    with path.open("rb") as file:
        return opened(b"".join(unsealed(file, key)))


# ----------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 2, 28, 23, 59, 59, 123456), "2026-02-28T23:59:59.123456"),
        (datetime(2026, 2, 28, tzinfo=UTC), "2026-02-28T00:00:00+00:00"),
        (date(1931, 1, 1), "1931-01-01"),
        (time(9, 30), "09:30:00"),
        (timedelta(minutes=1), "60.0"),
        (b"\x00\xff", base64.b64encode(b"\x00\xff").decode()),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (float("nan"), "nan"),
        (True, True),
        (2**63, 2**63),
        ({"at": date(2026, 1, 1), 5: [Decimal("1.0")]}, {"at": "2026-01-01", "5": ["1.0"]}),
    ],
)
def test_values_are_written_exactly(value, expected):
    assert json.loads(json.dumps(plain(value))) == expected


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_text_a_spreadsheet_takes_for_a_formula_is_made_harmless(start):
    formula = f"{start}HYPERLINK(1)"
    for column in ([formula], ["harmless", formula, None], [1, formula], [Decimal("1.0"), formula]):
        exact, cell = written_column(column)
        assert exact[column.index(formula)] == formula
        assert cell[column.index(formula)] == f"'{formula}"


def test_numbers_stay_numbers_whatever_their_sign():
    assert written_column([Decimal("-5.00"), None]) == (["-5.00", None], ["-5.00", None])
    assert written_column([Decimal("-5.00"), -5, -0.5, None])[1] == ["-5.00", -5, -0.5, None]
    assert written_column([-5, None])[1] == [-5, None]


def test_other_cells_are_readable():
    assert written_column([True, False, None])[1] == ["true", "false", None]
    assert written_column([{"a": 1}, ["ö"]])[1] == ['{"a":1}', '["ö"]']


@given(
    st.lists(st.one_of(st.none(), st.text(), st.integers(), st.decimals(allow_nan=False), st.datetimes(), st.dates()))
)
@example([Decimal("1E+30"), Decimal("1.5")])
@example([datetime(2026, 1, 1), date(2026, 1, 1)])
def test_a_column_is_written_as_its_values_are_one_by_one(values):
    assert list(written_column(values)[0]) == [plain(value) for value in values]


@given(st.lists(st.text(), min_size=1))
@example(["=1+1", "a\r\nb", 'say "hi"', "\ud800", "\x00", ""])
def test_any_text_comes_out_of_both_files_as_it_went_in(texts):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        package = written(Path(folder), source("t", ["text"], [[text] for text in texts]))
    assert [row["text"] for row in package.rows("t")] == texts
    cells = [row[0] for row in csv.reader(io.StringIO(package.files["csv/t.csv"].decode("utf-8-sig"), newline=""))][1:]
    whole = [text.encode("utf-8", "backslashreplace").decode() for text in texts]
    assert [cell.removeprefix("'") if cell != text else cell for cell, text in zip(cells, whole, strict=True)] == whole
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r")]


def test_a_table_without_rows_is_not_in_the_package(tmp_path):
    package = written(tmp_path, source("none", ["a"], []), source("some", ["a"], [[1]]))
    assert set(package.files) == {"csv/some.csv", "data.json", "index.html"}
    assert list(package.data["tables"]) == ["some"]


def test_every_row_is_counted_over_many_batches(tmp_path):
    package = written(tmp_path, source("many", ["n"], [[n] for n in range(1_234)]))
    assert [row["n"] for row in package.rows("many")] == list(range(1_234))
    assert package.data["tables"]["many"]["count"] == 1_234
    assert len(package.csv("many")) == 1_234


# -------------------------------------------------------------------------------------------------------- JSON texts


def column(show=Show.PLAIN, category=OPEN, about=None, members=None):
    return Column("t", "c", category, "C", show, about=about, json=MappingProxyType(members) if members else None)


PROFILE = column(members={"score": column(Show.NO, SHUT), "friend": column(about="other"), "name": column(Show.MASKED)})


def test_a_json_text_is_cut_member_by_member():
    text = json.dumps({"name": "A", "score": 9, "friend": "B", "more": [1]})
    assert _Members(PROFILE).read(text) == {"name": "A", "friend": "[about another person]", "more": [1]}


def test_a_map_that_opens_what_the_policy_closes_is_not_believed():
    assert _Members(column(members={"score": column(Show.PLAIN, SHUT)})).read('{"score": 9, "name": "A"}') == {
        "name": "A"
    }


def test_members_of_a_list_are_cut_as_well():
    assert _Members(PROFILE).read('[{"name": "A", "score": 9}]') == [{"name": "A"}]


@pytest.mark.parametrize("text", ['{"name": "A", "score": 9', '"score 9"', "7"])
def test_what_cannot_be_taken_apart_is_not_given(text):
    assert _Members(PROFILE).read(text) == "[could not be read]"


def test_a_member_that_is_open_in_a_column_that_is_not_comes_alone():
    closed = column(Show.NO, members={"name": column()})
    assert _Members(closed).read('{"name": "A", "other": "B"}') == {"name": "A"}


def test_a_text_of_which_everything_is_open_is_given_even_when_it_is_broken():
    assert _Members(column(members={"name": column()})).read('{"name": "A"') == '{"name": "A"'


# ----------------------------------------------------------------------------------------------------------- the page


class Checker(HTMLParser):
    """Well nested, and free of anything that runs or is fetched."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.targets = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("src", "style", "action"), name
            if name == "id":
                self.ids.append(value)
            if name == "href":
                assert value.startswith("#"), value
                self.targets.append(value[1:])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)> \"' &amp; {{ 7*7 }}"


def test_the_page_is_well_formed_runs_nothing_and_fetches_nothing(tmp_path):
    page = written(
        tmp_path, source("t", ["note", "b"], [[NASTY, 1], [NASTY, 2]]), source("w", ["note"], [[NASTY]])
    ).page
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert not {"script", "img", "iframe", "object", "form", "link"} & set(checker.tags)
    assert set(checker.targets) <= set(checker.ids) and len(checker.ids) == len(set(checker.ids))
    assert "&lt;script&gt;alert(1)" in page and "49" not in page
    assert page.startswith("<!doctype html>") and '<html lang="en">' in page and "<title>" in page
    assert "default-src 'none'" in page and "://" not in page


def test_a_script_in_an_order_note_is_words_on_the_page(shop, engine):
    from bot.demo.shop_schema import shop_metadata

    orders = shop_metadata.tables["orders"]
    with engine.begin() as connection:
        connection.execute(orders.update().where(orders.c.customer_id == AMELIA.id).values(delivery_note=NASTY))
    found = {each.name: each for each in ShopData(shop, str(AMELIA.id)).sources()}
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        package = written(Path(folder), Source(**{**vars(found["orders"]), "category": "c"}))
    assert "<script" not in package.page and "&lt;script&gt;" in package.page
    assert package.rows("orders")[0]["delivery_note"] == NASTY


def test_long_tables_are_begun_on_the_page_and_go_on_in_their_file(tmp_path):
    page = written(tmp_path, source("many", ["n"], [[f"row-{n:04}."] for n in range(1_050)])).page
    assert "row-0049." in page and "row-0050." not in page
    assert "These are the first 50. 1,000 more stand in <code>csv/many.csv</code>" in page
    assert "1,050 things" in page


def test_long_texts_are_cut_on_the_page_only(tmp_path):
    package = written(tmp_path, source("t", ["a"], [["x" * 5_000]]))
    assert "x" * 1_000 in package.page and "x" * 1_001 not in package.page
    assert package.rows("t")[0]["a"] == "x" * 5_000


def test_what_is_nested_is_readable_on_the_page():
    overview = {
        "title": "Your account",
        "items": [{"label": "Town", "value": "K•••"}, {"label": "Since", "value": None}],
    }
    assert shown(overview) == "title: Your account\nitems:\nTown: K•••\nSince: "
    assert shown({"label": "Town", "value": "K•••", "note": ""}) == "label: Town\nvalue: K•••\nnote: "


def test_moments_are_readable_on_the_page():
    assert shown("2026-11-23T12:00:00+00:00") == "2026-11-23 12:00 UTC"
    assert shown("2026-11-23T12:00:00") == "2026-11-23 12:00"
    assert shown("2026-11-23T at noon") == "2026-11-23T at noon"


def test_a_local_time_with_its_offset_is_the_same_moment_on_the_page():
    tokyo = timezone(timedelta(hours=9))
    assert shown(plain(datetime(2026, 3, 1, 10, tzinfo=tokyo))) == "2026-03-01 01:00 UTC"
    assert shown("2026-03-01T02:30:00+09:00") == "2026-02-28 17:30 UTC", "the day changes with it"
    assert shown({"made": ["2026-03-01T10:00:00.5-05:00"]}) == "made:\n2026-03-01 15:00 UTC"
    assert shown("9999-12-31T23:59:59-01:00") == "9999-12-31T23:59:59-01:00", "no calendar has that moment in UTC"


def test_file_names_are_safe_and_of_one_table_only(shop):
    data = ShopData(shop, str(AMELIA.id))
    assert [data._name(each) for each in ("my.Orders", "my_orders", "../x", "")] == [
        "my_Orders", "my_orders_2", "_x", "table",
    ]  # fmt: skip


# --------------------------------------------------------------------------------------------------------- on disk


def test_what_waits_on_disk_is_unreadable_and_goes_when_the_work_ends(tmp_path):
    with pytest.raises(ZeroDivisionError), Spool(tmp_path, "id") as spool:
        spool.write("Amelia Hartley " * 100_000)
        list(spool.read())
        (file,) = tmp_path.iterdir()
        assert b"Amelia" not in file.read_bytes() and file.stat().st_mode & 0o777 == 0o600
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_was_put_aside_comes_back_in_pieces_however_well_it_packs(tmp_path):
    with Spool(tmp_path, "id") as spool:
        for _ in range(40):
            spool.write("a" * 1_000_000)
        sizes = [len(piece) for piece in spool.read()]
    assert sum(sizes) == 40_000_000 and max(sizes) <= PIECE


def _peak(tmp_path, many: int) -> int:
    def read():
        for n in range(0, many, 500):
            rows = range(n, n + 500)
            texts = [f"order {each} of many" for each in rows]
            yield [rows, texts, ["2026-11-23T12:00:00"] * 500, [f"{each}.50" for each in rows], ["Birch Lane 4"] * 500]

    table = Source("many", ("row", "rows"), "c", tuple(Field(each, each) for each in "abcde"), read)
    key, path = Fernet.generate_key().decode(), tmp_path / f"of-{many}"
    tracemalloc.start()
    with SealedWriter(path, key) as sink, Spool(tmp_path, "id") as spool:
        write_package(sink, spool, contents(table), lambda _: None)
        sink.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with path.open("rb") as file, zipfile.ZipFile(io.BytesIO(b"".join(unsealed(file, key)))) as archive:
        assert archive.read("csv/many.csv").count(b"\r\n") == many + 1
    return peak


def test_memory_does_not_grow_with_the_rows(tmp_path):
    small, large = _peak(tmp_path, 10_000), _peak(tmp_path, 100_000)
    assert large < 8 * 1024 * 1024
    assert large < small + 4 * 1024 * 1024
