"""The demo's inbox shows mails as a mail program would, and lets nothing in them run."""

import re

import pytest
from fastapi.testclient import TestClient

from bot import mailing
from bot.store import outbox
from bot.web.app import make_app

AMELIA = "amelia.hartley@example.com"


@pytest.fixture
def browser(desk):
    with desk.transaction() as session:
        values = {"what": "<b>your</b> complaint", "number": "CS-1", "due": f"{desk.settings.public_url}/policy"}
        outbox.post(session, desk.clock.now(), AMELIA, "case_filed", "k1", **values)
    mailing.send_waiting_mails(desk, mailing.Mailer(desk))
    return TestClient(make_app(desk), raise_server_exceptions=False)


def test_the_page_of_a_mail_is_shown_in_a_frame_that_may_do_nothing(browser):
    inbox = browser.get("/demo/inbox-page", params={"to": AMELIA})
    frame = re.search(r'<iframe[^>]* src="([^"]+)"[^>]* sandbox="([^"]*)"', inbox.text)
    assert "allow-scripts" not in frame[2] and "allow-same-origin" not in frame[2]
    assert "frame-src 'self'" in inbox.headers["content-security-policy"]
    page = browser.get(frame[1].replace("&amp;", "&"))
    policy = page.headers["content-security-policy"]
    assert "&lt;b&gt;your&lt;/b&gt; complaint" in page.text and '<base target="_blank">' in page.text
    assert "default-src 'none'" in policy and "script-src" not in policy and "sandbox allow-popups" in policy


def test_a_mail_is_shown_only_to_who_knows_its_address(browser):
    assert browser.get("/demo/inbox/1", params={"to": "daniel.osei@example.com"}).status_code == 404
    assert browser.get("/demo/inbox/1", params={"to": AMELIA}).status_code == 200


def test_a_mail_that_was_not_sent_is_in_no_inbox(desk, browser):
    with desk.transaction() as session:
        values = {"what": "x", "number": "CS-2", "due": "y"}
        outbox.post(session, desk.clock.now(), AMELIA, "case_filed", "k2", **values)
    assert [mail["id"] for mail in browser.get("/demo/inbox", params={"to": AMELIA}).json()] == [1]
