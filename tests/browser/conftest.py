"""A real browser at the demo shop; what a visit must never do is checked after each of them."""

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from tests.stack import Stack

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE = 20_000
expect.set_options(timeout=_PATIENCE)


def _chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in _NAMES if (path := shutil.which(name))), None)


# Not for the whole session: while Playwright runs, other tests cannot have an event loop in this thread.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = _chromium()
    if path is None:
        pytest.skip("Chromium is not installed. Install it (apt-get install chromium) or name it in CHROMIUM.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def served(app: Any, port: int) -> Iterator[str]:
    """A web application of the test's own, at the address that is given."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = server.force_exit = True  # streams of a chat would stay open
    thread.join(10)


class Visit:
    """One person's visit to the shop, told in their words.

    Attributes:
        page: The browser page.
        problems: What the browser complained about, and every address outside of the desk that it asked for.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", self._request)

    @property
    def desk(self) -> Locator:
        return self.page.locator("privacy-desk")

    @property
    def log(self) -> Locator:
        return self.desk.get_by_role("log")

    @property
    def input(self) -> Locator:
        return self.desk.get_by_label("Your message")

    def go(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def open_chat(self) -> None:
        self.desk.get_by_role("button", name="Open the privacy desk chat").click()
        expect(self.input).to_be_focused()

    def say(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def reads(self, text: str) -> None:
        """The text stands in the conversation."""
        expect(self.log.get_by_text(text).last).to_be_visible()

    def ask(self, question: str, answer: str) -> None:
        self.say(question)
        self.reads(answer)

    def sign_in(self, name: str) -> None:
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.locator("#people").get_by_role("button", name=re.compile(f"^{name}")).click()
        expect(self.page.locator("#account-name")).to_have_text(name)

    def own_messages(self) -> list[str]:
        """What the person reads as their own messages, oldest first."""
        return self.log.locator(".message.user .text").all_text_contents()

    def answer_with(self, *messages: dict[str, Any]) -> None:
        """Let the desk answer the next messages with this, whatever is said."""
        whole = [
            {"author": "bot", "text": "", "citations": [], "choices": [], "card": None, "response": None}
            | {"id": str(1_000_000 + number), "created_at": "2026-11-23T10:00:00+00:00"}
            | message
            for number, message in enumerate(messages)
        ]
        self.page.route("**/api/v1/events", lambda route: route.abort())
        self.page.route("**/api/v1/messages", _fulfil({"messages": whole, "owner": "bot"}))

    def _console(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url + "/", "data:", "blob:")):
            self.problems.append(f"asked for {request.url}")


def _fulfil(body: dict[str, Any]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(json=body) if route.request.method == "POST" else route.continue_()


@pytest.fixture
def visit_as(browser: Browser, stack: Stack) -> Iterator[Callable[..., Visit]]:
    """Visits with a chosen screen, colour scheme and so on; each is an own person's browser."""
    visits: list[Visit] = []

    def begin(**options: Any) -> Visit:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 860}, "locale": "en-GB"} | options))
        context.set_default_timeout(_PATIENCE)
        visits.append(Visit(context.new_page(), stack.url))
        visits[-1].go()
        return visits[-1]

    yield begin
    problems = [problem for visit in visits for problem in visit.problems]
    for visit in visits:
        visit.page.context.close()
    assert problems == [], "the browser complained, or asked another server"


@pytest.fixture
def visit(visit_as: Callable[..., Visit]) -> Visit:
    """A visit at a desk's screen, not signed in, the chat open."""
    found = visit_as()
    found.open_chat()
    return found
