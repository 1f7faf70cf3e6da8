"""The invented shop around the chat: sign-in, inbox, clock. Only mounted in demo mode."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

import jwt
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field
from sqlalchemy import select

from bot import demo as demo_package
from bot.demo.customers import CUSTOMERS
from bot.errors import Invalid, NotFound
from bot.store.desk_tables import DemoClock, Mail
from bot.store.mail_page import as_page
from bot.store.own_records import demo_box
from bot.web.shop_tokens import AUDIENCE

router = APIRouter(tags=["demo"])
_templates = Jinja2Templates(Path(demo_package.__file__).parent / "templates")
_LONGEST_STEP = timedelta(days=3660)
# A mail's looks stand in the mail itself, as mail programs want it; so it is shown in a frame that may do nothing else.
_MAIL_MAY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_INBOX_MAY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class SignIn(BaseModel):
    """Which demo customer to be."""

    customer_id: str = Field(min_length=1, max_length=64)


class Advance(BaseModel):
    """How far to move the clock, as an ISO 8601 duration such as P15D or PT2H."""

    advance: timedelta


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def shop(request: Request) -> HTMLResponse:
    """The demo shop with the chat in it."""
    return _templates.TemplateResponse(request, "shop.html")


@router.get("/demo/customers")
def customers() -> list[dict[str, str]]:
    """The customers one can sign in as."""
    return CUSTOMERS


@router.post("/demo/sign-in")
def sign_in(request: Request, body: SignIn) -> dict[str, str]:
    """A shop token, as the shop's own sign-in would hand it out."""
    desk = request.app.state.desk
    if desk.shop.customer(body.customer_id) is None:
        raise NotFound("The demo shop has no such customer.")
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": desk.settings.shop_jwt_issuer, "aud": AUDIENCE, "sub": body.customer_id}
    claims |= {"iat": now, "exp": now + 300, "jti": uuid4().hex}
    return {"shop_token": jwt.encode(claims, desk.settings.shop_jwt_secret, algorithm="HS256")}


def _inbox(request: Request, to: str) -> list[dict[str, Any]]:
    wanted = {to.strip().casefold(), demo_box(to)}
    with request.app.state.desk.reading() as session:
        sent = session.execute(select(Mail.id, Mail.recipient).where(Mail.sent_at.is_not(None)))
        theirs = [number for number, recipient in sent if recipient.casefold() in wanted]
        mails = session.scalars(select(Mail).where(Mail.id.in_(theirs)).order_by(Mail.id.desc()))
        return [
            {
                "id": mail.id,
                "to": mail.recipient,
                "subject": mail.subject_line,
                "text": mail.text,
                "page": f"/demo/inbox/{mail.id}?{urlencode({'to': to})}",
                "sent_at": mail.sent_at,
            }
            for mail in mails
        ]


@router.get("/demo/inbox")
def inbox(request: Request, to: Annotated[str, Query(max_length=320)]) -> list[dict[str, Any]]:
    """Mails sent to an address, newest first."""
    return _inbox(request, to)


@router.get("/demo/inbox/{mail_id}", response_class=HTMLResponse, include_in_schema=False)
def mail_page(request: Request, mail_id: int, to: Annotated[str, Query(max_length=320)]) -> HTMLResponse:
    """The HTML part of a mail, as a mail program would show it; nothing in it runs or loads anything."""
    mail = next((mail for mail in _inbox(request, to) if mail["id"] == mail_id), None)
    if mail is None:
        raise NotFound("There is no such mail for this address.")
    desk_url = request.app.state.desk.settings.public_url
    page = as_page(mail["subject"], mail["text"], desk_url, target="_blank")
    return HTMLResponse(page, headers={"Content-Security-Policy": _MAIL_MAY})


@router.get("/demo/inbox-page", response_class=HTMLResponse, include_in_schema=False)
def inbox_page(request: Request, to: Annotated[str, Query(max_length=320)] = "") -> HTMLResponse:
    """The same, to look at."""
    shown = {"to": to, "mails": _inbox(request, to)}
    return _templates.TemplateResponse(request, "inbox.html", shown, headers={"Content-Security-Policy": _INBOX_MAY})


@router.get("/demo/clock")
def clock(request: Request) -> dict[str, str]:
    """The desk's time."""
    return {"now": request.app.state.desk.clock.now().isoformat()}


@router.post("/demo/clock")
def advance_clock(request: Request, body: Advance) -> dict[str, str]:
    """Move the desk's clock forward."""
    if not timedelta(0) <= body.advance <= _LONGEST_STEP:
        raise Invalid("The clock moves forward only, and ten years at most at once.")
    desk = request.app.state.desk
    with desk.transaction() as session:
        row = session.get(DemoClock, 1)
        if row is None:
            session.add(DemoClock(id=1, offset_seconds=int(body.advance.total_seconds())))
        else:
            row.offset_seconds += int(body.advance.total_seconds())
    return {"now": desk.clock.now().isoformat()}
