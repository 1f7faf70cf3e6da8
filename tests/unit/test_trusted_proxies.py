"""Behind the shop's proxy everybody has an address of their own; nobody else says where a call comes from."""

import asyncio

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from bot.web.app import make_app, proxy_options
from tests.unit.test_limits import listen, session_at

PROXY, BALANCER, STRANGER = "10.0.0.5", "10.1.2.3", "192.0.2.66"


@pytest.fixture
def server(desk):
    """The web application as the server runs it; two new sessions are free for each address."""

    def made(trusted):
        desk.settings.trusted_proxies, desk.settings.rate_limit_sessions = trusted, "2/minute"
        config = uvicorn.Config(make_app(desk), log_config=None, **proxy_options(desk.settings))
        config.load()
        return config.loaded_app

    return made


def opened(app, said_to_be, comes_from=PROXY):
    """The status of a new session whose X-Forwarded-For is this."""

    async def knock():
        transport = httpx.ASGITransport(app, client=(comes_from, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk.example.com") as client:
            return await client.post("/api/v1/sessions", headers={"X-Forwarded-For": said_to_be})

    return asyncio.run(knock()).status_code


def test_one_person_behind_the_proxy_keeps_nobody_else_out(server):
    app = server(f"{PROXY}, 10.1.0.0/16")
    assert [opened(app, "198.51.100.1") for _ in range(3)] == [201, 201, 429]
    assert opened(app, "198.51.100.2") == 201
    assert opened(app, f"198.51.100.1, {BALANCER}") == 429, "the same person through both proxies"
    assert opened(app, f"198.51.100.2, {BALANCER}") == 201


def test_what_somebody_writes_into_the_header_before_it_comes_to_the_proxy_counts_for_nothing(server):
    app = server(PROXY)
    assert [opened(app, f"203.0.113.{n}, 198.51.100.1") for n in range(3)] == [201, 201, 429]
    assert opened(app, "203.0.113.0") == 201, "nothing was counted for whom they named"


def test_chats_listened_to_are_counted_for_each_person_behind_the_proxy(server, desk):
    desk.settings.streams_per_address = 1
    app = server(PROXY)
    web = app.app
    _, headers = session_at(TestClient(web))
    web.state.streams.open("somebody's chat", "198.51.100.1", None, None)
    for person, status in (("198.51.100.1", 429), ("198.51.100.2", 200)):
        assert listen(app, headers | {"X-Forwarded-For": person}, PROXY).status_code == status


@pytest.mark.parametrize("trusted", ["", PROXY])
def test_who_is_no_trusted_proxy_is_not_believed(server, trusted):
    app = server(trusted)
    assert [opened(app, f"203.0.113.{n}", STRANGER) for n in range(3)] == [201, 201, 429]
    assert opened(app, STRANGER, "198.51.100.1") == 201, "nor can they use up what is another's"
