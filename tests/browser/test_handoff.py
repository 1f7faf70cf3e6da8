"""Two browsers: somebody in the shop's chat, and somebody of the staff who takes over."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.staff import Colleague
from tests.stack import Stack

PERSON = "Can a real human being take this over?"
SECURITY = "What do you do so that nobody steals my personal details?"


@pytest.fixture
def at_the_desk(browser: Browser, stack: Stack) -> Iterator[Callable[[str], Colleague]]:
    """Members of the staff, each with a browser of their own."""
    colleagues: list[Colleague] = []

    def signed_in(name: str) -> Colleague:
        context = browser.new_context(viewport={"width": 1440, "height": 950}, locale="en-GB")
        context.set_default_timeout(20_000)
        colleagues.append(Colleague(context.new_page(), stack, name))
        return colleagues[-1]

    yield signed_in
    problems = [problem for colleague in colleagues for problem in colleague.problems]
    for colleague in colleagues:
        colleague.page.context.close()
    assert problems == []


def number_in(visit: Visit) -> str:
    """The number under which a person was asked for."""
    visit.reads("I have asked a person to take over.")
    found = re.search(r"CS-\d{4}-\d{6}", visit.log.inner_text())
    assert found
    return found[0]


def test_somebody_asks_for_a_person_both_talk_a_value_is_revealed_and_the_bot_goes_on(
    visit_as: Callable[..., Visit], at_the_desk: Callable[[str], Colleague], stack: Stack
) -> None:
    visit = visit_as()
    visit.sign_in("Priya Raman")
    visit.open_chat()
    visit.say(PERSON)
    number = number_in(visit)
    expect(visit.desk.get_by_text(re.compile(r"You are at place \d+ of those waiting"))).to_be_visible()

    mia = at_the_desk("mia.stone")
    mia.open_conversation(number)
    mia.page.keyboard.press("t")
    expect(mia.page.get_by_text("You answer", exact=True)).to_be_visible()
    visit.reads("Mia Stone is here now")
    expect(visit.desk.get_by_text("You are talking with Mia Stone, a person at the shop")).to_be_visible()
    expect(visit.desk.get_by_text(re.compile("You are at place"))).to_be_hidden()

    mia.page.get_by_label("Your answer").press_sequentially("Hello, I am", delay=20)
    expect(visit.desk.get_by_role("status").filter(has_text="Mia Stone is writing")).to_have_count(1)
    mia.says("Hello, I am Mia. How can I help?")
    sent_at = time.monotonic()
    visit.reads("Hello, I am Mia. How can I help?")
    assert time.monotonic() - sent_at < 5, "an answer is there at once; the bound is for a busy machine"
    expect(visit.log.locator(".message.agent .author").last).to_have_text("Mia Stone")
    expect(mia.talk.get_by_text(re.compile(r"Mia Stone, .*\d\d:\d\d UTC, read"))).to_be_visible()

    visit.input.press_sequentially("Please write to", delay=20)
    expect(mia.page.get_by_text("They are writing…")).to_be_visible()
    visit.say("Please write to priya.raman@example.com about my order")
    mia.reads("about my order")
    assert "priya.raman@example.com" not in mia.talk.inner_text()
    expect(visit.log.get_by_text("Read by Mia Stone")).to_be_visible()

    mia.act("Show what is hidden")
    mia.page.get_by_text("I need it to answer").click()
    mia.act("Show it")
    mia.reads("priya.raman@example.com")
    looks = [row for row in stack.rows("desk", "audit") if row["event"] == "value_revealed"]
    assert looks and looks[-1]["reference"].startswith("message:") and looks[-1]["reference"].endswith(":answer")
    assert looks[-1]["actor"].startswith("staff:")

    mia.page.get_by_role("heading", level=1).click()
    mia.page.keyboard.press("b")
    mia.page.get_by_label("What came of it (may be left empty)").fill("Your order is on its way.")
    mia.act("Hand back")
    expect(mia.page.get_by_text("The bot answers", exact=True)).to_be_visible()
    visit.reads("What came of it: Your order is on its way.")
    expect(visit.desk.get_by_text("You are talking with a bot")).to_be_visible()
    visit.log.get_by_role("button", name="5 – very good").click()
    visit.reads("This is counted without your name.")
    visit.say(SECURITY)
    expect(visit.log.get_by_role("figure").last).to_contain_text("encrypting data")


def test_no_key_acts_on_the_page_behind_an_open_dialog(visit: Visit, at_the_desk: Callable[[str], Colleague]) -> None:
    visit.say(PERSON)
    number = number_in(visit)
    at_the_desk("noa.second")
    mia = at_the_desk("mia.keys")
    mia.open_conversation(number)
    mia.act("Take over")
    expect(mia.page.get_by_text("You answer", exact=True)).to_be_visible()
    mia.page.get_by_role("heading", level=1).click()
    mia.page.keyboard.press("x")
    dialog = mia.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Who goes on?")
    for place in (dialog.get_by_role("radio").first, dialog.get_by_role("button", name="Keep it")):
        place.focus()
        for key in ("q", "b", "t", "x", "?", "g", "h"):
            mia.page.keyboard.press(key)
        mia.page.wait_for_timeout(500)
        expect(dialog).to_have_count(1)
        expect(place).to_be_focused()
    mia.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(mia.page.get_by_text("You answer", exact=True)).to_be_visible()
    expect(visit.desk.get_by_text("You are talking with Mia Keys, a person at the shop")).to_be_visible()

    mia.page.keyboard.press("q")
    expect(mia.page.get_by_text("The conversation waits in the queue again.")).to_be_visible()


def test_what_is_said_while_the_line_is_broken_arrives_once_when_it_is_back(
    visit: Visit, at_the_desk: Callable[[str], Colleague]
) -> None:
    visit.say(PERSON)
    mia = at_the_desk("ina.broken")
    mia.open_conversation(number_in(visit))
    mia.act("Take over")
    visit.reads("Ina Broken is here now")
    visit.page.context.set_offline(True)
    mia.says("First answer")
    mia.reads("First answer")
    mia.says("Second answer")
    mia.reads("Second answer")
    visit.page.context.set_offline(False)
    visit.reads("Second answer")
    visit.say("Thank you for both")
    mia.reads("Thank you for both")
    assert visit.log.locator(".message.agent .text").all_text_contents() == ["First answer", "Second answer"]
    assert visit.own_messages().count("Thank you for both") == 1


def test_a_message_is_left_for_the_person_who_will_answer(
    visit: Visit, at_the_desk: Callable[[str], Colleague]
) -> None:
    visit.say(PERSON)
    number = number_in(visit)
    visit.log.get_by_role("button", name="Leave a message").click()
    visit.log.get_by_label("Your message").fill("Please correct the street on my invoice")
    visit.log.get_by_role("button", name="Leave the message").click()
    visit.reads("Your message is with")
    tom = at_the_desk("tom.reader")
    tom.open_conversation(number)
    expect(tom.page.get_by_text("Please correct the street on my invoice")).to_be_visible()
