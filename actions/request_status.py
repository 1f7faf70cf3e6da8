"""Where is my request? And taking it back."""

import re

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy.request_status import REQUEST_WORDS, RequestView, own_requests, revoke_request
from bot.vocabulary import RequestState

_WHICH = "utter_request_revoke_which"
_NUMBER = re.compile(r"\bPR-\d{4}-\d{6}\b", re.IGNORECASE)


def _list_card(requests: list[RequestView]) -> dict[str, object]:
    lines = [f"{r.number}: {REQUEST_WORDS[r.kind]} ({r.state.value}, answer by {in_words(r.due_at)})" for r in requests]
    return {"kind": "receipt", "number": "", "title": "Your requests", "lines": lines}


def _number_in(turn: Turn) -> str | None:
    match = _NUMBER.search(turn.words(turn.origin))
    return match.group().upper() if match else None


def _asked_which(turn: Turn) -> bool:
    """Whether the bot's last question was which request to take back."""
    said = (event for event in reversed(turn.tracker.events) if event.get("event") == "bot")
    return next(((event.get("metadata") or {}).get("utter_action") for event in said), None) == _WHICH


def _take_back(turn: Turn, number: str) -> None:
    done = revoke_request(turn.session, turn.now, turn.chat, number, turn.mail_address)
    turn.say("utter_request_revoked", number=done.number)


class RequestStatus(DeskAction):
    """Lists the customer's own requests; a number given when asked which one to take back is the answer to that."""

    action_name = "action_request_status"

    def act(self, turn: Turn) -> Events:
        """Show them, newest first."""
        if turn.chat.subject is None:
            turn.ask_to_sign_in()
            return []
        number = _number_in(turn)
        if number and _asked_which(turn):
            _take_back(turn, number)
            return []
        requests = own_requests(turn.session, turn.chat.subject)
        if requests:
            turn.say("utter_request_status", card=_list_card(requests))
        else:
            turn.say("utter_request_status_none")
        return []


class RevokeRequest(DeskAction):
    """Takes back the request that is meant: the one named by number, or the only open one."""

    action_name = "action_revoke_request"

    def act(self, turn: Turn) -> Events:
        """Take it back, or offer those it could be."""
        if turn.chat.subject is None:
            turn.say("utter_request_revoke_none")
            return []
        requests = own_requests(turn.session, turn.chat.subject)
        waiting = [request for request in requests if request.state is RequestState.RECEIVED]
        number = _number_in(turn) or (waiting[0].number if len(waiting) == 1 else None)
        if number:
            _take_back(turn, number)
        elif waiting:
            # The label of the button becomes the person's message, and the number is read from it.
            buttons = [
                {"title": f"{request.number}: {REQUEST_WORDS[request.kind]}", "payload": "/revoke_request"}
                for request in waiting
            ]
            turn.say(_WHICH, buttons=buttons)
        else:
            turn.say("utter_request_revoke_none")
        return []
