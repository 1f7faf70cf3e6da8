"""Retakes the pictures of the README from a desk that runs in demo mode.

    python -m docs.take_screenshots --url http://127.0.0.1:8000

Signs in as a customer of the demo shop, asks two questions, and saves `docs/images/chat.png` (the shop with the chat
quoting a clause), `chat-phone.png` (what the shop holds about the customer) and `policy.png` (the cited clause). Then
fills the desk with invented figures of a year and saves `staff-overview.png`: take a desk nobody uses, with the same
DESK_HOME and PORT in the environment.
"""

import argparse
import os
import secrets
import shutil
import sys
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, Error, Page, sync_playwright

from bot.bootstrap import open_desk
from bot.demo.figures import invent
from bot.errors import Conflict
from bot.privacy import staff_accounts
from bot.vocabulary import StaffRole

IMAGES = Path(__file__).parent / "images"
NAME, PASSWORD = "kim.porter", secrets.token_urlsafe(16)
CUSTOMER = "Amelia Hartley"
QUESTION = "Do you sell my data?"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def at_the_shop(browser: Browser, url: str, width: int, height: int, **options: object) -> Page:
    """A page of that size at the shop, signed in, with the chat open."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=2, reduced_motion="reduce", **options
    )
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("#people").get_by_role("button", name=CUSTOMER).click()
    page.get_by_role("button", name="Open the privacy desk chat").click()
    return page


def say(page: Page, text: str) -> None:
    """Send a message in the chat."""
    field = page.get_by_label("Your message")
    field.fill(text)
    field.press("Enter")


def save(page: Page, name: str) -> None:
    """Take the picture when everything stands still."""
    page.wait_for_timeout(700)
    page.screenshot(path=IMAGES / name)
    print(f"{IMAGES.name}/{name}")


def take(browser: Browser, url: str) -> None:
    """Take every picture."""
    page = at_the_shop(browser, url, 1400, 880)
    say(page, QUESTION)
    link = page.locator("privacy-desk blockquote + .source a")
    link.wait_for()
    save(page, "chat.png")
    address = link.get_attribute("href")

    phone = at_the_shop(browser, url, 390, 844, has_touch=True, is_mobile=True)
    say(phone, "What do you know about me?")
    phone.get_by_role("region", name="What the shop holds about you").wait_for()
    save(phone, "chat-phone.png")

    page.goto(address or f"{url}/policy")
    save(page, "policy.png")


def take_staff(browser: Browser) -> None:
    """The overview of the staff desk, seen by an account that is made for it and ended after it."""
    desk = open_desk()
    if not desk.settings.demo:
        sys.exit("Pictures of the staff desk need invented figures, and this desk is not a demo.")
    with desk.transaction() as session:
        invent(session, desk.clock.now())
        try:
            access = staff_accounts.add(session, desk.clock.now(), NAME, StaffRole.ADMIN, PASSWORD, "pictures")
        except Conflict:
            access = staff_accounts.reset(session, desk, desk.clock.now(), NAME, PASSWORD, "pictures")
    page = browser.new_page(viewport={"width": 1360, "height": 1560}, device_scale_factor=2)
    page.goto(desk.settings.staff_url)
    page.get_by_label("Name").fill(access.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code of your authenticator app").fill(pyotp.TOTP(access.secret).now())
    page.get_by_role("button", name="Sign in").click()
    page.locator(".plot canvas").nth(5).wait_for()
    save(page, "staff-overview.png")
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), access.name, "pictures")


def main() -> None:
    """Find Chromium, take the pictures, or say in one sentence what is missing."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", default="http://127.0.0.1:8000", help="where the desk answers")
    url = options.parse_args().url.rstrip("/")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed. Install it (apt-get install chromium) or name it in CHROMIUM.")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            take(browser, url)
            take_staff(browser)
        except Error as error:
            first_line = error.message.splitlines()[0]
            sys.exit(f"The pictures could not be taken. Does the desk run at {url} in demo mode? ({first_line})")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
