"""Where is my request? And taking it back."""

import re

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy.request_status import REQUEST_WORDS, RequestView, own_requests, revoke_request
from bot.vocabulary import RequestState

_NUMBER = re.compile(r"\bPR-\d{4}-\d{6}\b", re.IGNORECASE)


def _list_card(requests: list[RequestView]) -> dict[str, object]:
    lines = [f"{r.number}: {REQUEST_WORDS[r.kind]} ({r.state.value}, answer by {in_words(r.due_at)})" for r in requests]
    return {"kind": "receipt", "number": "", "title": "Your requests", "lines": lines}


def _number_in(turn: Turn) -> str | None:
    match = _NUMBER.search(turn.words(turn.origin))
    return match.group().upper() if match else None


class RequestStatus(DeskAction):
    """Lists the customer's own requests."""

    action_name = "action_request_status"

    def act(self, turn: Turn) -> Events:
        """Show them, newest first."""
        if turn.chat.subject is None:
            turn.say("utter_sign_in_needed", card={"kind": "sign_in"})
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
        """Take it back, or ask which."""
        if turn.chat.subject is None:
            turn.say("utter_request_revoke_none")
            return []
        requests = own_requests(turn.session, turn.chat.subject)
        waiting = [request for request in requests if request.state is RequestState.RECEIVED]
        number = _number_in(turn) or (waiting[0].number if len(waiting) == 1 else None)
        if number:
            done = revoke_request(turn.session, turn.now, turn.chat, number, turn.mail_address)
            turn.say("utter_request_revoked", number=done.number)
        elif waiting:
            turn.say("utter_request_revoke_which", card=_list_card(waiting))
        else:
            turn.say("utter_request_revoke_none")
        return []
