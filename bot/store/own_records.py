"""What the desk itself has written down about a person, and how it goes: chats, mails, requests, cases, choices.

Each function may be run again after a crash and comes to the same end. A person is found by the customer id, never by
a name, so that nobody else's records are touched; whose a mail is, `mail_owners` says.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.store import audit, conversations
from bot.store.desk_tables import (
    Attachment,
    Card,
    Case,
    CaseMessage,
    ChatSession,
    Choice,
    ConsentEntry,
    Conversation,
    Dispute,
    GuardianConsent,
    GuardianLink,
    Handoff,
    HandoffNote,
    HelpdeskLink,
    Hold,
    Mail,
    Message,
    Minor,
    PolicyEntry,
    PolicyNotice,
    PrivacyRequest,
    Restriction,
    Satisfaction,
    Tombstone,
    Turn,
    VerificationCode,
    WaitingWish,
)
from bot.store.mail_owners import ERASED
from bot.vocabulary import AuditEvent, CaseState, RequestState

_OPEN = frozenset(RequestState) - {
    RequestState.FULFILLED,
    RequestState.PARTLY_FULFILLED,
    RequestState.DENIED,
    RequestState.REVOKED,
    RequestState.EXPIRED,
}
CERTIFICATE_MAIL, PARTLY_MAIL = "certificate", "request_partly_fulfilled"
_LEASE_SECONDS = 60
_BATCH = 500


def conversations_of(session: Session, subject: str) -> list[str]:
    """Every chat of a person that is not erased yet."""
    return list(session.scalars(select(Conversation.id).where(Conversation.subject == subject)))


def cases_of(subject: str) -> ColumnElement[bool]:
    """Cases of a customer: those they brought, and those they opened with a claim code in a chat of theirs.

    The customer is not written to the latter. What was told without a name stays without one, and its key may be handed
    on: whoever opens the case in another chat takes it along.
    """
    chats = select(Conversation.id).where(Conversation.subject == subject)
    return or_(Case.subject == subject, Case.subject.is_(None) & Case.conversation_id.in_(chats))


def erase_conversation(session: Session, conversation_id: str, machine_now: datetime, now: datetime) -> bool:
    """Delete a chat with everything in it, for good: a tombstone stays, and whoever still writes to it fails.

    A case without a name that a customer had opened in it is closed and emptied with it.

    Args:
        session: One transaction for all of it.
        conversation_id: Which chat; one that is gone already is no error.
        machine_now: The machine's time, which leases follow.
        now: The desk's time, for the tombstone.

    Returns:
        Whether it is gone; False while a turn of it runs, and nothing was changed.
    """
    if session.get(Conversation, conversation_id) is not None:
        if conversations.take_lease(session, conversation_id, machine_now, _LEASE_SECONDS) is None:
            return False
        _delete_chat(session, conversation_id, now)
    if session.get(Tombstone, conversation_id) is None:
        session.add(Tombstone(conversation_id=conversation_id, at=now))
    session.flush()
    return True


def _delete_chat(session: Session, conversation_id: str, now: datetime) -> None:
    # Nothing but the chat leads from its person to what they opened in it with a claim code.
    of_customer = select(Conversation.id).where(Conversation.id == conversation_id, Conversation.subject.is_not(None))
    _empty_cases(session, now, Case.subject.is_(None) & Case.conversation_id.in_(of_customer))
    for table in (PrivacyRequest, Case):
        _change(session, update(table).where(table.conversation_id == conversation_id).values(conversation_id=None))
    talk = (Message, Choice, Card, WaitingWish, ChatSession, VerificationCode, Turn, Handoff, HandoffNote, HelpdeskLink)
    for content in talk:
        _change(session, delete(content).where(content.conversation_id == conversation_id))
    _change(session, delete(Conversation).where(Conversation.id == conversation_id))
    session.expire_all()


def delete_mails(session: Session, mail_ids: Iterable[int], number: str) -> None:
    """Take mails out of the outbox, sent or not, but not those that tell how the request of that number ended."""
    ids, certificate, partly = list(mail_ids), f"{CERTIFICATE_MAIL}:{number}", f"{PARTLY_MAIL}:%{number}"
    goes = (Mail.dedupe_key != certificate, Mail.dedupe_key.not_like(partly))
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        _change(session, delete(Mail).where(Mail.id.in_(some), *goes))


def close_other_requests(
    session: Session, now: datetime, machine_now: datetime, subject: str, number: str
) -> Sequence[str]:
    """Close what else a person asked for, since its ground goes; nothing is told here.

    A deletion that has its plan has begun, and is as little closed as what a worker is at: it comes to its own end, and
    so does the mail that tells of it.

    Args:
        session: One transaction for all of it.
        now: The desk's time.
        machine_now: The machine's time, which leases follow.
        subject: Whose requests.
        number: The request that goes on.

    Returns:
        Numbers of those it closed.
    """
    nobody_at_it = or_(PrivacyRequest.worker_until.is_(None), PrivacyRequest.worker_until < machine_now)
    idle = (*_others(subject, number), nobody_at_it, PrivacyRequest.plan.is_(None))
    closed = {"state": RequestState.EXPIRED, "closed_at": now, "worker_token": None, "worker_until": None}
    gone = []
    for other in session.scalars(select(PrivacyRequest.number).where(*idle).order_by(PrivacyRequest.number)).all():
        # Asked once more: a worker may have taken it since it was found, or have finished it.
        if _change(session, update(PrivacyRequest).where(PrivacyRequest.number == other, *idle).values(**closed)):
            audit.record(session, now, AuditEvent.REQUEST_EXPIRED, reference=other, subject=subject, actor="worker")
            gone.append(other)
    session.expire_all()
    return gone


def others_are_open(session: Session, subject: str, number: str) -> bool:
    """Whether something else that a person asked for is still worked on, or is a deletion that has begun."""
    return session.scalar(select(PrivacyRequest.number).where(*_others(subject, number)).limit(1)) is not None


def _others(subject: str, number: str) -> tuple[ColumnElement[bool], ...]:
    return (
        PrivacyRequest.subject == subject,
        PrivacyRequest.number != number,
        PrivacyRequest.closed_at.is_(None),
        PrivacyRequest.state.in_(_OPEN),
    )


def empty_requests(session: Session, of_subject: ColumnElement[bool]) -> None:
    """Leave of requests what says nothing about a person: number, kind, state and dates."""
    nothing = {"subject": None, "statement": None, "details": None, "plan": None, "conversation_id": None}
    _change(session, update(PrivacyRequest).where(of_subject).values(**nothing))
    session.expire_all()


def close_cases(session: Session, now: datetime, subject: str) -> None:
    """Close a person's cases and leave of them what says nothing about the person.

    An alarm about a request names nobody and waits on for the shop; one about the person is about nobody any more.
    Number, kind, state and dates stay, as the law's log of complaints; what was written about them goes.
    """
    _empty_cases(session, now, Case.subject == subject)


def _empty_cases(session: Session, now: datetime, which: ColumnElement[bool]) -> None:
    of_these = Case.number.in_(session.scalars(select(Case.number).where(which)).all())
    numbers, open_ones = select(Case.number).where(of_these), (of_these, Case.state != CaseState.CLOSED)
    _change(session, delete(CaseMessage).where(CaseMessage.case_number.in_(numbers)))
    _change(session, delete(Attachment).where(Attachment.owner_number.in_(numbers)))
    closing = session.execute(select(Case.number, Case.subject).where(*open_ones).order_by(Case.number)).tuples().all()
    _change(session, update(Case).where(*open_ones).values(state=CaseState.CLOSED, closed_at=now))
    for number, subject in closing:
        audit.record(session, now, AuditEvent.CASE_CLOSED, reference=number, subject=subject, actor="worker")
    nothing = {"subject": None, "statement": None, "about": None, "wish": None, "conversation_id": None}
    no_key = {"claim_hash": None, "claim_salt": None}
    _change(session, update(Case).where(of_these).values(**nothing, **no_key))
    session.expire_all()


def delete_codes_and_disputes(session: Session, subject: str) -> None:
    """Identity codes and statements about orders go."""
    own = select(PrivacyRequest.number).where(PrivacyRequest.subject == subject)
    codes = or_(VerificationCode.subject == subject, VerificationCode.request_number.in_(own))
    _change(session, delete(VerificationCode).where(codes))
    _change(session, delete(Dispute).where(Dispute.subject == subject))


def delete_words(session: Session, tells: Callable[[str], bool]) -> None:
    """Words about how talks went are nobody's; one in which a person named themselves goes with them."""
    for row in session.scalars(select(Satisfaction)).all():
        if tells(row.word):
            session.delete(row)
    session.flush()


def delete_guardians(session: Session, subject: str) -> None:
    """That the person is a minor goes, and who was asked for them: the ground of those guardians' data goes with it."""
    numbers = _guardians_of(subject)
    _change(session, delete(VerificationCode).where(VerificationCode.request_number.in_(numbers)))
    _change(session, delete(GuardianLink).where(GuardianLink.number.in_(numbers)))
    _change(session, delete(GuardianConsent).where(GuardianConsent.subject == subject))
    _change(session, delete(Minor).where(Minor.subject == subject))
    session.expire_all()


def _guardians_of(subject: str) -> Select[tuple[str]]:
    return select(GuardianConsent.number).where(GuardianConsent.subject == subject)


def keep_choices_without_name(session: Session, subject: str, secret: bytes) -> None:
    """The proof of what was agreed and refused stays, under a name that nobody can trace back (GDPR Article 7(1)).

    Notices of new versions of the policy go; there is nobody left to tell.
    """
    pseudonym = f"{ERASED}{hmac.new(secret, subject.encode(), hashlib.sha256).hexdigest()[:32]}"
    _change(session, update(ConsentEntry).where(ConsentEntry.subject == subject).values(subject=pseudonym))
    _change(session, update(PolicyEntry).where(PolicyEntry.subject == subject).values(subject=pseudonym, origin=None))
    _change(session, delete(PolicyNotice).where(PolicyNotice.subject == subject))


def delete_restrictions_and_holds(session: Session, subject: str) -> None:
    """The last to go: until here, nobody may have processed the person's data."""
    _change(session, delete(Restriction).where(Restriction.subject == subject))
    _change(session, delete(Hold).where(Hold.subject == subject))


def forget_mails_of_request(session: Session, number: str, *, into_demo_box: bool) -> None:
    """The mails about a request go with the address they went to.

    Args:
        session: The transaction in which the person is forgotten.
        number: The request.
        into_demo_box: The outbox is the demo's inbox as well. What the person was sent last can still be looked at
            there by whoever knows the address; the address itself is no longer stored.
    """
    query = select(Mail).where(Mail.dedupe_key.like(f"%:{number}"))
    for mail in session.scalars(query).all():
        if into_demo_box and mail.sent_at is not None:
            mail.recipient = demo_box(mail.recipient)
        else:
            session.delete(mail)
    session.flush()


def demo_box(address: str) -> str:
    """Under which name the demo keeps the last mail to an address that was erased."""
    return f"erased-{hashlib.sha256(address.strip().casefold().encode()).hexdigest()[:32]}"


def _change(session: Session, statement: Any) -> int:
    result: CursorResult[Any] = session.connection().execute(statement)
    return result.rowcount
