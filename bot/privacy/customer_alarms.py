"""Alarms about a customer that no request is behind: on the staff's list once while one waits, closed when answered."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.errors import Conflict
from bot.privacy.case_alarm import close_alarms, file_alarm
from bot.store.desk import Desk
from bot.store.desk_tables import Case
from bot.vocabulary import CaseKind, CaseState

DISPUTE, NOTICE, GUARDIAN_MAIL = "guardian-dispute", "customer-notice", "guardian-mail"
"""What they are about. A dispute is answered by settling it."""


@dataclass(frozen=True)
class CustomerAlarm:
    """One that waits for a person, as the staff sees it.

    Attributes:
        about: What it is about, with the number of the asking where it is about one.
    """

    number: str
    subject: str
    about: str
    happened: str
    since: datetime

    @property
    def guardian(self) -> str | None:
        """Number of the asking whose mail did not arrive; None where it is about something else."""
        kind, _, number = self.about.partition(":")
        return number if kind == GUARDIAN_MAIL else None


def alarm(session: Session, desk: Desk, now: datetime, subject: str, about: str, happened: str) -> bool:
    """Put a customer on the list of urgent cases, once while a case about the same thing waits.

    Args:
        session: The transaction of its cause.
        desk: How soon a person has to look.
        now: The desk's time.
        subject: The customer.
        about: What it is about.
        happened: The same in the words the staff reads; no personal value.

    Returns:
        Whether nobody had been alarmed yet.
    """
    if session.scalar(select(Case.number).where(*_waits(subject, about)).limit(1)) is not None:
        return False
    file_alarm(session, desk, now, about, happened, subject=subject)
    return True


def quiet(session: Session, now: datetime, subject: str, about: str, actor: str | None = None) -> bool:
    """Nobody has to look after it any more: it leaves the list, and the record says so.

    Args:
        session: The transaction of what ends the need.
        now: The desk's time.
        subject: The customer.
        about: What it is about.
        actor: Who ended it, where it was not a guardian themselves.

    Returns:
        Whether somebody had to.
    """
    session.flush()
    waiting = session.scalars(select(Case.number).where(*_waits(subject, about)).order_by(Case.number)).all()
    return close_alarms(session, now, waiting, subject, actor)


def waiting_alarms(session: Session) -> list[CustomerAlarm]:
    """Those that a person answers by looking after them, oldest first."""
    mine = (Case.kind == CaseKind.ALARM, Case.state == CaseState.WAITING, Case.request_number.is_(None))
    cases = session.scalars(select(Case).where(*mine, ~Case.origin.startswith(f"{DISPUTE}:")).order_by(Case.number))
    return [
        CustomerAlarm(
            case.number, str(case.subject), case.origin.rpartition(":")[0], case.statement or "", case.created_at
        )
        for case in cases
        if case.subject is not None
    ]


def looked_after(session: Session, now: datetime, number: str, actor: str) -> None:
    """A person did what an alarm asked for: it leaves the list, and the record says who saw to it.

    Raises:
        Conflict: It does not wait (any more).
    """
    known = next((each for each in waiting_alarms(session) if each.number == number), None)
    if known is None or not close_alarms(session, now, [number], known.subject, actor):
        raise Conflict("This alarm does not wait any more.")


def _waits(subject: str, about: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Case.subject == subject,
        Case.kind == CaseKind.ALARM,
        Case.state == CaseState.WAITING,
        Case.origin.startswith(f"{about}:"),
    )
