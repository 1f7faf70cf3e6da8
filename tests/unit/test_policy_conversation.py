"""What the chat says of a new version: the real turn and actions, with an engine that is told what it reads."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions import complaint_acts, policy_objection, policy_question, policy_update, yes_and_no
from bot.config import PROJECT
from bot.store.desk_tables import Case, UnansweredTopic
from bot.web.engine_client import Reply
from bot.web.turns import Said, Turns, present
from tests import policies, rights
from tests.unit import policy_desks as people
from tests.unit.conftest import open_chat
from tests.unit.policy_desks import IN_FORCE, SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = policies.FIRST
DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
ACTIONS = {
    "ask_policy": policy_question.AnswerPolicy,
    "ask_policy_changes": policy_update.PolicyChanges,
    "object_to_policy_update": policy_objection.ObjectToPolicyUpdate,
    "accept_policy_update": policy_objection.AcceptPolicyUpdate,
    "affirm": yes_and_no.Affirm,
    "submit_claim": complaint_acts.SubmitClaim,
}


class Engine:
    """Runs the action of an intent, as the rules do."""

    def __init__(self, desk):
        self.desk, self.reads, self.answered, self.events = desk, "", {}, []

    async def turn(self, payload):
        typed = "text" in payload
        intent = self.reads if typed else payload["intent"]
        latest = {
            "intent": {"name": intent}, "metadata": {"message": payload["message"]},
            "intent_ranking": [{"name": intent}, {"name": "other"}] if typed else [],
        }  # fmt: skip
        if intent == "ask_policy":
            latest["policy"] = self.answered or {"covered": True, "clauses": [{"id": self.asked_about, "score": 1.0}]}
        tracker = Tracker(payload["conversation"], {}, latest, self.events, False, None, {}, "action_listen")
        dispatcher = CollectingDispatcher()
        await ACTIONS[intent](self.desk).run(dispatcher, tracker, DOMAIN)
        return Reply([self.answer(message) for message in dispatcher.messages], intent)

    def answer(self, said):
        written = DOMAIN["responses"][said["response"]][0]
        known = ("text", "image", "json_message", "template", "response", "attachment", "buttons", "elements", "custom")
        values = {name: value for name, value in said.items() if name not in known}
        buttons = [*written.get("buttons", []), *(said.get("buttons") or [])]
        self.events.append(
            {"event": "bot", "metadata": {"utter_action": said["response"]}, "data": {"buttons": buttons}}
        )
        return {
            "text": written["text"].format_map(values), "response": said["response"], "custom": said["custom"],
            "buttons": buttons,
        }  # fmt: skip


class Chat:
    """A customer in the chat."""

    def __init__(self, desk, subject):
        self.id, self.engine = open_chat(desk, subject), Engine(desk)
        self.turns, self.last = Turns(desk, self.engine), []

    def says(self, intent, text, about=None):
        self.engine.reads, self.engine.asked_about = intent, about
        return self.take(Said(text=text))

    def presses(self, label):
        choice = next(c["id"] for m in self.last for c in m["choices"] if c["label"] == label)
        return self.take(Said(choice=choice))

    def take(self, said):
        answered = asyncio.run(self.turns.take(self.id, uuid4().hex, said))
        self.last = [present(message) for message in answered.messages]
        return [message["response"] for message in self.last]

    def cites(self, number):
        return [f"{each['clause']}@{each['version']}" for each in self.last[number]["citations"]]


@pytest.fixture
def desk(settings, tmp_path, seeded_shop, empty_desk):
    opened = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    yield opened
    rights.close(opened)


CHANGES = ["utter_policy_change_changed"] * 3 + ["utter_policy_change_added"]


def test_without_a_new_version_nothing_has_changed(desk):
    chat = Chat(desk, "2020")
    assert chat.says("ask_policy_changes", "What is new?") == ["utter_policy_no_update"]
    assert chat.says("accept_policy_update", "I accept") == ["utter_policy_no_update"]
    assert Chat(desk, None).says("accept_policy_update", "I accept") == ["utter_policy_no_update"]
    only = chat.says("object_to_policy_update", "I only want order updates, nothing else")
    assert only == ["utter_policy_objection_which"]
    with desk.reading() as session:
        assert not session.scalars(select(Case)).all()
    assert chat.says("object_to_policy_update", "I object to the policy") == ["utter_policy_objection_filed"]
    assert chat.says("ask_policy", "Is it safe?", "security") == ["utter_ask_policy/security"]


def test_where_no_clause_stands_out_the_nearest_are_shown_as_such_and_nothing_is_counted(desk):
    chat = Chat(desk, "2020")
    scores = {"security": 0.3, "no-access": 0.2, "minors": 0.1}
    near = [{"id": name, "score": score} for name, score in scores.items()]
    chat.engine.answered = {"covered": False, "unclear": True, "topic": None, "clauses": near}
    assert chat.says("ask_policy", "And my things?") == ["utter_policy_unclear"]
    assert chat.cites(0) == [f"security@{OLD}", f"no-access@{OLD}"]
    with desk.reading() as session:
        assert not session.scalars(select(UnansweredTopic)).all()


def test_the_changes_are_explained_with_both_texts_quoted(desk):
    people.publish_second(desk)
    chat = Chat(desk, "2020")
    assert chat.says("ask_policy_changes", "What is new?") == [
        "utter_policy_changes_coming", *CHANGES, "utter_policy_changes_yours"
    ]  # fmt: skip
    assert [chat.cites(number) for number in range(1, 5)] == [
        [f"security@{OLD}", f"security@{SECOND}"],
        [f"no-access@{OLD}", f"no-access@{SECOND}"],
        [f"minors@{OLD}", f"minors@{SECOND}"],
        [f"retention@{SECOND}"],
    ]
    for message in chat.last:
        for each in message["citations"]:
            content = (desk.policies.folder / f"{each['version']}.md").read_text(encoding="utf-8")
            assert content[each["start"] : each["end"]] == each["quote"]
    anonymous = Chat(desk, None)
    assert anonymous.says("ask_policy_changes", "What is new?")[-1] == "utter_policy_changes_unknown"


def test_a_yes_is_taken_only_after_everything_was_shown(desk):
    people.publish_second(desk)
    chat = Chat(desk, "2020")
    assert chat.says("accept_policy_update", "I accept") == [*CHANGES, "utter_policy_accept"]
    assert "reduce your rights" in chat.last[-1]["text"] and people.ledger(desk) == []
    assert chat.presses("Yes, to all of it") == ["utter_policy_accepted"]
    assert [entry.act for entry in people.ledger(desk, subject="2020")] == ["accepted"]
    assert chat.says("accept_policy_update", "I accept") == ["utter_policy_no_update"]
    assert chat.says("ask_policy_changes", "What did I agree to, and when?") == ["utter_policy_history"]
    assert any("you said yes on 23 November 2026" in line for line in chat.last[0]["card"]["lines"])


@pytest.mark.parametrize(
    ("words", "answer", "acts"),
    [("yes", "utter_policy_accepted", 1), ("yes but not the part on access", "utter_policy_accept", 0)],
)
def test_a_yes_in_words_counts_and_one_with_a_condition_is_asked_about_again(desk, words, answer, acts):
    people.publish_second(desk)
    chat = Chat(desk, "2020")
    chat.says("accept_policy_update", "I accept")
    assert chat.says("affirm", words)[-1] == answer
    assert len(people.ledger(desk)) == acts


def test_a_no_offers_what_follows_and_keeps_the_old_text(desk):
    people.publish_second(desk)
    chat, bystander = Chat(desk, "2020"), Chat(desk, "2021")
    assert chat.says("object_to_policy_update", "No!") == ["utter_policy_objection_recorded"]
    labels = [choice["label"] for choice in chat.last[0]["choices"]]
    assert labels == ["Keep the old text", "Talk to a person", "Cancel my account"]
    assert chat.presses("Keep the old text") == ["utter_policy_old_terms"]
    assert chat.cites(0) == [f"{name}@{OLD}" for name in ("security", "no-access", "minors")]
    people.at(desk, IN_FORCE)
    assert chat.says("ask_policy", "Is it safe?", "security") == [
        "utter_ask_policy/security",
        "utter_policy_old_text_kept",
    ]
    assert (chat.cites(0), chat.cites(1)) == ([f"security@{OLD}"], [f"security@{SECOND}"])
    assert chat.says("ask_policy", "How long?", "retention")[0] == "utter_policy_does_not_say"
    bystander.says("accept_policy_update", "I accept")
    bystander.presses("Yes, to all of it")
    assert bystander.says("ask_policy", "Is it safe?", "security") == ["utter_ask_policy/security"]
    assert bystander.cites(0) == [f"security@{SECOND}"]


def test_an_answer_says_that_another_version_is_coming(desk):
    people.publish_second(desk)
    chat = Chat(desk, "2020")
    assert chat.says("ask_policy", "Is it safe?", "security")[1] == "utter_policy_clause_will_change"
    assert chat.cites(1) == [f"security@{SECOND}"]
    assert chat.says("ask_policy", "What is it about?", "about-this-policy")[1] == "utter_policy_coming"


def test_a_yes_without_the_reductions(desk):
    people.publish_second(desk)
    chat = Chat(desk, "2020")
    chat.says("accept_policy_update", "I accept")
    assert chat.presses("Yes, but not to what reduces my rights") == ["utter_policy_accepted_rest"]
    people.at(desk, IN_FORCE)
    assert chat.says("accept_policy_update", "I accept")[:-1] == ["utter_policy_change_changed"], "what is left"
    labels = [choice["label"] for choice in chat.last[-1]["choices"]]
    assert labels == ["Yes, to all of it", "No, I object"]


def test_a_minor_and_somebody_unknown_are_told_what_they_need(desk):
    people.publish_second(desk)
    minor = Chat(desk, "1003")
    minor.says("accept_policy_update", "I accept")
    assert minor.presses("Yes, to all of it") == ["utter_error_guardian_needed"]
    anonymous = Chat(desk, None)
    assert anonymous.says("accept_policy_update", "I accept") == ["utter_sign_in_needed"]
    assert anonymous.says("object_to_policy_update", "No") == ["utter_policy_objection_unknown", "utter_claim_code"]
    assert people.ledger(desk) == []


def test_somebody_unknown_is_promised_nothing_for_an_account_and_reads_the_answer_in_a_later_chat(desk):
    people.publish_second(desk)
    anonymous = Chat(desk, None)
    anonymous.says("object_to_policy_update", "I object to the new policy")
    told, key = anonymous.last
    assert "counts from now" not in told["text"] and told["card"]["kind"] == "sign_in"
    with desk.reading() as session:
        (case,) = session.scalars(select(Case))
    assert case.number in told["text"] and key["card"]["number"] == case.number
    later = Chat(desk, None)
    assert later.says("submit_claim", f"{case.number} {key['card']['code']}") == ["utter_claim_opened"]
    stranger = Chat(desk, None)
    assert stranger.says("submit_claim", f"{case.number} 0000-AAAA-0000") == ["utter_claim_wrong"]
