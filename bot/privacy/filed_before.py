"""What a message led to, although its answer never came: so that nobody is told that nothing was done."""

from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from bot.store.desk_tables import Case, CaseMessage, GuardianConsent, PolicyEntry, PrivacyRequest, VerificationCode


def numbers_from(session: Session, message_id: int) -> list[str]:
    """Numbers of the requests, cases and receipts that a message, or one of several wishes in it, was filed under."""
    found = [number for query in _filed_by(str(message_id)) for number in session.scalars(query)]
    return sorted({number for number in found if number})


def _filed_by(origin: str) -> list[Select[Any]]:
    with_origin = (
        (PrivacyRequest.number, PrivacyRequest.origin),
        (Case.number, Case.origin),
        (CaseMessage.case_number, CaseMessage.origin),
        (GuardianConsent.number, GuardianConsent.origin),
        (PolicyEntry.reference, PolicyEntry.origin),
    )
    # `<message>-<place>` is the origin of one of several things that a message asked for.
    queries = [select(number).where(or_(came == origin, came.startswith(f"{origin}-"))) for number, came in with_origin]
    taken = (VerificationCode.last_message == origin, VerificationCode.used_at.is_not(None))
    return [*queries, select(VerificationCode.request_number).where(*taken)]
