"""The staff desk in a real browser: in with a second factor, plots drawn, decisions made, by keyboard alone too."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from bot.demo.figures import invent
from bot.store import conversations
from bot.store.desk_tables import PrivacyRequest
from bot.store.encryption import use_keys
from bot.store.engine import make_engine
from bot.vocabulary import RequestKind, RequestState
from tests.browser.conftest import Visit
from tests.stack import Stack


@dataclass(frozen=True)
class Account:
    """Somebody who works at the shop."""

    name: str
    password: str
    secret: str

    def code(self) -> str:
        return pyotp.TOTP(self.secret).now()


@pytest.fixture
def hire(stack: Stack) -> Callable[[str], Account]:
    """Accounts, made as a person would: on the command line."""

    def hired(role: str) -> Account:
        name = f"{role[:8]}.{uuid4().hex[:6]}"
        said = stack.command("staff", "add", name, "--role", role, "--generate")
        password = re.search(r"Password:\s+(\S+)", said)
        secret = re.search(r"shown this once\): (\S+)", said)
        assert password and secret
        return Account(name, password[1], secret[1])

    return hired


@pytest.fixture
def staff_as(browser: Browser, stack: Stack, hire: Callable[[str], Account]) -> Iterator[Callable[..., Page]]:
    """Members of staff at their own browsers, signed in."""
    visits: list[Visit] = []

    def begin(role: str, **options: object) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1360, "height": 900}, "locale": "en-GB"} | options))
        context.set_default_timeout(20_000)
        visits.append(Visit(context.new_page(), stack.staff_url))
        visits[-1].go()
        sign_in(visits[-1].page, hire(role))
        return visits[-1].page

    yield begin
    problems = [problem for visit in visits for problem in visit.problems]
    for visit in visits:
        visit.page.context.close()
    assert problems == [], "the browser complained, or asked another server"


def sign_in(page: Page, account: Account) -> None:
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_label("Code of your authenticator app").fill(account.code())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name=account.name)).to_be_visible()


def written(stack: Stack, act: Callable[[Session], object]) -> None:
    """Something in the running desk's database, as its processes would write it."""
    use_keys(stack._keys())
    engine = make_engine(f"sqlite:///{stack.home / 'desk.sqlite3'}")
    with Session(engine) as session, session.begin():
        act(session)
    engine.dispose()


def request_of(stack: Stack, state: RequestState, subject: str) -> str:
    """A deletion of a spare customer, where a test needs it; never due, wherever the clock is."""
    number, now = f"PR-2026-8{int(time.time() * 1000) % 100000:05d}", datetime.now(UTC)

    def write(session: Session) -> None:
        chat, _ = conversations.open_session(session, subject, now, now + timedelta(hours=1))
        session.flush()
        session.add(
            PrivacyRequest(
                number=number, kind=RequestKind.ERASURE, state=state, regime="policy", origin=number, subject=subject,
                conversation_id=chat, details={"scope": "everything", "mode": "delete"}, received_at=now,
                due_at=now + timedelta(days=30), verified_at=now, confirmed_at=now, not_before=now + timedelta(days=99),
            )
        )  # fmt: skip

    written(stack, write)
    return number


def state_of(stack: Stack, number: str) -> dict[str, object]:
    return next(row for row in stack.rows("desk", "privacy_requests") if row["number"] == number)


def test_nobody_is_in_without_the_second_factor(browser: Browser, stack: Stack, hire: Callable[[str], Account]) -> None:
    account = hire("agent")
    page = browser.new_context().new_page()
    page.goto(f"{stack.staff_url}/requests")
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in_with = replace(account, secret=pyotp.random_base32())
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_label("Code of your authenticator app").fill(sign_in_with.code())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("That did not work")
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_label("Code of your authenticator app").fill(account.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Requests", level=1)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{stack.staff_url}/requests")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.context.close()


def test_the_overview_draws_every_plot(stack: Stack, staff_as: Callable[..., Page]) -> None:
    written(stack, lambda session: invent(session, datetime.now(UTC)))
    page = staff_as("auditor")
    expect(page.locator(".plot canvas")).to_have_count(6)
    for place in range(6):
        assert page.locator(".plot canvas").nth(place).evaluate(_PAINTED) > 40, "nothing is painted"
    assert "in the last year" in page.locator(".plots").inner_text()


_PAINTED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3]) colours.add(pixels.slice(at, at + 3).join());
  return colours.size;
}"""


def test_a_privacy_officer_denies_a_request_and_the_person_is_told(stack: Stack, staff_as: Callable[..., Page]) -> None:
    subject = stack.spare_customer()
    number = request_of(stack, RequestState.COOLING_OFF, subject)
    page = staff_as("privacy_officer")
    page.get_by_label("Search by number").fill(number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=number)).to_be_visible()
    page.get_by_text("Deny it").click()
    page.get_by_role("combobox", name="Reason").first.click()
    page.get_by_role("option", name="Needed for legal claims").click()
    expect(page.get_by_label("Law or clause it rests on")).to_have_value("GDPR Article 17(3)(e)")
    page.get_by_label("Where the person can complain").fill("the Office of Example")
    page.get_by_role("button", name="Deny and tell the person").click()
    expect(page.get_by_text("Denied; the person was told why and where to complain.")).to_be_visible()
    expect(page.get_by_text("the Office of Example").first).to_be_visible()
    assert state_of(stack, number)["state"] == RequestState.DENIED
    said = [row["text"] for row in stack.rows("desk", "messages") if row["response"] == "utter_request_denied"]
    assert any(number in text and "the Office of Example" in text for text in said)


def test_two_people_approve_at_two_browsers_and_the_page_of_the_first_sees_it(
    stack: Stack, staff_as: Callable[..., Page]
) -> None:
    number = request_of(stack, RequestState.AWAITING_APPROVAL, stack.spare_customer())
    first, second = staff_as("privacy_officer"), staff_as("admin")
    for page in (first, second):
        page.goto(f"{stack.staff_url}/requests/{number}")
    first.get_by_role("button", name="Approve").click()
    expect(first.get_by_text("You have approved it. Another person must approve it too.")).to_be_visible()
    expect(second.get_by_text("1 more needed")).to_be_visible()
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Approved by two; it is carried out.")).to_be_visible()
    expect(first.get_by_text("waits for approval")).to_be_hidden()
    assert state_of(stack, number)["state"] != RequestState.AWAITING_APPROVAL


def test_by_keyboard_alone_a_request_is_found_and_denied(stack: Stack, staff_as: Callable[..., Page]) -> None:
    number = request_of(stack, RequestState.COOLING_OFF, stack.spare_customer())
    page = staff_as("privacy_officer")
    keys = page.keyboard
    page.wait_for_timeout(500)
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    keys.press("Escape")
    keys.press("g")
    keys.press("r")
    expect(page.get_by_role("heading", name="Requests", level=1)).to_be_visible()
    page.goto(f"{stack.staff_url}/requests?show=all")
    expect(page.get_by_role("link", name=number)).to_be_visible()
    keys.press("j")
    for _ in range(60):
        if page.evaluate("document.activeElement.textContent") == number:
            break
        keys.press("j")
    keys.press("Enter")
    expect(page.get_by_role("heading", name=number)).to_be_visible()
    _tab_to(page, "Deny it")
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("option", name="Not shown to be the person")).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.get_by_label("Law or clause it rests on")).not_to_have_value("")
    _tab_to(page, "", label="Where the person can complain")
    keys.type("the Office of Example")
    _tab_to(page, "Deny and tell the person")
    keys.press("Enter")
    expect(page.get_by_text("Denied; the person was told why and where to complain.")).to_be_visible()
    assert state_of(stack, number)["state"] == RequestState.DENIED


def test_whoever_wants_no_keys_switches_them_off_for_good_and_on_again(staff_as: Callable[..., Page]) -> None:
    page, colleague = staff_as("agent"), staff_as("agent")
    keys, listed = page.keyboard, page.get_by_role("dialog", name="Keyboard")
    switch = page.get_by_role("checkbox", name="Use these keys")
    page.wait_for_timeout(500)
    keys.press("?")
    expect(switch).to_be_checked()
    switch.focus()
    keys.press("Space")
    expect(switch).not_to_be_checked()
    keys.press("Escape")
    expect(listed).to_be_hidden()

    for _ in range(2):
        for key in ("?", "/", "g", "r"):
            keys.press(key)
        page.wait_for_timeout(500)
        expect(listed).to_be_hidden()
        expect(page.get_by_label("Search by number")).not_to_be_focused()
        expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
        page.reload()
        page.wait_for_timeout(500)
    colleague.keyboard.press("g")
    colleague.keyboard.press("r")
    expect(colleague.get_by_role("heading", name="Requests", level=1)).to_be_visible()

    page.get_by_role("button", name="Keyboard shortcuts").focus()
    keys.press("Enter")
    expect(switch).not_to_be_checked()
    switch.focus()
    keys.press("Space")
    keys.press("Escape")
    keys.press("g")
    keys.press("r")
    expect(page.get_by_role("heading", name="Requests", level=1)).to_be_visible()


def _tab_to(page: Page, text: str, label: str = "") -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "[document.activeElement.textContent.trim(), document.activeElement.getAttribute('aria-label') || '']"
        )
        if (text and here[0] == text) or (label and here[1] == label):
            return
    raise AssertionError(f"{text or label} is not reached by Tab")


def test_whoever_is_disabled_is_at_the_sign_in_page_within_seconds(
    stack: Stack, browser: Browser, hire: Callable[[str], Account]
) -> None:
    account = hire("agent")
    page = browser.new_context().new_page()
    page.goto(stack.staff_url)
    sign_in(page, account)
    page.wait_for_timeout(1000)
    stack.command("staff", "disable", account.name)
    expect(page).to_have_url(re.compile("/sign-in"), timeout=20_000)
    page.context.close()


def test_on_a_phone_nothing_runs_over_the_edge(staff_as: Callable[..., Page]) -> None:
    page = staff_as("agent", viewport={"width": 390, "height": 844})
    for path in ("/", "/requests?show=all", "/topics", "/account"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
