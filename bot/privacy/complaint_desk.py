"""What the staff does with a case beside answering it: take it, hand it on, make a note, close it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import Conflict
from bot.privacy.case_states import DECIDED, move, waits_for_staff
from bot.privacy.complaint import BROUGHT, KIND_WORDS
from bot.privacy.complaint_answer import brought_case, refuse_same_person, staff, where_to_tell, words
from bot.privacy.complaint_card import buttons, case_card
from bot.privacy.complaint_status import view
from bot.store import audit
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import Case, CaseMessage
from bot.vocabulary import AuditEvent, CaseMessageKind, CaseState


@dataclass(frozen=True)
class DeskLine:
    """One thing that was written about a case, as the staff sees it."""

    kind: CaseMessageKind
    at: datetime
    by: str | None
    text: str
    basis: str | None
    complain_to: str | None


def waiting_cases(session: Session, *, everything: bool = False) -> Sequence[Case]:
    """Cases that people brought and somebody must look after: the urgent ones first, then by due date."""
    query = select(Case).where(Case.kind.in_(BROUGHT))
    if not everything:
        query = query.where(waits_for_staff())
    return session.scalars(query.order_by(Case.priority.desc(), Case.due_at, Case.number)).all()


def desk_lines(session: Session, number: str) -> list[DeskLine]:
    """Everything that was written about a case, notes too, oldest first."""
    written = select(CaseMessage).where(CaseMessage.case_number == number).order_by(CaseMessage.id)
    return [
        DeskLine(CaseMessageKind(row.kind), row.created_at, row.written_by, row.text, row.basis, row.complain_to)
        for row in session.scalars(written)
    ]


def assign(session: Session, now: datetime, number: str, to: str, by: str) -> None:
    """Give a case to a member of staff.

    Raises:
        NotFound: There is no such case.
        SamePerson: It is a second look, and they answered it before.
    """
    case, to = brought_case(session, number), staff(to)
    refuse_same_person(session, case, to)
    case.assigned_to = to
    given = f"{number}:{to}"[:64]
    audit.record(session, now, AuditEvent.CASE_ASSIGNED, reference=given, subject=case.subject, actor=staff(by))


def note(session: Session, now: datetime, number: str, by: str, text: str) -> None:
    """Write something for colleagues to a case; the person does not see it in the chat.

    It is part of the copy of their data, as everything that is kept about them.

    Raises:
        NotFound: There is no such case.
        Invalid: The note is empty.
    """
    case, by = brought_case(session, number), staff(by)
    kept = words(text, "A note needs words.")
    session.add(CaseMessage(case_number=number, kind=CaseMessageKind.NOTE, written_by=by, text=kept, created_at=now))
    audit.record(session, now, AuditEvent.CASE_NOTED, reference=number, subject=case.subject, actor=by)


def close(session: Session, desk: Desk, now: datetime, number: str, by: str) -> None:
    """Close a case that was answered; the person is told and can open it again once.

    To close one that waits would be a refusal without its reasons.

    Raises:
        NotFound: There is no such case.
        Conflict: It was not answered, or is closed.
    """
    case, by = brought_case(session, number), staff(by)
    if not move(session, number, DECIDED, CaseState.CLOSED, closed_at=now):
        raise Conflict("Only a case that was answered or refused can be closed. Please answer or refuse it first.")
    session.refresh(case)
    audit.record(session, now, AuditEvent.CASE_CLOSED, case.conversation_id, number, case.subject, actor=by)
    seen = view(session, case)
    announce(
        session, now, where_to_tell(session, case), "utter_case_closed", card=case_card(seen, desk.settings),
        buttons=buttons(seen), number=number, what=KIND_WORDS[seen.kind],
    )  # fmt: skip
