"""Which faults are planted, and which tests ought to find each."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.config import PROJECT
from tests.conversations.runner.items import FOLDER, KNOWN_FAILURES
from tests.conversations.runner.matrix import FILE as MATRIX
from tests.conversations.runner.reading import Conversation, read
from tests.mutations.operators import Fault, faults_in_python, faults_in_rules
from tests.mutations.tracing import seal_of

_FOLDERS = ("actions", "bot/privacy")
_NO_FAULTS = Path(__file__).with_name("no_faults.yml")
# What a module is about, where the names of its tests and conversations do not say so.
_ABOUT = {
    "fulfilment": ("erasure", "export", "rectification", "consent"), "room": ("request",), "rooms": ("request",),
    "outcome": ("request", "erasure"), "holds": ("restriction", "request", "rectification"),
    "taking_back": ("request", "status_and_taking_back"), "typed_code": ("verification", "typed_code"),
    "form_cards": ("form", "rectification", "consent"), "journey": ("export", "erasure"), "journeys": ("export",),
    "base": ("complaint", "export"), "request": ("export", "interruptions", "erasure"), "handoff": ("person_wanted",),
    "access": ("access", "what_the_shop_holds", "export"), "identity_verification": ("verification", "export"),
    "request_status": ("status_and_taking_back",), "clarification": ("not_understood", "interruptions"),
    "policy_question": ("policy_answers", "not_in_the_policy"), "validation": ("rectification", "validation"),
    "session": ("greeting", "not_understood"), "request_intake": ("request", "rights", "export"),
}  # fmt: skip
_MOST_CONVERSATIONS = 40
_MOST_TESTS = 25
_MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Pass:
    """A test with the lines it goes through, by file."""

    test: str
    seconds: float
    lines: dict[str, set[int]]


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
    """The tests that go through the broken lines, the quick ones first, for some seconds in all."""
    # What stands outside of functions runs when the module is read, before any test.
    broken = None if ":module:" in fault.name else range(fault.line, fault.line + fault.height + 1)
    over = [each for each in passed.tests if passed.goes_through(each, fault.file, broken)]
    found, seconds = [], 0.0
    for each in sorted(over, key=lambda test: test.seconds):
        if len(found) == _MOST_TESTS or (found and seconds + each.seconds > _MOST_SECONDS):
            break
        found.append(each.test)
        seconds += each.seconds
    return found


def read_passes(written: Path) -> Passes:
    """What `tracing` wrote."""
    first, *rows = map(json.loads, written.read_text(encoding="utf-8").splitlines())
    changed = {name for name, seal in first["files"].items() if seal_of(PROJECT / name) != seal}
    lines = ({file: set(lines) for file, lines in row["lines"].items()} for row in rows)
    return Passes([Pass(row["test"], row["seconds"], at) for row, at in zip(rows, lines, strict=True)], changed)


def conversations(fault: Fault) -> list[Conversation]:
    """Conversations about what was broken: of the files named after it, else those of every right that go straight."""
    module = Path(fault.file).stem
    about = {module, module.partition("_")[0], *_ABOUT.get(module, ())}
    everything = _conversations()
    fitting = [each for each in everything if any(word in each.path.stem for word in about)]
    straight = [each for each in everything if any(tag.endswith("/straight") for tag in each.covers)]
    rest = [each for each in straight if each not in fitting]
    return sorted([*fitting, *rest], key=_takes_long)[:_MOST_CONVERSATIONS]


@cache
def _conversations() -> list[Conversation]:
    files = [path for path in sorted(FOLDER.glob("*.yml")) if path.name not in (KNOWN_FAILURES, MATRIX.name)]
    return [each for path in files for each in read(path)]


def _takes_long(conversation: Conversation) -> bool:
    return any(step.kind in ("down", "restart") for step in conversation.steps)
