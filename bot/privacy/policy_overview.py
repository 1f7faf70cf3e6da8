"""What the shop sees of its policy versions: who has been told, and where people stand."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.privacy.policy_notices import given_up
from bot.privacy.policy_words import in_lines
from bot.store import policy_versions
from bot.store.desk import Desk
from bot.store.desk_tables import Mail, PolicyEntry, PolicyNotice, PolicyVersion
from bot.store.policy_diff import differences
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


@dataclass(frozen=True)
class VersionDetails:
    """One version as the staff desk shows it.

    Attributes:
        changes: Each change in the sentence of a person, with what it means.
        undelivered: Customers whom no notice has reached, with the reason.
        objections: Cases, newest first, with the time of each.
    """

    overview: VersionOverview
    published_by: str
    changes: tuple[str, ...]
    undelivered: tuple[tuple[str, str], ...]
    objections: tuple[tuple[str, datetime], ...]


def details(session: Session, desk: Desk, version: str) -> VersionDetails:
    """One version in numbers and names.

    Raises:
        NotFound: No such version replaced another.
    """
    found = next((each for each in overview(session, desk) if each.version == version), None)
    if found is None:
        raise NotFound("There is no published version of that name that replaced another.")
    row = session.get_one(PolicyVersion, version)
    before, own = (policy_versions.version(session, desk.policies, name) for name in (str(row.replaces), version))
    lines = in_lines(differences(before.policy, own.policy), policy_versions.marks(session, version))
    said_no = (PolicyEntry.version == version, PolicyEntry.act == PolicyAct.OBJECTED)
    noes = select(PolicyEntry.reference, PolicyEntry.at).where(*said_no).order_by(PolicyEntry.id.desc()).limit(_LISTED)
    return VersionDetails(
        found,
        row.published_by,
        tuple(line.removeprefix("- ") for line in lines.splitlines()),
        tuple(undelivered(session, version)),
        tuple((str(number), at) for number, at in session.execute(noes)),
    )


def sign(session: Session) -> tuple[Any, ...]:
    """Something that differs after anybody was told, reached, or has decided."""
    of_all = (func.count(), func.count(PolicyNotice.delivered_at), func.count(PolicyNotice.refused_at))
    return tuple(session.execute(select(*of_all, func.max(PolicyNotice.decided_at))).one())


def undelivered(session: Session, version: str) -> list[tuple[str, str]]:
    """Customers whom no notice has reached yet, with the reason.

    Refused for good, no address, no server that took the mail (it is written anew), or still on its way.
    """
    refused, lost = PolicyNotice.refused_at.is_not(None), given_up()
    query = (
        select(PolicyNotice.subject, PolicyNotice.mail_id, refused, lost)
        .outerjoin(Mail, Mail.id == PolicyNotice.mail_id)
        .where(PolicyNotice.version == version, PolicyNotice.delivered_at.is_(None))
        .order_by(or_(refused, lost).desc(), PolicyNotice.id)
        .limit(_LISTED)
    )
    return [(subject, _why(*found)) for subject, *found in session.execute(query)]


def _why(mail: int | None, refused: bool, lost: bool) -> str:
    if lost:
        return "no server took the mail, it will be sent again"
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
    lost = select(Mail.id).where(given_up())
    return (
        ("customers told", count()),
        ("mails handed over", count(PolicyNotice.mailed_at.is_not(None))),
        ("mails refused", count(PolicyNotice.refused_at.is_not(None))),
        ("mails to be sent again", count(undelivered_yet, PolicyNotice.mail_id.in_(lost))),
        ("shown in the chat", count(PolicyNotice.shown_at.is_not(None))),
        ("delivered", count(PolicyNotice.delivered_at.is_not(None))),
        ("not delivered yet", count(undelivered_yet)),
        ("window open", count(PolicyNotice.state == WindowState.OPEN)),
        ("accepted", count(PolicyNotice.state == WindowState.ACCEPTED)),
        ("deemed accepted", count(PolicyNotice.state == WindowState.DEEMED)),
        ("objected", count(PolicyNotice.state == WindowState.OBJECTED)),
        ("objections recorded", session.scalar(said_no) or 0),
    )
