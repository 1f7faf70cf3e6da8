"""Where is my request? And taking it back."""

from actions.base import DeskAction, Events, Turn, in_words
from actions.complaint_acts import act_on_case, show_cases, take_back_case
from actions.complaint_cards import show_buttons
from actions.identity_verification import resend_buttons
from actions.step_question import say_until
from actions.taking_back import ask_which, asked_which, number_in, take_back
from bot.clocks import in_words_with_time
from bot.privacy import export_fetching, guardian_consent, handoff
from bot.privacy.complaint import KIND_WORDS
from bot.privacy.complaint_card import state_in_words
from bot.privacy.complaint_status import CaseView, own_cases
from bot.privacy.request_status import STATE_WORDS, RequestView, own_request, own_requests
from bot.privacy.step_questions import StepTopic, topic_of
from bot.vocabulary import RequestState

_ENDED = {RequestState.FULFILLED, RequestState.DENIED, RequestState.REVOKED, RequestState.EXPIRED}


def _line(turn: Turn, request: RequestView) -> str:
    line = f"{request.number}: {request.what} ({STATE_WORDS[request.state]}"
    if request.until:
        return f"{line} until {in_words_with_time(request.until)})"
    return f"{line})" if request.state in _ENDED else f"{line}; answer by {turn.day(request.due_at)})"


def _case_line(turn: Turn, case: CaseView) -> str:
    return f"{case.number}: {KIND_WORDS[case.kind]} ({state_in_words(case, turn.desk.settings)})"


def _others(turn: Turn) -> list[str]:
    """A parent or guardian who was asked, and a person who was wanted: they wait for an answer as well."""
    asked = guardian_consent.asked_by(turn.session, turn.chat.subject) if turn.chat.subject else []
    lines = [turn.text("utter_status_guardian", number=each.number, until=in_words(each.until)) for each in asked]
    waiting = handoff.waiting_number(turn.session, turn.chat)
    return [*lines, *([turn.text("utter_status_person", number=waiting)] if waiting else [])]


def _list_card(turn: Turn, requests: list[RequestView], cases: list[CaseView], others: list[str]) -> dict[str, object]:
    title = " and ".join([*(["requests"] if requests or others else []), *(["cases"] if cases else [])])
    lines = [*(_line(turn, each) for each in requests), *others, *(_case_line(turn, each) for each in cases)]
    return {"kind": "receipt", "number": "", "title": f"Your {title}", "lines": lines}


def _tell_of_copy(turn: Turn) -> None:
    """A copy that waits in a chat that may be closed by now can be had here, with a code."""
    waiting = export_fetching.waits_elsewhere(turn.session, turn.now, turn.chat)
    if waiting:
        buttons = [{"title": turn.text(label), "payload": payload} for label, payload in export_fetching.HERE]
        until = in_words_with_time(waiting.until)
        turn.say(export_fetching.ELSEWHERE, buttons=buttons, number=waiting.number, until=until)


class RequestStatus(DeskAction):
    """Lists one's own requests and cases; a number names one, or, when asked which to take back, is the answer."""

    action_name = "action_request_status"

    def act(self, turn: Turn) -> Events:
        """Show them, newest first."""
        known = act_on_case(turn)
        if known is not None:
            return known
        number, subject = number_in(turn), turn.chat.subject
        if not number and show_cases(turn, turn.words(turn.origin)):
            return []
        cases = [] if number else own_cases(turn.session, turn.chat)
        if subject is None and not cases:
            turn.ask_to_sign_in()
            return []
        if number and asked_which(turn):
            take_back(turn, number)
            return []
        if number:
            self._list(turn, [own_request(turn.session, subject or "", number)], [], [])
        else:
            self._list(turn, own_requests(turn.session, subject) if subject else [], cases, _others(turn))
        _tell_of_copy(turn)
        return []

    def _list(self, turn: Turn, requests: list[RequestView], cases: list[CaseView], others: list[str]) -> None:
        if not requests and not cases and not others:
            turn.say("utter_request_status_none")
            return
        codes = [each for each in requests if each.state is RequestState.AWAITING_VERIFICATION][:1]
        buttons = [button for each in codes for button in resend_buttons(turn, each.kind)]
        buttons += [
            {"title": f"Take back {each.number}", "payload": f"/revoke_request {each.number}"}
            for each in requests
            if each.revocable
        ]
        card = _list_card(turn, requests, cases, others)
        turn.say("utter_request_status", card=card, buttons=[*buttons[:4], *show_buttons(turn, cases)])


class RevokeRequest(DeskAction):
    """Takes back the request that is meant: the one named by number, or the only open one."""

    action_name = "action_revoke_request"

    def act(self, turn: Turn) -> Events:
        """Take it back, or offer those it could be."""
        known = act_on_case(turn)
        if known is not None:
            return known
        if turn.was_typed and topic_of(turn.words(turn.origin)) is StepTopic.UNDO:
            say_until(turn)
            return []
        if not number_in(turn) and take_back_case(turn, turn.words(turn.origin)):
            return []
        if turn.chat.subject is None:
            turn.say("utter_request_revoke_none")
            return []
        requests = own_requests(turn.session, turn.chat.subject)
        waiting = [request for request in requests if request.revocable]
        number = number_in(turn) or (waiting[0].number if len(waiting) == 1 else None)
        if number:
            take_back(turn, number)
        elif waiting:
            ask_which(turn, waiting)
        elif any(request.state is RequestState.RUNNING for request in requests):
            turn.say("utter_error_not_revocable")
        else:
            turn.say("utter_request_revoke_none")
        return []
