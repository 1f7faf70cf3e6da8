"""Complaints and the like: what waits for an answer, and one case with all that is needed to give it."""

from datetime import timedelta

from nicegui import ui

from bot.desk import pieces
from bot.desk.live import live
from bot.desk.pages.case_acts import acts
from bot.desk.registry import page
from bot.desk.visit import EVERYBODY, Visit
from bot.privacy.complaint_files import read_file
from bot.privacy.complaint_pages import CasePage, Queue, QueueLine, case_page, queue
from bot.privacy.complaint_status import STATE_WORDS
from bot.store.attachments import AttachmentView
from bot.vocabulary import CaseMessageKind

_QUEUES = {Queue.WAITING: "Waiting", Queue.MINE: "Mine", Queue.OVERDUE: "Overdue", Queue.ALL: "All"}
_SOON = timedelta(days=3)
_LINES = {
    CaseMessageKind.ANSWER: "Answer",
    CaseMessageKind.REFUSAL: "Refusal",
    CaseMessageKind.REPLY: "The person's reply",
    CaseMessageKind.REOPENING: "The person opened it again",
    CaseMessageKind.SECOND_LOOK: "The person asked for a second look",
    CaseMessageKind.NOTE: "Note for colleagues",
}


@page("/cases", title="Complaints", shortcut="c", order=30)
async def cases(visit: Visit, which: Queue = Queue.WAITING) -> None:
    """The queue: urgent ones first, then the nearest date."""
    with ui.element("nav").classes("tabs").props('aria-label="Which complaints"'):
        for each, label in _QUEUES.items():
            link = ui.link(label, f"/cases?which={each}")
            link.props('aria-current="page"' if each is which else "")

    @ui.refreshable
    async def waiting() -> None:
        found = await visit.read(lambda session: queue(session, visit.now(), visit.staff.actor, which))
        pieces.table(
            ("Number", "What", "Where it stands", "With", "About", "Received", "Answer by"),
            [_row(visit, line) for line in found],
            empty="Nothing waits here.",
        )

    await waiting()
    live(visit, waiting.refresh)


@page("/cases/{number}", title="Complaint")
async def case(visit: Visit, number: str) -> None:
    """One case: what was brought, what was written, and what to do with it."""

    @ui.refreshable
    async def told() -> None:
        seen = await visit.read(lambda session: case_page(session, number, visit.staff.actor))
        _brought(visit, seen)
        _files(visit, seen)
        _written(seen)

    seen = await visit.read(lambda session: case_page(session, number, visit.staff.actor))
    with ui.element("div").classes("columns"):
        with ui.element("div"):
            await told()
        with ui.element("div"):
            acts(visit, seen)
    live(visit, told.refresh)


def _row(visit: Visit, line: QueueLine) -> pieces.Row:
    left = line.due_at - visit.now()
    tone = "calm" if not line.waits or left > _SOON else "soon" if left > timedelta(0) else "late"
    what: str | pieces.Mark = pieces.Mark(f"urgent: {line.kind}", "late") if line.urgent else line.kind
    about = line.request_number or ("without an account" if line.anonymous else "")
    cells = (line.number, what, STATE_WORDS[line.state], line.with_whom, about, pieces.when(line.received_at))
    return pieces.Row(f"/cases/{line.number}", (*cells, pieces.Mark(pieces.when(line.due_at), tone)))


def _brought(visit: Visit, seen: CasePage) -> None:
    with pieces.part(f"{seen.number}: {seen.kind}"):
        tone = "late" if seen.urgent or (seen.waits and seen.due_at < visit.now()) else "calm"
        pieces.facts(
            [
                ("Stands", pieces.Mark(STATE_WORDS[seen.state], "calm" if seen.waits else "good")),
                ("Answer by", pieces.Mark(pieces.when(seen.due_at), tone)),
                ("Received", pieces.when(seen.received_at)),
                ("With", seen.with_whom or "nobody yet"),
                ("From", f"customer {seen.subject}" if seen.subject else "somebody without an account"),
                ("Shown back", "confirmed by the person" if seen.confirmed else "not confirmed yet"),
                ("What happened", seen.statement or "not told"),
                ("Which order or when", seen.about or "–"),
                ("What is wanted", seen.wish or "–"),
            ]
        )
        if seen.request_number:
            ui.link(f"About the request {seen.request_number}", f"/requests/{seen.request_number}")
        if seen.subject:
            ui.link("Everything about this customer", f"/customers/{seen.subject}")


def _files(visit: Visit, seen: CasePage) -> None:
    if not seen.files:
        return
    with pieces.part("Files"):
        for file in seen.files:
            pieces.button(f"Save {file.name} ({file.size // 1024 + 1} kB)", _saving(visit, file))


def _saving(visit: Visit, file: AttachmentView) -> object:
    async def save() -> None:
        content = await visit.act(
            lambda session, staff: read_file(session, visit.desk, file.id, staff.actor), EVERYBODY
        )
        ui.download.content(content, file.name, "application/octet-stream")

    return save


def _written(seen: CasePage) -> None:
    with pieces.part("Written about it"):
        if not seen.lines:
            ui.label("Nothing yet.").classes("fine")
        for line in seen.lines:
            who = f" by {line.by}" if line.by else ""
            ui.label(f"{_LINES[line.kind]}{who}, {pieces.when(line.at)}").classes("fine")
            for words in filter(None, (line.text, line.basis, line.complain_to)):
                ui.label(words).classes("words")
