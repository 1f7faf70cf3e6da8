"""How consent of a guardian is talked about: the rule, the form, how far it is, one's own word."""

from types import SimpleNamespace

import pytest
import yaml
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Turn as Talk
from actions.guardian_consent import GuardianConsent, submitted
from bot.config import PROJECT
from bot.privacy.guardian_consent_form import EMAIL, NAME, OF_AGE_ON, RELATION
from bot.privacy.guardian_consent_watch import look_for_minors
from bot.store import conversations
from bot.store.desk_tables import Message, Turn
from bot.vocabulary import Author
from tests.guardians import FATHER, MAYA, MOTHER, Guardian, agreed, asked, mails
from tests.unit.conftest import open_chat
from tests.unit.test_guardian_consent import turn_18

DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
VALUES = {NAME: "Maria Mother", RELATION: "mother", EMAIL: MOTHER}


@pytest.fixture
def desk(own_desk):
    return own_desk()


def talk(desk, chat, chosen=None, values=None):
    """One turn: typed words, a button, or a sent form. What is said, with cards and buttons."""
    with desk.transaction() as session:
        now = desk.clock.now()
        turn = Turn(
            conversation_id=chat, idempotency_key=str(session.query(Turn).count()), body_hash="", state="running",
            choice_intent="guardian_consent" if chosen else None, choice_value=chosen, created_at=now,
        )  # fmt: skip
        session.add(turn)
        session.flush()
        card = {"kind": "form_values", "form": "guardian_consent", "values": values} if values else None
        message = Message(
            conversation_id=chat, turn_id=turn.id, author=Author.USER, text="I am 16", citations=[], choices=[],
            card=card, created_at=now,
        )  # fmt: skip
        session.add(message)
        session.flush()
        latest = {"metadata": {"message": str(message.id)}, "intent": {"name": "guardian_consent"}}
        tracker = SimpleNamespace(sender_id=chat, latest_message=latest, get_slot=lambda _name: None, events=[])
        spoken = Talk(desk, session, CollectingDispatcher(), tracker, DOMAIN)
        assert (submitted(spoken) if values else GuardianConsent(desk).act(spoken)) == []
        session.flush()
        return [_answer(session, chat, each) for each in spoken.dispatcher.messages]


def _answer(session, chat, message):
    assert message["response"] in DOMAIN["responses"]
    text = DOMAIN["responses"][message["response"]][0]["text"]
    assert "{" not in text.format_map(message), "everything the sentence names is given"
    card = (message.get("custom") or {}).get("card")
    content = conversations.card_content(session, chat, card) if card else None
    return SimpleNamespace(name=message["response"], card=content, buttons=message["buttons"], whole=str(message))


def names(answers):
    return [each.name for each in answers]


def test_a_minor_gets_the_rule_and_the_form_and_nothing_of_the_guardian_passes_the_engine(desk):
    chat = open_chat(desk, MAYA)
    answers = talk(desk, chat)
    assert names(answers) == ["utter_guardian_rule", "utter_guardian_form"]
    assert OF_AGE_ON not in str(answers[1].card), "the shop knows the day"
    (done,) = talk(desk, chat, values=VALUES)
    assert done.name == "utter_guardian_asked" and "m•••@e•••.com" in str(done.card)
    assert MOTHER not in done.whole + str(done.card) and "Maria" not in done.whole + str(done.card)
    assert len(mails(desk, MOTHER)) == 1


def test_who_has_asked_reads_how_far_it_is_and_may_ask_another_or_stop(desk):
    chat = open_chat(desk, MAYA)
    number = asked(desk, chat).number
    answers = talk(desk, chat)
    assert names(answers) == ["utter_guardian_rule", "utter_guardian_waiting"]
    assert answers[1].buttons[0]["payload"] == f"/guardian_consent take_back:{number}"
    assert len(f"take_back:{number}") <= 64
    assert names(talk(desk, chat, "invite")) == ["utter_guardian_form"]
    assert names(talk(desk, chat, f"take_back:{number}")) == ["utter_guardian_taken_back"]
    assert names(talk(desk, chat)) == ["utter_guardian_rule", "utter_guardian_form"]


def test_an_adult_is_asked_whom_it_is_about_and_believed(desk):
    chat = open_chat(desk, "1004")
    assert names(talk(desk, chat)) == ["utter_guardian_rule", "utter_guardian_who"]
    assert names(talk(desk, chat, "parent")) == ["utter_guardian_for_child"]
    answers = talk(desk, chat, "declare")
    assert names(answers) == ["utter_guardian_declared", "utter_guardian_form"]
    assert OF_AGE_ON in str(answers[1].card)


def test_an_anonymous_visitor_reads_the_rule_and_is_asked_to_sign_in(desk):
    assert names(talk(desk, open_chat(desk, None))) == ["utter_guardian_rule", "utter_sign_in_needed"]


def test_a_live_consent_and_a_disagreement_are_told_as_they_are(desk):
    chat = open_chat(desk, MAYA)
    agreed(desk, chat)
    assert names(talk(desk, chat))[1:] == ["utter_guardian_live"]
    asked(desk, chat, FATHER)
    father = Guardian(desk, FATHER)
    father.prove()
    father.refuse()
    assert names(talk(desk, chat))[1:] == ["utter_guardian_disputed"]


def test_who_turned_18_is_asked_and_answers_by_button(desk):
    chat = open_chat(desk, MAYA)
    agreed(desk, chat)
    turn_18(desk)
    assert names(talk(desk, chat)) == ["utter_guardian_rule", "utter_came_of_age"]
    assert names(talk(desk, chat, "own_no")) == ["utter_of_age_no"]
    assert names(talk(desk, chat, "own_yes")) == ["utter_of_age_yes"]
    assert names(talk(desk, chat))[1:] == ["utter_guardian_who"]
    assert look_for_minors(desk) == 0
