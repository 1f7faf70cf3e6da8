"""The worker looks after what is old."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot import jobs
from bot.clocks import FixedClock
from bot.store import conversations
from bot.store.desk_tables import ChatSession


def test_sessions_whose_time_is_over_are_removed_and_live_ones_stay(desk, monkeypatch):
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with desk.transaction() as session:
        for hours in (-1, 1):
            conversations.open_session(session, None, now, now + timedelta(hours=hours))
    monkeypatch.setattr(jobs, "_machine", FixedClock(now))
    jobs.forget_expired(desk)
    with desk.reading() as session:
        assert [row.expires_at for row in session.scalars(select(ChatSession))] == [now + timedelta(hours=1)]


def test_few_requests_are_in_the_queue_at_a_time_in_the_order_in_which_they_wait():
    handed_on = jobs.HandedOn(most=2)
    assert handed_on.choose(["a", "b", "c"]) == ["a", "b"]
    assert handed_on.choose(["a", "b", "c"]) == []
    handed_on.forget("a")
    assert handed_on.choose(["b", "new", "c"]) == ["new"]


def test_a_request_that_did_not_come_back_is_handed_on_again(monkeypatch):
    handed_on = jobs.HandedOn(most=1)
    assert handed_on.choose(["a"]) == ["a"]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: float("inf"))
    assert handed_on.choose(["a"]) == ["a"]
