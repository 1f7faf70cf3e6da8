"""Reads conversation files strictly: what cannot be understood is refused with file and line."""

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from bot.config import Settings
from bot.yaml_text import SafeLoader
from tests.conversations.runner.matrix import FILE as MATRIX
from tests.conversations.runner.matrix import matrix
from tests.conversations.runner.placeholders import captured_in, used_in
from tests.conversations.runner.steps import KINDS, Person

_GAP = "‹fill in:"
_KEYS = {"conversation", "covers", "desk", "settings", "people", "steps"}


class BadFile(Exception):
    """A conversation file that cannot be used."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path.name}, line {line}: {reason}")


@dataclass(frozen=True)
class Step:
    """One step: its kind, what was written under it, and where."""

    kind: str
    value: Any
    line: int


@dataclass(frozen=True)
class Conversation:
    """A conversation as its designer wrote it.

    Attributes:
        people: Who takes part; the first one speaks first.
        covers: The cells of the matrix it is there for, as `right/interruption`.
        settings: Settings of a desk of its own; none for the desk that all others share.
        own_desk: It changes something for everybody, and so runs on a desk apart from the others.
    """

    name: str
    path: Path
    line: int
    people: dict[str, Person]
    steps: tuple[Step, ...]
    covers: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    own_desk: bool = False

    @property
    def id(self) -> str:
        """File and name; the name it has in `expected_failures.yml`."""
        return f"{self.path.stem}/{self.name}"

    @property
    def is_apart(self) -> bool:
        """Whether it runs on another desk than the one that all others share."""
        return self.own_desk or bool(self.settings)


class Block(dict[str, Any]):
    """A mapping that knows the lines of its keys."""

    line = 0
    lines: dict[str, int]


class Lines(list[Any]):
    """A list that knows the lines of its members."""

    line = 0
    lines: list[int]


class _Loader(SafeLoader):
    """YAML as people read it: `no` and `2026-01-15` are words, and a key stands once."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [rule for rule in rules if rule[0] not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
        for first, rules in SafeLoader.yaml_implicit_resolvers.items()
    }

    def block(self, node: yaml.MappingNode) -> Block:
        block = Block()
        block.line, block.lines = node.start_mark.line + 1, {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in block:
                raise yaml.MarkedYAMLError(problem=f"{key} stands twice", problem_mark=key_node.start_mark)
            block.lines[key] = key_node.start_mark.line + 1
            block[key] = self.construct_object(value_node, deep=True)
        return block

    def members(self, node: yaml.SequenceNode) -> Lines:
        members = Lines(self.construct_object(each, deep=True) for each in node.value)
        members.line, members.lines = node.start_mark.line + 1, [each.start_mark.line + 1 for each in node.value]
        return members


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.block)
_Loader.add_constructor("tag:yaml.org,2002:seq", _Loader.members)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), ["t", "f"])


def load(path: Path) -> Any:
    """A YAML file, with lines.

    Raises:
        BadFile: It is not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(path, line, f"{error.problem or 'this is not YAML'}.") from None


def read(path: Path) -> list[Conversation]:
    """The conversations of a file.

    Raises:
        BadFile: Something in it cannot be understood.
    """
    listed = load(path)
    if not isinstance(listed, Lines) or not listed:
        raise BadFile(path, 1, "a file is a list of conversations; each begins with `- conversation: <a sentence>`.")
    found = [_conversation(path, each, line) for each, line in zip(listed, listed.lines, strict=True)]
    names = [each.name for each in found]
    for each in found:
        if names.count(each.name) > 1:
            raise BadFile(path, each.line, f"two conversations are called {each.name!r}.")
    return found


def _conversation(path: Path, block: Any, line: int) -> Conversation:
    if not isinstance(block, Block):
        raise BadFile(path, line, "a conversation begins with `- conversation: <a sentence>`.")
    for key in block:
        if key not in _KEYS:
            raise BadFile(path, block.lines[key], f"{_unknown(key, _KEYS)} stands in no conversation.")
    name = block.get("conversation")
    if not isinstance(name, str) or len(name.split()) < 3:
        raise BadFile(path, line, "a conversation needs a name that reads as a sentence.")
    people = _people(path, block)
    steps = block.get("steps")
    if not isinstance(steps, Lines) or not steps:
        raise BadFile(path, line, f"{name!r} has no steps.")
    read_steps = tuple(_step(path, each, at) for each, at in zip(steps, steps.lines, strict=True))
    _check_gaps(path, read_steps)
    _check_names(path, people, read_steps)
    own = _own_desk(path, block, read_steps)
    return Conversation(name, path, line, people, read_steps, _covers(path, block), _settings(path, block), own)


def _own_desk(path: Path, block: Block, steps: tuple[Step, ...]) -> bool:
    """Whether it has `desk: own`; what everybody would notice is refused without it."""
    if block.get("desk", "own") != "own":
        raise BadFile(path, block.lines["desk"], "`desk: own` is the only desk that can be asked for.")
    own = "desk" in block
    for step in steps:
        if step.kind == "publish" and not own:
            raise BadFile(path, step.line, "`publish` is seen by everybody, so the conversation needs `desk: own`.")
    return own


def _covers(path: Path, block: Block) -> tuple[str, ...]:
    """The tags; each names a cell of the matrix that makes sense."""
    tags = block.get("covers", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise BadFile(path, block.lines["covers"], "covers is a list such as [erasure/digress_policy].")
    for tag in tags:
        if tag not in matrix().cells:
            raise BadFile(path, block.lines["covers"], f"{_unknown(tag, matrix().cells)} is no cell of {MATRIX.name}.")
        if tag in matrix().no_sense:
            raise BadFile(path, block.lines["covers"], f"{tag} is listed in {MATRIX.name} as making no sense.")
    return tuple(tags)


def _settings(path: Path, block: Block) -> dict[str, str]:
    settings = block.get("settings", {})
    known = {name.upper() for name in Settings.model_fields}
    if not isinstance(settings, dict):
        raise BadFile(path, block.lines["settings"], "settings is a list of `NAME: value`, as in .env.example.")
    for name in settings:
        if name not in known:
            raise BadFile(path, settings.lines[name], f"{_unknown(name, known)} is no setting.")
    return {name: str(value) for name, value in settings.items()}


def _people(path: Path, block: Block) -> dict[str, Person]:
    people = block.get("people", {"visitor": "anonymous"})
    if not isinstance(people, dict) or not people:
        raise BadFile(path, block.lines["people"], "people is a list of `name: anonymous` or `name: {customer: …}`.")
    read_people = {}
    for name, who in people.items():
        try:
            read_people[str(name)] = Person.model_validate({} if who == "anonymous" else who)
        except ValidationError as error:
            raise BadFile(path, people.lines[name], f"{name}: {_reason(error)}") from None
    return read_people


def _step(path: Path, block: Any, line: int) -> Step:
    if not isinstance(block, Block) or len(block) != 1:
        raise BadFile(path, line, f"a step has exactly one of the words {', '.join(KINDS)}.")
    kind, value = next(iter(block.items()))
    if kind not in KINDS:
        raise BadFile(path, line, f"{_unknown(kind, KINDS)} is not a step.")
    try:
        KINDS[kind].validate_python(value)
    except ValidationError as error:
        raise BadFile(path, _line_of(value, error, line), f"{kind}: {_reason(error)}") from None
    return Step(kind, value, line)


def _check_gaps(path: Path, steps: tuple[Step, ...]) -> None:
    """A test made of a stored conversation has gaps where something personal may have stood."""
    for step in steps:
        if _GAP in str(step.value):
            raise BadFile(path, step.line, f"{_GAP} …› is to be replaced by something invented.")


def _check_names(path: Path, people: dict[str, Person], steps: tuple[Step, ...]) -> None:
    """People and `${names}` must be known before a step uses them."""
    known = {"conversation", "customer", "email", "name", "today"}
    known |= {f"{person}.{each}" for person in people for each in ("conversation", "customer", "email", "name")}
    for step in steps:
        for name in used_in(step.value):
            if name not in known:
                raise BadFile(path, step.line, f"nothing before this step captured ${{{name}}}.")
        known |= captured_in(step.value)
        wanted = step.value if step.kind == "as" else None
        if step.kind == "choice" and isinstance(step.value, dict):
            wanted = step.value.get("shown_to")
        if wanted is not None and wanted not in people:
            raise BadFile(path, step.line, f"{wanted} is not among the people of this conversation.")


def _unknown(word: str, known: Any) -> str:
    near = get_close_matches(str(word), [str(each) for each in known], 1)
    return f"{word!r} (did you mean {near[0]!r}?)" if near else repr(word)


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or not _is_type_name(part))
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if first["type"] == "extra_forbidden":
        reason = "there is no such key"
    return f"{where}: {reason}." if where else f"{reason}."


def _is_type_name(part: str) -> bool:
    return "[" in part or part[:1].isupper() or part in ("str", "literal", "dict", "list", "int")


def _line_of(value: Any, error: ValidationError, line: int) -> int:
    """The line of the deepest part of a step that an error is about."""
    for part in error.errors()[0]["loc"]:
        lines = getattr(value, "lines", None)
        if isinstance(value, Block) and part in value:
            line, value = value.lines[str(part)], value[part]
        elif isinstance(value, Lines) and isinstance(part, int) and part < len(value) and lines:
            line, value = value.lines[part], value[part]
    return line
