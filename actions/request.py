"""A right is asked for: named back, confirmed, verified where it must be, and on its way."""

import re

from rasa_sdk.events import FollowupAction, SlotSet

from actions import guardian_consent, handoff, identity_verification
from actions.base import DeskAction, Events, Turn
from actions.erasure import ErasureJourney
from actions.journey import CLAUSE_OF_KIND
from actions.journeys import INTENT_OF_KIND, JOURNEYS, KIND_OF_INTENT
from actions.somebody_else import said_whose
from bot.clocks import in_words_with_time
from bot.privacy import wishes
from bot.privacy.guardian_consent_form import FORM as GUARDIAN_FORM
from bot.privacy.request_intake import open_request, waits_for_code
from bot.privacy.request_status import STATE_WORDS, RequestView, own_request
from bot.store import conversations
from bot.vocabulary import RequestKind, RequestState

SLOTS = ("request_kind", "request_number", "request_message", "request_confirmed", "request_code")
# People correct their corrections: a newer one takes the place of one that still waits for its code.
_MAY_BE_ASKED_ANEW = {RequestKind.RECTIFICATION, RequestKind.WITHDRAW_CONSENT, RequestKind.OBJECT_TO_PROCESSING}
_FIRST = re.compile(r"\b(first|before|beforehand)\b", re.IGNORECASE)
_FORM_KINDS = {"rectification": RequestKind.RECTIFICATION, "consent": RequestKind.WITHDRAW_CONSENT}


def cleared() -> Events:
    """The form's slots, empty again."""
    return [SlotSet(slot, None) for slot in SLOTS]


def ask(kind: RequestKind, message: str | None) -> Events:
    """Begin the form that asks for a yes."""
    return [
        *cleared(),
        SlotSet("request_kind", kind.value),
        SlotSet("request_message", message),
        FollowupAction("request_form"),
    ]


class OpenRequest(DeskAction):
    """Begins the question that confirms a request; asks an anonymous person to sign in instead."""

    action_name = "action_open_request"

    def act(self, turn: Turn) -> Events:
        """Remember which right is meant, then let the form ask."""
        kind = KIND_OF_INTENT[turn.intent]
        if said_whose(turn):
            return []
        if turn.chat.subject is None:
            if kind in CLAUSE_OF_KIND:
                turn.say(f"utter_ask_policy/{CLAUSE_OF_KIND[kind]}", citations=[CLAUSE_OF_KIND[kind]])
            turn.ask_to_sign_in()
            return []
        if kind not in _MAY_BE_ASKED_ANEW:
            waiting = _waiting(turn, turn.chat.subject, kind)
            if waiting is not None:
                return self._already_open(turn, waiting)
            if older := waits_for_code(turn.session, turn.chat.subject, kind):
                new_code = identity_verification.resend_buttons(turn, older.kind)
                turn.say("utter_request_gives_way", buttons=new_code, number=older.number, what=older.what)
        _keep_deletion(turn, kind)
        events = JOURNEYS[kind].begin(turn, kind)
        return ask(kind, turn.origin if turn.was_typed else None) if events is None else events

    def _already_open(self, turn: Turn, waiting: RequestView) -> Events:
        """Say so; a request that still waits for its code goes on to the code, in this conversation."""
        if turn.chosen != identity_verification.RESEND:
            until = in_words_with_time(waiting.until) if waiting.until else turn.day(waiting.due_at)
            revocable = waiting.state is RequestState.COOLING_OFF
            response = "utter_request_already_open_revocable" if revocable else "utter_request_already_open"
            state = STATE_WORDS[waiting.state]
            turn.say(
                response, number=waiting.number, what=waiting.what, state=state,
                due=turn.day(waiting.due_at), until=until,
            )  # fmt: skip
        if waiting.state is not RequestState.AWAITING_VERIFICATION:
            return []
        return [
            *cleared(),
            SlotSet("request_kind", waiting.kind.value),
            SlotSet("request_number", waiting.number),
            SlotSet("request_confirmed", True),
            FollowupAction("request_form"),
        ]


def _waiting(turn: Turn, subject: str, kind: RequestKind) -> RequestView | None:
    """The request that does what is wished already; who wants another code means the one that waits for it."""
    found = open_request(turn.session, subject, kind)
    if turn.chosen == identity_verification.RESEND:
        return waits_for_code(turn.session, subject, kind) or found
    return found and open_request(turn.session, subject, kind, JOURNEYS[kind].wished(turn, kind))


def _keep_deletion(turn: Turn, kind: RequestKind) -> None:
    """Let a deletion that stands at its question wait, where the person wants a copy first."""
    before = turn.tracker.get_slot("request_kind") if turn.tracker.active_loop else None
    if kind is not RequestKind.EXPORT or before not in ErasureJourney.kinds or turn.tracker.get_slot("request_number"):
        return
    words = turn.words(turn.origin) if turn.was_typed else ""
    if _FIRST.search(words) and turn.origin.isdecimal():
        intent, asked = INTENT_OF_KIND[RequestKind(before)], turn.tracker.get_slot("request_message")
        text = conversations.text_in(turn.session, turn.chat.id, asked) if asked else ""
        wishes.keep_for_later(turn.session, turn.now, turn.chat, asked or turn.origin, intent, text)
        turn.say("utter_wish_kept", wish=wishes.name_of(intent))


class AskRequestConfirmed(DeskAction):
    """Says what would happen and asks for a yes; again after every digression."""

    action_name = "action_ask_request_confirmed"

    def act(self, turn: Turn) -> Events:
        """Ask as the right asks."""
        kind = RequestKind(turn.tracker.get_slot("request_kind"))
        JOURNEYS[kind].question(turn, kind)
        return []


class SubmitForm(DeskAction):
    """Takes a form that was filled in and sent, and hands it to the right it belongs to."""

    action_name = "action_submit_form"

    def act(self, turn: Turn) -> Events:
        """Go on with the right's question, or say that the form changes nothing."""
        form = conversations.form_name(turn.session, turn.chat.id, int(turn.origin))
        if form.startswith(handoff.FORMS):
            return handoff.submitted_form(turn, form)
        if form == GUARDIAN_FORM:
            return guardian_consent.submitted(turn)
        kind = _FORM_KINDS[form]
        events = JOURNEYS[kind].submitted_form(turn, turn.origin)
        return ask(kind, turn.origin) if events is None else events


class SubmitRequest(DeskAction):
    """Says what follows when a request was confirmed (and verified); says that nothing was filed otherwise."""

    action_name = "action_submit_request"

    def act(self, turn: Turn) -> Events:
        """Tell how it goes on."""
        number, code = turn.tracker.get_slot("request_number"), turn.tracker.get_slot("request_code")
        if code == identity_verification.FAILED:
            return cleared()
        if not (number and turn.tracker.get_slot("request_confirmed")):
            JOURNEYS[RequestKind(turn.tracker.get_slot("request_kind"))].declined(turn)
        elif code in (identity_verification.VERIFIED, identity_verification.NOT_NEEDED):
            request = own_request(turn.session, turn.chat.subject or "", number)
            JOURNEYS[request.kind].agreed(turn, request)
        return cleared()
