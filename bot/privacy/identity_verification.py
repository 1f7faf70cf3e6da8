"""Check that it is you: a one-time code to the address on file, bound to one request and one conversation.

No more identity is asked than the shop holds (GDPR Article 12(6), EDPB Guidelines 01/2022 section 3.3).
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.errors import TooManyCodes
from bot.privacy import one_time_code
from bot.privacy.one_time_code import CodeSent, Purpose, Tried, Verdict
from bot.privacy.outcome import tell_hold
from bot.privacy.request_states import move
from bot.privacy.request_status import what_in_words
from bot.store import outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, PrivacyRequest, VerificationCode
from bot.vocabulary import HoldKind, RequestState

__all__ = [
    "CodeSent", "Tried", "Verdict", "awaits_code", "code_took_no_mail", "give_to_a_person", "newest_code", "send_code",
    "try_code", "waiting_code",
]  # fmt: skip


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
    # No number of the request here: it has six digits too, and would be typed instead of the code.
    what = what_in_words(request)
    purpose = _purpose(chat, request.number, request.subject)
    return one_time_code.issue(session, desk, now, purpose, address, "identity_code", what=what)


def waiting_code(session: Session, now: datetime, chat: Conversation, number: str) -> VerificationCode | None:
    """The code that still serves for a request in this conversation."""
    return one_time_code.waiting(session, now, _purpose(chat, number, None))


def newest_code(session: Session, chat: Conversation, number: str | None = None) -> VerificationCode | None:
    """The last code sent for this conversation, whether it still serves or not."""
    return one_time_code.newest(session, chat.id, number)


def awaits_code(session: Session, conversation_id: str, message: str) -> bool:
    """Whether six digits typed here are a code: a request waits for one, or waited until it was closed for want of it.

    Args:
        session: Desk database.
        conversation_id: Where they were typed.
        message: The message that holds them; one that was tried as a code stays one when it is handled again.
    """
    waits = PrivacyRequest.state.in_((RequestState.AWAITING_VERIFICATION, RequestState.EXPIRED))
    sent = (
        select(VerificationCode.id)
        .join(PrivacyRequest, PrivacyRequest.number == VerificationCode.request_number)
        .where(VerificationCode.conversation_id == conversation_id, waits | (VerificationCode.last_message == message))
    )
    return session.scalar(sent.limit(1)) is not None


def try_code(session: Session, now: datetime, chat: Conversation, number: str, message: str, typed: str) -> Tried:
    """Hold a typed code against the one that was sent.

    Args:
        session: Desk database.
        now: The desk's time.
        chat: Where it was typed.
        number: The request it is for.
        message: Id of the message that holds it; the same message counts once.
        typed: Six digits.
    """
    sent = newest_code(session, chat, number)
    if sent is None:
        return Tried(Verdict.GONE)
    if known := one_time_code.answered_before(sent, message):
        return known
    # Locked, so that nobody takes it back, denies or closes it between the code and what follows from it.
    request = session.get_one(PrivacyRequest, number, with_for_update=True, populate_existing=True)
    if request.state != RequestState.AWAITING_VERIFICATION:
        return Tried(Verdict.GONE)
    tried = one_time_code.hold_against(session, now, _purpose(chat, number, sent.subject), sent, message, typed)
    if tried.verdict is Verdict.VERIFIED:
        # What becomes of it is told where the person is now, not where they once began.
        request.conversation_id = chat.id
    return tried


def give_to_a_person(session: Session, desk: Desk, now: datetime, number: str) -> bool:
    """Where the shop holds no address to send a code to, a person checks who it is; no more is asked of anybody here.

    Returns:
        Whether the request was handed over; False when there is an address.
    """
    request = session.get_one(PrivacyRequest, number)
    if outbox.mailbox(desk.email_of(request.subject or "") or ""):
        return False
    _hand_over(session, desk, now, number)
    return True


def code_took_no_mail(session: Session, desk: Desk, now: datetime, sent: VerificationCode) -> None:
    """The address on file took no mail, so no code will ever arrive: a person checks who it is, and both are told.

    A newer code is on its way by itself; that one decides.
    """
    newest = select(func.max(VerificationCode.id)).where(VerificationCode.request_number == sent.request_number)
    if session.scalar(newest) == sent.id and _hand_over(session, desk, now, sent.request_number):
        request = session.get_one(PrivacyRequest, sent.request_number)
        announce(session, now, request.conversation_id, "utter_code_no_address", number=request.number)


def _hand_over(session: Session, desk: Desk, now: datetime, number: str) -> bool:
    waiting = [RequestState.AWAITING_VERIFICATION]
    if not move(session, number, waiting, RequestState.ON_HOLD, hold_reason=HoldKind.NO_ADDRESS):
        return False
    tell_hold(session, desk, now, session.get_one(PrivacyRequest, number))
    return True


def _purpose(chat: Conversation, number: str, subject: str | None) -> Purpose:
    return Purpose(number, chat.id, subject, customer=subject, conversation_id=chat.id)


def _refuse_too_many(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    sent = select(func.count()).select_from(VerificationCode)
    for_request = session.scalar(sent.where(VerificationCode.request_number == request.number)) or 0
    to_person = one_time_code.sent_lately(session, now, request.subject)
    if for_request >= desk.settings.codes_per_request or to_person >= desk.settings.codes_per_day:
        raise TooManyCodes
