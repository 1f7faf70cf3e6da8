"""Figures of the overview: right, and from counts alone."""

from datetime import timedelta

import pytest
from nicegui import ui

from bot.desk import charts
from bot.privacy import daily_counts
from bot.privacy.statistics import DAYS, figures, share
from bot.store.desk_tables import PrivacyRequest, UnansweredTopic
from bot.vocabulary import RequestKind, RequestState, StaffRole
from tests.desk_pages import at_the_desk
from tests.unit.conftest import NOON


def counted(desk, *counts):
    with desk.transaction() as session:
        for day, name, by in counts:
            daily_counts.count(session, NOON - timedelta(days=day), name, by)


def seen(desk):
    with desk.reading() as session:
        return figures(session, NOON)


@pytest.mark.parametrize(
    ("days", "wanted"),
    [(0, "within a quarter"), (7.4, "within a quarter"), (7.6, "within half"), (29, "in time"), (30, "in time"),
     (30.1, "too late")],
)  # fmt: skip
def test_an_answer_stands_in_its_share_of_the_time(days, wanted):
    assert share(NOON, NOON + timedelta(days=30), NOON + timedelta(days=days)) == wanted


def test_containment_confidence_and_satisfaction_come_from_the_counts(desk):
    counted(
        desk, (0, "chats", 10), (0, "handoffs", 3), (0, "confidence_9", 6), (0, "confidence_2", 2),
        (1, "satisfaction_5", 4), (0, "satisfaction_2", 1), (DAYS + 1, "chats", 99),
    )  # fmt: skip
    found = seen(desk)
    today = found.days[-1]
    assert len(found.days) == DAYS and today.day == NOON.date()
    assert today.contained == pytest.approx(0.7) and today.sureness == pytest.approx((6 * 0.95 + 2 * 0.25) / 8)
    assert found.satisfaction == (0, 1, 0, 0, 4)
    assert sum(day.chats for day in found.days) == 10, "older days are not drawn"
    assert found.days[0].contained is None and found.days[0].sureness is None


def test_requests_are_counted_by_right_and_state_and_held_against_their_clock(desk):
    with desk.transaction() as session:
        for place, (state, closed) in enumerate(
            [(RequestState.FULFILLED, 5), (RequestState.DENIED, 40), ("running", None)]
        ):
            session.add(
                PrivacyRequest(
                    number=f"PR-2026-00000{place}", kind="export", state=state, regime="policy", origin=str(place),
                    received_at=NOON - timedelta(days=60), due_at=NOON - timedelta(days=30),
                    closed_at=NOON - timedelta(days=60 - closed) if closed else None,
                )
            )  # fmt: skip
    found = seen(desk)
    assert found.by_kind == {("export", "fulfilled"): 1, ("export", "denied"): 1, ("export", "running"): 1}
    assert found.against_clock["export"] == {"within a quarter": 1, "too late": 1}
    plotted = charts.by_kind(found)
    assert plotted["yAxis"]["data"] == ["Copy of the data"]
    assert sum(sum(series["data"]) for series in plotted["series"]) == 3


def test_the_overview_draws_six_plots_when_there_is_something_to_draw(desk):
    counted(desk, (0, "chats", 10), (0, "confidence_9", 6), (0, "satisfaction_5", 4))
    with desk.transaction() as session:
        session.add(UnansweredTopic(day=NOON.date(), topic="cookies", count=3))
        session.add(
            PrivacyRequest(
                number="PR-2026-000001", kind=RequestKind.EXPORT, state=RequestState.FULFILLED, regime="policy",
                origin="1", received_at=NOON, due_at=NOON + timedelta(days=30), closed_at=NOON + timedelta(days=1),
            )
        )  # fmt: skip

    async def visit(user):
        client = await user.open("/")
        drawn = [each for each in client.elements.values() if isinstance(each, ui.echart)]
        assert len(drawn) == 6 and all(each.options["series"] for each in drawn)
        assert all("aria-label" in each.props for each in drawn)

    at_the_desk(desk, StaffRole.AUDITOR, visit)


def test_an_empty_desk_says_that_there_is_nothing_to_draw(desk):
    async def visit(user):
        await user.open("/")
        await user.should_see("Nothing to draw yet.")

    at_the_desk(desk, StaffRole.AGENT, visit)
