"""Consent of a parent or guardian: who is under 18 asks for it here, and says their own word once they are 18."""

from typing import Any

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy import guardian_consent
from bot.privacy.guardian_consent import Asked
from bot.privacy.guardian_consent_form import guardian_form
from bot.privacy.guardian_consent_of_age import own_word
from bot.privacy.guardian_consent_standing import Standing, waits_for_own_word

_TAKE_BACK = "take_back:"


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
            _as_it_stands(turn, turn.chat.subject, anew=chosen == "invite")
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


def _as_it_stands(turn: Turn, subject: str, *, anew: bool) -> None:
    standing = guardian_consent.recognise(turn.session, turn.desk, turn.now, subject)
    if standing is Standing.NOT_NEEDED:
        turn.say("utter_guardian_who")
    elif standing is Standing.LIVE:
        turn.say("utter_guardian_live")
    elif standing is Standing.DISPUTED:
        turn.say("utter_guardian_disputed")
    elif (asked := guardian_consent.asked_by(turn.session, subject)) and not anew:
        _waiting(turn, asked)
    else:
        _give_form(turn, subject)


def _waiting(turn: Turn, asked: list[Asked]) -> None:
    title = turn.domain["responses"]["utter_choice_guardian_take_back"][0]["text"]
    buttons = [{"title": title, "payload": f"/guardian_consent {_TAKE_BACK}{asked[0].number}"}]
    turn.say("utter_guardian_waiting", buttons=buttons, number=asked[0].number, until=in_words(asked[0].until))


def _give_form(turn: Turn, subject: str) -> None:
    ask_for_day = guardian_consent.asks_for_day(turn.desk, subject)
    turn.say("utter_guardian_form", card=guardian_form(ask_for_day=ask_for_day))


def _own_word(turn: Turn, chosen: str) -> None:
    if chosen not in ("own_yes", "own_no"):
        turn.say("utter_came_of_age")
        return
    own_word(turn.session, turn.desk, turn.now, turn.chat, yes=chosen == "own_yes")
    turn.say("utter_of_age_yes" if chosen == "own_yes" else "utter_of_age_no")
