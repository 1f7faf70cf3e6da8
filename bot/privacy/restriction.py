"""Processing of somebody's data is stopped, or allowed again, and the shop's services can ask which of it holds.

Policy clauses `cancel-account` and `minors`, GDPR Article 18. Whoever is in doubt may not process: an unknown number,
a person under restriction and a purpose nobody agreed to all come out as a no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.privacy import consent_standing
from bot.privacy import guardian_consent_standing as guardians
from bot.privacy.guardian_consent_standing import Standing
from bot.store import audit, webhooks
from bot.store.datamap.model import Purpose, PurposeBasis
from bot.store.desk import Desk
from bot.store.desk_tables import ConsentEntry, Restriction
from bot.store.ownership import written_key
from bot.vocabulary import AuditEvent, RestrictionReason, ShopEvent

UNKNOWN = "unknown"
_LONGEST_NUMBER = 64


@dataclass(frozen=True)
class Processing:
    """What the shop's services may do with one person's data.

    Attributes:
        customer_id: As asked for.
        known: Whether the shop has such a customer. After an erasure it has not, and nothing tells the two apart.
        restricted: Nothing may be done with the data but keeping it. True for an unknown number.
        reasons: Why, each a value of `RestrictionReason`.
        since: Since when the oldest reason holds.
        guardian_missing: The person is under 18, and no parent or guardian's consent stands for them.
        minor: Under 18 by the birth date on file or by their own word; None where nothing is known.
        consents: What the person last said about each purpose of the data map: granted, withdrawn, objected, unknown.
        allowed: Purposes the data may be used for now.
    """

    customer_id: str
    known: bool
    restricted: bool
    reasons: tuple[str, ...]
    since: datetime | None
    guardian_missing: bool
    minor: bool | None
    consents: Mapping[str, str]
    allowed: tuple[str, ...]


def restrict(
    session: Session,
    desk: Desk,
    now: datetime,
    subject: str,
    reason: RestrictionReason,
    request_number: str | None = None,
) -> None:
    """Stop the processing of a person's data at once and have every service told; a second call changes nothing.

    Args:
        session: The transaction of its cause.
        desk: Where the services listen.
        now: From when.
        subject: The shop's customer number.
        reason: Why.
        request_number: The request it comes from, by which it is lifted again.
    """
    standing = select(Restriction.id).where(
        Restriction.subject == subject,
        Restriction.reason == reason,
        Restriction.request_number == request_number,
        Restriction.lifted_at.is_(None),
    )
    if session.scalar(standing.limit(1)) is not None:
        return
    audit.record(session, now, AuditEvent.RESTRICTED, reference=request_number, subject=subject)
    session.add(Restriction(subject=subject, reason=reason, request_number=request_number, since=now))
    session.flush()
    event = ShopEvent.GUARDIAN_MISSING if reason is RestrictionReason.GUARDIAN_MISSING else ShopEvent.RESTRICTED
    webhooks.tell(session, now, desk.settings, event, subject, request_number, reason=reason)


def lift(session: Session, desk: Desk, now: datetime, request_number: str) -> None:
    """End what a request had stopped, when it was taken back; a second call changes nothing.

    The services are told only when nothing else stops the processing, so that nobody goes on too early.
    """
    _lift(session, desk, now, Restriction.request_number == request_number)


def lift_guardian_missing(session: Session, desk: Desk, now: datetime, subject: str) -> None:
    """End what stood because no parent or guardian had agreed; a second call changes nothing."""
    mine = (Restriction.subject == subject) & (Restriction.reason == RestrictionReason.GUARDIAN_MISSING)
    _lift(session, desk, now, mine)


def _lift(session: Session, desk: Desk, now: datetime, which: ColumnElement[bool]) -> None:
    standing = select(Restriction).where(which, Restriction.lifted_at.is_(None))
    lifted = list(session.scalars(standing.order_by(Restriction.id)))
    for each in lifted:
        each.lifted_at = now
        audit.record(session, now, AuditEvent.RESTRICTION_LIFTED, reference=each.request_number, subject=each.subject)
    session.flush()
    for subject, number in {each.subject: each.request_number for each in lifted}.items():
        # Whether anything else stands is known at the end only: somebody may be restricting the same person right now.
        audit.at_the_end(session, partial(_tell_if_free, session, desk, now, subject, number))


def processing(session: Session, desk: Desk, subject: str) -> Processing:
    """Whether and for what a person's data may be used at this moment.

    An unknown number takes the same questions to both databases and gets one and the same answer: nothing may be done.
    """
    usable = subject if subject.isprintable() and len(subject) <= _LONGEST_NUMBER else ""
    customer = desk.shop.customer(usable)
    key = customer[desk.datamap.subject.key] if customer else None
    standing = _standing(session, _about(Restriction.subject, usable, key))
    subject_key = written_key(key) if customer else usable
    choices = consent_standing.standing(session, desk, subject_key)
    if customer is None:
        nothing = dict.fromkeys(desk.datamap.purposes, UNKNOWN)
        return Processing(subject, False, True, (), None, False, None, nothing, ())
    reasons = dict.fromkeys(restriction.reason for restriction in standing)
    if guardians.standing(session, desk, subject_key, customer) in (Standing.MISSING, Standing.DISPUTED):
        # Holds from the moment somebody asks, whether the worker has looked at this person yet or not.
        reasons[RestrictionReason.GUARDIAN_MISSING] = None
    own = _said_since(session, subject_key, guardians.waits_for_own_word(session, subject_key))
    return Processing(
        customer_id=subject,
        known=True,
        restricted=bool(reasons),
        reasons=tuple(reasons),
        since=standing[0].since if standing else None,
        guardian_missing=RestrictionReason.GUARDIAN_MISSING in reasons,
        minor=guardians.is_minor(session, desk, subject_key, customer),
        consents={each.purpose.key: each.state or UNKNOWN for each in choices},
        allowed=() if reasons else tuple(c.purpose.key for c in choices if c.is_on and _is_own(c.purpose, own)),
    )


def _tell_if_free(session: Session, desk: Desk, now: datetime, subject: str, number: str | None) -> None:
    if not _standing(session, Restriction.subject == subject):
        webhooks.tell(session, now, desk.settings, ShopEvent.RESTRICTION_LIFTED, subject, number)


def _standing(session: Session, about: ColumnElement[bool]) -> list[Restriction]:
    query = select(Restriction).where(about, Restriction.lifted_at.is_(None))
    return list(session.scalars(query.order_by(Restriction.since, Restriction.id)))


def _about(column: InstrumentedAttribute[str], subject: str, key: Any) -> ColumnElement[bool]:
    """Rows about a person, however the number is spelt: a UUID is the same in capitals."""
    return func.lower(column) == str(key) if isinstance(key, UUID) else column == subject


def _said_since(session: Session, subject: str, since: datetime | None) -> set[str] | None:
    """Purposes somebody chose on by themselves since they came of age; None where that makes no difference."""
    if since is None:
        return None
    entries = select(ConsentEntry.purpose).where(ConsentEntry.subject == subject, ConsentEntry.at >= since)
    return set(session.scalars(entries))


def _is_own(purpose: Purpose, own: set[str] | None) -> bool:
    """What rests on consent needs, from the 18th birthday on, the word of the person themselves."""
    return own is None or purpose.basis is not PurposeBasis.CONSENT or purpose.key in own
