"""One message in, its answers out."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from bot.errors import ChoiceGone, Conflict, NotFound, RateLimited, Unavailable
from bot.privacy.complaint import file_case
from bot.store import conversations
from bot.store.desk_tables import Conversation, DailyCount, Message, Turn
from bot.vocabulary import CaseKind
from bot.web.app import make_app
from bot.web.engine_client import Reply
from bot.web.stream import event_stream
from bot.web.turns import Said, Turns, present

NO_DATABASE = OperationalError("SELECT 1", None, Exception())


class Engine:
    """Stands where Rasa stands; answers what it is told to, and remembers what it was sent."""

    def __init__(self, *answers, pause=0.01):
        self.answers = list(answers)
        self.pause = pause
        self.seen = []
        self.running = self.most_at_once = 0

    async def turn(self, payload):
        self.seen.append(payload)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await asyncio.sleep(self.pause)
        self.running -= 1
        answer = self.answers.pop(0) if self.answers else [{"text": "Fine.", "response": "utter_fine"}]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer)


def take(desk, engine, conversation_id, key, said):
    return asyncio.run(Turns(desk, engine).take(conversation_id, key, said))


def rows(desk, table):
    with desk.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_question_and_answer_are_both_kept(desk, chat):
    conversation_id = chat(None)
    answered = take(desk, Engine(), conversation_id, "k", Said(text="Hello"))
    assert [message.text for message in answered.messages] == ["Fine."]
    with desk.reading() as session:
        kept = session.scalars(select(Message).order_by(Message.id)).all()
    assert [(message.author, message.text) for message in kept] == [("user", "Hello"), ("bot", "Fine.")]


def test_what_people_write_is_unreadable_in_the_database(desk, chat):
    take(desk, Engine(), chat(None), "k", Said(text="a very private sentence"))
    with desk.engine.connect() as connection:
        assert "private" not in str(connection.exec_driver_sql("SELECT text FROM messages").all())


def test_a_repeat_with_the_same_key_gives_the_same_answer_and_does_nothing_twice(desk, chat):
    conversation_id, engine = chat(None), Engine()
    first = take(desk, engine, conversation_id, "k", Said(text="Hello"))
    second = take(desk, engine, conversation_id, "k", Said(text="Hello"))
    assert [present(m) for m in first.messages] == [present(m) for m in second.messages]
    assert len(engine.seen) == 1
    assert rows(desk, Message) == 2


def test_a_key_used_for_another_message_is_refused(desk, chat):
    conversation_id, engine = chat(None), Engine()
    take(desk, engine, conversation_id, "k", Said(text="Hello"))
    with pytest.raises(Conflict):
        take(desk, engine, conversation_id, "k", Said(text="Something else"))
    assert len(engine.seen) == 1


def test_the_same_key_in_two_conversations_means_two_turns(desk, chat):
    engine = Engine()
    take(desk, engine, chat(None), "k", Said(text="Hello"))
    take(desk, engine, chat(None), "k", Said(text="Hello"))
    assert len(engine.seen) == 2


def test_messages_of_one_conversation_run_one_after_the_other(desk, chat):
    conversation_id, engine = chat(None), Engine()
    turns = Turns(desk, engine)

    async def all_at_once():
        await asyncio.gather(*(turns.take(conversation_id, str(n), Said(text=f"m{n}")) for n in range(8)))

    asyncio.run(all_at_once())
    assert engine.most_at_once == 1
    assert sorted(payload["text"] for payload in engine.seen) == [f"m{n}" for n in range(8)]
    with desk.reading() as session:
        authors = session.scalars(select(Message.author).order_by(Message.id)).all()
    assert authors == ["user", "bot"] * 8


def test_a_message_that_waits_for_its_turn_lets_others_write(desk, chat):
    conversation_id, turns, writing = chat(None), Turns(desk, Engine(pause=1)), []

    @event.listens_for(desk.engine, "begin")
    def count(connection):
        if not connection.get_execution_options().get("only_reads"):
            writing.append(connection)

    async def both():
        await asyncio.gather(*(turns.take(conversation_id, str(n), Said(text=f"m{n}")) for n in range(2)))

    asyncio.run(both())
    assert rows(desk, Turn) == 2
    assert len(writing) < 10


class Holding(Engine):
    """Keeps one conversation waiting until it is let go."""

    def __init__(self, held):
        super().__init__()
        self.held, self.free = held, asyncio.Event()

    async def turn(self, payload):
        if payload["conversation"] == self.held:
            await self.free.wait()
        return await super().turn(payload)


def test_more_than_a_handful_of_waiting_messages_are_refused_and_the_bystander_is_answered(desk, chat):
    crowded, bystander = chat(None), chat("1001")
    engine = Holding(crowded)
    turns = Turns(desk, engine)

    async def crowd():
        sent = [asyncio.create_task(turns.take(crowded, str(n), Said(text=f"m{n}"))) for n in range(12)]
        while sum(each.done() for each in sent) < 4:
            await asyncio.sleep(0.01)
        assert (await turns.take(bystander, "k", Said(text="Hello"))).messages
        engine.free.set()
        return await asyncio.gather(*sent, return_exceptions=True)

    refused = [each for each in asyncio.run(crowd()) if isinstance(each, Exception)]
    assert [type(each) for each in refused] == [RateLimited] * 4
    assert "wait for the answers" in refused[0].detail
    assert rows(desk, Turn) == 8 + 1
    for number in range(12):  # whoever was refused may send the same once more, and nobody is answered twice
        assert asyncio.run(turns.take(crowded, str(number), Said(text=f"m{number}"))).messages
    assert rows(desk, Turn) == 12 + 1


def test_two_conversations_do_not_wait_for_each_other(desk, chat):
    engine, both = Engine(pause=0.5), (chat(None), chat("1001"))
    turns = Turns(desk, engine)

    async def at_once():
        await asyncio.gather(*(turns.take(each, "k", Said(text="Hello")) for each in both))

    asyncio.run(at_once())
    assert engine.most_at_once == 2


def test_after_a_failed_turn_the_same_key_sends_the_same_message_again_and_keeps_one_question(desk, chat):
    conversation_id, engine = chat(None), Engine(Unavailable())
    with pytest.raises(Unavailable):
        take(desk, engine, conversation_id, "k", Said(text="Hello"))
    answered = take(desk, engine, conversation_id, "k", Said(text="Hello"))
    assert answered.messages[0].text == "Fine."
    assert engine.seen[0] == engine.seen[1]
    assert rows(desk, Message) == 2


@pytest.mark.parametrize("failure", [Unavailable(), NO_DATABASE, ValueError()], ids=lambda one: type(one).__name__)
def test_a_failure_does_not_lock_the_conversation(desk, chat, failure):
    conversation_id, engine = chat(None), Engine(failure)
    with pytest.raises(type(failure)):
        take(desk, engine, conversation_id, "k1", Said(text="Hello"))
    with desk.reading() as session:
        assert session.get(Conversation, conversation_id).busy_until is None
    assert take(desk, engine, conversation_id, "k2", Said(text="Again")).messages


def test_a_database_that_stays_away_does_not_hide_what_broke_the_turn_off(desk, chat, monkeypatch):
    def away(*_):
        raise NO_DATABASE

    monkeypatch.setattr(conversations, "release_lease", away)
    with pytest.raises(Unavailable):
        take(desk, Engine(Unavailable()), chat(None), "k", Said(text="Hello"))


def test_a_lease_left_by_a_dead_process_ends_by_itself(desk, chat):
    conversation_id = chat(None)
    with desk.transaction() as session:
        left = session.get(Conversation, conversation_id)
        left.busy_token, left.busy_until = "gone", datetime.now(UTC) + timedelta(seconds=0.3)
    assert take(desk, Engine(), conversation_id, "k", Said(text="Hello")).messages


def offered(desk, conversation_id, label="Yes"):
    engine = Engine([{"text": "Shall I?", "buttons": [{"title": label, "payload": "/affirm"}]}])
    answered = take(desk, engine, conversation_id, f"offer-{label}", Said(text="Do it"))
    return answered.messages[0].choices[0]


def test_a_choice_reaches_the_engine_as_the_intent_behind_it_and_the_history_as_its_label(desk, chat):
    conversation_id, engine = chat(None), Engine()
    choice = offered(desk, conversation_id)
    assert "affirm" not in choice["id"]
    take(desk, engine, conversation_id, "k", Said(choice=choice["id"]))
    assert engine.seen[0]["intent"] == "affirm"
    assert "text" not in engine.seen[0]
    with desk.reading() as session:
        said = session.scalars(select(Message.text).where(Message.author == "user").order_by(Message.id)).all()
    assert said == ["Do it", "Yes"]


SHALL_I = {
    "text": "Shall I?",
    "buttons": [
        {"title": "Yes, all of it", "payload": "/affirm everything"},
        {"title": "Only a part", "payload": "/affirm part"},
        {"title": "No, leave it", "payload": "/deny"},
    ],
}


def newest_turn(desk):
    with desk.reading() as session:
        return session.scalars(select(Turn).order_by(Turn.id.desc())).first()


@pytest.mark.parametrize(
    ("typed", "intent", "value"),
    [
        ("2", "affirm", "part"),
        ("the last one", "deny", None),
        ("Only a part", "affirm", "part"),
        ("nope", "deny", None),
    ],
)
def test_a_choice_that_is_typed_is_taken_as_pressed_and_kept_as_it_was_typed(desk, chat, typed, intent, value):
    conversation_id, engine = chat(None), Engine([SHALL_I])
    take(desk, engine, conversation_id, "k1", Said(text="Do it"))
    take(desk, engine, conversation_id, "k2", Said(text=typed))
    assert engine.seen[1] == {"conversation": conversation_id, "message": "3", "intent": intent, "label": typed}
    assert newest_turn(desk).choice_value == value


def test_what_may_be_two_choices_is_asked_again_with_all_of_them_and_never_read(desk, chat):
    conversation_id, engine = chat(None), Engine([SHALL_I])
    take(desk, engine, conversation_id, "k1", Said(text="Do it"))
    again = take(desk, engine, conversation_id, "k2", Said(text="the seventh")).messages
    assert [message.response for message in again] == ["utter_which_choice"]
    assert [each["label"] for each in again[0].choices] == ["Yes, all of it", "Only a part", "No, leave it"]
    assert len(engine.seen) == 1
    repeated = take(desk, engine, conversation_id, "k2", Said(text="the seventh")).messages
    assert [present(m) for m in repeated] == [present(m) for m in again]
    take(desk, engine, conversation_id, "k3", Said(text="the second"))
    assert (engine.seen[1]["intent"], newest_turn(desk).choice_value) == ("affirm", "part")


def test_a_number_picks_nothing_of_a_question_that_was_answered(desk, chat):
    conversation_id, engine = chat(None), Engine([SHALL_I])
    take(desk, engine, conversation_id, "k1", Said(text="Do it"))
    take(desk, engine, conversation_id, "k2", Said(text="Something else"))
    take(desk, engine, conversation_id, "k3", Said(text="the second one"))
    assert engine.seen[2]["text"] == "the second one"


def test_only_the_last_question_of_a_turn_is_open(desk, chat):
    first = {"text": "It says:", "buttons": [{"title": "A", "payload": "/help"}, {"title": "B", "payload": "/greet"}]}
    conversation_id, engine = chat(None), Engine([first, SHALL_I])
    take(desk, engine, conversation_id, "k1", Said(text="Do it"))
    take(desk, engine, conversation_id, "k2", Said(text="1"))
    assert engine.seen[1]["intent"] == "affirm"


def test_nothing_typed_to_a_person_picks_a_choice(desk, chat):
    conversation_id, engine = chat(None), Engine([SHALL_I])
    take(desk, engine, conversation_id, "k1", Said(text="Do it"))
    with desk.transaction() as session:
        session.get(Conversation, conversation_id).owner = "person"
    take(desk, engine, conversation_id, "k2", Said(text="the second one"))
    assert newest_turn(desk).choice_intent is None


def test_a_choice_of_an_earlier_question_is_refused_and_nothing_is_stored(desk, chat):
    conversation_id, engine = chat(None), Engine()
    choice = offered(desk, conversation_id)
    take(desk, engine, conversation_id, "k", Said(text="Something else"))
    before = rows(desk, Message), rows(desk, Turn)
    with pytest.raises(ChoiceGone):
        take(desk, engine, conversation_id, "k2", Said(choice=choice["id"]))
    assert (rows(desk, Message), rows(desk, Turn)) == before
    assert take(desk, engine, conversation_id, "k3", Said(text="Go on")).messages


def test_a_yes_that_broke_off_never_answers_a_later_question(desk, chat):
    everything = {"text": "All?", "buttons": [{"title": "Yes, all of it", "payload": "/affirm everything"}]}
    conversation_id, engine = chat(None), Engine([SHALL_I], Unavailable(), [everything])
    yes = take(desk, engine, conversation_id, "k1", Said(text="Give me a copy")).messages[0].choices[0]
    with pytest.raises(Unavailable):
        take(desk, engine, conversation_id, "k2", Said(choice=yes["id"]))
    newest = take(desk, engine, conversation_id, "k3", Said(text="Delete my data")).messages[0].choices[0]
    with pytest.raises(ChoiceGone):
        take(desk, engine, conversation_id, "k2", Said(choice=yes["id"]))
    assert len(engine.seen) == 3
    assert take(desk, engine, conversation_id, "k4", Said(choice=newest["id"])).messages
    assert (engine.seen[3]["intent"], newest_turn(desk).choice_value) == ("affirm", "everything")


@pytest.mark.parametrize(
    ("typed", "sentence"), [("yes", "belongs to an earlier question"), ("Do it all now", "as a new message")]
)
def test_words_that_broke_off_are_not_taken_up_after_newer_ones_and_the_person_is_told(desk, chat, typed, sentence):
    conversation_id, engine = chat(None), Engine([SHALL_I], Unavailable(), [SHALL_I])
    take(desk, engine, conversation_id, "k1", Said(text="Do it"))
    with pytest.raises(Unavailable):
        take(desk, engine, conversation_id, "k2", Said(text=typed))
    take(desk, engine, conversation_id, "k3", Said(text="Delete my data"))
    with pytest.raises(ChoiceGone, match=sentence):
        take(desk, engine, conversation_id, "k2", Said(text=typed))
    assert len(engine.seen) == 3
    assert take(desk, engine, conversation_id, "k4", Said(text=typed)).messages


@pytest.mark.parametrize("place", ["", "-1"])
def test_what_was_filed_though_its_answer_never_came_is_told_with_its_number_and_not_as_left_out(desk, chat, place):
    conversation_id, engine = chat("1001"), Engine(Unavailable())
    with pytest.raises(Unavailable):
        take(desk, engine, conversation_id, "k1", Said(text="I want to complain"))
    with desk.transaction() as session:
        message = session.scalars(select(Message.id)).one()
        here, now = conversations.conversation(session, conversation_id), desk.clock.now()
        what = (session, desk.settings, now, here, CaseKind.COMPLAINT)
        filed = file_case(*what, f"{message}{place}", now + timedelta(days=30), None)
        file_case(*what, f"{message}0", now + timedelta(days=30), None)
    take(desk, engine, conversation_id, "k2", Said(text="Are you there?"))
    for _again in range(2):
        (answer,) = take(desk, engine, conversation_id, "k1", Said(text="I want to complain")).messages
        assert answer.response == "utter_filed_before" and f"filed under {filed.number}." in answer.text
    assert len(engine.seen) == 2
    assert take(desk, engine, conversation_id, "k3", Said(text="Thank you")).messages, "the chat is free"


def test_messages_that_broke_off_one_after_the_other_can_both_be_sent_again(desk, chat):
    conversation_id, engine = chat(None), Engine(Unavailable(), Unavailable())
    for key in ("k1", "k2"):
        with pytest.raises(Unavailable):
            take(desk, engine, conversation_id, key, Said(text=key))
    for key in ("k1", "k2"):
        assert take(desk, engine, conversation_id, key, Said(text=key)).messages
    assert [sent["text"] for sent in engine.seen] == ["k1", "k2"] * 2


def test_a_choice_of_another_conversation_is_refused(desk, chat):
    engine = Engine()
    choice = offered(desk, chat("1001"))
    with pytest.raises(ChoiceGone):
        take(desk, engine, chat("1002"), "k", Said(choice=choice["id"]))
    assert engine.seen == []


def test_citations_are_cut_from_the_policy_and_not_from_what_the_engine_says(desk, chat):
    engine = Engine([{"text": "It says:", "custom": {"citations": ["commercialisation", "no-such-clause"]}}])
    message = take(desk, engine, chat(None), "k", Said(text="Do you sell my data?")).messages[0]
    assert [citation["clause"] for citation in message.citations] == ["commercialisation"]
    assert message.citations[0]["url"] == "/policy/2026-01-15#commercialisation"


def test_a_card_of_another_conversation_is_never_shown(desk, chat):
    hers, his = chat("1001"), chat("1002")
    with desk.transaction() as session:
        card = conversations.keep_card(session, hers, {"kind": "access_summary"}, desk.clock.now())
    engine = Engine([{"text": "Here", "custom": {"card": card}}], [{"text": "Here", "custom": {"card": card}}])
    with pytest.raises(NotFound):
        take(desk, engine, his, "k", Said(text="Show me"))
    assert take(desk, engine, hers, "k", Said(text="Show me")).messages[0].card == {"kind": "access_summary"}


def test_a_message_is_told_in_one_form_to_who_asks_and_to_who_listens(desk):
    app = make_app(desk)
    app.state.turns = Turns(desk, Engine())
    door = TestClient(app)
    opened = door.post("/api/v1/sessions").json()
    door.headers["Authorization"] = authorization = f"Bearer {opened['token']}"
    answered = door.post("/api/v1/messages", json={"text": "Hello"}).json()["messages"]

    async def heard():
        messages = []
        async for told in event_stream(desk, app.state.sessions, opened["conversation_id"], authorization, 0):
            messages += [json.loads(told.partition("data: ")[2])] if "event: message" in told else []
            if len(messages) == 2:
                return messages

    listened = asyncio.run(asyncio.wait_for(heard(), 5))
    assert listened == door.get("/api/v1/messages").json()["messages"] and listened[1:] == answered
    assert all(message["created_at"].endswith("Z") for message in listened)


def test_the_bot_keeps_silent_while_a_person_owns_the_conversation(desk, chat):
    conversation_id, engine = chat(None), Engine()
    with desk.transaction() as session:
        session.get(Conversation, conversation_id).owner = "person"
    answered = take(desk, engine, conversation_id, "k", Said(text="Hello?"))
    assert (answered.messages, answered.owner, engine.seen) == ([], "person", [])


def test_a_turn_is_counted_once_with_its_confidence_and_nothing_of_it(desk, chat):
    engine = Engine([{"text": "Fine.", "response": "utter_fine", "confidence": 0.42}])
    chat_id = chat("1001")
    for _ in range(2):
        take(desk, engine, chat_id, "k1", Said(text="Do you sell my data?"))
    take(desk, engine, chat_id, "k2", Said(text="And my address?"))
    with desk.reading() as session:
        counts = {row.name: row.count for row in session.scalars(select(DailyCount))}
    assert counts == {"chats": 1, "turns": 2, "confidence_4": 1}
