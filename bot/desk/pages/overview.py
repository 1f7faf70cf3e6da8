"""The first page: what waits for a person."""

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import pieces
from bot.desk.live import live
from bot.desk.registry import page
from bot.desk.visit import Visit
from bot.privacy.worklist import WorklistEntry, worklist


@page("/", title="Overview", shortcut="o", order=10)
async def overview(visit: Visit) -> None:
    """What waits, nearest date first."""

    @ui.refreshable
    async def waiting() -> None:
        def look(session: Session) -> list[WorklistEntry]:
            return worklist(session, show_all=False)

        found = await visit.read(look)
        pieces.facts([("Waiting", str(len(found)))])

    await waiting()
    live(visit, waiting.refresh)
