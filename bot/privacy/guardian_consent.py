"""Somebody under 18 is recognised, their data is left alone, and their parent or guardian is asked.

Policy clause `minors` ("written consent from your parent or legal guardian before using our products"). Nothing else is
refused to them: asking, complaining, a copy, correction and deletion stay open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.errors import FormInvalid, GuardianNotNeeded, NotFound, NotSignedIn, OwnGuardian, TooManyGuardians
from bot.privacy import guardian_consent_links as links
from bot.privacy import restriction
from bot.privacy.guardian_consent_form import EMAIL, NAME, OF_AGE_ON, RELATION, check
from bot.privacy.guardian_consent_links import LinkKind
from bot.privacy.guardian_consent_standing import Standing, is_minor, minor_by_file, normalised, standing
from bot.privacy.guardian_consent_states import OPEN, move
from bot.store import audit, outbox
from bot.store.adding import add_unless_there
from bot.store.conversations import FORM_VALUES
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, GuardianConsent, Message, Minor
from bot.store.masking import mask
from bot.store.numbers import next_number
from bot.vocabulary import AuditEvent, GuardianState, RestrictionReason

LINK_DAYS = 30
_MOST_OPEN, _MOST_IN_A_MONTH = 2, 6


@dataclass(frozen=True)
class Asked:
    """A guardian who was asked, as the young person sees it: the address is shortened."""

    number: str
    address: str
    state: GuardianState
    until: datetime


def recognise(session: Session, desk: Desk, now: datetime, subject: str) -> Standing:
    """Look whether a customer is under 18 without consent; if so, their data is left alone from this moment on.

    Args:
        session: The transaction in which somebody came to look.
        desk: The shop, and where its services listen.
        now: The desk's time.
        subject: The customer.
    """
    found = standing(session, desk, subject)
    if found is Standing.NOT_NEEDED:
        return found
    added = Minor(subject=subject, recognised_at=now)
    if session.get(Minor, subject) is None and add_unless_there(session, added):
        audit.record(session, now, AuditEvent.MINOR_RECOGNISED, subject=subject)
    if found is not Standing.LIVE:
        restriction.restrict(session, desk, now, subject, RestrictionReason.GUARDIAN_MISSING)
    return found


def declare(session: Session, desk: Desk, now: datetime, chat: Conversation) -> Standing:
    """Somebody says that they are under 18. They are believed, and only that they said so is kept.

    Raises:
        NotSignedIn: The conversation is anonymous.
    """
    if chat.subject is None:
        raise NotSignedIn
    if is_minor(session, desk, chat.subject):
        return recognise(session, desk, now, chat.subject)
    known = session.get(Minor, chat.subject)
    if known is None:
        add_unless_there(session, Minor(subject=chat.subject, recognised_at=now))
        known = session.get_one(Minor, chat.subject)
    known.declared_at, known.of_age_on = now, None
    known.came_of_age_at = known.answer = known.answered_at = None
    session.flush()
    audit.record(session, now, AuditEvent.MINOR_DECLARED, chat.id, subject=chat.subject)
    return recognise(session, desk, now, chat.subject)


def asks_for_day(desk: Desk, subject: str) -> bool:
    """Whether the form must ask when the person is 18: nothing on file says that they are under 18."""
    return not minor_by_file(desk, subject)


def invite(
    session: Session, desk: Desk, now: datetime, chat: Conversation, origin: str, values: Mapping[str, str]
) -> Asked:
    """Ask a parent or guardian by mail, with a link that serves for 30 days.

    The same address asked again gets a new link, and the old one serves no more.

    Args:
        session: Desk database.
        desk: The shop, the settings.
        now: The desk's time.
        chat: The young person's conversation.
        origin: Id of the message with the filled form: the same message asks nobody twice.
        values: The form as it was checked.

    Raises:
        NotSignedIn: The conversation is anonymous.
        GuardianNotNeeded: The customer is not under 18.
        OwnGuardian: The address is the young person's own.
        TooManyGuardians: Enough mails went out.
    """
    if chat.subject is None:
        raise NotSignedIn
    known = session.scalar(select(GuardianConsent).where(GuardianConsent.origin == origin))
    if known is not None:
        return _asked(known)
    subject = chat.subject
    if recognise(session, desk, now, subject) is Standing.NOT_NEEDED:
        raise GuardianNotNeeded
    try:
        check(desk, subject, values)
    except FormInvalid:
        raise OwnGuardian from None
    if day := values.get(OF_AGE_ON):
        session.get_one(Minor, subject).of_age_on = day
    _make_room(session, now, subject, values[EMAIL])
    consent = GuardianConsent(
        number=next_number(session, "GC", now),
        subject=subject,
        state=GuardianState.INVITED,
        conversation_id=chat.id,
        origin=origin,
        name=values[NAME],
        relation=values[RELATION],
        email=values[EMAIL],
        asked_at=now,
        expires_at=now + timedelta(days=LINK_DAYS),
    )
    session.add(consent)
    session.flush()
    _forget_form(session, origin)
    send_link(session, desk, now, consent, "guardian_invitation")
    audit.record(session, now, AuditEvent.GUARDIAN_ASKED, chat.id, consent.number, subject=subject)
    return _asked(consent)


def send_link(
    session: Session, desk: Desk, now: datetime, consent: GuardianConsent, template: str, time: str = "1", **values: str
) -> None:
    """Mail a link for the decision; a reminder holds a link of its own, since none is kept that could be repeated."""
    link = links.make(session, desk.settings, consent.number, LinkKind.INVITE, consent.expires_at)
    key = f"{template}:{time}:{consent.number}"
    values |= {"number": consent.number, "link": link, "until": in_words(consent.expires_at)}
    outbox.post(session, now, consent.email or "", template, key, **values)


def take_back(session: Session, desk: Desk, now: datetime, chat: Conversation, number: str) -> Asked:
    """The young person asks a guardian no longer, as after a mistyped address; the link is dead.

    Raises:
        NotFound: No such number, somebody else's, or decided already.
    """
    consent = session.get(GuardianConsent, number)
    if consent is None or consent.subject != chat.subject:
        raise NotFound("You have asked nobody under that number.")
    if not _cancel(session, now, number):
        raise NotFound("This was decided already.")
    return _asked(session.get_one(GuardianConsent, number))


def asked_by(session: Session, subject: str) -> list[Asked]:
    """The parents or guardians who have not decided yet, newest first."""
    query = select(GuardianConsent).where(GuardianConsent.subject == subject, GuardianConsent.state.in_(OPEN))
    return [_asked(each) for each in session.scalars(query.order_by(GuardianConsent.number.desc()))]


def _cancel(session: Session, now: datetime, number: str) -> bool:
    if not move(session, number, OPEN, GuardianState.CANCELLED, closed_at=now):
        return False
    links.burn(session, now, number)
    subject = session.get_one(GuardianConsent, number).subject
    audit.record(session, now, AuditEvent.GUARDIAN_CANCELLED, reference=number, subject=subject)
    return True


def _make_room(session: Session, now: datetime, subject: str, address: str) -> None:
    """One open asking for each address, two at once, six in a month: nobody's mailbox is filled."""
    lately = select(GuardianConsent).where(
        GuardianConsent.subject == subject, GuardianConsent.asked_at > now - timedelta(days=LINK_DAYS)
    )
    recent = list(session.scalars(lately))
    if len(recent) >= _MOST_IN_A_MONTH:
        raise TooManyGuardians
    waiting = [each for each in recent if each.state in OPEN]
    for each in waiting:
        if each.email and normalised(each.email) == normalised(address):
            _cancel(session, now, each.number)
    still = select(GuardianConsent.number).where(GuardianConsent.subject == subject, GuardianConsent.state.in_(OPEN))
    if len(list(session.scalars(still))) >= _MOST_OPEN:
        raise TooManyGuardians


def _forget_form(session: Session, origin: str) -> None:
    """The guardian's details are kept in one place: with the asking, and no longer in the chat they were sent in."""
    message = session.get(Message, int(origin)) if origin.isdecimal() else None
    if message is not None and (message.card or {}).get("kind") == FORM_VALUES:
        message.card = {**(message.card or {}), "values": {}}


def _asked(consent: GuardianConsent) -> Asked:
    address = mask("email", consent.email) if consent.email else ""
    return Asked(consent.number, address, GuardianState(consent.state), consent.expires_at)
