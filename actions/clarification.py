"""Not understood, or outside of what the desk knows; a person is called when that fails three times in a row."""

from itertools import takewhile
from typing import Any

from rasa_sdk import Tracker

from actions import handoff
from actions.base import DeskAction, Events, Turn
from bot.vocabulary import HandoffReason

_AT_MOST = 3
_WORTH_OFFERING = 0.03
_FAILURES_BEFORE_A_PERSON = 3
_NOT_UNDERSTOOD = "nlu_fallback"


def failures_in_a_row(tracker: Tracker) -> int:
    """How many messages of the person, this one included, were not understood one after the other.

    What is outside of the desk counts where it is written again word for word: a person who asks about the weather and
    then about football was understood, one who writes the same three times was not.
    """
    said = [event for event in reversed(tracker.events) if event.get("event") == "user"]
    failures = takewhile(lambda event: _fails_like(event, said[0]), said)
    return sum(1 for _ in failures)


def _fails_like(event: dict[str, Any], newest: dict[str, Any]) -> bool:
    intents = {each["parse_data"]["intent"]["name"] for each in (event, newest)}
    return intents == {_NOT_UNDERSTOOD} or (
        intents <= {_NOT_UNDERSTOOD, "out_of_scope"} and _plain(event["text"]) == _plain(newest["text"])
    )


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def likeliest(ranking: list[dict[str, Any]], domain: dict[str, Any]) -> list[dict[str, str]]:
    """Buttons for the readings that come nearest, at most three; those without a label are small talk."""
    buttons = []
    for reading in ranking:
        label = domain["responses"].get(f"utter_choice_{reading['name']}")
        if label and reading["confidence"] >= _WORTH_OFFERING:
            buttons.append({"title": label[0]["text"], "payload": f"/{reading['name']}"})
    return buttons[:_AT_MOST]


class Clarify(DeskAction):
    """Asks which of the nearest readings was meant, and calls a person in the end."""

    action_name = "action_clarify"

    def act(self, turn: Turn) -> Events:
        """Offer choices; at the third failure in a row, call a person, whom one press sends away again."""
        failures = failures_in_a_row(turn.tracker)
        if failures >= _FAILURES_BEFORE_A_PERSON:
            _call_person(turn)
        elif turn.tracker.active_loop.get("name"):
            turn.say("utter_not_understood_here")
        else:
            buttons = likeliest(turn.tracker.latest_message.get("intent_ranking") or [], turn.domain)
            if not buttons:
                buttons = turn.domain["responses"]["utter_help"][0]["buttons"]
            none = {"title": turn.text("utter_choice_none"), "payload": "/nlu_fallback"}
            turn.say("utter_clarify_first" if failures <= 1 else "utter_clarify_again", buttons=[*buttons, none])
        return []


class OutOfScope(DeskAction):
    """Says what the desk is for, and calls a person for whoever writes the same again and again."""

    action_name = "action_out_of_scope"

    def act(self, turn: Turn) -> Events:
        """Offer help; at the third time in a row, call a person."""
        if failures_in_a_row(turn.tracker) >= _FAILURES_BEFORE_A_PERSON:
            _call_person(turn)
        else:
            turn.say("utter_out_of_scope")
        return []


def _call_person(turn: Turn) -> None:
    turn.say("utter_person_instead")
    handoff.queue(turn, HandoffReason.NOT_UNDERSTOOD)
