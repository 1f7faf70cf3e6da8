"""The first page: what waits for a person, and how the desk does."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import charts, pieces
from bot.desk.live import live
from bot.desk.pages.topics import in_words
from bot.desk.registry import page
from bot.desk.visit import EVERYBODY, Visit
from bot.privacy import request_log
from bot.privacy.request_queue import Show, sizes
from bot.privacy.statistics import Figures, figures
from bot.privacy.unanswered import topics
from bot.store import audit
from bot.vocabulary import AuditEvent

_MOST_TOPICS = 8
_EVERY = 20.0


@page("/", title="Overview", shortcut="o", order=1)
async def overview(visit: Visit) -> None:
    """What waits, then figures of the last 30 days and the last year."""

    def look(session: Session) -> tuple[Mapping[Show, int], Figures, dict[str, int]]:
        asked = topics(session, visit.now())[:_MOST_TOPICS]
        lately = {in_words(topic.name): topic.last_30_days for topic in asked if topic.last_30_days}
        return sizes(session, visit.now(), visit.staff.id), figures(session, visit.now()), lately

    @ui.refreshable
    async def whole() -> None:
        waiting, found, asked = await visit.read(look)
        show_waiting(waiting)
        show_plots(found, asked)

    await whole()
    live(visit, whole.refresh, every=_EVERY)
    with pieces.part("For the authority"):
        ui.label("Counts by year, and the log of the last 24 months. Nobody's name is in it.").classes("fine")
        pieces.button("Download as CSV", lambda: download(visit))


def show_waiting(waiting: Mapping[Show, int]) -> None:
    """Large figures that lead to their lists."""
    words = {Show.WAITING: "wait for a person", Show.MINE: "are mine", Show.OVERDUE: "are overdue", Show.ALL: "in all"}
    pieces.figures([(f"/requests?show={show}", waiting[show], words[show], show is Show.OVERDUE) for show in words])


def show_plots(found: Figures, asked: Mapping[str, int]) -> None:
    """Six plots, each with what it says in words."""
    chats, handoffs = sum(day.chats for day in found.days), sum(day.handoffs for day in found.days)
    answered = sum(sum(shares.values()) for shares in found.against_clock.values())
    late = sum(shares["too late"] for shares in found.against_clock.values())
    said = sum(found.satisfaction)
    score = sum(stars * count for stars, count in enumerate(found.satisfaction, 1)) / said if said else 0
    read = sum(sum(day.confidence) for day in found.days)
    with ui.element("div").classes("plots"):
        total = sum(found.by_kind.values())
        _plot("Requests by right and state", f"{total} in the last year.", charts.by_kind(found), total)
        clock = charts.against_clock(found)
        _plot("Time taken of the time allowed", f"{answered} answered in a year, {late} too late.", clock, answered)
        talk = f"{chats} chats in 30 days, {handoffs} handed to a person."
        _plot("Chats with and without a person", talk, charts.containment(found.days), chats)
        how = f"{said} said how it went, {score:.1f} of 5 on average." if said else "Nobody said how it went yet."
        _plot("How people say it went", how, charts.satisfaction(found), said)
        unanswered = f"{sum(asked.values())} questions in 30 days." if asked else "None in 30 days."
        _plot("Topics the policy does not answer", unanswered, charts.topics(asked), len(asked))
        sure = charts.confidence(found.days)
        _plot("How sure the bot was", f"{read} typed messages in 30 days.", sure, read)


def _plot(title: str, words: str, options: dict[str, Any], count: int) -> None:
    with pieces.part(title):
        ui.label(words).classes("fine")
        if count:
            ui.echart(options).classes("plot").props(f'role="img" aria-label="{title}. {words}"')
        else:
            ui.label("Nothing to draw yet.").classes("empty")


async def download(visit: Visit) -> None:
    """The record of requests, for this member of staff; that they took it is recorded."""
    await visit.act(
        lambda session, staff: audit.record(session, visit.now(), AuditEvent.REQUEST_LOG_EXPORTED, actor=staff.actor),
        EVERYBODY,
    )
    made = await visit.read(lambda session: request_log.as_csv(session, visit.desk, visit.now()))
    ui.download.content(made.encode("utf-8-sig"), f"requests-{visit.now():%Y-%m-%d}.csv", "text/csv")
