"""What the desk says in a chat by itself, such as that something is done; the sentences stand in `domain.yml`."""

from datetime import datetime
from functools import cache
from typing import Any

import yaml
from sqlalchemy.orm import Session

from bot.config import PROJECT
from bot.store.desk_tables import Conversation, Message
from bot.vocabulary import Author


@cache
def _sentences() -> dict[str, str]:
    responses = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    return {name: variants[0]["text"] for name, variants in responses.items()}


def announce(
    session: Session,
    now: datetime,
    conversation_id: str | None,
    response: str,
    card: dict[str, Any] | None = None,
    **values: str,
) -> None:
    """Say something in a conversation outside of a turn; the open chat shows it at once, a closed one later.

    Args:
        session: The transaction of its cause.
        now: When it was said.
        conversation_id: Where; nothing is said when the conversation was erased meanwhile.
        response: A response of `domain.yml`.
        card: Structured content for the person.
        values: What the response names in braces.
    """
    if conversation_id is None or session.get(Conversation, conversation_id) is None:
        return
    session.add(
        Message(
            conversation_id=conversation_id,
            author=Author.BOT,
            text=_sentences()[response].format_map(values),
            response=response,
            citations=[],
            choices=[],
            card=card,
            created_at=now,
        )
    )
