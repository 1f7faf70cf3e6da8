"""Names, roles, contrast, small screens: that everybody can use the chat."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "reduced_motion": "reduce"}
WORD = "Donaudampfschifffahrt" * 12


def colours(element: Locator) -> tuple[float, float]:
    """Luminance (0 to 1) of the text and of what lies behind it, as seen through every part that lets shine through."""
    found = element.evaluate(
        """element => {
            const parse = (text) => text.match(/[\\d.]+/g).map(Number);
            const around = (node) => node.parentElement ?? node.getRootNode().host;
            const behind = (node) => {
                const [r, g, b, alpha = 1] = parse(getComputedStyle(node).backgroundColor);
                return alpha > 0.99 ? [r, g, b] : behind(around(node));
            };
            let seen = [parse(getComputedStyle(element).color).slice(0, 3), behind(element)];
            for (let node = element; node; node = around(node)) {
                const opacity = Number(getComputedStyle(node).opacity);
                if (opacity === 1) continue;
                const under = behind(around(node));
                seen = seen.map((colour) => colour.map((c, i) => c * opacity + under[i] * (1 - opacity)));
            }
            return seen;
        }"""
    )

    def luminance(channels: list[float]) -> float:
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    return luminance(found[0]), luminance(found[1])


def contrast(element: Locator) -> float:
    darker, lighter = sorted(colours(element))
    return (lighter + 0.05) / (darker + 0.05)


def sideways(visit: Visit) -> int:
    """By how many pixels the page can be pushed sideways."""
    return visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def answered(visit: Visit) -> Visit:
    """An open chat with a quotation and choices in it."""
    visit.say("Do you sell my data?")
    expect(visit.log.locator("blockquote")).to_be_visible()
    visit.ask("Hello", "What would you like to know or do?")
    return visit


def test_the_panel_the_log_and_every_control_have_role_and_name(answered: Visit) -> None:
    desk = answered.desk
    expect(desk.get_by_role("dialog", name="Privacy desk")).to_be_visible()
    expect(desk.get_by_role("log", name="Conversation")).to_have_attribute("aria-live", "polite")
    expect(desk.get_by_role("textbox", name="Your message")).to_have_accessible_description(
        "Enter sends, Shift + Enter starts a new line"
    )
    expect(desk.get_by_role("list", name="Answers to choose from")).to_be_visible()
    for button in desk.get_by_role("button").all():
        expect(button).to_have_accessible_name(re.compile(r"\S"))
    assert desk.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0


def test_a_screen_reader_hears_who_said_what(answered: Visit) -> None:
    said = answered.log.locator(".message").all_inner_texts()
    assert [text.split("\n")[0] for text in said if "You said:" in text] == ["You said:", "You said:"]
    assert sum("The privacy desk said:" in text for text in said) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(visit_as: Callable[..., Visit], scheme: str) -> None:
    visit = visit_as(color_scheme=scheme, reduced_motion="reduce")
    visit.open_chat()
    visit.say("Do you sell my data?")
    expect(visit.log.locator("blockquote")).to_be_visible()
    visit.ask("Hello", "What would you like to know or do?")
    visit.page.route("**/api/v1/messages", lambda route: None)
    visit.say("Thank you")
    parts = [".message.user .text", ".message.bot .text", ".author:visible", ".moment:visible", "blockquote"]
    parts += ["figcaption", ".source span", ".source a", ".chip:enabled", ".owner", "h2", ".hint"]
    parts += [".message.waiting .text"]
    weak = {part: contrast(visit.desk.locator(part).last) for part in parts}
    assert {part: ratio for part, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_said_in_an_earlier_chat_stands_out_too(visit_as: Callable[..., Visit], scheme: str) -> None:
    visit = visit_as(color_scheme=scheme, reduced_motion="reduce")
    visit.open_chat()
    facts = [{"label": "Name", "value": "P••••"}]
    clause = {"title": "Selling", "version": "1", "quote": "We do not.", "url": "/policy#use"}
    held, one = {"title": "Orders", "note": "Kept for six years", "count": 2}, {"title": "Scores", "count": 1}
    visit.answer_with(
        {"text": "It says:", "citations": [clause]},
        {"card": {"kind": "access_summary", "categories": [held | {"items": facts}], "withheld": [one]}},
        {"card": {"kind": "receipt", "title": "Noted", "number": "PR-2026-000001", "lines": ["Until Monday"]}},
        {"card": {"kind": "erasure_plan", "title": "Plan", "goes": [held], "stays": [one], "warnings": ["Think."]}},
        {"card": {"kind": "download", "title": "Your copy", "url": "/api/v1/exports/a", "size": 1}},
        {"text": "I am Mia.", "author": "agent", "name": "Mia"},
        {"text": "Mia is here now", "author": "system"},
    )
    visit.ask("Do you sell my data?", "Mia is here now")
    over = {"status": 401, "detail": "This chat session has ended.", "code": "session_expired"}
    visit.page.route("**/api/v1/messages", lambda route: route.fulfill(status=401, json=over), times=1)
    visit.ask("Thank you", "The earlier chat has ended.")
    expect(visit.log.get_by_text("Mia is here now")).to_have_count(2)

    has_words = "element => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())"
    words = visit.log.locator(".past :not(.unseen, :disabled):visible").all()
    read = [(element.inner_text(), contrast(element)) for element in words if element.evaluate(has_words)]
    assert {"Do you sell my data?", "We do not.", "2 entries", "Name", "Until Monday", "I am Mia."} <= set(dict(read))
    assert [(text, ratio) for text, ratio in read if ratio < 4.5] == []


def test_dark_mode_is_dark_and_not_empty(visit_as: Callable[..., Visit]) -> None:
    visit = visit_as(color_scheme="dark", reduced_motion="reduce")
    visit.open_chat()
    panel = visit.desk.get_by_role("dialog")
    text, behind = colours(panel)
    assert behind < 0.05 < 0.5 < text
    pixels = visit.page.evaluate(
        """async (bytes) => {
            const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
            const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
            canvas.drawImage(picture, 0, 0);
            const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
            return seen.size;
        }""",
        list(panel.screenshot()),
    )
    assert pixels > 50, "the picture shows nothing"


def test_a_phone_shows_the_chat_on_the_whole_screen_and_nothing_scrolls_sideways(
    visit_as: Callable[..., Visit],
) -> None:
    visit = visit_as(**PHONE)
    assert sideways(visit) <= 0
    visit.sign_in("Priya Raman")
    visit.open_chat()
    assert visit.desk.get_by_role("dialog").bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    visit.ask("What do you know about me?", "What the shop holds about you")
    visit.log.get_by_role("button", name="Open all").click()
    visit.say(WORD)
    expect(visit.log.get_by_text(WORD)).to_be_visible()
    assert visit.log.evaluate("log => log.scrollWidth - log.clientWidth") <= 0
    assert sideways(visit) <= 0
    for path in ("/policy#commercialisation", "/demo/inbox-page?to=priya.raman@example.com"):
        visit.go(path)
        assert sideways(visit) <= 0, path


def test_on_a_phone_the_cursor_stays_in_the_chat_that_covers_the_page(visit_as: Callable[..., Visit]) -> None:
    visit = visit_as(**PHONE)
    visit.open_chat()
    for _ in range(12):
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.localName") == "privacy-desk"
    expect(visit.desk.get_by_role("dialog")).to_have_attribute("aria-modal", "true")


def test_a_form_names_its_fields_and_says_what_is_wrong_with_them(visit: Visit) -> None:
    fields = [
        {"name": "email", "label": "New e-mail address", "type": "email", "required": True},
        {"name": "sure", "label": "I am sure", "type": "checkbox", "required": True},
    ]
    visit.answer_with({"card": {"kind": "form", "id": "f", "title": "Correct it", "fields": fields, "submit": "Go on"}})
    visit.say("Correct my address")
    form = visit.log.get_by_role("form", name="Correct it")
    address = form.get_by_role("textbox", name="New e-mail address (required)")
    address.fill("nowhere")
    form.get_by_role("button", name="Go on").click()

    expect(address).to_be_focused()
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_have_accessible_description("Please write an e-mail address, such as name@example.com.")
    expect(form.get_by_text("Please fill in: I am sure.")).to_be_visible()

    refusal = {"status": 422, "detail": "That address cannot be used.", "code": "invalid"}
    visit.page.unroute("**/api/v1/messages")
    visit.page.route("**/api/v1/messages", lambda route: route.fulfill(status=422, json=refusal))
    address.fill("new@example.com")
    form.get_by_role("checkbox", name="I am sure (required)").check()
    with visit.page.expect_request("**/api/v1/messages") as sent:
        form.get_by_role("button", name="Go on").click()
    expect(form.get_by_role("alert")).to_have_text("That address cannot be used.")
    assert sent.value.post_data_json == {"form": {"id": "f", "values": {"email": "new@example.com", "sure": True}}}


def test_who_wants_no_motion_gets_none(visit_as: Callable[..., Visit]) -> None:
    visit = visit_as(reduced_motion="reduce")
    visit.open_chat()
    visit.say("Hello")
    expect(visit.log.locator(".message.bot").last).to_be_visible()
    moving = "() => document.querySelector('privacy-desk').shadowRoot.getAnimations().length"
    assert visit.page.evaluate(moving) == 0


@pytest.mark.parametrize("path", ["/", "/policy", "/demo/inbox-page"])
def test_pages_have_language_title_one_main_heading_and_named_controls(visit: Visit, path: str) -> None:
    visit.go(path)
    page = visit.page
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title()
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.locator("img:not([alt])").count() == 0
    levels = [
        int(tag[1]) for tag in page.locator("main :is(h1, h2, h3, h4)").evaluate_all("all => all.map(h => h.localName)")
    ]
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels
