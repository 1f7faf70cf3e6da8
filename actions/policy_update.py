"""What changed in the policy, and what did I agree to, and when?"""

from collections.abc import Iterable, Mapping
from typing import Any

from actions.base import DeskAction, Events, Turn, in_words
from bot.privacy import policy_banner
from bot.privacy.policy_history import history, is_asked_for
from bot.privacy.policy_objection import offer
from bot.privacy.policy_words import MARK_WORDS
from bot.store import policy_versions
from bot.store.policy_diff import Difference, differences
from bot.store.policy_library import Policy
from bot.store.policy_versions import Mark, Published

HISTORY = "history"


class PolicyChanges(DeskAction):
    """Shows every change with both texts, or what is on record of the person's own agreement."""

    action_name = "action_policy_changes"

    def act(self, turn: Turn) -> Events:
        """Answer from the ledger when that is what was asked, else from the texts."""
        asked = turn.chosen == HISTORY or (turn.was_typed and is_asked_for(turn.words(turn.origin)))
        if asked and turn.chat.subject is not None:
            _say_history(turn, turn.chat.subject)
        elif asked:
            turn.ask_to_sign_in()
        else:
            _say_changes(turn)
        return []


def has_update(turn: Turn) -> bool:
    """Whether any version ever replaced another."""
    return len(policy_versions.published(turn.session, turn.desk.policies)) > 1


def say_no_update(turn: Turn) -> None:
    """Name the version that applies; there is no other."""
    policy = turn.policy.version
    since = in_words(policy.effective)
    turn.say("utter_policy_no_update", ["policy-changes"], version=policy.version, effective=since)


def say_each(
    turn: Turn, changes: Iterable[Difference], marks: Mapping[str, Mark], old: Mapping[str, Policy], new: Policy
) -> None:
    """One message for each change: what a person says about it, and both texts to the letter."""
    for change in changes:
        quoted = [f"{change.clause}@{old[change.clause].version}"] if change.old else []
        quoted += [f"{change.clause}@{new.version}"] if change.new else []
        mark = marks[change.clause]
        turn.say(
            f"utter_policy_change_{change.kind.value}",
            quoted,
            title=change.title,
            sentence=mark.sentence,
            means=MARK_WORDS[mark.mark],
        )


def _say_changes(turn: Turn) -> None:
    subject = turn.chat.subject
    offered = offer(turn.session, turn.desk, turn.now, subject) if subject else None
    if offered is not None:
        _say_intro(turn, offered.published)
        say_each(turn, offered.differences, offered.marks, offered.binding.texts, offered.published.policy)
        turn.say("utter_policy_changes_yours")
        return
    chain = policy_versions.published(turn.session, turn.desk.policies)
    if len(chain) == 1:
        say_no_update(turn)
        return
    before, newest = chain[-2:]
    _say_intro(turn, newest)
    old = {clause.id: before.policy for clause in before.policy.clauses}
    marks = policy_versions.marks(turn.session, newest.version)
    say_each(turn, differences(before.policy, newest.policy), marks, old, newest.policy)
    turn.say("utter_policy_changes_all" if subject else "utter_policy_changes_unknown")


def _say_intro(turn: Turn, each: Published) -> None:
    words: dict[str, Any] = {"version": each.version, "effective": in_words(each.policy.effective)}
    coming = each.effective_at > turn.now
    response = "utter_policy_changes_coming" if coming else "utter_policy_changes_in_force"
    turn.say(response, card=policy_banner.card(turn.session, turn.desk, each), **words)


def _say_history(turn: Turn, subject: str) -> None:
    lines = history(turn.session, turn.desk, turn.now, subject, turn.policy)
    title = turn.text("utter_policy_history_title")
    card = {"kind": "receipt", "number": "", "title": title, "lines": lines}
    turn.say("utter_policy_history", ["deemed-agreement", "no-reduction"], card, version=turn.policy.version.version)
