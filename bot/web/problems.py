"""Every no of the API as problem JSON (RFC 9457): a code, and a sentence that says what to do next."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import DeskError, FormInvalid, Unavailable

log = structlog.get_logger("web")

_TITLES = {401: "Not signed in", 404: "Not found", 405: "Not possible here", 409: "Conflict", 410: "Gone"}
_TITLES |= {411: "Length missing", 413: "Too long", 422: "Not usable", 429: "Too many", 503: "Not available"}
_DETAILS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None, **more: object) -> JSONResponse:
    """A problem answer; `more` are members of its own, such as what is wrong with which field."""
    body = {"type": "about:blank", "title": _TITLES.get(status, "Failed"), "status": status}
    body |= {"detail": detail, "code": code} | more
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the app as a problem; none repeats what was sent."""

    @app.exception_handler(DeskError)
    async def desk_error(_request: Request, error: DeskError) -> JSONResponse:
        headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "2"}}
        more = {"errors": error.errors} if isinstance(error, FormInvalid) else {}
        return problem(error.status, error.code, error.detail, headers.get(error.status), **more)

    async def database_away(request: Request, error: Exception) -> JSONResponse:
        # Busy, restarted or out of connections: the same call works in a moment.
        log.error("database not available", path=_safe_path(request.scope), error=type(error).__name__)
        return await desk_error(request, Unavailable())

    for kind in (OperationalError, InterfaceError, NoConnection):
        app.add_exception_handler(kind, database_away)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
        return problem(422, "invalid", f"Please check {where}: {first['msg']}.")

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> JSONResponse:
        detail = _DETAILS.get(error.status_code, "This could not be done.")
        return problem(error.status_code, "http", detail, dict(error.headers or {}))


class LastBorder:
    """Outermost border: an error nobody foresaw becomes a problem answer, and only its type is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and catch."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            log.error("request failed", path=_safe_path(scope), error=type(error).__name__)
            if not begun:
                failed = DeskError()
                await problem(500, failed.code, failed.detail)(scope, receive, send)


def _safe_path(scope: Scope) -> str:
    route: Any = scope.get("route")
    return getattr(route, "path", "unrouted")
