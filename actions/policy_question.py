"""Answers about the privacy policy: quoted, or plainly not there."""

from typing import Any

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy.policy_question import cite, count_unanswered

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
    """Quotes the clauses that answer, or says that the policy does not say."""

    action_name = "action_answer_policy"

    def act(self, turn: Turn) -> Events:
        """Answer the question of this turn."""
        found = turn.tracker.latest_message.get("policy")
        if not found:
            turn.say("utter_ask_policy_question")
            return []
        policy = turn.desk.policies.in_force(turn.now.date())
        clauses = [citation.clause for citation in cite(policy, worth_showing(found["clauses"]))]
        if found["covered"] and clauses:
            for clause in clauses:
                turn.say(f"utter_ask_policy/{clause}", citations=[clause])
            return []
        topic = found.get("topic") or "other"
        count_unanswered(turn.session, turn.now, topic)
        turn.say("utter_policy_does_not_say")
        if topic in NEAREST and cite(policy, [NEAREST[topic]]):
            turn.say("utter_nearest_clause", citations=[NEAREST[topic]])
        return []


class PolicyUpdate(DeskAction):
    """Says which version is in force; with no newer one announced, nothing has changed."""

    action_name = "action_policy_update"

    def act(self, turn: Turn) -> Events:
        """Name the version in force."""
        policy = turn.desk.policies.in_force(turn.now.date())
        turn.say(
            "utter_policy_no_update",
            version=policy.version,
            effective=in_words(policy.effective),
            citations=["policy-changes"],
        )
        return []
