"""What time brings: reminders, links that run out, young people nobody has looked at yet, and 18th birthdays.

All of it follows the desk's clock, and each step is one conditional update: two workers never do it twice.
"""

from datetime import date, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import CursorResult, select, update

from bot.privacy import guardian_consent_decision as decision
from bot.privacy import guardian_consent_links as links
from bot.privacy.deadlines import date_of
from bot.privacy.guardian_consent import recognise, send_link
from bot.privacy.guardian_consent_end import end
from bot.privacy.guardian_consent_standing import OF_AGE, is_minor, minor_by_own_word
from bot.privacy.guardian_consent_states import move
from bot.store import audit, outbox
from bot.store.announcements import ask
from bot.store.conversations import newest_of
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, Minor, Restriction
from bot.store.mail_owners import MailKind
from bot.store.shop_times import day_in
from bot.vocabulary import AuditEvent, GuardianState, RestrictionReason

REMINDERS = (timedelta(days=7), timedelta(days=21))


def look_after_guardians(desk: Desk) -> int:
    """Remind who has not answered after 7 and 21 days, and close what nobody answered in time.

    Returns:
        How many were reminded or closed.
    """
    now = desk.clock.now()
    waiting = select(GuardianConsent).where(
        GuardianConsent.state == GuardianState.INVITED, GuardianConsent.asked_at <= now - REMINDERS[0]
    )
    with desk.reading() as session:
        rows = [(each.number, each.reminders, each.asked_at, each.expires_at) for each in session.scalars(waiting)]
    done = 0
    for number, reminders, asked_at, expires_at in rows:
        if expires_at <= now:
            done += _expire(desk, now, number)
        elif (wanted := sum(asked_at + after <= now for after in REMINDERS)) > reminders:
            done += _remind(desk, now, number, reminders, wanted)
    return done


def look_for_minors(desk: Desk) -> int:
    """Find young people without consent, whether they ever chatted or not, and those who have come of age.

    Returns:
        How many were newly recognised or have come of age.
    """
    today = date_of(desk.clock.now(), desk.settings)
    # Two days more, for those born on a leap day.
    since = today - relativedelta(years=OF_AGE) - timedelta(days=2)
    born = desk.shop.birth_dates(since)
    young = {subject for subject, found in born if _is_young(day_in(found), today)}
    with desk.reading() as session:
        minors = session.scalars(select(Minor).where(Minor.came_of_age_at.is_(None))).all()
        settled = set(session.scalars(_left_alone())) | set(session.scalars(_agreed()))
    known = {each.subject for each in minors}
    # Looked at every few seconds: who is under 18 by their own word is not asked after, only who may have grown up.
    grown = {each.subject for each in minors if not minor_by_own_word(each, today)} - young
    done = 0
    for subject in sorted(young - (known & settled)):
        if not _is_somebody(desk, subject):
            continue
        with desk.transaction() as session:
            recognise(session, desk, desk.clock.now(), subject)
        done += 1
    return done + sum(_come_of_age(desk, subject) for subject in sorted(grown))


def _is_somebody(desk: Desk, subject: str) -> bool:
    """Where an erasure left the account's row behind, nobody stands in it any more, whatever the birth date says."""
    customer, named = desk.shop.customer(subject) or {}, desk.datamap.subject
    return any(customer.get(column) for column in (named.name, named.email) if column)


def _is_young(born: date | None, today: date) -> bool:
    return born is not None and today < born + relativedelta(years=OF_AGE)


def _left_alone() -> Any:
    missing = Restriction.reason == RestrictionReason.GUARDIAN_MISSING
    return select(Restriction.subject).where(missing, Restriction.lifted_at.is_(None))


def _agreed() -> Any:
    return select(GuardianConsent.subject).where(GuardianConsent.state == GuardianState.LIVE)


def _remind(desk: Desk, now: datetime, number: str, before: int, reminders: int) -> bool:
    with desk.transaction() as session:
        mine = (GuardianConsent.number == number, GuardianConsent.state == GuardianState.INVITED)
        counted: CursorResult[Any] = session.connection().execute(
            update(GuardianConsent).where(*mine, GuardianConsent.reminders == before).values(reminders=reminders)
        )
        if not counted.rowcount:
            return False
        row = session.get_one(GuardianConsent, number)
        send_link(session, desk, now, row, "guardian_reminder", str(reminders))
        audit.record(session, now, AuditEvent.GUARDIAN_REMINDED, reference=number, subject=row.subject, actor="worker")
        return True


def _expire(desk: Desk, now: datetime, number: str) -> bool:
    with desk.transaction() as session:
        # A guardian who agrees at this moment and this sweep race for one row; exactly one wins.
        over = GuardianConsent.expires_at <= now
        if not move(session, number, [GuardianState.INVITED], GuardianState.EXPIRED, over, closed_at=now):
            return False
        links.burn(session, now, number)
        row = session.get_one(GuardianConsent, number)
        audit.record(session, now, AuditEvent.GUARDIAN_EXPIRED, reference=number, subject=row.subject, actor="worker")
        decision.mail_guardian(session, now, row, "guardian_expired")
        decision.tell_child(session, desk, now, row, "guardian_ran_out")
        return True


def _come_of_age(desk: Desk, subject: str) -> bool:
    now = desk.clock.now()
    with desk.transaction() as session:
        # Somebody the shop no longer has did not come of age, and nobody of whom it is not known; the rows of the
        # former go with their data.
        if desk.shop.customer(subject) is None or is_minor(session, desk, subject) is not False:
            return False
        noticed: CursorResult[Any] = session.connection().execute(
            update(Minor).where(Minor.subject == subject, Minor.came_of_age_at.is_(None)).values(came_of_age_at=now)
        )
        if not noticed.rowcount:
            return False
        session.expire_all()
        audit.record(session, now, AuditEvent.CAME_OF_AGE, subject=subject, actor="worker")
        end(session, desk, now, subject, "worker")
        ask(session, now, newest_of(session, subject), "utter_came_of_age")
        if address := desk.email_of(subject):
            key = f"{MailKind.CAME_OF_AGE}:{subject}:{now:%Y%m%d%H%M%S}"
            outbox.post(session, now, address, "came_of_age", key)
        return True
