"""What is said before a deletion, what a yes means, and what is said after it."""

import re

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.base import Turn
from actions.erasure import ErasureJourney
from bot.config import PROJECT
from bot.errors import DeskError
from bot.privacy import erasure, request_intake
from bot.privacy.request_status import own_request
from bot.store.desk_tables import Card, Message, PrivacyRequest
from bot.store.desk_tables import Turn as TurnRow
from bot.vocabulary import Author, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat

RESPONSES = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]
AMELIA, PRIYA = "1001", "1005"
ERASURE, ANONYMISATION, CANCEL = RequestKind.ERASURE, RequestKind.ANONYMISATION, RequestKind.CANCEL_ACCOUNT


@pytest.fixture
def desk(own_desk):
    return own_desk()


class Said:
    """A turn of the chat, and what the bot said in it."""

    def __init__(self, desk, chat, chosen=None):
        self.desk, self.chat, self.chosen = desk, chat, chosen
        self.dispatcher = CollectingDispatcher()

    def __enter__(self):
        self.transaction = self.desk.transaction()
        session = self.transaction.__enter__()
        count = len(session.scalars(select(TurnRow)).all())
        row = TurnRow(
            conversation_id=self.chat, idempotency_key=str(count), body_hash="-", state="running",
            choice_intent="affirm", choice_value=self.chosen, created_at=self.desk.clock.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        message = Message(
            conversation_id=self.chat, turn_id=row.id, author=Author.USER, text="yes", citations=[], choices=[],
            created_at=self.desk.clock.now(),
        )  # fmt: skip
        session.add(message)
        session.flush()
        latest = {"intent": {"name": "affirm"}, "metadata": {"message": str(message.id)}, "intent_ranking": []}
        tracker = Tracker(self.chat, {}, latest, [], False, None, {}, "action_listen")
        self.turn = Turn(self.desk, session, self.dispatcher, tracker, {"responses": RESPONSES})
        return self

    def __exit__(self, *raised):
        return self.transaction.__exit__(*raised)

    @property
    def responses(self):
        return [message["response"] for message in self.dispatcher.messages]


def forget_what_was_recorded(desk, subject):
    """The shop has recorded nothing by itself about this person."""
    number = rights.ask(desk, open_chat(desk, subject), ERASURE, {"scope": "recorded", "mode": "delete"}).number
    with desk.transaction() as session:
        request_intake.verified(session, desk, desk.clock.now(), number, erasure.ROOM)
    assert rights.finish(desk, number).state is RequestState.FULFILLED


@pytest.mark.parametrize(
    ("kind", "response", "clause"),
    [
        (ERASURE, "utter_ask_erasure", "delete-or-anonymise"),
        (ANONYMISATION, "utter_ask_anonymisation", "delete-or-anonymise"),
        (CANCEL, "utter_ask_cancel_account", "account-cancellation"),
    ],
)
def test_what_goes_and_what_stays_is_shown_before_the_question(desk, kind, response, clause):
    with Said(desk, open_chat(desk, PRIYA)) as said:
        ErasureJourney().question(said.turn, kind)
        shown, asked = said.dispatcher.messages
        card = said.turn.session.get_one(Card, shown["custom"]["card"]).content
    assert (shown["response"], asked["response"]) == ("utter_erasure_plan", response)
    assert shown["custom"]["citations"] == [clause] and shown["window"] == "7 days"
    assert card["kind"] == "erasure_plan" and (card["goes"] or card["stays"])
    assert not re.search("priya|raman|example.com", str(card).lower())


@pytest.mark.parametrize("kind", ErasureJourney.kinds)
def test_nobody_is_offered_a_choice_that_does_not_exist(desk, kind):
    forget_what_was_recorded(desk, PRIYA)
    with Said(desk, open_chat(desk, PRIYA)) as said:
        ErasureJourney().question(said.turn, kind)
    assert said.responses[-1].endswith("_all")
    payloads = [button["payload"] for button in RESPONSES[said.responses[-1]][0]["buttons"]]
    assert payloads[-1] == "/deny" and not [payload for payload in payloads if "recorded" in payload]


def test_without_days_of_cooling_off_nobody_is_promised_any(desk):
    desk.settings.cooling_off_days = 0
    with Said(desk, open_chat(desk, AMELIA)) as said:
        ErasureJourney().question(said.turn, ERASURE)
    assert said.responses[0] == "utter_erasure_plan_at_once"


@pytest.mark.parametrize(
    ("kind", "chosen", "scope", "mode"),
    [
        (ERASURE, None, "everything", "delete"),
        (ERASURE, "everything", "everything", "delete"),
        (ERASURE, "recorded", "recorded", "delete"),
        (ERASURE, "recorded_anonymous", "recorded", "anonymise"),
        (ANONYMISATION, None, "recorded", "anonymise"),
        (ANONYMISATION, "recorded_anonymous", "recorded", "anonymise"),
        (ANONYMISATION, "everything_anonymous", "everything", "anonymise"),
        (CANCEL, None, "everything", "delete"),
        (CANCEL, "everything", "everything", "delete"),
        (CANCEL, "everything_anonymous", "everything", "anonymise"),
    ],
)
def test_a_yes_means_what_its_button_says_and_a_typed_yes_what_was_asked(desk, kind, chosen, scope, mode):
    with Said(desk, open_chat(desk, PRIYA), chosen) as said:
        assert ErasureJourney().details(said.turn, kind) == {"scope": scope, "mode": mode}


def test_a_button_of_another_question_is_never_guessed_at(desk):
    with Said(desk, open_chat(desk, PRIYA), "resend") as said, pytest.raises(DeskError):
        ErasureJourney().details(said.turn, ERASURE)


def test_where_nothing_was_recorded_a_typed_yes_to_anonymity_means_what_the_question_then_says(desk):
    forget_what_was_recorded(desk, PRIYA)
    with Said(desk, open_chat(desk, PRIYA)) as said:
        assert ErasureJourney().details(said.turn, ANONYMISATION) == {"scope": "everything", "mode": "anonymise"}


@pytest.mark.parametrize(
    "response", [name for name in RESPONSES if re.match("utter_ask_(erasure|anonym|cancel)", name)]
)
def test_every_button_of_a_question_stands_for_something_the_room_knows(response):
    from actions.erasure import _CHOICES

    values = [button["payload"].partition(" ")[2] for button in RESPONSES[response][0]["buttons"]]
    assert set(values[:-1]) <= set(_CHOICES) and values[-1] == ""


@pytest.mark.parametrize(
    ("details", "days", "hold", "response"),
    [
        ({"scope": "everything", "mode": "delete"}, 7, False, "utter_erasure_agreed"),
        ({"scope": "everything", "mode": "delete"}, 0, False, "utter_erasure_agreed_at_once"),
        ({"scope": "everything", "mode": "delete"}, 7, True, "utter_erasure_agreed_hold"),
        ({"scope": "everything", "mode": "delete"}, 0, True, "utter_erasure_agreed_hold_at_once"),
        ({"scope": "recorded", "mode": "anonymise"}, 7, False, "utter_erasure_recorded_agreed"),
        ({"scope": "recorded", "mode": "anonymise"}, 0, False, "utter_erasure_recorded_agreed_at_once"),
        ({"scope": "recorded", "mode": "anonymise"}, 7, True, "utter_erasure_recorded_agreed_hold"),
        ({"scope": "recorded", "mode": "anonymise"}, 0, True, "utter_erasure_recorded_agreed_hold_at_once"),
    ],
)
def test_after_the_yes_it_is_said_what_counts_now_and_until_when_it_can_be_taken_back(
    desk, details, days, hold, response
):
    from datetime import timedelta

    from bot.privacy import holds
    from bot.vocabulary import HoldKind

    desk.settings.cooling_off_days = days
    chat = open_chat(desk, PRIYA)
    number = rights.ask(desk, chat, ERASURE, details).number
    with desk.transaction() as session:
        now = desk.clock.now()
        if hold:
            holds.place(session, now, PRIYA, HoldKind.CONTACT_CHANGED, now + timedelta(hours=72), "PR-2026-9")
        request_intake.verified(session, desk, now, number, erasure.ROOM)
    with Said(desk, chat) as said:
        ErasureJourney().agreed(said.turn, own_request(said.turn.session, PRIYA, number))
        state = said.turn.session.get_one(PrivacyRequest, number).state
    (message,) = said.dispatcher.messages
    assert message["response"] == response and message["number"] == number
    wanted = {"{" + name + "}" for name in re.findall(r"\{(\w+)\}", RESPONSES[response][0]["text"])}
    assert wanted == ({"{number}", "{until}"} if days or hold else {"{number}"})
    revocable = [button["payload"] for button in message["buttons"]]
    assert revocable == ([] if state == RequestState.RUNNING else [f"/revoke_request {number}"])
    assert bool(message["until"]) == bool(days or hold)
