"""Complaints, questions, suggestions, reports: filed at once, then told in a few turns, shown back and confirmed."""

from datetime import datetime
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions import handoff
from actions.base import DeskAction, Events, Turn
from actions.complaint_acts import act_on_case
from actions.complaint_answers import RIGHTS
from actions.complaint_beside import ASKS_CHANGE, LEFT, REPLIED
from actions.complaint_cards import ask_what_to_change, ask_whether_right, say_case, say_claim_code
from actions.complaint_form import WISHED_FOR, read_words
from actions.complaint_later import OF_THE_REQUEST, go_on, leave_request, put_off
from bot.clocks import in_words_with_time
from bot.privacy.complaint import KIND_WORDS, FiledCase, file_case
from bot.privacy.complaint_status import own_case
from bot.privacy.complaint_words import kind_in, tells_what_happened
from bot.privacy.deadlines import case_due
from bot.privacy.handoff_queue import promised_at
from bot.vocabulary import CaseKind

SLOTS = ("case_number", "case_kind", "complaint_statement", "complaint_wish", "complaint_about", "complaint_confirmed")
_CHOSEN_KINDS = WISHED_FOR | {CaseKind.SUGGESTION, CaseKind.QUESTION, CaseKind.COMMENT, CaseKind.REPORT}


class OpenComplaint(DeskAction):
    """Files the case with a number before anything else is asked, so that nothing said is lost.

    Where another right is asked for while a case is told, the rest of the case waits until that is done.
    """

    action_name = "action_open_complaint"

    def act(self, turn: Turn) -> Events:
        """File it, then ask for what is missing; or go on with a case that is there."""
        if turn.intent in RIGHTS:
            return put_off(turn)
        begun = go_on(turn)
        if begun is not None:
            return begun
        known = act_on_case(turn)
        if known is not None:
            return known
        leave_request(turn)
        kind = _kind(turn)
        words = turn.words(turn.origin) if turn.was_typed else None
        due_at = _due(turn, kind)
        filed = file_case(
            turn.session, turn.desk.settings, turn.now, turn.chat, kind, turn.origin, due_at, turn.mail_address, words
        )
        turn.session.flush()
        _tell_filed(turn, filed)
        if kind is CaseKind.SECURITY_REPORT:
            handoff.call_person(turn, filed.number)
        slots: dict[str, Any] = dict.fromkeys((*SLOTS, ASKS_CHANGE)) | {"case_number": filed.number, "case_kind": kind}
        if words and tells_what_happened(words):
            slots |= {"complaint_statement": turn.origin} | read_words(turn, filed.number, kind, words)
        slots |= dict.fromkeys(OF_THE_REQUEST)
        return [*(SlotSet(name, value) for name, value in slots.items()), FollowupAction("complaint_form")]


def _kind(turn: Turn) -> CaseKind:
    if turn.intent == "report_security_issue":
        return CaseKind.SECURITY_REPORT
    if turn.chosen in _CHOSEN_KINDS:
        return CaseKind(str(turn.chosen))
    return kind_in(turn.words(turn.origin)) if turn.was_typed else CaseKind.COMPLAINT


def _due(turn: Turn, kind: CaseKind) -> datetime:
    settings = turn.desk.settings
    if kind is CaseKind.SECURITY_REPORT:
        return promised_at(settings, turn.now)
    return case_due(settings.regime, turn.now, settings)


def _tell_filed(turn: Turn, filed: FiledCase) -> None:
    if filed.kind is CaseKind.SECURITY_REPORT:
        turn.say("utter_security_report_filed", number=filed.number, due=in_words_with_time(filed.due_at))
    else:
        turn.say("utter_complaint_filed", number=filed.number, due=turn.day(filed.due_at), what=KIND_WORDS[filed.kind])
    if turn.chat.subject is None:
        say_claim_code(turn, filed.number)


class AskComplaintConfirmed(DeskAction):
    """Shows back what was taken down and asks whether it is right, or what is to be changed."""

    action_name = "action_ask_complaint_confirmed"

    def act(self, turn: Turn) -> Events:
        """Ask; again after every digression."""
        view = own_case(turn.session, turn.chat, str(turn.tracker.get_slot("case_number")))
        if turn.tracker.get_slot(ASKS_CHANGE):
            ask_what_to_change(turn, view)
        else:
            ask_whether_right(turn, view)
        return []


class SubmitComplaint(DeskAction):
    """Says what follows when a case was confirmed, or that it stays as it is."""

    action_name = "action_submit_complaint"

    def act(self, turn: Turn) -> Events:
        """Tell how it goes on."""
        number, end = str(turn.tracker.get_slot("case_number")), turn.tracker.get_slot("complaint_confirmed")
        view = own_case(turn.session, turn.chat, number)
        if end == LEFT:
            turn.say("utter_complaint_left_as_is", number=number)
        elif end != REPLIED:
            say_case(turn, "utter_complaint_confirmed", view, attach=True)
        return [SlotSet(slot, None) for slot in (*SLOTS, ASKS_CHANGE)]
