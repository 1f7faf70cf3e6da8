"""The page of a parent or guardian as a browser without scripts gets it: every state and every refusal."""

import re
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.store.desk_tables import Attachment, GuardianConsent
from bot.web.app import make_app
from tests.guardians import FATHER, MAYA, MOTHER, allowed, asked, link, mails
from tests.unit.conftest import open_chat
from tests.unit.test_attachments import HTML, WHOLE_PDF, WHOLE_PNG

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Seen(HTMLParser):
    """Its words, its forms, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.words, self.fields, self.labels, self.scripts = [], [], [], {}, set(), 0
        self.feed(text)
        assert not self.open, self.open
        assert len(self.ids) == len(set(self.ids)), "an id stands twice"

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.scripts += tag == "script" or any(name.startswith("on") for name in given) or "style" in given
        self.ids += [given["id"]] if "id" in given else []
        if tag == "label" and "for" in given:
            self.labels.add(given["for"])
        if tag in ("input", "select") and given.get("type") not in ("hidden", "checkbox"):
            self.fields[given["id"]] = given
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, words):
        self.words.append(words)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


class Browser:
    """One browser at one guardian's page."""

    def __init__(self, desk, address=MOTHER):
        self.desk, self.address = desk, address
        self.client = TestClient(make_app(desk), base_url="http://desk.example.com", follow_redirects=True)
        self.url = f"/guardian/{link(desk, address)}"

    def get(self, path=""):
        return self.look(self.client.get(self.url + path))

    def post(self, act, files=None, **values):
        return self.look(self.client.post(self.url, data={"act": act, **values}, files=files))

    def look(self, answer):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script-src" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        if answer.headers["content-type"].startswith("text/html"):
            answer.seen = Seen(answer.text)
            assert not answer.seen.scripts
            assert set(answer.seen.fields) <= answer.seen.labels, "a field has no label"
        return answer

    def prove(self):
        self.post("code")
        code = re.search(r"Your code: (\d{6})", mails(self.desk, self.address)[0].text)[1]
        return self.post("enter", code=f" {code[:3]} {code[3:]} ")

    def text_hash(self):
        return re.search(r'name="text_hash" value="(\w{64})"', self.get().text)[1]

    def agree(self, **changed):
        values = {"name": "Maria Anna Mother", "relation": "mother", "tick0": "1", "tick1": "1"}
        return self.post("agree", text_hash=self.text_hash(), **(values | changed))


@pytest.fixture
def desk(own_desk):
    return own_desk()


@pytest.fixture
def mother(desk):
    asked(desk, open_chat(desk, MAYA))
    return Browser(desk)


def state(desk):
    with desk.reading() as session:
        return session.scalar(select(GuardianConsent.state))


def test_before_the_code_the_page_says_nothing_about_the_young_person(mother):
    page = mother.get()
    assert page.status_code == 200
    for personal in ("Maya", "Lindqvist", MAYA, "Maria", MOTHER):
        assert personal not in page.text
    assert "This is not for me" in page.text and "m•••@e•••.com" in page.text


def test_the_whole_way_to_a_consent(desk, mother):
    page = mother.prove()
    assert "May Maya Lindqvist use this shop?" in page.text
    policy = desk.policies.in_force(desk.clock.now().date())
    assert policy.by_id["minors"].quote in page.seen.text
    page = mother.agree()
    assert "You have agreed." in page.text and allowed(desk).allowed
    assert mother.get().status_code == 410, "the link served once"
    after = Browser(desk)
    assert "Maya" not in after.get().text
    page = after.prove()
    assert "Maria Anna Mother" in page.text and "Take it back" in page.text
    page = after.post("withdraw")
    assert "Your consent is taken back" in page.text and not allowed(desk).allowed


def test_what_is_missing_is_said_beside_it_and_what_was_typed_stays(desk, mother):
    mother.prove()
    page = mother.agree(name="Maria Anna", tick1="")
    assert page.status_code == 422 and "Please tick both lines" in page.text and 'value="Maria Anna"' in page.text
    page = mother.agree(name="Maya Lindqvist")
    assert page.status_code == 422 and "own name" in page.text and 'aria-invalid="true"' in page.text
    assert state(desk) == "invited"


def test_wrong_codes_are_counted_and_said(mother):
    mother.post("code")
    pages = [mother.post("enter", code="abc") for _ in range(3)]
    assert "two tries left" in pages[0].text and "one try left" in pages[1].text
    assert "no longer serves" in pages[2].text


@pytest.mark.parametrize("act", ["agree", "refuse", "withdraw", "erase", "child_copy", "child_erasure", "hand_in"])
def test_every_act_needs_the_code(desk, mother, act):
    page = mother.post(act, name="Maria", relation="mother", sure="1", tick0="1", tick1="1")
    assert page.status_code in (403, 422) and state(desk) == "invited"
    assert not allowed(desk).allowed


@pytest.mark.parametrize("act", ["", "nonsense", "__init__"])
def test_an_act_that_does_not_exist_is_refused_in_words(mother, act):
    assert mother.post(act).status_code == 422


@pytest.mark.parametrize("token", ["x", "x.y", "a" * 500, "%2e%2e", "<script>alert(1)", "x.é"])
def test_a_link_that_was_never_made_says_one_and_the_same_thing(mother, token):
    mother.url = f"/guardian/{token}"
    answers = {mother.get().status_code, mother.post("code").status_code, mother.get("/form").status_code}
    assert answers <= {410, 404}
    assert "<script" not in mother.get().text


def test_links_that_were_never_made_are_not_remembered(desk, mother):
    for n in range(5):
        assert mother.client.post(f"/guardian/never-made-{n}", data={"act": "code"}).status_code == 410
    assert mother.post("code").status_code == 200
    kept = repr(vars(mother.client.app.state.limits._window.storage))
    assert "never-made" not in kept and mother.url.rpartition("/")[2] not in kept
    with desk.reading() as session:
        assert session.scalar(select(GuardianConsent.number)) in kept


def test_far_too_many_acts_at_one_page_are_refused_in_words_and_another_page_is_not(desk):
    desk.settings.rate_limit_messages = "3/minute"
    asked(desk, open_chat(desk, MAYA))
    mother = Browser(desk)
    pages = [mother.post("code") for _ in range(4)]
    assert [page.status_code for page in pages] == [200, 200, 200, 429]
    assert "That was a lot at once" in pages[3].text and "m•••@e•••.com" in pages[3].text
    sent = len(mails(desk, MOTHER))
    assert mother.post("not_me").status_code == 429 and state(desk) == "invited"
    mother.client.cookies.clear()
    assert mother.post("code").status_code == 429, "another visit to the same page is no way around it"
    assert len(mails(desk, MOTHER)) == sent
    asked(desk, open_chat(desk, MAYA), FATHER)
    mother.url = f"/guardian/{link(desk, FATHER)}"
    assert mother.post("code").status_code == 200, "a page of somebody else"
    assert len(mails(desk, FATHER)) == 2


def test_the_young_persons_browser_is_turned_away_with_a_clear_sentence(desk, mother):
    client = mother.client
    signed = client.post("/demo/sign-in", json={"customer_id": MAYA}).json()["shop_token"]
    opened = client.post("/api/v1/sessions", headers={"Authorization": f"Bearer {signed}"})
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie and "Path=/guardian/" in cookie and MAYA not in cookie
    page = mother.get()
    assert page.status_code == 403 and "Nobody can agree for themselves" in page.text
    assert mother.post("code").status_code == 403
    assert Browser(desk).get().status_code == 200, "another browser is welcome"


def test_on_a_page_of_the_shop_the_browser_may_keep_the_mark_and_a_strangers_page_reads_nothing(desk):
    desk.settings.allowed_origins = "https://shop.example.com, https://www.example.com"
    client = TestClient(make_app(desk), base_url="http://desk.example.com")

    def opened(origin):
        signed = client.post("/demo/sign-in", json={"customer_id": MAYA}).json()["shop_token"]
        answer = client.post("/api/v1/sessions", headers={"Authorization": f"Bearer {signed}", "Origin": origin})
        assert answer.status_code == 201 and "set-cookie" in answer.headers
        return answer.headers

    at_home = opened("https://www.example.com")
    assert at_home["access-control-allow-origin"] == "https://www.example.com"
    assert at_home["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in opened("https://www.example.org")
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    first = client.options("/api/v1/sessions", headers={"Origin": "https://shop.example.com", **asks})
    assert first.status_code == 200 and first.headers["access-control-allow-credentials"] == "true"
    assert client.options("/api/v1/sessions", headers={"Origin": "https://www.example.org", **asks}).status_code == 400


def test_an_adults_browser_gets_no_mark(mother):
    signed = mother.client.post("/demo/sign-in", json={"customer_id": "1001"}).json()["shop_token"]
    opened = mother.client.post("/api/v1/sessions", headers={"Authorization": f"Bearer {signed}"})
    assert "set-cookie" not in opened.headers


def test_a_code_typed_in_another_browser_opens_nothing_there(desk, mother):
    other = Browser(desk)
    mother.prove()
    assert "Maya" in mother.get().text and "Maya" not in other.get().text


def test_the_visit_comes_along_from_a_link_in_a_mail_and_not_with_a_form_of_another_site(mother):
    cookie = mother.get().headers["set-cookie"]
    assert "SameSite=lax" in cookie and "HttpOnly" in cookie and "Path=/guardian/" in cookie


def test_a_signed_form_is_taken_and_what_is_none_is_refused_in_words(desk, mother):
    mother.prove()
    values = {"name": "Maria Mother", "relation": "mother"}
    for bad, why in ((HTML, "not a PDF"), (WHOLE_PNG + HTML, "more than a document"), (b"", "file is empty")):
        page = mother.post("hand_in", files={"file": ("form.pdf", bad)}, **values)
        assert page.status_code == 422 and why in page.text and state(desk) == "invited"
    assert mother.post("hand_in", **values).status_code == 422
    page = mother.post("hand_in", files={"file": ("../../form.pdf.exe", WHOLE_PDF)}, **values)
    assert page.status_code == 200 and "Your signed form has arrived" in page.text and state(desk) == "in_review"
    with desk.reading() as session:
        (kept,) = session.scalars(select(Attachment))
    assert (kept.name, kept.media_type, kept.subject) == ("form.pdf.pdf", "application/pdf", MAYA)


def test_a_file_is_not_even_looked_at_before_the_code(desk, mother, monkeypatch):
    from bot.web import guardian

    monkeypatch.setattr(guardian, "clean", lambda *_: pytest.fail("looked at"))
    mother.post("hand_in", files={"file": ("form.png", WHOLE_PNG)}, name="Maria", relation="mother")
    assert state(desk) == "invited"


def test_too_large_a_body_is_refused_before_it_is_read(mother):
    mother.prove()
    answer = mother.client.post(mother.url, data={"act": "hand_in"}, files={"file": ("a.png", bytes(6 * 1024 * 1024))})
    assert answer.status_code == 413


def test_who_comes_by_the_address_of_the_api_is_led_to_the_page_with_all_they_send(desk, mother):
    page = mother.url
    mother.url = f"/api/v1{page}"
    led = mother.client.get(mother.url, follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (308, page)
    assert "May Maya Lindqvist use this shop?" in mother.prove().text
    values = {"name": "Maria Mother", "relation": "mother"}
    scan = WHOLE_PNG + bytes(4 * 1024 * 1024)
    answer = mother.post("hand_in", files={"file": ("form.png", scan)}, **values)
    assert answer.status_code == 422 and "more than a document" in answer.text
    assert mother.post("hand_in", files={"file": ("form.pdf", WHOLE_PDF)}, **values).status_code == 200
    assert state(desk) == "in_review"
    too_large = mother.client.post(mother.url, files={"file": ("a.png", bytes(6 * 1024 * 1024))})
    assert too_large.status_code == 413 and "at most 5 MB" in too_large.json()["detail"]


def test_the_form_to_print_is_there_for_who_typed_the_code(mother):
    assert mother.get("/form").status_code == 422
    mother.prove()
    page = mother.get("/form")
    assert page.status_code == 200 and "Signature" in page.text and "Maya Lindqvist" in page.text


def test_a_no_a_mistake_and_an_erasure_end_on_a_page_that_says_so(desk, mother):
    page = mother.post("not_me")
    assert "forgotten your address" in page.text and state(desk) == "cancelled"
    asked(desk, open_chat(desk, MAYA), FATHER)
    father = Browser(desk, FATHER)
    father.prove()
    assert "You have not agreed" in father.post("refuse").text
    father = Browser(desk, FATHER)
    father.prove()
    assert father.post("erase").status_code == 422
    assert "Everything about you is erased" in father.post("erase", sure="1").text
    assert father.get().status_code == 410
    assert mails(desk, FATHER) == [] == mails(desk, MOTHER)


def test_what_is_asked_for_a_child_is_told_on_the_page(desk, mother):
    mother.prove()
    mother.agree()
    after = Browser(desk)
    after.prove()
    assert "A person at the shop looks at it first" in after.post("child_copy").text


def test_a_name_with_code_in_it_is_words_on_the_page(desk):
    asked(desk, open_chat(desk, MAYA), name="<img src=x onerror=alert(1)>")
    browser = Browser(desk)
    browser.prove()
    assert "<img" not in browser.get().text
