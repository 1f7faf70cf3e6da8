"""What a person reads when lines break, sessions end and messages arrive by themselves."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from bot.store import conversations
from bot.store.announcements import announce
from tests.browser.conftest import Visit
from tests.stack import Stack

QUESTION, ANSWER = "Thank you", "You are welcome."
MESSAGES, EVENTS = "**/api/v1/messages", "**/api/v1/events"
READY = "The copy of your data, PR-2026-000001, is ready."
CLAIM, BLOTTED = "CS-2026-999999 7K2M-9XQ4-HR3D", "CS-2026-999999 ••••-••••-••••"


def token_of(visit: Visit) -> str:
    """What opens this chat."""
    return visit.page.evaluate("sessionStorage.getItem(`privacy-desk ${location.origin} anonymous`)")


def stored_questions(visit: Visit) -> list[str]:
    """What the desk itself has of this conversation."""
    history = httpx.get(
        f"{visit.url}/api/v1/messages", headers={"Authorization": f"Bearer {token_of(visit)}"}, trust_env=False
    ).json()
    return [message["text"] for message in history["messages"] if message["author"] == "user"]


def test_a_message_that_was_not_sent_says_so_and_is_sent_once_on_trying_again(visit: Visit) -> None:
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        route.abort("internetdisconnected")

    visit.page.route(MESSAGES, lose)
    visit.say(QUESTION)
    expect(visit.log.get_by_text("Not sent. The connection was lost.")).to_be_visible()
    expect(visit.desk.get_by_role("alert").get_by_text("Not sent.")).to_have_count(1)

    visit.page.unroute(MESSAGES)
    with visit.page.expect_request(MESSAGES) as sent:
        visit.log.get_by_role("button", name="Try again").click()
    visit.reads(ANSWER)
    expect(visit.log.get_by_text("Not sent.")).to_have_count(0)
    assert {*keys, sent.value.headers["idempotency-key"]} == {keys[0]}
    assert visit.own_messages() == [QUESTION]
    assert stored_questions(visit) == [QUESTION]


def test_while_the_desk_works_the_person_sees_and_hears_that_it_is_writing(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route("**/api/v1/events", lambda route: route.abort())
    visit.page.route(MESSAGES, lambda route: held.append(route))
    visit.say(QUESTION)
    expect(visit.desk.locator(".typing")).to_be_visible()
    expect(visit.desk.get_by_role("status").filter(has_text="The privacy desk is writing")).to_have_count(1)
    expect(visit.desk.get_by_role("list", name="Suggestions")).to_be_hidden()

    # The session is opened first, so the message itself may still be on its way to the route.
    for _ in range(250):
        if held:
            break
        visit.page.wait_for_timeout(20)
    held[0].continue_()
    visit.reads(ANSWER)
    expect(visit.desk.locator(".typing")).to_be_hidden()
    expect(visit.desk.get_by_role("status").filter(has_text="is writing")).to_have_count(0)


def test_an_answer_that_got_lost_is_fetched_without_doing_anything_twice(visit: Visit) -> None:
    visit.page.route("**/api/v1/events", lambda route: route.abort())
    lost = []

    def lose_the_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort("connectionreset")

    visit.page.route(MESSAGES, lose_the_answer)
    visit.ask(QUESTION, ANSWER)

    assert lost == [200]
    assert visit.own_messages() == [QUESTION]
    expect(visit.log.get_by_text(ANSWER)).to_have_count(1)
    assert stored_questions(visit) == [QUESTION]


def test_a_message_that_was_not_sent_can_be_removed(visit: Visit) -> None:
    visit.page.route(MESSAGES, lambda route: route.abort())
    visit.say(QUESTION)
    visit.log.get_by_role("button", name="Remove").click()
    assert visit.own_messages() == []
    expect(visit.input).to_be_focused()


def test_the_sentence_of_a_refusal_is_shown_with_a_way_on(visit: Visit) -> None:
    sentence = "The desk could not do that just now, and nothing was changed. Please try again in a moment."
    problem = {"title": "Not available", "status": 503, "detail": sentence, "code": "unavailable"}
    visit.page.route(MESSAGES, lambda route: route.fulfill(status=503, json=problem))
    visit.say(QUESTION)
    visit.reads(sentence)

    visit.page.unroute(MESSAGES)
    visit.log.get_by_role("button", name="Try again").click()
    visit.reads(ANSWER)
    expect(visit.log.get_by_text(sentence)).to_have_count(0)
    assert visit.own_messages() == [QUESTION]


def test_when_the_session_has_ended_the_same_message_opens_a_new_one(visit: Visit) -> None:
    visit.ask("Hello", "What would you like to know or do?")
    over = {
        "title": "Not signed in",
        "status": 401,
        "detail": "This chat session has ended.",
        "code": "session_expired",
    }
    visit.page.route(MESSAGES, lambda route: route.fulfill(status=401, json=over), times=1)
    visit.ask(QUESTION, ANSWER)

    visit.reads("The earlier chat has ended. This is a new one.")
    assert visit.own_messages() == ["Hello", QUESTION]
    assert stored_questions(visit) == [QUESTION]
    expect(visit.log.get_by_role("button", name="What can you do?")).to_be_disabled()


def test_a_session_that_is_gone_at_reload_begins_anew(visit: Visit) -> None:
    visit.ask("Hello", "What would you like to know or do?")
    visit.page.evaluate("sessionStorage.setItem(`privacy-desk ${location.origin} anonymous`, 'gone')")
    visit.page.reload()
    expect(visit.desk.get_by_role("button", name="Do you sell my data?")).to_be_visible()
    visit.ask(QUESTION, ANSWER)
    assert visit.own_messages() == [QUESTION]


def agent_says(number: int, text: str) -> dict[str, Any]:
    return {"id": str(number), "author": "agent", "text": text, "created_at": "2026-11-23T10:00:00+00:00"}


def test_a_persons_messages_arrive_by_themselves_once_and_the_banner_names_a_person(visit: Visit) -> None:
    visit.ask("Hello", "What would you like to know or do?")
    asked: list[str] = []
    ruth = f"id: 900001\nevent: message\ndata: {json.dumps(agent_says(900001, 'This is Ruth.'))}\n\n"
    owner = 'event: owner\ndata: {"owner": "person"}\n\n'

    def stream(route: Route) -> None:
        asked.append(route.request.headers["last-event-id"])
        second = f"id: 900002\nevent: message\ndata: {json.dumps(agent_says(900002, 'How can I help?'))}\n\n"
        body = owner + ruth if len(asked) == 1 else ruth + second
        route.fulfill(body=body, content_type="text/event-stream")

    visit.page.route("**/api/v1/events", stream)
    visit.page.reload()
    visit.reads("This is Ruth.")
    visit.reads("How can I help?")

    expect(visit.desk.get_by_text("You are talking with a person")).to_be_visible()
    expect(visit.log.get_by_text("This is Ruth.")).to_have_count(1)
    expect(visit.log.get_by_text("A person at the shop", exact=True).first).to_be_visible()
    assert asked[1] == "900001"


def test_messages_that_arrive_while_the_chat_is_closed_are_counted(visit: Visit) -> None:
    visit.ask("Hello", "What would you like to know or do?")
    visit.page.keyboard.press("Escape")
    body = f"id: 900001\nevent: message\ndata: {json.dumps(agent_says(900001, 'This is Ruth.'))}\n\n"
    visit.page.route("**/api/v1/events", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    visit.page.reload()
    visit.desk.get_by_role("button", name="Open the privacy desk chat, 1 new message").click()
    visit.reads("This is Ruth.")


@pytest.fixture
def cut_off(visit: Visit) -> Visit:
    """A chat with something in it, whose stream is broken: answers to messages still come."""
    visit.ask("Hello", "What would you like to know or do?")
    visit.page.route(EVENTS, lambda route: route.abort())
    visit.page.reload()
    visit.reads("What would you like to know or do?")
    return visit


def copy_is_ready(visit: Visit, stack: Stack) -> None:
    """The desk says something by itself, as its worker does."""
    with stack.at_work() as desk, desk.transaction() as session:
        chat = conversations.conversation_of_session(session, token_of(visit), datetime.now(UTC))
        values = {"number": "PR-2026-000001", "until": "Monday"}
        announce(session, desk.clock.now(), chat.id, "utter_export_ready", **values)


def test_what_the_desk_said_while_the_stream_was_broken_is_read_once_and_in_its_place(
    cut_off: Visit, stack: Stack
) -> None:
    copy_is_ready(cut_off, stack)
    cut_off.ask(QUESTION, ANSWER)
    expect(cut_off.log.get_by_text(READY)).to_have_count(0)

    cut_off.page.unroute(EVENTS)
    cut_off.reads(READY)
    read = cut_off.log.locator(".message .text").all_text_contents()
    assert [text for text in read if text.startswith((READY, QUESTION, ANSWER))] == read[-3:]
    assert read[-3].startswith(READY) and read[-2] == QUESTION
    cut_off.page.reload()
    cut_off.reads(ANSWER)
    assert cut_off.log.locator(".message .text").all_text_contents() == read, "the history says the same"


def test_a_typed_claim_code_that_comes_back_blotted_out_stands_there_once(cut_off: Visit, stack: Stack) -> None:
    cut_off.ask(CLAIM, "I have nothing under that number and code.")
    cut_off.ask(QUESTION, ANSWER)
    assert stored_questions(cut_off) == ["Hello", BLOTTED, QUESTION]
    copy_is_ready(cut_off, stack)

    cut_off.page.unroute(EVENTS)
    cut_off.reads(READY)
    assert cut_off.own_messages() == ["Hello", CLAIM, QUESTION]


def test_a_claim_code_that_comes_back_before_its_answer_stands_there_once(cut_off: Visit) -> None:
    back = agent_says(900001, BLOTTED) | {"author": "user"}
    told = "".join(f"event: message\ndata: {json.dumps(said)}\n\n" for said in (back, agent_says(900002, "Later")))
    held: list[Route] = []

    def stream(route: Route) -> None:
        route.fulfill(body=told, content_type="text/event-stream") if held else route.abort()

    cut_off.page.unroute(EVENTS)
    cut_off.page.route(EVENTS, stream)
    cut_off.page.route(MESSAGES, lambda route: held.append(route))
    cut_off.say(CLAIM)
    cut_off.reads("Later")
    assert cut_off.own_messages() == ["Hello", CLAIM]
    held[0].continue_()
    cut_off.reads("I have nothing under that number and code.")
    assert cut_off.own_messages() == ["Hello", CLAIM]
