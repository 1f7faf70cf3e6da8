"""A chat that was erased stays erased, whoever still works on it."""

import asyncio
import json
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from bot.clocks import SystemClock
from bot.errors import DeskError, SessionExpired
from bot.store import conversations, own_records, tracker_records
from bot.store.announcements import announce
from bot.store.desk_tables import Card, ChatSession, Choice, Conversation, Message, Tombstone, Turn
from bot.store.encryption import EncryptedText
from bot.web.engine_client import Reply
from bot.web.turns import Said, Turns
from tests.unit.conftest import NOON

TABLES = (Conversation, Message, Choice, Card, ChatSession, Turn)


def erase(desk, conversation_id):
    with desk.transaction() as session:
        return own_records.erase_conversation(session, conversation_id, SystemClock().now(), desk.clock.now())


def rows(desk):
    with desk.reading() as session:
        return {table.__tablename__: session.scalar(select(func.count()).select_from(table)) for table in TABLES}


class Engine:
    """Stands where Rasa stands; something happens while it answers."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    async def turn(self, _payload):
        await asyncio.to_thread(self.meanwhile)
        return Reply([{"text": "Hello Mira", "buttons": [{"title": "Yes", "payload": "/affirm"}]}])


def test_an_answer_that_comes_too_late_brings_nothing_back(desk, chat):
    mine, other = chat("1001"), chat("1002")
    asyncio.run(Turns(desk, Engine(lambda: None)).take(other, "k", Said(text="I stay")))
    before = rows(desk)

    def the_lease_ends_and_the_chat_goes():
        with desk.transaction() as session:
            session.get_one(Conversation, mine).busy_until = SystemClock().now() - timedelta(seconds=1)
        assert erase(desk, mine)

    with pytest.raises(DeskError):
        asyncio.run(Turns(desk, Engine(the_lease_ends_and_the_chat_goes)).take(mine, "k", Said(text="I am Mira")))
    assert rows(desk) == before | {"conversations": 1, "sessions": 1}
    with desk.transaction() as session:
        announce(session, desk.clock.now(), mine, "utter_greet")
        assert conversations.take_lease(session, mine, SystemClock().now(), 20) is None
    assert rows(desk)["messages"] == before["messages"]


def test_a_turn_that_runs_is_not_torn_away(desk, chat):
    mine = chat("1001")
    seen = []
    asyncio.run(Turns(desk, Engine(lambda: seen.append(erase(desk, mine)))).take(mine, "k", Said(text="Hello")))
    assert seen == [False] and rows(desk)["messages"] == 2
    assert erase(desk, mine) and set(rows(desk).values()) == {0}


def test_the_session_of_an_erased_chat_opens_nothing(desk):
    with desk.transaction() as session:
        mine, token = conversations.open_session(session, "1001", NOON, NOON + timedelta(hours=1))
    erase(desk, mine)
    with desk.reading() as session, pytest.raises(SessionExpired):
        conversations.conversation_of_session(session, token, NOON)


def test_erasing_twice_and_erasing_what_never_was_come_to_the_same(desk, chat):
    mine = chat("1001")
    for _ in range(2):
        assert erase(desk, mine) and erase(desk, "never-there")
    with desk.reading() as session:
        assert set(session.scalars(select(Tombstone.conversation_id))) == {mine, "never-there"}


def test_of_an_erasure_that_fails_nothing_is_done(desk, chat):
    mine = chat("1001")
    before = rows(desk)
    with pytest.raises(RuntimeError), desk.transaction() as session:
        own_records.erase_conversation(session, mine, SystemClock().now(), desk.clock.now())
        raise RuntimeError
    assert rows(desk) == before
    with desk.reading() as session:
        assert session.scalar(select(func.count()).select_from(Tombstone)) == 0


@pytest.fixture
def tracker(tmp_path, desk):
    """A tracker database as the engine leaves it."""
    url = f"sqlite:///{tmp_path / 'engine.sqlite3'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE tracker_events (id INTEGER PRIMARY KEY, sender_id VARCHAR(64) NOT NULL, "
            "type_name VARCHAR(64) NOT NULL, timestamp FLOAT, message_id VARCHAR(64), data TEXT NOT NULL)"
        )
    engine.dispose()
    return url


def says(url, conversation_id, text):
    engine = sa.create_engine(url)
    sealed = EncryptedText().process_bind_param(json.dumps({"text": text}), engine.dialect)
    statement = "INSERT INTO tracker_events (sender_id, type_name, data) VALUES (?, 'user', ?)"
    with engine.begin() as connection:
        connection.exec_driver_sql(statement, (conversation_id, sealed))
    engine.dispose()


def test_the_engines_record_of_a_chat_goes_with_a_tombstone_and_others_stay(tracker):
    for conversation_id in ("c-1", "c-1", "c-2"):
        says(tracker, conversation_id, f"I am in {conversation_id}, Jürgen")
    for _ in range(2):
        tracker_records.erase(tracker, ["c-1", "c-3"], NOON)
    assert (tracker_records.left_of(tracker, ["c-1"]), tracker_records.left_of(tracker, ["c-1", "c-2"])) == (0, 1)
    assert [json.loads(event) for event in tracker_records.everything(tracker)] == [{"text": "I am in c-2, Jürgen"}]
    engine = sa.create_engine(tracker)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT sender_id FROM tracker_tombstones ORDER BY 1").all()
    engine.dispose()
    assert [row[0] for row in found] == ["c-1", "c-3"]


def test_before_the_engine_ever_ran_the_tombstone_is_there_all_the_same(tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    assert tracker_records.left_of(url, ["c-1"]) == 0 and list(tracker_records.everything(url)) == []
    tracker_records.erase(url, ["c-1"], NOON)
    engine = sa.create_engine(url)
    assert sa.inspect(engine).get_table_names() == ["tracker_tombstones"]
    engine.dispose()


def test_deleted_events_stand_in_no_byte_of_the_file(tracker, tmp_path):
    engine = sa.create_engine(tracker)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql(
            "INSERT INTO tracker_events (sender_id, type_name, data) VALUES ('c-1', 'user', 'CANARY')"
        )
    engine.dispose()
    tracker_records.erase(tracker, ["c-1"], NOON)
    tracker_records.settle(tracker)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("engine.sqlite3*"))
    assert b"CANARY" not in content and b"c-1" in content


def test_two_workers_at_once_leave_one_tombstone(tracker):
    says(tracker, "c-1", "x")
    failed = []

    def work():
        try:
            tracker_records.erase(tracker, ["c-1"], NOON)
        except sa.exc.SQLAlchemyError as error:
            failed.append(type(error).__name__)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert failed == [] and tracker_records.left_of(tracker, ["c-1"]) == 0
