"""What the shop's services must learn about a person: written with its cause, so that it is told or never was.

GDPR Article 19 wants every recipient told of a correction, a deletion or a restriction. `bot/delivery.py` hands the
notices on.
"""

import hashlib
import hmac
import secrets
import time
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from bot.config import Settings
from bot.errors import SetupError
from bot.store import audit
from bot.store.desk_tables import PrivacyRequest, WebhookEvent
from bot.vocabulary import ShopEvent

_LONGEST_ADDRESS = 500
_OWN_WORDS = frozenset({"id", "event", "customer_id", "occurred_at", "request"})


def tell(
    session: Session,
    now: datetime,
    settings: Settings,
    event: ShopEvent,
    subject: str,
    request_number: str | None = None,
    **facts: str,
) -> None:
    """Have every service of the shop told of something about a person; nothing is written where none listens.

    Written at the end of the transaction, where its writers wait for each other: a later notice was committed later.

    Args:
        session: The transaction of the cause: both are kept, or neither.
        now: When it happened.
        settings: Where the services listen.
        event: What happened.
        subject: The shop's customer number.
        request_number: The request it comes from.
        facts: Names only, such as a purpose or the label of a field; never what stood in it.

    Raises:
        ValueError: A fact has the name of something every notice holds; a fault in the program.
    """
    if taken := _OWN_WORDS & facts.keys():
        raise ValueError(f"a notice says {sorted(taken)[0]} already")

    def write() -> None:
        for url in addresses(settings):
            notice = _next_id(session, url, subject)
            payload = {"id": notice, "event": str(event), "customer_id": subject, "occurred_at": now.isoformat()}
            session.add(
                WebhookEvent(
                    id=notice,
                    event=event,
                    subject=subject,
                    request_number=request_number,
                    url=url,
                    payload=payload | {"request": request_number} | facts,
                    created_at=now,
                )
            )

    if addresses(settings):
        audit.at_the_end(session, write)


def undelivered(session: Session, request_number: str) -> int:
    """How many notices of a request a service has not taken yet."""
    waiting = WebhookEvent.delivered_at.is_(None)
    query = select(func.count()).where(WebhookEvent.request_number == request_number, waiting)
    return session.scalar(query) or 0


def undelivered_without_request(session: Session, subject: str) -> int:
    """How many notices about a customer that no request is behind a service has not taken yet."""
    waiting = (WebhookEvent.request_number.is_(None), WebhookEvent.delivered_at.is_(None))
    return session.scalar(select(func.count()).where(WebhookEvent.subject == subject, *waiting)) or 0


def forget_subject(session: Session, subject: str) -> int:
    """Take a person's number out of the notices about them that were taken; the rest of each notice stays as a log.

    Notices a service has not taken yet keep the number, since the service could not act on them without it.

    Returns:
        How many notices still hold the number because a service has not taken them.
    """
    told = select(WebhookEvent).where(WebhookEvent.subject == subject, WebhookEvent.delivered_at.is_not(None))
    for notice in session.scalars(told):
        notice.payload = notice.payload | {"customer_id": None}
        notice.subject = None
    session.flush()
    return session.scalar(select(func.count()).where(WebhookEvent.subject == subject)) or 0


def erased_and_told(session: Session) -> list[str]:
    """Customer numbers that no notice needs any more: every service took the deletion and whatever else there was.

    Not of who only had deleted what the shop recorded by itself: their request still names them, and they live on.
    """
    other = aliased(WebhookEvent)
    known = exists().where(PrivacyRequest.number == WebhookEvent.request_number, PrivacyRequest.subject.is_not(None))
    waits = exists().where(other.subject == WebhookEvent.subject, other.delivered_at.is_(None))
    query = select(WebhookEvent.subject).where(
        WebhookEvent.event == ShopEvent.ERASED, WebhookEvent.subject.is_not(None), ~waits, ~known
    )
    return [subject for subject in session.scalars(query.distinct()) if subject is not None]


def addresses(settings: Settings) -> list[str]:
    """Where the shop's services listen, each once."""
    return list(dict.fromkeys(url.strip() for url in settings.webhook_urls.split(",") if url.strip()))


def refuse_unsafe(settings: Settings) -> None:
    """Stop before anything about a person is sent where others could read or invent it.

    Raises:
        SetupError: An address cannot be used or, in production, is not https; or nothing signs the notices.
    """
    for place, url in enumerate(addresses(settings), start=1):
        if len(url) > _LONGEST_ADDRESS or not is_web_address(url):
            raise SetupError(f"Address {place} of WEBHOOK_URLS cannot be used. Write it as https://host/path.")
        if settings.environment == "production" and not is_private_way(url):
            raise SetupError(f"Address {place} of WEBHOOK_URLS is not https. Production sends nothing readable.")
    if addresses(settings) and not settings.webhook_secret:
        raise SetupError("WEBHOOK_URLS is set but WEBHOOK_SECRET is not. Set it to a random text of 32 characters.")


def is_web_address(url: str) -> bool:
    """Whether it is an http or https address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_private_way(url: str) -> bool:
    """Whether nobody on the way can read along: https, or an address that never leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _next_id(session: Session, url: str, subject: str) -> str:
    """An id that sorts behind every earlier notice about the same person to the same address.

    Sixteen hex digits of time and sixteen of chance; a machine's clock that was set back breaks no order.
    """
    last = session.scalar(
        select(func.max(WebhookEvent.id)).where(WebhookEvent.subject == subject, WebhookEvent.url == url)
    )
    at = max(time.time_ns(), int(last[:16], 16) + 1 if last else 0)
    return f"{at:016x}{secrets.token_hex(8)}"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What `X-Desk-Signature` says: only who knows the secret can have written this body at this time."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
