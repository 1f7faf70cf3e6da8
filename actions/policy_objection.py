"""A no to a new version of the policy: recorded at once, whatever it is about."""

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy.complaint import file_case
from bot.vocabulary import CaseKind


class ObjectToPolicyUpdate(DeskAction):
    """Records the objection with a number and a date; a person answers it."""

    action_name = "action_object_to_policy_update"

    def act(self, turn: Turn) -> Events:
        """File it with the person's own words."""
        filed = file_case(
            turn.session,
            turn.now,
            turn.chat,
            CaseKind.POLICY_OBJECTION,
            turn.origin,
            turn.answer_within,
            turn.mail_address,
            turn.words(turn.origin) if turn.was_typed else None,
        )
        turn.say("utter_policy_objection_filed", ["contact"], number=filed.number, due=in_words(filed.due_at))
        return []
