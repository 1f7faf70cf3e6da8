"""A complaint that is told while something else is asked for: the rest of it waits, and it goes on where it was."""

from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import Events, Turn
from bot.privacy import wishes
from bot.privacy.complaint import CaseField, set_words
from bot.privacy.complaint_corrections import last_wish
from bot.privacy.complaint_status import CaseView, own_cases
from bot.privacy.complaint_words import wish_in

OF_THE_REQUEST = ("request_kind", "request_number", "request_confirmed", "request_code", "requested_slot")
_INTENT = "file_complaint"
_LONGEST_WISH = 80


def put_off(turn: Turn) -> Events:
    """Say that what was told is filed, and let the rest wait until the other right has its answer."""
    case = _being_told(turn)
    if case is not None and turn.origin.isdecimal():
        wish = turn.text(f"utter_choice_{_INTENT}")
        wishes.keep_for_later(turn.session, turn.now, turn.chat, int(turn.origin), _INTENT, wish)
        turn.say("utter_complaint_waits", number=case.number, due=turn.day(case.due_at))
    return []


def go_on(turn: Turn) -> Events | None:
    """Ask again what was open when the complaint was put off, or take the answer to it.

    Returns:
        None when this is another complaint.
    """
    case = _being_told(turn)
    if case is None or turn.tracker.active_loop.get("name") == "complaint_form":
        return None
    words = turn.words(turn.origin) if turn.was_typed else ""
    slots: dict[str, str | None] = dict.fromkeys(OF_THE_REQUEST)
    if turn.origin.isdecimal() or words != turn.text(f"utter_choice_{_INTENT}"):
        wish = wish_in(words)
        if wish != words.strip() or len(words) > _LONGEST_WISH or turn.tracker.get_slot("complaint_wish"):
            return None
        set_words(turn.session, turn.now, turn.chat, case.number, CaseField.WISH, last_wish(words, wish))
        slots |= {"complaint_wish": turn.origin}
    leave_request(turn)
    return [*(SlotSet(name, value) for name, value in slots.items()), FollowupAction("complaint_form")]


def leave_request(turn: Turn) -> None:
    """Say what becomes of a request that stands at its question when a complaint comes in between."""
    if turn.tracker.active_loop.get("name") == "request_form":
        waits = turn.tracker.get_slot("request_number")
        turn.say("utter_request_waits_for_code" if waits else "utter_request_not_filed", number=waits or "")


def _being_told(turn: Turn) -> CaseView | None:
    """The case of this conversation that is not told to its end; a reply to a case is none."""
    number = turn.tracker.get_slot("case_number") if not turn.tracker.get_slot("case_act") else None
    told = (each for each in own_cases(turn.session, turn.chat) if each.number == number)
    return next((each for each in told if each.waits and not each.confirmed), None)
