"""A guardian's word: yes, no, or no longer. What follows from it happens in the same transaction.

GDPR Article 7(3): withdrawing is as easy as giving. Policy clauses `minors` and `your-rights`.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from bot.errors import Conflict
from bot.privacy import customer_alarms, restriction
from bot.privacy import guardian_consent_links as links
from bot.privacy.guardian_consent_links import LinkKind
from bot.privacy.guardian_consent_standing import Standing, standing
from bot.privacy.guardian_consent_states import move
from bot.privacy.guardian_consent_text import Declared
from bot.privacy.request_status import what_in_words
from bot.privacy.room import Work
from bot.store import audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, Mail, PrivacyRequest
from bot.vocabulary import AuditEvent, GuardianState, RestrictionReason

WITH_PAGE = {GuardianState.LIVE: "guardian_receipt", GuardianState.REFUSED: "guardian_refused"}
"""The mail with the link to the guardian's page, by what they said."""
_NO_PAGE = (
    "The receipt to the parent or guardian of this customer ({number}) did not arrive. Without the link in it they "
    "cannot take back what they said, see it or have it erased. Send a new link once the mailbox takes mail again, or "
    "reach them in another way."
)
_CLOSED = "guardian_asked_closed"
DECIDED_ALREADY = "This was decided already. Please open the link in your newest mail."


def consent(
    session: Session,
    desk: Desk,
    now: datetime,
    number: str,
    source: GuardianState,
    declared: Declared,
    actor: str | None = None,
) -> None:
    """The guardian agrees: it is kept so that it can be proved, both get a receipt, and processing is free again.

    Args:
        session: Desk database.
        desk: The shop, its services.
        now: The desk's time.
        number: Of the asking.
        source: Where it stands: asked, or with a signed form in review.
        declared: What was shown and said.
        actor: Who at the shop looked at a signed form.

    Raises:
        Conflict: Somebody was faster.
    """
    values = {
        "decided_at": now,
        "method": declared.kept["method"],
        "policy_version": declared.policy_version,
        "text_hash": declared.text_hash,
        "artefact": declared.kept,
    }
    if not move(session, number, [source], GuardianState.LIVE, **values):
        raise Conflict(DECIDED_ALREADY)
    links.burn(session, now, number)
    row = session.get_one(GuardianConsent, number)
    audit.record(session, now, AuditEvent.GUARDIAN_CONSENTED, reference=number, subject=row.subject, actor=actor)
    audit.record(session, now, AuditEvent.GUARDIAN_TEXT, reference=declared.proof, subject=row.subject)
    mail_page(session, desk, now, row)
    tell_child(session, desk, now, row, "guardian_agreed")
    settle(session, desk, now, row.subject, number)


def refuse(session: Session, desk: Desk, now: datetime, number: str, sources: Iterable[GuardianState]) -> None:
    """The guardian says no; the young person's data stays as it is and is left alone.

    Raises:
        Conflict: It was decided already.
    """
    if not move(session, number, sources, GuardianState.REFUSED, decided_at=now, closed_at=now):
        raise Conflict(DECIDED_ALREADY)
    links.burn(session, now, number)
    row = session.get_one(GuardianConsent, number)
    audit.record(session, now, AuditEvent.GUARDIAN_REFUSED, reference=number, subject=row.subject)
    mail_page(session, desk, now, row)
    tell_child(session, desk, now, row, "guardian_said_no")
    settle(session, desk, now, row.subject, number)


def withdraw(session: Session, desk: Desk, now: datetime, number: str) -> None:
    """The guardian takes the consent back; processing stops in this transaction. A second call changes nothing."""
    if not move(session, number, [GuardianState.LIVE], GuardianState.WITHDRAWN, decided_at=now, closed_at=now):
        return
    row = session.get_one(GuardianConsent, number)
    audit.record(session, now, AuditEvent.GUARDIAN_WITHDREW, reference=number, subject=row.subject)
    customer_alarms.quiet(session, now, row.subject, lost_mail(number))
    mail_guardian(session, now, row, "guardian_withdrawn")
    tell_child(session, desk, now, row, "guardian_took_back")
    settle(session, desk, now, row.subject, number)


def settle(
    session: Session, desk: Desk, now: datetime, subject: str, number: str, actor: str | None = None
) -> Standing:
    """Let processing follow the guardians' words: free it, stop it, or have a person decide between two of them.

    `actor` is who decided between two of them, where a person did.
    """
    session.flush()
    found = standing(session, desk, subject)
    if found is Standing.LIVE:
        restriction.lift_guardian_missing(session, desk, now, subject)
    elif found is not Standing.NOT_NEEDED:
        restriction.restrict(session, desk, now, subject, RestrictionReason.GUARDIAN_MISSING)
    if found is Standing.DISPUTED:
        _have_a_person_decide(session, desk, now, subject, number)
    else:
        customer_alarms.quiet(session, now, subject, customer_alarms.DISPUTE, actor)
    return found


def free_who_needs_nobody(session: Session, desk: Desk, now: datetime, subject: str) -> None:
    """Nobody's consent is needed (any more), and the person has said so themselves."""
    if standing(session, desk, subject) is Standing.NOT_NEEDED:
        restriction.lift_guardian_missing(session, desk, now, subject)


def asked_by(request: PrivacyRequest | Work) -> str | None:
    """Number of the guardian who asked for this; None when the person themselves did."""
    number = (request.details or {}).get("asked_by_guardian")
    return str(number) if number else None


def of_child(what: str) -> str:
    """What was asked for, as the guardian reads it: `a copy of your data` is a copy of theirs."""
    return what.replace("your", "their")


def mail_page(session: Session, desk: Desk, now: datetime, row: GuardianConsent, *, again: bool = False) -> None:
    """The receipt of a guardian's yes or no, with the one link by which they take it back, see it or have it erased.

    `again` is for one that did not arrive: no link is kept that could be repeated, so this one is new.
    """
    link = links.make(session, desk.settings, row.number, LinkKind.MANAGE, None)
    facts = {"version": row.policy_version or "", "proof": row.text_hash or ""}
    mail_guardian(session, now, row, WITH_PAGE[GuardianState(row.state)], each_time=again, link=link, **facts)


def page_took_no_mail(session: Session, desk: Desk, now: datetime, row: GuardianConsent) -> None:
    """A guardian who has no link cannot take back what they said (GDPR Article 7(3)): a person has to help them."""
    customer_alarms.alarm(session, desk, now, row.subject, lost_mail(row.number), _NO_PAGE.format(number=row.number))


def lost_mail(number: str) -> str:
    """What the alarm is about that a guardian's receipt did not arrive."""
    return f"{customer_alarms.GUARDIAN_MAIL}:{number}"


def mail_guardian(
    session: Session,
    now: datetime,
    row: GuardianConsent,
    template: str,
    request: str = "",
    *,
    each_time: bool = False,
    **values: str,
) -> None:
    """A mail to the guardian, once for each kind and number; none to somebody whose address is erased.

    Args:
        session: Desk database.
        now: The desk's time.
        row: The guardian.
        template: What the mail says.
        request: What they asked for, when it is about that; of each request it is told.
        each_time: It may be told again, such as what did not arrive.
        values: What the template names.
    """
    if row.email:
        key = _key(template, request, row, now if each_time else None)
        outbox.post(session, now, row.email, template, key, number=row.number, request=request, **values)


def tell_closed(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    """A guardian who asked is mailed that it ended without being carried out, and not who decided so.

    GDPR Article 12(4): why that may be, and where to complain, stands in the mail. What the person asked for themselves
    is told to nobody.
    """
    if row := session.get(GuardianConsent, asked_by(request) or ""):
        what = of_child(what_in_words(request))
        complain_to = desk.settings.complain_to or "a data protection authority"
        mail_guardian(session, now, row, _CLOSED, request=request.number, what=what, complain_to=complain_to)


def waits_to_be_told(session: Session, subject: str) -> bool:
    """Whether a guardian of this person has not been sent yet that what they asked for ended."""
    numbers = session.scalars(select(GuardianConsent.number).where(GuardianConsent.subject == subject)).all()
    told = (Mail.dedupe_key.like(f"{_CLOSED}:%:{number}") for number in numbers)
    return session.scalar(select(Mail.id).where(or_(false(), *told), *outbox.HOPEFUL).limit(1)) is not None


def tell_child(
    session: Session,
    desk: Desk,
    now: datetime,
    row: GuardianConsent,
    name: str,
    request: str = "",
    *,
    each_time: bool = False,
    **values: str,
) -> None:
    """Tell the young person, in the chat and by mail; `values` is what the mail names beyond the numbers.

    Once for each kind and number; `each_time` is for what may happen again, such as a form that is sent back.
    """
    announce(session, now, row.conversation_id, f"utter_{name}", number=row.number, request=request)
    if address := desk.email_of(row.subject):
        key = _key(f"{name}-child", request, row, now if each_time else None)
        outbox.post(session, now, address, f"{name}_child", key, number=row.number, request=request, **values)


def _key(kind: str, request: str, row: GuardianConsent, at: datetime | None) -> str:
    # The number of the guardian comes last: by it, their mails are found when they are forgotten.
    when = f"{at:%Y%m%d%H%M%S}" if at else ""
    return ":".join(part for part in (kind, when, request, row.number) if part)


def _have_a_person_decide(session: Session, desk: Desk, now: datetime, subject: str, number: str) -> None:
    """One urgent case for each word that made it a disagreement, as long as it waits; a settled one says nothing."""
    happened = (
        "Two parents or guardians of this customer disagree. Until it is settled, nothing is processed. "
        f"The newest word is that of {number}."
    )
    if customer_alarms.alarm(session, desk, now, subject, f"{customer_alarms.DISPUTE}:{number}", happened):
        audit.record(session, now, AuditEvent.GUARDIAN_DISPUTE, reference=number, subject=subject)
