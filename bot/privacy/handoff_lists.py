"""The lists of conversations at the staff desk: who waits, whose are mine, all, overdue."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from bot.store.desk_tables import Handoff
from bot.vocabulary import HandoffState, Priority

MOST = 200


class Show(StrEnum):
    """Which conversations."""

    WAITING = "waiting"
    MINE = "mine"
    OVERDUE = "overdue"
    ALL = "all"


@dataclass(frozen=True)
class Listed:
    """A conversation in a list; nothing of what was said."""

    conversation_id: str
    number: str
    reason: str
    urgent: bool
    state: str
    waiting_since: datetime
    promised_at: datetime
    answered: bool
    staff_name: str | None


def listed(session: Session, now: datetime, show: Show, actor: str) -> list[Listed]:
    """A list, urgent ones first, then as they came; all of them the newest first.

    Args:
        session: Desk database.
        now: The desk's time.
        show: Which.
        actor: Who looks, as they stand in the record.
    """
    order = (Handoff.id.desc(),) if show is Show.ALL else (Handoff.priority.desc(), Handoff.waiting_since, Handoff.id)
    rows = session.scalars(select(Handoff).where(_of(show, now, actor)).order_by(*order).limit(MOST))
    return [_of_row(row) for row in rows]


def _of_row(row: Handoff) -> Listed:
    urgent, answered = row.priority == Priority.URGENT, row.answered_at is not None
    return Listed(
        row.conversation_id, row.case_number, row.reason, urgent, row.state, row.waiting_since, row.promised_at,
        answered, row.staff_name,
    )  # fmt: skip


def sizes(session: Session, now: datetime, actor: str) -> dict[Show, int]:
    """How long each list is."""
    return {show: session.scalar(select(func.count()).where(_of(show, now, actor))) or 0 for show in Show}


def _of(show: Show, now: datetime, actor: str) -> ColumnElement[bool]:
    waiting, opened = Handoff.state == HandoffState.WAITING, Handoff.state != HandoffState.ENDED
    if show is Show.WAITING:
        return waiting
    if show is Show.MINE:
        return and_(Handoff.state == HandoffState.TAKEN, Handoff.staff == actor)
    if show is Show.OVERDUE:
        return and_(opened, Handoff.answered_at.is_(None), Handoff.promised_at < now)
    return Handoff.id > 0
