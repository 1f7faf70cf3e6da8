"""One request: where it stands, what is left, and what a person decides about it."""

from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import pieces, request_acts, words
from bot.desk.live import live
from bot.desk.registry import page
from bot.desk.visit import WORKING, Visit
from bot.privacy.denial import BASES, DenialReason
from bot.privacy.request_file import RequestFile, request_file, sign_of
from bot.privacy.staff_accounts import colleagues

_EXTENSION = {"complex": "it is complex and takes more work", "many_requests": "the person sent several requests"}


@page("/requests/{number}", title="Request")
async def request(visit: Visit, number: str) -> None:
    """Facts on the left, decisions on the right."""

    def look(session: Session) -> tuple[RequestFile, list[tuple[int, str]]]:
        people = [(each.staff_id, each.name) for each in colleagues(session)]
        return request_file(session, visit.desk, visit.now(), number), people

    @ui.refreshable
    async def whole() -> None:
        file, people = await visit.read(look)
        with ui.element("div").classes("columns"):
            with ui.element("div"):
                show_facts(visit, file)
            with ui.element("div"):
                if visit.may(WORKING):
                    request_acts.show(visit, file, people)
                show_progress(file)
        if file.plan:
            show_plan(file.plan)

    await whole()
    # Not at every change in the desk: a half-filled form stays until this request itself changes.
    live(visit, whole.refresh, sign=lambda session: sign_of(session, visit.now(), number), every=1.0)


def show_facts(visit: Visit, file: RequestFile) -> None:
    """Where it stands and until when."""
    settings = visit.desk.settings
    pairs: list[tuple[str, str | pieces.Mark]] = [
        ("Right", words.KINDS[file.kind]),
        ("State", words.STATES[file.state]),
        ("Due", words.due(visit.now(), file.due_at, file.state, settings, file.closed_at, file.still)),
        ("Rules", file.regime),
        ("Received", pieces.when(file.received_at)),
        ("Person verified", pieces.when(file.verified_at)),
    ]
    if file.hold_reason:
        pairs.append(("Waits because of", words.HOLDS[file.hold_reason]))  # type: ignore[index]
    if file.not_before:
        pairs.append(("Goes on", pieces.when(file.not_before)))
    if file.first_due_at:
        why = _EXTENSION.get(file.extension_reason or "", "")
        pairs.append(("First due", f"{words.day(file.first_due_at, settings)}; extended because {why}"))
    if file.closed_at:
        pairs.append(("Done in part" if file.may_take_up else "Closed", pieces.when(file.closed_at)))
    pairs.append(("Looked after by", file.assigned[1] if file.assigned else "nobody yet"))
    with pieces.part(file.number):
        pieces.facts(pairs)
        if file.subject:
            ui.link("The customer's card", f"/customers/{file.subject}").classes("onward")
        else:
            ui.label("The person was erased; what is left tells nobody who it was.").classes("fine")
        for at, happened in file.alarms:
            ui.label(f"Alarm of {pieces.when(at)}: {happened}").classes("problem")
        for hold in file.holds:
            until = f"until {pieces.when(hold.until)}" if hold.until else "until it is released"
            ui.label(f"Held: {words.HOLDS[hold.kind]}, {hold.reference or 'no reference'}, {until}").classes("note")


def show_progress(file: RequestFile) -> None:
    """Approvals, the ledger, what is left, and a denial."""
    if file.approvals or file.missing_approvals:
        with pieces.part("Approvals"):
            pieces.lines(f"{each.name}, {pieces.when(each.at)}" for each in file.approvals)
            if file.missing_approvals:
                ui.label(f"{file.missing_approvals} more needed, each of another person.").classes("fine")
    if file.denial:
        with pieces.part("Denied"):
            pieces.facts(
                [
                    ("Reason", BASES[DenialReason(file.denial["reason"])].told(to_guardian=file.of_guardian)),
                    ("Rests on", file.denial["law"]),
                    ("Complaints to", file.denial["complain_to"]),
                ]
            )
    if file.rest:
        with pieces.part("What is left"):
            pieces.lines(file.rest)
    with pieces.part("Steps done"):
        if file.steps:
            pieces.facts([(name.replace("_", " "), pieces.when(at)) for name, at in file.steps])
        else:
            ui.label("Nothing was begun.").classes("fine")


def show_plan(plan: dict[str, Any]) -> None:
    """What a deletion does, in the words the person reads."""
    with pieces.part(plan["title"]):
        for warning in plan["warnings"]:
            ui.label(warning).classes("note")
        pieces.table(
            ("Goes", "Entries", "What"),
            [pieces.Row("", (each["title"], str(each["count"]), each["note"])) for each in plan["goes"]],
            empty="Nothing goes.",
        )
        pieces.table(
            ("Stays", "Entries", "Why", "Until"),
            [
                pieces.Row("", (each["title"], str(each["count"]), each["why"], each["until"] or "–"))
                for each in plan["stays"]
            ],
            empty="Nothing stays.",
        )
