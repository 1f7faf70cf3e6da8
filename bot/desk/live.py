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

    Args:
        visit: Whose page.
        refresh: Usually the `refresh` of a `@ui.refreshable`.
        sign: Anything cheap that differs after a change, such as the highest id; by default any audited act.
        every: Seconds between looks.
    """
    seen: list[Any] = []

    async def look() -> None:
        now = await visit.read(sign)
        if seen and now != seen[0]:
            made = refresh()
            if made is not None and hasattr(made, "__await__"):
                await made
        seen[:] = [now]

    ui.timer(every, look)
