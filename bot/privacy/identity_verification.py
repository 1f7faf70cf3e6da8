"""Check that it is you: a one-time code to the address on file, bound to one request and one conversation.

No more identity is asked than the shop holds (GDPR Article 12(6), EDPB Guidelines 01/2022 section 3.3). Figures follow
OWASP ASVS 5.0: random, hashed, ten minutes, used once, few tries, bound to the request (6.5.1-6.5.5, 6.6.2, 6.6.3).
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

from bot.errors import TooManyCodes
from bot.privacy.outcome import tell_hold
from bot.privacy.request_states import move
from bot.privacy.request_status import REQUEST_WORDS
from bot.store import audit, outbox
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, PrivacyRequest, VerificationCode
from bot.store.masking import mask
from bot.vocabulary import AuditEvent, HoldKind, RequestKind, RequestState

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


def send_code(session: Session, desk: Desk, now: datetime, chat: Conversation, request: PrivacyRequest) -> CodeSent:
    """Send a new code for a request to the address on file; earlier codes of the request stop serving.

    `give_to_a_person` comes first, for a person without an address.

    Args:
        session: Desk database.
        desk: Settings and the shop's address book.
        now: The desk's time.
        chat: The conversation the code will be typed in; it serves in no other.
        request: The request it serves for, and for no other.

    Raises:
        TooManyCodes: As many as may be sent for this request, or to this person in a day, were sent.
    """
    _refuse_too_many(session, desk, now, request)
    address = desk.email_of(request.subject or "") or ""
    session.execute(
        update(VerificationCode)
        .where(VerificationCode.request_number == request.number, VerificationCode.used_at.is_(None))
        .values(tries_left=0)
    )
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    salt = secrets.token_hex(16)
    minutes = desk.settings.code_minutes
    row = VerificationCode(
        request_number=request.number,
        conversation_id=chat.id,
        subject=request.subject,
        salt=salt,
        code_hash=_hashed(code, salt),
        tries_left=_TRIES,
        sent_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    session.add(row)
    session.flush()
    # No number of the request here: it has six digits too, and would be typed instead of the code.
    what = REQUEST_WORDS[RequestKind(request.kind)]
    outbox.post(session, now, address, "identity_code", f"code:{row.id}", what=what, code=code, minutes=str(minutes))
    audit.record(session, now, AuditEvent.CODE_SENT, chat.id, request.number, subject=request.subject)
    return CodeSent(mask("email", address), minutes)


def waiting_code(session: Session, now: datetime, chat: Conversation, number: str) -> VerificationCode | None:
    """The code that still serves for a request in this conversation."""
    return session.scalar(
        select(VerificationCode).where(
            VerificationCode.request_number == number,
            VerificationCode.conversation_id == chat.id,
            VerificationCode.tries_left > 0,
            VerificationCode.used_at.is_(None),
            VerificationCode.expires_at > now,
        )
    )


def newest_code(session: Session, chat: Conversation, number: str | None = None) -> VerificationCode | None:
    """The last code sent for this conversation, whether it still serves or not."""
    query = select(VerificationCode).where(VerificationCode.conversation_id == chat.id)
    if number is not None:
        query = query.where(VerificationCode.request_number == number)
    return session.scalar(query.order_by(VerificationCode.id.desc()).limit(1))


def try_code(session: Session, now: datetime, chat: Conversation, number: str, message: str, typed: str) -> Tried:
    """Hold a typed code against the one that was sent.

    A try is taken off before the code is looked at, in one conditional update: however many arrive at once, three
    are looked at. The same message handled twice (after a crash) counts once and gets the same answer.

    Args:
        session: Desk database.
        now: The desk's time.
        chat: Where it was typed.
        number: The request it is for.
        message: Id of the message that holds it.
        typed: Six digits.
    """
    sent = newest_code(session, chat, number)
    if sent is None:
        return Tried(Verdict.GONE)
    if sent.last_message == message:
        if sent.used_at is not None:
            return Tried(Verdict.VERIFIED)
        return Tried(Verdict.WRONG, sent.tries_left) if sent.tries_left else Tried(Verdict.GONE)
    if session.get_one(PrivacyRequest, number).state != RequestState.AWAITING_VERIFICATION:
        return Tried(Verdict.GONE)
    taken = _changed(
        session,
        update(VerificationCode)
        .where(
            VerificationCode.id == sent.id,
            VerificationCode.tries_left > 0,
            VerificationCode.used_at.is_(None),
            VerificationCode.expires_at > now,
        )
        .values(tries_left=VerificationCode.tries_left - 1, last_message=message),
    )
    if not taken:
        return Tried(Verdict.GONE)
    session.refresh(sent)
    if hmac.compare_digest(_hashed(typed, sent.salt), sent.code_hash):
        burned = update(VerificationCode).where(VerificationCode.id == sent.id, VerificationCode.used_at.is_(None))
        if _changed(session, burned.values(used_at=now, tries_left=0)):
            audit.record(session, now, AuditEvent.IDENTITY_VERIFIED, chat.id, number, subject=sent.subject)
            return Tried(Verdict.VERIFIED)
        return Tried(Verdict.GONE)
    audit.record(session, now, AuditEvent.CODE_WRONG, chat.id, number, subject=sent.subject)
    return Tried(Verdict.WRONG, sent.tries_left) if sent.tries_left else Tried(Verdict.GONE)


def give_to_a_person(session: Session, desk: Desk, now: datetime, number: str) -> bool:
    """Where the shop holds no address to send a code to, a person checks who it is; no more is asked of anybody here.

    Returns:
        Whether the request was handed over; False when there is an address.
    """
    request = session.get_one(PrivacyRequest, number)
    if desk.email_of(request.subject or ""):
        return False
    waiting = [RequestState.AWAITING_VERIFICATION]
    if move(session, number, waiting, RequestState.ON_HOLD, hold_reason=HoldKind.NO_ADDRESS):
        tell_hold(session, desk, now, session.get_one(PrivacyRequest, number))
    return True


def _refuse_too_many(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    sent = select(func.count()).select_from(VerificationCode)
    for_request = session.scalar(sent.where(VerificationCode.request_number == request.number)) or 0
    lately = VerificationCode.sent_at > now - timedelta(days=1)
    to_person = session.scalar(sent.where(VerificationCode.subject == request.subject, lately)) or 0
    if for_request >= desk.settings.codes_per_request or to_person >= desk.settings.codes_per_day:
        raise TooManyCodes


def _hashed(code: str, salt: str) -> str:
    """Slow on purpose: a million codes are few, so each guess at a stolen hash must cost."""
    return hashlib.scrypt(code.encode(), salt=bytes.fromhex(salt), n=2**13, r=8, p=1, dklen=32).hex()


def _changed(session: Session, statement: Any) -> bool:
    result: CursorResult[Any] = session.connection().execute(statement)
    session.expire_all()
    return bool(result.rowcount)
