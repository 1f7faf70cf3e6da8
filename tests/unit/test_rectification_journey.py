"""How a correction is talked about: form, before and after, yes."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Turn
from actions.rectification import RectificationJourney
from bot.config import PROJECT
from bot.errors import NotFound
from bot.privacy.rectification_form import NUMBER, STATEMENT
from bot.store import conversations
from bot.store.datamap import load
from bot.store.desk_tables import Message
from bot.store.engine import make_engine
from bot.store.shop import ShopStore
from bot.vocabulary import Author, RequestKind

KIND = RequestKind.RECTIFICATION
DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
ME = RectificationJourney()


@pytest.fixture
def shop(seeded_shop, tmp_path):
    """A shop of the test's own, to be changed at will."""
    engine = make_engine(f"sqlite:///{shutil.copy(seeded_shop, tmp_path / 'own-shop.sqlite3')}")
    yield ShopStore(engine, load(PROJECT / "data" / "datamap.yml"))
    engine.dispose()


@pytest.fixture
def desk(desk, shop):
    return replace(desk, shop=shop)


@pytest.fixture
def turn(desk, chat):
    """Opens a turn: what was typed, and which message holds a sent form."""
    opened = []

    def begun(subject="1001", text="My name is wrong", values=None, form_of=None):
        conversation_id = chat(subject)
        with desk.transaction() as session:
            card = None if values is None else {"kind": "form_values", "form": "rectification", "values": values}
            message = Message(
                conversation_id=form_of or conversation_id, author=Author.USER, text=text, citations=[], choices=[],
                card=card, created_at=desk.clock.now(),
            )  # fmt: skip
            session.add(message)
            session.flush()
            said = str(message.id)
        ranking = [{"name": "request_rectification"}, {"name": "other"}]
        latest = {"metadata": {"message": said}, "intent": ranking[0], "intent_ranking": ranking}
        tracker = SimpleNamespace(
            sender_id=conversation_id, latest_message=latest, get_slot=lambda _name: said, events=[]
        )
        manager = desk.transaction()
        opened.append(manager)
        return Turn(desk, manager.__enter__(), CollectingDispatcher(), tracker, DOMAIN)

    yield begun
    for manager in opened:
        manager.__exit__(None, None, None)


def said(turn):
    """Responses with their cards, in order; every one of them stands in the domain."""
    answers = []
    for message in turn.dispatcher.messages:
        response = message["response"] or message["template"]
        assert response in DOMAIN["responses"]
        card = (message.get("custom") or {}).get("card")
        turn.session.flush()
        answers.append((response, conversations.card_content(turn.session, turn.chat.id, card) if card else None))
    return answers


def test_asking_brings_the_form_and_no_question_yet(turn):
    now = turn()
    assert ME.begin(now, KIND) == []
    ((response, card),) = said(now)
    assert (response, card["kind"], card["form"]) == ("utter_rectification_form", "form", "rectification")


def test_no_value_on_file_passes_through_the_engine(turn):
    now = turn(values={"customers.name.1001": "Amelia Hart"})
    ME.begin(now, KIND)
    ME.question(now, KIND)
    assert not any(word in str(now.dispatcher.messages) for word in ("Amelia", "Hart", "example.com", "customers."))


def test_what_the_policy_does_not_open_is_explained_with_its_clause(turn):
    now = turn(text="my risk score is wrong")
    ME.begin(now, KIND)
    assert [response for response, _ in said(now)] == [
        "utter_rectification_service_generated",
        "utter_rectification_form",
    ]
    assert "no-access" in now.dispatcher.messages[0]["custom"]["citations"]


def test_a_form_that_changes_nothing_ends_there_and_says_so(turn):
    now = turn(values={"customers.name.1001": "Amelia Hartley"})
    assert ME.submitted_form(now, now.origin) == []
    assert said(now) == [("utter_rectification_unchanged", None)]


def test_a_form_that_changes_something_goes_on_to_the_question(turn):
    now = turn(values={"customers.name.1001": "Amelia Hart"})
    assert ME.submitted_form(now, now.origin) is None
    ME.question(now, KIND)
    ((response, card),) = said(now)
    assert response == "utter_rectification_confirm"
    assert card["changes"] == [{"label": "Name", "before": "A••••• H••••••", "after": "Amelia Hart"}]


def test_a_new_address_is_asked_about_with_what_it_brings(turn):
    now = turn(values={"customers.email.1001": "amelia.new@example.com"})
    ME.question(now, KIND)
    assert said(now)[0][0] == "utter_rectification_confirm_contact"
    assert now.dispatcher.messages[0]["hours"] == "72"


def test_the_details_are_those_of_the_form_and_can_be_kept(turn):
    now = turn(values={"customers.name.1001": "Amelia Hart"})
    details = ME.details(now, KIND)
    assert details["changes"][0]["after"] == "Amelia Hart"
    assert details["dispute"] is None


def test_a_form_sent_in_another_conversation_is_not_read_here(turn, chat):
    now = turn(subject="1002", values={"customers.name.1001": "Nobody"}, form_of=chat("1001"))
    with pytest.raises(NotFound):
        ME.submitted_form(now, now.origin)


def test_a_dispute_is_asked_about_with_the_persons_own_words(turn, desk):
    with desk.shop.engine.connect() as connection:
        number = connection.exec_driver_sql("SELECT number FROM orders WHERE customer_id = 1001 LIMIT 1").scalar()
    now = turn(values={NUMBER: number, STATEMENT: "I ordered two."})
    assert ME.submitted_form(now, now.origin) is None
    ME.question(now, KIND)
    assert said(now)[0][1]["statement"]["text"] == "I ordered two."


def test_everything_the_journey_says_stands_in_the_domain(turn):
    now = turn()
    ME.agreed(now, SimpleNamespace(number="PR-2026-000001"))
    assert said(now) == [("utter_rectification_agreed", None)]
    assert "utter_rectification_done" in DOMAIN["responses"]
    assert {"utter_rectification_third_party", "utter_rectification_none"} <= set(DOMAIN["responses"])
