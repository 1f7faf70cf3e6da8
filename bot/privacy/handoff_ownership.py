"""Who answers a conversation: the bot, or one person who holds it as a lease while their page is open.

Every change happens on the locked row of the conversation, in one transaction with what the person in the chat reads
of it, so that there is one owner at any moment. A lease that ends brings the conversation back into the queue.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.errors import Conflict, NotFound
from bot.privacy.complaint import file_case
from bot.privacy.entities import finder
from bot.privacy.handoff import close_case
from bot.privacy.handoff_queue import enter, open_handoff, promised_at, standing
from bot.store import audit, conversations
from bot.store.announcements import note, sentence
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Handoff, Message, Turn
from bot.store.turn_keys import OwnTurn, own_key
from bot.vocabulary import AuditEvent, Author, CaseKind, HandoffReason, HandoffState, Owner

log = structlog.get_logger("handoff")
LEASE = timedelta(seconds=60)
"""How long a conversation stays with an agent whose page no longer says that it is open."""
RATE = "rate_handoff"
"""Intent behind the buttons that ask how it went; their value is the score."""
WITH_OUTCOME = "utter_handed_back_with_outcome"
"""Response in which the bot repeats words of an agent."""
_SCORES = (("1", "1 – bad"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5 – very good"))
# Leases are about live pages, so they follow the machine's clock.
_machine = SystemClock()


@dataclass(frozen=True)
class Agent:
    """Somebody of the staff: the id for the record, the name that people in the chat read.

    Attributes:
        lease: How long a conversation stays theirs without a sign of life.
    """

    id: str
    name: str
    lease: timedelta = LEASE


def take(session: Session, desk: Desk, conversation_id: str, agent: Agent) -> Handoff:
    """Answer a conversation instead of the bot: one that waits, or any other.

    From now on what the bot still wanted to say is dropped, and what the person writes goes to the agent.

    Raises:
        NotFound: There is no such conversation.
        Conflict: Somebody else answers it.
    """
    chat, now = conversations.locked(session, conversation_id), desk.clock.now()
    if chat.owner == Owner.PERSON:
        if chat.owner_staff == agent.id:
            return _kept(session, chat, agent)
        if chat.owner_until is not None and chat.owner_until > _machine.now():
            raise Conflict(
                "Somebody else is answering this conversation. Choose another one, or ask them to transfer it."
            )
    handoff = open_handoff(session, chat.id) or _begun_by_staff(session, desk, now, chat)
    _give(chat, Owner.PERSON, agent)
    handoff.state, handoff.staff, handoff.staff_name = HandoffState.TAKEN, agent.id, agent.name
    handoff.taken_at = handoff.taken_at or now
    audit.record(session, now, AuditEvent.HANDOFF_TAKEN, chat.id, handoff.case_number, chat.subject, actor=agent.id)
    note(session, now, chat, "utter_handoff_taken", name=agent.name)
    session.flush()
    return handoff


def keep(session: Session, agent_id: str) -> int:
    """Keep an agent's conversations theirs, since their page is open; one without a hand-off is nobody's to keep.

    Returns:
        How many they have.
    """
    taken = select(Handoff.conversation_id).where(Handoff.state == HandoffState.TAKEN, Handoff.staff == agent_id)
    mine = Conversation.owner == Owner.PERSON, Conversation.owner_staff == agent_id, Conversation.id.in_(taken)
    kept: CursorResult[Any] = session.connection().execute(
        update(Conversation).where(*mine).values(owner_until=_machine.now() + LEASE)
    )
    return kept.rowcount


def transfer(session: Session, desk: Desk, conversation_id: str, agent: Agent, to: Agent) -> None:
    """Hand a conversation to a colleague; where they do not come, it goes back to the queue by itself.

    Raises:
        Conflict: It is not this agent's, or the colleague is the agent.
    """
    if to.id == agent.id:
        raise Conflict("This conversation is yours already. Choose a colleague.")
    chat, handoff = mine(session, conversation_id, agent)
    now = desk.clock.now()
    chat.owner_staff, chat.owner_until = to.id, _machine.now() + to.lease
    handoff.staff, handoff.staff_name, handoff.agent_typing_until = to.id, to.name, None
    audit.record(
        session, now, AuditEvent.HANDOFF_TRANSFERRED, chat.id, f"{handoff.case_number}:{to.id}"[:64], chat.subject,
        actor=agent.id,
    )  # fmt: skip
    note(session, now, chat, "utter_handoff_transferred", name=agent.name, to=to.name)


def release(session: Session, desk: Desk, conversation_id: str, agent: Agent) -> None:
    """Put a conversation back into the queue, at the place it had; whoever had an answer already is promised the next.

    Raises:
        Conflict: It is not this agent's.
    """
    chat, handoff = mine(session, conversation_id, agent)
    _requeue(session, desk, chat, handoff, AuditEvent.HANDOFF_RELEASED, agent.id)


def hand_back(
    session: Session, desk: Desk, conversation_id: str, agent: Agent, seen: int, outcome: str = ""
) -> Message:
    """Let the bot answer again: it tells what happened and asks how it went.

    Args:
        session: One transaction for all of it.
        desk: Clock.
        conversation_id: The conversation.
        agent: Who hands it back.
        seen: Id of the newest message the agent has seen.
        outcome: What came of it, in a sentence for the person.

    Raises:
        Conflict: It is not this agent's, or the person has written something the agent has not seen.
    """
    chat, handoff = mine(session, conversation_id, agent)
    now = desk.clock.now()
    if _newest_of_user(session, chat.id) > seen:
        raise Conflict("They have just written something more. Please read it before you hand back.")
    _give(chat, Owner.BOT, None)
    handoff.state, handoff.ended_at, handoff.agent_typing_until = HandoffState.ENDED, now, None
    close_case(session, handoff.case_number)
    audit.record(session, now, AuditEvent.HANDOFF_ENDED, chat.id, handoff.case_number, chat.subject, actor=agent.id)
    return _say_back(session, desk, chat, handoff, agent, outcome.strip())


def return_left(desk: Desk) -> int:
    """Bring conversations whose agent's page is gone back into the queue, and say so in the chat.

    Where no hand-off is open there is nothing to wait for, and the bot answers again.

    Returns:
        How many there were.
    """
    over = (Conversation.owner == Owner.PERSON, Conversation.owner_until < _machine.now())
    with desk.reading() as session:
        left = list(session.scalars(select(Conversation.id).where(*over)))
    return sum(_return(desk, conversation_id) for conversation_id in left)


def mine(session: Session, conversation_id: str, agent: Agent) -> tuple[Conversation, Handoff]:
    """A conversation that this agent answers, locked.

    Raises:
        Conflict: It is not, or no longer, theirs.
    """
    chat = conversations.locked(session, conversation_id)
    handoff = open_handoff(session, chat.id)
    if chat.owner != Owner.PERSON or chat.owner_staff != agent.id or handoff is None:
        raise Conflict("This conversation is not yours at the moment. Take it first.")
    return chat, handoff


def _give(chat: Conversation, owner: Owner, agent: Agent | None) -> None:
    chat.owner, chat.owner_staff = owner, agent.id if agent else None
    chat.owner_until = _machine.now() + agent.lease if agent else None
    chat.ownership += 1


def _kept(session: Session, chat: Conversation, agent: Agent) -> Handoff:
    chat.owner_until = _machine.now() + agent.lease
    handoff = open_handoff(session, chat.id)
    if handoff is None:
        raise NotFound
    return handoff


def _begun_by_staff(session: Session, desk: Desk, now: datetime, chat: Conversation) -> Handoff:
    due_at = promised_at(desk.settings, now)
    filed = file_case(
        session, desk.settings, now, chat, CaseKind.HANDOFF, f"staff:{chat.id}:{chat.ownership}", due_at, None
    )
    session.flush()
    return enter(session, desk.settings, now, chat, filed.number, HandoffReason.STAFF)


def _return(desk: Desk, conversation_id: str) -> bool:
    with desk.transaction() as session:
        try:
            chat = conversations.locked(session, conversation_id)
        except NotFound:
            return False  # erased meanwhile
        over = chat.owner_until is not None and chat.owner_until < _machine.now()
        if chat.owner != Owner.PERSON or not over:
            return False
        handoff, event = open_handoff(session, chat.id), AuditEvent.HANDOFF_LEASE_EXPIRED
        if handoff is None:
            _give(chat, Owner.BOT, None)
            audit.record(session, desk.clock.now(), event, chat.id, subject=chat.subject, actor="worker")
        else:
            _requeue(session, desk, chat, handoff, event, "worker")
    log.warning("a conversation's agent is gone", case=handoff.case_number if handoff else None)
    return True


def _requeue(session: Session, desk: Desk, chat: Conversation, handoff: Handoff, event: AuditEvent, actor: str) -> None:
    now = desk.clock.now()
    _give(chat, Owner.BOT, None)
    handoff.state, handoff.staff, handoff.staff_name = HandoffState.WAITING, None, None
    handoff.agent_typing_until = None
    if handoff.answered_at is not None:
        # That promise was kept, and they wait for a next answer. One that was not kept is not put off.
        handoff.answered_at, handoff.promised_at = None, promised_at(desk.settings, now)
    session.flush()
    audit.record(session, now, event, chat.id, handoff.case_number, chat.subject, actor=actor)
    place = standing(session, desk.settings, now, handoff).place
    note(session, now, chat, "utter_handoff_waits_again", number=handoff.case_number, place=str(place))


def _newest_of_user(session: Session, conversation_id: str) -> int:
    said = Message.conversation_id == conversation_id, Message.author == Author.USER
    return session.scalar(select(func.max(Message.id)).where(*said)) or 0


def _say_back(
    session: Session, desk: Desk, chat: Conversation, handoff: Handoff, agent: Agent, outcome: str
) -> Message:
    """The bot's first words: a turn of its own, so that no button of an earlier question lives on."""
    now = desk.clock.now()
    turn = Turn(
        conversation_id=chat.id,
        idempotency_key=own_key(OwnTurn.HANDED_BACK, handoff.id),
        body_hash="",
        state="done",
        ownership=chat.ownership,
        created_at=now,
    )
    session.add(turn)
    session.flush()
    response = WITH_OUTCOME if outcome else "utter_handed_back"
    masked = finder(desk.settings).masked(sentence(response, name=agent.name, outcome=outcome))
    message = Message(
        conversation_id=chat.id,
        turn_id=turn.id,
        author=Author.BOT,
        text=masked.text,
        hidden=masked.values or None,
        response=response,
        citations=[],
        choices=[
            conversations.add_choice(session, chat.id, turn.id, f"/{RATE} {score}", label) for score, label in _SCORES
        ],
        created_at=now,
    )
    session.add(message)
    chat.last_turn_id = turn.id
    session.flush()
    return message
