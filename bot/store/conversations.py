"""Conversations, the sessions that open them, and what was said in them."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.orm import Session

from bot.errors import ChoiceGone, NotFound, SessionExpired
from bot.store.adding import add_unless_there
from bot.store.desk_tables import (
    Card,
    ChatSession,
    Choice,
    Conversation,
    Message,
    StaffSession,
    Turn,
    UsedShopToken,
    WaitingWish,
)
from bot.store.placeholders import PLACEHOLDER, restored
from bot.vocabulary import Author, Owner

_LOOKED_BACK = 20
FORM_VALUES = "form_values"
"""Kind of the card under which a message keeps what was filled into a form; never shown."""


def hashed(secret: str) -> str:
    """The form in which a random secret is kept: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fingerprint(secret: str, content: Any) -> str:
    """Tells a repeat from another message; without the secret nobody can try out what a short message was.

    Args:
        secret: A secret of the desk.
        content: What JSON can hold.
    """
    return hmac.new(secret.encode(), json.dumps(content, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def use_shop_token_once(session: Session, jti: str, expires_at: datetime) -> bool:
    """Remember a shop token as used.

    Returns:
        Whether this was its first use.
    """
    if session.get(UsedShopToken, hashed(jti)) is not None:
        return False
    return add_unless_there(session, UsedShopToken(jti_hash=hashed(jti), expires_at=expires_at))


def open_session(session: Session, subject: str | None, now: datetime, expires_at: datetime) -> tuple[str, str]:
    """Begin a conversation.

    Args:
        session: Desk database.
        subject: The shop's customer id, or None for an anonymous conversation.
        now: When it begins.
        expires_at: Until when the token serves.

    Returns:
        Conversation id and session token. The token is shown this once; only its hash is kept.
    """
    conversation = Conversation(id=uuid4().hex, subject=subject, created_at=now)
    token = secrets.token_urlsafe(32)
    session.add(conversation)
    session.flush()
    session.add(ChatSession(token_hash=hashed(token), conversation_id=conversation.id, expires_at=expires_at))
    return conversation.id, token


def conversation_of_session(session: Session, token: str, now: datetime) -> Conversation:
    """The conversation a session token opens.

    Raises:
        SessionExpired: The token is unknown or its time is over.
    """
    found = session.get(ChatSession, hashed(token))
    if found is None or found.expires_at <= now:
        raise SessionExpired
    return session.get_one(Conversation, found.conversation_id)


def open_until(session: Session, conversation_id: str) -> datetime | None:
    """Until when a conversation can be opened, by the machine's clock; None where nobody can open it any more."""
    return session.scalar(
        select(func.max(ChatSession.expires_at)).where(ChatSession.conversation_id == conversation_id)
    )


def conversation(session: Session, conversation_id: str) -> Conversation:
    """The conversation of that id.

    Raises:
        NotFound: There is none.
    """
    found = session.get(Conversation, conversation_id)
    if found is None:
        raise NotFound
    return found


def newest_of(session: Session, subject: str) -> str | None:
    """Id of the chat that a customer began last: signing in begins a new one, and then no earlier one can be opened."""
    theirs = select(Conversation.id).where(Conversation.subject == subject)
    return session.scalar(theirs.order_by(Conversation.created_at.desc(), Conversation.id).limit(1))


def locked(session: Session, conversation_id: str) -> Conversation:
    """The conversation as it is now, held until the transaction ends: who changes it or speaks in it waits.

    Raises:
        NotFound: There is none.
    """
    found = session.get(Conversation, conversation_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def take_lease(session: Session, conversation_id: str, now: datetime, seconds: int) -> str | None:
    """Get the right to run the conversation's next turn.

    Returns:
        A token to give back with `release_lease`, or None while another turn runs. A lease of a process that
        died ends by itself after `seconds`.
    """
    token = secrets.token_hex(16)
    free = or_(Conversation.busy_until.is_(None), Conversation.busy_until < now)
    taken: CursorResult[Any] = session.connection().execute(
        update(Conversation)
        .where(Conversation.id == conversation_id, free)
        .values(busy_token=token, busy_until=now + timedelta(seconds=seconds))
    )
    return token if taken.rowcount else None


def is_busy(session: Session, conversation_id: str, now: datetime) -> bool:
    """Whether another turn of the bot's runs, so that there is no lease to be had yet; writes nothing."""
    runs = select(Conversation.id).where(
        Conversation.id == conversation_id, Conversation.owner == Owner.BOT, Conversation.busy_until >= now
    )
    return session.scalar(runs) is not None


def release_lease(session: Session, conversation_id: str, token: str) -> bool:
    """Give the lease back.

    Returns:
        Whether it was still held; if not, somebody else owns the conversation's turn by now.
    """
    given: CursorResult[Any] = session.connection().execute(
        update(Conversation)
        .where(Conversation.id == conversation_id, Conversation.busy_token == token)
        .values(busy_token=None, busy_until=None)
    )
    return bool(given.rowcount)


def find_turn(session: Session, conversation_id: str, key: str) -> Turn | None:
    """The turn that a repeat with this idempotency key is about."""
    return session.scalar(select(Turn).where(Turn.conversation_id == conversation_id, Turn.idempotency_key == key))


def messages_after(session: Session, conversation_id: str, after: int = 0, limit: int | None = None) -> list[Message]:
    """What was said in a conversation after the message of that id, oldest first; all of it unless there is a limit."""
    said = select(Message).where(Message.conversation_id == conversation_id, Message.id > after)
    return list(session.scalars(said.order_by(Message.id).limit(limit)))


def newest_messages(session: Session, conversation_id: str, most: int, author: str) -> list[Message]:
    """The last things one author said in a conversation, newest first."""
    said = select(Message).where(Message.conversation_id == conversation_id, Message.author == author)
    return list(session.scalars(said.order_by(Message.id.desc()).limit(most)))


def messages_of_turn(session: Session, turn_id: int, author: str) -> list[Message]:
    """What one author said in a turn, in order."""
    return list(
        session.scalars(
            select(Message).where(Message.turn_id == turn_id, Message.author == author).order_by(Message.id)
        )
    )


def said_in(session: Session, conversation_id: str, origin: str) -> str:
    """The words of one message, or of the part of one that `<message>-<place>` names, as they were typed.

    Raises:
        NotFound: No such message in this conversation.
    """
    return _with_values(*_said(session, conversation_id, origin))


def text_in(session: Session, conversation_id: str, origin: str) -> str:
    """The same words as the engine reads them, with a placeholder for each value.

    Raises:
        NotFound: No such message in this conversation.
    """
    return _said(session, conversation_id, origin)[0]


def _said(session: Session, conversation_id: str, origin: str) -> tuple[str, Message | None]:
    """Text without values, and the message that has them."""
    number, _, place = origin.partition("-")
    message = session.get(Message, int(number))
    if not place:
        if message is None or message.conversation_id != conversation_id:
            raise NotFound
        return message.text, message
    part = session.scalar(
        select(WaitingWish.words).where(
            WaitingWish.conversation_id == conversation_id,
            WaitingWish.message_id == int(number),
            WaitingWish.place == int(place),
        )
    )
    if part is None:
        raise NotFound
    return part, message


def _with_values(part: str, message: Message | None) -> str:
    """A part of a message with its values; without them where the message is gone or does not hold the part."""
    before, found, _ = message.text.partition(part) if message is not None else ("", "", "")
    if message is None or not found:
        return part
    return restored(part, (message.hidden or [])[len(PLACEHOLDER.findall(before)) :])


def chosen_value(session: Session, conversation_id: str, message_id: int) -> str | None:
    """What the button behind a message stands for beyond its intent."""
    message = session.get(Message, message_id)
    if message is None or message.conversation_id != conversation_id or message.turn_id is None:
        return None
    return session.get_one(Turn, message.turn_id).choice_value


def form_values(session: Session, conversation_id: str, message_id: int) -> dict[str, str]:
    """What was filled into the form that a message is.

    Raises:
        NotFound: It is no form of this conversation.
    """
    values: dict[str, str] = _sent_form(session, conversation_id, message_id)["values"]
    return values


def form_name(session: Session, conversation_id: str, message_id: int) -> str:
    """Which form a message is.

    Raises:
        NotFound: It is no form of this conversation.
    """
    return str(_sent_form(session, conversation_id, message_id)["form"])


def _sent_form(session: Session, conversation_id: str, message_id: int) -> dict[str, Any]:
    message = session.get(Message, message_id)
    if message is None or message.conversation_id != conversation_id:
        raise NotFound
    card = message.card or {}
    if card.get("kind") != FORM_VALUES:
        raise NotFound
    return card


def add_choice(session: Session, conversation_id: str, turn_id: int, payload: str, label: str) -> dict[str, str]:
    """Make a button of this turn; its id says nothing of what it does.

    Args:
        session: Desk database.
        conversation_id: Whose button it is.
        turn_id: The turn it belongs to; it lives while that is the newest.
        payload: `/intent`, or `/intent value` for one of several buttons with the same intent.
        label: What the person reads.
    """
    intent, _, value = payload.removeprefix("/").partition(" ")
    choice = Choice(
        id=secrets.token_hex(8),
        conversation_id=conversation_id,
        turn_id=turn_id,
        intent=intent,
        value=value or None,
        label=label,
    )
    session.add(choice)
    return {"id": choice.id, "label": label}


def live_choice(session: Session, chat: Conversation, choice_id: str) -> Choice:
    """The choice of that id, if it was offered in the conversation's newest turn.

    Raises:
        ChoiceGone: It is of an earlier question, of another conversation, or does not exist.
    """
    choice = session.get(Choice, choice_id)
    if choice is None or choice.conversation_id != chat.id or choice.turn_id != chat.last_turn_id:
        raise ChoiceGone
    return choice


def open_question(session: Session, chat: Conversation) -> list[Choice]:
    """The choices of the last message that offered any, in the order in which they are shown; none once they are gone.

    What was announced later and asks nothing leaves them open.
    """
    message = last_with_choices(session, chat.id)
    found = [session.get(Choice, each["id"]) for each in message.choices] if message else []
    return [each for each in found if each is not None and each.turn_id == chat.last_turn_id]


def offered_beside(session: Session, chat: Conversation, question: Sequence[Choice]) -> list[Choice]:
    """The choices that other messages of the last turn offered beside those of its open question."""
    of_turn = select(Choice).where(Choice.conversation_id == chat.id, Choice.turn_id == chat.last_turn_id)
    return [each for each in session.scalars(of_turn) if each not in question]


def last_with_choices(session: Session, chat_id: str) -> Message | None:
    """The last of the newest messages to a person that offered choices."""
    said = select(Message).where(Message.conversation_id == chat_id, Message.author != Author.USER)
    newest = session.scalars(said.order_by(Message.id.desc()).limit(_LOOKED_BACK))
    return next((message for message in newest if message.choices), None)


def keep_card(session: Session, conversation_id: str, content: dict[str, Any], now: datetime) -> str:
    """Keep structured content for the person of this conversation.

    Returns:
        The id under which `card_content` finds it.
    """
    card = Card(id=secrets.token_hex(16), conversation_id=conversation_id, content=content, created_at=now)
    session.add(card)
    return card.id


def card_content(session: Session, conversation_id: str, card_id: str) -> dict[str, Any]:
    """A card of this conversation.

    Raises:
        NotFound: There is no such card in this conversation.
    """
    card = session.get(Card, card_id)
    if card is None or card.conversation_id != conversation_id:
        raise NotFound
    return card.content


def forget_expired(session: Session, now: datetime) -> int:
    """Remove sessions and used shop tokens whose time is over.

    Returns:
        How many rows went.
    """
    gone = 0
    for table in (ChatSession, UsedShopToken, StaffSession):
        result: CursorResult[Any] = session.connection().execute(delete(table).where(table.expires_at <= now))
        gone += result.rowcount
    return gone


def newest_message_id(session: Session, conversation_id: str) -> int:
    """Id of the last thing said in a conversation, or 0."""
    newest = select(func.max(Message.id)).where(Message.conversation_id == conversation_id)
    return session.scalar(newest) or 0
