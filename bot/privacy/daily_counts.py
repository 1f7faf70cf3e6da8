"""How much the desk does and how well, counted by day: no count tells who, which or when within the day."""

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.store.adding import change_or_add
from bot.store.desk_tables import DailyCount

CHATS = "chats"
"""Chats in which somebody said something."""
TURNS = "turns"
"""Messages of people that were answered or passed on."""
HANDOFFS = "handoffs"
"""Wishes to talk to a person, one for each time somebody begins to wait."""
CONFIDENCE = "confidence_"
"""With a figure behind it: typed messages read with a confidence in that tenth, 0 to 9."""
SATISFACTION = "satisfaction_"
"""With a figure behind it: how people said it went, 1 to 5."""


def count(session: Session, now: datetime, name: str, by: int = 1) -> None:
    """Count something that happened today, in the transaction in which it did.

    Args:
        session: That transaction.
        now: The desk's time.
        name: What; see the names above.
        by: How often.
    """
    here = (DailyCount.day == now.date(), DailyCount.name == name)
    step = update(DailyCount).where(*here).values(count=DailyCount.count + by)
    change_or_add(session, step, DailyCount(day=now.date(), name=name, count=by))


def count_turn(session: Session, now: datetime, confidence: float | None, *, first: bool) -> None:
    """Count a message of a person and how well it was read.

    Args:
        session: The transaction that keeps the answers.
        now: The desk's time.
        confidence: From 0 to 1; None where nothing was read (a button, a form, a person answers).
        first: Whether it was the first of its chat.
    """
    count(session, now, TURNS)
    if first:
        count(session, now, CHATS)
    if confidence is not None:
        count(session, now, f"{CONFIDENCE}{min(9, max(0, int(confidence * 10)))}")


def by_day(session: Session, since: date) -> dict[date, dict[str, int]]:
    """Every count from a day on."""
    found: dict[date, dict[str, int]] = {}
    for row in session.scalars(select(DailyCount).where(DailyCount.day >= since).order_by(DailyCount.day)):
        found.setdefault(row.day, {})[row.name] = row.count
    return found
