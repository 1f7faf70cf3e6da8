"""The public web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from bot.config import Settings
from bot.helpdesk.exchange import help_desk
from bot.store.desk import Desk
from bot.web import api, cases, exports, guardian, helpdesk, pages
from bot.web.engine_client import EngineClient
from bot.web.guard import Guard
from bot.web.limits import Limits
from bot.web.problems import LastBorder, add_problem_handlers, problem_schemas
from bot.web.sessions import Sessions
from bot.web.stream import Streams
from bot.web.turns import Turns


class _Web(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description of the API, with the problems that its operations refer to."""
        described = super().openapi()
        described["components"]["schemas"] |= problem_schemas()
        return described


def make_app(desk: Desk) -> FastAPI:
    """Put the web application together for a desk."""
    engine = EngineClient(desk.settings)
    # One for all probes: a new one reads every certificate of the machine first, while all chats wait.
    probe = httpx.AsyncClient(timeout=2, trust_env=False)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.close()
        await probe.aclose()

    app = _Web(
        title="Privacy desk",
        version="1",
        description="The chat API of the privacy desk. Errors are problem JSON (RFC 9457).",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk, app.state.engine = desk, engine
    app.state.sessions, app.state.limits = Sessions(desk), Limits(desk.settings)
    app.state.turns, app.state.streams = Turns(desk, engine), Streams(desk, app.state.sessions)
    add_problem_handlers(app)
    app.include_router(api.router)
    app.include_router(exports.router)
    app.include_router(cases.router)
    app.include_router(pages.router, include_in_schema=False)
    app.include_router(guardian.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    if desk.settings.demo:
        from bot.web import demo

        app.include_router(demo.router, include_in_schema=False)
    if outside := help_desk(desk.settings):
        app.include_router(helpdesk.router_of(desk, outside))
    _add_health(app, probe)
    app.add_middleware(LastBorder)
    if desk.settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin.strip() for origin in desk.settings.allowed_origins.split(",")],
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            allow_credentials=True,  # else the browser of a young person drops its mark; see guardian_device
        )
    app.add_middleware(Guard)
    return app


def proxy_options(settings: Settings) -> dict[str, Any]:
    """Tell people behind the shop's own proxies apart, and believe nobody else about where a call comes from.

    The server takes the last address of X-Forwarded-For that is no trusted proxy: what the caller wrote before that
    counts for nothing.
    """
    trusted = settings.trusted_proxies
    return {"proxy_headers": True, "forwarded_allow_ips": trusted} if trusted else {"proxy_headers": False}


def _add_health(app: FastAPI, probe: httpx.AsyncClient) -> None:
    @app.get("/healthz", include_in_schema=False)
    @app.get("/api/v1/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    @app.get("/api/v1/readyz", include_in_schema=False)
    async def readyz(request: Request) -> JSONResponse:
        desk = request.app.state.desk
        parts = {
            "engine": await request.app.state.engine.is_ready(),
            "actions": await _answers(probe, f"{desk.settings.actions_url}/healthz"),
            "database": await run_in_threadpool(_database_answers, desk),
        }
        return JSONResponse(parts, 200 if all(parts.values()) else 503)


async def _answers(probe: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await probe.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _database_answers(desk: Desk) -> bool:
    try:
        with desk.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
