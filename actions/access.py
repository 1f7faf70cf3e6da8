"""What do you know about me?"""

from actions.base import DeskAction, Events, Turn
from bot.privacy.access import summarise
from bot.store import audit
from bot.vocabulary import AuditEvent


class ShowAccessSummary(DeskAction):
    """Shows a signed-in customer what the shop holds, masked and by category."""

    action_name = "action_show_access_summary"

    def act(self, turn: Turn) -> Events:
        """Show the summary, and name with its clause what the policy does not open."""
        if turn.chat.subject is None:
            turn.ask_to_sign_in()
            return []
        summary = summarise(turn.desk.shop, turn.desk.datamap, turn.chat.subject)
        audit.record(turn.session, turn.now, AuditEvent.ACCESS_SUMMARY_SHOWN, turn.chat.id)
        turn.say("utter_access_summary", card=summary.as_card())
        if summary.outside:
            turn.say("utter_access_outside", citations=["access-and-correction"])
        if summary.withheld:
            turn.say("utter_access_withheld", citations=["no-access", "delete-or-anonymise"])
        return []
