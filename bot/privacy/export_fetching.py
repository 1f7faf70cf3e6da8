"""A copy that is ready: told of in other chats, fetched once, and over in the end.

Policy: clause `security` (encrypted while it waits).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.clocks import in_words_with_time
from bot.errors import DeskError, NotFound
from bot.privacy import holds
from bot.store import audit
from bot.store.conversations import hashed
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Export, PrivacyRequest
from bot.store.package import shelf
from bot.store.package.sealed import unsealed
from bot.vocabulary import AuditEvent, HoldKind

ADDRESS = "/api/v1/exports/"
ELSEWHERE = "utter_export_elsewhere"
HERE = (("utter_choice_export_here", "/request_export"),)
_LINKS_SAY_SO = timedelta(days=30)
"""How long a link that serves no more is told from one that never was."""


class ExportGone(DeskError):
    """The person's own package was fetched already, its time is over, or a newer one took its place."""

    code = "export_gone"
    status = 410
    detail = (
        "This copy can no longer be fetched: it was fetched before, or its time is over. Nothing of it is kept. "
        "Ask for a copy of your data again, and a new one is made."
    )


class ExportAway(DeskError):
    """The package should be there and is not: it lies on another machine, or its disk was lost."""

    code = "export_away"
    status = 503
    detail = (
        "This copy cannot be read just now, and was not used up. Try again in a few minutes, or ask for a copy of your "
        "data again, and a new one is made."
    )


class ExportHeld(DeskError):
    """Contact details of its person were changed a short while ago: nobody who took the account over gets a copy."""

    code = "export_held"
    status = 409

    def __init__(self, until: datetime) -> None:
        super().__init__(
            "One of your contact details was changed a short time ago, so for your safety no copy is given out before "
            f"{in_words_with_time(until)}. This one was not used up. If its time is over by then, ask for a copy of "
            "your data again, and a new one is made."
        )


@dataclass(frozen=True)
class Fetched:
    """A package on its way to its person: a ZIP file of `size` bytes, in pieces."""

    stream: Iterator[bytes]
    size: int
    filename: str


@dataclass(frozen=True)
class Waiting:
    """A package that can be fetched until a time."""

    number: str
    until: datetime


def waits_elsewhere(session: Session, now: datetime, chat: Conversation) -> Waiting | None:
    """The copy of whoever asks that waits in another chat of theirs, which may be closed for good.

    Its link is not shown again here: signing in is not enough for a copy, the code was typed there.
    """
    waits = (Export.token_hash.is_not(None), Export.used_at.is_(None), Export.expires_at > now)
    query = (
        select(Export)
        .join(PrivacyRequest, PrivacyRequest.number == Export.request_number)
        .where(Export.subject == chat.subject, *waits, PrivacyRequest.conversation_id.is_distinct_from(chat.id))
    )
    export = session.scalar(query.order_by(Export.created_at.desc()).limit(1))
    return None if export is None or export.expires_at is None else Waiting(export.request_number, export.expires_at)


def fetch(session: Session, desk: Desk, now: datetime, chat_subject: str | None, token: str) -> Fetched:
    """Hand a package to its person, once.

    It counts as fetched from the first byte on: its key and its file are gone before anything is sent, so that no
    broken connection leaves it behind. Who did not get all of it asks for a copy again.

    Args:
        session: A transaction that is committed before the stream is read.
        desk: The desk.
        now: The desk's time; nothing is given after the package's time, whether it was removed yet or not.
        chat_subject: Whose session asks.
        token: From the link.

    Raises:
        NotFound: There is no such package, or it is somebody else's.
        ExportGone: It was this person's, and can no longer be fetched.
        ExportHeld: It is this person's, and contact details were changed a short while ago.
        ExportAway: It is this person's, and its file is not on this machine.
    """
    export = session.scalar(select(Export).where(Export.token_hash == hashed(token)))
    if export is None or chat_subject is None or export.subject != chat_subject:
        raise NotFound
    key, path = export.file_key, shelf.finished(desk.settings, export.id)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        session.refresh(export)
        waits = export.used_at is None and export.expires_at is not None and export.expires_at > now
        raise (ExportAway if waits else ExportGone) from None
    if held := holds.held_until(session, now, export.subject, HoldKind.CONTACT_CHANGED):
        file.close()
        raise ExportHeld(held)
    mine = (Export.id == export.id, Export.used_at.is_(None), Export.expires_at > now)
    burnt: CursorResult[Any] = session.connection().execute(
        update(Export).where(*mine).values(used_at=now, file_key="")
    )
    if not burnt.rowcount:
        file.close()
        raise ExportGone
    audit.record(session, now, AuditEvent.EXPORT_FETCHED, reference=export.request_number, subject=export.subject)
    name = f"my-data-{export.request_number}.zip"
    return Fetched(_stream(desk, export.id, file, key), export.size or 0, name)


def _stream(desk: Desk, export_id: str, file: BinaryIO, key: str) -> Iterator[bytes]:
    with file:
        shelf.remove(desk.settings, export_id)
        yield from unsealed(file, key)


def forget_exports(session: Session, desk: Desk, subject: str) -> int:
    """Remove every package of a person, its link, its key and its file; a link that was given out is dead at once.

    Returns:
        How many there were.
    """
    ids = list(session.scalars(select(Export.id).where(Export.subject == subject)))
    session.execute(delete(Export).where(Export.id.in_(ids)))
    for export_id in ids:
        shelf.remove(desk.settings, export_id)
    return len(ids)


def sweep_expired(desk: Desk) -> int:
    """Remove packages whose time is over, and files that belong to no package.

    The row of a package stays for a while without its key, so that its link says that the time is over.

    Returns:
        How many files went.
    """
    now = desk.clock.now()
    unoffered, over = Export.expires_at.is_(None), Export.expires_at <= now
    # A package that was never offered was given up; a person at the shop knows of it.
    given_up = unoffered & (Export.created_at < now - timedelta(hours=desk.settings.export_hours) - timedelta(days=1))
    # Files first: the row of a file that is seen now was there before it.
    files = shelf.owners(desk.settings)
    with desk.transaction() as session:
        session.execute(delete(Export).where(or_(Export.expires_at <= now - _LINKS_SAY_SO, given_up)))
        # Only those whose file is still there: who ended before has no key any more.
        for export in session.scalars(select(Export).where(over, Export.id.in_(set(files.values())))):
            end(export, now)
        kept = set(session.scalars(select(Export.id).where(Export.used_at.is_(None), or_(unoffered, ~over))))
    orphans = [path for path, export_id in files.items() if export_id not in kept]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def end(export: Export, now: datetime) -> None:
    """Nobody can fetch it any more, and its link says so."""
    export.file_key = ""
    export.expires_at = min(export.expires_at or now, now)
