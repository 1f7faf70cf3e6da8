"""What staff see of a customer: shortened values, choices, requests, what is stopped or held. Each look is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.privacy.access import AccessSummary, summarise
from bot.privacy.complaint_pages import CasePlace, places_of
from bot.privacy.request_file import HoldView, holds_of, plan_in_words_for
from bot.privacy.request_status import RequestView, own_requests
from bot.privacy.restriction import Processing, processing
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import Minor
from bot.store.erasing import DELETE, EVERYTHING
from bot.vocabulary import AuditEvent


@dataclass(frozen=True)
class CustomerCard:
    """One customer.

    Attributes:
        summary: What the shop holds, each value shortened.
        standing: Choices, restrictions, and what the data may be used for.
        says_minor: They said that they are under 18; only a person takes that back.
        purposes: What each purpose is called.
        cases: What they brought to the shop, and what alarmed somebody about them.
        plan: What a deletion of everything would do now.
    """

    subject: str
    summary: AccessSummary
    standing: Processing
    says_minor: bool
    purposes: Mapping[str, str]
    requests: list[RequestView]
    cases: list[CasePlace]
    holds: list[HoldView]
    plan: dict[str, Any] | None


def note_look(session: Session, desk: Desk, now: datetime, customer: str, actor: str) -> str:
    """Write down who looks at a customer's card; comes before the look.

    Args:
        session: Desk database.
        desk: The desk.
        now: The desk's time.
        customer: The number as somebody typed it.
        actor: Who looks.

    Returns:
        The number as the desk writes it.

    Raises:
        NotFound: The shop has no such customer.
    """
    subject = desk.shop.number_of(customer)
    if subject is None:
        raise NotFound("The shop has no customer under that number.")
    audit.record(session, now, AuditEvent.CUSTOMER_CARD_OPENED, subject=subject, actor=actor)
    return subject


def customer_card(session: Session, desk: Desk, now: datetime, subject: str) -> CustomerCard:
    """Look a customer up.

    Raises:
        NotFound: The shop has no such customer.
    """
    summary = summarise(desk.shop, desk.datamap, subject)
    marked = session.get(Minor, subject)
    return CustomerCard(
        subject=subject,
        summary=summary,
        standing=processing(session, desk, subject),
        says_minor=marked is not None and marked.declared_at is not None,
        purposes={key: purpose.title for key, purpose in desk.datamap.purposes.items()},
        requests=own_requests(session, subject),
        cases=places_of(session, subject),
        holds=holds_of(session, now, subject),
        plan=plan_in_words_for(desk, now, subject, EVERYTHING, DELETE),
    )
