"""How changes of the policy are put into words for people."""

from collections.abc import Iterable, Mapping

from bot.store.policy_diff import Difference
from bot.store.policy_versions import Mark
from bot.vocabulary import ChangeMark

MARK_WORDS = {
    ChangeMark.REDUCES_RIGHTS: "It reduces your rights.",
    ChangeMark.NEUTRAL: "It leaves your rights as they are.",
    ChangeMark.IMPROVES: "It gives you more rights.",
}
"""What a mark says to people."""


def in_lines(changes: Iterable[Difference], marks: Mapping[str, Mark]) -> str:
    """Each change as a line: what it is about, the sentence of a person, and what it means."""
    return "\n".join(
        f"- {change.title}: {marks[change.clause].sentence} {MARK_WORDS[marks[change.clause].mark]}"
        for change in changes
    )


def changes_url(base: str, before: str, after: str) -> str:
    """Where both texts stand side by side."""
    return f"{base}/policy/changes?from={before}&to={after}"
