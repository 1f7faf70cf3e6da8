"""What the desk says in a chat by itself, such as that something is done; the sentences stand in `domain.yml`."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from bot import yaml_text
from bot.config import PROJECT
from bot.errors import NotFound
from bot.store import conversations
from bot.store.desk_tables import Conversation, Message
from bot.vocabulary import Author, Owner


@cache
def _responses() -> dict[str, dict[str, Any]]:
    responses = yaml_text.read((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    return {name: variants[0] for name, variants in responses.items()}


def sentence(response: str, **values: str) -> str:
    """A response of `domain.yml` with what it names in braces filled in."""
    return str(_responses()[response]["text"]).format_map(values)


def as_answer(
    response: str,
    citations: list[str] | None = None,
    buttons: Sequence[dict[str, str]] | None = None,
    **values: str,
) -> dict[str, Any]:
    """A response of `domain.yml` as the engine would answer it, for what the desk adds to a turn by itself.

    Args:
        response: Its name.
        citations: Clause ids to quote.
        buttons: Choices in Rasa's form; those of the response if left out.
        values: What the response names in braces.
    """
    offered = _responses()[response].get("buttons", []) if buttons is None else list(buttons)
    custom = {"citations": citations or []}
    return {"response": response, "text": sentence(response, **values), "buttons": offered, "custom": custom}


def announce(
    session: Session,
    now: datetime,
    conversation_id: str | None,
    response: str,
    card: dict[str, Any] | None = None,
    buttons: Sequence[tuple[str, str]] = (),
    **values: str,
) -> None:
    """Say something in a conversation outside of a turn; the open chat shows it at once, a closed one later.

    While a person owns the conversation it is a note beside their talk, since the bot is silent then.

    Args:
        session: The transaction of its cause.
        now: When it was said.
        conversation_id: Where; nothing is said when the conversation was erased meanwhile.
        response: A response of `domain.yml`.
        card: Structured content for the person.
        buttons: Choices as name of the label in `domain.yml` and payload; they live until the next turn, like those
            of the newest one.
        values: What the response names in braces.
    """
    with suppress(NotFound):
        chat = conversations.locked(session, conversation_id or "")
        author = Author.BOT if chat.owner == Owner.BOT else Author.SYSTEM
        message = _message(chat, author, now, response, card, values)
        if author is Author.BOT and chat.last_turn_id is not None:
            message.choices = [
                conversations.add_choice(session, chat.id, chat.last_turn_id, payload, sentence(label))
                for label, payload in buttons
            ]
        session.add(message)


def ask(session: Session, now: datetime, conversation_id: str | None, response: str) -> None:
    """Say something with the buttons of its response; they live until the person's next turn."""
    with suppress(NotFound):
        chat = conversations.locked(session, conversation_id or "")
        if chat.owner != Owner.BOT or chat.last_turn_id is None:
            announce(session, now, conversation_id, response)
            return
        asked = _message(chat, Author.BOT, now, response, None, {})
        asked.choices = [
            conversations.add_choice(session, chat.id, chat.last_turn_id, each["payload"], each["title"])
            for each in _responses()[response].get("buttons", [])
        ]
        session.add(asked)


def note(session: Session, now: datetime, chat: Conversation, response: str, **values: str) -> None:
    """Tell in a conversation what happens with it, such as that a person is there now; nobody says it, it is a note."""
    session.add(_message(chat, Author.SYSTEM, now, response, None, values))


def _message(
    chat: Conversation,
    author: Author,
    now: datetime,
    response: str,
    card: dict[str, Any] | None,
    values: dict[str, str],
) -> Message:
    return Message(
        conversation_id=chat.id,
        author=author,
        text=sentence(response, **values),
        response=response,
        citations=[],
        choices=[],
        card=card,
        created_at=now,
    )
