"""Consent of a parent or guardian: who is under 18 asks for it here, and says their own word once they are 18."""

import re
from typing import Any

from actions.base import DeskAction, Events, Turn, in_words
from actions.last_asked import last_asked, response_of
from bot.privacy import guardian_consent
from bot.privacy.entities import finder
from bot.privacy.guardian_consent import Asked
from bot.privacy.guardian_consent_form import guardian_form
from bot.privacy.guardian_consent_of_age import own_word
from bot.privacy.guardian_consent_standing import Standing, standing, waits_for_own_word
from bot.vocabulary import EntityKind

_TAKE_BACK = "take_back:"
_ABOUT_THEM = frozenset({"utter_guardian_form", "utter_guardian_asked", "utter_guardian_waiting"})
_THEIRS = re.compile(r"\b(her|his|their|mum|mom|mother|dad|father|parents?|guardian)\b", re.IGNORECASE)


class GuardianConsent(DeskAction):
    """Reads out the rule and offers what fits: the form, how far it is, how a parent goes about it, one's own word."""

    action_name = "action_guardian_consent"

    def act(self, turn: Turn) -> Events:
        """Answer a question about age or guardians, or a button of the flow."""
        chosen = turn.chosen or ""
        if not chosen:
            # Often a question about age at the same time: the policy answers it either way.
            turn.say("utter_guardian_rule", citations=["minors"])
        if turn.chat.subject is None:
            turn.ask_to_sign_in()
        elif chosen == "parent":
            turn.say("utter_guardian_for_child")
        elif chosen == "declare":
            guardian_consent.declare(turn.session, turn.desk, turn.now, turn.chat)
            turn.say("utter_guardian_declared")
            _give_form(turn, turn.chat.subject)
        elif chosen.startswith(_TAKE_BACK):
            number = chosen.removeprefix(_TAKE_BACK)
            guardian_consent.take_back(turn.session, turn.desk, turn.now, turn.chat, number)
            turn.say("utter_guardian_taken_back", number=number)
        elif waits_for_own_word(turn.session, turn.chat.subject):
            _own_word(turn, chosen)
        else:
            address = _address_in(turn, turn.words(turn.origin)) if turn.was_typed else ""
            _as_it_stands(turn, turn.chat.subject, address, anew=bool(address) or chosen == "invite")
        return []


def submitted(turn: Turn) -> Events:
    """The form came back: the parent or guardian is asked."""
    values = turn.form_values(turn.origin)
    asked = guardian_consent.invite(turn.session, turn.desk, turn.now, turn.chat, turn.origin, values)
    card: dict[str, Any] = {
        "kind": "receipt",
        "number": asked.number,
        "title": "Your parent or guardian is asked",
        "lines": [f"Mail sent to {asked.address}", f"Link serves until {in_words(asked.until)}"],
    }
    turn.say("utter_guardian_asked", card=card, number=asked.number, until=in_words(asked.until))
    return []


def take_address(turn: Turn, words: str) -> bool:
    """Take the address of a parent or guardian for what it is, and not for a correction of the young person's own.

    Returns:
        Whether it was one; then the form for them is given out with it.
    """
    subject = turn.chat.subject or ""
    address = _address_in(turn, words)
    meant = response_of(last_asked(turn)) in _ABOUT_THEM or _THEIRS.search(words)
    if not address or not meant or standing(turn.session, turn.desk, subject) is not Standing.MISSING:
        return False
    _give_form(turn, subject, address)
    return True


def _address_in(turn: Turn, words: str) -> str:
    typed = [each.value for each in finder(turn.desk.settings).find(words) if each.kind is EntityKind.EMAIL]
    return typed[-1] if typed else ""


def _as_it_stands(turn: Turn, subject: str, address: str, *, anew: bool) -> None:
    stands = guardian_consent.recognise(turn.session, turn.desk, turn.now, subject)
    if stands is Standing.NOT_NEEDED:
        turn.say("utter_guardian_who")
    elif stands is Standing.LIVE:
        turn.say("utter_guardian_live")
    elif stands is Standing.DISPUTED:
        turn.say("utter_guardian_disputed")
    elif (asked := guardian_consent.asked_by(turn.session, subject)) and not anew:
        _waiting(turn, asked)
    else:
        _give_form(turn, subject, address)


def _waiting(turn: Turn, asked: list[Asked]) -> None:
    title = turn.text("utter_choice_guardian_take_back")
    buttons = [{"title": title, "payload": f"/guardian_consent {_TAKE_BACK}{asked[0].number}"}]
    turn.say("utter_guardian_waiting", buttons=buttons, number=asked[0].number, until=in_words(asked[0].until))


def _give_form(turn: Turn, subject: str, email: str = "") -> None:
    ask_for_day = guardian_consent.asks_for_day(turn.desk, subject)
    turn.say("utter_guardian_form", card=guardian_form(ask_for_day=ask_for_day, email=email))


def _own_word(turn: Turn, chosen: str) -> None:
    if chosen not in ("own_yes", "own_no"):
        turn.say("utter_came_of_age")
        return
    own_word(turn.session, turn.desk, turn.now, turn.chat, yes=chosen == "own_yes")
    turn.say("utter_of_age_yes" if chosen == "own_yes" else "utter_of_age_no")
