"""Words with a placeholder such as `‹email›` for each value in them, and the way back."""

import re
from collections.abc import Sequence

from bot.vocabulary import EntityKind

PLACEHOLDER = re.compile(f"‹({'|'.join(EntityKind)})›")


def placeholder(kind: EntityKind) -> str:
    """What stands in the words for a value of that kind."""
    return f"‹{kind}›"


def restored(text: str, values: Sequence[str]) -> str:
    """The words as they were typed.

    Args:
        text: Words with placeholders.
        values: What the placeholders stand for, in their order; one that is missing leaves its placeholder.
    """
    left = iter(values)
    return PLACEHOLDER.sub(lambda match: next(left, match[0]), text)
