"""The page of a parent or guardian in a real browser: by keyboard, on a phone, in the dark, and without any script."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from starlette.responses import HTMLResponse

from bot.bootstrap import migrate
from bot.clocks import SystemClock
from bot.config import Settings
from bot.demo.seed import seed
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation
from bot.store.engine import make_engine
from bot.web.app import make_app
from bot.web.turns import Turns
from tests import rights
from tests.browser.conftest import Visit, served
from tests.browser.test_accessibility import contrast
from tests.guardians import MAYA, MOTHER, allowed, asked, link, mails
from tests.stack import _free_ports
from tests.unit.test_turns import Engine

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of the test's own, of which only the public web runs: the page needs neither engine nor worker.

    Whoever says something in its chat is answered "Fine.".
    """
    engine = make_engine(f"sqlite:///{tmp_path / 'made.sqlite3'}")
    seed(engine, SystemClock().now().date())
    engine.dispose()
    port = _free_ports(2)
    settings = Settings(
        _env_file=None, port=port, encryption_keys=Fernet.generate_key().decode(), audit_key="a" * 40,
        signing_key="5e" * 32, engine_secret="e" * 40, shop_jwt_secret="s" * 40,
        allowed_origins=f"http://127.0.0.1:{port + 1}",
    )  # fmt: skip
    template = tmp_path / "template"
    template.mkdir()
    migrate(settings.model_copy(update={"desk_home": template, "desk_database_url": f"sqlite:///{template}/desk"}))
    shop, own = tmp_path / "made.sqlite3", tmp_path / "own"
    opened = rights.open_own_desk(settings, SystemClock(), own, shop, template / "desk")
    app = make_app(opened)
    app.state.turns = Turns(opened, Engine())
    with served(app, port):
        yield opened
    rights.close(opened)
    shutil.rmtree(own)


@pytest.fixture
def page_as(browser: Browser, desk: Desk):
    """Pages with a screen and colours of one's own; scripts are off, so that nothing rests on them."""
    with desk.transaction() as session:
        now = desk.clock.now()
        chat, _ = conversations.open_session(session, MAYA, now, now)
    asked(desk, chat)
    contexts = []

    def begin(**options) -> Page:
        contexts.append(browser.new_context(**({"java_script_enabled": False, "locale": "en-GB"} | options)))
        page = contexts[-1].new_page()
        page.goto(f"{desk.settings.public_url}/guardian/{link(desk)}")
        return page

    yield begin
    for context in contexts:
        context.close()


def code(desk: Desk) -> str:
    return re.search(r"Your code: (\d{6})", mails(desk, MOTHER)[0].text)[1]


def prove(desk: Desk, page: Page) -> None:
    page.get_by_role("button", name="Send me the code").click()
    page.get_by_label("The six digits").fill(code(desk))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("May Maya Lindqvist use this shop?")


def test_a_guardian_agrees_with_the_keyboard_alone_and_takes_it_back(desk: Desk, page_as) -> None:
    page = page_as()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.get_by_role("button", name="Send me the code").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("A code is on its way")
    expect(page.get_by_label("The six digits")).to_be_focused()
    page.keyboard.type(code(desk))
    page.keyboard.press("Enter")
    yes = page.locator("form", has=page.get_by_role("button", name="I agree", exact=True))
    yes.get_by_label("Your full name").focus()
    page.keyboard.type("Maria Anna Mother")
    for tick in yes.get_by_role("checkbox").all():
        tick.focus()
        page.keyboard.press("Space")
    yes.get_by_role("button", name="I agree", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. You have agreed.")
    assert allowed(desk).allowed
    page.goto(f"{desk.settings.public_url}/guardian/{link(desk)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have agreed.")
    page.get_by_role("button", name="I no longer agree").click()
    expect(page.get_by_role("status")).to_contain_text("taken back")
    assert not allowed(desk).allowed


def test_who_opens_the_mail_anew_for_the_code_and_clicks_its_link_again_goes_on_where_they_were(
    desk: Desk, page_as
) -> None:
    page = page_as()
    page.get_by_role("button", name="Send me the code").click()
    webmail = f'<a href="{page.url.partition("?")[0]}">Open the page</a>'
    page.route("http://mail.example.com/", lambda route: route.fulfill(body=webmail, content_type="text/html"))
    page.goto("http://mail.example.com/")
    page.get_by_role("link", name="Open the page").click()
    page.get_by_label("The six digits").fill(code(desk))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("May Maya Lindqvist use this shop?")


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desk", "phone", "dark"])
def test_it_fits_every_screen_and_can_be_read_in_every_light(desk: Desk, page_as, options) -> None:
    page = page_as(java_script_enabled=True, **options)
    prove(desk, page)
    page.wait_for_load_state()  # its colours come in a file of their own
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    for element in (page.get_by_role("heading", level=1), page.locator(".soft").first, page.locator("summary").first):
        assert contrast(element) >= 4.5
    assert contrast(page.get_by_role("button", name="I agree", exact=True)) >= 4.5
    page.screenshot(path=desk.settings.desk_home / "page.png", full_page=True)


def test_a_mistake_is_said_where_it_is_and_read_aloud_first(desk: Desk, page_as) -> None:
    page = page_as()
    prove(desk, page)
    yes = page.locator("form", has=page.get_by_role("button", name="I agree", exact=True))
    yes.get_by_label("Your full name").fill("Maya Lindqvist")
    yes.get_by_role("button", name="I agree", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    name = page.locator("#agree-name")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(re.compile("own name"))


def test_the_form_to_sign_prints_on_paper(desk: Desk, page_as) -> None:
    page = page_as()
    prove(desk, page)
    page.get_by_role("link", name="Print the form").click()
    page.emulate_media(media="print")
    expect(page.get_by_text("Signature")).to_be_visible()
    expect(page.get_by_text("back to the page")).to_be_hidden()


@pytest.fixture
def shop_page(desk: Desk) -> Iterator[str]:
    """A page of the shop that embeds the chat, on another host of the same site: for browsers a port is as good."""
    script = f"{desk.settings.public_url}/static/privacy-desk.js"
    page = f'<!doctype html><title>The shop</title><script src="{script}" defer></script><privacy-desk></privacy-desk>'
    with served(HTMLResponse(page), desk.settings.port + 1) as url:
        assert url == desk.settings.allowed_origins
        yield url


def chats(visit: Visit, customer: str) -> None:
    """Say something in the chat as a customer whom the page around it has signed in."""
    asks = {"json": {"customer_id": customer}, "trust_env": False}
    token = httpx.post(f"{visit.url}/demo/sign-in", **asks).json()["shop_token"]
    signs_in = "([token, id]) => document.querySelector('privacy-desk').signIn(async () => token, id)"
    visit.page.evaluate(signs_in, [token, customer])
    visit.open_chat()
    visit.ask("Hello", "Fine.")


@pytest.mark.parametrize("embedded", [False, True], ids=["own", "embedded"])
def test_the_link_does_not_open_in_the_browser_of_the_young_persons_chat(
    desk: Desk, browser: Browser, shop_page: str, embedded: bool
) -> None:
    spoken = {}
    for customer in (MAYA, "1001"):
        spoken[customer] = Visit(browser.new_context(locale="en-GB").new_page(), desk.settings.public_url)
        spoken[customer].page.goto(shop_page if embedded else desk.settings.public_url)
        chats(spoken[customer], customer)
    with desk.reading() as session:
        chat = session.scalar(select(Conversation.id).where(Conversation.subject == MAYA))
    second_mailbox = "maya.second@example.com"
    asked(desk, chat, second_mailbox)
    mailed = f"{desk.settings.public_url}/guardian/{link(desk, second_mailbox)}"

    heading = spoken[MAYA].page.get_by_role("heading", level=1)
    spoken[MAYA].page.goto(mailed)
    expect(heading).to_have_text("This page is for the parent or guardian.")
    spoken["1001"].page.goto(mailed)
    expect(spoken["1001"].page.get_by_role("button", name="Send me the code")).to_be_visible()
    for visit in spoken.values():
        visit.page.context.close()
