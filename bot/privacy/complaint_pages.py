"""Cases as the staff desk shows them: the queue, and one case with everything about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.config import PROJECT
from bot.errors import SamePerson
from bot.privacy.case_states import WITH_STAFF, waits_for_staff
from bot.privacy.complaint import BROUGHT, KIND_WORDS
from bot.privacy.complaint_answer import brought_case, refuse_same_person
from bot.privacy.complaint_desk import DeskLine, desk_lines
from bot.privacy.complaint_files import files_of
from bot.privacy.staff_accounts import accounts, actor_of, colleagues
from bot.store.attachments import AttachmentView
from bot.store.desk_tables import Case
from bot.vocabulary import CaseKind, CaseState, Priority

CASE_REPLIES = PROJECT / "data" / "canned_replies_cases.yml"
"""Answers that the staff chooses from."""
MOST_SHOWN = 500


class Queue(StrEnum):
    """Which cases are looked at."""

    WAITING = "waiting"
    MINE = "mine"
    OVERDUE = "overdue"
    ALL = "all"


@dataclass(frozen=True)
class QueueLine:
    """One case in the queue; no names, no words."""

    number: str
    kind: str
    state: CaseState
    urgent: bool
    anonymous: bool
    with_whom: str
    request_number: str | None
    received_at: datetime
    due_at: datetime
    waits: bool


@dataclass(frozen=True)
class CasePlace:
    """A case of any kind, and what it is about: hand-offs and alarms have their numbers among the cases too."""

    number: str
    kind: CaseKind
    state: CaseState
    conversation_id: str | None
    request_number: str | None


@dataclass(frozen=True)
class CasePage:
    """One case with everything the staff needs to answer it.

    Attributes:
        looked_before: This is a second look, and whoever asks has answered the case before.
        colleagues: Name by actor of everybody who could take it.
    """

    number: str
    kind: str
    state: CaseState
    urgent: bool
    subject: str | None
    request_number: str | None
    statement: str | None
    about: str | None
    wish: str | None
    confirmed: bool
    with_whom: str
    received_at: datetime
    due_at: datetime
    waits: bool
    decided: bool
    looked_before: bool
    files: tuple[AttachmentView, ...]
    lines: tuple[DeskLine, ...]
    colleagues: dict[str, str]


def queue(session: Session, now: datetime, actor: str, which: Queue) -> list[QueueLine]:
    """Cases that people brought: urgent ones first, then by due date; those that are done only when asked for."""
    query = select(Case).where(Case.kind.in_(BROUGHT))
    if which is not Queue.ALL:
        query = query.where(waits_for_staff())
    if which is Queue.MINE:
        query = query.where(Case.assigned_to == actor)
    if which is Queue.OVERDUE:
        query = query.where(Case.state.in_(WITH_STAFF), Case.due_at < now)
    names = _names(session)
    rows = session.scalars(query.order_by(Case.priority.desc(), Case.due_at, Case.number).limit(MOST_SHOWN))
    return [_line(case, names) for case in rows]


def case_place(session: Session, number: str) -> CasePlace | None:
    """Where to look for what has that number, whatever its kind; None when no case has it."""
    return next(_places(session, Case.number == number), None)


def places_of(session: Session, subject: str) -> list[CasePlace]:
    """All cases about a customer, newest first."""
    return list(_places(session, Case.subject == subject))


def _places(session: Session, which: ColumnElement[bool]) -> Iterator[CasePlace]:
    columns = (Case.number, Case.kind, Case.state, Case.conversation_id, Case.request_number)
    found = session.execute(select(*columns).where(which).order_by(Case.number.desc())).tuples()
    return (CasePlace(number, CaseKind(kind), CaseState(state), *rest) for number, kind, state, *rest in found)


def case_page(session: Session, number: str, actor: str) -> CasePage:
    """One case for a member of staff.

    Raises:
        NotFound: There is no such case.
    """
    case, names = brought_case(session, number), _names(session)
    state = CaseState(case.state)
    named = [
        DeskLine(line.kind, line.at, names.get(line.by or "", line.by), line.text, line.basis, line.complain_to)
        for line in desk_lines(session, number)
    ]
    return CasePage(
        case.number, KIND_WORDS[CaseKind(case.kind)], state, case.priority == Priority.URGENT, case.subject,
        case.request_number, case.statement, case.about, case.wish, case.confirmed_at is not None,
        names.get(case.assigned_to or "", case.assigned_to or ""), case.created_at, case.due_at, state in WITH_STAFF,
        state in {CaseState.ANSWERED, CaseState.REFUSED}, _looked_before(session, case, actor),
        tuple(files_of(session, number)), tuple(named), _colleagues(session),
    )  # fmt: skip


def _line(case: Case, names: dict[str, str]) -> QueueLine:
    state = CaseState(case.state)
    return QueueLine(
        case.number, KIND_WORDS[CaseKind(case.kind)], state, case.priority == Priority.URGENT, case.subject is None,
        names.get(case.assigned_to or "", case.assigned_to or ""), case.request_number, case.created_at, case.due_at,
        state in WITH_STAFF,
    )  # fmt: skip


def _looked_before(session: Session, case: Case, actor: str) -> bool:
    try:
        refuse_same_person(session, case, actor)
    except SamePerson:
        return True
    return False


def _names(session: Session) -> dict[str, str]:
    return {actor_of(account.staff_id): account.name for account in accounts(session)}


def _colleagues(session: Session) -> dict[str, str]:
    return {actor_of(account.staff_id): account.name for account in colleagues(session)}
