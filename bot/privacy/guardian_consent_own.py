"""A guardian's own data: to see, and to have erased; and what they may ask for the young person.

A copy or a deletion that a guardian asks for is looked at by a person first. The code proves the guardian's mailbox,
not that the law lets them decide for this young person, and somebody of 16 may have a say of their own. Nothing of the
young person's goes to the guardian's address: the copy is made when the young person types a code from their own mail,
the certificate goes to the address on file, and the young person is told at once that somebody asked.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from bot.clocks import in_words, in_words_with_time
from bot.errors import Conflict, GuardianNotProved
from bot.privacy import guardian_consent_decision as decision
from bot.privacy import guardian_consent_links as links
from bot.privacy.deadlines import due
from bot.privacy.entities import finder
from bot.privacy.erasure_scan import Traces
from bot.privacy.guardian_consent_form import RELATIONS
from bot.privacy.guardian_consent_page import OWNER, Visit
from bot.privacy.guardian_consent_standing import has_a_say, normalised
from bot.privacy.guardian_consent_states import OPEN, move
from bot.privacy.request_states import OPEN as OPEN_REQUESTS
from bot.privacy.request_status import REQUEST_WORDS, RequestView, view
from bot.store import attachments, audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import (
    Attachment,
    Conversation,
    GuardianConsent,
    Mail,
    Message,
    PrivacyRequest,
    VerificationCode,
)
from bot.store.engine import one_at_a_time
from bot.store.mail_owners import MailKind
from bot.store.numbers import next_number
from bot.vocabulary import AuditEvent, GuardianState, HoldKind, RequestKind, RequestState

FOR_CHILD = {RequestKind.EXPORT: {}, RequestKind.ERASURE: {"scope": "everything", "mode": "delete"}}
"""What a guardian may ask for the young person, and what is then asked for in particular."""

_HIDDEN = "•••"
_ORIGIN = "guardian:"


def own_data(session: Session, visit: Visit) -> list[tuple[str, str]]:
    """Everything the desk keeps about the guardian, in words.

    Raises:
        GuardianNotProved: No code was typed.
    """
    _require(visit)
    lines: list[tuple[str, str]] = []
    for row in _of_same_person(session, visit.row):
        lines += [
            ("Number", row.number),
            ("Your name", row.name or ""),
            ("Who you are to the young person", RELATIONS.get(row.relation or "", row.relation or "")),
            ("Your address", row.email or ""),
            ("You were asked on", in_words(row.asked_at)),
            ("Where it stands", row.state.replace("_", " ")),
        ]
        if row.decided_at:
            lines.append(("Decided on", in_words_with_time(row.decided_at)))
        if row.artefact:
            lines.append(("What you agreed to, word for word", row.artefact["text"]))
        lines += [("A file you sent", file.name) for file in attachments.of_owner(session, OWNER, row.number)]
    return lines


def erase_own(session: Session, desk: Desk, now: datetime, visit: Visit) -> None:
    """Everything about the guardian goes; a consent of theirs ends first, so that processing stops.

    What stays says nothing about them: that a consent was asked for and how it ended, with number and dates.

    Raises:
        GuardianNotProved: No code was typed.
    """
    _require(visit)
    forget(session, desk, now, [each.number for each in _of_same_person(session, visit.row)])


def not_me(session: Session, desk: Desk, now: datetime, visit: Visit) -> None:
    """The mail reached somebody who has nothing to do with it: the address is forgotten, no code needed.

    Raises:
        Conflict: It was decided already, and then needs the code.
    """
    if visit.row.state != GuardianState.INVITED:
        raise Conflict(decision.DECIDED_ALREADY)
    forget(session, desk, now, [visit.row.number])
    row = session.get_one(GuardianConsent, visit.row.number)
    announce(session, now, row.conversation_id, "utter_guardian_wrong_person", number=row.number)


def forget(session: Session, desk: Desk, now: datetime, numbers: Collection[str]) -> None:
    """End these askings and take everything about the guardian out of them, mails and files included."""
    names: set[str] = set()
    addresses: set[str] = set()
    subjects: set[str] = set()
    for number in numbers:
        row = session.get_one(GuardianConsent, number)
        names |= {row.name} if row.name else set()
        addresses |= {row.email} if row.email else set()
        subjects.add(row.subject)
        if row.state == GuardianState.LIVE:
            decision.withdraw(session, desk, now, number)
        elif move(session, number, OPEN, GuardianState.CANCELLED, closed_at=now):
            audit.record(session, now, AuditEvent.GUARDIAN_CANCELLED, reference=number, subject=row.subject)
    _delete_mails(session, numbers, addresses)
    session.execute(delete(VerificationCode).where(VerificationCode.request_number.in_(numbers)))
    files = (Attachment.owner_kind == OWNER) & Attachment.owner_number.in_(numbers)
    session.execute(delete(Attachment).where(files))
    links.remove(session, list(numbers))
    session.flush()
    for number in numbers:
        row = session.get_one(GuardianConsent, number, populate_existing=True)
        row.name = row.relation = row.email = row.artefact = None
        audit.record(session, now, AuditEvent.GUARDIAN_FORGOTTEN, reference=number, subject=row.subject)
    _hide_in_chats(session, desk, subjects, names, addresses)


def ask_for_child(session: Session, desk: Desk, now: datetime, visit: Visit, kind: RequestKind) -> RequestView:
    """File a copy or a deletion for the young person, to be looked at by a person at the shop; once while one is open.

    What the young person asked for themselves stays theirs: it is neither shown here nor in the way.

    Raises:
        GuardianNotProved: No code was typed.
        Conflict: The guardian has no say any more: the asking was called off, or the young person is of age.
    """
    _require(visit)
    row = visit.row
    if kind not in FOR_CHILD or not has_a_say(session, desk, row):
        raise Conflict("This can no longer be asked for here.")
    one_at_a_time(session, f"requests of {row.subject}")
    if known := _open_for_child(session, row.subject, kind):
        return view(known)
    number = next_number(session, "PR", now)
    request = PrivacyRequest(
        number=number,
        kind=kind,
        state=RequestState.ON_HOLD,
        hold_reason=HoldKind.GUARDIAN_ASKED,
        regime=desk.settings.regime,
        conversation_id=row.conversation_id,
        subject=row.subject,
        origin=f"{_ORIGIN}{row.number}:{number}",
        details={**FOR_CHILD[kind], "asked_by_guardian": row.number},
        received_at=now,
        due_at=due(desk.settings.regime, kind, now, desk.settings).due_at,
        verified_at=now,
        confirmed_at=now,
    )
    session.add(request)
    session.flush()
    audit.record(session, now, AuditEvent.REQUEST_RECEIVED, reference=number, subject=row.subject, actor="guardian")
    what = decision.of_child(REQUEST_WORDS[kind])
    decision.mail_guardian(session, now, row, "guardian_asked_for_child", request=number, what=what)
    announce(session, now, row.conversation_id, "utter_guardian_asked_for_child", number=number)
    if address := desk.email_of(row.subject):
        key = f"guardian-asked:{number}"
        outbox.post(session, now, address, "guardian_asked_for_you", key, number=number, what=REQUEST_WORDS[kind])
    return view(request)


def _open_for_child(session: Session, subject: str, kind: RequestKind) -> PrivacyRequest | None:
    """What a guardian asked for this young person and is not done."""
    return session.scalar(
        select(PrivacyRequest)
        .where(
            PrivacyRequest.subject == subject,
            PrivacyRequest.kind == kind,
            PrivacyRequest.state.in_(OPEN_REQUESTS),
            PrivacyRequest.origin.startswith(_ORIGIN),
        )
        .order_by(PrivacyRequest.number)
        .limit(1)
    )


def _of_same_person(session: Session, row: GuardianConsent) -> list[GuardianConsent]:
    """Every asking of whoever owns this mailbox, also for other young people."""
    if not row.email:
        return [row]
    mine = normalised(row.email)
    named = select(GuardianConsent).where(GuardianConsent.email.is_not(None)).order_by(GuardianConsent.number)
    return [each for each in session.scalars(named) if each.email and normalised(each.email) == mine]


def _delete_mails(session: Session, numbers: Collection[str], addresses: Collection[str]) -> None:
    """The mails to the guardian about these; those to the young person name nobody and stay."""
    codes = select(VerificationCode.id).where(VerificationCode.request_number.in_(numbers))
    keys = {f"{MailKind.CODE}:{code}" for code in session.scalars(codes)}
    wanted = {normalised(address) for address in addresses}
    ours = or_(Mail.dedupe_key.in_(keys), *(Mail.dedupe_key.like(f"guardian%:{number}") for number in numbers))
    gone = [each.id for each in session.scalars(select(Mail).where(ours)) if normalised(each.recipient) in wanted]
    session.execute(delete(Mail).where(Mail.id.in_(gone)))


def _hide_in_chats(
    session: Session, desk: Desk, subjects: Collection[str], names: Collection[str], addresses: Collection[str]
) -> None:
    """What a young person wrote of the guardian in their chats is made unreadable there, and no other word of theirs.

    A value counts where it stands by itself: `Ian` is not in `Diana`, `Ma` not in `email`.
    """
    values = [("name", each) for each in names] + [("email", each) for each in addresses]
    # The longest first, or a name that begins another would leave the rest of that one.
    longest_first = sorted(values, key=lambda each: len(each[1]), reverse=True)
    found = [traces for kind, value in longest_first if (traces := Traces.of("", {kind: value}).words)]
    chats = select(Conversation.id).where(Conversation.subject.in_(subjects))
    for message in session.scalars(select(Message).where(Message.conversation_id.in_(chats))):
        words = message.words
        for traces in found:
            words = traces.sub(_HIDDEN, words)
        if words != message.words:
            masked = finder(desk.settings).masked(words)
            message.text, message.hidden = masked.text, masked.values or None


def _require(visit: Visit) -> None:
    if not visit.proved:
        raise GuardianNotProved
