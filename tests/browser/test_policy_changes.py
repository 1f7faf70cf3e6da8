"""What a new version of the policy changes, as a page: on a desk, on a phone, and read aloud."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, expect

from bot.privacy import policy_notices
from bot.store import policy_versions
from bot.store.desk import Desk
from bot.web.app import make_app
from bot.web.turns import Turns
from tests import policies, rights
from tests.browser.conftest import Visit, served
from tests.stack import _free_ports
from tests.unit import policy_desks as people
from tests.unit.conftest import empty_desk, seeded_shop, settings  # noqa: F401
from tests.unit.test_turns import Engine

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
AMELIA, PRIYA = "1001", "1005"


@pytest.fixture
def desk(settings, tmp_path, seeded_shop, empty_desk) -> Iterator[Desk]:  # noqa: F811
    """A desk with a second version announced."""
    opened = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    people.publish_second(opened)
    yield opened
    rights.close(opened)


@pytest.fixture
def home(desk: Desk) -> Iterator[str]:
    """Only its web, where whoever says something is answered "Fine."."""
    app = make_app(desk)
    app.state.turns = Turns(desk, Engine())
    with served(app, _free_ports(1)) as url:
        yield url


@pytest.fixture
def address(home: str) -> str:
    """The page that compares both versions."""
    return f"{home}/policy/changes?from={policies.FIRST}&to={people.SECOND}"


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, {"width": 360, "height": 740}])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_texts_stand_there_and_nothing_scrolls_sideways(browser: Browser, address: str, size, scheme) -> None:
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    change = page.get_by_role("region", name="What you cannot see or correct")
    expect(change).to_contain_text("It reduces your rights.")
    expect(change).to_contain_text("You can see and correct less than before.")
    expect(change.get_by_role("deletion").first).to_contain_text("removed:")
    expect(change.get_by_role("insertion").first).to_contain_text("added:")
    sides = [box.bounding_box() for box in change.locator(".side").all()]
    beside = sides[0]["y"] == sides[1]["y"]
    assert beside is (size["width"] > 900), "side by side where there is room, one below the other on a phone"
    page.close()


def test_the_page_is_built_for_those_who_hear_it(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    assert page.locator("html").get_attribute("lang") == "en" and "2027-A" in page.title()
    assert page.get_by_role("main").count() == 1 == page.get_by_role("heading", level=1).count()
    tags = page.locator("main :is(h1, h2, h3, h4)").evaluate_all("all => all.map(h => h.localName)")
    assert all(int(below[1]) <= int(above[1]) + 1 for above, below in pairwise(tags)), tags
    page.get_by_role("link", name="People under 18").click()
    expect(page.get_by_role("region", name="People under 18")).to_be_in_viewport()
    page.close()


def test_the_notice_is_read_in_the_chat_with_the_first_answer_and_counts_as_shown(
    browser: Browser, desk: Desk, home: str
) -> None:
    with desk.transaction() as session:
        newest = policy_versions.published(session, desk.policies)[-1]
        for customer in (AMELIA, PRIYA):
            policy_notices.ensure_notice(session, newest, customer, START)
    visit = Visit(browser.new_page(), home)
    visit.go()
    visit.sign_in("Priya Raman")
    visit.open_chat()
    visit.ask("Hello", "Fine.")
    visit.reads("Our privacy policy changes on 10 December 2026.")
    expect(visit.log.get_by_role("region", name="Version 2027-A")).to_have_count(1)
    said = visit.log.locator(".message .text").all_text_contents()[-3:]
    assert [said[0].split(".")[0], *said[1:]] == ["Our privacy policy changes on 10 December 2026", "Hello", "Fine."]
    assert people.notice(desk, PRIYA).shown_at == START
    assert people.notice(desk, AMELIA).shown_at is None, "she has opened no chat"
    assert visit.problems == []
    visit.page.close()
