"""Answers that the staff writes often, from `data/replies/`: one file for each kind of work, a text for each name."""

from functools import cache

import yaml

from bot.config import PROJECT


@cache
def _written(slug: str) -> dict[str, str]:
    texts = yaml.safe_load((PROJECT / "data" / "replies" / f"{slug}.yml").read_text(encoding="utf-8"))
    return {str(name): str(text) for name, text in texts.items()}


def canned_replies(slug: str, **values: str) -> dict[str, str]:
    """The texts by name, with their placeholders filled in.

    Args:
        slug: Which file.
        values: What stands for the names in braces.
    """
    return {name: text.format_map(values) for name, text in _written(slug).items()}
