"""What every form of the desk shares: an answer is taken in a transaction, and what cannot be done ends the form."""

import asyncio
from collections.abc import Callable
from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Turn
from bot.errors import DeskError
from bot.store.desk import Desk


class DeskForm(FormValidationAction):
    """A form whose answers change something."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    async def in_transaction(
        self,
        act: Callable[[Turn], dict[str, Any]],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
        failed: dict[str, Any],
    ) -> dict[str, Any]:
        """Run in a thread and a transaction; what cannot be done is said, and the form ends.

        An error nobody foresaw fails the whole turn: nothing of it is recorded, and the message can be sent again.

        Args:
            act: What to do; returns slots.
            dispatcher: Where it is said.
            tracker: The conversation.
            domain: The domain.
            failed: Slots that end the form.
        """

        def run() -> dict[str, Any]:
            try:
                with self.desk.transaction() as session:
                    return act(Turn(self.desk, session, dispatcher, tracker, domain))
            except DeskError as error:
                dispatcher.messages.clear()
                dispatcher.utter_message(response=f"utter_error_{error.code}")
                return failed

        return await asyncio.to_thread(run)
