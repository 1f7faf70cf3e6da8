"""Whose data is it? Said before anything of the speaker's own is on the table."""

from actions.base import Turn
from bot.privacy.somebody_else import asks_for_another


def said_whose(turn: Turn) -> bool:
    """Say for whom the desk can act, where the words ask for another person's data.

    Returns:
        Whether it was said; nothing else is to be done then.
    """
    if not turn.was_typed or not asks_for_another(turn.words(turn.origin)):
        return False
    person = {"title": turn.text("utter_choice_ask_for_human"), "payload": "/ask_for_human"}
    own = {"title": turn.text("utter_choice_own_data"), "payload": f"/{turn.intent}"}
    turn.say("utter_somebody_else", buttons=[person, own])
    return True
