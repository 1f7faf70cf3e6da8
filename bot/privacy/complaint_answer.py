"""What the shop answers to a case: an answer, or a refusal that says why, on what ground, and where to go next.

Law: GDPR Article 12(4) (reasons, complaint to an authority, judicial remedy), PIPL Article 50. The guard is here: no
door of the staff can send less.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.errors import Conflict, Invalid, NotFound, SamePerson
from bot.privacy.case_states import DECIDED, WITH_STAFF, move
from bot.privacy.complaint import BROUGHT, KIND_WORDS
from bot.privacy.complaint_card import buttons, case_card
from bot.privacy.complaint_status import OF_THE_SHOP, view
from bot.privacy.validation import readable
from bot.store import audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import Case, CaseMessage, Conversation
from bot.vocabulary import AuditEvent, CaseKind, CaseMessageKind, CaseState, Priority

LONGEST = 20_000
ANSWER_MAIL = "case-answer"
_NO_MAIL = (
    "The mail with this answer did not arrive: the address on file took no mail. The answer stands in the person's "
    "chat. Please reach them in another way, then close the case."
)


def answer_case(session: Session, desk: Desk, now: datetime, number: str, by: str, text: str) -> None:
    """Answer a case: the person reads it in the chat and by mail, and can reply.

    Args:
        session: The transaction all of it happens in.
        desk: Settings and the shop's address book.
        now: The desk's time.
        number: Which case.
        by: Who answers; stands in the record, not in what the person reads.
        text: The answer.

    Raises:
        Invalid: The answer is empty or cannot be read.
        NotFound: There is no such case.
        Conflict: It was answered already, or is closed.
        SamePerson: It is a second look, and this member of staff answered before.
    """
    answer = CaseMessage(kind=CaseMessageKind.ANSWER, text=words(text, "An answer needs words."))
    _decide(session, desk, now, number, by, answer, CaseState.ANSWERED)


def refuse_case(
    session: Session, desk: Desk, now: datetime, number: str, by: str, reason: str, basis: str, complain_to: str
) -> None:
    """Refuse what a case asks for, with everything a person needs to go on.

    Args:
        session: The transaction all of it happens in.
        desk: Settings and the shop's address book.
        now: The desk's time.
        number: Which case.
        by: Who refuses; stands in the record.
        reason: Why, for the person to read.
        basis: The law or the clause of the policy it rests on.
        complain_to: Where the person can complain further.

    Raises:
        Invalid: Reason, basis or where to complain is missing.
        NotFound: There is no such case.
        Conflict: It was answered already, or is closed.
        SamePerson: It is a second look, and this member of staff answered before.
    """
    missing = "A refusal needs a reason, the law or clause it rests on, and where to complain further."
    refusal = CaseMessage(
        kind=CaseMessageKind.REFUSAL,
        text=words(reason, missing),
        basis=words(basis, missing),
        complain_to=words(complain_to, missing),
    )
    _decide(session, desk, now, number, by, refusal, CaseState.REFUSED)


def answer_took_no_mail(session: Session, now: datetime, written: CaseMessage) -> None:
    """An answer nobody was mailed: the case is urgent for the staff again until it is closed or the person replies.

    Args:
        session: Desk database.
        now: The desk's time.
        written: The answer or refusal.
    """
    case = session.get_one(Case, written.case_number, with_for_update=True)
    session.add(
        CaseMessage(
            case_number=case.number, kind=CaseMessageKind.NOTE, written_by="worker", text=_NO_MAIL, created_at=now
        )
    )
    audit.record(session, now, AuditEvent.CASE_NOTED, reference=case.number, subject=case.subject, actor="worker")
    if case.state in DECIDED:
        case.alarmed_at, case.priority = now, Priority.URGENT


def refuse_same_person(session: Session, case: Case, by: str) -> None:
    """A second look is taken by somebody who has not answered this case before.

    Raises:
        SamePerson: This member of staff has.
    """
    if case.state != CaseState.SECOND_LOOK:
        return
    decided = select(CaseMessage.id).where(
        CaseMessage.case_number == case.number,
        CaseMessage.kind.in_(OF_THE_SHOP),
        func.lower(CaseMessage.written_by) == by.casefold(),
    )
    if session.scalar(decided.limit(1)) is not None:
        raise SamePerson


def brought_case(session: Session, number: str) -> Case:
    """A case that a person brought and that is answered in writing.

    Raises:
        NotFound: There is none of that number.
    """
    case = session.get(Case, number)
    if case is None or case.kind not in BROUGHT:
        raise NotFound("There is no complaint, report or suggestion with that number.")
    return case


def where_to_tell(session: Session, case: Case) -> str | None:
    """The chat in which a person most likely reads it: a customer's newest one, else the one the case is in."""
    newest = select(Conversation.id).where(Conversation.subject == case.subject)
    mine = session.scalar(newest.order_by(Conversation.created_at.desc()).limit(1)) if case.subject else None
    return mine or case.conversation_id


def words(text: str, missing: str) -> str:
    """Words of the staff as they are kept.

    Raises:
        Invalid: There are none, too many, or they cannot be read.
    """
    clean = readable(text)
    if not clean:
        raise Invalid(missing)
    if len(clean) > LONGEST:
        raise Invalid(f"This is too long. Please keep it under {LONGEST:,} characters.")
    return clean


def staff(by: str) -> str:
    """The name of a member of staff, written in one way.

    Raises:
        Invalid: There is none.
    """
    name = " ".join(by.split())
    if not name:
        raise Invalid("Please say who does this.")
    return name[:64]


def _decide(
    session: Session, desk: Desk, now: datetime, number: str, by: str, written: CaseMessage, to: CaseState
) -> None:
    case, by = brought_case(session, number), staff(by)
    at = CaseState(case.state)
    if at not in WITH_STAFF:
        raise Conflict("This case was answered already or is closed; the person can reply or open it again.")
    refuse_same_person(session, case, by)
    if not move(session, number, [at], to, assigned_to=by, closed_at=None, alarmed_at=None):
        raise Conflict("Somebody else was faster with this case. Please look at it again.")
    session.refresh(case)
    written.case_number, written.written_by, written.created_at = number, by, now
    session.add(written)
    refused = to is CaseState.REFUSED
    event = AuditEvent.CASE_REFUSED if refused else AuditEvent.CASE_ANSWERED
    audit.record(session, now, event, case.conversation_id, number, case.subject, actor=by)
    seen = view(session, case)
    announce(
        session, now, where_to_tell(session, case), "utter_case_refused" if refused else "utter_case_answered",
        card=case_card(seen, desk.settings), buttons=buttons(seen), number=number, what=KIND_WORDS[seen.kind],
    )  # fmt: skip
    _mail(session, desk, now, case, written)


def _mail(session: Session, desk: Desk, now: datetime, case: Case, written: CaseMessage) -> None:
    address = desk.email_of(case.subject) if case.subject else None
    if address:
        template = "case_refused" if written.kind == CaseMessageKind.REFUSAL else "case_answered"
        outbox.post(
            session, now, address, template, f"{ANSWER_MAIL}:{written.id}", number=case.number,
            what=KIND_WORDS[CaseKind(case.kind)], text=written.text, basis=written.basis or "",
            complain_to=written.complain_to or "",
        )  # fmt: skip
