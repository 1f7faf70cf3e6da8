"""Check that it is you: the yes that files a request, the code that lets it go on."""

from collections.abc import Callable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import DeskAction, Events, Turn
from actions.consent_withdrawal import YES_TO_BOTH, asked_beside
from actions.form import DeskForm
from actions.journeys import INTENT_OF_KIND, JOURNEYS
from actions.taking_back import take_back, takes_back_another
from bot.errors import NotRevocable, TooManyCodes
from bot.privacy.identity_verification import (
    Verdict,
    give_to_a_person,
    newest_code,
    send_code,
    try_code,
    waiting_code,
)
from bot.privacy.request_intake import receive_request, verified
from bot.privacy.request_status import own_request
from bot.privacy.rooms import ROOMS
from bot.privacy.typed_code import code_in
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import HoldKind, RequestKind, RequestState

RESEND = "resend"
VERIFIED = "verified"
NOT_NEEDED = "not_needed"
LEFT = "left"
FAILED = "failed"
_ENDED = {"request_confirmed": False, "request_code": FAILED}


def resend_buttons(turn: Turn, kind: RequestKind) -> list[dict[str, str]]:
    """A button that sends a new code for the request that waits, whatever was said meanwhile."""
    title = turn.text("utter_choice_new_code")
    return [{"title": title, "payload": f"/{INTENT_OF_KIND[kind]} {RESEND}"}]


def say_code_gone(turn: Turn, kind: RequestKind) -> None:
    """The code serves no more; offer a new one."""
    turn.say("utter_code_gone", buttons=resend_buttons(turn, kind))


class AskRequestCode(DeskAction):
    """Sends the code when the request came to need it, and reminds of it after a digression."""

    action_name = "action_ask_request_code"

    def act(self, turn: Turn) -> Events:
        """Send once; again only when asked to."""
        if turn.intent == "submit_code":
            return []  # The check of the code has answered.
        number = turn.tracker.get_slot("request_number")
        request = turn.session.get_one(PrivacyRequest, number)
        if request.state != RequestState.AWAITING_VERIFICATION:
            return _no_code_any_more(turn, request)
        kind = RequestKind(request.kind)
        waiting = waiting_code(turn.session, turn.now, turn.chat, number)
        if waiting is None and turn.chosen != RESEND and newest_code(turn.session, turn.chat, number) is not None:
            say_code_gone(turn, kind)
        elif waiting is not None and turn.chosen != RESEND:
            turn.say("utter_code_waiting", number=number, buttons=resend_buttons(turn, kind))
        else:
            self._send(turn, request, kind)
        return []

    def _send(self, turn: Turn, request: PrivacyRequest, kind: RequestKind) -> None:
        try:
            sent = send_code(turn.session, turn.desk, turn.now, turn.chat, request)
        except TooManyCodes:
            turn.say("utter_error_too_many_codes")
            return
        turn.say(
            "utter_code_sent", number=request.number, address=sent.address, minutes=str(sent.minutes),
            buttons=resend_buttons(turn, kind),
        )  # fmt: skip


def _no_code_any_more(turn: Turn, request: PrivacyRequest) -> Events:
    """The request went on, or ended, by itself meanwhile: no code is sent for it, and the form ends."""
    checked_by_person = request.hold_reason == HoldKind.NO_ADDRESS
    turn.say("utter_code_no_address" if checked_by_person else "utter_code_not_awaited", number=request.number)
    return [SlotSet("request_code", FAILED), SlotSet("requested_slot", None)]


class SubmitCode(DeskAction):
    """A code typed while no form asks for it, as when a complaint came in between: it still serves if it is alive."""

    action_name = "action_submit_code"

    def act(self, turn: Turn) -> Events:
        """Check it for the request it was sent for."""
        sent = newest_code(turn.session, turn.chat)
        if sent is None or turn.chat.subject is None:
            turn.say("utter_code_not_awaited")
            return []
        request = own_request(turn.session, turn.chat.subject, sent.request_number)
        if check(turn, sent.request_number, request.kind):
            request = own_request(turn.session, turn.chat.subject, sent.request_number)
            JOURNEYS[request.kind].agreed(turn, request)
        return []


def check(turn: Turn, number: str, kind: RequestKind) -> bool:
    """Hold the typed code against the one sent; on success the request goes on in the same transaction."""
    tried = try_code(turn.session, turn.now, turn.chat, number, turn.origin, code_in(turn.words(turn.origin)) or "")
    if tried.verdict is Verdict.VERIFIED:
        verified(turn.session, turn.desk, turn.now, number, ROOMS[kind])
        return True
    if tried.verdict is Verdict.WRONG:
        turn.say("utter_code_wrong", tries=str(tried.tries_left), buttons=resend_buttons(turn, kind))
    else:
        say_code_gone(turn, kind)
    return False


class ValidateRequestForm(DeskForm):
    """Files a request at its yes and checks its code; each in one transaction of its own."""

    def name(self) -> str:
        """The name `domain.yml` knows it by."""
        return "validate_request_form"

    async def validate_request_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """A yes files the request; a no ends the form."""
        if value is None:
            return {"request_confirmed": None}
        if not value:
            return await self._left("request_confirmed", _not_filed, dispatcher, tracker, domain)
        if tracker.get_slot("request_number"):
            return {"request_confirmed": True}
        return await self.in_transaction(_file, dispatcher, tracker, domain, _ENDED)

    async def validate_request_code(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The code lets the request go on; leaving takes it back."""
        if value in (VERIFIED, NOT_NEEDED) or not tracker.get_slot("request_number"):
            return {"request_code": value}
        if value == LEFT:
            return await self._left("request_code", _leave, dispatcher, tracker, domain)
        return await self.in_transaction(_try, dispatcher, tracker, domain, _ENDED)

    async def _left(
        self,
        slot: str,
        leave: Callable[[Turn], dict[str, Any]],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> dict[str, Any]:
        """Leave the request, unless another one is to be taken back: then the same question stands again."""

        def run(turn: Turn) -> dict[str, Any]:
            stays = turn.intent == "revoke_request" and takes_back_another(turn)
            return {slot: None} if stays else leave(turn)

        return await self.in_transaction(run, dispatcher, tracker, domain, {slot: None})


def _not_filed(turn: Turn) -> dict[str, Any]:
    return {"request_confirmed": False, "request_code": LEFT}


def _file(turn: Turn) -> dict[str, Any]:
    if turn.intent != "affirm":
        return {"request_confirmed": None}
    if turn.has_condition:
        turn.say("utter_request_conditional_yes")
        return {"request_confirmed": None}
    if turn.was_typed and (beside := asked_beside(turn)):
        turn.say(YES_TO_BOTH, buttons=beside)
        return {"request_confirmed": None}
    kind = RequestKind(turn.tracker.get_slot("request_kind"))
    if turn.was_typed and not JOURNEYS[kind].takes_plain_yes(turn, kind):
        turn.say("utter_request_yes_to_which")
        return {"request_confirmed": None}
    said_in = turn.tracker.get_slot("request_message")
    details = JOURNEYS[kind].details(turn, kind)
    request = receive_request(
        turn.session,
        turn.desk,
        turn.now,
        turn.chat,
        kind,
        ROOMS[kind],
        turn.origin,
        details,
        turn.words(said_in) if said_in else None,
    )
    filed = {"request_confirmed": True, "request_number": request.number}
    if request.state is not RequestState.AWAITING_VERIFICATION:
        return {**filed, "request_code": NOT_NEEDED}
    if give_to_a_person(turn.session, turn.desk, turn.now, request.number):
        turn.say("utter_code_no_address", number=request.number)
        return {**filed, "request_code": FAILED}
    return filed


def _try(turn: Turn) -> dict[str, Any]:
    number = turn.tracker.get_slot("request_number")
    if turn.intent != "submit_code":
        return {"request_code": None}
    kind = RequestKind(turn.tracker.get_slot("request_kind"))
    return {"request_code": VERIFIED if check(turn, number, kind) else None}


def _leave(turn: Turn) -> dict[str, Any]:
    number = turn.tracker.get_slot("request_number")
    try:
        take_back(turn, number)
    except NotRevocable:
        turn.say("utter_error_not_revocable")
    return {"request_code": LEFT}
