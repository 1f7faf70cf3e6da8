"""Consent of a parent or guardian: taken down for a person, who sends what is needed."""

from actions.base import Turn, in_words
from actions.journey import Journey
from bot.privacy.request_status import RequestView
from bot.vocabulary import RequestKind


class GuardianJourney(Journey):
    """Asks, and files it for a person."""

    kinds = (RequestKind.GUARDIAN_CONSENT,)

    def question(self, turn: Turn, kind: RequestKind) -> None:
        """Ask whether to file it."""
        turn.say("utter_confirm_guardian_consent")

    def agreed(self, turn: Turn, request: RequestView) -> None:
        """Give number and date."""
        card = {
            "kind": "receipt",
            "number": request.number,
            "title": "Request received",
            "lines": [f"Received on {in_words(request.received_at)}", f"Answer by {turn.day(request.due_at)}"],
        }
        turn.say("utter_request_filed", card=card, number=request.number, due=turn.day(request.due_at))
