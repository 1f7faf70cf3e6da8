"""The table for the documentation says what the map says, and docs/datamap.md holds today's."""

from bot.config import PROJECT
from bot.store.datamap import load
from bot.store.datamap.documenting import HEADS, markdown, others, rows

MAP = load(PROJECT / "data" / "datamap.yml")
PAGE = PROJECT / "docs" / "datamap.md"
START, END = "<!-- datamap show -->\n", "<!-- end of datamap show -->"


def test_the_page_holds_the_table_of_the_map_in_use() -> None:
    held = PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0].strip()
    assert held == markdown(MAP).strip(), (
        "Run: python -m bot datamap show --format markdown, and put it into docs/datamap.md"
    )


def test_every_table_stands_in_it_once_for_each_kind_of_data() -> None:
    told = [(row.table, row.data) for row in rows(MAP)]
    assert len(told) == len(set(told))
    assert {table for table, _ in told} | {name for name, _ in others(MAP)} == set(MAP.tables)


def test_what_is_kept_is_told_with_its_basis_and_its_end() -> None:
    by_place = {(row.table, row.data): row for row in rows(MAP)}
    orders = by_place["orders", "Your orders"]
    assert "kept: number, status" in orders.erasure
    assert "emptied: customer_id, guest_email" in orders.erasure
    assert orders.basis.startswith("Tax and accounting law")
    assert orders.until == "six years after the end of the year of the order"
    assert by_place["customers", "Your account"].erasure.startswith("rows deleted")
    assert by_place["risk_scores", "Risk scores"].shown == "no"


def test_a_line_of_the_table_has_a_cell_for_each_head() -> None:
    lines = markdown(MAP).split("\n\n")[0].split("\n")
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(HEADS) + 1}
