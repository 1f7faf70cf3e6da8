"""What the shop sees of its policy versions: who has been told, and where people stand."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bot.store import policy_versions
from bot.store.desk import Desk
from bot.store.desk_tables import PolicyEntry, PolicyNotice
from bot.vocabulary import PolicyAct, WindowState

_LISTED = 1000


@dataclass(frozen=True)
class VersionOverview:
    """One version in numbers: label and count, in the order in which they are read."""

    version: str
    effective: date
    lines: tuple[tuple[str, int], ...]


def overview(session: Session, desk: Desk) -> list[VersionOverview]:
    """Every version that replaced another, newest first."""
    chain = [each for each in policy_versions.published(session, desk.policies) if each.replaces]
    return [VersionOverview(each.version, each.policy.effective, _lines(session, each.version)) for each in chain[::-1]]


def undelivered(session: Session, version: str) -> list[tuple[str, str]]:
    """Customers whom no notice has reached yet, with the reason: refused for good, no address, or still on its way."""
    query = (
        select(PolicyNotice.subject, PolicyNotice.refused_at, PolicyNotice.mail_id)
        .where(PolicyNotice.version == version, PolicyNotice.delivered_at.is_(None))
        .order_by(PolicyNotice.refused_at.is_(None), PolicyNotice.id)
        .limit(_LISTED)
    )
    return [(subject, _why(refused is not None, mail)) for subject, refused, mail in session.execute(query)]


def _why(refused: bool, mail: int | None) -> str:
    if refused:
        return "the mail was refused"
    return "no address" if mail is None else "the mail is on its way"


def _lines(session: Session, version: str) -> tuple[tuple[str, int], ...]:
    def count(*conditions: ColumnElement[bool]) -> int:
        of_version = select(func.count()).select_from(PolicyNotice).where(PolicyNotice.version == version, *conditions)
        return session.scalar(of_version) or 0

    objections = select(func.count()).select_from(PolicyEntry)
    said_no = objections.where(PolicyEntry.version == version, PolicyEntry.act == PolicyAct.OBJECTED)
    undelivered_yet = PolicyNotice.delivered_at.is_(None)
    return (
        ("customers told", count()),
        ("mails handed over", count(PolicyNotice.mailed_at.is_not(None))),
        ("mails refused", count(PolicyNotice.refused_at.is_not(None))),
        ("shown in the chat", count(PolicyNotice.shown_at.is_not(None))),
        ("delivered", count(PolicyNotice.delivered_at.is_not(None))),
        ("not delivered yet", count(undelivered_yet)),
        ("window open", count(PolicyNotice.state == WindowState.OPEN)),
        ("accepted", count(PolicyNotice.state == WindowState.ACCEPTED)),
        ("deemed accepted", count(PolicyNotice.state == WindowState.DEEMED)),
        ("objected", count(PolicyNotice.state == WindowState.OBJECTED)),
        ("objections recorded", session.scalar(said_no) or 0),
    )
