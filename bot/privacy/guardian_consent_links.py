"""Links to a guardian's page, and the mark that tells the child's own browser from the guardian's.

A link is chance with a seal and says nothing about anybody; the desk keeps its hash. Policy clause `security`.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.errors import GuardianLinkGone
from bot.store.conversations import hashed
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, GuardianLink

ADDRESS = "/guardian/"
_SEAL = 22


class LinkKind(StrEnum):
    """What a link opens."""

    INVITE = "invite"
    MANAGE = "manage"


def make(session: Session, settings: Settings, number: str, kind: LinkKind, expires_at: datetime | None) -> str:
    """A new link; the address is given this once, for a mail.

    Args:
        session: The transaction of the mail.
        settings: Where the page lies, and the key of the seal.
        number: Whose page it opens.
        kind: For the decision, or for what comes after it.
        expires_at: Until when it serves; None for as long as the page is there.
    """
    chance = secrets.token_urlsafe(24)
    token = f"{chance}.{_seal(settings, 'guardian-link', chance)}"
    session.add(GuardianLink(token_hash=hashed(token), number=number, kind=kind, expires_at=expires_at))
    return f"{settings.public_url}{ADDRESS}{token}"


def resolve(session: Session, desk: Desk, now: datetime, token: str) -> tuple[GuardianConsent, LinkKind]:
    """Whose page a link opens.

    Raises:
        GuardianLinkGone: It was not made here, was used, or its time is over: one answer for all of them.
    """
    chance, _, seal = token.partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(desk.settings, "guardian-link", chance).encode()):
        raise GuardianLinkGone
    link = session.get(GuardianLink, hashed(token))
    if link is None or link.used_at is not None or (link.expires_at is not None and link.expires_at <= now):
        raise GuardianLinkGone
    return session.get_one(GuardianConsent, link.number), LinkKind(link.kind)


def burn(session: Session, now: datetime, number: str) -> None:
    """Links for a decision serve no more: it was taken."""
    open_links = (GuardianLink.number == number, GuardianLink.kind == LinkKind.INVITE, GuardianLink.used_at.is_(None))
    session.execute(update(GuardianLink).where(*open_links).values(used_at=now))


def remove(session: Session, numbers: list[str]) -> None:
    """Every link to these pages is dead and gone."""
    session.execute(delete(GuardianLink).where(GuardianLink.number.in_(numbers)))


def marks(settings: Settings, subject: str) -> str:
    """Name of the cookie by which the browser of a young person's chat is known; says nothing to anybody else."""
    return f"desk_{_seal(settings, 'guardian-device', subject)[:16].replace('-', '_')}"


def _seal(settings: Settings, label: str, text: str) -> str:
    made = hmac.new(settings.signing_key.encode(), f"{label}:{text}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")[:_SEAL]
