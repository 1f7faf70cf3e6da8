"""A person is wanted: the wish becomes a case with a place in the queue and a promised time.

While nobody has taken it, the person goes on with the bot, leaves a message, or stops waiting; nothing of it is lost.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.privacy import daily_counts
from bot.privacy.complaint import add_words_for_person, file_case
from bot.privacy.handoff_queue import Standing, enter, newest_handoff, open_handoff, promised_at, standing
from bot.store import audit, conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Case, Conversation
from bot.vocabulary import AuditEvent, CaseKind, CaseState, HandoffReason, HandoffState

MESSAGE_FORM = "handoff_message"
_LONGEST = 2000


@dataclass(frozen=True)
class Wish:
    """What came of asking for a person.

    Attributes:
        already: Somebody was asked for before in this conversation.
        taken: A person has it already.
    """

    standing: Standing
    already: bool
    taken: bool


def ask_for_person(
    session: Session,
    desk: Desk,
    now: datetime,
    chat: Conversation,
    origin: str,
    mail_to: str | None,
    reason: HandoffReason = HandoffReason.ASKED,
    statement: str | None = None,
) -> Wish:
    """Put the conversation into the queue for a person, once however often it is asked.

    Args:
        session: One transaction for all of it.
        desk: Settings.
        now: The desk's time.
        chat: The conversation.
        origin: Id of the message the wish came in.
        mail_to: The customer's address on file, if any: the case is confirmed there.
        reason: Why a person is to take over.
        statement: The person's words, where they are the reason.
    """
    conversations.locked(session, chat.id)
    waiting = open_handoff(session, chat.id)
    if waiting is None:
        due_at = promised_at(desk.settings, now)
        filed = file_case(session, desk.settings, now, chat, CaseKind.HANDOFF, origin, due_at, mail_to, statement)
        session.flush()
        number = filed.number
        before = newest_handoff(session, chat.id)
        if before is not None and before.case_number == number:
            # The turn of this message broke off and is run again: meanwhile a person came, and it is over.
            return Wish(standing(session, desk.settings, now, before), already=True, taken=False)
        daily_counts.count(session, now, daily_counts.HANDOFFS)
    else:
        number = waiting.case_number
        if statement:
            add_words_for_person(session, now, chat, number, statement)
    mine = enter(session, desk.settings, now, chat, number, reason)
    return Wish(standing(session, desk.settings, now, mine), waiting is not None, mine.state == HandoffState.TAKEN)


def call_person(session: Session, desk: Desk, now: datetime, chat: Conversation, case_number: str) -> Standing:
    """Put the conversation of a report with priority into the queue, before those who merely asked."""
    session.flush()
    mine = enter(session, desk.settings, now, chat, case_number, HandoffReason.SECURITY_REPORT)
    return standing(session, desk.settings, now, mine)


def waiting_number(session: Session, chat: Conversation) -> str | None:
    """The number of the case under which a person was asked for and is not done."""
    waiting = open_handoff(session, chat.id)
    return None if waiting is None else waiting.case_number


def leave_message(session: Session, now: datetime, chat: Conversation, words: str) -> str | None:
    """Put a message for the person who will answer to the case, even if it was answered in writing meanwhile.

    Returns:
        The number of the case; None when nobody is waited for any more.
    """
    conversations.locked(session, chat.id)
    waiting = open_handoff(session, chat.id)
    if waiting is None:
        return None
    add_words_for_person(session, now, chat, waiting.case_number, words)
    return waiting.case_number


def stop_waiting(session: Session, now: datetime, chat: Conversation) -> str | None:
    """Leave the queue; what was said stays with the case.

    Returns:
        The number of the case; None when the conversation was not in the queue.
    """
    # From here on nobody takes it, and who took it a moment ago is seen.
    conversations.locked(session, chat.id)
    waiting = open_handoff(session, chat.id)
    if waiting is None or waiting.state != HandoffState.WAITING:
        return None
    waiting.state, waiting.ended_at = HandoffState.ENDED, now
    close_case(session, waiting.case_number)
    audit.record(session, now, AuditEvent.HANDOFF_LEFT, chat.id, waiting.case_number)
    return waiting.case_number


def close_case(session: Session, number: str) -> None:
    """Close the case of a hand-off; a complaint or report behind one is answered on its own."""
    case = session.get(Case, number)
    if case is not None and case.kind == CaseKind.HANDOFF:
        case.state = CaseState.CLOSED


def message_form() -> dict[str, Any]:
    """The card in which somebody writes a message for the person who will answer."""
    return {
        "kind": "form",
        "form": MESSAGE_FORM,
        "title": "A message for the person who answers",
        "fields": [
            {
                "name": "message",
                "label": "Your message",
                "type": "textarea",
                "required": True,
                "longest": _LONGEST,
            }
        ],
        "submit": "Leave the message",
    }
