"""A person takes over: the wish is kept as a case with a place in the queue and a promised time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.privacy import daily_counts
from bot.privacy.complaint import file_case
from bot.store.desk_tables import Case, Conversation
from bot.vocabulary import CaseKind, CaseState


@dataclass(frozen=True)
class QueuePlace:
    """What somebody who waits for a person is told.

    Attributes:
        place: How many wait up to and including this one.
        already_waiting: The wish had been noted before in this conversation.
    """

    number: str
    place: int
    due_at: datetime
    already_waiting: bool


def ask_for_person(
    session: Session, now: datetime, chat: Conversation, origin: str, answer_within: timedelta, mail_to: str | None
) -> QueuePlace:
    """Put the conversation into the queue for a person, once however often it is asked."""
    waiting = select(Case).where(Case.kind == CaseKind.HANDOFF, Case.state == CaseState.WAITING)
    mine = session.scalar(waiting.where(Case.conversation_id == chat.id))
    already_waiting = mine is not None
    if mine is None:
        daily_counts.count(session, now, daily_counts.HANDOFFS)
        filed = file_case(session, now, chat, CaseKind.HANDOFF, origin, answer_within, mail_to)
        session.flush()
        mine = session.get_one(Case, filed.number)
    place = session.scalar(
        select(func.count()).select_from(waiting.where(Case.created_at <= mine.created_at).subquery())
    )
    return QueuePlace(mine.number, place or 1, mine.due_at, already_waiting)
