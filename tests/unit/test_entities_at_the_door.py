"""What people type is taken apart before it is stored or sent on; who has a right to the words gets them whole."""

import asyncio
import hashlib
import json

import pytest
from sqlalchemy import select, text

from bot.privacy import handoff, handoff_ownership, handoff_talk, handoff_view
from bot.privacy.handoff_ownership import Agent
from bot.store import conversations
from bot.store.desk_tables import Base, Message, Turn
from bot.vocabulary import Author
from bot.web.engine_client import Reply
from bot.web.turns import Said, Turns, present
from tests.unit.exporting import copy_for

MIA = Agent("staff:1", "Mia")
TYPED = (
    "I'm q-canary@example.com, +44 7700 900731, card 4111 1111 1111 1111, born 7 May 1981; "
    "order A-90731, PR-2026-090731"
)
READ = "I'm ‹email›, ‹phone›, card ‹card›, born ‹date›; order ‹order›, ‹request›"
VALUES = ["q-canary@example.com", "+44 7700 900731", "4111 1111 1111 1111", "7 May 1981", "A-90731", "PR-2026-090731"]


class Engine:
    """Stands where Rasa stands; remembers what it was sent, and offers a button."""

    def __init__(self, *buttons):
        self.seen, self.buttons = [], buttons

    async def turn(self, payload):
        self.seen.append(payload)
        return Reply([{"text": "Fine.", "response": "utter_fine", "buttons": list(self.buttons)}])


def say(desk, conversation_id, words, engine=None, key="k"):
    engine = engine or Engine()
    said = words if isinstance(words, Said) else Said(text=words)
    answered = asyncio.run(Turns(desk, engine).take(conversation_id, key, said))
    return answered, engine


def messages(desk, conversation_id):
    with desk.reading() as session:
        return conversations.messages_after(session, conversation_id)


def everything_but(desk, *columns):
    """Every row of the desk's tables, decrypted, without some columns."""
    found = []
    with desk.reading() as session:
        for table in Base.metadata.sorted_tables:
            wanted = [column for column in table.columns if str(column) not in columns]
            found += [str(row) for row in session.execute(select(*wanted))]
    return "\n".join(found)


def test_the_engine_gets_placeholders_and_the_person_their_own_words(desk, chat):
    mine = chat("1001")
    _, engine = say(desk, mine, TYPED)
    assert engine.seen[0]["text"] == READ
    said = messages(desk, mine)[0]
    assert (said.text, said.hidden, said.words) == (READ, VALUES, TYPED)
    assert present(said)["text"] == TYPED
    with desk.reading() as session:
        assert conversations.said_in(session, mine, str(said.id)) == TYPED


def test_no_value_stands_anywhere_but_in_its_own_column_and_there_it_is_unreadable(desk, chat):
    say(desk, chat("1001"), TYPED)
    left = everything_but(desk, "messages.hidden")
    assert not [value for value in VALUES if value in left]
    with desk.engine.connect() as connection:
        raw = str(connection.execute(text("SELECT * FROM messages")).all())
    assert not [value for value in VALUES if value in raw]


def test_a_message_without_values_has_nothing_hidden(desk, chat):
    mine = chat("1001")
    say(desk, mine, "Do you sell my data?")
    assert (messages(desk, mine)[0].text, messages(desk, mine)[0].hidden) == ("Do you sell my data?", None)


def test_what_looks_like_a_placeholder_comes_back_as_it_was_typed(desk, chat):
    mine = chat(None)
    say(desk, mine, "what is ‹email›, and is it q-canary@example.com?")
    assert messages(desk, mine)[0].words == "what is ‹email›, and is it q-canary@example.com?"


def test_the_same_message_sent_again_is_the_same_and_its_mark_cannot_be_tried_out(desk, chat):
    mine = chat(None)
    first, engine = say(desk, mine, "+44 7700 900731")
    again, engine = say(desk, mine, "+44 7700 900731", engine)
    assert [m.id for m in first.messages] == [m.id for m in again.messages] and len(engine.seen) == 1
    with desk.reading() as session:
        mark = session.scalars(select(Turn.body_hash)).one()
    plain = json.dumps(["+44 7700 900731", None, None], sort_keys=True)
    assert mark != hashlib.sha256(plain.encode()).hexdigest()


def test_a_button_that_names_a_number_reaches_the_engine_without_it(desk, chat):
    mine = chat("1001")
    offered, engine = say(
        desk,
        mine,
        "take it back",
        Engine({"title": "Take back PR-2026-090731", "payload": "/revoke_request PR-2026-090731"}),
    )
    choice = offered.messages[0].choices[0]["id"]
    _, engine = say(desk, mine, Said(choice=choice), engine, key="k2")
    assert engine.seen[-1]["label"] == "Take back ‹request›"
    assert messages(desk, mine)[-2].words == "Take back PR-2026-090731"


def with_a_person(desk, mine):
    with desk.transaction() as session:
        chat = conversations.conversation(session, mine)
        handoff.ask_for_person(session, desk, desk.clock.now(), chat, "origin", None)
    with desk.transaction() as session:
        handoff_ownership.take(session, desk, mine, MIA)


def test_a_talk_with_a_person_is_taken_apart_on_both_sides(desk, chat):
    mine = chat("1001")
    with_a_person(desk, mine)
    _, engine = say(desk, mine, TYPED)
    assert engine.seen == []
    with desk.transaction() as session:
        handoff_talk.say(session, desk, mine, MIA, "Is it q-canary@example.com?", "a")
    said = {message.author: message for message in messages(desk, mine)}
    assert (said[Author.USER].text, said[Author.USER].words) == (READ, TYPED)
    assert (said[Author.AGENT].text, present(said[Author.AGENT])["text"]) == (
        "Is it ‹email›?",
        "Is it q-canary@example.com?",
    )
    assert not [value for value in VALUES if value in everything_but(desk, "messages.hidden")]


def test_staff_see_values_shortened_and_reveal_the_words_with_a_reason(desk, chat):
    mine = chat("1001")
    say(desk, mine, TYPED)
    with_a_person(desk, mine)
    with desk.reading() as session:
        line = handoff_view.transcript(session, desk, mine)[0]
    assert line.hidden and not [value for value in VALUES[:-1] if value in line.text]
    assert "q•••@e•••.com" in line.text and "PR-2026-090731" in line.text and "1981" in line.text
    with desk.transaction() as session:
        assert handoff_view.reveal(session, desk, mine, MIA, f"message:{line.id}", "answer") == TYPED
    assert "q-canary" not in everything_but(desk, "messages.hidden"), "the record of the look"


def test_the_copy_of_ones_data_has_ones_own_words(desk, chat):
    mine = chat("1001")
    say(desk, mine, TYPED)
    rows = copy_for(desk, mine, "1001").rows("desk-messages")
    assert rows[0]["text"] == TYPED and "hidden" not in rows[0]


@pytest.mark.parametrize("words", ["my code is 123456", "123456"])
def test_a_code_is_unreadable_in_the_words_as_well(desk, chat, words):
    mine = chat("1001")
    say(desk, mine, words)
    assert "123456" not in messages(desk, mine)[0].text
    with desk.reading() as session:
        assert session.scalars(select(Message.text)).first() == words.replace("123456", "‹number›")
