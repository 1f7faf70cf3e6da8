"""What came of each conversation, without what is another each time: numbers, dates, people.

Two runs of the suite went the same way when their records are equal; `tests.conversations.repeat` compares them. That
is more than both being green: what a conversation does not ask about is recorded as well.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.vocabulary import RequestState

STATES = ("privacy_requests", "cases", "guardian_consents")
"""The tables whose rows have a state."""
COLUMNS = ("number", "kind", "state", "subject", "conversation_id")
"""What is read of them."""
ON_ITS_WAY = tuple(f" {state}" for state in (RequestState.RECEIVED, RequestState.RUNNING))
"""How the line of a request ends that the worker is about to take, or has taken."""


@dataclass
class Record:
    """One conversation.

    Attributes:
        outcome: `held`, `differs` or `known to fail`.
        said: What the desk answered to each thing that was sent, in order.
        states: Where the requests, cases and consents of its people stand at the end.
    """

    outcome: str = "differs"
    said: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


def answered(who: str, status: int, answer: dict[str, Any]) -> str:
    """What an answer is, whoever got it and whenever."""
    if "messages" not in answer:
        return f"{who}: {status} {answer.get('code')}"
    return f"{who}: {', '.join(map(_message, answer['messages'])) or 'nothing'} ({answer['owner']})"


def _message(message: dict[str, Any]) -> str:
    parts = [str(message["response"]), *(f"§{each['clause']}" for each in message["citations"])]
    parts += [f"[{_plain(each['label'])}]" for each in message["choices"]]
    return " ".join([*parts, *([f"<{message['card']['kind']}>"] if message["card"] else [])])


def states(rows: dict[str, list[dict[str, Any]]], people: Iterable[str], chats: Iterable[str]) -> list[str]:
    """Where everything stands that was begun by these customers or in these chats."""
    subjects, conversations = set(people), set(chats)
    return [
        f"{table}: {row.get('kind', 'consent')} {row['state']}"
        for table in STATES
        for row in sorted(rows[table], key=lambda row: row["number"])
        if row["subject"] in subjects or row["conversation_id"] in conversations
    ]


def _plain(label: str) -> str:
    return re.sub(r"\d+", "#", label)


def seal(records: dict[str, Record]) -> str:
    """Some letters that are the same for two runs that went the same way."""
    told = json.dumps({name: asdict(record) for name, record in records.items()}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def write(records: dict[str, Record], path: Path) -> None:
    """Keep the records of a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {name: asdict(record) for name, record in records.items()}
    path.write_text(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")


def read(path: Path) -> dict[str, Record]:
    """The records of a run."""
    return {name: Record(**each) for name, each in json.loads(path.read_text(encoding="utf-8")).items()}


def differences(one: dict[str, Record], other: dict[str, Record]) -> list[str]:
    """What went another way, a line each."""
    found = [f"{name}: only one of them led it" for name in sorted(one.keys() ^ other.keys())]
    for name in sorted(one.keys() & other.keys()):
        was, now = one[name], other[name]
        if was.outcome != now.outcome:
            found.append(f"{name}: {was.outcome}, then {now.outcome}")
        for what, before, after in (("said", was.said, now.said), ("states", was.states, now.states)):
            if before != after:
                found.append(f"{name}: {what}: {_first_difference(before, after)}")
    return found


def _first_difference(before: list[str], after: list[str]) -> str:
    longest = max(len(before), len(after))
    pairs = zip(before + ["–"] * (longest - len(before)), after + ["–"] * (longest - len(after)), strict=True)
    return next(f"{one!r}, then {other!r}" for one, other in pairs if one != other)
