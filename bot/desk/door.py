"""The one way into the staff desk: nothing but the sign-in page is answered without a live session.

Every request and every WebSocket comes through here, whatever page or library it is for. Host and origin are checked
first (no DNS rebinding, no other site's page acting for somebody who is signed in); an open WebSocket is looked at
again and again, so that whoever is signed out or disabled is out within seconds, wherever they are.
"""

import time
from urllib.parse import quote, urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.config import Settings
from bot.privacy import staff_sign_in
from bot.privacy.staff_sign_in import Staff
from bot.store.desk import Desk

OPEN = frozenset({"/sign-in", "/healthz", "/look/desk.css", "/look/favicon.svg"})
"""What is answered without a session."""

_ENDED = 4401
_LOOK_AGAIN_SECONDS = 1.0
_NOTE_SECONDS = 30.0
_READING = frozenset({"GET", "HEAD"})
_NOT_SIGNED_IN = "Sign in first."


class Door:
    """Lets staff in. What is inside finds `scope["staff"]` and `scope["desk"]`."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app = app
        self._desk = desk
        self._hosts, self._origins = _own(desk.settings)
        self._noted: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or pass on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["path"] == "/healthz":
            await PlainTextResponse("ok")(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = self._refusal(connection)
        staff = None if refusal else await self._who(connection)
        if refusal is None and staff is None and scope["path"] not in OPEN:
            refusal = _to_sign_in(connection)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        scope["staff"], scope["desk"] = staff, self._desk
        if scope["type"] == "websocket" and staff is not None:
            await _Watched(self, staff, receive, send).run(self.app, scope)
            return
        if staff is not None and not scope["path"].startswith(("/_nicegui", "/look")):
            await self.note(staff)
        await self.app(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        if connection.headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse("This address is not the staff desk's. Check STAFF_URL.", 421)
        acting = connection.scope["type"] == "websocket" or connection.scope["method"] not in _READING
        if acting and connection.headers.get("origin", "").lower() not in self._origins:
            return PlainTextResponse("This came from another site's page and was not done.", 403)
        return None

    async def _who(self, connection: HTTPConnection) -> Staff | None:
        token = connection.cookies.get(cookie_name(self._desk.settings))
        return await run_in_threadpool(self._look_up, token, False) if token else None

    def _look_up(self, token_or_key: str, is_key: bool) -> Staff | None:
        try:
            with self._desk.reading() as session:
                return staff_sign_in.who(session, self._desk, token_or_key, is_key=is_key)
        except SQLAlchemyError:
            return None  # whoever cannot be looked up is not let in

    async def still_in(self, staff: Staff) -> bool:
        """Whether a session still lives."""
        return await run_in_threadpool(self._look_up, staff.key, True) is not None

    async def note(self, staff: Staff) -> None:
        """Write down that a session is in use, now and then."""
        now = time.monotonic()
        if now - self._noted.get(staff.key, 0.0) < _NOTE_SECONDS:
            return
        self._noted = {key: at for key, at in self._noted.items() if now - at < _NOTE_SECONDS} | {staff.key: now}
        await run_in_threadpool(staff_sign_in.note_use, self._desk, staff)


class _Watched:
    """A WebSocket of somebody who is signed in; it is closed when they no longer are."""

    def __init__(self, door: Door, staff: Staff, receive: Receive, send: Send) -> None:
        self._door, self._staff = door, staff
        self._receive, self._send = receive, send
        self._looked = time.monotonic()
        self._over = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self.receive, self.send)

    async def receive(self) -> Message:
        message = await self._receive()
        if await self._is_over():
            return {"type": "websocket.disconnect", "code": _ENDED}
        if _is_act(message):
            await self._door.note(self._staff)
        return message

    async def send(self, message: Message) -> None:
        if not await self._is_over():
            await self._send(message)

    async def _is_over(self) -> bool:
        if not self._over and time.monotonic() - self._looked > _LOOK_AGAIN_SECONDS:
            self._looked = time.monotonic()
            if not await self._door.still_in(self._staff):
                self._over = True
                await self._send({"type": "websocket.close", "code": _ENDED})
        return self._over


def cookie_name(settings: Settings) -> str:
    """`__Host-` binds the cookie to this host and to https, where there is https."""
    return "__Host-desk" if settings.staff_url.startswith("https://") else "desk"


def _own(settings: Settings) -> tuple[frozenset[str], frozenset[str]]:
    """Hosts and origins that are this desk's own."""
    outside = urlsplit(settings.staff_url)
    local = {f"{name}:{settings.desk_port}" for name in ("127.0.0.1", "localhost")}
    origins = {f"{outside.scheme}://{outside.netloc}".lower()}
    if outside.scheme != "https":
        origins |= {f"http://{host}" for host in local}
    return frozenset(local | {outside.netloc.lower()}), frozenset(origins)


def _to_sign_in(connection: HTTPConnection) -> Response:
    path = connection.scope["path"]
    wants_page = connection.scope["type"] == "http" and connection.scope["method"] == "GET"
    if wants_page and not path.startswith("/_nicegui"):
        return RedirectResponse(f"/sign-in?then={quote(path, safe='')}", 303, {"Cache-Control": "no-store"})
    return PlainTextResponse(_NOT_SIGNED_IN, 401)


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _ENDED})
    else:
        await refusal(scope, receive, send)


def _is_act(message: Message) -> bool:
    """Something a person did on the page; pings and acknowledgements come by themselves."""
    return (message.get("text") or "").startswith('42["event"')
