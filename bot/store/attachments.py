"""Files people send: judged by their content, written anew, kept encrypted, handed out to staff for saving only.

What is stored is never what came in: a picture is drawn again from its pixels, a PDF is put together again from its
pages, so that no place, no author and no hidden part comes along. Policy clause `security`.
"""

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from bot.errors import NotFound, UnusableFile
from bot.store import audit, file_checks
from bot.store.desk import Desk
from bot.store.desk_tables import Attachment, Case
from bot.store.file_checks import MOST_BYTES, MOST_PIXELS, MediaType
from bot.store.own_records import cases_of
from bot.vocabulary import AuditEvent

MOST_FILES = 10
OF_GUARDIANS = ("guardian_consent",)
"""Papers of a parent or guardian show the guardian as much as the child: they are not part of the child's copy."""
ENOUGH = "There are ten files already. Please put what is missing into words, or ask for a person."
_REWRITER = Path(__file__).with_name("file_rewriting.py")
_DECODER = {MediaType.PDF: "PDF", MediaType.JPEG: "JPEG", MediaType.PNG: "PNG"}
_SENTENCES = {
    "pixels": file_checks.TOO_MANY_PIXELS,
    "locked": file_checks.LOCKED,
    "active": file_checks.ACTIVE,
    "long": file_checks.TOO_LONG,
}
_SECONDS = 30
_LONGEST_NAME = 80


@dataclass(frozen=True)
class AttachmentView:
    """A stored file without its content.

    Attributes:
        name: For showing only; never a path.
        size: Bytes of the stored file.
    """

    id: str
    name: str
    media_type: str
    size: int
    created_at: datetime


@dataclass(frozen=True)
class CleanFile:
    """A file that was written anew and may be kept."""

    name: str
    media_type: MediaType
    content: bytes


def clean(name: str, content: bytes) -> CleanFile:
    """Make of what came in something that can be kept; takes up to some seconds and touches no database.

    Raises:
        UnusableFile: It cannot be used; the sentence says why and what to send instead.
    """
    found = file_checks.check(content)
    made = _written_anew(found, content)
    if file_checks.check(made) is not found:
        raise UnusableFile(file_checks.BROKEN)
    return CleanFile(shown_name(name, found), found, made)


def keep(
    session: Session,
    desk: Desk,
    now: datetime,
    owner_kind: str,
    owner_number: str,
    subject: str | None,
    name: str,
    content: bytes | CleanFile,
) -> AttachmentView:
    """Keep a file with what it belongs to.

    Args:
        session: The transaction of its cause.
        desk: The desk.
        now: When it came.
        owner_kind: What it belongs to, such as `case`.
        owner_number: Which of these.
        subject: The customer it tells of, with whose data it is given out and erased; None for nobody known.
        name: As the sender called it.
        content: The file as it came, or already cleaned: cleaning takes a while, and a transaction is better not kept
            open meanwhile.

    Raises:
        UnusableFile: It cannot be used, or there are enough of them.
    """
    file = content if isinstance(content, CleanFile) else clean(name, content)
    of_owner = select(func.count()).where(_belongs(owner_kind, owner_number))
    if (session.scalar(of_owner) or 0) >= MOST_FILES:
        raise UnusableFile(ENOUGH)
    kept = Attachment(
        id=uuid4().hex,
        owner_kind=owner_kind,
        owner_number=owner_number,
        subject=subject,
        name=file.name,
        media_type=file.media_type,
        size=len(file.content),
        content=file.content,
        created_at=now,
    )
    session.add(kept)
    session.flush()
    audit.record(session, now, AuditEvent.ATTACHMENT_KEPT, reference=owner_number, subject=subject)
    return _view(kept)


def of_owner(session: Session, owner_kind: str, owner_number: str) -> list[AttachmentView]:
    """The files of one thing, oldest first."""
    query = select(Attachment).where(_belongs(owner_kind, owner_number))
    return [_view(each) for each in session.scalars(query.order_by(Attachment.created_at, Attachment.id))]


def read(session: Session, desk: Desk, attachment_id: str, actor: str | None = None) -> bytes:
    """The file, for a member of staff to save; it is never shown inside a page. That it was read is recorded.

    Args:
        session: The transaction in which the reading is recorded.
        desk: The desk.
        attachment_id: Which file.
        actor: Who reads it.

    Raises:
        NotFound: It is not there, or not any more.
    """
    kept = session.get(Attachment, attachment_id)
    if kept is None:
        raise NotFound
    now = desk.clock.now()
    audit.record(session, now, AuditEvent.ATTACHMENT_READ, reference=kept.owner_number, actor=actor)
    return kept.content


def about(subject: str) -> ColumnElement[bool]:
    """Files that tell of a customer: theirs, and those of their cases."""
    cases = select(Case.number).where(cases_of(subject))
    return or_(Attachment.subject == subject, Attachment.owner_number.in_(cases))


def files_of(desk: Desk, subject: str) -> Iterator[tuple[str, bytes]]:
    """The files a customer sent, one after the other, for the copy of their data: a name no other has, and content."""
    own = select(Attachment.id).where(about(subject), Attachment.owner_kind.not_in(OF_GUARDIANS))
    with desk.reading() as session:
        ids = list(session.scalars(own.order_by(Attachment.created_at)))
    for attachment_id in ids:
        with desk.reading() as session:
            kept = session.get(Attachment, attachment_id)
            if kept is not None:
                yield f"{kept.id}-{kept.name}", kept.content


def delete_about(session: Session, subject: str) -> None:
    """Every file that tells of a customer goes, with the keys they are under."""
    ids = list(session.scalars(select(Attachment.id).where(about(subject))))
    session.execute(delete(Attachment).where(Attachment.id.in_(ids)))


def shown_name(name: str, media_type: MediaType) -> str:
    """A name that says nothing about a folder and cannot pretend to be another type."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(sign for sign in last if unicodedata.category(sign)[0] not in "CZ" or sign == " ")
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", plain).strip(" .")[:_LONGEST_NAME].strip(" .")
    return f"{stem or 'file'}.{file_checks.ENDING[media_type]}"


def _belongs(owner_kind: str, owner_number: str) -> ColumnElement[bool]:
    return (Attachment.owner_kind == owner_kind) & (Attachment.owner_number == owner_number)


def _view(kept: Attachment) -> AttachmentView:
    return AttachmentView(kept.id, kept.name, kept.media_type, kept.size, kept.created_at)


def _written_anew(found: MediaType, content: bytes) -> bytes:
    command = [sys.executable, "-I", str(_REWRITER), _DECODER[found], str(MOST_PIXELS)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UnusableFile(file_checks.BROKEN) from None
    word, _, made = done.stdout.partition(b"\n")
    if done.returncode or word != b"ok":
        raise UnusableFile(_SENTENCES.get(word.decode("ascii", "replace"), file_checks.BROKEN))
    if len(made) > MOST_BYTES:
        raise UnusableFile(file_checks.TOO_LARGE)
    return made
