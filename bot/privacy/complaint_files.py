"""Pictures and documents that people put to their case."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import Conflict
from bot.privacy.complaint import OWNER_KIND
from bot.privacy.complaint_status import own_row
from bot.store import attachments
from bot.store.attachments import AttachmentView, CleanFile
from bot.store.desk import Desk
from bot.store.desk_tables import Case, Conversation
from bot.vocabulary import CaseState


def may_add_file(session: Session, chat: Conversation, number: str) -> Case:
    """The case a file would be put to; asked before the file is looked at, which takes a while.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It is closed.
    """
    case = own_row(session, chat, number)
    if case.state == CaseState.CLOSED:
        raise Conflict("This case is closed. Please open it again in the chat first, then send the file.")
    return case


def add_file(
    session: Session, desk: Desk, now: datetime, chat: Conversation, number: str, file: CleanFile
) -> AttachmentView:
    """Keep a cleaned file with a case; the staff can save it, and nothing shows it inside a page.

    Raises:
        NotFound: The case is not of whoever speaks.
        Conflict: It is closed.
        UnusableFile: There are enough files already.
    """
    case = may_add_file(session, chat, number)
    return attachments.keep(session, desk, now, OWNER_KIND, number, case.subject, file.name, file)


def files_of(session: Session, number: str) -> list[AttachmentView]:
    """The files of a case, oldest first."""
    return attachments.of_owner(session, OWNER_KIND, number)


def read_file(session: Session, desk: Desk, file_id: str, actor: str) -> bytes:
    """A file for a member of staff to save; that it was read is recorded.

    Raises:
        NotFound: It is not there any more.
    """
    return attachments.read(session, desk, file_id, actor)
