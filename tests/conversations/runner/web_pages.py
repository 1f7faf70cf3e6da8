"""A page of the desk as somebody without a chat meets it: opened from a link, its forms filled in and sent."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.conversations.runner.comparing import Differs, capture, pieces_found, pieces_missing
from tests.conversations.runner.steps import Page
from tests.stack import NO_TLS

_UNSEEN = {"style", "script", "title"}


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    button: str = ""


class _Read(HTMLParser):
    """The words of a page, and its forms with what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forms: list[_Form] = []
        self._inside: list[str] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(_Form(given.get("action", "")))
        elif tag == "select":
            self._select = given["name"]
            self.forms[-1].names.add(self._select)
        elif tag == "option" and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given["value"]
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].names.add(given["name"])
            if given.get("type") not in ("checkbox", "file") or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag in _UNSEEN or tag in ("button", "form"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, words: str) -> None:
        if self._inside and self._inside[-1] in _UNSEEN:
            return
        self.words.append(words)
        if self._inside and self._inside[-1] == "button":
            self.forms[-1].button += words.strip()


class Browsers:
    """Browsers of people who are not in a chat; each keeps its own cookies."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[httpx.Client, httpx.Response | None]] = {}

    def act(self, page: Page, client: httpx.Client | None, into: dict[str, Any]) -> str:
        """Open a link or press a button, and compare what comes.

        Args:
            page: The step.
            client: The browser, where it is that of somebody in the chat.
            into: Where captured values go.

        Returns:
            What was done, for the transcript.

        Raises:
            Differs: The page is another one, or has no such button.
        """
        browser, shown = self._open.get(
            page.by, (client or httpx.Client(trust_env=False, timeout=40, verify=NO_TLS), None)
        )
        answer = browser.get(page.open, follow_redirects=True) if page.open else self._press(browser, shown, page)
        self._open[page.by] = (browser, answer)
        text = " ".join(" ".join(_Read(answer.text).words).split())
        differences = [] if answer.status_code == page.status else [f"it is answered with {answer.status_code}"]
        differences += pieces_missing(text, page.says, "the page") + pieces_found(text, page.does_not_say, "the page")
        if differences := differences + capture(text, page.capture, "the page", into):
            raise Differs(*differences, f"the page says: {text[:1500]}")
        return f"opens {page.open.partition('?')[0]}" if page.open else f"presses [{page.press}] {page.fill or ''}"

    def _press(self, browser: httpx.Client, shown: httpx.Response | None, page: Page) -> httpx.Response:
        if shown is None:
            raise Differs(f"{page.by} has no page open")
        forms = _Read(shown.text).forms
        fitting = [form for form in forms if form.button == page.press]
        if len(fitting) != 1:
            raise Differs(f"the page has no button {page.press!r}; it has {', '.join(form.button for form in forms)}")
        form = fitting[0]
        if unknown := set(page.fill) - form.names:
            raise Differs(f"that form has no field {sorted(unknown)[0]}; it has {', '.join(sorted(form.names))}")
        values = form.fields | {name: "1" if value == "on" else str(value) for name, value in page.fill.items()}
        return browser.post(str(shown.url.join(form.action)), data=values, follow_redirects=True)

    def close(self) -> None:
        """Close them."""
        for browser, _ in self._open.values():
            browser.close()
