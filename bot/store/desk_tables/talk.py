"""Chats: who speaks, what was said, what was offered."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedJSON, EncryptedText
from bot.store.placeholders import restored


class Conversation(Base):
    """One chat. `subject` is the shop's customer id, or nothing for an anonymous one.

    While a person owns it, `owner_staff` holds it as a lease until `owner_until` (machine's clock). `ownership` rises
    with every change of owner; `engine_ownership` is its value when the engine answered last.
    """

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    subject: Mapped[str | None] = mapped_column(String(64), index=True, info=WHO)
    owner: Mapped[str] = mapped_column(String(16), default="bot", info=NOTHING)
    owner_staff: Mapped[str | None] = mapped_column(String(64), index=True, info=NOTHING)
    owner_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    ownership: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    engine_ownership: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    last_turn_id: Mapped[int | None] = mapped_column(Integer, info=NOTHING)
    busy_token: Mapped[str | None] = mapped_column(String(32), info=NOTHING)
    busy_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    wrong_claims: Mapped[int] = mapped_column(Integer, default=0, server_default="0", info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class ChatSession(Base):
    """A live key to one conversation; only the hash of its token is kept."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info=NOTHING)


class UsedShopToken(Base):
    """Shop tokens that were exchanged for a session, so that none serves twice."""

    __tablename__ = "used_shop_tokens"
    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info=NOTHING)


class Turn(Base):
    """One thing a person sent and what came of it; a repeat with the same key finds it again."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "idempotency_key"), NEVER_AGAIN)
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), info=NOTHING)
    idempotency_key: Mapped[str] = mapped_column(String(128), info=NOTHING)
    body_hash: Mapped[str] = mapped_column(String(64), info=NOTHING)
    state: Mapped[str] = mapped_column(String(16), info=NOTHING)
    choice_intent: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    choice_value: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    ownership: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Message(Base):
    """One message of a conversation, of whichever author.

    `text` has a placeholder for each value that somebody typed, such as `‹email›`, and `hidden` has the values in their
    order. Whoever needs the words as they were typed asks for `words`; whatever only reads `text` sees no value.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_conversation", "conversation_id", "id"), NEVER_AGAIN)
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), info=NOTHING)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id"), index=True, info=NOTHING)
    author: Mapped[str] = mapped_column(String(16), info=NOTHING)
    speaker: Mapped[str | None] = mapped_column(EncryptedText, info=CONTENT)
    text: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    hidden: Mapped[list[str] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    response: Mapped[str | None] = mapped_column(String(128), info=NOTHING)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON, info=CONTENT)
    choices: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON, info=CONTENT)
    card: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)

    @property
    def words(self) -> str:
        """The words as they were typed: for the person themselves, and for what they asked to be done."""
        return restored(self.text, self.hidden or [])


class Choice(Base):
    """A button somebody was shown: an opaque id on the outside, an intent on the inside."""

    __tablename__ = "choices"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id"), info=NOTHING)
    intent: Mapped[str] = mapped_column(String(64), info=NOTHING)
    value: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    label: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)


class WaitingWish(Base):
    """One of several things that a message asked for; it waits until those before it are dealt with.

    `message_id` and `place` are its origin for good; `conversation_id` follows the person into their next chat.
    """

    __tablename__ = "waiting_wishes"
    __table_args__ = (UniqueConstraint("message_id", "place"),)
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    message_id: Mapped[int] = mapped_column(Integer, info=NOTHING)
    place: Mapped[int] = mapped_column(Integer, info=NOTHING)
    intent: Mapped[str] = mapped_column(String(64), info=NOTHING)
    words: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    state: Mapped[str] = mapped_column(String(16), info=NOTHING)
    reminders: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Card(Base):
    """Structured content for one person, put here by an action so that it never passes through the engine."""

    __tablename__ = "cards"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=NOTHING)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True, info=NOTHING)
    content: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, info=CONTENT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)


class Tombstone(Base):
    """A conversation that was erased: nothing may be written to it any more."""

    __tablename__ = "tombstones"
    conversation_id: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
