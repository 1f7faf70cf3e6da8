"""The page of a parent or guardian: needs no script, works by keyboard, on a phone and read aloud."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from bot.errors import DeskError, FormInvalid, Invalid, UnusableFile
from bot.privacy import guardian_consent_own as own
from bot.privacy import guardian_consent_page as page
from bot.privacy.guardian_consent_form import RELATIONS
from bot.privacy.guardian_consent_links import ADDRESS
from bot.privacy.guardian_consent_page import Declaration, Visit
from bot.privacy.one_time_code import Verdict
from bot.privacy.typed_code import code_in
from bot.store.attachments import CleanFile, clean
from bot.store.file_checks import MOST_BYTES, TOO_LARGE
from bot.vocabulary import RequestKind

router = APIRouter()
_templates = Jinja2Templates(Path(__file__).parent / "templates")
_VISIT = "guardian_visit"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_SMALL = 64 * 1024


@dataclass(frozen=True)
class _Shown:
    """What the page says besides what stands in the tables."""

    status: int = 200
    wrong: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True)
class _Sent:
    """A form of the page as it came."""

    values: dict[str, str]
    file: CleanFile | None = None

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def ticks(self) -> tuple[bool, ...]:
        return tuple(bool(self[f"tick{number}"]) for number in range(2))


@router.get("/guardian/{token}", response_class=HTMLResponse)
def show(request: Request, token: str, told: str = "") -> Response:
    """The page as it stands."""
    visit = request.cookies.get(_VISIT) or secrets.token_urlsafe(24)
    return _page(request, token, visit, _Shown(told=told))


@router.get("/guardian/{token}/form", response_class=HTMLResponse)
def printable(request: Request, token: str) -> Response:
    """The form to print and sign, for who would rather write by hand."""
    return _page(request, token, request.cookies.get(_VISIT, ""), _Shown(), "guardian_form.html")


@router.post("/guardian/{token}", response_class=HTMLResponse)
async def act(request: Request, token: str) -> Response:
    """One act of the guardian; afterwards the page is shown anew, so that a reload repeats nothing."""
    visit = request.cookies.get(_VISIT) or secrets.token_urlsafe(24)
    known = await run_in_threadpool(_looked_up, request, token, visit)
    if isinstance(known, DeskError):
        return await run_in_threadpool(_page, request, token, visit, _Shown(known.status, {"page": known.detail}))
    async with request.form(max_files=1, max_fields=16, max_part_size=_SMALL) as form:
        sent = await _read(form, takes_files=known.proved)
    return await run_in_threadpool(_acted, request, token, visit, sent)


@router.api_route("/api/v1/guardian/{token}", methods=["GET", "POST"])
def moved(token: str) -> Response:
    """Who comes by the address of the API is led to the page with all they sent; cookies serve there only."""
    return RedirectResponse(f"{ADDRESS}{token}", 308, _HEADERS)


def _looked_up(request: Request, token: str, visit: str) -> Visit | DeskError:
    """Who comes, before anything they sent is read."""
    try:
        with request.app.state.desk.reading() as session:
            known = _enter(session, request, token, visit)
            # By number, not by what was sent: else whoever invents links would decide how much is remembered.
            request.app.state.limits.message(f"guardian {known.row.number}")
            return known
    except DeskError as error:
        return error


def _acted(request: Request, token: str, visit: str, sent: _Sent | DeskError) -> Response:
    desk = request.app.state.desk
    if isinstance(sent, DeskError):
        return _page(request, token, visit, _Shown(sent.status, {"file": sent.detail}))
    try:
        with desk.transaction() as session:
            entered = _enter(session, request, token, visit)
            told = _ACTS[sent["act"]](session, desk, entered, sent)
    except KeyError:
        return _page(request, token, visit, _Shown(422, {"page": "Please use the buttons of this page."}))
    except FormInvalid as error:
        wrong = {each["field"]: each["detail"] for each in error.errors}
        return _page(request, token, visit, _Shown(422, wrong, sent.values))
    except DeskError as error:
        return _page(request, token, visit, _Shown(error.status, {"page": error.detail}, sent.values))
    if told in ("erased", "not_me", "agreed", "refused"):
        # The link that was opened serves no more; what comes after has one of its own, in the mail.
        return _answer(request, "guardian_end.html", {"told": told}, 200, visit)
    response = RedirectResponse(f"{ADDRESS}{token}" + (f"?told={told}" if told else ""), 303, _HEADERS)
    return _with_visit(request, response, visit)


async def _read(form: FormData, *, takes_files: bool) -> _Sent | DeskError:
    """Fields as text, and the file judged and written anew before any transaction begins."""
    values = {name: value[:_SMALL].strip() for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename or not takes_files:
        return _Sent(values)
    if file.size is not None and file.size > MOST_BYTES:
        return UnusableFile(TOO_LARGE)
    content = await file.read()
    try:
        return _Sent(values, await run_in_threadpool(clean, file.filename or "", content))
    except UnusableFile as error:
        return error


def _enter(session: Session, request: Request, token: str, visit: str) -> Visit:
    desk = request.app.state.desk
    return page.enter(session, desk, desk.clock.now(), token, visit, request.cookies)


def _send_code(session: Session, desk: Any, visit: Visit, _sent: _Sent) -> str:
    page.send_code(session, desk, desk.clock.now(), visit)
    return "code_sent"


def _type_code(session: Session, desk: Any, visit: Visit, sent: _Sent) -> str:
    tried = page.type_code(session, desk.clock.now(), visit, code_in(sent["code"]) or "")
    if tried.verdict is Verdict.VERIFIED:
        return ""
    # Told on the page that is shown next, since the try must be counted in this transaction.
    return f"wrong_{tried.tries_left}" if tried.verdict is Verdict.WRONG else "code_gone"


def _agree(session: Session, desk: Any, visit: Visit, sent: _Sent) -> str:
    said = Declaration(sent["name"], sent["relation"], sent.ticks, sent["text_hash"])
    page.agree(session, desk, desk.clock.now(), visit, said)
    return "agreed"


def _hand_in(session: Session, desk: Any, visit: Visit, sent: _Sent) -> str:
    if sent.file is None:
        raise FormInvalid([("file", "Please choose the signed form: a PDF, a JPG or a PNG.")])
    page.hand_in(session, desk, desk.clock.now(), visit, sent.file, sent["name"], sent["relation"])
    return "form_came"


def _say_no(session: Session, desk: Any, visit: Visit, _sent: _Sent) -> str:
    page.say_no(session, desk, desk.clock.now(), visit)
    return "refused"


def _not_me(session: Session, desk: Any, visit: Visit, _sent: _Sent) -> str:
    own.not_me(session, desk, desk.clock.now(), visit)
    return "not_me"


def _take_back(session: Session, desk: Any, visit: Visit, _sent: _Sent) -> str:
    page.take_back(session, desk, desk.clock.now(), visit)
    return "taken_back"


def _erase(session: Session, desk: Any, visit: Visit, sent: _Sent) -> str:
    if not sent["sure"]:
        raise FormInvalid([("sure", "Please tick that you are sure.")])
    own.erase_own(session, desk, desk.clock.now(), visit)
    return "erased"


def _for_child(kind: RequestKind) -> "Act":
    def asked(session: Session, desk: Any, visit: Visit, _sent: _Sent) -> str:
        own.ask_for_child(session, desk, desk.clock.now(), visit, kind)
        return "asked"

    return asked


Act = Callable[[Session, Any, Visit, _Sent], str]
_ACTS: dict[str, Act] = {
    "code": _send_code,
    "enter": _type_code,
    "agree": _agree,
    "hand_in": _hand_in,
    "refuse": _say_no,
    "not_me": _not_me,
    "withdraw": _take_back,
    "erase": _erase,
    "child_copy": _for_child(RequestKind.EXPORT),
    "child_erasure": _for_child(RequestKind.ERASURE),
}


def _page(request: Request, token: str, visit: str, shown: _Shown, template: str = "guardian.html") -> Response:
    desk = request.app.state.desk
    try:
        with desk.reading() as session:
            entered = _enter(session, request, token, visit)
            if template != "guardian.html" and not entered.proved:
                raise Invalid("Please type the code from your mail on the page first.")
            known: dict[str, Any] = {"visit": entered, "row": entered.row, "token": token, "shown": shown}
            known |= {"relations": RELATIONS, "address": f"{ADDRESS}{token}"}
            if entered.proved:
                known |= {"child": page.child_name(desk, entered.row), "text": page.shown_text(session, desk, entered)}
                known["own"] = own.own_data(session, entered)
    except DeskError as error:
        return _answer(request, "guardian_end.html", {"told": error.code, "detail": error.detail}, error.status, visit)
    return _answer(request, template, known, shown.status, visit)


def _answer(request: Request, template: str, known: dict[str, Any], status: int, visit: str) -> Response:
    return _with_visit(request, _templates.TemplateResponse(request, template, known, status, dict(_HEADERS)), visit)


def _with_visit(request: Request, response: Response, visit: str) -> Response:
    """The visit's secret stays in this browser until it is closed, also for who comes by the mail's link again."""
    if visit and request.cookies.get(_VISIT) != visit:
        secure = request.app.state.desk.settings.public_url.startswith("https:")
        # Strict would keep it back at a click in a webmail. Lax comes along there, and never with another site's form.
        response.set_cookie(_VISIT, visit, path=ADDRESS, secure=secure, httponly=True, samesite="lax")
    return response
