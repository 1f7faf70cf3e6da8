"""Whoever turns 18 decides for themselves: they are asked, and a guardian's word counts no longer."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, NotSignedIn
from bot.privacy import guardian_consent_decision as decision
from bot.privacy.guardian_consent_standing import waits_for_own_word
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Minor
from bot.vocabulary import AuditEvent


def own_word(session: Session, desk: Desk, now: datetime, chat: Conversation, *, yes: bool) -> None:
    """Keep what somebody who came of age says. A yes frees the processing; after a no it stays as it is.

    A yes that comes after a no counts as well.

    Raises:
        NotSignedIn: The conversation is anonymous.
        NotFound: They were not asked.
    """
    if chat.subject is None:
        raise NotSignedIn
    if waits_for_own_word(session, chat.subject) is None:
        raise NotFound
    person = session.get_one(Minor, chat.subject)
    person.answer, person.answered_at = "yes" if yes else "no", now
    session.flush()
    audit.record(session, now, AuditEvent.OF_AGE_ANSWERED, chat.id, subject=chat.subject)
    if yes:
        decision.free_who_needs_nobody(session, desk, now, chat.subject)
