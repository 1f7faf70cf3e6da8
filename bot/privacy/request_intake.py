"""Receiving a privacy request: kept with number and due date, confirmed by mail. Receiving changes no data."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotSignedIn
from bot.privacy.request_status import REQUEST_WORDS, RequestView, view
from bot.store import audit, outbox
from bot.store.desk_tables import Conversation, PrivacyRequest
from bot.store.numbers import next_number
from bot.vocabulary import AuditEvent, RequestKind, RequestState


def open_request(session: Session, subject: str, kind: RequestKind) -> RequestView | None:
    """The subject's request of this kind that still waits, so that none is made twice."""
    found = session.scalar(
        select(PrivacyRequest).where(
            PrivacyRequest.subject == subject,
            PrivacyRequest.kind == kind,
            PrivacyRequest.state == RequestState.RECEIVED,
        )
    )
    return None if found is None else view(found)


def receive_request(
    session: Session,
    now: datetime,
    chat: Conversation,
    kind: RequestKind,
    origin: str,
    answer_within: timedelta,
    mail_to: str | None,
    statement: str | None = None,
) -> RequestView:
    """Keep what a signed-in customer asked for.

    Args:
        session: Desk database.
        now: Time of receipt; the clock starts here.
        chat: The conversation it was asked and confirmed in.
        kind: Which right.
        origin: Id of the confirming message: the same message never makes a second request.
        answer_within: How soon it must be answered.
        mail_to: The address on file, for the confirmation.
        statement: What the person wrote when asking, for whoever carries it out.

    Raises:
        NotSignedIn: The conversation is anonymous.
    """
    if chat.subject is None:
        raise NotSignedIn
    known = session.scalar(select(PrivacyRequest).where(PrivacyRequest.origin == origin))
    if known is not None:
        return view(known)
    waiting = open_request(session, chat.subject, kind)
    if waiting is not None:
        return waiting
    request = PrivacyRequest(
        number=next_number(session, "PR", now),
        kind=kind,
        state=RequestState.RECEIVED,
        conversation_id=chat.id,
        subject=chat.subject,
        origin=origin,
        statement=statement,
        received_at=now,
        due_at=now + answer_within,
    )
    session.add(request)
    audit.record(session, now, AuditEvent.REQUEST_RECEIVED, chat.id, request.number)
    if mail_to:
        outbox.post(
            session,
            now,
            mail_to,
            "request_received",
            f"received:{request.number}",
            what=REQUEST_WORDS[kind],
            number=request.number,
            due=request.due_at.strftime("%d %B %Y"),
        )
    return view(request)
