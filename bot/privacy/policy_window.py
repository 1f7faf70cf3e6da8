"""Fifteen days of use without a no: written down as a deemed acceptance, never as consent.

Policy clause `deemed-agreement` (use "for more than 15 days after we update", and no "opposite opinion"). What is
deemed never reaches a change that reduces rights (clause `no-reduction`), nobody who did not use the service after
delivery and effect, no minor without a guardian's live consent (clause `minors`), and nobody whose data may not be
processed. It is decided in statements over whole tables, however many customers there are.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from bot.privacy import guardian_consent_standing as guardians
from bot.privacy.guardian_consent_standing import Standing
from bot.store import audit, customers, policy_versions
from bot.store.customers import Customer
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Message, PolicyEntry, PolicyNotice, Restriction
from bot.store.policy_versions import Published
from bot.vocabulary import AuditEvent, Author, ChangeMark, PolicyAct, WindowState

log = structlog.get_logger("policy")
WINDOW = timedelta(days=15)
AFTER_FIRST_USE = timedelta(days=1)
"""Who comes back only after the 15 days has this long to say no, with the notice before their eyes."""
_LOOK_AGAIN = timedelta(hours=6)
_AT_ONCE = 500
_DEEMED_AT_ONCE = 5000


def deem(desk: Desk) -> int:
    """Write down what silence has come to for everybody whose window is over.

    Returns:
        How many deemed acceptances were written.
    """
    now = desk.clock.now()
    written = 0
    with desk.reading() as session:
        chain = policy_versions.published(session, desk.policies)
        silent = [
            each for each in chain if each.replaces and each.effective_at <= now and _can_be_deemed(session, each)
        ]
    for each in silent:
        _look_for_use(desk, now, each)
        while some := _deem_some(desk, now, each):
            written += some
    if written:
        log.info("deemed acceptances written", entries=written)
    return written


def _can_be_deemed(session: Session, each: Published) -> bool:
    """Whether a version changes anything that silence may accept."""
    marks = policy_versions.marks(session, each.version).values()
    return any(mark.mark is not ChangeMark.REDUCES_RIGHTS for mark in marks)


def _over(each: Published, now: datetime) -> ColumnElement[bool]:
    return and_(
        PolicyNotice.version == each.version,
        PolicyNotice.state == WindowState.OPEN,
        PolicyNotice.starts_at < now - WINDOW,
    )


def _look_for_use(desk: Desk, now: datetime, each: Published) -> None:
    """Find who has used the service since their window began: a message in the chat, or activity in the shop."""
    with desk.transaction() as session:
        _note_chats(session, now, each)
    due = or_(PolicyNotice.looked_at.is_(None), PolicyNotice.looked_at <= now - _LOOK_AGAIN)
    query = select(PolicyNotice).where(_over(each, now), due).order_by(PolicyNotice.id).limit(_AT_ONCE)
    while True:
        with desk.reading() as session:
            notices = session.scalars(query).all()
        if not notices:
            return
        people = {one.subject: one for one in customers.among(desk.shop, [notice.subject for notice in notices])}
        with desk.transaction() as session:
            seen = [_seen(session, desk, now, notice, people.get(notice.subject)) for notice in notices]
            session.execute(update(PolicyNotice), seen)


def _note_chats(session: Session, now: datetime, each: Published) -> None:
    """Somebody signed in to the shop who wrote to the desk has used the service."""
    # What the staff says, and the desk by itself, is nobody's use.
    written = (Message.author == Author.USER, Message.created_at >= PolicyNotice.starts_at)
    said = (
        select(func.min(Message.created_at))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.subject == PolicyNotice.subject, *written)
        .correlate(PolicyNotice)
        .scalar_subquery()
    )
    unused = (_over(each, now), PolicyNotice.used_at.is_(None), said.is_not(None))
    session.connection().execute(update(PolicyNotice).where(*unused).values(used_at=said))


def _seen(
    session: Session, desk: Desk, now: datetime, notice: PolicyNotice, customer: Customer | None
) -> dict[str, Any]:
    """What the shop says about one customer whose window is over."""
    used, active = notice.used_at, customer.active_at if customer else None
    if used is None and active is not None and notice.starts_at is not None and active >= notice.starts_at:
        used = active
    missing = _guardian_missing(session, desk, customer)
    return {"id": notice.id, "looked_at": now, "used_at": used, "guardian_missing": missing}


def _guardian_missing(session: Session, desk: Desk, one: Customer | None) -> bool:
    """Whether somebody is a minor by the birth date on file for whom no guardian's consent stands."""
    column = desk.datamap.subject.birth_date
    if one is None or one.born is None or column is None:
        return False
    row = {column: one.born}
    if not guardians.minor_by_file(desk, one.subject, row):
        return False
    return guardians.standing(session, desk, one.subject, row) in (Standing.MISSING, Standing.DISPUTED)


def _deem_some(desk: Desk, now: datetime, each: Published) -> int:
    """Close windows and write the ledger in one transaction; a no that came first has closed its window already."""
    restricted = exists().where(Restriction.subject == PolicyNotice.subject, Restriction.lifted_at.is_(None))
    ready = (
        select(PolicyNotice.id)
        .where(
            _over(each, now),
            PolicyNotice.used_at <= now - AFTER_FIRST_USE,
            PolicyNotice.guardian_missing.is_(False),
            ~restricted,
        )
        .limit(_DEEMED_AT_ONCE)
    )
    with desk.transaction() as session:
        closed: CursorResult[Any] = session.connection().execute(
            update(PolicyNotice)
            .where(PolicyNotice.id.in_(ready), PolicyNotice.state == WindowState.OPEN)
            .values(state=WindowState.DEEMED, decided_at=now)
        )
        if not closed.rowcount:
            return 0
        _enter(session, now, each)
        audit.record(session, now, AuditEvent.POLICY_DEEMED_ACCEPTED, reference=each.version, actor="worker")
        return closed.rowcount


def _enter(session: Session, now: datetime, each: Published) -> None:
    """A line in the ledger for each window that was closed and has none."""
    entered = exists().where(
        PolicyEntry.subject == PolicyNotice.subject,
        PolicyEntry.version == PolicyNotice.version,
        PolicyEntry.act == PolicyAct.DEEMED,
        PolicyEntry.at >= PolicyNotice.decided_at,
    )
    rows = select(
        PolicyNotice.subject,
        PolicyNotice.version,
        literal(PolicyAct.DEEMED.value),
        literal(False),
        literal("silence"),
        PolicyNotice.delivered_at,
        PolicyNotice.starts_at,
        PolicyNotice.used_at,
        PolicyNotice.decided_at,
    ).where(
        PolicyNotice.version == each.version,
        PolicyNotice.state == WindowState.DEEMED,
        PolicyNotice.decided_at == now,
        ~entered,
    )
    columns = ["subject", "version", "act", "reductions", "channel", "delivered_at", "starts_at", "used_at", "at"]
    session.connection().execute(insert(PolicyEntry).from_select(columns, rows))
