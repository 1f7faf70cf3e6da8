"""Form cards: what comes back is checked against the card that was given out, and used once."""

import asyncio
import json
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from bot.errors import Conflict, FormGone, FormInvalid, Unavailable
from bot.privacy.form_cards import MOST_FIELDS, check
from bot.store import conversations
from bot.store.desk_tables import Message, Turn
from bot.web.app import make_app
from bot.web.engine_client import Reply
from bot.web.forms import Filled
from bot.web.turns import Said, Turns, present

TODAY = date(2026, 11, 23)
CARD = {
    "kind": "form",
    "form": "survey",
    "title": "Tell us more",
    "fields": [
        {"name": "mail", "label": "E-mail", "type": "email", "required": True, "value": "", "check": "email"},
        {"name": "town", "label": "Town", "type": "text", "required": False, "check": "address_line", "longest": 20},
        {"name": "post", "label": "Postcode", "type": "text", "check": "postcode", "region_from": "land"},
        {"name": "land", "label": "Country", "type": "text", "check": "country"},
        {"name": "sure", "label": "I am sure", "type": "checkbox", "value": "true"},
    ],
    "submit": "Send",
}
GOOD = {"mail": "new@example.com", "town": "", "post": "", "land": "", "sure": False}


class Engine:
    """Stands where Rasa stands: gives out a form first, then says it is done; remembers what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []

    async def turn(self, payload):
        self.seen.append(payload)
        answer = self.answers.pop(0) if self.answers else [{"text": "Done.", "response": "utter_done"}]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer)


def take(desk, engine, conversation_id, key, said):
    return asyncio.run(Turns(desk, engine).take(conversation_id, key, said))


def given_out(desk, conversation_id, card=CARD):
    """Give out a form in a conversation; its id."""
    with desk.transaction() as session:
        card_id = conversations.keep_card(session, conversation_id, card, desk.clock.now())
    shown = take(
        desk, Engine([{"text": "Fill in", "custom": {"card": card_id}}]), conversation_id, card_id, Said(text="x")
    )
    assert shown.messages[0].card["id"] == card_id
    return card_id


def kept(desk, table=Message):
    with desk.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def wrong_fields(values, card=CARD):
    with pytest.raises(FormInvalid) as caught:
        check(card, values, TODAY, "GB")
    return {error["field"]: error["detail"] for error in caught.value.errors}


def test_values_come_back_cleaned_in_the_order_of_the_card():
    cleaned = check(CARD, GOOD | {"town": "  Bath ", "land": "germany", "post": "10115"}, TODAY, "GB")
    assert list(cleaned.items()) == [
        ("mail", "new@example.com"), ("town", "Bath"), ("post", "10115"), ("land", "DE"), ("sure", "false"),
    ]  # fmt: skip


def test_a_postcode_is_read_for_the_country_beside_it():
    assert check(CARD, GOOD | {"post": "1012ab", "land": "NL"}, TODAY, "GB")["post"] == "1012 AB"
    assert "post" in wrong_fields(GOOD | {"post": "10115", "land": "NL"})


def test_every_wrong_field_is_named_with_what_to_do_and_nothing_that_was_typed():
    wrong = wrong_fields({"mail": "zzz.secret", "town": "x" * 21, "land": "Atlantis"})
    assert set(wrong) == {"mail", "town", "land"}
    assert not any("secret" in sentence or "Atlantis" in sentence for sentence in wrong.values())


def test_a_required_field_must_be_filled_in_and_others_may_stay_empty():
    assert wrong_fields({}) == {"mail": "Please fill in: E-mail."}


def test_a_tick_that_was_not_sent_stays_as_it_was_given_out():
    assert check(CARD, {"mail": "a@example.com"}, TODAY, "GB")["sure"] == "true"


@pytest.mark.parametrize("value", ["true", "", "yes"])
def test_a_tick_is_true_or_false_and_no_text(value):
    assert "sure" in wrong_fields(GOOD | {"sure": value})


def test_text_is_no_tick():
    assert "town" in wrong_fields(GOOD | {"town": True})


def test_a_choice_in_a_form_is_one_of_those_given():
    card = CARD | {"fields": [{"name": "a", "label": "A", "type": "select", "options": [{"value": "x", "label": "X"}]}]}
    assert check(card, {"a": "x"}, TODAY) == {"a": "x"}
    assert "a" in wrong_fields({"a": "y"}, card)


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "\ud800", "x" * 2_001])
def test_text_that_cannot_be_kept_is_refused(text):
    assert "town" in wrong_fields(GOOD | {"town": text})


def test_a_field_that_was_not_asked_for_is_refused_without_being_repeated():
    with pytest.raises(FormInvalid) as caught:
        check(CARD, GOOD | {"customers.name.1002": "x"}, TODAY)
    assert caught.value.errors == []
    assert "1002" not in caught.value.detail


def test_a_filled_form_reaches_the_engine_as_an_intent_and_the_right_as_its_values(desk, chat):
    conversation_id, engine = chat("1001"), Engine()
    card_id = given_out(desk, conversation_id)
    take(desk, engine, conversation_id, "k", Said(form=Filled(card_id, GOOD)))
    sent = engine.seen[0]
    assert (sent["intent"], sent["label"]) == ("submit_form", "Tell us more")
    assert "new@example.com" not in json.dumps(sent)
    with desk.reading() as session:
        values = conversations.form_values(session, conversation_id, int(sent["message"]))
        message = session.get(Message, int(sent["message"]))
    assert values["mail"] == "new@example.com"
    assert message.card["form"] == "survey"
    assert present(message)["card"] is None
    assert present(message)["text"] == "Tell us more"


def test_what_was_filled_in_is_unreadable_in_the_database(desk, chat):
    conversation_id = chat("1001")
    take(desk, Engine(), conversation_id, "k", Said(form=Filled(given_out(desk, conversation_id), GOOD)))
    with desk.engine.connect() as connection:
        assert "new@example.com" not in str(connection.exec_driver_sql("SELECT text, card FROM messages").all())


def test_a_repeat_with_the_same_key_gives_the_same_answer_and_does_nothing_twice(desk, chat):
    conversation_id, engine = chat("1001"), Engine()
    said = Said(form=Filled(given_out(desk, conversation_id), GOOD))
    first = take(desk, engine, conversation_id, "k", said)
    again = take(desk, engine, conversation_id, "k", said)
    assert [m.id for m in first.messages] == [m.id for m in again.messages]
    assert len(engine.seen) == 1


def test_the_same_key_with_other_values_is_refused(desk, chat):
    conversation_id, engine = chat("1001"), Engine()
    card_id = given_out(desk, conversation_id)
    take(desk, engine, conversation_id, "k", Said(form=Filled(card_id, GOOD)))
    with pytest.raises(Conflict):
        take(desk, engine, conversation_id, "k", Said(form=Filled(card_id, GOOD | {"sure": True})))


def test_a_form_is_used_once_and_shown_as_used(desk, chat):
    conversation_id, engine = chat("1001"), Engine()
    card_id = given_out(desk, conversation_id)
    take(desk, engine, conversation_id, "k1", Said(form=Filled(card_id, GOOD)))
    before = kept(desk), kept(desk, Turn)
    with pytest.raises(FormGone):
        take(desk, engine, conversation_id, "k2", Said(form=Filled(card_id, GOOD)))
    assert (kept(desk), kept(desk, Turn)) == before
    with desk.reading() as session:
        shown = [m.card for m in session.scalars(select(Message)) if (m.card or {}).get("id") == card_id]
    assert [card["used"] for card in shown] == [True]


def test_two_tabs_that_send_the_form_at_once_use_it_once(desk, chat):
    conversation_id, engine = chat("1001"), Engine()
    card_id = given_out(desk, conversation_id)
    turns = Turns(desk, engine)

    async def both():
        sent = [turns.take(conversation_id, str(n), Said(form=Filled(card_id, GOOD))) for n in range(2)]
        return await asyncio.gather(*sent, return_exceptions=True)

    outcome = asyncio.run(both())
    assert sum(isinstance(each, FormGone) for each in outcome) == 1
    assert len(engine.seen) == 1


def test_after_a_failed_turn_the_form_can_be_sent_again_and_other_values_too(desk, chat):
    conversation_id = chat("1001")
    card_id = given_out(desk, conversation_id)
    with pytest.raises(Unavailable):
        take(desk, Engine(Unavailable()), conversation_id, "k1", Said(form=Filled(card_id, GOOD)))
    take(desk, Engine(), conversation_id, "k2", Said(form=Filled(card_id, GOOD | {"town": "Bath"})))
    with pytest.raises(FormGone):
        take(desk, Engine(), conversation_id, "k1", Said(form=Filled(card_id, GOOD)))


def test_a_form_that_broke_off_is_gone_after_newer_words_and_their_question_stays_the_newest(desk, chat):
    conversation_id = chat("1001")
    filled = Said(form=Filled(given_out(desk, conversation_id), GOOD))
    question = {"text": "Shall I?", "buttons": [{"title": "Yes, do it", "payload": "/affirm everything"}]}
    engine = Engine(Unavailable(), [question])
    with pytest.raises(Unavailable):
        take(desk, engine, conversation_id, "k1", filled)
    newest = take(desk, engine, conversation_id, "k2", Said(text="Are you there?")).messages[0].choices[0]
    with pytest.raises(FormGone):
        take(desk, engine, conversation_id, "k1", filled)
    assert take(desk, engine, conversation_id, "k3", Said(choice=newest["id"])).messages
    assert len(engine.seen) == 3


def test_a_form_of_another_conversation_is_refused_and_stays_usable_there(desk, chat):
    hers, his, engine = chat("1001"), chat("1002"), Engine()
    card_id = given_out(desk, hers)
    with pytest.raises(FormGone):
        take(desk, engine, his, "k", Said(form=Filled(card_id, GOOD)))
    assert engine.seen == []
    assert take(desk, engine, hers, "k", Said(form=Filled(card_id, GOOD))).messages


def test_a_card_that_is_no_form_cannot_be_sent(desk, chat):
    conversation_id = chat("1001")
    card_id = None
    with desk.transaction() as session:
        card_id = conversations.keep_card(session, conversation_id, {"kind": "receipt"}, desk.clock.now())
    with pytest.raises(FormGone):
        take(desk, Engine(), conversation_id, "k", Said(form=Filled(card_id, {})))


def test_a_wrong_form_keeps_nothing_and_can_be_mended(desk, chat):
    conversation_id, engine = chat("1001"), Engine()
    card_id = given_out(desk, conversation_id)
    before = kept(desk), kept(desk, Turn)
    with pytest.raises(FormInvalid):
        take(desk, engine, conversation_id, "k", Said(form=Filled(card_id, {"mail": "no address"})))
    assert (kept(desk), kept(desk, Turn), engine.seen) == (*before, [])
    assert take(desk, engine, conversation_id, "k", Said(form=Filled(card_id, GOOD))).messages


@pytest.fixture
def door(desk):
    """The web API, with a session of its own."""
    client = TestClient(make_app(desk))
    opened = client.post("/api/v1/sessions").json()
    client.headers["Authorization"] = f"Bearer {opened['token']}"
    client.conversation = opened["conversation_id"]
    client.app.state.turns = Turns(desk, Engine())
    return client


def sent(door, form):
    return door.post("/api/v1/messages", json={"form": form})


def test_the_api_names_each_wrong_field(desk, door):
    answer = sent(door, {"id": given_out(desk, door.conversation), "values": {"mail": "x", "land": "Atlantis"}})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "form_invalid"
    assert [error["field"] for error in problem["errors"]] == ["mail", "land"]


def test_the_api_takes_a_good_form_and_never_tells_its_values_again(desk, door):
    answer = sent(door, {"id": given_out(desk, door.conversation), "values": GOOD})
    assert answer.status_code == 200, answer.text
    assert "new@example.com" not in door.get("/api/v1/messages").text


def test_the_api_says_that_a_form_is_gone(door):
    answer = sent(door, {"id": "f" * 32, "values": {}})
    assert (answer.status_code, answer.json()["code"]) == (410, "form_gone")


@pytest.mark.parametrize(
    "form",
    [
        {}, {"id": "f"}, {"id": "", "values": {}}, {"id": "f", "values": []}, {"id": "f", "values": {"a": 1}},
        {"id": "f", "values": {"a": None}}, {"id": "f", "values": {"a": {"b": "c"}}},
        {"id": "f", "values": {str(n): "" for n in range(MOST_FIELDS + 1)}}, {"id": "f", "values": {}, "more": 1},
    ],
)  # fmt: skip
def test_the_api_refuses_what_is_no_form(door, form):
    assert sent(door, form).status_code == 422


@pytest.mark.parametrize("one_more, status", [(True, 413), (False, 422)])
@pytest.mark.parametrize("body", [
    '{"text": "WORDS", "choice": "c"}', '{"choice": "WORDS"}', '{"form": {"id": "WORDS", "values": {}}}',
    '{"form": {"id": "CARD", "values": {"town": "WORDS"}}}', '{"form": {"id": "CARD", "values": {"WORDS": ""}}}',
    '{"form": {"id": "CARD", "values": {"town": {"of": ["WORDS"]}}}}',
], ids=["text", "choice", "id", "value", "name", "within"])  # fmt: skip
def test_what_is_longer_than_may_be_is_refused_with_one_sentence_wherever_it_stands(desk, door, body, one_more, status):
    body = body.replace("CARD", given_out(desk, door.conversation)).replace("WORDS", "x" * (4_000 + one_more))
    before = kept(desk), kept(desk, Turn)
    answer = door.post("/api/v1/messages", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert (answer.json()["code"] == "too_long") == one_more
    assert ("at most 4,000 characters" in answer.json()["detail"]) == one_more
    assert (kept(desk), kept(desk, Turn)) == before


def test_however_deep_something_is_wrapped_it_is_refused_as_no_form(door):
    body = '{"form": {"id": "f", "values": {"town": ' + "[" * 900 + "]" * 900 + "}}}"
    answer = door.post("/api/v1/messages", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
