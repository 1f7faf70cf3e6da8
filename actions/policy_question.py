"""Answers about the privacy policy: quoted, or plainly not there."""

from typing import Any

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy.policy_question import count_unanswered

# Where the policy is silent, the clause that helps most, if one truly does.
NEAREST = {
    "contact_address": "contact",
    "regulator": "contact",
    "recipients": "commercialisation",
    "tracking_and_location": "collection-purposes",
    "device_permissions": "collection-purposes",
    "legal_basis": "collection-purposes",
    "retention_periods": "account-cancellation",
    "version_date": "effective-date",
}

# A second clause is quoted when it comes near the first; more would bury the answer.
_AT_MOST = 2
_NEAR = 0.5


def worth_showing(clauses: list[dict[str, Any]]) -> list[str]:
    """Ids of the clauses that answer together: the best one, and a second that is nearly as likely."""
    return [clause["id"] for clause in clauses[:_AT_MOST] if clause["score"] >= _NEAR * clauses[0]["score"]]


class AnswerPolicy(DeskAction):
    """Quotes the clauses that answer, or those that come nearest, or says that the policy does not say."""

    action_name = "action_answer_policy"

    def act(self, turn: Turn) -> Events:
        """Answer the question of this turn."""
        found = turn.tracker.latest_message.get("policy")
        if not found:
            turn.say("utter_ask_policy_question")
            return []
        best = worth_showing(found["clauses"])
        clauses = [clause for clause in best if turn.policy.clause(clause)]
        if found["covered"] and clauses:
            for clause in clauses:
                turn.say(f"utter_ask_policy/{clause}", citations=[clause])
            _say_other_version(turn, clauses)
            return []
        if found.get("unclear") and clauses:
            turn.say("utter_policy_unclear", citations=clauses)
            return []
        topic = found.get("topic") or "other"
        count_unanswered(turn.session, turn.now, topic)
        turn.say("utter_policy_does_not_say")
        if topic in NEAREST and turn.policy.clause(NEAREST[topic]):
            turn.say("utter_nearest_clause", citations=[NEAREST[topic]])
        if found["covered"]:
            _say_other_version(turn, best)
        return []


def _say_other_version(turn: Turn, clauses: list[str]) -> None:
    """Say that another version is coming, or in force without binding this person; quote it where it differs."""
    own = turn.policy
    other = own.coming or own.newest
    words: dict[str, Any] = {"version": other.version, "effective": in_words(other.effective)}
    differing = [f"{clause}@{other.version}" for clause in clauses if own.differs(clause, other)]
    if own.coming:
        turn.say("utter_policy_clause_will_change" if differing else "utter_policy_coming", differing, **words)
    elif differing:
        turn.say("utter_policy_old_text_kept", differing, **words)
    elif own.version.version != other.version:
        turn.say("utter_policy_newer_in_force", **words)
