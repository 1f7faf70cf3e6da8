"""Whether somebody is under 18, and whether a parent or guardian's consent stands for them at this moment.

Policy clause `minors`. Read from the rows anew each time somebody asks: nothing is processed on yesterday's word.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy.deadlines import date_of
from bot.privacy.guardian_consent_states import DECIDED, SILENT
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, Minor
from bot.store.shop_times import day_in
from bot.vocabulary import GuardianState

OF_AGE = 18


class Standing(StrEnum):
    """What the shop may go by."""

    NOT_NEEDED = "not_needed"
    LIVE = "live"
    DISPUTED = "disputed"  # one guardian says yes, another no: a person decides
    MISSING = "missing"


def standing(session: Session, desk: Desk, subject: str, customer: Mapping[str, Any] | None = None) -> Standing:
    """What holds for a customer now.

    Args:
        session: Desk database.
        desk: The shop, and the clock.
        subject: The customer.
        customer: Their row, where the caller has it already.
    """
    if not is_minor(session, desk, subject, customer):
        return Standing.NOT_NEEDED
    words = newest_words(session, subject)
    if GuardianState.LIVE not in words:
        return Standing.MISSING
    return Standing.LIVE if set(words) == {GuardianState.LIVE} else Standing.DISPUTED


def newest_words(session: Session, subject: str) -> list[GuardianState]:
    """The last word of each guardian; what a person at the shop set aside does not count.

    A guardian is told from another by the address. Whose address was erased counts by themselves.
    """
    query = select(GuardianConsent).where(
        GuardianConsent.subject == subject,
        GuardianConsent.state.in_(DECIDED),
        GuardianConsent.set_aside_at.is_(None),
    )
    last: dict[str, GuardianState] = {}
    for each in session.scalars(query.order_by(GuardianConsent.decided_at, GuardianConsent.number)):
        last[normalised(each.email) if each.email else each.number] = GuardianState(each.state)
    return list(last.values())


def is_minor(session: Session, desk: Desk, subject: str, customer: Mapping[str, Any] | None = None) -> bool | None:
    """Whether a customer is under 18: by the birth date on file, or by what they told the desk.

    Returns:
        None where neither says anything. Who said that they are under 18 is believed, whatever is on file. Who was
        recognised as a minor stays one when the birth date is on file no longer: nobody is of age by a gap.
    """
    today = date_of(desk.clock.now(), desk.settings)
    on_file = minor_by_file(desk, subject, customer)
    if on_file:
        return True
    known = session.get(Minor, subject)
    if known is None:
        return on_file
    lost = on_file is None and known.came_of_age_at is None
    if known.declared_at is None and not lost:
        return on_file
    return _is_young_still(known, today)


def minor_by_own_word(known: Minor, today: date) -> bool:
    """Whether somebody is under 18 by their own word, whatever is on file."""
    return known.declared_at is not None and _is_young_still(known, today)


def _is_young_still(known: Minor, today: date) -> bool:
    return known.of_age_on is None or today < date.fromisoformat(known.of_age_on)


def has_a_say(session: Session, desk: Desk, guardian: GuardianConsent | None) -> bool:
    """Whether a guardian may ask for something about a young person: not called off, and they are under 18."""
    if guardian is None or guardian.state in SILENT:
        return False
    return is_minor(session, desk, guardian.subject) is True


def minor_by_file(desk: Desk, subject: str, customer: Mapping[str, Any] | None = None) -> bool | None:
    """Whether the shop's birth date makes a customer a minor; None where it has none."""
    day = of_age_day(desk, customer or desk.shop.customer(subject) or {})
    return None if day is None else date_of(desk.clock.now(), desk.settings) < day


def of_age_day(desk: Desk, customer: Mapping[str, Any]) -> date | None:
    """The day on which a customer is 18, by the birth date on file."""
    column = desk.datamap.subject.birth_date
    born = day_in(customer.get(column)) if column else None
    return born + relativedelta(years=OF_AGE) if born else None


def waits_for_own_word(session: Session, subject: str) -> datetime | None:
    """Since when somebody who came of age was asked and has not answered yet; a guardian's word no longer counts."""
    found = session.get(Minor, subject)
    return None if found is None or found.answer == "yes" else found.came_of_age_at


def normalised(address: str) -> str:
    """An e-mail address as a mailbox: case, what stands behind a plus, and Gmail's dots make no other one."""
    local, _, domain = address.strip().casefold().rpartition("@")
    local, domain = local.partition("+")[0], {"googlemail.com": "gmail.com"}.get(domain, domain)
    return f"{local.replace('.', '') if domain == 'gmail.com' else local}@{domain}"
