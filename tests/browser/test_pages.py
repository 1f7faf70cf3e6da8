"""The policy as a document, and the shop around the chat."""

import re

import httpx
from playwright.sync_api import expect

from bot.config import PROJECT
from tests.browser.conftest import Visit


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def test_the_policy_page_holds_the_whole_policy_word_for_word_and_in_order(visit: Visit) -> None:
    visit.go("/policy")
    shown = visit.page.locator("main .heading, main .clause .text").all_text_contents()
    version = visit.page.locator("header strong").inner_text()
    source = (PROJECT / "data" / "policy" / f"{version}.md").read_text(encoding="utf-8")
    assert squeezed(" ".join(shown)) == squeezed(source.split("---\n", 2)[2])


def test_every_clause_is_in_the_contents_and_its_own_link_marks_it(visit: Visit) -> None:
    visit.go("/policy")
    page = visit.page
    clauses = page.locator(".clause").evaluate_all("all => all.map(clause => clause.id)")
    linked = page.get_by_role("navigation").locator("ol a").evaluate_all("all => all.map(a => a.hash.slice(1))")
    assert linked == clauses
    page.get_by_role("navigation").get_by_role("link", name="People under 18").click()
    expect(page.locator(".clause:target")).to_have_id("minors")
    expect(page.locator("#minors")).to_be_in_viewport()


def test_on_paper_there_is_the_policy_and_nothing_else(visit: Visit) -> None:
    visit.go("/policy")
    expect(visit.page.get_by_role("button", name="Print")).to_be_visible()
    visit.page.emulate_media(media="print")
    expect(visit.page.get_by_role("button", name="Print")).to_be_hidden()
    expect(visit.page.locator("nav")).to_be_hidden()
    expect(visit.page.locator("#minors .text")).to_be_visible()


def test_the_pages_hold_no_script_or_style_of_their_own(visit: Visit) -> None:
    for path in ("/", "/policy", "/demo/inbox-page?to=a@example.com"):
        page = httpx.get(visit.url + path, trust_env=False).text
        assert not re.search(r"\sstyle\s*=|\son\w+\s*=|<style|<script(?![^>]*\ssrc=)", page), path


def test_a_person_looks_at_the_mails_of_an_address(visit: Visit) -> None:
    visit.go("/demo/inbox-page")
    visit.page.get_by_label("Address").fill("nobody@example.com")
    visit.page.get_by_role("button", name="Show").click()
    expect(visit.page.get_by_text("No mail has been sent to nobody@example.com yet.")).to_be_visible()


def test_the_shop_opens_the_chat_from_its_footer_and_fills_the_bag(visit_as) -> None:
    visit = visit_as()
    visit.page.get_by_role("button", name="Add to bag: Enamel kettle").click()
    expect(visit.page.get_by_role("status", name="Bag")).to_contain_text("1")
    your_data = visit.page.get_by_role("button", name="Your data", exact=True)
    your_data.click()
    expect(visit.input).to_be_focused()
    visit.page.keyboard.press("Escape")
    expect(your_data).to_be_focused()
