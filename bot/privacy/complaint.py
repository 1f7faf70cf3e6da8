"""Complaints, reports and objections: one door, intake is never refused.

Source: policy clause `contact` ("If you have any questions, objections, comments, suggestions, concerns, complaints or
reports … you can contact us at any time through official customer service").
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words, in_words_with_time
from bot.config import Settings
from bot.errors import Conflict, NotFound
from bot.privacy.deadlines import date_of
from bot.privacy.request_status import own_request
from bot.store import audit, outbox
from bot.store.desk_tables import Case, Conversation
from bot.store.numbers import next_number
from bot.vocabulary import AuditEvent, CaseKind, CaseState, Priority

KIND_WORDS = {
    CaseKind.QUESTION: "question",
    CaseKind.OBJECTION: "objection",
    CaseKind.COMMENT: "comment",
    CaseKind.SUGGESTION: "suggestion",
    CaseKind.CONCERN: "concern",
    CaseKind.COMPLAINT: "complaint",
    CaseKind.REPORT: "report",
    CaseKind.SECURITY_REPORT: "security report",
    CaseKind.POLICY_OBJECTION: "objection to the privacy policy",
    CaseKind.HANDOFF: "wish to talk to a person",
}
"""What a case is called to the person."""

BROUGHT = frozenset(KIND_WORDS) - {CaseKind.HANDOFF}
"""Kinds that the person sees, and that are answered in writing."""


OWNER_KIND = "case"
"""Under which word files belong to a case."""


class CaseField(StrEnum):
    """What a person tells about their case, each in their own words."""

    STATEMENT = "statement"
    ABOUT = "about"
    WISH = "wish"


@dataclass(frozen=True)
class FiledCase:
    """What the person is told about their case."""

    number: str
    kind: CaseKind
    due_at: datetime


def file_case(
    session: Session,
    settings: Settings,
    now: datetime,
    chat: Conversation,
    kind: CaseKind,
    origin: str,
    due_at: datetime,
    mail_to: str | None,
    statement: str | None = None,
) -> FiledCase:
    """Keep what a person brought, give it a number and a date, and confirm it by mail where there is an address.

    Args:
        session: Desk database.
        settings: Where the shop is, whose day the mail names.
        now: Time of receipt; the clock starts here.
        chat: The conversation it came from; anonymous ones are welcome.
        kind: What it is.
        origin: Id of the message it came from: the same message never makes a second case.
        due_at: Until when a person answers.
        mail_to: The customer's address on file, if any.
        statement: What happened, in the person's words.
    """
    known = session.scalar(select(Case).where(Case.origin == origin))
    if known is not None:
        return _filed(known)
    case = Case(
        number=next_number(session, "CS", now),
        kind=kind,
        state=CaseState.WAITING,
        priority=Priority.URGENT if kind is CaseKind.SECURITY_REPORT else Priority.NORMAL,
        conversation_id=chat.id,
        subject=chat.subject,
        origin=origin,
        statement=statement,
        created_at=now,
        due_at=due_at,
    )
    session.add(case)
    audit.record(session, now, AuditEvent.CASE_FILED, chat.id, case.number)
    if mail_to:
        outbox.post(
            session,
            now,
            mail_to,
            "case_filed",
            f"case:{case.number}",
            what=f"your {KIND_WORDS[kind]}",
            number=case.number,
            due=_due_in_words(settings, case),
        )
    return _filed(case)


def _due_in_words(settings: Settings, case: Case) -> str:
    """As the chat says it: a day where the shop is; for somebody who waits in the chat, the hour."""
    if case.kind == CaseKind.HANDOFF:
        return in_words_with_time(case.due_at)
    return in_words(date_of(case.due_at, settings))


def add_statement(session: Session, now: datetime, chat: Conversation, number: str, statement: str) -> FiledCase:
    """Put more of the person's own words to their case, behind what they said before.

    The same words handled twice, as after a crash, are put there once.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It was answered already; what is said now is a reply.
    """
    case = _of(session, chat, number)
    if case.state != CaseState.WAITING:
        raise Conflict("This case was answered already. What is said now is a reply to it.")
    _put(session, now, chat, case, statement)
    return _filed(case)


def add_words_for_person(session: Session, now: datetime, chat: Conversation, number: str, words: str) -> None:
    """Put words to the case under which a person is waited for, answered or not: whoever comes reads them there.

    A case that was opened to another conversation meanwhile is told to whoever is there, so these words are not put to
    it; whoever comes reads them in the talk.
    """
    case = session.get_one(Case, number)
    if case.conversation_id == chat.id:
        _put(session, now, chat, case, words)


def set_words(
    session: Session, now: datetime, chat: Conversation, number: str, field: CaseField, words: str | None
) -> None:
    """Let new words take the place of what a person told before about one thing of their case.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It was confirmed or answered already.
    """
    case = _being_told(session, chat, number)
    if getattr(case, field) != words:
        setattr(case, field, words)
        audit.record(session, now, AuditEvent.CASE_CHANGED, chat.id, number)


def set_kind(
    session: Session, now: datetime, chat: Conversation, number: str, kind: CaseKind, urgent_within: timedelta
) -> None:
    """Call a case what the person calls it. A security report is urgent from then on; no date is moved back.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It was confirmed or answered already.
    """
    case = _being_told(session, chat, number)
    if case.kind == kind:
        return
    case.kind = kind
    if kind is CaseKind.SECURITY_REPORT:
        case.priority, case.due_at = Priority.URGENT, min(case.due_at, now + urgent_within)
    audit.record(session, now, AuditEvent.CASE_CHANGED, chat.id, number)


def link_request(session: Session, now: datetime, chat: Conversation, number: str, request_number: str) -> bool:
    """Put a complaint about how a request was handled beside that request.

    Returns:
        Whether it is linked; False when the request is not this person's, which reads the same as one that is none.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It was confirmed or answered already.
    """
    case = _being_told(session, chat, number)
    if chat.subject is None:
        return False
    try:
        own_request(session, chat.subject, request_number)
    except NotFound:
        return False
    if case.request_number != request_number:
        case.request_number = request_number
        audit.record(session, now, AuditEvent.CASE_LINKED, chat.id, number)
    return True


def confirm(session: Session, now: datetime, chat: Conversation, number: str) -> FiledCase:
    """The person has seen what was taken down and said that it is right.

    Raises:
        NotFound: The case is not of whoever speaks.
    """
    case = _of(session, chat, number)
    if case.confirmed_at is None:
        case.confirmed_at = now
        audit.record(session, now, AuditEvent.CASE_CONFIRMED, chat.id, number)
    return _filed(case)


def _of(session: Session, chat: Conversation, number: str) -> Case:
    case = session.get(Case, number)
    # A customer tells their case on in whichever chat; somebody without an account only where it was told.
    if case is None or (case.conversation_id != chat.id and (chat.subject is None or case.subject != chat.subject)):
        raise NotFound
    return case


def _put(session: Session, now: datetime, chat: Conversation, case: Case, words: str) -> None:
    if not (case.statement or "").endswith(words):
        case.statement = f"{case.statement}\n\n{words}" if case.statement else words
        audit.record(session, now, AuditEvent.CASE_STATEMENT_ADDED, chat.id, case.number)


def _being_told(session: Session, chat: Conversation, number: str) -> Case:
    case = _of(session, chat, number)
    if case.state != CaseState.WAITING or case.confirmed_at is not None or case.reopened_at is not None:
        raise Conflict("This case was sent already. What is said now is a reply to it.")
    return case


def _filed(case: Case) -> FiledCase:
    return FiledCase(case.number, CaseKind(case.kind), case.due_at)
