"""What the policy does not answer."""

from nicegui import ui

from bot.desk import pieces
from bot.desk.registry import page
from bot.desk.visit import Visit
from bot.privacy.unanswered import topics


@page("/topics", title="Unanswered topics", shortcut="t", order=80)
async def unanswered(visit: Visit) -> None:
    """Topics by how often somebody asked in vain; never who, never the words."""
    found = await visit.read(lambda session: topics(session, visit.now()))
    ui.label(
        "People asked about these and the policy says nothing. Counted by topic and day; nobody's words are kept."
    ).classes("lead")
    pieces.table(
        ("Topic", "Last 30 days", "Last year", "Newest"),
        [
            pieces.Row(
                "", (in_words(each.name), str(each.last_30_days), str(each.last_year), f"{each.newest:%-d %b %Y}")
            )
            for each in found
        ],
        empty="Every question so far had its answer in the policy.",
    )


def in_words(topic: str) -> str:
    """`data_location` reads `Data location`."""
    return topic.replace("_", " ").capitalize()
