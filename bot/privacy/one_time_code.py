"""A one-time code sent by mail: random, kept as a slow hash, short-lived, tried three times, burned after use.

Whom it proves, and for what, is the caller's: a customer for a request (`identity_verification`), a parent or guardian
on their page. Figures follow OWASP ASVS 5.0 (6.5.1-6.5.5, 6.6.2, 6.6.3).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from bot.store import audit, outbox
from bot.store.desk import Desk
from bot.store.desk_tables import VerificationCode
from bot.store.mail_owners import MailKind
from bot.store.masking import mask
from bot.vocabulary import AuditEvent

_TRIES = 3
_DIGITS = 6


class Verdict(StrEnum):
    """What came of a typed code."""

    VERIFIED = "verified"
    WRONG = "wrong"
    GONE = "gone"  # expired, used, superseded, or tried too often


@dataclass(frozen=True)
class Tried:
    """The verdict, and how many tries are left."""

    verdict: Verdict
    tries_left: int = 0


@dataclass(frozen=True)
class CodeSent:
    """Where a code went (shortened) and for how many minutes it serves."""

    address: str
    minutes: int


@dataclass(frozen=True)
class Purpose:
    """What a code serves for, and nothing else.

    Attributes:
        number: The request, or the asking of a guardian.
        place: The conversation, or the visit of a page, it is typed in; it serves in no other.
        subject: Whose codes of a day are counted together.
        customer: The customer the record tells it of.
        conversation_id: The chat the record tells it of.
    """

    number: str
    place: str
    subject: str | None
    customer: str | None = None
    conversation_id: str | None = None


def issue(
    session: Session, desk: Desk, now: datetime, purpose: Purpose, address: str, template: str, **values: str
) -> CodeSent:
    """Send a new code; earlier codes for the same purpose stop serving, wherever they were to be typed.

    Args:
        session: Desk database.
        desk: Settings.
        now: The desk's time.
        purpose: What it serves for.
        address: Where it goes.
        template: The mail; it is given `code` and `minutes` besides `values`.
        values: What else the mail names.
    """
    session.execute(
        update(VerificationCode)
        .where(VerificationCode.request_number == purpose.number, VerificationCode.used_at.is_(None))
        .values(tries_left=0)
    )
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    salt = secrets.token_hex(16)
    minutes = desk.settings.code_minutes
    row = VerificationCode(
        request_number=purpose.number,
        conversation_id=purpose.place,
        subject=purpose.subject,
        salt=salt,
        code_hash=_hashed(code, salt),
        tries_left=_TRIES,
        sent_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    session.add(row)
    session.flush()
    outbox.post(session, now, address, template, f"{MailKind.CODE}:{row.id}", code=code, minutes=str(minutes), **values)
    _record(session, now, AuditEvent.CODE_SENT, purpose)
    return CodeSent(mask("email", address), minutes)


def waiting(session: Session, now: datetime, purpose: Purpose) -> VerificationCode | None:
    """The code that still serves."""
    return session.scalar(
        select(VerificationCode).where(
            VerificationCode.request_number == purpose.number,
            VerificationCode.conversation_id == purpose.place,
            VerificationCode.tries_left > 0,
            VerificationCode.used_at.is_(None),
            VerificationCode.expires_at > now,
        )
    )


def newest(session: Session, place: str, number: str | None = None) -> VerificationCode | None:
    """The last code to be typed at a place, whether it still serves or not."""
    query = select(VerificationCode).where(VerificationCode.conversation_id == place)
    if number is not None:
        query = query.where(VerificationCode.request_number == number)
    return session.scalar(query.order_by(VerificationCode.id.desc()).limit(1))


def sent_lately(session: Session, now: datetime, subject: str | None) -> int:
    """How many codes a person was sent in the last day."""
    lately = VerificationCode.sent_at > now - timedelta(days=1)
    query = select(func.count()).select_from(VerificationCode).where(VerificationCode.subject == subject, lately)
    return session.scalar(query) or 0


def answered_before(sent: VerificationCode, message: str) -> Tried | None:
    """The same message handled twice (after a crash) counts once and gets the same answer."""
    if sent.last_message != message:
        return None
    if sent.used_at is not None:
        return Tried(Verdict.VERIFIED)
    return _left(sent)


def hold_against(
    session: Session, now: datetime, purpose: Purpose, sent: VerificationCode, message: str, typed: str
) -> Tried:
    """Hold a typed code against the one that was sent.

    A try is taken off before the code is looked at, in one conditional update: however many arrive at once, three
    are looked at.
    """
    serves = (
        VerificationCode.id == sent.id,
        VerificationCode.tries_left > 0,
        VerificationCode.used_at.is_(None),
        VerificationCode.expires_at > now,
    )
    less = {"tries_left": VerificationCode.tries_left - 1, "last_message": message}
    if not _changed(session, update(VerificationCode).where(*serves).values(**less)):
        return Tried(Verdict.GONE)
    session.refresh(sent)
    if hmac.compare_digest(_hashed(typed, sent.salt), sent.code_hash):
        burned = update(VerificationCode).where(VerificationCode.id == sent.id, VerificationCode.used_at.is_(None))
        if not _changed(session, burned.values(used_at=now, tries_left=0)):
            return Tried(Verdict.GONE)
        _record(session, now, AuditEvent.IDENTITY_VERIFIED, purpose)
        return Tried(Verdict.VERIFIED)
    _record(session, now, AuditEvent.CODE_WRONG, purpose)
    return _left(sent)


def _left(sent: VerificationCode) -> Tried:
    return Tried(Verdict.WRONG, sent.tries_left) if sent.tries_left else Tried(Verdict.GONE)


def _record(session: Session, now: datetime, event: AuditEvent, purpose: Purpose) -> None:
    audit.record(session, now, event, purpose.conversation_id, purpose.number, subject=purpose.customer)


def _hashed(code: str, salt: str) -> str:
    """Slow on purpose: a million codes are few, so each guess at a stolen hash must cost."""
    return hashlib.scrypt(code.encode(), salt=bytes.fromhex(salt), n=2**13, r=8, p=1, dklen=32).hex()


def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = session.connection().execute(statement)
    session.expire_all()
    return bool(result.rowcount)
