import asyncio
import json
import sqlite3

import pytest
import sqlalchemy.exc
from cryptography.fernet import Fernet
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.engine.tracker_store import ConversationErased, EncryptedTrackerStore, TrackerUnreadable, cipher_of

SECRET_WORDS = "my name is Mira Example"


@pytest.fixture
def keys():
    return [Fernet.generate_key().decode() for _ in range(2)]


def opened(path, keys):
    return EncryptedTrackerStore(Domain.empty(), host=f"sqlite:///{path}", keys=keys)


def said(text, message):
    return UserUttered(text, {"name": "greet", "confidence": 1.0}, message_id=message, metadata={"message": message})


def conversation(*more, sender="c-1"):
    events = [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen"), *more]
    return DialogueStateTracker.from_events(sender, events)


def test_a_conversation_comes_back_as_it_was(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    before = conversation(said(SECRET_WORDS, "m-1"), ActionExecuted("utter_greet"), BotUttered("Hello \x00"))
    asyncio.run(store.save(before))
    after = asyncio.run(store.retrieve("c-1"))
    assert [event.as_dict() for event in after.events] == [event.as_dict() for event in list(before.events)[1:]]
    assert after.events[0].type_name == "session_started"


def test_a_clock_that_was_set_back_hides_no_event(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    late = said("hello", "m-1")
    late.timestamp = 1.0
    asyncio.run(store.save(conversation(late)))
    assert asyncio.run(store.retrieve("c-1")).latest_message.text == "hello"


def test_only_the_latest_session_is_loaded(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    asyncio.run(store.save(conversation(said("one", "m-1"), SessionStarted(), said("two", "m-2"))))
    assert [event.type_name for event in asyncio.run(store.retrieve("c-1")).events] == ["session_started", "user"]
    assert len(asyncio.run(store.retrieve_full_tracker("c-1")).events) == 6


def test_saving_again_adds_only_what_is_new(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    asyncio.run(store.save(conversation(said("hello", "m-1"))))
    tracker = asyncio.run(store.retrieve("c-1"))
    tracker.update(BotUttered("Hi"))
    asyncio.run(store.save(tracker))
    rows = sqlite3.connect(tmp_path / "t.db").execute("SELECT count(*) FROM tracker_events").fetchone()
    assert rows == (5,)


def test_the_file_holds_no_word_of_the_conversation(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    asyncio.run(store.save(conversation(said(SECRET_WORDS, "m-1"), SlotSet("topic", "erasure of all"))))
    store.engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Mira" not in content
    assert b"greet" not in content
    assert b"erasure" not in content


def test_an_earlier_key_still_opens_and_the_first_key_seals(tmp_path, keys):
    asyncio.run(opened(tmp_path / "t.db", keys[0]).save(conversation(said("hello", "m-1"))))
    rotated = opened(tmp_path / "t.db", f"{keys[1]},{keys[0]}")
    tracker = asyncio.run(rotated.retrieve("c-1"))
    tracker.update(BotUttered("Hi"))
    asyncio.run(rotated.save(tracker))
    newest = sqlite3.connect(tmp_path / "t.db").execute("SELECT data FROM tracker_events ORDER BY id DESC").fetchone()
    assert json.loads(cipher_of(keys[1]).decrypt(newest[0].encode()))["text"] == "Hi"


def test_a_wrong_key_is_an_error_and_no_empty_conversation(tmp_path, keys):
    asyncio.run(opened(tmp_path / "t.db", keys[0]).save(conversation(said("hello", "m-1"))))
    with pytest.raises(TrackerUnreadable, match="ENCRYPTION_KEYS"):
        asyncio.run(opened(tmp_path / "t.db", keys[1]).retrieve("c-1"))


def test_a_failing_database_is_an_error_and_its_message_holds_no_words(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    sqlite3.connect(tmp_path / "t.db").execute("DROP TABLE tracker_events")
    with pytest.raises(sqlalchemy.exc.OperationalError):
        asyncio.run(store.retrieve("c-1"))
    with pytest.raises(sqlalchemy.exc.OperationalError) as failed:
        asyncio.run(store.save(conversation(said(SECRET_WORDS, "m-1"))))
    assert "Mira" not in str(failed.value)


def test_a_recorded_turn_holds_its_own_answers_only(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    one = [said("hello", "m-1"), BotUttered("first"), BotUttered("second")]
    asyncio.run(store.save(conversation(*one, said("bye", "m-2"), BotUttered("third"))))
    asyncio.run(store.save(conversation(said("hello", "m-1"), BotUttered("other"), sender="c-2")))
    turn = store.recorded_turn("c-1", "m-1")
    assert turn.user["text"] == "hello"
    assert [event["text"] for event in turn.bot] == ["first", "second"]
    assert [event["text"] for event in store.recorded_turn("c-1", "m-2").bot] == ["third"]
    assert store.recorded_turn("c-1", "m-3") is None
    assert store.recorded_turn("c-3", "m-1") is None


def test_a_recorded_turn_knows_the_form_that_was_open_after_it_whatever_came_later(tmp_path, keys):
    store = opened(tmp_path / "t.db", keys[0])
    first = [said("copy", "m-1"), ActiveLoop("request_form"), BotUttered("Shall I?")]
    asyncio.run(store.save(conversation(*first)))
    assert store.open_loop("c-1") == "request_form"
    second = [said("yes", "m-2"), BotUttered("Done."), ActiveLoop(None)]
    asyncio.run(store.save(conversation(*first, *second)))
    assert (store.recorded_turn("c-1", "m-1").loop, store.recorded_turn("c-1", "m-2").loop) == ("request_form", None)
    assert store.open_loop("c-1") is None
    asyncio.run(store.save(conversation(*first, *second, ActiveLoop("request_form"), SessionStarted())))
    assert store.open_loop("c-1") is None


def test_connections_to_postgresql_are_tested_before_use(monkeypatch, keys):
    from bot.engine import tracker_store

    made = {}

    def create_engine(url, **options):
        made.update(options, url=url)

    monkeypatch.setattr(tracker_store.sa, "create_engine", create_engine)
    tracker_store._engine(tracker_store.make_url("postgresql+psycopg://desk@db/tracker"))
    assert made["pool_pre_ping"] and made["hide_parameters"]
    assert made["url"].drivername == "postgresql+psycopg2"


@pytest.mark.parametrize("keys", ["", " , ", "too short"])
def test_unusable_keys_are_refused(keys):
    with pytest.raises(ValueError):
        cipher_of(keys)


def test_other_databases_are_refused(keys):
    with pytest.raises(ValueError, match="SQLite or a PostgreSQL"):
        EncryptedTrackerStore(Domain.empty(), host="mysql://x/y", keys=keys[0])


def erase(path, sender):
    """What the desk's worker does, in its own words (`bot/store/tracker_records.py`)."""
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO tracker_tombstones (sender_id, at) VALUES (?, '2026-11-23 12:00:00')", [sender])
        database.execute("DELETE FROM tracker_events WHERE sender_id = ?", [sender])


def senders(path):
    return {row[0] for row in sqlite3.connect(path).execute("SELECT sender_id FROM tracker_events")}


def test_an_erased_conversation_does_not_come_back_by_a_late_save(tmp_path, keys):
    path = tmp_path / "t.db"
    store = opened(path, keys[0])
    asyncio.run(store.save(conversation(said(SECRET_WORDS, "m-1"))))
    asyncio.run(store.save(conversation(said("hello", "m-1"), sender="c-2")))
    in_memory = asyncio.run(store.retrieve("c-1"))
    erase(path, "c-1")
    in_memory.update(BotUttered("Hi"))
    for late in (in_memory, conversation(said(SECRET_WORDS, "m-1"), BotUttered("Hi"))):
        with pytest.raises(ConversationErased) as refused:
            asyncio.run(store.save(late))
        assert "Mira" not in str(refused.value)
    assert senders(path) == {"c-2"}
    assert asyncio.run(store.retrieve("c-2")).latest_message.text == "hello"


def test_nothing_is_read_of_an_erased_conversation_even_where_rows_are_left(tmp_path, keys):
    path = tmp_path / "t.db"
    store = opened(path, keys[0])
    asyncio.run(store.save(conversation(said("hello", "m-1"), BotUttered("Hi"))))
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO tracker_tombstones (sender_id, at) VALUES ('c-1', '2026-11-23 12:00:00')")
    assert asyncio.run(store.retrieve("c-1")) is None
    assert asyncio.run(store.retrieve_full_tracker("c-1")) is None
    assert store.recorded_turn("c-1", "m-1") is None


def test_a_save_that_races_with_the_erasure_leaves_nothing_whoever_is_first(tmp_path, keys):
    path = tmp_path / "t.db"
    store = opened(path, keys[0])
    looks = []

    def erase_before_the_write(*_):
        if not looks:
            looks.append(1)
            erase(path, "c-1")

    # The worker comes exactly between what the save has read and what it writes.
    listener = sqlalchemy.event.listens_for(store.SQLEvent, "before_insert")
    listener(erase_before_the_write)
    try:
        with pytest.raises(ConversationErased):
            asyncio.run(store.save(conversation(said(SECRET_WORDS, "m-1"))))
    finally:
        sqlalchemy.event.remove(store.SQLEvent, "before_insert", erase_before_the_write)
    assert looks and senders(path) == set()

    asyncio.run(store.save(conversation(said(SECRET_WORDS, "m-1"), sender="c-3")))
    erase(path, "c-3")
    assert senders(path) == set()
