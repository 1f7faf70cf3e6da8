"""What is not closed yet: requests and cases by due date."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy.case_states import waits_for_staff
from bot.privacy.request_states import OPEN
from bot.store.desk_tables import Case, PrivacyRequest
from bot.vocabulary import Priority, RequestState

_WAITING = OPEN | {RequestState.PARTLY_FULFILLED}


@dataclass(frozen=True)
class WorklistEntry:
    """One line of the list; no names, no words."""

    number: str
    kind: str
    state: str
    priority: str
    received_at: datetime
    due_at: datetime


def worklist(session: Session, show_all: bool) -> list[WorklistEntry]:
    """Requests and cases, nearest due date first; closed ones only when asked for."""
    entries = [
        WorklistEntry(r.number, r.kind, r.state, Priority.NORMAL, r.received_at, r.due_at)
        for r in session.scalars(select(PrivacyRequest))
        if show_all or r.state in _WAITING
    ]
    cases = select(Case) if show_all else select(Case).where(waits_for_staff())
    entries += [
        WorklistEntry(c.number, c.kind, c.state, c.priority, c.created_at, c.due_at) for c in session.scalars(cases)
    ]
    return sorted(entries, key=lambda entry: entry.due_at)
