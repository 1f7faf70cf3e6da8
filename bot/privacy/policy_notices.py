"""Everybody is told of a new version before it takes effect: by mail and in the chat, and when is written down.

Policy clause `update-notice`. One notice for each customer and version, whatever dies in between: notices, mails, and
how far the pass through the shop's accounts has come, are one transaction. Delivered is a mail when a server took it,
and a word in the chat when it was handed to the person's widget; the earlier counts. A mail that was given up, as in a
long outage, is written anew for whom nothing has reached; one that a server refused for good is not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    Update,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.privacy.policy_words import changes_url, in_lines
from bot.store import customers, outbox, policy_versions
from bot.store.adding import add_unless_there
from bot.store.customers import Customer
from bot.store.desk import Desk
from bot.store.desk_tables import Mail, PolicyNotice, PolicyVersion, Restriction, UtcDateTime
from bot.store.mail_owners import MailKind
from bot.store.policy_diff import differences
from bot.store.policy_versions import Published
from bot.vocabulary import ChangeMark, RestrictionReason, WindowState

log = structlog.get_logger("policy")
MOST_WAITING = 200
"""How many notices lie in the outbox at once, so that a code somebody waits for is never behind a million of them."""
_BETWEEN_PASSES = timedelta(hours=6)
_LOOKED_AT = 1000
"""How many given-up mails are looked at in one round: some of their people may have no address any more."""


def tell_everybody(desk: Desk) -> int:
    """Write the next notices, and note which ones have been delivered.

    Returns:
        How many notices were written, or written anew.
    """
    now = desk.clock.now()
    with desk.reading() as session:
        chain = policy_versions.published(session, desk.policies)
    written = 0
    for each in chain:
        if each.replaces is None:
            continue
        with desk.transaction() as session:
            note_deliveries(session, each)
        if not each.all_were_told:
            written += _go_on(desk, now, each)
        written += _write_again(desk, now, each)
    if written:
        log.info("policy notices written", notices=written)
    return written


def note_deliveries(session: Session, each: Published) -> None:
    """Take over from the outbox which mails were handed to a server, and which it refused for good."""
    open_ones = (PolicyNotice.version == each.version, PolicyNotice.mail_id.is_not(None))
    mail = Mail.id == PolicyNotice.mail_id
    sent = select(Mail.sent_at).where(mail).scalar_subquery()
    refused = select(Mail.refused_at).where(mail).scalar_subquery()
    waiting = (*open_ones, PolicyNotice.mailed_at.is_(None), PolicyNotice.refused_at.is_(None))
    _do(session, update(PolicyNotice).where(*waiting, refused.is_not(None)).values(refused_at=refused))
    _do(session, update(PolicyNotice).where(*waiting, sent.is_not(None)).values(mailed_at=sent))
    _begin_windows(session, each, PolicyNotice.mailed_at)


def given_up() -> ColumnElement[bool]:
    """Mails of the outbox that no server took or refused, however often they were tried."""
    return and_(Mail.given_up_at.is_not(None), Mail.refused_at.is_(None), Mail.sent_at.is_(None))


def _begin_windows(session: Session, each: Published, delivered: Any) -> None:
    """The window begins at delivery or effect, the later counts; an earlier delivery moves it to the front."""
    earlier = or_(PolicyNotice.delivered_at.is_(None), PolicyNotice.delivered_at > delivered)
    effect = literal(each.effective_at, UtcDateTime())
    begin = case((delivered > effect, delivered), else_=effect)
    _do(
        session,
        update(PolicyNotice)
        .where(PolicyNotice.version == each.version, delivered.is_not(None), earlier)
        .values(delivered_at=delivered, starts_at=begin),
    )


def shown(session: Session, each: Published, subject: str, now: datetime) -> None:
    """The notice was handed to the person in the chat; the first time counts."""
    mine = and_(PolicyNotice.version == each.version, PolicyNotice.subject == subject)
    changed = _do(session, update(PolicyNotice).where(mine, PolicyNotice.shown_at.is_(None)).values(shown_at=now))
    if changed:
        _begin_windows(session, each, PolicyNotice.shown_at)


def notice_of(session: Session, each: Published, subject: str) -> PolicyNotice | None:
    """The notice of one customer, if it was written."""
    mine = (PolicyNotice.version == each.version, PolicyNotice.subject == subject)
    return session.scalar(select(PolicyNotice).where(*mine))


def ensure_notice(session: Session, each: Published, subject: str, now: datetime) -> PolicyNotice | None:
    """The notice of a customer who comes before their turn in the pass; None for who joined under this version."""
    known = notice_of(session, each, subject)
    if known is None and each.replaces is not None and not each.all_were_told:
        known = PolicyNotice(
            version=each.version, subject=subject, created_at=now, state=WindowState.OPEN, guardian_missing=False
        )
        if not add_unless_there(session, known):
            known = notice_of(session, each, subject)
    return known


def _go_on(desk: Desk, now: datetime, each: Published) -> int:
    """The next part of a pass through the shop's accounts, as long as the outbox has room.

    The shop is asked while nothing is locked: whoever writes to the desk does not wait for it.
    """
    with desk.transaction() as session:
        row = session.get_one(PolicyVersion, each.version, with_for_update=True)
        if not _begin_pass(row, now):
            return 0
        room = MOST_WAITING - _waiting(session)
        if room <= 0:
            return 0
        cursor, going = row.pass_cursor, set(session.scalars(_going()))
    people = customers.after(desk.shop, cursor, room)
    with desk.transaction() as session:
        row = session.get_one(PolicyVersion, each.version, with_for_update=True)
        if row.pass_began_at is None or row.pass_cursor != cursor:
            return 0  # another worker was faster
        # Who was going before the shop was asked may be gone by now, and the desk knows nothing of them any more.
        written = _write(session, desk, now, each, [one for one in people if one.subject not in going])
        if len(people) < room:
            row.passed_at, row.pass_began_at, row.pass_cursor = row.pass_began_at, None, None
        else:
            row.pass_cursor = people[-1].subject
        return written


def _begin_pass(row: PolicyVersion, now: datetime) -> bool:
    """Whether a pass is on its way; a new one begins every few hours, and once more when the version takes effect."""
    if row.pass_began_at is not None:
        return True
    in_force_now = row.effective_at <= now
    if row.passed_at is not None and not in_force_now and now < row.passed_at + _BETWEEN_PASSES:
        return False
    row.pass_began_at = now
    return True


def _waiting(session: Session) -> int:
    """How many notices lie in the outbox."""
    mine = Mail.dedupe_key.startswith(f"{MailKind.POLICY_NOTICE}:")
    return session.scalar(select(func.count()).select_from(Mail).where(mine, *outbox.HOPEFUL)) or 0


def _write(session: Session, desk: Desk, now: datetime, each: Published, people: Sequence[Customer]) -> int:
    """Notices for those of these people who have none, or none by mail, with their mails.

    Who is being deleted is told nothing any more; a later pass tells them if they take it back.
    """
    leaving = _leaving(session, [one.subject for one in people])
    people = [one for one in people if one.subject not in leaving]
    about = (PolicyNotice.version == each.version, PolicyNotice.subject.in_([one.subject for one in people]))
    known = set(session.scalars(select(PolicyNotice.subject).where(*about)))
    new = [one.subject for one in people if one.subject not in known]
    if new:
        shared = {"version": each.version, "created_at": now, "state": WindowState.OPEN, "guardian_missing": False}
        session.execute(insert(PolicyNotice), [{"subject": subject, **shared} for subject in new])
    unmailed = select(PolicyNotice.subject, PolicyNotice.id).where(*about, PolicyNotice.mail_id.is_(None))
    ids = dict(session.execute(unmailed).tuples().all())
    to = {ids[one.subject]: one.email for one in people if one.email and one.subject in ids}
    _mail(session, desk, now, each, to)
    return len(new)


def _write_again(desk: Desk, now: datetime, each: Published) -> int:
    """New mails for those whom nothing has reached, since theirs was given up; also when the passes are over.

    A while after it was given up, and only into half of the outbox's room: an address whose server is never there must
    not keep a notice from those who have none yet. The shop is asked while nothing is locked.
    """
    query = (
        select(PolicyNotice.subject, PolicyNotice.id, Mail.id)
        .join(Mail, Mail.id == PolicyNotice.mail_id)
        .where(PolicyNotice.version == each.version, PolicyNotice.delivered_at.is_(None))
        .where(given_up(), Mail.given_up_at <= now - _BETWEEN_PASSES, PolicyNotice.subject.not_in(_going()))
        .order_by(Mail.given_up_at, PolicyNotice.id)
        .limit(_LOOKED_AT)
    )
    with desk.reading() as session:
        room = MOST_WAITING // 2 - _waiting(session)
        lost = [subject for subject, *_ in session.execute(query)] if room > 0 else []
    people = [one for one in customers.among(desk.shop, lost) if one.email] if lost else []
    addresses = {one.subject: str(one.email) for one in people[:room]}
    if not addresses:
        return 0
    with desk.transaction() as session:
        # Only those who still wait: another worker may have been faster.
        still = query.where(PolicyNotice.subject.in_(addresses)).with_for_update(of=PolicyNotice)
        found = session.execute(still).tuples().all()
        to = {notice: addresses[subject] for subject, notice, _ in found}
        _mail(session, desk, now, each, to, {notice: mail for _, notice, mail in found})
    return len(found)


def is_leaving(session: Session, subject: str) -> bool:
    """Whether a person's account and data are about to go."""
    return subject in _leaving(session, [subject])


def _leaving(session: Session, subjects: Sequence[str]) -> set[str]:
    return set(session.scalars(_going().where(Restriction.subject.in_(subjects))))


def _going() -> Select[tuple[str]]:
    reasons = (RestrictionReason.ERASURE, RestrictionReason.ACCOUNT_CANCELLED)
    return select(Restriction.subject).where(Restriction.reason.in_(reasons), Restriction.lifted_at.is_(None))


def _mail(
    session: Session,
    desk: Desk,
    now: datetime,
    each: Published,
    to: Mapping[int, str],
    instead_of: Mapping[int, int] | None = None,
) -> None:
    """One mail for each of these notices; `instead_of` names the given-up mail that it follows."""
    keys = {notice: f"{MailKind.POLICY_NOTICE}:{each.version}:{notice}" for notice in to}
    if instead_of is not None:
        keys = {notice: f"{key}:{instead_of[notice]}" for notice, key in keys.items()}
    recipients = [(to[notice], key) for notice, key in keys.items()]
    mails = outbox.post_to_many(session, now, recipients, "policy_notice", **_words(session, desk, each))
    if mails:
        told = [{"id": notice, "mail_id": mails[key], "refused_at": None} for notice, key in keys.items()]
        session.execute(update(PolicyNotice), told)


def _words(session: Session, desk: Desk, each: Published) -> dict[str, str]:
    """What the mail names: the same for everybody."""
    before = policy_versions.version(session, desk.policies, str(each.replaces))
    marks = policy_versions.marks(session, each.version)
    found = {mark.mark for mark in marks.values()}
    return {
        "version": each.version,
        "effective": in_words(each.policy.effective),
        "changes": in_lines(differences(before.policy, each.policy), marks),
        "url": changes_url(desk.settings.public_url, before.version, each.version),
        "reductions": "yes" if ChangeMark.REDUCES_RIGHTS in found else "",
        "silence": "yes" if found - {ChangeMark.REDUCES_RIGHTS} else "",
    }


def _do(session: Session, statement: Update) -> int:
    result: CursorResult[Any] = session.connection().execute(statement)
    return result.rowcount
