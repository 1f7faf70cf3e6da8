"""The desk's record of its own doings: entries are added and never changed, and each seals the one before it."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.event import listens_for
from sqlalchemy.orm import Session, SessionTransaction

from bot.store.audit_chain import Content, seal, use_key
from bot.store.desk_tables import AuditEntry, AuditHead, AuditPseudonym
from bot.vocabulary import AuditEvent

__all__ = ["at_the_end", "forget_subject", "newest", "pseudonym", "record", "use_key"]

_WAITING = "audit entries and acts that wait for the end of their transaction"
_NOT_NUMBERED = 0


@dataclass(frozen=True)
class _Waiting:
    what: Content | Callable[[], None]
    root: SessionTransaction | None
    inside: SessionTransaction | None


def record(
    session: Session,
    now: datetime,
    event: AuditEvent,
    conversation_id: str | None = None,
    reference: str | None = None,
    subject: str | None = None,
    actor: str | None = None,
) -> None:
    """Write an entry in the transaction of what it tells of.

    It gets its number and seal when that transaction is committed. All writers of the record wait for each other on
    one row; taken last and held for a moment, that row can be part of no deadlock.

    Args:
        session: The transaction the act happens in.
        now: When.
        event: What happened.
        conversation_id: In which chat, if in one.
        reference: The number of a case or request, behind it with a colon to whom it was given; never a person's value.
        subject: The customer it is about; only a pseudonym is written. None once the person was erased.
        actor: Who did it, where it was not the person themselves: a process or a member of staff.
    """
    session.flush()
    about = None if subject is None else _pseudonym(subject, _key_of(session, subject))
    _wait(session, Content(_NOT_NUMBERED, now, event, conversation_id, reference, about, actor))


def at_the_end(session: Session, act: Callable[[], None]) -> None:
    """Do something last in a transaction, behind its entries, while all other writers of the record wait.

    It finds whatever any of them has committed, and none of them comes in between.

    Args:
        session: The transaction; rolled back, it does nothing.
        act: Takes no row that others may hold; what it records itself is written behind it.
    """
    _wait(session, act)


def newest(session: Session, count: int) -> list[AuditEntry]:
    """The last entries, newest first."""
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(count)))


def pseudonym(session: Session, subject: str) -> str | None:
    """The name under which a person stands in the record, while its key is kept."""
    key = session.scalar(select(AuditPseudonym.key).where(AuditPseudonym.subject == subject))
    return None if key is None else _pseudonym(subject, key)


def forget_subject(session: Session, subject: str) -> bool:
    """Throw the key of a person's pseudonym away: nobody can tell any more which entries were about them.

    The entries and their seals stay as they are. Entries about this person that are written later need `subject=None`,
    or a new key is made.

    Returns:
        Whether there was a key.
    """
    known = session.scalar(select(AuditPseudonym.subject).where(AuditPseudonym.subject == subject)) is not None
    session.execute(delete(AuditPseudonym).where(AuditPseudonym.subject == subject))
    return known


def _pseudonym(subject: str, key: str) -> str:
    return hmac.new(bytes.fromhex(key), subject.encode(), hashlib.sha256).hexdigest()


def _key_of(session: Session, subject: str) -> str:
    query = select(AuditPseudonym.key).where(AuditPseudonym.subject == subject)
    known = session.scalar(query)
    if known is None:
        table = AuditPseudonym.__table__
        # Two who meet a person for the first time at once agree on one key.
        session.execute(_insert_once(session, table).values(subject=subject, key=secrets.token_hex(32)))
        known = session.scalar(query)
    return str(known)


def _insert_once(session: Session, table: Any) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def _wait(session: Session, what: Content | Callable[[], None]) -> None:
    session.connection()  # begins the transaction that it belongs to, where none is begun yet
    waiting = _Waiting(what, session.get_transaction(), session.get_nested_transaction())
    session.info.setdefault(_WAITING, []).append(waiting)


def _write(session: Session, contents: list[Content]) -> None:
    head = _locked_head(session)
    for content in contents:
        numbered = replace(content, number=head.last + 1)
        sealed = seal(numbered, head.seal)
        session.add(
            AuditEntry(
                id=numbered.number,
                at=numbered.at,
                event=numbered.event,
                conversation_id=numbered.conversation_id,
                reference=numbered.reference,
                subject=numbered.subject,
                actor=numbered.actor,
                seal=sealed,
            )
        )
        head.last, head.seal = numbered.number, sealed
    session.flush()


def _locked_head(session: Session) -> AuditHead:
    query = select(AuditHead).where(AuditHead.id == 1).with_for_update().execution_options(populate_existing=True)
    head = session.scalar(query)
    if head is None:
        # The first entry ever, or the first with a seal: those before it count on from their own numbers.
        first = "INSERT INTO audit_head (id, last, seal) SELECT 1, COALESCE(MAX(id), 0), '' FROM audit"
        guard = " WHERE TRUE" if session.get_bind().dialect.name == "sqlite" else ""
        session.execute(text(f"{first}{guard} ON CONFLICT DO NOTHING"))
        head = session.scalars(query).one()
    return head


@listens_for(Session, "before_commit")
def _write_waiting(session: Session) -> None:
    while not session.in_nested_transaction() and session.info.get(_WAITING):
        waiting: list[_Waiting] = session.info.pop(_WAITING)
        mine = [each.what for each in waiting if each.root is session.get_transaction()]
        if mine:
            _write(session, [each for each in mine if isinstance(each, Content)])
        for each in mine:
            if not isinstance(each, Content):
                each()


@listens_for(Session, "after_soft_rollback")
def _drop_rolled_back(session: Session, previous: SessionTransaction) -> None:
    kept = [each for each in session.info.pop(_WAITING, []) if not _is_within(each, previous)]
    if kept:
        session.info[_WAITING] = kept


def _is_within(waiting: _Waiting, ended: SessionTransaction) -> bool:
    if waiting.root is ended:
        return True
    inside = waiting.inside
    while inside is not None:
        if inside is ended:
            return True
        inside = inside.parent
    return False
