"""More time for one answer: once, with a reason, told to the person before the first date has passed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.errors import Conflict, Invalid, NotFound
from bot.privacy.deadlines import date_of, extended
from bot.privacy.deadlines_rules import ExtensionReason
from bot.privacy.request_states import OPEN
from bot.privacy.request_status import what_in_words
from bot.store import audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import AuditEvent, Regime, RequestKind

_WORDS = {
    ExtensionReason.COMPLEX: "what you ask for is complex and takes more work than usual",
    ExtensionReason.MANY_REQUESTS: "you have sent us several requests, and together they take more work than usual",
}


def extend(session: Session, desk: Desk, now: datetime, number: str, reason: str, actor: str) -> datetime:
    """Give a request the one extension its regime allows, and tell the person in the chat and by mail why.

    GDPR Article 12(3): "within one month of receipt of the request, together with the reasons for the delay"; CCPA
    regulations 7021(b). The first date stays in the row.

    Args:
        session: The transaction all of it happens in.
        desk: Settings and the shop's address book.
        now: The desk's time.
        number: Which request.
        reason: A value of `ExtensionReason`.
        actor: Who decided it.

    Returns:
        The new date, until when at the latest the answer must be there.

    Raises:
        Invalid: That is no reason.
        NotFound: There is no such request.
        Conflict: It was extended before, is closed or overdue, or its regime knows no extension.
    """
    if reason not in list(ExtensionReason):
        raise Invalid(f"That is no reason for an extension. Reasons are {', '.join(ExtensionReason)}.")
    request = session.get(PrivacyRequest, number)
    if request is None:
        raise NotFound(f"There is no request {number}.")
    until = extended(Regime(request.regime), RequestKind(request.kind), request.received_at, desk.settings)
    if until is None:
        raise Conflict(f"The rules that {number} runs on ({request.regime}) allow no extension of such a request.")
    if not _keep(session, now, request, until, reason):
        raise Conflict(
            f"{number} cannot be extended: it was extended before, is closed, or its date has passed already."
        )
    audit.record(
        session, now, AuditEvent.REQUEST_EXTENDED, request.conversation_id, number, request.subject, actor=actor
    )
    _tell(session, desk, now, request, ExtensionReason(reason))
    return until


def _keep(session: Session, now: datetime, request: PrivacyRequest, until: datetime, reason: str) -> bool:
    """Of two extensions at once one wins; a date that has passed is not moved."""
    session.flush()
    extension = (
        update(PrivacyRequest)
        .where(
            PrivacyRequest.number == request.number,
            PrivacyRequest.first_due_at.is_(None),
            PrivacyRequest.state.in_(OPEN),
            PrivacyRequest.due_at > now,
        )
        .values(first_due_at=PrivacyRequest.due_at, due_at=until, extension_reason=reason, warned_at=None)
    )
    kept: CursorResult[Any] = session.connection().execute(extension)
    session.refresh(request)
    return bool(kept.rowcount)


def _tell(session: Session, desk: Desk, now: datetime, request: PrivacyRequest, reason: ExtensionReason) -> None:
    day = in_words(date_of(request.due_at, desk.settings))
    announce(
        session, now, request.conversation_id, "utter_request_extended",
        number=request.number, due=day, reason=_WORDS[reason],
    )  # fmt: skip
    address = desk.email_of(request.subject) if request.subject else None
    if address:
        what = what_in_words(request)
        outbox.post(
            session, now, address, "request_extended", f"extended:{request.number}",
            number=request.number, what=what, due=day, reason=_WORDS[reason],
        )  # fmt: skip
