"""The queue of requests."""

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import pieces, words
from bot.desk.live import live
from bot.desk.registry import page
from bot.desk.visit import Visit
from bot.errors import NotFound
from bot.privacy.request_queue import MOST, Queued, Show, queue, sizes

_TABS = {
    Show.WAITING: "Waiting for a person",
    Show.MINE: "Mine",
    Show.OVERDUE: "Overdue",
    Show.ALL: "All",
}


@page("/requests", title="Requests", shortcut="r", order=20)
async def requests(visit: Visit, show: str = Show.WAITING) -> None:
    """Part of the queue, nearest due date first; all of it, newest first."""
    if show not in _TABS:
        raise NotFound("There is no such list.")
    chosen = Show(show)

    @ui.refreshable
    async def lines() -> None:
        def look(session: Session) -> tuple[dict[Show, int], list[Queued]]:
            now, me = visit.now(), visit.staff.id
            return sizes(session, now, me), queue(session, now, chosen, me)

        counted, found = await visit.read(look)
        pieces.tabs(
            [(f"/requests?show={each}", f"{title} ({counted[each]})", each is chosen) for each, title in _TABS.items()]
        )
        pieces.table(
            ("Number", "Right", "State", "Received", "Due", "Who"),
            [_row(visit, each) for each in found],
            empty="Nothing here. All is looked after.",
        )
        if len(found) == MOST:
            ui.label(f"The first {MOST} are shown.").classes("fine")

    await lines()
    live(visit, lines.refresh)


def _row(visit: Visit, each: Queued) -> pieces.Row:
    state = words.STATES[each.state]
    if each.hold_reason:
        state = pieces.Mark(f"{state.text}: {words.HOLDS[each.hold_reason]}", state.tone)  # type: ignore[index]
    due = words.due(visit.now(), each.due_at, each.state, visit.desk.settings, each.closed_at)
    received = words.day(each.received_at, visit.desk.settings)
    return pieces.Row(
        f"/requests/{each.number}",
        (each.number, words.KINDS[each.kind], state, received, due, each.assigned or "–"),
    )
