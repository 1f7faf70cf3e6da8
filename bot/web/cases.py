"""What a person sees of their cases outside of the chat, and how a picture or a document gets to one."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Path, Request, UploadFile
from pydantic import BaseModel

from bot.privacy.complaint_files import add_file, may_add_file
from bot.privacy.complaint_status import CaseView, own_cases
from bot.store import attachments, conversations
from bot.store.file_checks import MOST_BYTES
from bot.web.api import Speaker
from bot.web.problems import EVERY_CALL, problems

router = APIRouter(prefix="/api/v1", responses=EVERY_CALL)
Number = Annotated[str, Path(pattern=r"^CS-\d{4}-\d{6,12}$")]


class CaseOut(BaseModel):
    """A complaint, question, suggestion or report as whoever brought it sees it; its words are told in the chat."""

    number: str
    kind: str
    state: str
    created_at: datetime
    due_at: datetime


class Cases(BaseModel):
    """One's own cases, newest first."""

    cases: list[CaseOut]


class FileKept(BaseModel):
    """A file that is with a case now."""

    id: str
    name: str
    size: int


@router.get("/cases")
def list_cases(request: Request, who: Speaker) -> Cases:
    """The cases of the customer or, without one, of this conversation."""
    with request.app.state.desk.reading() as session:
        found = own_cases(session, conversations.conversation(session, who[0]))
        return Cases(cases=[_out(case) for case in found])


@router.post("/cases/{number}/attachments", status_code=201, responses=problems(400, 404, 409))
def send_file(request: Request, who: Speaker, number: Number, file: Annotated[UploadFile, File()]) -> FileKept:
    """Put a PDF, JPG or PNG of up to 5 MB to one's own case; it is judged by its content and written anew."""
    request.app.state.limits.upload(who[0])
    desk = request.app.state.desk
    with desk.reading() as session:
        may_add_file(session, conversations.conversation(session, who[0]), number)
    clean = attachments.clean(file.filename or "", file.file.read(MOST_BYTES + 1))
    with desk.transaction() as session:
        chat = conversations.conversation(session, who[0])
        kept = add_file(session, desk, desk.clock.now(), chat, number, clean)
    return FileKept(id=kept.id, name=kept.name, size=kept.size)


def _out(case: CaseView) -> CaseOut:
    return CaseOut(number=case.number, kind=case.kind, state=case.state, created_at=case.created_at, due_at=case.due_at)
