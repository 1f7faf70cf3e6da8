"""Complaints, reports and objections: one door, intake is never refused.

Source: policy clause `contact` ("you can contact us at any time through official customer service").
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.store import audit, outbox
from bot.store.desk_tables import Case, Conversation
from bot.store.numbers import next_number
from bot.vocabulary import AuditEvent, CaseKind, CaseState, Priority

_MAIL_WORDS = {
    CaseKind.COMPLAINT: "your complaint",
    CaseKind.SECURITY_REPORT: "your security report",
    CaseKind.POLICY_OBJECTION: "your objection to the privacy policy",
    CaseKind.HANDOFF: "your wish to talk to a person",
}


@dataclass(frozen=True)
class FiledCase:
    """What the person is told about their case."""

    number: str
    kind: CaseKind
    due_at: datetime


def file_case(
    session: Session,
    now: datetime,
    chat: Conversation,
    kind: CaseKind,
    origin: str,
    answer_within: timedelta,
    mail_to: str | None,
    statement: str | None = None,
) -> FiledCase:
    """Keep what a person brought, give it a number and a date, and confirm it by mail where there is an address.

    Args:
        session: Desk database.
        now: Time of receipt; the clock starts here.
        chat: The conversation it came from; anonymous ones are welcome.
        kind: What it is.
        origin: Id of the message it came from: the same message never makes a second case.
        answer_within: How soon a person answers.
        mail_to: The customer's address on file, if any.
        statement: What happened, in the person's words.
    """
    known = session.scalar(select(Case).where(Case.origin == origin))
    if known is not None:
        return FiledCase(known.number, CaseKind(known.kind), known.due_at)
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
        due_at=now + answer_within,
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
            what=_MAIL_WORDS[kind],
            number=case.number,
            due=case.due_at.strftime("%d %B %Y, %H:%M UTC"),
        )
    return FiledCase(case.number, kind, case.due_at)


def add_statement(session: Session, now: datetime, chat: Conversation, number: str, statement: str) -> FiledCase:
    """Put more of the person's own words to their case, behind what they said before.

    Raises:
        NotFound: The case is not of this conversation.
    """
    case = session.get(Case, number)
    if case is None or case.conversation_id != chat.id:
        raise NotFound
    case.statement = f"{case.statement}\n\n{statement}" if case.statement else statement
    audit.record(session, now, AuditEvent.CASE_STATEMENT_ADDED, chat.id, number)
    return FiledCase(case.number, CaseKind(case.kind), case.due_at)
