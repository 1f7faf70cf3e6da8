"""An agent and a person talk: what is said, who is typing, what was read, and mail for somebody who went away."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.errors import Conflict, Invalid, TooLong
from bot.privacy.entities import finder
from bot.privacy.handoff_ownership import Agent, mine
from bot.privacy.handoff_queue import enter, newest_handoff
from bot.store import audit, conversations, outbox
from bot.store.desk import Desk
from bot.store.desk_tables import Case, Conversation, Handoff, HandoffNote, Message, Turn
from bot.store.turn_keys import OwnTurn, own_key
from bot.vocabulary import AuditEvent, Author, CaseKind, CaseState, HandoffReason, HandoffState, Owner

LONGEST = 4_000
ANSWER_MAIL = "handoff"
_ENDS = ("\n\n", "\n", ". ", "! ", "? ", " ")
"""Where a text may be cut, the best first: after a paragraph, a line, a sentence, a word."""
_NO_MAIL = (
    "The mail with the last answer did not arrive: the address on file took no mail. The answer stands in the chat, "
    "unread. Please reach them in another way, then hand the conversation back."
)
_TYPING = timedelta(seconds=6)
_AWAY = timedelta(seconds=60)
_UNREAD = timedelta(seconds=30)
# Marks are about live pages, so they follow the machine's clock.
_machine = SystemClock()


def say(session: Session, desk: Desk, conversation_id: str, agent: Agent, text: str, key: str) -> Message:
    """Say something to the person in the chat; it is there within a second, and by mail where they went away.

    Args:
        session: One transaction for all of it.
        desk: Clock.
        conversation_id: The conversation.
        agent: Who says it.
        text: What the person reads, as text.
        key: A repeat with the same key says nothing twice.

    Raises:
        Conflict: The conversation is not this agent's, or the key was used for something else.
        Invalid: There is nothing to say.
        TooLong: More than 4,000 characters.
    """
    words = _words(text)
    if said := _said_before(session, conversation_id, key, _digest(desk, agent, words)):
        return said
    chat, handoff = mine(session, conversation_id, agent)
    message, turn = _write(session, desk, chat, agent, words, key)
    chat.owner_until, chat.last_turn_id = _machine.now() + agent.lease, turn.id
    handoff.answered_at, handoff.agent_typing_until = handoff.answered_at or desk.clock.now(), None
    handoff.last_said, handoff.last_said_at = message.id, _machine.now()
    return message


def add_later(session: Session, desk: Desk, handoff: Handoff, agent: Agent, text: str, key: str) -> Message:
    """Say one thing more in a talk that is over: whoever answers now goes on, and what the bot asks stays open.

    Args:
        session: One transaction for all of it.
        desk: Clock.
        handoff: The talk, or a later one of the same conversation.
        agent: Who says it.
        text: What the person reads, as text.
        key: Under which `was_said` knows it.

    Raises:
        Conflict: Somebody else talks with the person by now.
        Invalid: There is nothing to say.
        TooLong: More than 4,000 characters.
    """
    words = _words(text)
    chat = conversations.locked(session, handoff.conversation_id)
    if chat.owner == Owner.PERSON and chat.owner_staff != agent.id:
        raise Conflict("Somebody else is answering this conversation by now.")
    message, _ = _write(session, desk, chat, agent, words, key)
    handoff.last_said, handoff.last_said_at = message.id, _machine.now()
    return message


def in_messages(text: str) -> list[str]:
    """The whole of a text in as many messages as it needs, each as long as may be said at once."""
    rest, found = text.replace("\x00", "").strip(), []
    while len(rest) > LONGEST:
        cut = _cut(rest)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest]


def was_said(session: Session, conversation_id: str, key: str) -> bool:
    """Whether something was said under this key; from now until the transaction ends nothing else is."""
    conversations.locked(session, conversation_id)
    return conversations.find_turn(session, conversation_id, _key(key)) is not None


def agent_types(session: Session, conversation_id: str, agent: Agent) -> None:
    """Show in the chat that the agent is writing, for a few seconds.

    Raises:
        Conflict: The conversation is not this agent's.
    """
    chat, handoff = mine(session, conversation_id, agent)
    handoff.agent_typing_until = _machine.now() + _TYPING
    chat.owner_until = _machine.now() + agent.lease


def agent_read(session: Session, conversation_id: str, agent: Agent, message_id: int) -> None:
    """The agent has seen everything up to this message.

    Raises:
        Conflict: The conversation is not this agent's.
    """
    _, handoff = mine(session, conversation_id, agent)
    handoff.agent_read = max(handoff.agent_read, message_id)


def user_types(session: Session, conversation_id: str, on: bool) -> None:
    """Show the agent that the person is writing; nothing is kept while nobody answers the conversation."""
    until = _machine.now() + _TYPING if on else None
    taken = update(Handoff).where(Handoff.conversation_id == conversation_id, Handoff.state == HandoffState.TAKEN)
    session.execute(taken.values(user_typing_until=until))


def user_read(session: Session, conversation_id: str, message_id: int) -> None:
    """The person has seen everything up to this message."""
    handoff = newest_handoff(session, conversation_id)
    if handoff is not None and message_id <= conversations.newest_message_id(session, conversation_id):
        newer = update(Handoff).where(Handoff.id == handoff.id, Handoff.user_read < message_id)
        session.execute(newer.values(user_read=message_id))


def user_is_there(session: Session, conversation_id: str) -> None:
    """The person's chat is open: what is said now they can read there."""
    handoff = newest_handoff(session, conversation_id)
    if handoff is not None:
        session.execute(update(Handoff).where(Handoff.id == handoff.id).values(user_seen_at=_machine.now()))


def mail_those_away(desk: Desk) -> int:
    """Send what an agent said, and nobody read in the chat, to the address on file of those who went away.

    Returns:
        How many mails were written.
    """
    now = _machine.now()
    unread = (Handoff.last_said > Handoff.mailed, Handoff.last_said > Handoff.user_read)
    waited = Handoff.last_said_at < now - _UNREAD
    away = or_(Handoff.user_seen_at.is_(None), Handoff.user_seen_at < now - _AWAY)
    with desk.reading() as session:
        whose = select(Handoff.id, Conversation.subject).join(Conversation, Conversation.id == Handoff.conversation_id)
        found = session.execute(whose.where(*unread, waited, away)).tuples().all()
    return sum(_mail(desk, handoff_id, subject) for handoff_id, subject in found)


def answer_took_no_mail(session: Session, desk: Desk, now: datetime, handoff_id: int, message_id: int) -> None:
    """An answer that reached nobody: the talk is urgent for the staff, and back in the queue where it was over.

    Args:
        session: Desk database.
        desk: Office hours.
        now: The desk's time.
        handoff_id: The talk.
        message_id: The last message that the mail held.
    """
    handoff = session.get(Handoff, handoff_id)
    if handoff is None or handoff.user_read >= message_id:
        return
    chat = conversations.locked(session, handoff.conversation_id)
    session.add(HandoffNote(conversation_id=chat.id, staff="worker", text=_NO_MAIL, at=now))
    waiting = enter(session, desk.settings, now, chat, handoff.case_number, HandoffReason.NO_MAIL)
    case = session.get_one(Case, waiting.case_number)
    if case.kind == CaseKind.HANDOFF and case.state == CaseState.CLOSED:
        case.state, case.due_at = CaseState.WAITING, waiting.promised_at
    audit.record(session, now, AuditEvent.CASE_NOTED, chat.id, case.number, chat.subject, actor="worker")


def mail_address(desk: Desk, chat: Conversation) -> str | None:
    """Where somebody who went away reads what is said: the address on file. A visitor has none.

    Raises:
        SQLAlchemyError: The shop's database does not answer; what is said then is mailed when it is back.
    """
    return desk.email_of(chat.subject) if chat.subject else None


def _mail(desk: Desk, handoff_id: int, subject: str | None) -> bool:
    # Before anything is locked: whoever writes to the desk does not wait for the shop.
    address = desk.email_of(subject) if subject else None
    with desk.transaction() as session:
        handoff = session.get(Handoff, handoff_id, with_for_update=True)
        if handoff is None:
            return False  # erased meanwhile
        after, handoff.mailed = max(handoff.mailed, handoff.user_read), handoff.last_said
        chat = session.get_one(Conversation, handoff.conversation_id)
        said = [
            message
            for message in conversations.messages_after(session, chat.id, after)
            if message.author == Author.AGENT and message.id <= handoff.last_said
        ]
        if not address or not said:
            return False
        _post(session, desk.clock.now(), address, handoff, said)
    return True


def _post(session: Session, now: datetime, address: str, handoff: Handoff, said: list[Message]) -> None:
    outbox.post(
        session, now, address, "handoff_answer", f"{ANSWER_MAIL}:{handoff.id}:{said[-1].id}",
        number=handoff.case_number, name=said[-1].speaker or "", words="\n\n".join(message.words for message in said),
    )  # fmt: skip


def _cut(text: str) -> int:
    # In its first half nothing is cut, so that a text becomes few messages. The blank behind a message counts for none.
    ends = (text.rfind(end, LONGEST // 2, LONGEST + 1) + len(end) for end in _ENDS)
    return next((cut for cut in ends if cut > LONGEST // 2), LONGEST)


def _words(text: str) -> str:
    words = text.replace("\x00", "").strip()
    if not words:
        raise Invalid("The message is empty. Please write something.")
    if len(words) > LONGEST:
        raise TooLong
    return words


def _write(
    session: Session, desk: Desk, chat: Conversation, agent: Agent, words: str, key: str
) -> tuple[Message, Turn]:
    now = desk.clock.now()
    turn = Turn(
        conversation_id=chat.id, idempotency_key=_key(key), body_hash=_digest(desk, agent, words), state="done",
        ownership=chat.ownership, created_at=now,
    )  # fmt: skip
    session.add(turn)
    session.flush()
    masked = finder(desk.settings).masked(words)
    message = Message(
        conversation_id=chat.id, turn_id=turn.id, author=Author.AGENT, speaker=agent.name, text=masked.text,
        hidden=masked.values or None, citations=[], choices=[], created_at=now,
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message, turn


def _digest(desk: Desk, agent: Agent, words: str) -> str:
    return conversations.fingerprint(desk.settings.engine_secret, [agent.id, words])


def _key(key: str) -> str:
    return own_key(OwnTurn.SAID_BY_STAFF, key)


def _said_before(session: Session, conversation_id: str, key: str, digest: str) -> Message | None:
    conversations.locked(session, conversation_id)
    turn = conversations.find_turn(session, conversation_id, _key(key))
    if turn is None:
        return None
    if turn.body_hash != digest:
        raise Conflict("This message was sent already with other words. Please send it as a new one.")
    return conversations.messages_of_turn(session, turn.id, Author.AGENT)[0]
