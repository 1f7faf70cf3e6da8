"""Pages that keep themselves up to date: they look for a sign of change, and rebuild only when there is one."""

from collections.abc import Callable
from typing import Any

from nicegui import ui
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.desk.visit import Visit
from bot.store.desk_tables import AuditHead


def newest_entry(session: Session) -> Any:
    """Number of the newest entry in the record: it changes with every act that anybody does anywhere in the desk."""
    return session.scalar(select(AuditHead.last))


def live(
    visit: Visit, refresh: Callable[[], Any], *, sign: Callable[[Session], Any] = newest_entry, every: float = 2.0
) -> None:
    """Call `refresh` when something changed.

    Comes last on a page: NiceGUI sends a page as soon as a timer waits for its browser, whatever is not built yet.

    Args:
        visit: Whose page.
        refresh: Usually the `refresh` of a `@ui.refreshable`.
        sign: Anything cheap that differs after a change, such as the highest id; by default any audited act.
        every: Seconds between looks.
    """
    # Before the first look, so that what changes until then is not missed.
    with visit.desk.reading() as session:
        seen = [sign(session)]

    async def look() -> None:
        now = await visit.read(sign)
        if now != seen[0]:
            seen[:] = [now]
            made = refresh()
            if made is not None and hasattr(made, "__await__"):
                await made

    ui.timer(every, look)
