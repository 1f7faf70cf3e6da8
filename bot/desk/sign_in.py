"""The sign-in page and the way out: plain forms, no script."""

import asyncio
from html import escape
from pathlib import Path
from string import Template
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool

from bot.desk.door import cookie_name
from bot.errors import RateLimited
from bot.privacy import staff_sign_in
from bot.privacy.staff_sign_in import SignInRefused
from bot.store.desk import Desk

router = APIRouter()
_page = Template((Path(__file__).parent / "static" / "sign_in.html").read_text(encoding="utf-8"))
_MOST = parse("240/minute")
_window = MovingWindowRateLimiter(MemoryStorage())
# Each takes 64 MiB on purpose; a crowd of guesses must not take all there is.
_hashing = asyncio.Semaphore(4)


@router.get("/sign-in")
def ask(request: Request, then: str = "/") -> Response:
    """Ask who it is; whoever is signed in goes on."""
    if request.scope["staff"] is not None:
        return RedirectResponse(_own_path(then), 303)
    return _asked(then)


@router.post("/sign-in")
async def enter(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
    code: Annotated[str, Form(max_length=40)] = "",
    then: Annotated[str, Form(max_length=400)] = "/",
) -> Response:
    """Let somebody in, with a session of its own, or say one sentence."""
    desk: Desk = request.scope["desk"]
    cookie = cookie_name(desk.settings)
    if not _window.hit(_MOST, "all"):
        return _asked(then, RateLimited.detail, 429)
    try:
        async with _hashing:
            ended = request.cookies.get(cookie)
            token = await run_in_threadpool(staff_sign_in.sign_in, desk, name, password, code, ended)
    except SignInRefused as refused:
        return _asked(then, refused.detail, refused.status)
    answer = RedirectResponse(_own_path(then), 303)
    answer.set_cookie(cookie, token, httponly=True, samesite="strict", secure=cookie.startswith("__Host-"), path="/")
    return answer


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    """End the session."""
    desk: Desk = request.scope["desk"]
    await run_in_threadpool(staff_sign_in.sign_out, desk, request.scope["staff"])
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(desk.settings), path="/")
    return answer


def _asked(then: str, problem: str = "", status: int = 200) -> HTMLResponse:
    said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return HTMLResponse(_page.substitute(problem=said, then=escape(_own_path(then))), status)


def _own_path(then: str) -> str:
    """Where to go on: a path of the desk and of no other site."""
    parts = urlsplit(then)
    plain = then.startswith("/") and not then.startswith(("//", "/\\")) and "\\" not in then and then.isprintable()
    return then if plain and not parts.netloc and not parts.scheme else "/"
