"""Counts by day say how much and how well, and nothing about anybody."""

import threading
from datetime import timedelta

from sqlalchemy import select

from bot.privacy import daily_counts
from bot.store.desk_tables import DailyCount
from tests.unit.conftest import NOON


def test_counts_of_a_day_add_up_and_each_day_has_its_own(desk):
    with desk.transaction() as session:
        for _ in range(3):
            daily_counts.count(session, NOON, daily_counts.HANDOFFS)
        daily_counts.count(session, NOON + timedelta(days=1), daily_counts.HANDOFFS)
    with desk.reading() as session:
        assert daily_counts.by_day(session, NOON.date()) == {
            NOON.date(): {"handoffs": 3},
            NOON.date() + timedelta(days=1): {"handoffs": 1},
        }


def test_many_at_once_lose_no_count(desk):
    def one():
        with desk.transaction() as session:
            daily_counts.count(session, NOON, "chats")

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with desk.reading() as session:
        assert session.scalars(select(DailyCount.count)).one() == 12


def test_a_turn_counts_its_chat_once_and_its_confidence_by_the_tenth(desk):
    with desk.transaction() as session:
        daily_counts.count_turn(session, NOON, 0.87, first=True)
        daily_counts.count_turn(session, NOON, 1.0, first=False)
        daily_counts.count_turn(session, NOON, None, first=False)
    with desk.reading() as session:
        (counts,) = daily_counts.by_day(session, NOON.date()).values()
    assert counts == {"turns": 3, "chats": 1, "confidence_8": 1, "confidence_9": 1}
