"""What do you know about me? And: give me a copy of it."""

from actions.base import DeskAction, Events, Turn
from actions.journey import Journey
from actions.somebody_else import said_whose
from bot.clocks import in_words_with_time
from bot.privacy.access import summarise
from bot.privacy.request_status import RequestView
from bot.store import audit
from bot.vocabulary import AuditEvent, RequestKind, RequestState


class ShowAccessSummary(DeskAction):
    """Shows a signed-in customer what the shop holds, masked and by category."""

    action_name = "action_show_access_summary"

    def act(self, turn: Turn) -> Events:
        """Show the summary, and name with its clause what the policy does not open."""
        if said_whose(turn):
            return []
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


class ExportJourney(Journey):
    """A copy of one's data: asked for, confirmed, and made behind the scenes."""

    kinds = (RequestKind.EXPORT,)

    def question(self, turn: Turn, kind: RequestKind) -> None:
        """Say what the copy is and ask for a yes."""
        turn.say("utter_confirm_export")

    def agreed(self, turn: Turn, request: RequestView) -> None:
        """Say that it is being made, or that it waits because contact details were just changed."""
        if request.state is RequestState.ON_HOLD and request.until:
            turn.say("utter_export_held", number=request.number, until=in_words_with_time(request.until))
        else:
            turn.say("utter_export_agreed", number=request.number)
