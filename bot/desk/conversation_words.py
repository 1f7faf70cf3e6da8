"""What staff read for the fixed names of a conversation."""

from datetime import datetime, timedelta

from bot.desk.pieces import Mark
from bot.privacy.handoff_ownership import Agent
from bot.privacy.staff_sign_in import Staff
from bot.vocabulary import HandoffReason, HandoffState, RevealReason

REASONS: dict[str, str] = {
    HandoffReason.ASKED: "asked for a person",
    HandoffReason.NOT_UNDERSTOOD: "not understood three times",
    HandoffReason.SECURITY_REPORT: "security report",
    HandoffReason.SELF_HARM: "may hurt themselves",
    HandoffReason.IN_DANGER: "may be in danger",
    HandoffReason.THREAT: "threats",
    HandoffReason.NO_MAIL: "an answer reached nobody",
    HandoffReason.STAFF: "taken by staff",
}
STATES: dict[str, Mark] = {
    HandoffState.WAITING: Mark("waits", "soon"),
    HandoffState.TAKEN: Mark("with a person", "good"),
    HandoffState.ENDED: Mark("ended"),
}
REVEAL_REASONS: dict[str, str] = {
    RevealReason.ANSWER: "I need it to answer",
    RevealReason.IDENTITY: "I check who it is",
    RevealReason.REQUEST: "A request of theirs needs it",
    RevealReason.LEGAL: "The law asks for it",
    RevealReason.SAFETY: "Somebody is in danger",
}
NAMES_NOT_HIDDEN = "The shop's database does not answer: names and addresses in the talk are not hidden."
NO_DETAILS = "The shop's database does not answer: nothing it knows of the customer can be shown."
_SOON = timedelta(minutes=30)


def promise(now: datetime, promised_at: datetime, answered: bool, state: str) -> Mark:
    """How the promise of an answer stands."""
    at = f"{promised_at:%-d %b, %H:%M} UTC"
    if answered or state == HandoffState.ENDED:
        return Mark(at)
    if promised_at < now:
        return Mark(f"overdue since {at}", "late")
    return Mark(at, "soon" if promised_at - now < _SOON else "calm")


def reach(there: bool | None, mailed: bool | None) -> str:
    """Whether what an agent says reaches the person now; nothing while nobody of the staff is expected to say any.

    Args:
        there: Whether their chat is open.
        mailed: Whether an address is on file; None while the shop's database does not answer.
    """
    if there is None:
        return ""
    if there:
        return "their chat is open"
    if mailed is None:
        return "their chat is closed: the shop's database does not answer, so nobody knows whether mail reaches them"
    if mailed:
        return "their chat is closed: answers go by mail too"
    return "their chat is closed and no address is on file: they cannot be reached until they open it again"


def where_answered(mailed: bool | None) -> str:
    """Where a person reads an answer that comes later, as a ready-made reply says it."""
    return "here and by mail" if mailed else "here"


def agent_of(staff: Staff) -> Agent:
    """A member of staff as people in the chat read them: `kim.porter` is Kim Porter."""
    return Agent(staff.actor, shown_name(staff.name))


def shown_name(name: str) -> str:
    """An account's name as people in the chat read it."""
    return " ".join(part.capitalize() for part in name.replace("_", ".").split("."))
