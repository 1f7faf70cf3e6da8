"""What is said beside the story while a complaint is told is dealt with, and the same question is asked again."""

from typing import Any

from actions.base import Turn
from actions.complaint_answers import NOTHING
from actions.complaint_cards import say_case
from bot.privacy.complaint import KIND_WORDS, CaseField, add_statement, set_words
from bot.privacy.complaint_asides import asks_about_it, is_only_a_time, leaves_it, takes_it_back
from bot.privacy.complaint_reply import settle_case
from bot.privacy.complaint_status import CaseView, own_case
from bot.privacy.complaint_words import about_in

SAID, LEFT, REPLIED = "said", "left", "replied"
ASKS_CHANGE = "complaint_asks_change"
ANSWERS = ("complaint_statement", "complaint_wish", "complaint_about")
_WISH = "complaint_wish"


def ended(how: str) -> dict[str, Any]:
    """The slots that end the form."""
    return dict.fromkeys(ANSWERS, NOTHING) | {"complaint_confirmed": how}


def beside_the_story(turn: Turn, number: str) -> dict[str, Any] | None:
    """Answer a question about the case, leave it or take it back, or put a time to what happened.

    Returns:
        The slots that follow; None when the message is an answer like any other.
    """
    if not turn.was_typed:
        return None
    words, asked = turn.words(turn.origin), str(turn.tracker.get_slot("requested_slot"))
    if takes_it_back(words, at_the_wish=asked == _WISH):
        say_case(turn, "utter_case_taken_back", settle_case(turn.session, turn.now, turn.chat, number))
        return ended(REPLIED)
    if leaves_it(words):
        return ended(LEFT)
    view = own_case(turn.session, turn.chat, number)
    if asks_about_it(words):
        what = KIND_WORDS[view.kind]
        turn.say("utter_complaint_meanwhile", number=number, what=what, due=turn.day(view.due_at))
        return {asked: None, ASKS_CHANGE: None}
    if asked == _WISH and is_only_a_time(words):
        _keep_time(turn, view, words)
        return {asked: None}
    return None


def _keep_time(turn: Turn, view: CaseView, words: str) -> None:
    """When it was belongs to what happened, also where the wish was asked for."""
    add_statement(turn.session, turn.now, turn.chat, view.number, words)
    known, said = view.about or "", about_in(words) or words
    if said not in known:
        about = f"{known}, {said}" if known else said
        set_words(turn.session, turn.now, turn.chat, view.number, CaseField.ABOUT, about)
    turn.say("utter_complaint_time_kept", number=view.number)
