"""A right is asked for: named back, confirmed, filed."""

import re

from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy.request_intake import open_request, receive_request
from bot.privacy.request_status import RequestView
from bot.vocabulary import RequestKind

KIND_OF_INTENT = {
    "request_export": RequestKind.EXPORT,
    "request_rectification": RequestKind.RECTIFICATION,
    "request_erasure": RequestKind.ERASURE,
    "request_anonymisation": RequestKind.ANONYMISATION,
    "cancel_account": RequestKind.CANCEL_ACCOUNT,
    "withdraw_consent": RequestKind.WITHDRAW_CONSENT,
    "object_to_processing": RequestKind.OBJECT_TO_PROCESSING,
    "guardian_consent": RequestKind.GUARDIAN_CONSENT,
}
CLAUSE_OF_KIND = {
    RequestKind.ERASURE: "delete-or-anonymise",
    RequestKind.ANONYMISATION: "delete-or-anonymise",
    RequestKind.CANCEL_ACCOUNT: "account-cancellation",
    RequestKind.WITHDRAW_CONSENT: "your-rights",
    RequestKind.RECTIFICATION: "access-and-correction",
}

# A yes with one of these in it may be a yes to something else.
_CONDITION = re.compile(r"\b(but|except|unless|without|only|first|not|never|don'?t|keep)\b", re.IGNORECASE)


def receipt_card(request: RequestView) -> dict[str, object]:
    """The receipt of a request that was just filed."""
    return {
        "kind": "receipt",
        "number": request.number,
        "title": "Request received",
        "lines": [f"Received on {in_words(request.received_at)}", f"Answer by {in_words(request.due_at)}"],
    }


class OpenRequest(DeskAction):
    """Begins the question that confirms a request; asks an anonymous person to sign in instead."""

    action_name = "action_open_request"

    def act(self, turn: Turn) -> Events:
        """Remember which right is meant, then let the form ask."""
        kind = KIND_OF_INTENT[turn.intent]
        if kind is RequestKind.GUARDIAN_CONSENT:
            # Often a question about age at the same time: the policy answers it either way.
            turn.say("utter_guardian_rule", citations=["minors"])
        if turn.chat.subject is None:
            if kind in CLAUSE_OF_KIND:
                turn.say(f"utter_ask_policy/{CLAUSE_OF_KIND[kind]}", citations=[CLAUSE_OF_KIND[kind]])
            turn.ask_to_sign_in()
            return []
        waiting = open_request(turn.session, turn.chat.subject, kind)
        if waiting is not None:
            turn.say("utter_request_already_open", number=waiting.number, due=in_words(waiting.due_at))
            return []
        return [
            SlotSet("request_kind", kind.value),
            SlotSet("request_message", turn.origin if turn.was_typed else None),
            SlotSet("request_confirmed", None),
            FollowupAction("request_form"),
        ]


class SubmitRequest(DeskAction):
    """Files the request when it was confirmed, and says so; files nothing otherwise, and says so."""

    action_name = "action_submit_request"

    def act(self, turn: Turn) -> Events:
        """File or leave."""
        kind, confirmed = turn.tracker.get_slot("request_kind"), turn.tracker.get_slot("request_confirmed")
        said_in = turn.tracker.get_slot("request_message")
        cleared = [SlotSet(slot, None) for slot in ("request_kind", "request_message", "request_confirmed")]
        # The slot is a hint; the yes must be this turn's own.
        if not (kind and confirmed and turn.intent == "affirm"):
            turn.say("utter_request_not_filed")
            return cleared
        if turn.was_typed and _CONDITION.search(turn.words(turn.origin)):
            turn.say("utter_request_conditional_yes")
            return [SlotSet("request_confirmed", None), FollowupAction("request_form")]
        request = receive_request(
            turn.session,
            turn.now,
            turn.chat,
            RequestKind(kind),
            turn.origin,
            turn.answer_within,
            turn.mail_address,
            turn.words(said_in) if said_in else None,
        )
        turn.say(
            "utter_request_filed",
            card=receipt_card(request),
            number=request.number,
            due=in_words(request.due_at),
        )
        return cleared
