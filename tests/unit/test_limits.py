"""How much one address or one conversation may send; on by default."""

import asyncio
import time

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection

from bot.errors import RateLimited, SetupError
from bot.web.app import make_app
from bot.web.engine_client import Reply
from bot.web.limits import Limits, address_of
from bot.web.turns import Turns


def test_too_many_sessions_of_one_address_are_refused_and_others_are_not(settings):
    settings.rate_limit_sessions = "3/minute"
    limits = Limits(settings)
    for _ in range(3):
        limits.new_session("192.0.2.1")
    with pytest.raises(RateLimited):
        limits.new_session("192.0.2.1")
    limits.new_session("192.0.2.2")


def test_too_many_messages_of_one_conversation_are_refused_and_others_are_not(settings):
    settings.rate_limit_messages = "2/minute"
    limits = Limits(settings)
    for _ in range(2):
        limits.message("a")
    with pytest.raises(RateLimited):
        limits.message("a")
    limits.message("b")


def test_the_limits_are_on_by_default(settings):
    limits = Limits(settings)
    with pytest.raises(RateLimited):
        for _ in range(10_000):
            limits.message("a")


def test_of_whoever_was_counted_nothing_is_kept_once_the_time_is_over(settings):
    for name in ("sessions", "messages", "claims", "uploads"):
        setattr(settings, f"rate_limit_{name}", "1/second")
    limits = Limits(settings)
    kept = limits._window.storage
    for count in (limits.new_session, limits.message, limits.claim, limits.upload):
        count("192.0.2.1")
        with pytest.raises(RateLimited):
            count("192.0.2.1")
    assert "192.0.2.1" in repr(vars(kept))
    time.sleep(1.1)
    limits.message("somebody later")
    kept.timer.join()
    assert "192.0.2.1" not in repr(vars(kept)) and "somebody later" in repr(vars(kept))


def test_a_limit_that_cannot_be_read_stops_the_start(settings):
    settings.rate_limit_messages = "plenty"
    with pytest.raises(SetupError):
        Limits(settings)


class Engine:
    """Stands where Rasa stands."""

    async def turn(self, payload):
        return Reply([{"text": "Fine.", "response": "utter_fine"}])


@pytest.fixture
def door(desk):
    """The web application behind its door."""
    app = make_app(desk)
    app.state.turns = Turns(desk, Engine())
    return TestClient(app)


def session_at(door):
    opened = door.post("/api/v1/sessions").json()
    return opened["conversation_id"], {"Authorization": f"Bearer {opened['token']}"}


def listen(app, headers, address="192.0.2.1"):
    """What the API answers to one who wants to listen; whoever is let in hangs up at once."""

    async def asked():
        begun, told = asyncio.Event(), []

        async def hang_up():
            await begun.wait()
            return {"type": "http.disconnect"}

        async def hear(message):
            told.append(message)
            begun.set()

        lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        call = {"type": "http", "method": "GET", "path": "/api/v1/events", "query_string": b"", "headers": lines}
        await asyncio.wait_for(app(call | {"client": (address, 1)}, hang_up, hear), 5)
        return httpx.Response(told[0]["status"], content=b"".join(message["body"] for message in told[1:]))

    return asyncio.run(asked())


def hang_up(stream):
    """Its listener leaves."""

    async def leave():
        return {"type": "http.disconnect"}

    async def nobody(_message):
        pass

    asyncio.run(stream({"type": "http", "method": "GET"}, leave, nobody))


def test_a_chat_is_listened_to_in_a_few_places_at_once_and_others_are_not_held_up(door):
    streams, (crowded, headers), (bystander, _) = door.app.state.streams, session_at(door), session_at(door)
    opened = [streams.open(crowded, "192.0.2.1", headers["Authorization"], None) for _ in range(10)]
    refused = listen(door.app, headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert "too many places" in refused.json()["detail"]
    hang_up(streams.open(bystander, "192.0.2.1", headers["Authorization"], None))
    hang_up(opened[0])
    assert streams.open(crowded, "192.0.2.1", headers["Authorization"], None).media_type == "text/event-stream"
    with pytest.raises(RateLimited):
        streams.open(crowded, "192.0.2.1", headers["Authorization"], None)


def test_one_address_listens_to_so_many_chats_at_once_and_nobody_elses_are_held_up(settings, desk):
    settings.streams_per_address = 2
    app = make_app(desk)
    streams, chats = app.state.streams, [session_at(TestClient(app)) for _ in range(3)]
    for address, neighbour, stranger in (
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", "2001:db8:1:2::1"),
        ("::ffff:198.51.100.1", "198.51.100.1", "::ffff:198.51.100.2"),
    ):
        counted = (
            listen(app, chats[0][1], address),
            listen(app, chats[0][1], address),
            listen(app, chats[0][1], address),
        )
        assert [answer.status_code for answer in counted] == [200] * 3, "who has left is counted no more"
        call = HTTPConnection({"type": "http", "client": (address, 1)})
        opened = [streams.open(chat, address_of(call), headers["Authorization"], None) for chat, headers in chats[:2]]
        for _ in range(10):
            refused = listen(app, chats[2][1], neighbour)
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert "from your network" in refused.json()["detail"]
        assert listen(app, chats[2][1], stranger).status_code == 200, "what was refused is not counted for the chat"
        hang_up(opened[0])
        assert listen(app, chats[2][1], neighbour).status_code == 200
        hang_up(opened[1])


def test_new_chats_are_counted_for_all_addresses_of_an_ipv6_network_together(settings, desk):
    settings.rate_limit_sessions = "2/minute"
    app = make_app(desk)

    def opened(address):
        return TestClient(app, client=(address, 1)).post("/api/v1/sessions").status_code

    assert [opened(f"2001:db8:1:1::{n}") for n in range(3)] == [201, 201, 429]
    assert opened("2001:db8:1:2::1") == 201
    assert [opened("::ffff:198.51.100.1") for _ in range(3)] == [201, 201, 429]
    assert opened("::ffff:198.51.100.2") == 201


def test_a_message_that_is_too_long_is_not_looked_through_for_a_claim_code(settings, desk):
    settings.rate_limit_claims = "1/hour"
    app = make_app(desk)
    app.state.turns = Turns(desk, Engine())
    door = TestClient(app)
    _, headers = session_at(door)
    claim = "7QF2-M8KD-40XS"
    for text, status in ((f"{claim} " * 400, 413), (claim, 200), (claim, 429), ("Hello", 200)):
        assert door.post("/api/v1/messages", headers=headers, json={"text": text}).status_code == status
