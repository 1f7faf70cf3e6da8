"""What the conversations went through: every rule, step by step, and under which interruption."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.config import PROJECT
from tests.conversations.runner.matrix import FILE as MATRIX
from tests.conversations.runner.matrix import Matrix, matrix

UNTAGGED = "untagged"
_UNSEEN_ACTIONS = {"action_listen", "action_session_start", "action_deactivate_loop"}


@dataclass(frozen=True)
class Happened:
    """A thing that happened in a conversation: a message read as an intent, or an action that ran.

    Attributes:
        loop: The form that was open just before it.
    """

    name: str
    is_intent: bool
    loop: str | None


@dataclass(frozen=True)
class Rule:
    """A rule of `data/rules`: each step is the intents or the action it may be."""

    name: str
    file: str
    loop: str | None
    steps: tuple[frozenset[str], ...]
    begins_with_intent: bool


@dataclass
class Coverage:
    """What was seen so far.

    Attributes:
        conversations: How many conversations ran.
        tags: How many ran for each tag.
        steps: How many went through a step of a rule, by rule, place of the step, and interruption.
        through: How many went through it in all; one may be there for several interruptions.
    """

    conversations: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    steps: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    through: Counter[tuple[str, int]] = field(default_factory=Counter)

    def add(self, covers: Sequence[str], chats: Iterable[Sequence[dict[str, Any]]]) -> None:
        """Count a conversation that ran.

        Args:
            covers: Its tags.
            chats: The engine's events of each chat in it.
        """
        self.conversations += 1
        self.tags.update(covers)
        seen = {step for chat in chats for step in steps_seen(happened(chat))}
        self.through.update(seen)
        for between in {tag.partition("/")[2] for tag in covers} or {UNTAGGED}:
            self.steps.update((rule, place, between) for rule, place in seen)

    def times(self, rule: Rule, place: int, between: str) -> int:
        """How many conversations with that interruption went through a step."""
        return self.steps[rule.name, place, between]

    def unseen(self) -> list[str]:
        """Steps of rules that no conversation went through."""
        return [
            f"{rule.file}: {rule.name}, step {place + 1} ({', '.join(sorted(step))})"
            for rule in rules()
            for place, step in enumerate(rule.steps)
            if not self.through[rule.name, place]
        ]


@cache
def rules() -> list[Rule]:
    """The rules of `data/rules`."""
    found = []
    for path in sorted((PROJECT / "data" / "rules").glob("*.yml")):
        for written in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            loop = next((each["active_loop"] for each in written.get("condition", []) if "active_loop" in each), None)
            steps = tuple(step for each in written["steps"] if (step := _names(each)))
            first = written["steps"][0]
            found.append(Rule(written["rule"], path.name, loop, steps, "intent" in first or "or" in first))
    return found


def _names(step: dict[str, Any]) -> frozenset[str]:
    if "or" in step:
        return frozenset(each["intent"] for each in step["or"])
    name = step.get("intent") or step.get("action")
    return frozenset() if name is None or name in _UNSEEN_ACTIONS else frozenset([name])


def happened(events: Iterable[dict[str, Any]]) -> list[Happened]:
    """What happened in a chat, from the engine's events of it."""
    found, loop = [], None
    for event in events:
        match event["event"]:
            case "user":
                found.append(Happened(event["parse_data"]["intent"]["name"], is_intent=True, loop=loop))
            case "action" if event["name"] not in _UNSEEN_ACTIONS:
                found.append(Happened(event["name"], is_intent=False, loop=loop))
            case "active_loop":
                loop = event["name"]
    return found


def steps_seen(chat: Sequence[Happened]) -> set[tuple[str, int]]:
    """Rule and place of every step that a chat went through."""
    return {step for start in range(len(chat)) for rule in rules() for step in _followed(rule, chat, start)}


def _followed(rule: Rule, chat: Sequence[Happened], start: int) -> Iterator[tuple[str, int]]:
    if chat[start].loop != rule.loop or chat[start].is_intent != rule.begins_with_intent:
        return
    if not rule.begins_with_intent and not (start and chat[start - 1].is_intent):
        return  # the form asks once more after something else; the rule is about the answer to it
    for place, (step, thing) in enumerate(zip(rule.steps, chat[start:], strict=False)):
        if thing.name not in step:
            return
        yield rule.name, place


def summary(coverage: Coverage, of: int) -> list[str]:
    """The report as lines of text.

    Args:
        coverage: What was seen.
        of: How many conversations there are. What a few of them leave out says nothing, so it is only counted.
    """
    known, unseen = matrix(), coverage.unseen()
    columns = list(known.interruptions)
    total = sum(len(rule.steps) for rule in rules())
    width = max(map(len, known.rights))
    led = f"{coverage.conversations} of {of} conversations"
    lines = [f"{led}; {total - len(unseen)} of {total} steps of rules seen", ""]
    lines.append(" " * width + "".join(f"{name:>15}" for name in columns))
    lines += [f"{right:<{width}}" + "".join(f"{_cell(coverage, known, f'{right}/{b}'):>15}" for b in columns)
              for right in known.rights]  # fmt: skip
    lines += [
        "",
        f"–: makes no sense; {MATRIX.name} says why. Tags are by purpose; a step counts wherever it is gone through.",
    ]
    if unseen and coverage.conversations >= of:
        lines += ["", "steps that no conversation went through:", *(f"  {each}" for each in unseen)]
    return lines


def _cell(coverage: Coverage, known: Matrix, cell: str) -> str:
    return "–" if cell in known.no_sense else str(coverage.tags[cell] or "none")


def write_html(coverage: Coverage, path: Path) -> None:
    """The report as a page: the matrix, then every rule, step and interruption."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    page = templates.get_template("coverage.html").render(
        coverage=coverage, matrix=matrix(), rules=rules(), columns=[*matrix().interruptions, UNTAGGED]
    )
    path.write_text(page, encoding="utf-8")
