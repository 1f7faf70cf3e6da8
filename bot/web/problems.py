"""Every no of the API as problem JSON (RFC 9457): a code, and a sentence that says what to do next."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import DeskError, FormInvalid, Unavailable

log = structlog.get_logger("web")

_MEDIA_TYPE = "application/problem+json"
_SCHEMAS = "#/components/schemas/{model}"
_TITLES = {400: "Not readable", 401: "Not signed in", 404: "Not found", 405: "Not possible here"}
_TITLES |= {409: "Conflict", 410: "Gone", 411: "Length missing", 413: "Too long", 422: "Not usable"}
_TITLES |= {429: "Too many", 503: "Not available"}
_DETAILS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


class WrongField(BaseModel):
    """A field of a form that cannot be used as it is, and what to do about it."""

    field: str
    detail: str


class Problem(BaseModel):
    """A no of the API (RFC 9457): its stable `code`, and a sentence that says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[WrongField] = []


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """A problem answer; `more` are members that not every problem has, such as what is wrong with which field."""
    title = _TITLES.get(status, "Failed")
    body = Problem(type="about:blank", title=title, status=status, detail=detail, code=code, **more)
    return JSONResponse(body.model_dump(exclude_unset=True), status, headers, media_type=_MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the API's description names the problems of an operation."""
    content = {_MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS.format(model=Problem.__name__)}}}
    return {status: {"description": _TITLES.get(status, "Failed"), "content": content} for status in statuses}


def problem_schemas() -> dict[str, Any]:
    """What `problems` refers to."""
    _, found = models_json_schema([(Problem, "validation")], ref_template=_SCHEMAS)
    schemas: dict[str, Any] = found["$defs"]
    return schemas


EVERY_CALL = problems(401, 411, 413, 422, 429, 500, 503)
"""Problems that any operation may answer with."""


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
