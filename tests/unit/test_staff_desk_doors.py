"""Every way into the staff desk needs a session and a role, whatever page anybody adds."""

import asyncio
import re
from contextlib import suppress

import pytest
from nicegui import app as nicegui
from starlette.routing import Mount, Route, WebSocketRoute

from bot.desk import door
from bot.desk.app import application, make_app
from bot.desk.registry import ENTRIES
from bot.desk.shell import target_of
from bot.desk.sign_in import _own_path
from bot.privacy import staff_accounts, staff_sign_in
from bot.vocabulary import StaffRole
from tests.desk_pages import PASSWORD, code_of, hire, http, signed_in

NUMBERS = {"number": "PR-2026-000001", "case_number": "CS-2026-000001", "customer": "1001"}


def routes(app, prefix=""):
    """Every route of an application and of what is mounted in it, as (path, route)."""
    for route in app.routes:
        if hasattr(route, "original_router"):
            yield from routes(route.original_router, prefix)
        elif isinstance(route, Mount):
            yield prefix + route.path + "/", route
            yield from routes(route.app, prefix + route.path) if hasattr(route.app, "routes") else ()
        else:
            yield prefix + route.path, route


def filled(path):
    """A path with something in its places."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: NUMBERS.get(m[1], "x"), path)


def every_path():
    application()
    return sorted({filled(path) for path, _ in routes(application())})


def pages():
    application()
    return sorted(ENTRIES)


def test_nothing_is_answered_without_a_session_but_what_is_named(desk):
    async def walk():
        async with http(desk) as browser:
            for path in every_path():
                for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                    answer = await browser.request(method, path)
                    if path in door.OPEN:
                        continue
                    assert answer.status_code in {303, 401}, (method, path, answer.status_code)
                    assert answer.headers.get("location", "/sign-in").startswith("/sign-in"), path

    asyncio.run(walk())
    assert {"/", "/account", "/sign-out"} <= set(every_path()) and len(every_path()) > 10


def test_what_is_open_gives_nothing_away(desk):
    assert sorted(door.OPEN) == ["/healthz", "/look/desk.css", "/look/favicon.svg", "/sign-in"]


def test_every_page_is_registered_with_roles(desk):
    application()
    own = ("/_nicegui", "/favicon")
    built = {path for path, route in routes(nicegui) if isinstance(route, Route) and not path.startswith(own)}
    assert built <= set(ENTRIES) | {"/"}, "a page that was not made with @page has no roles"
    assert all(entry.roles for entry in ENTRIES.values())
    assert not [path for path, route in routes(nicegui) if isinstance(route, WebSocketRoute)]


@pytest.mark.parametrize("role", list(StaffRole))
def test_a_role_opens_its_pages_and_reads_a_no_on_all_others(desk, role):
    async def walk():
        app = application()
        async with app.router.lifespan_context(app), signed_in(desk, hire(desk, role)) as browser:
            for path in pages():
                answer = await browser.get(filled(path))
                if role in ENTRIES[path].roles:
                    assert answer.status_code in {200, 404}, (path, answer.status_code)
                else:
                    assert answer.status_code == 403 and "Your role may not do this" in answer.text, path
                assert answer.headers["content-security-policy"].count("nonce-") == 1
                assert "<script>" not in answer.text and "unsafe-inline" not in _scripts(answer)

    asyncio.run(walk())


def _scripts(answer):
    return answer.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]


def test_a_disabled_account_is_out_at_the_next_request(desk):
    async def walk():
        app = application()
        async with app.router.lifespan_context(app), signed_in(desk, hire(desk, name="kim")) as browser:
            assert (await browser.get("/account")).status_code == 200
            with desk.transaction() as session:
                staff_accounts.disable(session, desk.clock.now(), "kim", "test")
            assert (await browser.get("/account")).status_code == 303

    asyncio.run(walk())


@pytest.mark.parametrize("origin", ["https://elsewhere.example.com", "null", "", "http://127.0.0.1:1"])
def test_another_sites_page_can_sign_nobody_in_or_out(desk, origin):
    async def post():
        async with signed_in(desk, hire(desk, name="kim")) as browser:
            for path in ("/sign-in", "/sign-out", "/"):
                assert (await browser.post(path, headers={"Origin": origin})).status_code == 403, path
            assert (await browser.get("/sign-in")).status_code == 303, "still signed in"

    asyncio.run(post())


def test_another_host_name_is_refused_even_for_reading(desk):
    async def get():
        async with http(desk) as browser:
            assert (await browser.get("/sign-in", headers={"Host": "evil.example.com"})).status_code == 421

    asyncio.run(get())


def test_signing_in_over_http_sets_a_strict_cookie_and_goes_on_to_where_one_wanted(desk):
    kim = hire(desk, name="kim")

    async def walk():
        async with http(desk) as browser:
            wrong = await browser.post("/sign-in", data={"name": "kim", "password": PASSWORD, "code": "000000"})
            assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
            form = {"name": "kim", "password": PASSWORD, "code": code_of(kim), "then": "/account"}
            right = await browser.post("/sign-in", data=form)
            assert (right.status_code, right.headers["location"]) == (303, "/account")
            cookie = right.headers["set-cookie"].lower()
            assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie

    asyncio.run(walk())


def test_over_https_the_cookie_is_bound_to_the_host(desk):
    desk.settings.staff_url = "https://staff.example.com"
    kim = hire(desk, name="kim")

    async def walk():
        async with http(desk) as browser:
            form = {"name": "kim", "password": PASSWORD, "code": code_of(kim)}
            cookie = (await browser.post("/sign-in", data=form)).headers["set-cookie"]
            assert cookie.startswith("__Host-desk=") and "Secure" in cookie
            local = {"Origin": f"http://127.0.0.1:{desk.settings.desk_port}"}
            assert (await browser.post("/sign-in", data=form, headers=local)).status_code == 403

    asyncio.run(walk())


@pytest.mark.parametrize(
    "then", ["//evil.example.com", "https://evil.example.com", "/\\evil", "javascript:alert(1)", ""]
)
def test_signing_in_never_leads_to_another_site(then):
    assert _own_path(then) == "/"


class Socket:
    """A WebSocket as a server sees it."""

    def __init__(self, desk, token, origin=None):
        url = desk.settings.staff_url
        headers = {"host": url.removeprefix("http://"), "origin": origin or url, "cookie": f"desk={token}"}
        self.scope = {
            "type": "websocket", "path": "/_nicegui_ws/socket.io/", "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        self.received, self.sent, self.reached = asyncio.Queue(), [], []

    async def send(self, message):
        self.sent.append(message)

    async def app(self, scope, receive, send):
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.reached.append(message)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(door, "_LOOK_AGAIN_SECONDS", 0.0)


def test_an_open_websocket_is_closed_when_its_account_is_disabled(desk, quick):
    token = staff_sign_in.sign_in(desk, "kim", PASSWORD, code_of(hire(desk, name="kim")))

    async def talk():
        socket = Socket(desk, token)
        event = {"type": "websocket.receive", "text": '42["event",{}]'}
        running = asyncio.create_task(door.Door(socket.app, desk)(socket.scope, socket.received.get, socket.send))
        for message in ({"type": "websocket.connect"}, event):
            await socket.received.put(message)
        while len(socket.reached) < 2:
            await asyncio.sleep(0.01)
        with desk.transaction() as session:
            staff_accounts.disable(session, desk.clock.now(), "kim", "test")
        await socket.received.put(event)
        with suppress(TimeoutError):
            await asyncio.wait_for(running, 5)
        assert len(socket.reached) == 2, "what was sent after that reached nobody"
        assert socket.sent[-1] == {"type": "websocket.close", "code": 4401}

    asyncio.run(talk())


@pytest.mark.parametrize(("token", "origin"), [("", None), ("made up", None), (None, "https://elsewhere.example.com")])
def test_a_websocket_without_a_session_or_from_another_site_is_refused(desk, token, origin):
    kim = hire(desk, name="kim")
    token = staff_sign_in.sign_in(desk, "kim", PASSWORD, code_of(kim)) if token is None else token

    async def talk():
        socket = Socket(desk, token, origin)
        await socket.received.put({"type": "websocket.connect"})
        await door.Door(socket.app, desk)(socket.scope, socket.received.get, socket.send)
        assert socket.sent == [{"type": "websocket.close", "code": 4401}] and socket.reached == []

    asyncio.run(talk())


def test_every_answer_of_the_desk_has_its_security_headers(desk):
    async def get():
        async with http(desk) as browser:
            for path in ("/", "/sign-in", "/look/desk.css", "/nothing", "/healthz"):
                headers = (await browser.get(path)).headers
                assert "frame-ancestors 'none'" in headers["content-security-policy"], path
                assert headers["x-content-type-options"] == "nosniff", path

    asyncio.run(get())


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        (" pr-2026-000001 ", "/requests/PR-2026-000001"),
        ("CS-2026-000007", "/cases/CS-2026-000007"),
        ("1001", "/customers/1001"),
        ("../account", None),
        ("two words", None),
        ("", None),
    ],
)
def test_a_number_leads_to_its_page(typed, leads_to):
    assert target_of(typed) == leads_to


def test_the_application_is_made_once_for_every_desk(desk):
    assert make_app(desk).app.app is make_app(desk).app.app
