"""A key for somebody without an account: who holds number and claim code of a case comes back to it at any time.

The code is shown once and only its salted hash is kept. It has 60 random bits, so that guessing is hopeless however
many try; few tries are taken in one conversation all the same, and what is wrong is told in the same words, after the
same time, whether there is such a case or not (OWASP ASVS 5.0, 6.3.8, 6.5.2, 6.6.3).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from bot.privacy.complaint import BROUGHT
from bot.privacy.complaint_words import case_in
from bot.privacy.typed_code import CLAIM_ALPHABET, HIDDEN_CLAIM, claim_in
from bot.store import audit, conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Card, Case, Conversation, Message
from bot.vocabulary import AuditEvent

SHOWN_FOR = timedelta(minutes=10)
CLAIM_CARD = "claim_code"
_MOST_WRONG = 5
_LENGTH, _GROUP, _FEWEST_DIGITS = 12, 4, 3
_NO_SALT = "00" * 16


class Verdict(StrEnum):
    """What came of a number and a code."""

    OPENED = "opened"
    WRONG = "wrong"
    TOO_MANY = "too_many"
    NO_NUMBER = "no_number"


@dataclass(frozen=True)
class Claimed:
    """The verdict and, when it is good, the number of the case."""

    verdict: Verdict
    number: str | None = None


def give_code(session: Session, now: datetime, chat: Conversation, number: str) -> str | None:
    """Make the code of a case that was filed without an account and keep a card that shows it for ten minutes.

    Returns:
        Id of the card; None when the case has its code already, or belongs to a customer, who needs none.
    """
    case = session.get_one(Case, number)
    if case.claim_hash is not None or case.subject is not None or case.conversation_id != chat.id:
        return case.claim_card
    code, case.claim_salt = _new_code(), secrets.token_hex(16)
    case.claim_hash = _hashed(code, case.claim_salt)
    shown = {"kind": CLAIM_CARD, "number": number, "code": code}
    case.claim_card = conversations.keep_card(session, chat.id, shown, now)
    return case.claim_card


def claim(session: Session, now: datetime, chat: Conversation, message_id: int) -> Claimed:
    """Open a case to the conversation in which its number and code were typed, and blot the code out there.

    From then on the case is told and answered in this conversation; an earlier one loses it, as a key that was handed
    on. The same message handled twice, as after a crash, comes to the same end.
    """
    message = session.get(Message, message_id)
    typed = claim_in(message.words) if message is not None and message.conversation_id == chat.id else None
    if message is None or typed is None:
        return Claimed(Verdict.WRONG)
    number = typed.number or _number_said_before(session, chat)
    code, message.text = typed.code, " ".join(filter(None, (number, HIDDEN_CLAIM)))
    message.hidden = None
    if number is None:
        return Claimed(Verdict.NO_NUMBER)
    if code is None:
        return _handled_before(session, chat, number)
    if not _may_try(session, chat):
        return Claimed(Verdict.TOO_MANY)
    case = session.scalar(select(Case).where(Case.number == number, Case.kind.in_(BROUGHT)))
    fits = hmac.compare_digest(
        _hashed(code, (case.claim_salt if case else None) or _NO_SALT), (case.claim_hash if case else None) or ""
    )
    if case is None or not fits:
        session.execute(
            update(Conversation).where(Conversation.id == chat.id).values(wrong_claims=Conversation.wrong_claims + 1)
        )
        audit.record(session, now, AuditEvent.CLAIM_WRONG, chat.id)
        return Claimed(Verdict.WRONG)
    case.conversation_id = chat.id
    audit.record(session, now, AuditEvent.CASE_CLAIMED, chat.id, number)
    return Claimed(Verdict.OPENED, number)


def forget_shown_codes(desk: Desk) -> int:
    """Blot out the codes that were shown ten minutes ago, long enough to be written down.

    Returns:
        How many were.
    """
    shown = select(Case.number).where(Case.claim_card.is_not(None), Case.created_at < desk.clock.now() - SHOWN_FOR)
    with desk.reading() as session:
        numbers = list(session.scalars(shown))
    for number in numbers:
        with desk.transaction() as session:
            _blot_out(session, session.get_one(Case, number))
    return len(numbers)


def _blot_out(session: Session, case: Case) -> None:
    card = session.get(Card, case.claim_card)
    case.claim_card = None
    if card is None:
        return
    card.content = blank = {"kind": CLAIM_CARD, "number": case.number, "code": None}
    told = select(Message).where(Message.conversation_id == card.conversation_id)
    for message in session.scalars(told.where(Message.response == "utter_claim_code")):
        if (message.card or {}).get("number") == case.number:
            message.card = blank


def _new_code() -> str:
    """Twelve signs in groups of four; a few digits in it tell it from words."""
    while True:
        code = "".join(secrets.choice(CLAIM_ALPHABET) for _ in range(_LENGTH))
        if sum(sign.isdigit() for sign in code) >= _FEWEST_DIGITS:
            return "-".join(code[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def _hashed(code: str, salt: str) -> str:
    plain = code.replace("-", "").encode()
    return hashlib.scrypt(plain, salt=bytes.fromhex(salt), n=2**13, r=8, p=1, dklen=32).hex()


def _may_try(session: Session, chat: Conversation) -> bool:
    """Whether tries are left; the update makes tries of one conversation wait for each other."""
    free = update(Conversation).where(Conversation.id == chat.id, Conversation.wrong_claims < _MOST_WRONG)
    result: CursorResult[Any] = session.connection().execute(free.values(wrong_claims=Conversation.wrong_claims))
    return bool(result.rowcount)


def _handled_before(session: Session, chat: Conversation, number: str) -> Claimed:
    case = session.get(Case, number)
    opened = case is not None and case.claim_hash is not None and case.conversation_id == chat.id
    return Claimed(Verdict.OPENED, number) if opened else Claimed(Verdict.WRONG)


def _number_said_before(session: Session, chat: Conversation) -> str | None:
    """A number that was typed by itself shortly before its code."""
    said = select(Message).where(Message.conversation_id == chat.id, Message.author == "user")
    for message in session.scalars(said.order_by(Message.id.desc()).limit(4)):
        if number := case_in(message.words):
            return number
    return None
