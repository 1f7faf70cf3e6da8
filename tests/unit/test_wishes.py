"""Several things asked for in one message: in which order, what waits, and that nothing is lost or done untold."""

import asyncio
from datetime import timedelta

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.request import OpenRequest
from bot.clocks import SystemClock
from bot.config import PROJECT
from bot.errors import NotFound, Unavailable
from bot.privacy import wishes
from bot.store import conversations
from bot.store.announcements import sentence
from bot.store.desk_tables import ChatSession, Conversation, Message, WaitingWish
from bot.store.own_records import erase_conversation
from bot.web.engine_client import Reply
from bot.web.turns import Said, Turns
from tests.unit.conftest import NOON

COPY, ACCOUNT, ASK, DELETION = "request_export", "cancel_account", "ask_policy", "request_erasure"
DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
TWO = [{"intent": COPY, "text": "send me my data"}, {"intent": ACCOUNT, "text": "close my account"}]
YES_OR_NO = [{"title": "Yes, do it", "payload": "/affirm"}, {"title": "No, leave it", "payload": "/deny"}]
QUESTION = Reply([{"text": "Shall I?", "response": "utter_confirm", "buttons": YES_OR_NO}], COPY, asks=True)
DONE = Reply([{"text": "Done.", "response": "utter_done"}], "affirm")


def said(response, intent, *, asks=False):
    return Reply([{"text": "So.", "response": response}], intent, asks=asks)


class Engine:
    """Stands where Rasa stands: takes the first message apart, then answers as it is told to."""

    def __init__(self, *replies):
        self.replies, self.seen = list(replies), []

    async def turn(self, payload):
        self.seen.append(payload)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def say(desk, engine, chat_id, text, key=None):
    answered = asyncio.run(Turns(desk, engine).take(chat_id, key or text, Said(text=text)))
    return [message.response for message in answered.messages]


def press(desk, engine, chat_id, label):
    with desk.reading() as session:
        offered = conversations.open_question(session, conversations.conversation(session, chat_id))
    choice = next(each.id for each in offered if each.label == label)
    answered = asyncio.run(Turns(desk, engine).take(chat_id, f"press {choice}", Said(choice=choice)))
    return [message.response for message in answered.messages]


def states(desk):
    with desk.reading() as session:
        return {row.intent: row.state for row in session.scalars(select(WaitingWish))}


def begun(desk, chat, *replies, subject="1001"):
    """A chat in which two things were asked for and the question of the first is open."""
    chat_id, engine = chat(subject), Engine(Reply([], wishes=TWO), QUESTION, *replies)
    assert say(desk, engine, chat_id, "both") == ["utter_several_wishes", "utter_confirm"]
    return chat_id, engine


def test_what_is_asked_for_is_told_at_once_and_only_the_first_is_begun(desk, chat):
    chat_id, engine = begun(desk, chat)
    assert states(desk) == {COPY: "taken", ACCOUNT: "waiting"}
    assert engine.seen[1]["text"] == "send me my data" and engine.seen[1]["one_wish"] is True
    with desk.reading() as session:
        told = session.scalars(select(Message.text).where(Message.response == "utter_several_wishes")).one()
        assert "First: a copy of your data. After that: the end of your account." in told
        assert conversations.said_in(session, chat_id, engine.seen[1]["origin"]) == "send me my data"


def test_the_second_has_its_turn_with_its_own_question_when_the_first_is_agreed_to(desk, chat):
    chat_id, engine = begun(desk, chat, DONE, said("utter_plan", ACCOUNT, asks=True))
    assert press(desk, engine, chat_id, "Yes, do it") == ["utter_done", "utter_next_wish", "utter_plan"]
    assert engine.seen[3]["text"] == "close my account"
    assert states(desk) == {COPY: "taken", ACCOUNT: "taken"}


def test_the_second_has_its_turn_when_the_first_is_declined(desk, chat):
    chat_id, engine = begun(desk, chat, said("utter_not_filed", "deny"), said("utter_plan", ACCOUNT, asks=True))
    assert say(desk, engine, chat_id, "nope") == ["utter_not_filed", "utter_next_wish", "utter_plan"]


def test_the_second_waits_while_the_first_is_asked_about(desk, chat):
    chat_id, engine = begun(desk, chat, said("utter_answer", ASK, asks=True))
    assert say(desk, engine, chat_id, "how safe is it?") == ["utter_answer"]
    assert states(desk)[ACCOUNT] == "waiting"


def test_after_something_else_the_second_is_asked_about_twice_and_then_left_out_aloud(desk, chat):
    other = [said("utter_answer", ASK) for _ in range(4)]
    chat_id, engine = begun(desk, chat, *other)
    assert say(desk, engine, chat_id, "q1") == ["utter_answer", "utter_wish_waits"]
    assert say(desk, engine, chat_id, "q2") == ["utter_answer", "utter_wish_waits"]
    assert say(desk, engine, chat_id, "q3") == ["utter_answer", "utter_wishes_stopped"]
    assert say(desk, engine, chat_id, "q4") == ["utter_answer"]
    assert states(desk)[ACCOUNT] == "dropped"


@pytest.mark.parametrize("answer", ["yes", "the first one", "Yes, go on with that"])
def test_a_yes_to_that_question_takes_it_up(desk, chat, answer):
    chat_id, engine = begun(desk, chat, said("utter_answer", ASK), said("utter_plan", ACCOUNT, asks=True))
    say(desk, engine, chat_id, "q1")
    assert say(desk, engine, chat_id, answer) == ["utter_next_wish", "utter_plan"]


def test_a_no_to_that_question_leaves_it_out(desk, chat):
    chat_id, engine = begun(desk, chat, said("utter_answer", ASK))
    say(desk, engine, chat_id, "q1")
    assert say(desk, engine, chat_id, "no thanks") == ["utter_wish_left_out"]
    assert states(desk)[ACCOUNT] == "dropped"
    assert len(engine.seen) == 3


def test_only_the_first_leaves_out_the_second_and_offers_the_open_question_again(desk, chat):
    chat_id, engine = begun(desk, chat, DONE)
    assert say(desk, engine, chat_id, "no, just the first") == ["utter_wish_left_out"]
    assert states(desk)[ACCOUNT] == "dropped"
    assert press(desk, engine, chat_id, "Yes, do it") == ["utter_done"]
    assert engine.seen[2]["intent"] == "affirm"


def test_stop_leaves_out_both_and_offers_the_second_once_more(desk, chat):
    chat_id, engine = begun(desk, chat, said("utter_not_filed", "cancel"), said("utter_plan", ACCOUNT, asks=True))
    assert say(desk, engine, chat_id, "stop it") == ["utter_not_filed", "utter_wishes_stopped"]
    assert states(desk)[ACCOUNT] == "dropped"
    press(desk, engine, chat_id, "Close my account for good; my data goes with it")
    assert engine.seen[3]["intent"] == ACCOUNT


def test_the_second_in_other_words_is_taken_for_it(desk, chat):
    chat_id, engine = begun(desk, chat, said("utter_plan", "request_erasure"))
    assert say(desk, engine, chat_id, "delete me") == ["utter_plan"]
    assert states(desk)[ACCOUNT] == "taken"


def test_two_new_wishes_go_before_what_waits_already_and_take_the_place_of_the_same_wish(desk, chat):
    new = [{"intent": "file_complaint", "text": "I complain"}, {"intent": "request_erasure", "text": "delete it all"}]
    filed, plan = said("utter_filed", "file_complaint"), said("utter_plan", "request_erasure", asks=True)
    chat_id, engine = begun(desk, chat, Reply([], wishes=new), filed, plan)
    assert say(desk, engine, chat_id, "both anew") == [
        "utter_several_wishes", "utter_filed", "utter_next_wish", "utter_plan",
    ]  # fmt: skip
    assert set(states(desk).values()) == {"taken"}
    old = [{"intent": COPY, "text": "a copy"}, {"intent": "file_complaint", "text": "I complain"}]
    other, more = chat("1001"), Engine(Reply([], wishes=old), QUESTION, Reply([], wishes=[TWO[1], new[0]]), plan)
    say(desk, more, other, "one")
    say(desk, more, other, "two")
    assert more.seen[3]["text"] == "close my account"


@pytest.mark.parametrize("intent", ["ask_for_human", "person_first"])
def test_nobody_who_waits_for_a_person_is_asked_what_else_they_wanted(desk, chat, intent):
    chat_id, engine = begun(desk, chat, said("utter_person", intent), said("utter_greet", "greet"))
    assert say(desk, engine, chat_id, "help me") == ["utter_person"]
    assert say(desk, engine, chat_id, "hello") == ["utter_greet", "utter_wish_waits"]


def test_without_signing_in_both_are_told_to_come_back_with(desk, chat):
    chat_id, engine = chat(None), Engine(Reply([], wishes=TWO), said("utter_sign_in_needed", COPY))
    assert say(desk, engine, chat_id, "both") == [
        "utter_several_wishes", "utter_sign_in_needed", "utter_wishes_need_sign_in",
    ]  # fmt: skip
    assert states(desk)[ACCOUNT] == "dropped"


def test_a_turn_that_breaks_off_in_between_is_repeated_from_the_record_and_loses_nothing(desk, chat):
    chat_id, engine = begun(desk, chat, DONE, Unavailable(), DONE, said("utter_plan", ACCOUNT, asks=True))
    with pytest.raises(Unavailable):
        say(desk, engine, chat_id, "yes", key="k")
    assert states(desk)[ACCOUNT] == "waiting"
    assert say(desk, engine, chat_id, "yes", key="k") == ["utter_done", "utter_next_wish", "utter_plan"]
    assert engine.seen[2] == engine.seen[4] and engine.seen[3] == engine.seen[5]


def test_a_first_message_that_breaks_off_is_not_read_anew_by_the_form_that_it_opened(desk, chat):
    chat_id, engine = chat("1001"), Engine(Reply([], wishes=TWO), Unavailable(), QUESTION)
    with pytest.raises(Unavailable):
        say(desk, engine, chat_id, "both", key="k")
    assert say(desk, engine, chat_id, "both", key="k") == ["utter_several_wishes", "utter_confirm"]
    first, *others = (payload["text"] for payload in engine.seen)
    assert first == "both" and others == ["send me my data"] * 2
    assert engine.seen[1]["message"] == engine.seen[2]["message"], "the engine answers it from its record"
    assert states(desk) == {COPY: "taken", ACCOUNT: "waiting"}


def test_a_wish_that_was_put_off_does_not_stand_for_the_message_that_put_it_off(desk, chat):
    chat_id = chat("1001")
    with desk.transaction() as session:
        talk = conversations.conversation(session, chat_id)
        for _ in range(2):
            wishes.keep_for_later(session, NOON, talk, "77", ACCOUNT, "close my account")
        assert wishes.kept_of(session, 77) == []
    assert states(desk) == {ACCOUNT: "waiting"}


def test_two_things_that_one_message_makes_wait_both_wait(desk, chat):
    chat_id = chat("1001")
    with desk.transaction() as session:
        talk = conversations.conversation(session, chat_id)
        wishes.keep_for_later(session, NOON, talk, "77", "file_complaint")
        for _ in range(2):
            wishes.keep_for_later(session, NOON, talk, "77", DELETION, "delete my data")
    assert states(desk) == {"file_complaint": "waiting", DELETION: "waiting"}


class CopyFirst(Engine):
    """Hears of a copy while a deletion stands at its question, and opens the copy as the rules do."""

    def __init__(self, desk, asked, *replies):
        super().__init__(*replies)
        self.desk, self.asked = desk, asked

    async def turn(self, payload):
        if payload.get("text") == "first a copy, please":
            latest = {"intent": {"name": COPY}, "intent_ranking": [{"name": COPY}, {"name": ASK}]}
            latest["metadata"] = {"message": payload["message"]}
            slots, loop = {"request_kind": "erasure", "request_message": self.asked}, {"name": "request_form"}
            tracker = Tracker(payload["conversation"], slots, latest, [], False, None, loop, "action_listen")
            await OpenRequest(self.desk).run(CollectingDispatcher(), tracker, DOMAIN)
        return await super().turn(payload)


def test_a_deletion_that_waits_for_a_copy_keeps_its_values_from_the_engine_and_loses_none(desk, chat):
    chat_id, typed = chat("1001"), "Delete everything about q-canary@example.com"
    plan, declined = said("utter_plan", DELETION, asks=True), said("utter_not_filed", "deny")
    first = Engine(plan)
    say(desk, first, chat_id, typed)
    engine = CopyFirst(desk, first.seen[0]["message"], QUESTION, declined, plan, QUESTION, declined, plan)
    say(desk, engine, chat_id, "first a copy, please")
    assert press(desk, engine, chat_id, "No, leave it") == ["utter_not_filed", "utter_next_wish", "utter_plan"]
    taken_up = engine.seen[2]
    assert taken_up["text"] == "Delete everything about ‹email›"
    assert not [sent for sent in engine.seen if "q-canary" in str(sent)]
    with desk.reading() as session:
        assert conversations.said_in(session, chat_id, taken_up["origin"]) == typed
    engine.asked = taken_up["origin"]
    say(desk, engine, chat_id, "first a copy, please", key="once more")
    assert press(desk, engine, chat_id, "No, leave it")[-1] == "utter_plan", "it waits a second time too"
    assert engine.seen[5]["text"] == taken_up["text"] and engine.seen[5]["origin"] == taken_up["origin"]
    assert states(desk) == {DELETION: "taken"}


def test_a_deletion_by_its_button_comes_back_as_that_button_and_no_label_is_read(desk, chat):
    chat_id, plan = chat("1001"), said("utter_plan", DELETION, asks=True)
    engine = CopyFirst(desk, None, QUESTION, said("utter_not_filed", "deny"), plan)
    say(desk, engine, chat_id, "first a copy, please")
    assert press(desk, engine, chat_id, "No, leave it") == ["utter_not_filed", "utter_next_wish", "utter_plan"]
    assert engine.seen[2]["intent"] == DELETION and "text" not in engine.seen[2]
    assert engine.seen[2]["label"] == sentence(f"utter_choice_{DELETION}")


def test_a_repeat_of_the_message_keeps_nothing_twice(desk, chat):
    chat_id, engine = chat("1001"), Engine(Reply([], wishes=TWO), Unavailable(), QUESTION)
    with pytest.raises(Unavailable):
        say(desk, engine, chat_id, "both", key="k")
    assert say(desk, engine, chat_id, "both", key="k") == ["utter_several_wishes", "utter_confirm"]
    assert say(desk, engine, chat_id, "both", key="k") == ["utter_several_wishes", "utter_confirm"]
    with desk.reading() as session:
        assert len(session.scalars(select(WaitingWish)).all()) == 2


def test_when_a_person_takes_over_meanwhile_the_second_waits_on(desk, chat):
    chat_id, _ = begun(desk, chat)

    class TakenMeanwhile(Engine):
        async def turn(self, payload):
            if payload.get("intent") == "affirm":
                with desk.transaction() as session:
                    taken = session.get(Conversation, chat_id)
                    taken.owner, taken.ownership = "person", taken.ownership + 1
            return await super().turn(payload)

    assert press(desk, TakenMeanwhile(DONE, said("utter_plan", ACCOUNT, asks=True)), chat_id, "Yes, do it") == []
    assert states(desk)[ACCOUNT] == "waiting"


def test_after_a_person_it_is_asked_about_even_when_the_first_words_are_a_yes(desk, chat):
    chat_id, engine = begun(desk, chat, said("utter_affirm_alone", "affirm"))
    with desk.transaction() as session:
        answered = session.get(Conversation, chat_id)
        answered.ownership += 1
    assert say(desk, engine, chat_id, "go on then") == ["utter_affirm_alone", "utter_wish_waits"]


def end_sessions(desk, chat_id, at=NOON - timedelta(days=400)):
    with desk.transaction() as session:
        for row in session.scalars(select(ChatSession).where(ChatSession.conversation_id == chat_id)):
            row.expires_at = at


def test_what_waits_follows_its_person_into_the_next_chat_and_nobody_else(desk, chat):
    chat_id, _ = begun(desk, chat)
    end_sessions(desk, chat_id)
    hello = said("utter_greet", "greet")
    assert say(desk, Engine(hello), chat("1002"), "hello") == ["utter_greet"]
    assert say(desk, Engine(hello), chat(None), "hello") == ["utter_greet"]
    mine = chat("1001")
    assert say(desk, Engine(hello), mine, "hello") == ["utter_greet", "utter_wish_waits"]
    engine = Engine(said("utter_plan", ACCOUNT, asks=True))
    assert say(desk, engine, mine, "yes") == ["utter_next_wish", "utter_plan"]
    with desk.reading() as session:
        assert conversations.said_in(session, mine, engine.seen[0]["origin"]) == "close my account"
        with pytest.raises(NotFound):
            conversations.said_in(session, chat_id, engine.seen[0]["origin"])


def test_what_waits_stays_where_its_chat_can_still_be_opened(desk, chat):
    chat_id, _ = begun(desk, chat)
    end_sessions(desk, chat_id, SystemClock().now() + timedelta(hours=1))
    assert say(desk, Engine(said("utter_greet", "greet")), chat("1001"), "hello") == ["utter_greet"]


def test_what_waits_is_unreadable_in_the_database_and_goes_with_its_chat(desk, chat):
    chat_id, _ = begun(desk, chat)
    with desk.engine.connect() as connection:
        assert "account" not in str(connection.exec_driver_sql("SELECT words FROM waiting_wishes").all())
    with desk.transaction() as session:
        assert erase_conversation(session, chat_id, NOON + timedelta(days=1), NOON)
    assert states(desk) == {}


@pytest.mark.parametrize(
    ("asked", "dealt_with", "copy_first"),
    [
        ([COPY, ACCOUNT], [COPY, ACCOUNT], False),
        ([ACCOUNT, COPY], [COPY, ACCOUNT], True),
        (["request_erasure", "file_complaint", COPY], [COPY, "request_erasure", "file_complaint"], True),
        ([ACCOUNT, ASK], [ASK, ACCOUNT], False),
        (["file_complaint", COPY], ["file_complaint", COPY], False),
        ([ACCOUNT, "file_complaint"], [ACCOUNT, "file_complaint"], False),
    ],
)
def test_questions_come_first_a_copy_before_a_deletion_and_the_rest_as_it_was_said(asked, dealt_with, copy_first):
    ordered, first = wishes.in_order([{"intent": each, "text": each} for each in asked])
    assert ([each["intent"] for each in ordered], first) == (dealt_with, copy_first)


@pytest.mark.parametrize(
    "text",
    ["no, just the first", "Only the first one please", "just do the first", "forget the second", "skip the other one",
     "never mind the second thing", "not the second one", "Leave out the rest, thanks",
     "actually, forget about the other"],
)  # fmt: skip
def test_words_that_leave_out_the_second(text):
    assert wishes.leaves_out(text)


@pytest.mark.parametrize(
    "text",
    ["no", "stop", "forget me", "the first one", "the second", "delete the second address",
     "forget the second order I made", "just the first name is wrong", "not now", "only the newsletter"],
)  # fmt: skip
def test_words_that_leave_out_nothing(text):
    assert not wishes.leaves_out(text)


def test_only_the_first_means_nothing_special_when_nothing_waits(desk, chat):
    chat_id, engine = chat("1001"), Engine(said("utter_fallback", "nlu_fallback"))
    assert say(desk, engine, chat_id, "no, just the first") == ["utter_fallback"]
    assert engine.seen[0]["text"] == "no, just the first"


def test_every_wish_that_can_wait_has_its_name_and_its_button(desk):
    named = [
        wishes.name_of(intent) for intent in (COPY, ACCOUNT, ASK, "file_complaint", "shop_question", "ask_for_human")
    ]
    assert len(set(named)) == 6
    assert sentence(f"utter_choice_{ACCOUNT}")


def test_each_part_of_a_message_has_its_own_values(desk, chat):
    chat_id = chat("1001")
    typed = "change my e-mail to q-canary@example.com and tell me where PR-2026-090731 is"
    masked = "change my e-mail to ‹email› and tell me where ‹request› is"
    parts = [
        {"intent": "request_rectification", "text": "change my e-mail to ‹email›"},
        {"intent": "ask_request_status", "text": "tell me where ‹request› is"},
    ]
    engine = Engine(Reply([], wishes=parts), DONE, QUESTION)
    say(desk, engine, chat_id, typed)
    assert engine.seen[0]["text"] == masked
    with desk.reading() as session:
        origins = [sent["origin"] for sent in engine.seen[1:]]
        told = {conversations.said_in(session, chat_id, origin) for origin in origins}
        assert "tell me where PR-2026-090731 is" in told
        assert not [sent for sent in engine.seen if "q-canary" in str(sent) or "090731" in str(sent)]
