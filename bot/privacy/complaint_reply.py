"""What a person does with the shop's answer: reply, open the case again, have another person look, or let it rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import Conflict
from bot.privacy.case_states import DECIDED, ENDED, WITH_STAFF, move
from bot.privacy.complaint_status import CaseView, own_row, view
from bot.privacy.deadlines import case_due
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import Case, CaseMessage, Conversation
from bot.vocabulary import AuditEvent, CaseMessageKind, CaseState


def reply_to_case(
    session: Session, desk: Desk, now: datetime, chat: Conversation, number: str, text: str, origin: str
) -> CaseView:
    """Put a person's reply to their case. After an answer it goes back to the shop, and the clock starts anew.

    Args:
        session: The transaction all of it happens in.
        desk: Settings.
        now: The desk's time.
        chat: Where it was said.
        number: Which case.
        text: The reply.
        origin: Id of the message: the same message never counts twice.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It is closed; it can be opened again once.
    """
    case = own_row(session, chat, number)
    if _known(session, origin):
        return view(session, case)
    if case.state == CaseState.CLOSED:
        raise Conflict("This case is closed. It can be opened again, or you can bring something new.")
    if case.state in DECIDED:
        _again(session, desk, now, case, CaseState.WAITING)
    _write(session, now, number, CaseMessageKind.REPLY, text, origin)
    return _told(session, now, chat, case, AuditEvent.CASE_REPLIED)


def reopen_case(session: Session, desk: Desk, now: datetime, chat: Conversation, number: str, origin: str) -> CaseView:
    """Open an answered, refused or closed case again, once; the clock starts anew.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It is still open, or was opened again before.
    """
    case = own_row(session, chat, number)
    if _known(session, origin):
        return view(session, case)
    _again(session, desk, now, case, CaseState.WAITING, Case.reopened_at.is_(None), reopened_at=now)
    _write(session, now, number, CaseMessageKind.REOPENING, "", origin)
    return _told(session, now, chat, case, AuditEvent.CASE_REOPENED)


def ask_second_look(
    session: Session, desk: Desk, now: datetime, chat: Conversation, number: str, origin: str
) -> CaseView:
    """Give an answered, refused or closed case to somebody who has not answered it before, once.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It is still open, or had its second look.
    """
    case = own_row(session, chat, number)
    if _known(session, origin):
        return view(session, case)
    once, to = Case.second_look_at.is_(None), CaseState.SECOND_LOOK
    _again(session, desk, now, case, to, once, second_look_at=now, assigned_to=None)
    _write(session, now, number, CaseMessageKind.SECOND_LOOK, "", origin)
    return _told(session, now, chat, case, AuditEvent.CASE_SECOND_LOOK)


def settle_case(session: Session, now: datetime, chat: Conversation, number: str) -> CaseView:
    """Close a case because the person who brought it says so, answered or not.

    Raises:
        NotFound: The case is not of whoever speaks.
    """
    case = own_row(session, chat, number)
    if move(session, number, WITH_STAFF | DECIDED, CaseState.CLOSED, closed_at=now):
        return _told(session, now, chat, case, AuditEvent.CASE_CLOSED)
    return view(session, case)


def _fresh_clock(desk: Desk, now: datetime) -> dict[str, Any]:
    return {"due_at": case_due(desk.settings.regime, now, desk.settings), "warned_at": None, "alarmed_at": None}


def _again(session: Session, desk: Desk, now: datetime, case: Case, to: CaseState, *once: Any, **values: Any) -> None:
    """Give an ended case back to the shop, with a fresh clock."""
    at = CaseState(case.state)
    fresh = _fresh_clock(desk, now) | {"closed_at": None} | values
    if at not in ENDED or not move(session, case.number, [at], to, *once, **fresh):
        raise Conflict("This is no longer possible with this case.")


def _known(session: Session, origin: str) -> bool:
    return session.scalar(select(CaseMessage.id).where(CaseMessage.origin == origin)) is not None


def _write(session: Session, now: datetime, number: str, kind: CaseMessageKind, text: str, origin: str) -> None:
    session.add(CaseMessage(case_number=number, kind=kind, text=text, origin=origin, created_at=now))


def _told(session: Session, now: datetime, chat: Conversation, case: Case, event: AuditEvent) -> CaseView:
    audit.record(session, now, event, chat.id, case.number)
    session.refresh(case)
    return view(session, case)
