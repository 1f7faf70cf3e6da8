"""Which request is to be taken back: the one that is named, the one that stands at its question, or one of several."""

from itertools import dropwhile, islice, takewhile
from typing import Any

from actions.base import Turn
from actions.complaint_acts import take_back_case
from actions.last_asked import response_of
from bot.privacy.complaint_words import case_in, request_in, speaks_of_a_request
from bot.privacy.request_status import REQUEST_WORDS, RequestView, own_requests
from bot.privacy.taking_back import revoke_request
from bot.vocabulary import RequestKind, RequestState

_WHICH = "utter_request_revoke_which"


def number_in(turn: Turn) -> str | None:
    """The number of a request that a button stands for, or that the words name."""
    return turn.chosen or request_in(turn.words(turn.origin))


def take_back(turn: Turn, number: str) -> None:
    """Take it back, and say so."""
    done = revoke_request(turn.session, turn.desk, turn.now, turn.chat, number)
    turn.say("utter_request_revoked", number=done.number, what=done.what)


def ask_which(turn: Turn, requests: list[RequestView], *more: dict[str, str]) -> None:
    """Offer those that it could be."""
    buttons = [
        {"title": f"{each.number}: {each.what}", "payload": f"/revoke_request {each.number}"} for each in requests
    ]
    turn.say(_WHICH, buttons=[*buttons, *more])


def asked_which(turn: Turn) -> bool:
    """Whether the bot asked so just before, also where a form's own question stands behind it."""
    before = islice(dropwhile(_is_no_message, reversed(turn.tracker.events)), 1, None)
    return any(response_of(event) == _WHICH for event in takewhile(_is_no_message, before))


def takes_back_another(turn: Turn) -> bool:
    """Take back what is meant while a request stands at its question, where that is something else.

    Whatever goes on by itself could be meant as well as what stands there, so the person is asked which.

    Returns:
        Whether the request that stands there stays.
    """
    standing, named = turn.tracker.get_slot("request_number"), number_in(turn)
    if named:
        if named != standing:
            take_back(turn, named)
        return bool(named != standing)
    words = turn.words(turn.origin)
    # "Cancel my request, I will complain instead" takes no complaint back.
    if (case_in(words) or not speaks_of_a_request(words)) and take_back_case(turn, words):
        return True
    waiting = [each for each in own_requests(turn.session, turn.chat.subject or "") if each.revocable]
    others = [each for each in waiting if each.state is not RequestState.AWAITING_VERIFICATION]
    if not others:
        return False
    kind = REQUEST_WORDS[RequestKind(turn.tracker.get_slot("request_kind"))]
    open_question = {"title": turn.text("utter_choice_not_filed", what=kind), "payload": "/deny"}
    if standing:
        ask_which(turn, [*(each for each in waiting if each.number == standing), *others])
    else:
        ask_which(turn, others, open_question)
    return True


def _is_no_message(event: dict[str, Any]) -> bool:
    """Whether it is none of the person's."""
    return event.get("event") != "user"
