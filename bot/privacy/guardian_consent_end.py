"""A guardian's part is over: the young person is 18, or was marked as under 18 by mistake.

What guardians said, were asked, or asked for ends in the same transaction; nobody is reminded any more. Policy clause
`minors`.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy import customer_alarms
from bot.privacy import guardian_consent_decision as decision
from bot.privacy import guardian_consent_links as links
from bot.privacy.denial import leave_undone
from bot.privacy.guardian_consent_states import OPEN, move
from bot.privacy.request_states import DENIABLE
from bot.store import audit
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, PrivacyRequest
from bot.vocabulary import AuditEvent, GuardianState


def end(session: Session, desk: Desk, now: datetime, subject: str, actor: str) -> None:
    """The person decides for themselves from now on; the guardians are told so by mail."""
    rows = select(GuardianConsent.number, GuardianConsent.state).where(GuardianConsent.subject == subject)
    for number, state in session.execute(rows).all():
        if state not in {*OPEN, GuardianState.LIVE}:
            continue
        if move(session, number, [GuardianState(state)], GuardianState.ENDED, closed_at=now):
            links.burn(session, now, number)
            row = session.get_one(GuardianConsent, number)
            audit.record(session, now, AuditEvent.GUARDIAN_ENDED, reference=number, subject=subject, actor=actor)
            customer_alarms.quiet(session, now, subject, decision.lost_mail(number), actor)
            decision.mail_guardian(session, now, row, "guardian_of_age")
    _close_what_they_asked_for(session, desk, now, subject, actor)
    customer_alarms.quiet(session, now, subject, customer_alarms.DISPUTE, actor)


def _close_what_they_asked_for(session: Session, desk: Desk, now: datetime, subject: str, actor: str) -> None:
    """What is not begun is not done, approved or not; both hear so, and what was stopped for it goes on."""
    waiting = select(PrivacyRequest).where(PrivacyRequest.subject == subject, PrivacyRequest.state.in_(DENIABLE))
    theirs = [each.number for each in session.scalars(waiting) if decision.asked_by(each)]
    for number in sorted(theirs):
        if request := leave_undone(session, desk, now, number, actor):
            announce(session, now, request.conversation_id, "utter_guardian_request_closed", number=number)
            decision.tell_closed(session, desk, now, request)
