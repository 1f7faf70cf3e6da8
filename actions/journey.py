"""A right as it is talked about: what is said before the question, the question, and what follows a yes."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from actions.base import Events, Turn
from bot.errors import NotFound
from bot.privacy.request_status import RequestView
from bot.vocabulary import RequestKind

CLAUSE_OF_KIND = {
    RequestKind.ERASURE: "delete-or-anonymise",
    RequestKind.ANONYMISATION: "delete-or-anonymise",
    RequestKind.CANCEL_ACCOUNT: "account-cancellation",
    RequestKind.WITHDRAW_CONSENT: "your-rights",
    RequestKind.RECTIFICATION: "access-and-correction",
}
"""The clause that promises each right, quoted when it is asked for."""


class Journey(ABC):
    """The talk of one right; the request form leads every journey through yes, code and receipt."""

    kinds: ClassVar[tuple[RequestKind, ...]]

    def begin(self, turn: Turn, kind: RequestKind) -> Events | None:
        """What must come before the question, such as a form to fill in.

        Returns:
            None to go on to the question; otherwise the events with which this turn ends.
        """
        return None

    def submitted_form(self, turn: Turn, message: str) -> Events | None:
        """A form of this right was filled in and sent.

        Args:
            turn: The turn.
            message: Id of the message that holds the values; `turn.form_values` reads them.

        Returns:
            None to go on to the question; otherwise the events with which this turn ends.
        """
        raise NotFound

    @abstractmethod
    def question(self, turn: Turn, kind: RequestKind) -> None:
        """Say what would happen and ask for a yes; called again after every digression."""

    def takes_plain_yes(self, turn: Turn, kind: RequestKind) -> bool:
        """Whether a yes in words says enough, or one of the choices must be picked."""
        return True

    def declined(self, turn: Turn) -> None:
        """Say that nothing was filed, once a no came to the question."""
        turn.say("utter_request_not_filed")

    def wished(self, turn: Turn, kind: RequestKind) -> dict[str, Any] | None:
        """What the words with which it is asked for tell of `details`; None where they tell nothing."""
        return None

    def details(self, turn: Turn, kind: RequestKind) -> dict[str, Any]:
        """What is asked for in particular, kept encrypted with the request when the yes came."""
        return {}

    def agreed(self, turn: Turn, request: RequestView) -> None:
        """Say what happens next, once the yes (and the code, where one is needed) came."""
        turn.say("utter_request_agreed", number=request.number)
