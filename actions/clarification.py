"""Not understood: offer the likeliest readings, and call a person when that fails three times in a row."""

from typing import Any

from rasa_sdk import Tracker

from actions import handoff
from actions.base import DeskAction, Events, Turn
from bot.vocabulary import HandoffReason

_AT_MOST = 3
_WORTH_OFFERING = 0.03
_FAILURES_BEFORE_A_PERSON = 3


def failures_in_a_row(tracker: Tracker) -> int:
    """How many messages of the person, this one included, were not understood one after the other."""
    failures = 0
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            if event["parse_data"]["intent"]["name"] != "nlu_fallback":
                break
            failures += 1
    return failures


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
            turn.say("utter_person_instead")
            handoff.queue(turn, HandoffReason.NOT_UNDERSTOOD)
        elif turn.tracker.active_loop.get("name"):
            turn.say("utter_not_understood_here")
        else:
            buttons = likeliest(turn.tracker.latest_message.get("intent_ranking") or [], turn.domain)
            if not buttons:
                buttons = turn.domain["responses"]["utter_help"][0]["buttons"]
            none = {"title": turn.text("utter_choice_none"), "payload": "/nlu_fallback"}
            turn.say("utter_clarify_first" if failures <= 1 else "utter_clarify_again", buttons=[*buttons, none])
        return []
