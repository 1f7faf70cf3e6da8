"""A member of the staff with a browser of their own at the staff desk."""

from playwright.sync_api import Locator, Page, expect

from bot.vocabulary import StaffRole
from tests.desk_pages import PASSWORD, code_of, hire
from tests.stack import Stack


class Colleague:
    """Somebody who is signed in at the staff desk.

    Attributes:
        problems: What their browser complained about.
    """

    def __init__(self, page: Page, stack: Stack, name: str, role: StaffRole = StaffRole.AGENT) -> None:
        self.page = page
        self.url = stack.staff_url
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        with stack.at_work() as desk:
            access = hire(desk, role, name)
        page.goto(f"{self.url}/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Code of your authenticator app").fill(code_of(access))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    @property
    def talk(self) -> Locator:
        """What was said in the conversation that is open."""
        return self.page.get_by_role("log", name="Conversation")

    def open_queue(self) -> None:
        """The list of conversations that wait."""
        self.page.goto(f"{self.url}/conversations")

    def open_conversation(self, number: str) -> None:
        """Out of the queue, by the number of its case."""
        self.open_queue()
        self.page.get_by_role("link", name=number).click()
        expect(self.talk).to_be_visible()

    def says(self, text: str) -> None:
        """Write an answer and send it."""
        box = self.page.get_by_label("Your answer")
        box.fill(text)
        box.press("Enter")

    def reads(self, text: str) -> None:
        """The text stands in the talk."""
        expect(self.talk.get_by_text(text).last).to_be_visible()

    def act(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()
