"""Correct something in my data: a form with what may be corrected, before and after to look at, then a yes."""

import re
from typing import Any, ClassVar

from actions.base import Events, Turn
from actions.guardian_consent import take_address
from actions.journey import Journey
from bot.privacy.rectification import Proposed, propose
from bot.privacy.rectification_form import correction_form, named_elsewhere, names_correctable
from bot.privacy.request_status import RequestView
from bot.vocabulary import RequestKind

_CLAUSES = ["access-and-correction"]
# A no with one of these in it says what it should be instead: "no, 15 Rosehill Lane".
_VALUE = re.compile(r"[\d@]")


class RectificationJourney(Journey):
    """Leads from "that is wrong" to a corrected value, or to a statement kept with an order."""

    kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.RECTIFICATION,)

    def begin(self, turn: Turn, kind: RequestKind) -> Events:
        """Give out the form, filled in with what the person already typed; say first what it cannot correct."""
        words = turn.words(turn.origin) if turn.was_typed else ""
        if take_address(turn, words):
            return []
        if reason := named_elsewhere(turn.desk.datamap, words):
            turn.say(f"utter_rectification_{reason}", citations=[*_CLAUSES, "no-access"])
        card = correction_form(turn.desk, turn.chat.subject or "", words)
        if card is None:
            turn.say("utter_rectification_none", citations=_CLAUSES)
        else:
            turn.say("utter_rectification_form", card=card)
        return []

    def submitted_form(self, turn: Turn, message: str) -> Events | None:
        """Go on to the question, unless everything is as it should be already."""
        if _proposed(turn, message):
            return None
        turn.say("utter_rectification_unchanged")
        return []

    def question(self, turn: Turn, kind: RequestKind) -> None:
        """Show what is on file beside what it becomes, and ask for a yes."""
        proposed = _proposed(turn, _form_message(turn))
        response = "utter_rectification_confirm_contact" if proposed.contact else "utter_rectification_confirm"
        turn.say(response, card=proposed.as_card(), hours=str(turn.desk.settings.contact_hold_hours))

    def declined(self, turn: Turn) -> None:
        """Give out the form once more where the no names what should be corrected instead: "no, the other address"."""
        words = turn.words(turn.origin) if turn.was_typed else ""
        named = names_correctable(turn.desk.datamap, words) or _VALUE.search(words)
        card = correction_form(turn.desk, turn.chat.subject or "", words) if named else None
        if card is None:
            super().declined(turn)
        else:
            turn.say("utter_rectification_again", card=card)

    def details(self, turn: Turn, kind: RequestKind) -> dict[str, Any]:
        """The changes, frozen at the yes."""
        return _proposed(turn, _form_message(turn)).as_details()

    def agreed(self, turn: Turn, request: RequestView) -> None:
        """Say that it is on its way."""
        turn.say("utter_rectification_agreed", number=request.number)


def _form_message(turn: Turn) -> str:
    return str(turn.tracker.get_slot("request_message"))


def _proposed(turn: Turn, message: str) -> Proposed:
    return propose(turn.desk, turn.chat.subject or "", turn.form_values(message))
