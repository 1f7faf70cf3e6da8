"""How a talk with a person went: a number and, if they like, a word; kept by day, without anybody's name."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.errors import Invalid, NotFound
from bot.privacy import daily_counts
from bot.store.desk_tables import Satisfaction

WORD_FORM = "handoff_word"
_SCORES = range(1, 6)
_LONGEST = 200
# What could tell who wrote it is not wanted here, and is cut before it is kept.
_TELLING = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\+?\d[\d\s()./-]{3,}\d|\b[A-Z]{2}-\d{4}-\d{6}\b")


def rate(session: Session, now: datetime, score: str) -> dict[str, Any]:
    """Count how it went.

    Args:
        session: Desk database.
        now: The desk's time; only its day is kept.
        score: 1 (bad) to 5 (very good).

    Returns:
        The card that asks for a word.

    Raises:
        Invalid: That is no score.
    """
    if not score.isdigit() or int(score) not in _SCORES:
        raise Invalid("Please choose a number from 1 to 5.")
    daily_counts.count(session, now, f"{daily_counts.SATISFACTION}{score}")
    label = "In a word or two: what was good, what was not? Please leave out names and numbers."
    field = {"name": "word", "label": label, "type": "text", "required": True, "longest": _LONGEST}
    return {
        "kind": "form", "form": f"{WORD_FORM}_{score}", "title": "A word about it", "fields": [field], "submit": "Send",
    }  # fmt: skip


def add_word(session: Session, now: datetime, form: str, word: str) -> None:
    """Keep a word with the number it came after.

    Raises:
        NotFound: It is no such form.
    """
    kind, _, score = form.rpartition("_")
    if kind != WORD_FORM or not score.isdigit():
        raise NotFound
    if kept := _TELLING.sub("…", word).strip():
        session.add(Satisfaction(day=now.date(), score=int(score), word=kept))
