"""What an open chat shows of a hand-off at this moment: who answers, the place in the queue, typing, read marks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.privacy.handoff_queue import newest_handoff, place_of
from bot.store.desk_tables import Conversation
from bot.vocabulary import HandoffState, Owner

_PRESENT = timedelta(seconds=40)
# Marks are about live pages, so they follow the machine's clock.
_machine = SystemClock()


@dataclass(frozen=True)
class Live:
    """One look at a conversation.

    Attributes:
        name: The person who answers, where one does.
        place: How many wait up to and including this one; 0 when it does not wait.
        promised_at: Until when an answer is promised, while it waits.
        agent_types: A person is writing.
        agent_read: Newest message that a person of the staff has seen.
        expects_a_person: Somebody of the staff may write here, or has and was not read yet.
    """

    owner: str
    name: str | None = None
    place: int = 0
    promised_at: datetime | None = None
    agent_types: bool = False
    agent_read: int = 0
    expects_a_person: bool = False


def live(session: Session, chat: Conversation) -> Live:
    """Look at a conversation as its person is to see it."""
    handoff = newest_handoff(session, chat.id)
    if handoff is None:
        return Live(chat.owner)
    waits, taken = handoff.state == HandoffState.WAITING, chat.owner == Owner.PERSON
    return Live(
        chat.owner,
        handoff.staff_name if taken else None,
        place_of(session, handoff),
        handoff.promised_at if waits else None,
        taken and handoff.agent_typing_until is not None and handoff.agent_typing_until > _machine.now(),
        handoff.agent_read,
        waits or taken or handoff.last_said > handoff.user_read,
    )


@dataclass(frozen=True)
class Across:
    """What an agent sees of the person at the other end.

    Attributes:
        there: Their chat is open. None while nobody of the staff is waited for or answers: it is not looked at then.
        read: Newest message they have seen.
    """

    there: bool | None = None
    types: bool = False
    read: int = 0


def across(session: Session, conversation_id: str) -> Across:
    """Look at a conversation as an agent is to see it."""
    handoff = newest_handoff(session, conversation_id)
    if handoff is None:
        return Across()
    now = _machine.now()
    seen = handoff.user_seen_at is not None and handoff.user_seen_at > now - _PRESENT
    return Across(
        None if handoff.state == HandoffState.ENDED else seen,
        handoff.user_typing_until is not None and handoff.user_typing_until > now,
        handoff.user_read,
    )
