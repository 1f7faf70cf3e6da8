"""A filled form on its way in: found, checked against its card, used once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import FormGone, NotFound
from bot.privacy import form_cards, guardian_consent_form, rectification, rectification_form
from bot.privacy.deadlines import date_of
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Turn
from bot.vocabulary import Author

SUBMIT = "submit_form"
"""Intent that stands for a filled form."""

# What only the right itself can say about a filled form, such as whether an order is the person's own.
_FURTHER: dict[str, Callable[[Desk, str, Mapping[str, str]], object]] = {
    rectification_form.FORM: rectification.propose,
    guardian_consent_form.FORM: guardian_consent_form.check,
}


@dataclass(frozen=True)
class Filled:
    """What was sent for a form card: its id, and values by field."""

    card_id: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A form that can be used: its title for the history, and the content that its message keeps."""

    title: str
    content: dict[str, Any]


def check(session: Session, desk: Desk, conversation_id: str, filled: Filled) -> Checked:
    """Find the form in this conversation and clean what was filled in.

    Raises:
        FormGone: No such form was given out here, or it was used.
        FormInvalid: A field cannot be used.
    """
    try:
        card = conversations.card_content(session, conversation_id, filled.card_id)
    except NotFound:
        raise FormGone from None
    if card.get("kind") != "form" or used(session, conversation_id, filled.card_id):
        raise FormGone
    settings, today = desk.settings, date_of(desk.clock.now(), desk.settings)
    values = form_cards.check(card, filled.values, today, settings.business_calendar[:2])
    subject = conversations.conversation(session, conversation_id).subject
    if subject is not None and card["form"] in _FURTHER:
        _FURTHER[card["form"]](desk, subject, values)
    return Checked(card["title"], {"kind": conversations.FORM_VALUES, "form": card["form"], "values": values})


def used(session: Session, conversation_id: str, card_id: str, except_turn: int | None = None) -> bool:
    """Whether an earlier turn of this conversation carried the form to its end."""
    turns = select(Turn.id).where(
        Turn.conversation_id == conversation_id,
        Turn.choice_intent == SUBMIT,
        Turn.choice_value == card_id,
        Turn.state == "done",
        Turn.id != (except_turn or 0),
    )
    return session.scalar(turns.limit(1)) is not None


def mark_used(session: Session, conversation_id: str, card_id: str) -> None:
    """Let the history show the form as sent."""
    for message in reversed(conversations.messages_after(session, conversation_id)):
        card = message.card or {}
        if message.author == Author.BOT and card.get("id") == card_id:
            message.card = card | {"used": True}
            return
