"""Every mail has a page beside its words: the same words, safe, and readable by night."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import Environment, meta

from bot.store import outbox
from bot.store.mail_page import as_page

DESK = "https://desk.example.com"
FOLDER = outbox.TEMPLATES
TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.txt"))
# What may stand in a subject: numbers and fixed words of the house, which tell whoever looks over a shoulder nothing.
ALLOWED_IN_SUBJECTS = {"number", "what", "version", "effective", "due"}
LINKS = re.compile(r"https?://\S+")


class Seen(HTMLParser):
    """What a page shows, where it leads and what it would load."""

    def __init__(self, page):
        super().__init__()
        self.words, self.links, self.buttons, self.loads, self.tags = [], [], [], [], []
        self._hidden, self._button = 0, False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self._hidden += tag in ("style", "title")
        self.loads += [value for name, value in given.items() if name in ("src", "srcset", "background")]
        if tag == "a":
            self.links.append(given["href"])
            self._button = "inline-block" in given.get("style", "")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("style", "title")
        self._button = self._button and tag != "a"

    def handle_data(self, words):
        if not self._hidden:
            self.words.append(words)
        if self._button:
            self.buttons.append(words)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def canaries(template):
    """A value for everything a template names, each to be recognised."""
    source = (FOLDER / f"{template}.txt").read_text(encoding="utf-8")
    names = meta.find_undeclared_variables(Environment().parse(source))
    return {n: f"{DESK}/{n}/opaque" if n.endswith(("link", "url")) else f"canary-{n}" for n in names}


def page(text, subject="A subject"):
    return Seen(as_page(subject, text, DESK))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_has_a_plain_subject_and_nobodys_values_in_it_or_in_a_link(template):
    values = canaries(template)
    subject, text = outbox.rendered(template, values)
    assert 5 < len(subject) <= 150 and subject == subject.strip() and "@" not in subject
    told = {name for name, value in values.items() if value in subject}
    assert told <= ALLOWED_IN_SUBJECTS, f"the subject of {template} tells {told - ALLOWED_IN_SUBJECTS}"
    for link in LINKS.findall(text):
        assert link.startswith(f"{DESK}/") and "canary" not in link, f"{template} links to {link}"


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_has_a_page_with_all_its_words(template):
    subject, text = outbox.rendered(template, canaries(template))
    seen = Seen(as_page(subject, text, DESK))
    for word in set(re.findall(r"\w+", text)):
        assert word in seen.text, f"{word!r} is missing in the page of {template}"
    assert seen.loads == [] and not {"script", "img", "form", "link", "iframe"} & set(seen.tags)
    assert {link for link in seen.links if not link.startswith(f"{DESK}/")} == set()


def test_what_somebody_wrote_is_shown_and_does_nothing():
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \"quoted\" & 'so on'"
    seen = page(f"Hello,\n\n{evil}\n\n- {evil}\n\nYour code: <b>12</b>", subject=evil)
    assert seen.text.count("<script>alert(1)</script>") >= 3 and "script" not in seen.tags and "img" not in seen.tags


def test_only_addresses_of_the_desk_can_be_followed():
    strange = [
        "https://evil.example.org/x", f"{DESK}.evil.example.org/x", f"{DESK}@evil.example.org/",
        f"{DESK}:8443/x", "javascript:alert(1)", "http://desk.example.com/x",
    ]  # fmt: skip
    seen = page("\n\n".join(["Look here", *strange, *(f"Press this: {each}" for each in strange)]))
    assert seen.links == [f"{DESK}/policy"] and seen.buttons == []
    assert all(each in seen.text for each in strange)


@pytest.mark.parametrize(
    ("paragraph", "label"),
    [
        (f"Open the page: {DESK}/guardian/abc", "Open the page"),
        (f"Open the page:\n{DESK}/guardian/abc", "Open the page"),
        (f"{DESK}/guardian/abc", "Open the page"),
    ],
)
def test_a_paragraph_that_is_a_link_becomes_a_button_and_can_be_copied(paragraph, label):
    seen = page(f"Hello,\n\n{paragraph}\n\nYour privacy desk")
    assert seen.buttons == [label]
    assert seen.links.count(f"{DESK}/guardian/abc") == 2 and f"{DESK}/guardian/abc" in seen.text


def test_a_link_within_a_sentence_can_be_followed_without_its_full_stop():
    seen = page(f"Read it at {DESK}/policy/2026-01-15#security. Then tell us.")
    assert f"{DESK}/policy/2026-01-15#security" in seen.links


def test_lists_lines_and_paragraphs_stay_what_they_were():
    made = as_page("S", "These:\n- one\n- two goes\n  on\n\nA line\nof its own\n\n" + "x" * 70 + "\nflows on", DESK)
    assert re.findall(r"<li[^>]*>\s*(.*?)\s*</li>", made, re.DOTALL) == ["one", "two goes on"]
    assert "A line\n<br>" in made or re.search(r"A line\s*<br>", made)
    assert "x flows on" in " ".join(made.split())


def test_a_code_is_shown_large_and_a_seal_to_the_letter():
    made = as_page("S", "Your code: 123456\n\n-----BEGIN SEAL-----\nabc\ndef\n-----END SEAL-----", DESK)
    assert re.search(r"font:700 26px[^>]*>123456<", made)
    assert "-----BEGIN SEAL-----\nabc\ndef\n-----END SEAL-----" in made


def test_it_follows_the_readers_choice_of_dark_or_light():
    made = as_page("S", "Hello", DESK)
    assert '<meta name="color-scheme" content="light dark">' in made and "prefers-color-scheme: dark" in made
