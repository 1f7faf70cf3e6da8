"""Complaints and security reports: filed at once, words added if wanted."""

from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import handoff
from actions.base import DeskAction, Events, Turn, in_words, was_typed
from actions.journeys import KIND_OF_INTENT as RIGHTS
from bot.privacy.complaint import add_statement, file_case
from bot.vocabulary import CaseKind

KIND_OF_INTENT = {
    "file_complaint": CaseKind.COMPLAINT,
    "report_security_issue": CaseKind.SECURITY_REPORT,
}
_OTHER_RIGHTS = {"request_access", *RIGHTS}
NOTHING_TO_ADD = "nothing"

# Short and read with this much confidence, these are not the story itself.
_SURE = 0.6
_LONGEST_DIGRESSION = 160
_LEAVE = {"deny", "cancel", "thank", "goodbye"}
_DIGRESS = {"ask_policy", "ask_for_human", "help"}
# A story may hold any wish, so a wish must be very short and very clear to be taken for something else.
_VERY_SURE = 0.9
_LONGEST_WISH = 60


class OpenComplaint(DeskAction):
    """Files the case with a number before anything else is asked, so that nothing said is lost."""

    action_name = "action_open_complaint"

    def act(self, turn: Turn) -> Events:
        """File it, then ask for the story."""
        kind = KIND_OF_INTENT[turn.intent]
        if turn.tracker.active_loop.get("name") == "request_form":
            waits = turn.tracker.get_slot("request_number")
            turn.say("utter_request_waits_for_code" if waits else "utter_request_not_filed", number=waits or "")
        filed = file_case(
            turn.session,
            turn.now,
            turn.chat,
            kind,
            turn.origin,
            turn.answer_within,
            turn.mail_address,
            turn.words(turn.origin) if turn.was_typed else None,
        )
        turn.say(f"utter_{kind.value}_filed", number=filed.number, due=in_words(filed.due_at))
        if kind is CaseKind.SECURITY_REPORT:
            handoff.call_person(turn, filed.number)
        return [
            SlotSet("case_number", filed.number),
            SlotSet("complaint_statement", None),
            *(SlotSet(slot, None) for slot in ("request_kind", "request_number", "request_confirmed", "request_code")),
            FollowupAction("complaint_form"),
        ]


class ValidateComplaintForm(FormValidationAction):
    """Takes the next message as the story, unless it is plainly something else.

    The slot receives the id of the message, never its words.
    """

    def name(self) -> str:
        """The name `domain.yml` knows it by."""
        return "validate_complaint_form"

    def validate_complaint_statement(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Every message is good as a story."""
        return {"complaint_statement": value}

    async def extract_complaint_statement(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Decide what the answer to "what happened?" was."""
        if tracker.slots.get("requested_slot") != "complaint_statement":
            return {}
        latest = tracker.latest_message
        intent, confidence = latest["intent"].get("name"), latest["intent"].get("confidence") or 0.0
        length = len(latest.get("text") or "")
        clear = length <= _LONGEST_DIGRESSION and confidence >= _SURE
        if intent in _LEAVE and clear:
            return {"complaint_statement": NOTHING_TO_ADD}
        if intent in _DIGRESS and clear:
            return {}
        a_wish = length <= _LONGEST_WISH and confidence >= _VERY_SURE
        if not was_typed(latest) or (intent in _OTHER_RIGHTS and a_wish):
            return {}
        return {"complaint_statement": str((latest.get("metadata") or {}).get("message"))}


class ComplaintStatement(DeskAction):
    """Puts the person's words to the case, or leaves it as it is."""

    action_name = "action_complaint_statement"

    def act(self, turn: Turn) -> Events:
        """Add the words and confirm."""
        number, message = turn.tracker.get_slot("case_number"), turn.tracker.get_slot("complaint_statement")
        cleared = [SlotSet("case_number", None), SlotSet("complaint_statement", None)]
        if message in (None, NOTHING_TO_ADD):
            turn.say("utter_complaint_left_as_is", number=number)
            return cleared
        add_statement(turn.session, turn.now, turn.chat, number, turn.words(message))
        turn.say("utter_complaint_statement_added", number=number)
        return cleared
