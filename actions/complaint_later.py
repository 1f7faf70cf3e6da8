"""A complaint that is told while something else is asked for: the rest of it waits, and it goes on where it was."""

from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import Events, Turn
from actions.complaint_cards import say_case
from actions.complaint_form import told_already
from actions.identity_verification import resend_buttons
from bot.privacy import wishes
from bot.privacy.complaint import CaseField, set_words
from bot.privacy.complaint_corrections import last_wish
from bot.privacy.complaint_status import CaseView, own_cases
from bot.privacy.complaint_words import wish_in
from bot.vocabulary import CaseKind, RequestKind

OF_THE_REQUEST = ("request_kind", "request_number", "request_confirmed", "request_code", "requested_slot")
_INTENT = "file_complaint"
_LONGEST_WISH = 80


def put_off(turn: Turn) -> Events:
    """Say that what was told is filed, and let the rest wait until the other right has its answer."""
    case = _being_told(turn)
    if case is not None and turn.origin.isdecimal():
        wishes.keep_for_later(turn.session, turn.now, turn.chat, turn.origin, _INTENT)
        turn.say("utter_complaint_waits", number=case.number, due=turn.day(case.due_at))
    return []


def go_on(turn: Turn) -> Events | None:
    """Ask again what was open when the complaint was put off, or take the answer to it.

    Returns:
        None when this is another complaint.
    """
    if not turn.was_typed and not turn.origin.isdecimal():
        return _take_up(turn)
    case = _being_told(turn)
    if case is None or turn.tracker.active_loop.get("name") == "complaint_form":
        return None
    words = turn.words(turn.origin) if turn.was_typed else ""
    wish = wish_in(words)
    if wish != words.strip() or len(words) > _LONGEST_WISH or turn.tracker.get_slot("complaint_wish"):
        return None
    set_words(turn.session, turn.now, turn.chat, case.number, CaseField.WISH, last_wish(words, wish))
    leave_request(turn)
    return _telling({"complaint_wish": turn.origin})


def _take_up(turn: Turn) -> Events:
    """Ask what is open of the complaint that was put off; where it is not the person's turn any more, show the case.

    A person who answered in between, or a new chat, has left the slots empty: what was told then stands in the case.
    """
    if _being_told(turn) is not None:
        return _telling({})
    brought = (each for each in own_cases(turn.session, turn.chat) if each.kind is not CaseKind.POLICY_OBJECTION)
    case = next(brought, None)
    if case is None:
        turn.say("utter_claim_ask")
        return []
    if not _is_open(case):
        say_case(turn, "utter_case_shown", case, attach=case.waits or case.decided)
        return []
    return _telling({"case_number": case.number, "case_kind": case.kind, "case_act": None} | told_already(case))


def _telling(slots: dict[str, str | None]) -> Events:
    """The events that go on with the form of the complaint."""
    slots = dict.fromkeys(OF_THE_REQUEST) | slots
    return [*(SlotSet(name, value) for name, value in slots.items()), FollowupAction("complaint_form")]


def leave_request(turn: Turn) -> None:
    """Say what becomes of a request that stands at its question when a complaint comes in between."""
    if turn.tracker.active_loop.get("name") == "request_form":
        if waits := turn.tracker.get_slot("request_number"):
            buttons = resend_buttons(turn, RequestKind(turn.tracker.get_slot("request_kind")))
            turn.say("utter_request_waits_for_code", buttons=buttons, number=waits)
        else:
            turn.say("utter_request_not_filed")


def _being_told(turn: Turn) -> CaseView | None:
    """The case of this conversation that is not told to its end; a reply to a case is none."""
    number = turn.tracker.get_slot("case_number") if not turn.tracker.get_slot("case_act") else None
    told = (each for each in own_cases(turn.session, turn.chat) if each.number == number)
    return next(filter(_is_open, told), None)


def _is_open(case: CaseView) -> bool:
    return case.waits and not case.confirmed
