"""A person takes over, talks, and hands back; what anybody else reads, hears or keeps of it."""

import asyncio
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select, update

from actions.handoff import HandOff, PersonFirst
from actions.request import SubmitForm
from bot.errors import Conflict, FormGone, Invalid, NotFound, TooLong
from bot.privacy import (
    complaint,
    complaint_answer,
    complaint_reply,
    handoff,
    handoff_lists,
    handoff_ownership,
    handoff_rating,
    handoff_talk,
    handoff_view,
)
from bot.privacy.handoff_live import live
from bot.privacy.handoff_ownership import Agent
from bot.privacy.handoff_queue import promised_at
from bot.privacy.policy_question import Citation
from bot.store import conversations
from bot.store.announcements import announce
from bot.store.desk_tables import (
    AuditEntry,
    Case,
    Conversation,
    DailyCount,
    Handoff,
    HandoffNote,
    Mail,
    Message,
    Satisfaction,
)
from bot.store.engine import for_reading, make_engine
from bot.vocabulary import CaseKind, HandoffState, RequestKind
from bot.web.app import make_app
from bot.web.forms import Filled
from bot.web.turns import Said, Turns, present
from tests import rights
from tests.unit.conftest import open_chat
from tests.unit.test_turns import Engine

MIA, TOM = Agent("staff:1", "Mia"), Agent("staff:2", "Tom")
ADA = "1001"


def ask(desk, conversation_id, origin="1"):
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return handoff.ask_for_person(session, desk, desk.clock.now(), chat, origin, "someone@example.com").standing


def act(desk, what, conversation_id, *rest, **more):
    with desk.transaction() as session:
        return what(session, desk, conversation_id, *rest, **more)


def user_says(desk, conversation_id, text, engine=None, key=None):
    turns = Turns(desk, engine or Engine())
    return asyncio.run(turns.take(conversation_id, key or text, Said(text=text)))


def all_of(desk, table):
    with desk.reading() as session:
        return session.scalars(select(table).order_by(*table.__table__.primary_key.columns)).all()


def talk(desk, conversation_id):
    with desk.reading() as session:
        return [(m.author, m.text) for m in conversations.messages_after(session, conversation_id)]


def chat_of(desk, conversation_id):
    with desk.reading() as session:
        return conversations.conversation(session, conversation_id)


def let_lease_end(desk):
    with desk.transaction() as session:
        session.execute(update(Conversation).values(owner_until=datetime.now(UTC) - timedelta(seconds=1)))


def shop_away(desk):
    """The same desk while the shop's database does not answer."""
    away = copy(desk.shop)
    away.engine = make_engine(f"sqlite:///{desk.settings.desk_home / 'no such folder' / 'shop.sqlite3'}")
    away._reads = for_reading(away.engine)
    return replace(desk, shop=away)


def test_what_is_said_to_a_person_reaches_the_person_and_not_the_engine(desk, chat):
    mine, engine = chat(ADA), Engine()
    act(desk, handoff_ownership.take, mine, MIA)
    for words in ("Hello?", "/restart", "/ask_policy{}"):
        answered = user_says(desk, mine, words, engine)
        assert (answered.messages, answered.owner) == ([], "person")
    assert engine.seen == []
    assert [text for author, text in talk(desk, mine) if author == "user"] == ["Hello?", "/restart", "/ask_policy{}"]


def test_a_reply_of_the_bot_that_comes_late_is_dropped(desk, chat):
    mine = chat(ADA)

    class TakenMeanwhile(Engine):
        async def turn(self, payload):
            act(desk, handoff_ownership.take, mine, MIA)
            return await super().turn(payload)

    answered = user_says(desk, mine, "Hello", TakenMeanwhile())
    assert (answered.messages, answered.owner) == ([], "person")
    assert [author for author, _ in talk(desk, mine)] == ["user", "system"]


def test_a_reply_from_before_is_dropped_although_the_bot_owns_the_conversation_again(desk, chat):
    mine = chat(ADA)

    class TakenAndHandedBack(Engine):
        async def turn(self, payload):
            act(desk, handoff_ownership.take, mine, MIA)
            act(desk, handoff_ownership.hand_back, mine, MIA, seen=10_000)
            return await super().turn(payload)

    assert user_says(desk, mine, "Hello", TakenAndHandedBack()).messages == []
    assert [author for author, _ in talk(desk, mine)] == ["user", "system", "bot"]


def test_a_wish_whose_turn_runs_again_after_the_talk_is_over_calls_nobody_anew(desk, chat):
    mine, bystander = chat(ADA), chat("1002")
    first = ask(desk, mine, origin="7")
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_ownership.hand_back, mine, MIA, seen=10_000)
    assert ask(desk, mine, origin="7").number == first.number
    assert [row.state for row in all_of(desk, Handoff)] == [HandoffState.ENDED]
    ask(desk, bystander, origin="8")
    assert ask(desk, mine, origin="9").number != first.number, "a new wish is a new one"
    assert len(all_of(desk, Handoff)) == 3


def test_only_one_agent_gets_a_conversation_and_only_they_may_speak_in_it(desk, chat):
    mine = chat(ADA)
    ask(desk, mine)
    act(desk, handoff_ownership.take, mine, MIA)
    for refused in (
        lambda: act(desk, handoff_ownership.take, mine, TOM),
        lambda: act(desk, handoff_talk.say, mine, TOM, "Hello", "k"),
        lambda: act(desk, handoff_ownership.hand_back, mine, TOM, seen=10_000),
        lambda: act(desk, handoff_ownership.release, mine, TOM),
        lambda: act(desk, handoff_view.reveal, mine, TOM, "customers.email", "answer"),
    ):
        with pytest.raises(Conflict):
            refused()
    act(desk, handoff_ownership.take, mine, MIA)
    assert len([entry for entry in all_of(desk, AuditEntry) if entry.event == "handoff_taken"]) == 1


def test_an_agent_says_the_same_message_once_however_often_it_is_sent(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    for _ in range(3):
        act(desk, handoff_talk.say, mine, MIA, "Hello", "k")
    with pytest.raises(Conflict):
        act(desk, handoff_talk.say, mine, MIA, "Something else", "k")
    assert talk(desk, mine)[1:] == [("agent", "Hello")]
    for nothing in ("", "  \x00 "):
        with pytest.raises(Invalid):
            act(desk, handoff_talk.say, mine, MIA, nothing, "l")
    with pytest.raises(TooLong):
        act(desk, handoff_talk.say, mine, MIA, "a" * 4001, "l")


def test_a_form_that_is_sent_while_a_person_answers_is_not_swallowed(desk, chat):
    mine = chat(ADA)
    with desk.transaction() as session:
        card = conversations.keep_card(session, mine, handoff.message_form(), desk.clock.now())
    act(desk, handoff_ownership.take, mine, MIA)
    said = Said(form=Filled(card, {"message": "Hello"}))
    with pytest.raises(FormGone, match="A person is answering"):
        asyncio.run(Turns(desk, Engine()).take(mine, "k", said))
    assert [author for author, _ in talk(desk, mine)] == ["system"]


def test_a_lease_that_ends_brings_the_conversation_back_to_the_place_it_had(desk, chat):
    mine, other = chat(ADA), chat(None)
    ask(desk, mine)
    desk.clock.advance(timedelta(minutes=1))
    ask(desk, other, "2")
    act(desk, handoff_ownership.take, mine, MIA)
    assert handoff_ownership.return_left(desk) == 0
    user_says(desk, mine, "Are you still there?")
    let_lease_end(desk)
    assert handoff_ownership.return_left(desk) == 1
    assert handoff_ownership.return_left(desk) == 0
    assert (chat_of(desk, mine).owner, chat_of(desk, mine).owner_staff) == ("bot", None)
    assert [(h.state, h.conversation_id) for h in all_of(desk, Handoff)] == [("waiting", mine), ("waiting", other)]
    assert "at place 1" in talk(desk, mine)[-1][1]
    act(desk, handoff_ownership.take, mine, TOM)
    with desk.reading() as session:
        assert "Are you still there?" in [line.text for line in handoff_view.transcript(session, desk, mine)]


def overdue(desk):
    with desk.reading() as session:
        late = handoff_lists.listed(session, desk.clock.now(), handoff_lists.Show.OVERDUE, MIA.id)
    return [row.conversation_id for row in late]


@pytest.mark.parametrize("gone", ["released", "page closed"])
def test_who_is_back_in_the_queue_after_an_answer_is_promised_the_next_and_counts_as_late_without_it(desk, chat, gone):
    mine, bystander = chat(ADA), chat("1002")
    ask(desk, mine)
    for each in (mine, bystander):
        act(desk, handoff_ownership.take, each, MIA)
        act(desk, handoff_talk.say, each, MIA, "One moment", "k")
    desk.clock.advance(timedelta(days=1))
    if gone == "released":
        act(desk, handoff_ownership.release, mine, MIA)
    else:
        with desk.transaction() as session:
            over = datetime.now(UTC) - timedelta(seconds=1)
            session.execute(update(Conversation).where(Conversation.id == mine).values(owner_until=over))
        assert handoff_ownership.return_left(desk) == 1
    promised = promised_at(desk.settings, desk.clock.now())
    with desk.reading() as session:
        assert live(session, conversations.conversation(session, mine)).promised_at == promised
    assert overdue(desk) == []
    desk.clock.advance(promised - desk.clock.now() + timedelta(minutes=1))
    assert overdue(desk) == [mine]
    act(desk, handoff_ownership.take, mine, TOM)
    act(desk, handoff_talk.say, mine, TOM, "Here I am", "l")
    assert overdue(desk) == []


def test_taking_somebody_and_putting_them_back_unanswered_puts_no_promise_off(desk, chat):
    mine = chat(ADA)
    promised = ask(desk, mine).promised_at
    desk.clock.advance(timedelta(days=2))
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_ownership.release, mine, MIA)
    assert (all_of(desk, Handoff)[0].promised_at, overdue(desk)) == (promised, [mine])


def test_a_page_that_is_open_keeps_its_conversations_and_nobody_elses(desk, chat):
    mine, toms = chat(ADA), chat(None)
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_ownership.take, toms, TOM)
    let_lease_end(desk)
    with desk.transaction() as session:
        assert handoff_ownership.keep(session, MIA.id) == 1
    assert handoff_ownership.return_left(desk) == 1
    assert (chat_of(desk, mine).owner_staff, chat_of(desk, toms).owner_staff) == (MIA.id, None)


def test_a_conversation_that_an_agent_has_without_a_hand_off_goes_back_to_the_bot_although_their_page_is_open(
    desk, chat
):
    mine, other = chat(ADA), chat("1002")
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_ownership.take, other, MIA)
    with desk.transaction() as session:
        session.execute(update(Handoff).where(Handoff.conversation_id == mine).values(state=HandoffState.ENDED))
    let_lease_end(desk)
    with desk.transaction() as session:
        assert handoff_ownership.keep(session, MIA.id) == 1
    assert (handoff_ownership.return_left(desk), handoff_ownership.return_left(desk)) == (1, 0)
    assert (chat_of(desk, mine).owner, chat_of(desk, other).owner) == ("bot", "person")
    assert len(user_says(desk, mine, "Hello").messages) == 1, "the bot answers"
    act(desk, handoff_ownership.take, mine, TOM)
    assert chat_of(desk, mine).owner_staff == TOM.id


def test_nobody_hands_back_over_words_they_have_not_read(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    with desk.reading() as session:
        seen = conversations.newest_message_id(session, mine)
    user_says(desk, mine, "One more thing")
    with pytest.raises(Conflict, match="something more"):
        act(desk, handoff_ownership.hand_back, mine, MIA, seen=seen)
    act(desk, handoff_ownership.hand_back, mine, MIA, seen=seen + 1)
    assert chat_of(desk, mine).owner == "bot"


def test_after_a_person_the_first_turn_begins_anew_and_the_next_does_not(desk, chat):
    mine, engine = chat(ADA), Engine()
    user_says(desk, mine, "First", engine)
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_ownership.hand_back, mine, MIA, seen=10_000)
    user_says(desk, mine, "Second", engine)
    user_says(desk, mine, "Third", engine)
    assert [payload.get("begin_anew") for payload in engine.seen] == [None, True, None]


def test_a_transfer_goes_to_the_colleague_and_comes_back_to_the_queue_when_they_do_not_come(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    with pytest.raises(Conflict):
        act(desk, handoff_ownership.transfer, mine, MIA, MIA)
    act(desk, handoff_ownership.transfer, mine, MIA, TOM)
    given = [entry for entry in all_of(desk, AuditEntry) if entry.event == "handoff_transferred"]
    assert [(e.reference, e.actor) for e in given] == [(f"{all_of(desk, Handoff)[0].case_number}:{TOM.id}", MIA.id)]
    act(desk, handoff_talk.say, mine, TOM, "I am Tom", "k")
    with pytest.raises(Conflict):
        act(desk, handoff_talk.say, mine, MIA, "And I am Mia", "l")
    let_lease_end(desk)
    handoff_ownership.return_left(desk)
    assert all_of(desk, Handoff)[0].state == "waiting"


def test_urgent_ones_wait_before_those_who_merely_asked(desk, chat):
    asked, urgent = chat(None), chat(ADA)
    assert ask(desk, asked).place == 1
    desk.clock.advance(timedelta(minutes=5))
    with desk.transaction() as session:
        person, now = conversations.conversation(session, urgent), desk.clock.now()
        filed = complaint.file_case(
            session, desk.settings, now, person, CaseKind.SECURITY_REPORT, "9", now + timedelta(days=30), None
        )
        assert handoff.call_person(session, desk, now, person, filed.number).place == 1
    assert ask(desk, asked, "3").place == 2


def test_what_the_desk_announces_while_a_person_answers_is_a_note_and_not_the_bot(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    with desk.transaction() as session:
        announce(session, desk.clock.now(), mine, "utter_request_expired", number="PR-2026-000001", days="14")
    assert [author for author, _ in talk(desk, mine)] == ["system", "system"]


def test_who_went_away_gets_the_answer_by_mail_once_and_who_has_read_it_gets_none(desk, chat):
    away, reading = chat(ADA), chat("1002")
    for mine in (away, reading):
        act(desk, handoff_ownership.take, mine, MIA)
        act(desk, handoff_talk.say, mine, MIA, "Your invoice is corrected.", "k")
    with desk.transaction() as session:
        handoff_talk.user_read(session, reading, conversations.newest_message_id(session, reading))
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert handoff_talk.mail_those_away(desk) == 1
    assert handoff_talk.mail_those_away(desk) == 0
    (mail,) = all_of(desk, Mail)
    assert mail.recipient == desk.email_of(ADA)
    assert "Your invoice is corrected." in mail.text and "corrected" not in mail.subject_line


@pytest.mark.parametrize("mailed_between", [True, False])
def test_the_mail_of_a_second_talk_holds_what_was_said_in_it_and_nothing_of_the_first(desk, chat, mailed_between):
    mine, bystander = chat(ADA), chat("1002")
    act(desk, handoff_ownership.take, bystander, MIA)

    def let_pass():
        with desk.transaction() as session:
            session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=1)))

    for agent, words in ((MIA, "Your invoice is corrected."), (TOM, "Your parcel is on its way.")):
        act(desk, handoff_ownership.take, mine, agent)
        act(desk, handoff_talk.say, mine, agent, words, words)
        act(desk, handoff_ownership.hand_back, mine, agent, seen=10_000)
        if mailed_between:
            let_pass()
            assert handoff_talk.mail_those_away(desk) == 1
    let_pass()
    assert handoff_talk.mail_those_away(desk) == (0 if mailed_between else 2)
    first, second = (mail.text for mail in all_of(desk, Mail))
    assert "Mia" in first and "invoice" in first and "parcel" not in first
    assert "Tom" in second and "parcel" in second and "invoice" not in second
    assert {mail.recipient for mail in all_of(desk, Mail)} == {desk.email_of(ADA)}


def test_who_has_the_chat_open_gets_no_mail(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_talk.say, mine, MIA, "Hello", "k")
    with desk.transaction() as session:
        handoff_talk.user_is_there(session, mine)
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert handoff_talk.mail_those_away(desk) == 0


def test_typing_and_read_marks_go_both_ways_and_a_mark_of_the_future_does_not_count(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    newest = act(desk, handoff_talk.say, mine, MIA, "Hello", "k").id
    with desk.transaction() as session:
        handoff_talk.agent_types(session, mine, MIA)
        handoff_talk.agent_read(session, mine, MIA, newest)
        handoff_talk.user_types(session, mine, True)
        handoff_talk.user_read(session, mine, newest + 50)
    with desk.reading() as session:
        now = live(session, conversations.conversation(session, mine))
        row = session.scalars(select(Handoff)).one()
    assert (now.agent_types, now.agent_read, now.name) == (True, newest, "Mia")
    assert row.user_read == 0 and row.user_typing_until > datetime.now(UTC)


def test_that_somebody_types_is_kept_only_while_an_agent_has_their_conversation(desk, chat):
    mine = chat(ADA)
    act(desk, handoff_ownership.take, mine, MIA)
    with desk.transaction() as session:
        session.execute(update(Handoff).values(state=HandoffState.WAITING))
        handoff_talk.user_types(session, mine, True)
    with desk.reading() as session:
        assert session.scalars(select(Handoff.user_typing_until)).one() is None


@pytest.mark.parametrize("longer", ["", ":" + "x" * 110])
def test_a_key_that_a_person_chooses_never_stands_where_the_desk_puts_its_own(desk, chat, longer):
    mine, bystander, engine = chat(ADA), chat(None), Engine()
    handoff_id = act(desk, handoff_ownership.take, mine, MIA).id
    keys = [f"handback:{handoff_id}{longer}", f"staff:k{longer}", f"staff:helpdesk:1{longer}", "handback", "k"]
    for conversation_id in (mine, bystander):
        for key in (*keys, *keys):
            user_says(desk, conversation_id, f"Hello {key}", engine, key=key)
    assert [text for author, text in talk(desk, mine) if author == "user"] == [f"Hello {key}" for key in keys]
    assert len(engine.seen) == len(keys), "a repeat does nothing twice, whatever its key"
    with pytest.raises(Conflict):
        user_says(desk, bystander, "Something else", engine, key=keys[0])
    assert act(desk, handoff_talk.say, mine, MIA, "I am here", f"k{longer}").author == "agent"
    with desk.transaction() as session:
        assert not handoff_talk.was_said(session, mine, f"helpdesk:1{longer}")
    act(desk, handoff_ownership.hand_back, mine, MIA, seen=10_000)
    assert chat_of(desk, mine).owner == "bot"


def test_an_agent_sees_values_hidden_and_each_look_is_written_down_with_its_reason(desk, chat):
    mine, email = chat(ADA), desk.email_of(ADA)
    name = str(desk.shop.customer(ADA)["name"])
    user_says(desk, mine, f"I am {name}, {email}, phone +44 20 7946 0958, about PR-2026-000001")
    act(desk, handoff_ownership.take, mine, MIA)
    with desk.reading() as session:
        line = handoff_view.transcript(session, desk, mine)[0]
        shown = str(handoff_view.details(desk, ADA))
    assert line.hidden and "PR-2026-000001" in line.text
    for value in (email, name, "7946"):
        assert value not in line.text and value not in shown, value
    with pytest.raises(Invalid):
        act(desk, handoff_view.reveal, mine, MIA, "customers.email", "curiosity")
    with pytest.raises(NotFound):
        act(desk, handoff_view.reveal, mine, MIA, "customers.password", "answer")
    assert act(desk, handoff_view.reveal, mine, MIA, "customers.email", "identity") == email
    assert email in act(desk, handoff_view.reveal, mine, MIA, f"message:{line.id}", "answer")
    looks = [entry for entry in all_of(desk, AuditEntry) if entry.event == "value_revealed"]
    assert [(look.reference, look.actor) for look in looks] == [
        ("customers.email:identity", MIA.id),
        (f"message:{line.id}:answer", MIA.id),
    ]
    assert email not in str([vars(look) for look in looks])


def test_people_are_answered_while_the_shop_does_not_answer_and_values_with_a_shape_stay_hidden(desk, chat):
    mine, bystander, email = chat(ADA), chat(None), desk.email_of(ADA)
    name = str(desk.shop.customer(ADA)["name"])
    for waits in (mine, bystander):
        user_says(desk, waits, f"I am {name}, {email}")
    number = ask(desk, mine).number
    with desk.transaction() as session:
        session.get_one(Case, number).statement = f"Write to {email}"
    alone = shop_away(desk)
    with alone.reading() as session:
        line, answer = handoff_view.transcript(session, alone, mine)[:2]
        other = handoff_view.transcript(session, alone, bystander)[0]
        facts = handoff_view.summary(session, alone, mine)
    assert email not in line.text + str(facts.last_words) + str(facts.statement) and line.hidden and facts.statement
    assert name in line.text and not line.names_hidden, "nobody knows the name, and that is said"
    assert answer.names_hidden and other.names_hidden, "the bot names nobody, and of a visitor nothing is on file"
    assert handoff_view.details(alone, ADA) is None
    act(alone, handoff_ownership.take, mine, MIA)
    act(alone, handoff_talk.say, mine, MIA, "I am here", "k")
    assert email in act(alone, handoff_view.reveal, mine, MIA, f"message:{line.id}", "answer")
    with desk.reading() as session:
        line = handoff_view.transcript(session, desk, mine)[0]
    assert line.names_hidden and name not in line.text


def test_the_outcome_of_a_hand_back_is_read_by_the_person_alone_and_hidden_from_everybody_else(desk, chat):
    mine, bystander, email = chat(ADA), chat(None), desk.email_of(ADA)
    name = str(desk.shop.customer(ADA)["name"])
    outcome = f"I wrote to {email} for {name}, phone +44 20 7946 0958."
    said = []
    for handed, words in ((mine, outcome), (bystander, "")):
        act(desk, handoff_ownership.take, handed, MIA)
        said.append(act(desk, handoff_ownership.hand_back, handed, MIA, 0, words))
    kept = next(message for message in all_of(desk, Message) if message.id == said[0].id)
    assert email not in kept.text and "7946" not in kept.text, "no list and no engine that reads the text sees it"
    assert outcome in present(kept)["text"]
    with desk.reading() as session:
        line = handoff_view.transcript(session, desk, mine)[-1]
        other = handoff_view.transcript(session, desk, bystander)[-1]
    assert line.hidden and "What came of it: I wrote to" in line.text
    for value in (email, name, "7946"):
        assert value not in line.text, value
    assert (other.text, other.hidden) == (said[1].text, False)


def test_a_message_of_another_conversation_cannot_be_revealed(desk, chat):
    mine, foreign = chat(ADA), chat("1002")
    user_says(desk, foreign, "secret")
    act(desk, handoff_ownership.take, mine, MIA)
    foreign_id = next(m.id for m in all_of(desk, Message) if m.conversation_id == foreign)
    with pytest.raises(NotFound):
        act(desk, handoff_view.reveal, mine, MIA, f"message:{foreign_id}", "answer")


def test_the_summary_holds_facts(desk, chat):
    mine = chat(ADA)
    user_says(desk, mine, "Where is my copy?")
    number = ask(desk, mine).number
    with desk.reading() as session:
        facts = handoff_view.summary(session, desk, mine)
    assert (facts.number, facts.reason, facts.signed_in, facts.verified_at) == (number, "asked", True, None)
    assert facts.last_words == ["Where is my copy?"] and not facts.overdue
    desk.clock.advance(timedelta(days=5))
    with desk.reading() as session:
        assert handoff_view.summary(session, desk, mine).overdue


def test_a_long_chat_is_read_to_its_end_by_the_agent_and_by_the_person(desk, chat):
    bystander, now = chat(None), datetime.now(UTC)
    with desk.transaction() as session:
        mine, token = conversations.open_session(session, ADA, now, now + timedelta(hours=1))
        for number in range(601):
            words = {"author": "user" if number < 600 else "bot", "text": f"Words {number}", "created_at": now}
            quoted = [Citation("c", "1", f"Clause {number}", "c", 0, 1, "/policy").as_dict()] if number == 600 else []
            session.add(Message(conversation_id=mine, citations=quoted, choices=[], **words))
    user_says(desk, mine, "My last question")
    user_says(desk, bystander, "Hello")
    with desk.reading() as session:
        lines = handoff_view.transcript(session, desk, mine)
        facts = handoff_view.summary(session, desk, mine)
        assert [line.text for line in handoff_view.transcript(session, desk, bystander)] == ["Hello", "Fine."]
    assert [line.text for line in lines] == [text for _, text in talk(desk, mine)] and len(lines) == 603
    assert facts.last_words == ["Words 598", "Words 599", "My last question"] and facts.clauses == ["Clause 600"]
    act(desk, handoff_ownership.take, mine, MIA)
    act(desk, handoff_ownership.hand_back, mine, MIA, seen=lines[-1].id)
    answer = TestClient(make_app(desk)).get("/api/v1/messages", headers={"Authorization": f"Bearer {token}"})
    assert [each["text"] for each in answer.json()["messages"]] == [text for _, text in talk(desk, mine)]
    assert len(talk(desk, mine)) > 603


def test_the_rating_is_kept_without_anybody_and_its_word_without_numbers_and_addresses(desk, chat):
    mine, now = chat(ADA), desk.clock.now()
    with desk.transaction() as session:
        form = handoff_rating.rate(session, now, "4")["form"]
        handoff_rating.add_word(session, now, form, "Great, call me: 020 7946 0958 or ada@example.com, CS-2026-000001")
        for wrong in ("0", "6", "x"):
            with pytest.raises(Invalid):
                handoff_rating.rate(session, now, wrong)
        with pytest.raises(NotFound):
            handoff_rating.add_word(session, now, "rectification", "Hello")
    (row,) = all_of(desk, Satisfaction)
    assert (row.score, row.word) == (4, "Great, call me: … or … …")
    assert {column.name for column in Satisfaction.__table__.columns} == {"id", "day", "score", "word"}
    assert [(c.name, c.count) for c in all_of(desk, DailyCount) if c.name == "satisfaction_4"] == [
        ("satisfaction_4", 1)
    ]
    assert mine not in str([vars(row)])


def test_leaving_the_queue_closes_the_case_and_a_report_behind_it_stays_open(desk, chat):
    mine, report = chat(ADA), chat("1002")
    ask(desk, mine)
    with desk.transaction() as session:
        person, now = conversations.conversation(session, report), desk.clock.now()
        filed = complaint.file_case(
            session, desk.settings, now, person, CaseKind.SECURITY_REPORT, "9", now + timedelta(days=30), None
        )
        handoff.call_person(session, desk, now, person, filed.number)
        handoff.stop_waiting(session, now, person)
        handoff.stop_waiting(session, now, conversations.conversation(session, mine))
    assert {case.kind: case.state for case in all_of(desk, Case)} == {"handoff": "closed", "security_report": "waiting"}
    assert {row.state for row in all_of(desk, Handoff)} == {"ended"}


def test_an_erasure_takes_hand_offs_notes_and_words_with_the_person_in_them_and_leaves_others(own_desk):
    desk = own_desk()
    mine, other = open_chat(desk, ADA), open_chat(desk, "1002")
    name, now = str(desk.shop.customer(ADA)["name"]), desk.clock.now()
    for conversation_id in (mine, other):
        ask(desk, conversation_id, f"0{conversation_id}")
        act(desk, handoff_ownership.take, conversation_id, MIA)
        act(desk, handoff_talk.say, conversation_id, MIA, f"Dear {name}", "k")
        act(desk, handoff_view.add_note, conversation_id, MIA, f"About {conversation_id}")
        act(desk, handoff_ownership.hand_back, conversation_id, MIA, seen=10_000)
    with desk.transaction() as session:
        handoff_rating.add_word(session, now, "handoff_word_5", f"{name} was happy")
        handoff_rating.add_word(session, now, "handoff_word_5", "Kind and quick")
        session.execute(update(Message).where(Message.conversation_id == other).values(text="Hello"))
    request = rights.ask(desk, mine, RequestKind.ERASURE)
    rights.verify(desk, mine, request.number)
    assert rights.finish(desk, request.number).state == "fulfilled"
    assert {row.conversation_id for row in all_of(desk, Handoff)} == {other}
    assert [row.text for row in all_of(desk, HandoffNote)] == [f"About {other}"]
    assert [row.word for row in all_of(desk, Satisfaction)] == ["Kind and quick"]


def test_that_a_note_was_written_is_in_the_record_without_its_words(desk, chat):
    mine, other = chat(ADA), chat("1002")
    ask(desk, mine)
    act(desk, handoff_view.add_note, mine, MIA, "Moved to Elm Street")
    act(desk, handoff_view.add_note, other, TOM, "Nobody was called")
    noted = [entry for entry in all_of(desk, AuditEntry) if entry.event == "case_noted"]
    assert [(entry.conversation_id, entry.reference, entry.actor) for entry in noted] == [
        (mine, all_of(desk, Handoff)[0].case_number, MIA.id),
        (other, None, TOM.id),
    ]


def test_an_empty_note_is_refused(own_desk):
    desk = own_desk()
    chat = open_chat(desk, ADA)
    with pytest.raises(Invalid):
        act(desk, handoff_view.add_note, chat, MIA, "  ")
    assert all_of(desk, HandoffNote) == []


def call_after_a_report(desk, conversation_id):
    """A report that the shop answers in writing, or whose code is handed on, while a person is still waited for."""
    with desk.transaction() as session:
        person, now = conversations.conversation(session, conversation_id), desk.clock.now()
        filed = complaint.file_case(
            session, desk.settings, now, person, CaseKind.SECURITY_REPORT, "9", now + timedelta(days=30), None, "Odd"
        )
        handoff.call_person(session, desk, now, person, filed.number)
        return filed.number


def answer_in_writing(desk, number, mine, other):
    with desk.transaction() as session:
        complaint_answer.answer_case(session, desk, desk.clock.now(), number, "staff:1", "It is settled.")


def close_it(desk, number, mine, other):
    with desk.transaction() as session:
        complaint_reply.settle_case(session, desk.clock.now(), conversations.conversation(session, mine), number)


def look_anew(desk, number, mine, other):
    answer_in_writing(desk, number, mine, other)
    with desk.transaction() as session:
        person = conversations.conversation(session, mine)
        complaint_reply.ask_second_look(session, desk, desk.clock.now(), person, number, "10")


def hand_its_code_on(desk, number, mine, other):
    with desk.transaction() as session:
        session.get_one(Case, number).conversation_id = other


def hear(desk, conversation_id, text, action, form=None):
    """What the bot answers to words or to a form in this conversation."""
    card = {"kind": conversations.FORM_VALUES, "form": form[0], "values": form[1]} if form else None
    dispatcher = CollectingDispatcher()
    with desk.transaction() as session:
        said = Message(
            conversation_id=conversation_id, author="user", text=text, citations=[], choices=[], card=card,
            created_at=desk.clock.now(),
        )  # fmt: skip
        session.add(said)
        session.flush()
        readings = [{"name": "any"}] * (2 if text else 1)
        latest = {"intent": readings[0], "intent_ranking": readings, "metadata": {"message": str(said.id)}}
    tracker = Tracker(conversation_id, {}, latest, [], False, None, {}, "action_listen")
    asyncio.run(action(desk).run(dispatcher, tracker, {}))
    return [message["response"] for message in dispatcher.messages]


@pytest.mark.parametrize("became", [answer_in_writing, close_it, look_anew, hand_its_code_on])
def test_words_of_danger_and_messages_reach_the_person_to_come_whatever_became_of_the_case(desk, chat, became):
    mine, bystander = chat(None), chat(None)
    number = call_after_a_report(desk, mine)
    became(desk, number, mine, bystander)
    before = all_of(desk, Case)[0].state
    message = (handoff.MESSAGE_FORM, {"message": "Please call me."})
    assert hear(desk, mine, "i want to kill myself", PersonFirst) == ["utter_person_first_self_harm"]
    assert hear(desk, mine, "", SubmitForm, message) == ["utter_handoff_message_kept"]
    (case,), (waiting,) = all_of(desk, Case), all_of(desk, Handoff)
    own = became is not hand_its_code_on
    assert case.statement == ("Odd\n\ni want to kill myself\n\nPlease call me." if own else "Odd")
    assert (case.state, waiting.state, waiting.case_number) == (before, HandoffState.WAITING, number)
    assert "i want to kill myself" in [text for _, text in talk(desk, mine)]
    assert "i want to kill myself" not in [text for _, text in talk(desk, bystander)]


@pytest.mark.parametrize(
    "words",
    [
        "I don't need a person any more",
        "dont need a human anymore",
        "i no longer want an agent",
        "I do not need to talk to a human any more",
        "I don’t really want any help from a colleague now",
        "no need to talk to someone now",
        "never mind the person",
        "A person is no longer needed",
    ],
)
def test_whoever_waits_and_needs_nobody_any_more_gives_up_the_place(desk, chat, words):
    mine, bystander = two_who_wait(desk, chat)
    assert hear(desk, mine, words, HandOff) == ["utter_handoff_left"]
    assert waiting_in(desk) == {bystander}


@pytest.mark.parametrize(
    "words",
    [
        "No, I want a human",
        "no I need a real person",
        "no, connect me to a person",
        "This is not helping, give me a person",
        "still no answer from a person",
        "you are not a human",
        "not you, a person",
        "not the FAQ, a human",
        "no i want to speak to someone",
        "not what i need, get me an agent",
        "I don't need a bot but a person",
        "i dont need this get me a person",
        "I don't want anyone to see my data, get me a human",
        "I don't want someone who reads from a script, I want a person",
        "I do not want to wait so long for a person",
    ],
)
def test_whoever_waits_and_says_no_to_the_bot_keeps_the_place(desk, chat, words):
    mine, bystander = two_who_wait(desk, chat)
    assert hear(desk, mine, words, HandOff) == ["utter_handoff_already_waiting"]
    assert waiting_in(desk) == {mine, bystander}


def two_who_wait(desk, chat):
    """Two conversations in the queue for a person."""
    both = chat("1001"), chat("1002")
    for each in both:
        assert hear(desk, each, "a person, please", HandOff) == ["utter_handoff_waiting"]
    return both


def waiting_in(desk):
    return {row.conversation_id for row in all_of(desk, Handoff) if row.state == HandoffState.WAITING}


def open_for(desk, subject, hours):
    """A chat that can be opened so many hours from now."""
    with desk.transaction() as session:
        ends = datetime.now(UTC) + timedelta(hours=hours)
        return conversations.open_session(session, subject, desk.clock.now(), ends)[0]


FRIDAY, MONDAY = datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("subject", "asked", "told"),
    [
        (None, FRIDAY + timedelta(hours=18), "utter_handoff_after_chat"),
        (
            None,
            FRIDAY + timedelta(hours=16),
            "utter_handoff_after_chat",
        ),  # people are there, the answer comes on Monday
        (None, MONDAY + timedelta(hours=8), "utter_handoff_closed"),  # the answer comes while the chat can be opened
        (None, MONDAY + timedelta(hours=10), "utter_handoff_waiting"),
        (ADA, FRIDAY + timedelta(hours=18), "utter_handoff_closed"),  # gets mail
    ],
)
def test_a_visitor_is_told_where_the_answer_comes_after_the_end_of_their_chat(desk, clock, subject, asked, told):
    clock.time = asked
    mine, bystander = open_for(desk, subject, 8), open_for(desk, "1002", 8)
    assert hear(desk, mine, "A person, please", HandOff) == [told]
    (waiting,) = all_of(desk, Handoff)
    assert (waiting.conversation_id, waiting.state) == (mine, HandoffState.WAITING)
    ends = ask(desk, mine).chat_ends_at
    if told == "utter_handoff_after_chat":
        assert abs(ends - asked - timedelta(hours=8)) < timedelta(minutes=1), "by the desk's clock, as the promise is"
        assert ends < waiting.promised_at
    else:
        assert ends is None
    assert talk(desk, bystander) == []
