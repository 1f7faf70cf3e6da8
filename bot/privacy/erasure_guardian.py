"""What somebody said as a parent or guardian stays when their own account goes.

It is the proof that a young person may use the shop (policy clause `minors`; GDPR Article 7(1)). It goes when the
guardian has it erased on their page, or with the young person's data.
"""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy.erasure_scan import Row, Traces
from bot.store.desk_tables import GuardianConsent
from bot.store.numbers import numbers_in


def askings_kept(session: Session, subject: str, traces: Traces) -> frozenset[str]:
    """Numbers of the askings about other customers that name the person as the guardian."""
    others = session.scalars(select(GuardianConsent).where(GuardianConsent.subject != subject))
    return frozenset(each.number for each in others if traces.in_value([each.name, each.email, each.artefact]))


def belongs_to(askings: frozenset[str]) -> Callable[[str, Row], bool]:
    """Whether a row is such an asking, a mail about it, or the signed form."""

    def belongs(table: str, row: Row) -> bool:
        match table:
            case "guardian_consents":
                return row["number"] in askings
            case "mails":
                return not askings.isdisjoint(numbers_in(row["dedupe_key"]))
            case "attachments":
                return row["owner_number"] in askings
        return False

    return belongs
