"""Where is my request? And taking one back while that is still possible."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from bot.errors import NotFound, NotRevocable
from bot.store import audit, outbox
from bot.store.desk_tables import Conversation, PrivacyRequest
from bot.vocabulary import AuditEvent, RequestKind, RequestState

REQUEST_WORDS = {
    RequestKind.EXPORT: "a copy of your data",
    RequestKind.RECTIFICATION: "correct your data",
    RequestKind.ERASURE: "delete your data",
    RequestKind.ANONYMISATION: "make your data anonymous",
    RequestKind.CANCEL_ACCOUNT: "cancel your account",
    RequestKind.WITHDRAW_CONSENT: "withdraw your consent",
    RequestKind.OBJECT_TO_PROCESSING: "stop using your data for a purpose",
    RequestKind.GUARDIAN_CONSENT: "consent of a parent or guardian",
}


@dataclass(frozen=True)
class RequestView:
    """A request as its subject sees it."""

    number: str
    kind: RequestKind
    state: RequestState
    received_at: datetime
    due_at: datetime


def view(request: PrivacyRequest) -> RequestView:
    """The subject's view of a row."""
    return RequestView(
        request.number, RequestKind(request.kind), RequestState(request.state), request.received_at, request.due_at
    )


def own_requests(session: Session, subject: str) -> list[RequestView]:
    """Every request of a subject, newest first."""
    rows = session.scalars(
        select(PrivacyRequest).where(PrivacyRequest.subject == subject).order_by(PrivacyRequest.number.desc())
    )
    return [view(row) for row in rows]


def own_request(session: Session, subject: str, number: str) -> RequestView:
    """One request of a subject.

    Raises:
        NotFound: No such number, or somebody else's: both read the same from outside.
    """
    row = session.get(PrivacyRequest, number)
    if row is None or row.subject != subject:
        raise NotFound("You have no request with that number.")
    return view(row)


def revoke_request(
    session: Session, now: datetime, chat: Conversation, number: str, mail_to: str | None
) -> RequestView:
    """Take a request back before anybody began to carry it out, and confirm it by mail.

    Raises:
        NotFound: No such number, or somebody else's.
        NotRevocable: It was taken back already, or its work has begun.
    """
    if chat.subject is None:
        raise NotFound("You have no request with that number.")
    own_request(session, chat.subject, number)
    taken: CursorResult[object] = session.connection().execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.number == number, PrivacyRequest.state == RequestState.RECEIVED)
        .values(state=RequestState.REVOKED, closed_at=now)
    )
    if not taken.rowcount:
        raise NotRevocable
    audit.record(session, now, AuditEvent.REQUEST_REVOKED, chat.id, number)
    session.expire_all()
    revoked = own_request(session, chat.subject, number)
    if mail_to:
        outbox.post(
            session,
            now,
            mail_to,
            "request_revoked",
            f"revoked:{number}",
            number=number,
            what=REQUEST_WORDS[revoked.kind],
        )
    return revoked
