"""What a new version of the policy changes, as a page: on a desk, on a phone, and read aloud."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import uvicorn
from playwright.sync_api import Browser, expect

from bot.web.app import make_app
from tests import policies, rights
from tests.stack import _free_ports
from tests.unit import policy_desks as people
from tests.unit.conftest import empty_desk, seeded_shop, settings  # noqa: F401

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def address(settings, tmp_path, seeded_shop, empty_desk) -> Iterator[str]:  # noqa: F811
    """Only the web of a desk, with a second version announced."""
    desk = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    people.publish_second(desk)
    port = _free_ports(1)
    server = uvicorn.Server(uvicorn.Config(make_app(desk), port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/policy/changes?from={policies.FIRST}&to={people.SECOND}"
    server.should_exit = True
    thread.join(10)
    rights.close(desk)


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
