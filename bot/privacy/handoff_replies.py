"""Replies that agents need every day, with what belongs into them filled in; they may be changed before sending."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot import yaml_text
from bot.config import PROJECT
from bot.errors import SetupError

_FILE = PROJECT / "data" / "canned_replies.yml"
_PLACEHOLDERS = frozenset({"agent", "number", "due", "where"})


@dataclass(frozen=True)
class Reply:
    """A reply to choose: what it is called, and its text with placeholders in braces."""

    title: str
    text: str

    def filled(self, agent: str, number: str, due: str, where: str = "here") -> str:
        """The text for one conversation; `where` says where an answer that comes later is read."""
        return self.text.format(agent=agent, number=number, due=due, where=where)


@cache
def replies(path: Path = _FILE) -> tuple[Reply, ...]:
    """The replies of the shop.

    Raises:
        SetupError: The file cannot be used; the sentence names the reply.
    """
    try:
        listed = yaml_text.read(path.read_text(encoding="utf-8"))
        found = tuple(Reply(str(each["title"]), str(each["text"])) for each in listed)
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise SetupError(f"{path.name} cannot be read. Each reply has a title and a text.") from None
    for reply in found:
        try:
            reply.text.format(**dict.fromkeys(_PLACEHOLDERS, ""))
        except (KeyError, IndexError, ValueError):
            known = ", ".join(sorted(_PLACEHOLDERS))
            raise SetupError(
                f"{path.name}: {reply.title!r} has a placeholder nobody knows. Known are {known}."
            ) from None
    return found
