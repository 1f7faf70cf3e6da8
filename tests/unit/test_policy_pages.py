"""The policy's pages: published versions only, and what changed, both texts side by side."""

import html
import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from bot.web.app import make_app
from tests import policies, rights
from tests.unit import policy_desks as people
from tests.unit.policy_desks import IN_FORCE, SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANGES = f"/policy/changes?from={policies.FIRST}&to={SECOND}"


@pytest.fixture
def desk(settings, tmp_path, seeded_shop, empty_desk):
    opened = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    yield opened
    rights.close(opened)


@pytest.fixture
def web(desk):
    return TestClient(make_app(desk), raise_server_exceptions=False)


def words(markup):
    """What a page says to the eye."""
    for hidden in ("removed: ", "added: "):
        markup = markup.replace(f'<span class="unseen">{hidden}</span>', "")
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_a_draft_has_no_page_and_no_changes(desk, web):
    assert web.get(f"/policy/{SECOND}").status_code == 404
    assert web.get(CHANGES).status_code == 404
    people.publish_second(desk)
    assert web.get(f"/policy/{SECOND}").status_code == 200 == web.get(CHANGES).status_code


def test_the_page_without_a_version_is_the_one_in_force(desk, web):
    people.publish_second(desk)
    assert policies.RETENTION not in web.get("/policy").text
    people.at(desk, IN_FORCE)
    page = web.get("/policy").text
    assert policies.RETENTION in page and f"to={SECOND}" in page


def test_every_change_stands_there_with_both_texts_its_sentence_and_its_mark(desk, web):
    people.publish_second(desk)
    page = web.get(CHANGES).text
    for clause, mark in policies.MARKS.items():
        section = page[page.index(f'<section class="change" id="{clause}"') :].partition("</section>")[0]
        assert mark["says"] in section and f'class="badge {mark["mark"]}"' in section
        old, new = re.findall(r'<div class="side">(.*?)</div>', section, re.DOTALL)
        for side, version in ((old, policies.FIRST), (new, SECOND)):
            text = desk.policies.version(version).by_id.get(clause)
            assert (text.quote if text else "This clause is not there.") in words(side)
    assert "reduces your rights" in page and "announced and not in effect yet" in page
    assert page.count('<section class="change"') == len(policies.MARKS)
    assert 'id="scope"' not in page, "what stays the same is left out"


@pytest.mark.parametrize(
    "path", ["/policy/changes", "/policy/changes?from=2026-01-15", "/policy/../secrets", "/policy/x?y=1"]
)
def test_odd_addresses_are_refused_without_a_word_too_many(desk, web, path):
    answer = web.get(path)
    assert answer.status_code in {404, 422} and "Traceback" not in answer.text


def responses(web, customer):
    """What a new chat of a customer begins with."""
    token = web.post("/demo/sign-in", json={"customer_id": customer}).json()["shop_token"]
    opened = web.post("/api/v1/sessions", headers={"Authorization": f"Bearer {token}"}).json()
    told = web.get("/api/v1/messages", headers={"Authorization": f"Bearer {opened['token']}"}).json()["messages"]
    return [each["response"] for each in told]


def test_a_chat_begins_with_the_notice_once_and_reading_it_is_delivery(desk, web):
    people.publish_second(desk)
    token = web.post("/demo/sign-in", json={"customer_id": "2020"}).json()["shop_token"]
    opened = web.post("/api/v1/sessions", headers={"Authorization": f"Bearer {token}"}).json()
    assert people.notice(desk, "2020").shown_at is None, "not before it was read"
    key = {"Authorization": f"Bearer {opened['token']}"}
    for _ in range(2):
        told = web.get("/api/v1/messages", headers=key).json()["messages"]
        assert [each["response"] for each in told] == ["utter_policy_banner_coming"]
        assert told[0]["card"]["url"] == CHANGES
    own = people.notice(desk, "2020")
    assert own.shown_at == own.delivered_at == START and own.starts_at == IN_FORCE
    assert people.notice(desk, "2021") is None, "a bystander was told nothing yet"
    assert responses(web, "2021") == responses(web, "2020") == ["utter_policy_banner_coming"], "in every chat of each"
    anonymous = web.post("/api/v1/sessions").json()
    quiet = {"Authorization": f"Bearer {anonymous['token']}"}
    assert web.get("/api/v1/messages", headers=quiet).json()["messages"] == []
