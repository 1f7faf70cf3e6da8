"""What must hold for every answer, whatever a conversation expects of it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from bot.config import PROJECT
from tests.conversations.runner.comparing import strings_of

_RAW_NAME = re.compile(r"\butter_\w+|\{\w*\}|\$\{")
_LINK = re.compile(r"https?://\S+")
POLICIES = PROJECT / "data" / "policy"
_KEYS = {"id", "author", "name", "text", "citations", "choices", "card", "response", "created_at"}
_OPAQUE = re.compile(r"^[0-9a-f]{16,64}$")


def broken_invariants(
    messages: list[dict[str, Any]], strangers: set[str], own: set[str], policies: Path = POLICIES
) -> list[str]:
    """What no answer may ever do, and this one does.

    Args:
        messages: The bot's messages of one turn.
        strangers: E-mail addresses and phone numbers of everybody but the reader.
        own: The same of the reader: shown shortened in an overview, never in full.
        policies: The folder of the desk's policy files.
    """
    broken = []
    for number, message in enumerate(messages, start=1):
        broken += [f"message {number}: {each}" for each in _of_message(message, strangers, own, policies)]
    ids = [int(message["id"]) for message in messages]
    if ids != sorted(set(ids)):
        broken.append(f"message ids do not rise: {ids}")
    offered = [choice["id"] for message in messages for choice in message["choices"]]
    if len(offered) != len(set(offered)):
        broken.append("two choices have the same id")
    return broken


def broken_in_mail(mail: dict[str, Any], values: set[str]) -> list[str]:
    """What no mail may ever do: personal data neither in the subject, which shows on locked screens, nor in a link.

    Args:
        mail: As the demo's inbox gives it.
        values: Name, e-mail address and phone number of the one it went to.
    """
    told = "\n".join([mail["subject"], *_LINK.findall(mail["text"])]).casefold()
    return [f"a subject or a link of a mail holds {value!r}" for value in values if value.casefold() in told]


def _of_message(message: dict[str, Any], strangers: set[str], own: set[str], policies: Path) -> list[str]:
    broken = []
    if set(message) != _KEYS:
        broken.append(f"its keys are {', '.join(sorted(message))}")
    if message["author"] == "bot" and not message["text"].strip():
        broken.append("its text is empty")
    shown = [message["text"], *(c["label"] for c in message["choices"]), *strings_of(message["card"])]
    for text in shown:
        if raw := _RAW_NAME.search(text):
            broken.append(f"it shows {raw[0]!r} where a person expects words")
    broken += [problem for citation in message["citations"] for problem in _of_citation(citation, policies)]
    for choice in message["choices"]:
        if not _OPAQUE.match(choice["id"]) or set(choice) != {"id", "label"}:
            broken.append(f"the choice {choice['label']!r} gives away more than an opaque id")
    return broken + _of_privacy(message, strangers, own)


def _of_citation(citation: dict[str, Any], policies: Path) -> list[str]:
    clause, version = citation["clause"], citation["version"]
    broken = []
    text = (policies / f"{version}.md").read_bytes().decode("utf-8")
    if text[citation["start"] : citation["end"]] != citation["quote"] or not citation["quote"]:
        broken.append(f"the quotation of {clause} is not what stands in {version}.md at these places")
    if citation["url"] != f"/policy/{version}#{clause}":
        broken.append(f"the link of {clause} is {citation['url']}")
    return broken


def _of_privacy(message: dict[str, Any], strangers: set[str], own: set[str]) -> list[str]:
    text = json.dumps(message, ensure_ascii=False).casefold()
    digits = re.sub(r"\D", "", text)
    broken = [f"it shows somebody else's {_kind(value)}" for value in strangers - own if _stands(value, text, digits)]
    if (message["card"] or {}).get("kind") == "access_summary":
        broken += [f"the overview shows the {_kind(v)} in full" for v in own if _stands(v, text, digits)]
    return broken


def _kind(contact: str) -> str:
    return "e-mail address" if "@" in contact else "phone number"


def _stands(contact: str, text: str, digits: str) -> bool:
    plain, number = _shapes(contact)
    return plain in text or bool(number and number in digits)


@cache
def _shapes(contact: str) -> tuple[str, str]:
    """An address or a number in small letters, and a number without what stands between its digits."""
    return contact.casefold(), "" if "@" in contact else re.sub(r"\D", "", contact)
