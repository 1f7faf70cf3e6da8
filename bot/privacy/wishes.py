"""Several things asked for in one message: kept, dealt with in order, and never lost or carried out without being told.

The engine says what a message asks for (`bot/engine/wishes.py`); here is decided in which order, what waits, and what
becomes of what waits. A wish that is taken up goes the way of any other: with its own question and its own yes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.announcements import as_answer, sentence
from bot.store.desk_tables import ChatSession, Conversation, WaitingWish

TAKE, DROP = "wish_take", "wish_drop"
"""Intents of the desk's own buttons; the engine never hears of them."""
WAITING, TAKEN, DROPPED = "waiting", "taken", "dropped"
_ANSWERED_AT_ONCE = frozenset({"ask_policy", "ask_policy_changes", "ask_request_status", "shop_question"})
_ERASING = frozenset({"request_erasure", "cancel_account", "request_anonymisation"})
_COPIES = frozenset({"request_export", "request_access"})
_NEED_SIGN_IN = _ERASING | _COPIES | {"request_rectification", "withdraw_consent", "object_to_processing"}
_MOST_REMINDERS = 2
_COUNTED = ("no", "one", "two", "three")
_LEAVING_OUT = re.compile(
    r"\W*(?:(?:no|nope|nah|oh|ok|okay|actually|sorry|please|yes|yeah|well)\W+)*"
    r"(?:(?:just|only) (?:do )?(?:the )?(?:first|1st)(?: one| thing)?"
    r"|(?:please )?(?:forget|skip|drop|cancel|leave|ignore|scrap|never ?mind)(?: out| about)? (?:the )?"
    r"(?:second|2nd|other|others|last|rest)(?: ones?| things?| wish| part| bit)?(?: out| alone)?"
    r"|not the (?:second|2nd|other|last)(?: ones?| things?| part)?)"
    r"(?:\W+(?:please|pls|thanks|thank you|then|for now|now|after all))*\W*",
    re.IGNORECASE,
)
_LONGEST = 80


@dataclass
class Outcome:
    """What a turn does with the wishes that wait, to be written down together with its answers."""

    taken: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    reminded: list[int] = field(default_factory=list)

    @property
    def done(self) -> frozenset[int]:
        """Wishes that wait no more."""
        return frozenset([*self.taken, *self.dropped])


def leaves_out(text: str) -> bool:
    """Whether somebody wants only the first of the things they asked for."""
    return len(text) <= _LONGEST and _LEAVING_OUT.fullmatch(text.replace("’", "'")) is not None


def in_order(found: Sequence[dict[str, str]]) -> tuple[list[dict[str, str]], bool]:
    """What is asked for in the order in which it is dealt with.

    Questions come first, since an answer changes nothing. A copy comes before a deletion, because afterwards there is
    nothing left to copy. Everything else goes as it was said.

    Returns:
        The wishes, and whether a copy was put before a deletion that was named first.
    """
    asked = [wish for wish in found if wish["intent"] in _ANSWERED_AT_ONCE]
    rest = [wish for wish in found if wish["intent"] not in _ANSWERED_AT_ONCE]
    erasing = next((at for at, wish in enumerate(rest) if wish["intent"] in _ERASING), len(rest))
    late = [wish for wish in rest[erasing:] if wish["intent"] in _COPIES]
    others = [wish for wish in rest[erasing:] if wish["intent"] not in _COPIES]
    return [*asked, *rest[:erasing], *late, *others], bool(late)


def keep(
    session: Session, now: datetime, chat: Conversation, message_id: int, found: Sequence[dict[str, str]]
) -> list[dict[str, Any]]:
    """Keep what a message asks for, and say in which order it is dealt with; done twice it changes nothing.

    Args:
        session: Desk database.
        now: The desk's time.
        chat: The conversation.
        message_id: The message that asks for it.
        found: Intent and words of each wish, as the message has them.

    Returns:
        The announcement.
    """
    ordered, copy_first = in_order(found)
    if not session.scalar(select(WaitingWish.id).where(WaitingWish.message_id == message_id).limit(1)):
        _add(session, now, chat, message_id, ordered)
    names = [name_of(wish["intent"]) for wish in ordered]
    response = "utter_several_wishes_copy_first" if copy_first else "utter_several_wishes"
    return [as_answer(response, count=_COUNTED[len(names)], first=names[0], then=", and then ".join(names[1:]))]


def keep_for_later(
    session: Session, now: datetime, chat: Conversation, origin: str, intent: str, text: str = ""
) -> None:
    """Let one thing that was asked for wait until what a later message wants first is done; twice changes nothing.

    Args:
        session: Desk database.
        now: The desk's time.
        chat: The conversation.
        origin: The message, or the part of one, that asked for it; the later message where a button was pressed.
        intent: What waits.
        text: With what it was asked for, a placeholder for each value; empty where a button was pressed.
    """
    message_id = int(origin.partition("-")[0])
    rows = list(session.scalars(select(WaitingWish).where(WaitingWish.message_id == message_id)))
    kept = next((row for row in rows if row.intent == intent), None)
    if kept is not None:
        kept.state = WAITING
    else:  # behind what else the same message asked for, or made wait
        _add(session, now, chat, message_id, [{"intent": intent, "text": text}], 1 + len(rows))


def _add(
    session: Session,
    now: datetime,
    chat: Conversation,
    message_id: int,
    found: Sequence[dict[str, str]],
    first: int = 1,
) -> None:
    for place, wish in enumerate(found, start=first):
        session.add(
            WaitingWish(
                conversation_id=chat.id,
                message_id=message_id,
                place=place,
                intent=wish["intent"],
                words=wish["text"],
                state=WAITING,
                created_at=now,
            )
        )
    session.flush()


def kept_of(session: Session, message_id: int) -> list[dict[str, str]]:
    """What `keep` kept of a message that asks for several things; empty where none, or one that was put off, is."""
    rows = select(WaitingWish).where(WaitingWish.message_id == message_id).order_by(WaitingWish.place)
    found = [{"intent": row.intent, "text": row.words} for row in session.scalars(rows)]
    return found if len(found) > 1 else []


def name_of(intent: str) -> str:
    """A wish in the words of a person."""
    return sentence(f"utter_wish_{intent}")


def waiting(session: Session, chat_id: str, outcome: Outcome | None = None) -> list[WaitingWish]:
    """What waits in a conversation, without what this turn has dealt with already.

    What was asked for last comes first, each message in its order.
    """
    rows = select(WaitingWish).where(WaitingWish.conversation_id == chat_id, WaitingWish.state == WAITING)
    done = outcome.done if outcome else frozenset()
    return [
        row
        for row in session.scalars(rows.order_by(WaitingWish.message_id.desc(), WaitingWish.place))
        if row.id not in done
    ]


def settle(session: Session, outcome: Outcome) -> None:
    """Write down what a turn did with them."""
    for state, ids in ((TAKEN, outcome.taken), (DROPPED, outcome.dropped)):
        for wish in ids:
            session.get_one(WaitingWish, wish).state = state
    for wish in outcome.reminded:
        session.get_one(WaitingWish, wish).reminders += 1
    session.flush()


def follow_person(session: Session, chat: Conversation, machine_now: datetime) -> None:
    """Bring what waits in chats that their person can open no more into the chat that they begin now."""
    if chat.subject is None:
        return
    open_still = select(ChatSession.conversation_id).where(ChatSession.expires_at > machine_now)
    left = select(WaitingWish).join(Conversation, Conversation.id == WaitingWish.conversation_id)
    left = left.where(
        Conversation.subject == chat.subject,
        WaitingWish.state == WAITING,
        WaitingWish.conversation_id.not_in(open_still),
    )
    for wish in session.scalars(left).all():
        wish.conversation_id = chat.id
    session.flush()


def as_sent(wish: WaitingWish) -> dict[str, str]:
    """What the engine gets of it: the words; the button's intent where there are none, so that no label is read."""
    if wish.words:
        return {"text": wish.words}
    return {"intent": wish.intent, "label": sentence(f"utter_choice_{wish.intent}")}


def next_announced(wish: WaitingWish) -> dict[str, Any]:
    """Say that it is the turn of a wish."""
    return as_answer("utter_next_wish", wish=name_of(wish.intent))


def said_anew(rows: Sequence[WaitingWish], intent: str | None) -> list[WaitingWish]:
    """Those of the wishes that the person has just asked for in other words."""
    same = _ERASING if intent in _ERASING else {intent}
    return [row for row in rows if row.intent in same]


def left_out(rows: Sequence[WaitingWish], buttons: Sequence[dict[str, str]] | None = None) -> dict[str, Any]:
    """Say that these wait no more, and that nothing of them was done."""
    return as_answer("utter_wish_left_out", buttons=buttons, wishes=_listed(rows))


def dropped_with(rows: Sequence[WaitingWish]) -> dict[str, Any]:
    """Say that these go together with what was stopped, with a way to have them after all."""
    return as_answer("utter_wishes_stopped", buttons=[_button(row) for row in rows], wishes=_listed(rows))


def asked_about(wish: WaitingWish) -> dict[str, Any]:
    """Ask whether to go on with a wish that waits."""
    return as_answer("utter_wish_waits", wish=name_of(wish.intent))


def without_sign_in(rows: Sequence[WaitingWish]) -> list[WaitingWish]:
    """Those that nobody can have without being signed in."""
    return [row for row in rows if row.intent in _NEED_SIGN_IN]


def after_sign_in(rows: Sequence[WaitingWish]) -> dict[str, Any]:
    """Say that these need a known customer as well."""
    return as_answer("utter_wishes_need_sign_in", wishes=_listed(rows))


def was_asked_enough(wish: WaitingWish) -> bool:
    """Whether the person has been asked about it as often as they should be."""
    return wish.reminders >= _MOST_REMINDERS


def _listed(rows: Sequence[WaitingWish]) -> str:
    return ", and ".join(name_of(row.intent) for row in rows)


def _button(wish: WaitingWish) -> dict[str, str]:
    return {"title": sentence(f"utter_choice_{wish.intent}"), "payload": f"/{wish.intent}"}
