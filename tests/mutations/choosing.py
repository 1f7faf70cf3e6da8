"""Which faults are planted, and which tests ought to find each."""

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.config import PROJECT
from tests.conversations.runner.items import every_conversation
from tests.conversations.runner.reading import Conversation
from tests.mutations.lines import seal_of
from tests.mutations.operators import Fault, faults_in_python, faults_in_rules

_FOLDERS = ("actions", "bot/privacy")
_NO_FAULTS = Path(__file__).with_name("no_faults.yml")
_MOST_TESTS = 100
_MOST_SECONDS = 150.0
_MOST_CONVERSATIONS = 12
_NEAR = 12
# Who only hears the desk talk notices none of these.
_LOOKED_AT_BY = {"record forgotten": "audit", "mail dropped": "mail"}


@dataclass(frozen=True)
class Pass:
    """A test or a conversation, with the lines it goes through by file, and the rules."""

    test: str
    seconds: float
    lines: dict[str, set[int]]
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Passes:
    """All of them; files that were changed since are known only as a whole."""

    tests: list[Pass]
    changed: set[str]

    def goes_through(self, test: Pass, file: str, broken: range | None) -> bool:
        """Whether a test passes over one of these lines, or over the file where no lines are known."""
        lines = test.lines.get(file, set())
        return bool(lines) and (broken is None or file in self.changed or not lines.isdisjoint(broken))


def all_faults() -> list[Fault]:
    """Every fault that can be planted, without those that change nothing a person or a test could ever see."""
    found: list[Fault] = []
    for folder in _FOLDERS:
        for path in sorted((PROJECT / folder).glob("*.py")):
            found += faults_in_python(f"{folder}/{path.name}", path.read_text(encoding="utf-8"))
    for path in sorted((PROJECT / "data" / "rules").glob("*.yml")):
        found += faults_in_rules(f"data/rules/{path.name}", path.read_text(encoding="utf-8"))
    return [fault for fault in found if fault.name not in no_faults()]


@cache
def no_faults() -> dict[str, str]:
    """Edits that are no faults, each with its reason."""
    return yaml.safe_load(_NO_FAULTS.read_text(encoding="utf-8")) or {}


def chosen(number: int, seed: int, faults: list[Fault]) -> list[Fault]:
    """So many faults, the same for the same seed, of every kind as evenly as there are any."""
    chance = random.Random(seed)
    by_kind: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_kind[fault.kind].append(fault)
    for of_kind in by_kind.values():
        chance.shuffle(of_kind)
    picked: list[Fault] = []
    while len(picked) < min(number, len(faults)):
        for of_kind in by_kind.values():
            if of_kind and len(picked) < number:
                picked.append(of_kind.pop())
    return sorted(picked, key=lambda fault: fault.name)


def unit_tests(fault: Fault, passed: Passes) -> list[str]:
    """The tests that go through the broken lines, for some seconds in all, those first that are most about them."""
    found, seconds = [], 0.0
    for each in _most_about(fault, passed):
        if not found or seconds + each.seconds <= _MOST_SECONDS:
            found.append(each.test)
            seconds += each.seconds
    return found[:_MOST_TESTS]


def conversations(fault: Fault, passed: Passes) -> list[str]:
    """The conversations that go through what was broken; first those that look at such things, most about it first."""
    if fault.file.startswith("data/rules"):
        rule = fault.name.split(":")[1]
        over = sorted((each for each in passed.tests if rule in each.rules), key=lambda each: each.seconds)
    else:
        kind = _LOOKED_AT_BY.get(fault.kind)
        looks = {each.id for each in all_conversations() for step in each.steps if step.kind == kind}
        over = sorted(_most_about(fault, passed), key=lambda each: each.test not in looks)
    apart = {each.id for each in all_conversations() if each.own_desk}
    return sorted((each.test for each in over[:_MOST_CONVERSATIONS]), key=lambda test: test in apart)


def _most_about(fault: Fault, passed: Passes) -> list[Pass]:
    """What goes through the broken lines, in the order in which it is about them; the quick ones first among equals.

    Many pass by: the worker goes through some lines every second, and every test of a right through its beginning. How
    much one is about a place is told by the lines near to it: the fewer others go through these, the more.
    """
    near = range(fault.line - _NEAR, fault.line + fault.height + _NEAR + 1)
    rare = Counter(line for each in passed.tests for line in each.lines.get(fault.file, set()).intersection(near))
    over = [each for each in passed.tests if passed.goes_through(each, fault.file, _broken(fault))]
    about = {each.test: sum(1 / rare[line] for line in each.lines[fault.file].intersection(near)) for each in over}
    return sorted(over, key=lambda each: (-round(about[each.test], 2), each.seconds))


def _broken(fault: Fault) -> range | None:
    """The broken lines; what stands outside of functions runs when the module is read, before any test."""
    return None if ":module:" in fault.name else range(fault.line, fault.line + fault.height + 1)


def read_passes(written: Path) -> Passes:
    """What `tracing` or `following` wrote, without what failed though nothing was broken."""
    first, *rows = map(json.loads, written.read_text(encoding="utf-8").splitlines())
    changed = {name for name, seal in first["files"].items() if seal_of(PROJECT / name) != seal}
    return Passes([_pass(row) for row in rows if not row.get("failed")], changed)


def _pass(row: dict[str, Any]) -> Pass:
    lines = {file: set(lines) for file, lines in row["lines"].items()}
    return Pass(row["test"], row["seconds"], lines, frozenset(row.get("rules", ())))


@cache
def all_conversations() -> list[Conversation]:
    """Those that run on a desk with the usual settings; last the ones after which the policy is another."""
    return sorted((each for each in every_conversation() if not each.settings), key=lambda each: each.own_desk)
