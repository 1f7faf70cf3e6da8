"""A help desk outside: what waits is told there, its answers come back signed, and nothing is said twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from bot.clocks import FixedClock
from bot.errors import Conflict, SetupError
from bot.helpdesk import exchange
from bot.helpdesk.adapter import SignatureWrong
from bot.helpdesk.chatwoot import Chatwoot as Adapter
from bot.helpdesk.exchange import bring_in, bring_out, help_desk
from bot.privacy import handoff, handoff_ownership, handoff_talk
from bot.privacy.handoff_ownership import Agent
from bot.store import conversations
from bot.store.desk_tables import Case, Handoff, HelpdeskLink, Mail, Turn
from bot.store.own_records import erase_conversation
from bot.web.app import make_app
from tests.chatwoot import INBOX, SECRET, Chatwoot, answered, resolved, signed
from tests.unit.test_handoff import ADA, act, all_of, ask, chat_of, let_lease_end, shop_away, talk, user_says


@pytest.fixture
def chatwoot():
    server = Chatwoot()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def outside_desk(desk, chatwoot):
    settings = desk.settings.model_copy(
        update={"chatwoot_url": chatwoot.url, "chatwoot_inbox": INBOX, "chatwoot_webhook_secret": SECRET}
    )
    return replace(desk, settings=settings)


def bring(desk):
    return bring_out(desk, help_desk(desk.settings))


def call(desk, event, **how):
    headers, body = signed(event, **how)
    found = help_desk(desk.settings).read_webhook(headers, body)
    if found is not None:
        bring_in(desk, found)


def both_wait(desk, mine, bystander):
    """Both have asked for a person; gives the help desk's number of mine."""
    for waits in (mine, bystander):
        ask(desk, waits, waits)
    bring(desk)
    return next(int(link.remote) for link in all_of(desk, HelpdeskLink) if link.conversation_id == mine)


def try_again_now(desk):
    with desk.transaction() as session:
        session.execute(update(HelpdeskLink).values(next_try_at=None))


def test_without_settings_there_is_no_help_desk_and_no_address_for_one(desk):
    assert help_desk(desk.settings) is None
    assert TestClient(make_app(desk)).post("/helpdesk/chatwoot", json={}).status_code == 404


def test_a_help_desk_that_is_set_up_in_part_stops_the_start(desk):
    with pytest.raises(SetupError, match="CHATWOOT_INBOX"):
        Adapter(desk.settings.model_copy(update={"chatwoot_url": "http://127.0.0.1:1"}))


def test_a_conversation_that_waits_is_told_with_values_hidden_and_an_answer_comes_back(outside_desk, chatwoot, chat):
    desk, mine, email = outside_desk, chat(ADA), outside_desk.email_of(ADA)
    user_says(desk, mine, f"Write to {email}, please")
    number = ask(desk, mine).number
    assert bring(desk) == 1
    assert bring(desk) == 0
    said = chatwoot.messages[1]
    assert number in said[0] and "a customer, signed in" in said[0]
    assert [line.partition(":")[0] for line in said[1:]] == ["Person", "Bot"]
    assert email not in str(chatwoot.calls) and ADA not in str(chatwoot.contacts)
    call(desk, answered(1, "Hello, I am Jo."))
    call(desk, answered(1, "Hello, I am Jo."))
    assert chat_of(desk, mine).owner == "person"
    assert [text for author, text in talk(desk, mine) if author == "agent"] == ["Hello, I am Jo."]
    user_says(desk, mine, "Thank you, Jo")
    bring(desk)
    assert chatwoot.messages[1][-1] == "Person: Thank you, Jo"
    assert not any("I am Jo" in line for line in chatwoot.messages[1]), "an answer is not told back"
    call(desk, resolved(1))
    call(desk, resolved(1))
    assert chat_of(desk, mine).owner == "bot"
    assert "Jo Helper has finished" in talk(desk, mine)[-1][1]


def test_a_conversation_that_does_not_wait_is_told_nobody(outside_desk, chatwoot, chat):
    user_says(outside_desk, chat(ADA), "Hello")
    bring(outside_desk)
    assert chatwoot.calls == []


def test_a_help_desk_that_is_down_gets_everything_later_in_order_and_once(outside_desk, chatwoot, chat):
    desk, mine = outside_desk, chat(None)
    ask(desk, mine)
    chatwoot.answers_with = 503
    assert bring(desk) == 0
    assert bring(desk) == 0, "not tried again before its time"
    (link,) = all_of(desk, HelpdeskLink)
    assert link.attempts == 1 and link.next_try_at > datetime.now(UTC)
    user_says(desk, mine, "First")
    user_says(desk, mine, "Second")
    chatwoot.answers_with = 0
    try_again_now(desk)
    assert bring(desk) == 2
    said = [line for line in chatwoot.messages[1] if line.startswith("Person")]
    assert said == ["Person: First", "Person: Second"]
    assert all_of(desk, HelpdeskLink)[0].attempts == 0


def test_what_was_told_before_a_failure_is_not_told_again(outside_desk, chatwoot, chat, monkeypatch):
    desk, mine = outside_desk, chat(None)
    ask(desk, mine)
    user_says(desk, mine, "First")
    bring(desk)
    user_says(desk, mine, "Second")
    chatwoot.answers_with = 500
    bring(desk)
    chatwoot.answers_with = 0
    try_again_now(desk)
    bring(desk)
    said = [line for line in chatwoot.messages[1] if line.startswith("Person")]
    assert said == ["Person: First", "Person: Second"]
    assert len(chatwoot.contacts) == len(chatwoot.owners) == 1


@pytest.mark.parametrize("answer", [{}, [], None, {"id": None, "source_id": ""}])
def test_an_answer_of_the_help_desk_that_nobody_expects_is_tried_again_later(outside_desk, chatwoot, chat, answer):
    desk = outside_desk
    ask(desk, chat(None))
    chatwoot.taken = lambda path, body: (200, answer)
    assert bring(desk) == 0
    (link,) = all_of(desk, HelpdeskLink)
    assert (link.attempts, link.contact, link.remote) == (1, None, None)
    del chatwoot.taken
    try_again_now(desk)
    bring(desk)
    assert all_of(desk, HelpdeskLink)[0].remote == "1"


class Watched:
    """A help desk that does something before it takes a message."""

    def __init__(self, desk, before):
        self.adapter, self.before = help_desk(desk.settings), before
        self.create_case = self.adapter.create_case

    def append_message(self, case, message_id, text):
        self.before(text)
        self.adapter.append_message(case, message_id, text)


def test_a_conversation_that_cannot_be_told_keeps_no_other_from_the_help_desk(outside_desk, chatwoot, chat):
    desk, mine, bystander = outside_desk, chat(None), chat(None)
    number, other = (ask(desk, waits, waits).number for waits in (mine, bystander))

    def fail(text):
        if number in text:
            raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            bring_out(desk, Watched(desk, fail))
        bring_out(desk, Watched(desk, fail))
        assert sum(other in line for line in chatwoot.messages[2]) == 1, "told at the next look, and once"
        tried = {link.conversation_id: (link.attempts, link.next_try_at) for link in all_of(desk, HelpdeskLink)}
        assert tried[mine][0] > 0 and tried[mine][1] > datetime.now(UTC) + timedelta(minutes=1)
        try_again_now(desk)
    assert tried[mine][0] == 2 and tried[bystander] == (0, None)
    bring(desk)
    assert number in chatwoot.messages[1][0]


def test_what_somebody_typed_goes_out_only_once_the_shop_says_what_to_hide_in_it(outside_desk, chatwoot, chat):
    desk, mine, bystander = outside_desk, chat(ADA), chat(None)
    name = str(desk.shop.customer(ADA)["name"])
    for waits in (mine, bystander):
        user_says(desk, waits, f"I am {name}, please help")
        ask(desk, waits, waits)
    assert bring(shop_away(desk)) == 1
    assert len(chatwoot.messages[1]) == 1, "that somebody waits is told at once"
    assert "a customer, signed in" in chatwoot.messages[1][0]
    assert f"Person: I am {name}, please help" in chatwoot.messages[2], "the name a visitor gives is nobody's on file"
    other = list(chatwoot.messages[2])
    try_again_now(desk)
    assert bring(desk) == 1
    assert "please help" in chatwoot.messages[1][1] and name not in str(chatwoot.messages[1])
    assert chatwoot.messages[2] == other


def test_two_workers_tell_a_slow_help_desk_each_message_once(outside_desk, chatwoot, chat, monkeypatch):
    desk, mine, bystander = outside_desk, chat(None), chat(None)
    for waits in (mine, bystander):
        for number in range(6):
            user_says(desk, waits, f"{number}")
        ask(desk, waits, waits)
    machine = FixedClock(datetime.now(UTC))
    monkeypatch.setattr(exchange, "_machine", machine)

    def another_worker_looks(text):
        machine.advance(timedelta(seconds=30))
        bring(desk)

    bring_out(desk, Watched(desk, another_worker_looks))
    assert sorted(chatwoot.messages) == [1, 2]
    for said in chatwoot.messages.values():
        assert [line for line in said if line.startswith("Person")] == [f"Person: {number}" for number in range(6)]


@pytest.mark.parametrize(
    "how", [{"secret": "another"}, {"at": 1_000_000_000}, {"at": int(datetime.now(UTC).timestamp()) + 4000}]
)
def test_calls_with_a_wrong_signature_or_an_old_time_are_refused(outside_desk, chat, how):
    headers, body = signed(answered(1, "Forged"), **how)
    with pytest.raises(SignatureWrong):
        help_desk(outside_desk.settings).read_webhook(headers, body)
    refused = TestClient(make_app(outside_desk)).post("/helpdesk/chatwoot", headers=headers, content=body)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


def test_a_changed_body_and_a_missing_signature_are_refused(outside_desk):
    adapter, (headers, body) = help_desk(outside_desk.settings), signed(answered(1, "Hello"))
    for given in ((headers, body.replace(b"Hello", b"Hellq")), ({}, body), ({"x-chatwoot-signature": "sha256="}, body)):
        with pytest.raises(SignatureWrong):
            adapter.read_webhook(*given)


@pytest.mark.parametrize(
    "event",
    [
        answered(1, "A note among agents", private=True),
        answered(1, "Ours", message_type="incoming"),
        answered(1, "   "),
        answered(1, "By a bot", sender={"id": 1, "name": "Bot", "type": "agent_bot"}),
        {"event": "conversation_typing_on"},
        {"event": "conversation_status_changed", "id": 1, "status": "open"},
        {"event": "message_created"},
        ["odd"],
    ],
)
def test_events_that_do_not_concern_the_person_change_nothing(outside_desk, chat, event):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    before = talk(desk, mine)
    headers, body = signed(event)
    answer = TestClient(make_app(desk)).post("/helpdesk/chatwoot", headers=headers, content=body)
    assert answer.status_code == 204
    assert (talk(desk, mine), chat_of(desk, mine).owner) == (before, "bot")


def test_two_desks_never_answer_one_conversation_at_once(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    act(desk, handoff_ownership.take, mine, Agent("staff:1", "Mia"))
    headers, body = signed(answered(1, "Me too"))
    answer = TestClient(make_app(desk)).post("/helpdesk/chatwoot", headers=headers, content=body)
    assert answer.status_code == 409
    assert not any(author == "agent" for author, _ in talk(desk, mine))


def test_when_the_help_desk_falls_silent_the_conversation_waits_again_and_its_next_answer_counts(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    call(desk, answered(1, "Hello", message=1))
    assert chat_of(desk, mine).owner_until > datetime.now(UTC) + timedelta(minutes=20)
    let_lease_end(desk)
    handoff_ownership.return_left(desk)
    assert all_of(desk, Handoff)[0].state == "waiting"
    call(desk, answered(1, "Sorry, back again", message=2))
    assert [text for author, text in talk(desk, mine) if author == "agent"] == ["Hello", "Sorry, back again"]


def test_a_second_hand_off_of_the_same_person_is_a_new_conversation_of_the_same_contact(outside_desk, chatwoot, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    call(desk, answered(1, "Hello", message=1))
    call(desk, resolved(1))
    ask(desk, mine, "77")
    bring(desk)
    assert chatwoot.owners == {1: "src-1", 2: "src-1"}
    with desk.reading() as session:
        assert session.scalar(select(HelpdeskLink.remote)) == "2"


def choices_open(desk, conversation_id):
    with desk.reading() as session:
        chat = conversations.conversation(session, conversation_id)
        return [choice.intent for choice in conversations.open_question(session, chat)]


@pytest.mark.parametrize("again", ["the same", "a later one"])
def test_an_answer_that_comes_when_the_talk_is_over_leaves_the_chat_to_the_bot(outside_desk, chat, again):
    desk, mine, bystander = outside_desk, chat(ADA), chat(None)
    remote = both_wait(desk, mine, bystander)
    call(desk, answered(remote, "Hello, I am Jo.", message=1))
    bring(desk)
    call(desk, resolved(remote))
    before, cases = talk(desk, mine), len(all_of(desk, Case))
    late = (
        answered(remote, "Hello, I am Jo.", message=1) if again == "the same" else answered(remote, "Bye!", message=2)
    )
    call(desk, late)
    call(desk, late)
    assert talk(desk, mine) == before + ([] if again == "the same" else [("agent", "Bye!")])
    owned = chat_of(desk, mine)
    assert (owned.owner, owned.owner_staff, owned.owner_until) == ("bot", None, None)
    assert choices_open(desk, mine) == ["rate_handoff"] * 5, "how it went may still be said"
    assert [row.state for row in all_of(desk, Handoff) if row.conversation_id == mine] == ["ended"]
    assert len(all_of(desk, Case)) == cases
    assert user_says(desk, mine, "Delete my data").owner == "bot"
    assert [row.state for row in all_of(desk, Handoff) if row.conversation_id == bystander] == ["waiting"]


def test_an_answer_after_the_talk_reaches_who_went_away_by_mail(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    call(desk, answered(1, "Hello", message=1))
    call(desk, resolved(1))
    call(desk, answered(1, "One thing more", message=2))
    with desk.transaction() as session:
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=5)))
    assert handoff_talk.mail_those_away(desk) == 1
    assert "One thing more" in all_of(desk, Mail)[-1].text


def test_an_answer_after_the_talk_does_not_speak_over_somebody_at_this_desk(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    call(desk, answered(1, "Hello", message=1))
    call(desk, resolved(1))
    act(desk, handoff_ownership.take, mine, Agent("staff:1", "Mia"))
    with pytest.raises(Conflict):
        call(desk, answered(1, "Me too", message=2))
    assert [text for author, text in talk(desk, mine) if author == "agent"] == ["Hello"]
    assert chat_of(desk, mine).owner_staff == "staff:1"


def test_who_stopped_waiting_reads_an_answer_and_goes_on_with_the_bot(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    with desk.transaction() as session:
        handoff.stop_waiting(session, desk.clock.now(), conversations.conversation(session, mine))
    call(desk, answered(1, "Hello, I am Jo."))
    assert talk(desk, mine)[-1] == ("agent", "Hello, I am Jo.")
    assert chat_of(desk, mine).owner == "bot" and len(all_of(desk, Handoff)) == 1


def asked_again(desk, waits, down=None):
    """Talk 1 with them is over, and they asked a second time; gives the number of that."""
    call(desk, answered(1, "Hello, I am Jo.", message=1))
    bring(desk)
    call(desk, resolved(1))
    number = ask(desk, waits, "77").number
    if down is not None:
        down.answers_with = 503
    bring(desk)
    return number


@pytest.mark.parametrize("told", [False, True])
def test_an_answer_in_an_earlier_talk_is_read_by_who_asked_again_and_goes_on_waiting(
    outside_desk, chatwoot, chat, told
):
    desk, mine, bystander = outside_desk, chat(ADA), chat(None)
    for waits in (mine, bystander):
        ask(desk, waits, waits)
        bring(desk)
    untouched, number = talk(desk, bystander), asked_again(desk, mine, down=None if told else chatwoot)
    before = talk(desk, mine)
    for _ in range(2):
        call(desk, answered(1, "I looked it up for you.", message=2))
    call(desk, resolved(1))
    assert talk(desk, mine) == [*before, ("agent", "I looked it up for you.")]
    assert chat_of(desk, mine).owner == "bot"
    chatwoot.answers_with = 0
    try_again_now(desk)
    states = {row.case_number: row.state for row in all_of(desk, Handoff) if row.conversation_id == mine}
    assert states.pop(number) == "waiting" and set(states.values()) == {"ended"}
    bring(desk)
    assert [link.remote for link in all_of(desk, HelpdeskLink) if link.conversation_id == mine] == ["3"]
    call(desk, answered(3, "And now to your new question.", message=3, source="src-1"))
    assert chat_of(desk, mine).owner == "person", "an answer in the talk that waits takes it as before"
    assert talk(desk, bystander) == untouched


def test_an_answer_in_an_earlier_talk_goes_by_mail_to_who_is_away(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    asked_again(desk, mine)
    call(desk, answered(1, "I looked it up for you.", message=2))
    with desk.transaction() as session:
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=5)))
    handoff_talk.mail_those_away(desk)
    assert sum("I looked it up for you." in mail.text for mail in all_of(desk, Mail)) == 1


def test_an_answer_in_an_earlier_talk_is_said_while_the_help_desk_answers_the_new_one(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    asked_again(desk, mine)
    call(desk, answered(2, "Hello again", message=2, source="src-1"))
    call(desk, answered(1, "I looked it up for you.", message=3))
    assert [text for author, text in talk(desk, mine) if author == "agent"][1:] == [
        "Hello again",
        "I looked it up for you.",
    ]
    call(desk, resolved(1))
    assert chat_of(desk, mine).owner_staff == "helpdesk", "the end of the earlier talk does not end the new one"


def test_an_answer_in_an_earlier_talk_does_not_speak_over_somebody_at_this_desk(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    asked_again(desk, mine)
    act(desk, handoff_ownership.take, mine, Agent("staff:1", "Mia"))
    headers, body = signed(answered(1, "Me too", message=2))
    answer = TestClient(make_app(desk)).post("/helpdesk/chatwoot", headers=headers, content=body)
    assert answer.status_code == 409, "the agent is told that it was not said"
    assert ("agent", "Me too") not in talk(desk, mine)


def test_an_answer_in_an_earlier_talk_of_an_erased_conversation_comes_to_nobody(outside_desk, chat):
    desk, mine, bystander = outside_desk, chat(ADA), chat(None)
    ask(desk, mine)
    bring(desk)
    asked_again(desk, mine)
    with desk.transaction() as session:
        assert erase_conversation(session, mine, datetime.now(UTC), desk.clock.now())
    before = talk(desk, bystander)
    call(desk, answered(1, "I looked it up for you.", message=2))
    assert talk(desk, bystander) == before and talk(desk, mine) == []


def test_a_first_line_that_was_not_taken_is_told_before_everything_else(outside_desk, chatwoot, chat):
    desk, mine = outside_desk, chat(None)
    number = ask(desk, mine).number
    with desk.transaction() as session:
        session.execute(update(Handoff).values(reason="self_harm"))
    user_says(desk, mine, "Please help")
    chatwoot.answers_with, chatwoot.refuses = 503, "/messages"
    bring(desk)
    assert chatwoot.messages == {1: []}, "the talk is open, and nothing is told"
    chatwoot.answers_with = 0
    for _ in range(2):
        try_again_now(desk)
        bring(desk)
    first, *rest = chatwoot.messages[1]
    assert first.startswith(f"{number}: a visitor, not signed in, self_harm. An answer is promised by ")
    assert rest[0] == "Person: Please help" and not any(number in line for line in rest)
    assert len(chatwoot.owners) == 1


def test_a_first_line_of_a_second_talk_that_was_not_taken_is_told_and_nothing_of_the_first_talk(
    outside_desk, chatwoot, chat
):
    desk, mine, bystander = outside_desk, chat(ADA), chat(None)
    user_says(desk, mine, "My first question")
    for waits in (mine, bystander):
        ask(desk, waits, waits)
        bring(desk)
    other = list(chatwoot.messages[2])
    chatwoot.refuses = "/messages"
    call(desk, answered(1, "Hello, I am Jo.", message=1))
    bring(desk)
    call(desk, resolved(1))
    user_says(desk, mine, "My second question")
    number, chatwoot.answers_with = ask(desk, mine, "77").number, 503
    bring(desk)
    assert chatwoot.messages[3] == []
    chatwoot.answers_with = 0
    try_again_now(desk)
    assert bring(desk) == 1
    user_says(desk, mine, "One thing more")
    bring(desk)
    assert number in chatwoot.messages[3][0] and "a customer, signed in" in chatwoot.messages[3][0]
    assert sum(number in line for line in chatwoot.messages[3]) == 1
    said = [line for line in chatwoot.messages[3] if line.startswith("Person")]
    assert said == ["Person: My second question", "Person: One thing more"]
    assert chatwoot.messages[2] == other


@pytest.mark.parametrize("over", [False, True])
def test_a_long_answer_is_read_to_its_end_in_several_messages_and_only_once(outside_desk, chat, over):
    desk, mine, bystander = outside_desk, chat(ADA), chat(None)
    remote = both_wait(desk, mine, bystander)
    if over:
        call(desk, answered(remote, "Hello", message=1))
        bring(desk)
        call(desk, resolved(remote))
    before, untouched = talk(desk, mine), talk(desk, bystander)
    long = "\n\n".join(f"Paragraph {number}. " + "It goes on and on. " * 80 for number in range(6))
    call(desk, answered(remote, long, message=2))
    call(desk, answered(remote, long, message=2))
    said = [text for author, text in talk(desk, mine)[len(before) :] if author == "agent"]
    assert [text.partition(".")[0] for text in said] == ["Paragraph 0", "Paragraph 2", "Paragraph 4"]
    assert all(len(text) <= handoff_talk.LONGEST and text.endswith("It goes on and on.") for text in said)
    assert " ".join(said).split() == long.split(), "not a word is lost"
    keys = [turn.idempotency_key for turn in all_of(desk, Turn) if turn.idempotency_key.startswith("staff:helpdesk:2")]
    assert keys == ["staff:helpdesk:2", "staff:helpdesk:2:2", "staff:helpdesk:2:3"]
    assert chat_of(desk, mine).owner == ("bot" if over else "person")
    assert talk(desk, bystander) == untouched


def test_a_long_answer_reaches_who_went_away_by_mail_as_a_whole(outside_desk, chat):
    desk, mine = outside_desk, chat(ADA)
    ask(desk, mine)
    bring(desk)
    call(desk, answered(1, "word " * 1_000 + "the end"))
    with desk.transaction() as session:
        session.execute(update(Handoff).values(last_said_at=datetime.now(UTC) - timedelta(minutes=5)))
    assert handoff_talk.mail_those_away(desk) == 1
    (mail,) = [mail for mail in all_of(desk, Mail) if "the end" in mail.text]
    assert mail.text.count("word") == 1_000


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("x" * 4_000, [4_000]),
        ("x" * 4_000 + " y", [4_000, 1]),
        ("x" * 9_000, [4_000, 4_000, 1_000]),
        ("x" * 3_000 + ". " + "y" * 600 + " " + "z" * 900, [3_001, 1_501]),
        ("x" * 3_998 + "\n" + "y" * 10, [3_998, 10]),
        ("a. " + "x" * 5_000, [4_000, 1_003]),
        ("\x00" * 5_000 + "Hello", [5]),
    ],
)
def test_a_text_is_cut_where_a_line_a_sentence_or_a_word_ends(text, lengths):
    assert [len(part) for part in handoff_talk.in_messages(text)] == lengths


def test_an_answer_to_an_erased_conversation_comes_to_nobody(outside_desk, chat):
    call(outside_desk, answered(99, "Anybody there?"))
