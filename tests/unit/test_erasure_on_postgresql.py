"""The same on PostgreSQL, where readers and writers do not wait for each other by themselves."""

import shutil
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from bot.bootstrap import migrate, open_desk
from bot.clocks import FixedClock
from bot.privacy import erasure, request_intake
from bot.store import tracker_records
from bot.store.desk_tables import Base, PrivacyRequest
from bot.store.engine import make_engine
from bot.vocabulary import RequestKind, RequestState
from tests import rights
from tests.unit.conftest import NOON, open_chat

EVENTS = (
    "CREATE TABLE tracker_events (id SERIAL PRIMARY KEY, sender_id VARCHAR(64) NOT NULL, "
    "type_name VARCHAR(64) NOT NULL, data TEXT NOT NULL)"
)
SAVED = "INSERT INTO tracker_events (sender_id, type_name, data) VALUES ('c-1', 'user', 'x')"


@pytest.fixture
def tracker(fresh_postgresql):
    url = fresh_postgresql()
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(EVENTS)
    yield url, engine
    engine.dispose()


def lock(connection):
    """What the engine does before it saves (`bot/engine/tracker_store.py`)."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:id))"), {"id": "c-1"})


def buried(connection):
    return connection.scalar(sa.text("SELECT count(*) FROM tracker_tombstones WHERE sender_id = 'c-1'"))


def test_a_save_under_way_is_waited_for_and_then_erased(tracker):
    url, engine = tracker
    tracker_records.erase(url, ["other"], NOON)
    with engine.connect() as saving:
        lock(saving)
        saving.exec_driver_sql(SAVED)
        worker = threading.Thread(target=tracker_records.erase, args=(url, ["c-1"], NOON))
        worker.start()
        worker.join(0.5)
        assert worker.is_alive(), "the worker must wait for the save"
        saving.commit()
    worker.join(10)
    assert tracker_records.left_of(url, ["c-1"]) == 0


def test_a_save_that_comes_while_the_chat_is_erased_sees_the_tombstone(tracker):
    url, engine = tracker
    tracker_records.erase(url, ["other"], NOON)
    seen = []

    def save():
        with engine.connect() as saving:
            lock(saving)
            saving.exec_driver_sql(SAVED)
            seen.append(buried(saving))
            saving.rollback()

    with engine.connect() as erasing:
        lock(erasing)
        late = threading.Thread(target=save)
        late.start()
        late.join(0.5)
        assert late.is_alive()
        erasing.exec_driver_sql("INSERT INTO tracker_tombstones (sender_id, at) VALUES ('c-1', now())")
        erasing.commit()
    late.join(10)
    assert seen == [1] and tracker_records.left_of(url, ["c-1"]) == 0


def test_a_whole_erasure_with_desk_and_tracker_there(fresh_postgresql, settings, seeded_shop, tmp_path):
    shutil.copy(seeded_shop, tmp_path / "shop.sqlite3")
    own = settings.model_copy(
        update={
            "desk_database_url": fresh_postgresql(),
            "tracker_database_url": fresh_postgresql(),
            "shop_database_url": f"sqlite:///{tmp_path / 'shop.sqlite3'}",
        }
    )
    migrate(own)
    desk = replace(open_desk(own), clock=FixedClock(NOON))
    chat, other = open_chat(desk, "1001"), open_chat(desk, "1002")
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    with desk.transaction() as session:
        request_intake.verified(session, desk, NOON, number, erasure.ROOM)
    desk.clock.advance(timedelta(days=8))
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    with desk.reading() as session:
        assert session.get_one(PrivacyRequest, number).subject is None
        said = [str(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table))]
    assert not [text for text in said if "amelia" in text.lower() or "'1001'" in text]
    assert any(other in text for text in said) and desk.shop.customer("1002") is not None
    rights.close(desk)
