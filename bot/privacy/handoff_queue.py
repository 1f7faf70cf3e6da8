"""The queue for a person: who waits, in which order, and what somebody who waits is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.config import Settings
from bot.privacy.handoff_hours import office_hours
from bot.store import conversations
from bot.store.desk_tables import Case, Conversation, Handoff
from bot.vocabulary import HandoffReason, HandoffState, Priority

# Sessions follow the machine's clock.
_machine = SystemClock()
_OPEN = (HandoffState.WAITING, HandoffState.TAKEN)
_URGENT = frozenset(
    {
        HandoffReason.SECURITY_REPORT,
        HandoffReason.SELF_HARM,
        HandoffReason.IN_DANGER,
        HandoffReason.THREAT,
        HandoffReason.NO_MAIL,
    }
)


@dataclass(frozen=True)
class Standing:
    """What somebody whose conversation waits for a person is told.

    Attributes:
        place: How many wait up to and including this one; 0 once a person has taken it.
        open_now: Whether it is office hours.
        chat_ends_at: When a visitor's chat ends, where that is before the promise; None where the answer finds them.
    """

    number: str
    place: int
    promised_at: datetime
    open_now: bool
    chat_ends_at: datetime | None


def enter(
    session: Session, settings: Settings, now: datetime, chat: Conversation, case_number: str, reason: HandoffReason
) -> Handoff:
    """Put a conversation into the queue, once while it is there; a worse reason moves it forward.

    Args:
        session: The transaction of its cause.
        settings: Office hours, and how soon a person is promised.
        now: The desk's time.
        chat: The conversation.
        case_number: The case under which a person looks after it.
        reason: Why.
    """
    conversations.locked(session, chat.id)
    found = open_handoff(session, chat.id)
    priority = Priority.URGENT if reason in _URGENT else Priority.NORMAL
    if found is None:
        found = Handoff(
            conversation_id=chat.id,
            case_number=case_number,
            reason=reason,
            priority=priority,
            state=HandoffState.WAITING,
            waiting_since=now,
            promised_at=promised_at(settings, now),
            mailed=conversations.newest_message_id(session, chat.id),  # earlier talks send their own mail
        )
        session.add(found)
    elif priority is Priority.URGENT and found.priority != Priority.URGENT:
        found.priority, found.reason = priority, reason
    if priority is Priority.URGENT:
        session.get_one(Case, found.case_number).priority = priority
    session.flush()
    return found


def promised_at(settings: Settings, now: datetime) -> datetime:
    """Until when a person is promised who asks now, counted in office hours."""
    return office_hours(settings).after(now, timedelta(hours=settings.handoff_promise_hours))


def open_handoff(session: Session, conversation_id: str) -> Handoff | None:
    """The hand-off of a conversation that is not over, as it is now, however it was when it was read before."""
    mine = select(Handoff).where(Handoff.conversation_id == conversation_id, Handoff.state.in_(_OPEN))
    return session.scalar(mine.execution_options(populate_existing=True))


def newest_handoff(session: Session, conversation_id: str) -> Handoff | None:
    """The last hand-off of a conversation, over or not."""
    mine = select(Handoff).where(Handoff.conversation_id == conversation_id)
    return session.scalar(mine.order_by(Handoff.id.desc()).limit(1))


def place_of(session: Session, handoff: Handoff) -> int:
    """How many wait up to and including this one: urgent ones first, then as they came."""
    if handoff.state != HandoffState.WAITING:
        return 0
    counted = select(func.count()).where(Handoff.state == HandoffState.WAITING, _not_behind(handoff))
    return session.scalar(counted) or 1


def _not_behind(mine: Handoff) -> ColumnElement[bool]:
    earlier = or_(
        Handoff.waiting_since < mine.waiting_since,
        and_(Handoff.waiting_since == mine.waiting_since, Handoff.id <= mine.id),
    )
    if mine.priority == Priority.URGENT:
        return and_(Handoff.priority == Priority.URGENT, earlier)
    return or_(Handoff.priority == Priority.URGENT, earlier)


def standing(session: Session, settings: Settings, now: datetime, handoff: Handoff) -> Standing:
    """Place and promise of a hand-off."""
    open_now, ends_at = office_hours(settings).is_open(now), _visitors_chat_ends(session, now, handoff.conversation_id)
    too_early = ends_at if ends_at and ends_at < handoff.promised_at else None
    return Standing(handoff.case_number, place_of(session, handoff), handoff.promised_at, open_now, too_early)


def _visitors_chat_ends(session: Session, now: datetime, conversation_id: str) -> datetime | None:
    """When the chat of somebody without an account ends, as the desk's clock has it; a customer gets mail as well."""
    until = conversations.open_until(session, conversation_id)
    if until is None or session.get_one(Conversation, conversation_id).subject is not None:
        return None
    return now + (until - _machine.now())
