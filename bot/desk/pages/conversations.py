"""The queue of conversations that wait for a person, are with one, or were."""

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import conversation_words, pieces
from bot.desk.live import live, newest_entry
from bot.desk.registry import page
from bot.desk.visit import WORKING, Visit
from bot.errors import NotFound
from bot.privacy.handoff_lists import MOST, Listed, Show, listed, sizes
from bot.privacy.handoff_ownership import keep

_TABS = {Show.WAITING: "Waiting", Show.MINE: "Mine", Show.OVERDUE: "Overdue", Show.ALL: "All"}
_SECONDS_BETWEEN_SIGNS_OF_LIFE = 15


@page("/conversations", title="Conversations", shortcut="h", order=10)
async def conversations(visit: Visit, show: str = Show.WAITING) -> None:
    """A list, urgent ones first."""
    if show not in list(Show):
        raise NotFound("There is no such list.")
    chosen = Show(show)

    @ui.refreshable
    async def lines() -> None:
        def look(session: Session) -> tuple[dict[Show, int], list[Listed]]:
            now, me = visit.now(), visit.staff.actor
            return sizes(session, now, me), listed(session, now, chosen, me)

        counted, found = await visit.read(look)
        pieces.tabs(
            [
                (f"/conversations?show={each}", f"{title} ({counted[each]})", each is chosen)
                for each, title in _TABS.items()
            ]
        )
        pieces.table(
            ("Number", "Why", "State", "Waits since", "Promised", "Who"),
            [_row(visit, each) for each in found],
            empty="Nobody waits here.",
        )
        if len(found) == MOST:
            ui.label(f"The first {MOST} are shown.").classes("fine")

    await lines()
    live(visit, lines.refresh, sign=lambda session: (newest_entry(session), visit.now().minute), every=1.0)
    if visit.may(WORKING):
        keep_mine(visit)


def keep_mine(visit: Visit) -> None:
    """While this page is open, conversations of this member of staff stay theirs."""

    async def sign_of_life() -> None:
        await visit.act(lambda session, staff: keep(session, staff.actor))

    ui.timer(_SECONDS_BETWEEN_SIGNS_OF_LIFE, sign_of_life)


def _row(visit: Visit, each: Listed) -> pieces.Row:
    why = pieces.Mark(conversation_words.REASONS[each.reason], "late" if each.urgent else "calm")
    return pieces.Row(
        f"/conversations/{each.conversation_id}",
        (
            each.number,
            why,
            conversation_words.STATES[each.state],
            pieces.when(each.waiting_since),
            conversation_words.promise(visit.now(), each.promised_at, each.answered, each.state),
            each.staff_name or "–",
        ),
    )
