"""A complaint in the chat of the demo shop: claim code, card, a picture put to it."""

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.stack import Stack

STORY = "I want to complain: a letter with my neighbour's order A-10011 was in my box. Please pick it up."
_CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def test_a_complaint_without_an_account_shows_its_code_and_takes_a_picture(
    visit: Visit, stack: Stack, tmp_path: Path
) -> None:
    picture, program = tmp_path / "letter box.png", tmp_path / "letter.pdf"
    Image.new("RGB", (40, 30), "navy").save(picture)
    program.write_bytes(b"MZ this is no document")
    visit.say(STORY)

    visit.reads("This is what I have taken down")
    expect(visit.log.get_by_role("region", name="Code")).to_contain_text(_CODE)
    card = visit.log.get_by_role("region", name=re.compile("Your complaint CS-"))
    expect(card.get_by_text("a letter with my neighbour's order")).to_be_visible()
    visit.desk.get_by_role("button", name="Yes, that is right").click()
    visit.reads("you have the answer here by")

    picker = card.last.get_by_label("Add a picture or a document")
    picker.set_input_files(program)
    expect(card.last.get_by_text("This is not a PDF, a JPG or a PNG.")).to_be_visible()
    picker.set_input_files(picture)
    expect(card.last.get_by_text("letter box.png is with your case now.")).to_be_visible()
    assert [row["name"] for row in stack.rows("desk", "attachments")][-1] == "letter box.png"


def test_the_answer_of_the_shop_appears_in_the_open_chat_with_its_buttons(visit: Visit, stack: Stack) -> None:
    visit.say(STORY)
    visit.reads("This is what I have taken down")
    number = re.search(r"CS-\d{4}-\d{6}", visit.log.inner_text())
    assert number is not None
    visit.desk.get_by_role("button", name="Yes, that is right").click()
    visit.reads("you have the answer here by")

    stack.command("cases", "answer", number[0], "--by", "Kim", "--text", "Somebody picks it up <b>today</b>.")
    visit.reads("There is an answer to your complaint")
    expect(visit.log.get_by_text("Somebody picks it up <b>today</b>.")).to_be_visible()
    visit.desk.get_by_role("button", name="That settles it").click()
    visit.reads("is closed")
