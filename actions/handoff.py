"""A person, please."""

from datetime import timedelta

from actions.base import DeskAction, Events, Turn, in_words_with_time
from bot.privacy.handoff import ask_for_person


class HandOff(DeskAction):
    """Puts the conversation into the queue for a person and tells number, place and time."""

    action_name = "action_hand_off"

    def act(self, turn: Turn) -> Events:
        """Queue it, once."""
        within = timedelta(hours=turn.desk.settings.handoff_promise_hours)
        place = ask_for_person(turn.session, turn.now, turn.chat, turn.origin, within, turn.mail_address)
        turn.say(
            "utter_handoff_already_waiting" if place.already_waiting else "utter_handoff_waiting",
            number=place.number,
            place=str(place.place),
            due=in_words_with_time(place.due_at),
        )
        return []
