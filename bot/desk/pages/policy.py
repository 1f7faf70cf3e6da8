"""Policy notices: which versions were published, whom they reached, and where people stand."""

from nicegui import ui

from bot.desk import pieces
from bot.desk.live import live
from bot.desk.registry import page
from bot.desk.visit import EVERYBODY, Visit
from bot.privacy import policy_overview


@page("/policy", title="Policy notices", roles=EVERYBODY, shortcut="p", order=60)
async def versions(visit: Visit) -> None:
    """Every version that replaced another, newest first, in numbers."""

    @ui.refreshable
    async def shown() -> None:
        found = await visit.read(lambda session: policy_overview.overview(session, visit.desk))
        columns = ("Version", "In effect from", *(label.capitalize() for label, _ in found[0].lines)) if found else ()
        rows = [
            pieces.Row(
                f"/policy/{each.version}",
                (each.version, f"{each.effective:%-d %b %Y}", *(str(count) for _, count in each.lines)),
            )
            for each in found
        ]
        pieces.table(columns, rows, empty="No new version of the policy has been published.")

    await shown()
    live(visit, shown.refresh, sign=policy_overview.sign, every=5)


@page("/policy/{version}", title="Policy version")
async def version(visit: Visit, version: str) -> None:
    """One version: what changes, whom no notice has reached, and who said no."""

    @ui.refreshable
    async def shown() -> None:
        found = await visit.read(lambda session: policy_overview.details(session, visit.desk, version))
        pieces.facts(
            [("In effect from", f"{found.overview.effective:%-d %b %Y}"), ("Published by", found.published_by)]
        )
        pieces.facts([(label.capitalize(), str(count)) for label, count in found.overview.lines])
        with pieces.part("What changes"):
            pieces.lines(found.changes)
        with pieces.part("Whom no notice has reached"):
            late = [pieces.Row(f"/customers/{who}", (who, pieces.Mark(why, "late"))) for who, why in found.undelivered]
            pieces.table(("Customer", "Why"), late, empty="Every notice was delivered.")
        with pieces.part("Objections"):
            said_no = [pieces.Row(f"/cases/{number}", (number, pieces.when(at))) for number, at in found.objections]
            pieces.table(("Case", "Said on"), said_no, empty="Nobody has objected.")

    await shown()
    live(visit, shown.refresh, sign=policy_overview.sign, every=5)
