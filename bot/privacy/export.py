"""Gives a person the copy of their data: made by the worker, sealed on disk, fetched once in the chat.

Law: GDPR Article 15(1), (3) and (4), 20(1). Policy: clauses `access-and-correction` (what is opened), `no-access` and
`delete-or-anonymise` (what is only named), `security` (encrypted while it waits).
"""

import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from bot.clocks import in_words_with_time
from bot.errors import NotFound
from bot.privacy.access import NamedOnly, summarise
from bot.privacy.export_fetching import ADDRESS, ELSEWHERE, HERE, end
from bot.privacy.guardian_consent_decision import asked_by
from bot.privacy.policy_standing import binding
from bot.privacy.room import NotYet, Room, Step, Work
from bot.store import attachments, audit, outbox
from bot.store.announcements import announce
from bot.store.conversations import hashed, newest_of
from bot.store.desk import Desk
from bot.store.desk_tables import Export
from bot.store.package import shelf
from bot.store.package.contents import Contents, Named
from bot.store.package.desk_data import CATEGORIES, desk_sources
from bot.store.package.sealed import SealedWriter
from bot.store.package.shop_data import ShopData
from bot.store.package.spool import Spool
from bot.store.package.writing import Written, write_package
from bot.vocabulary import AuditEvent

_CLAUSES = ("access-and-correction", "no-access", "delete-or-anonymise")
_SECONDS_BETWEEN_BEATS = 3.0
_PROGRESS_AFTER = (5.0, 30.0, 120.0)


def steps(work: Work) -> Sequence[Step]:
    """Write the package, then tell the person; nothing of it for a guardian.

    A copy is for whoever typed a code from the person's own mail. What a guardian asked for was offered to the young
    person when it was agreed to, and is made when they ask for it themselves.
    """
    return [] if asked_by(work) else [Step("package", _package), Step("offer", _offer)]


ROOM = Room(steps, waits_for_contact_hold=True, mails_when_done=False)
"""The link is told with its card by the last step, and by a mail of its own."""


def _package(work: Work) -> Sequence[str]:
    """Write the package anew; whatever an earlier try left behind goes first."""
    work.heartbeat()
    desk, subject = work.desk, work.subject
    if subject is None or desk.shop.customer(subject) is None:
        return ["The copy was not made: the shop has no such customer any more."]
    with desk.transaction() as session:
        _make_room(session, desk, subject, work.number)
        export = Export(
            id=secrets.token_hex(16),
            request_number=work.number,
            subject=subject,
            file_key=Fernet.generate_key().decode(),
            created_at=desk.clock.now(),
        )
        session.add(export)
    _write(work, export, _contents(desk, work.number, subject))
    return []


def _make_room(session: Session, desk: Desk, subject: str, number: str) -> None:
    """What an earlier try left behind goes; an older copy can no longer be fetched, and its link says so."""
    for old in session.scalars(select(Export).where(Export.subject == subject)):
        shelf.remove(desk.settings, old.id)
        if old.request_number == number:
            session.delete(old)
        else:
            end(old, desk.clock.now())
    session.flush()


def _write(work: Work, export: Export, contents: Contents) -> None:
    desk = work.desk
    draft = shelf.draft(desk.settings, export.id)
    try:
        with (
            SealedWriter(draft, export.file_key) as sink,
            Spool(shelf.folder(desk.settings), export.id) as spool,
        ):
            write_package(sink, spool, contents, _Progress(work))
            sink.finish()
            size = sink.size
        work.heartbeat()
        draft.rename(shelf.finished(desk.settings, export.id))
    finally:
        draft.unlink(missing_ok=True)
    with desk.transaction() as session:
        mine = update(Export).where(Export.id == export.id, Export.expires_at.is_(None)).values(size=size)
        kept: CursorResult[Any] = session.connection().execute(mine)
    if not kept.rowcount:
        # The person's data was erased meanwhile, another worker began anew, or a newer copy took its place: this file
        # belongs to nobody.
        shelf.remove(desk.settings, export.id)
        raise NotFound


def _contents(desk: Desk, number: str, subject: str) -> Contents:
    now = desk.clock.now()
    with desk.reading() as session:
        policy = binding(session, desk, now, subject)
    summary = summarise(desk.shop, desk.datamap, subject)
    sources = (*ShopData(desk.shop, subject).sources(), *desk_sources(desk, subject))
    shown = {source.category for source in sources}
    return Contents(
        number=number,
        subject=subject,
        made_at=now,
        policy_version=policy.version.version,
        categories=(*(each for each in desk.datamap.categories.values() if each.key in shown), *CATEGORIES),
        sources=sources,
        withheld=_named(desk, summary.withheld),
        outside=_named(desk, summary.outside),
        clauses={name: found[1].quote for name in _CLAUSES if (found := policy.clause(name))},
        files=lambda: attachments.files_of(desk, subject),
    )


def _named(desk: Desk, kinds: Sequence[NamedOnly]) -> tuple[Named, ...]:
    return tuple(Named(desk.datamap.categories[each.key], each.count) for each in kinds)


class _Progress:
    """Keeps the lease while the package is written, and says now and then in the chat how far it is."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._begun = self._beaten = time.monotonic()
        self._told = 0

    def __call__(self, written: Written) -> None:
        now = time.monotonic()
        if now - self._beaten < _SECONDS_BETWEEN_BEATS:
            return
        self._beaten = now
        self._work.heartbeat()
        if self._told < len(_PROGRESS_AFTER) and now - self._begun > _PROGRESS_AFTER[self._told]:
            self._told += 1
            self._say(written)

    def _say(self, written: Written) -> None:
        desk = self._work.desk
        with desk.transaction() as session:
            announce(
                session, desk.clock.now(), self._work.conversation_id, "utter_export_progress",
                number=self._work.number, done=str(written.tables), tables=str(written.of), rows=f"{written.rows:,}",
            )  # fmt: skip


def _offer(work: Work) -> Sequence[str]:
    """Make the link and tell of it, in one transaction: a link that nobody was told of cannot exist."""
    desk = work.desk
    if work.subject is None or desk.shop.customer(work.subject) is None:
        return []
    if not _is_ready(desk, work.number) and (rest := _package(work)):
        return rest
    now = desk.clock.now()
    until = now + timedelta(hours=desk.settings.export_hours)
    address = desk.email_of(work.subject)
    with desk.transaction() as session:
        export = session.scalar(select(Export).where(Export.request_number == work.number).with_for_update())
        if export is None:
            raise NotFound
        if export.token_hash is not None:
            return []
        if not export.file_key:
            raise NotYet("A newer copy took its place; it is made again.")
        told = in_words_with_time(until)
        card = _link(export, until)
        announce(session, now, work.conversation_id, "utter_export_ready", card, number=work.number, until=told)
        newest = newest_of(session, work.subject)
        if newest != work.conversation_id:
            announce(session, now, newest, ELSEWHERE, buttons=HERE, number=work.number, until=told)
        if address:
            dedupe = f"export-ready:{export.id}:{work.number}"
            outbox.post(session, now, address, "export_ready", dedupe, number=work.number, until=told)
        audit.record(
            session, now, AuditEvent.EXPORT_READY, work.conversation_id, work.number, subject=work.subject,
            actor="worker",
        )  # fmt: skip
    return []


def _link(export: Export, until: datetime) -> dict[str, Any]:
    token = secrets.token_urlsafe(32)
    export.token_hash, export.expires_at = hashed(token), until
    return {
        "kind": "download",
        "title": "A copy of your data",
        "url": f"{ADDRESS}{token}",
        "expires_at": until.isoformat(),
        "size": export.size,
    }


def _is_ready(desk: Desk, number: str) -> bool:
    """Whether the package is whole, or was offered before; otherwise it was lost and is made again."""
    with desk.reading() as session:
        export = session.scalar(select(Export).where(Export.request_number == number))
    if export is None or export.size is None:
        return False
    return export.token_hash is not None or shelf.finished(desk.settings, export.id).exists()
