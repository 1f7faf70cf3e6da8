"""What a young person is told when a chat begins, in words they understand."""

from typing import Any

from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.privacy.guardian_consent import asked_by
from bot.privacy.guardian_consent_standing import Standing, standing, waits_for_own_word
from bot.store.announcements import as_answer
from bot.store.desk import Desk


def opening_words(session: Session, desk: Desk, subject: str) -> dict[str, Any] | None:
    """What comes before the first answer of a chat; None for everybody to whom nothing need be said."""
    found = standing(session, desk, subject)
    if found is Standing.NOT_NEEDED:
        waits = waits_for_own_word(session, subject) is not None
        return as_answer("utter_came_of_age") if waits else None
    if found is Standing.LIVE:
        return None
    if found is Standing.DISPUTED:
        return as_answer("utter_guardian_disputed")
    if asked := asked_by(session, subject):
        return as_answer("utter_guardian_waiting", number=asked[0].number, until=in_words(asked[0].until))
    return as_answer("utter_guardian_needed", ["minors"])
