"""Ways of breaking a file that a person might break it in; each fault is one small edit of its text."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.vocabulary import RequestState


@dataclass(frozen=True)
class Fault:
    """One edit of one file.

    Attributes:
        name: File, place and kind; stays the same while lines move.
        kind: What sort of mistake it is.
        what: The mistake in words.
        line: Where it is.
        height: How many lines it goes on after that.
        start: Where the replaced text begins.
        end: Where it ends.
    """

    name: str
    file: str
    line: int
    kind: str
    what: str
    start: int
    end: int
    instead: str
    height: int = 0

    def planted(self, source: str) -> str:
        """The file with the fault in it."""
        return source[: self.start] + self.instead + source[self.end :]


type Found = tuple[ast.AST, str, str]
"""A node, what is written in its place, and what that means."""

_SAYS = ("turn.say", "announce", "turn.ask_to_sign_in")
_HARMLESS = ("log.", "beat", "work.heartbeat", "session.flush", "session.expire_all", "super().")


def _called(node: ast.AST) -> str:
    """Name of the function, where a statement is nothing but a call."""
    return ast.unparse(node.value.func) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else ""


def _guard_skipped(node: ast.AST) -> Iterator[Found]:
    if isinstance(node, ast.If) and not node.orelse and len(node.body) == 1 and isinstance(node.body[0], ast.Raise):
        yield node, "pass", f"does not refuse when {ast.unparse(node.test)}"


def _mail_dropped(node: ast.AST) -> Iterator[Found]:
    if _called(node) == "outbox.post":
        yield node, "pass", "writes no mail"


def _audit_forgotten(node: ast.AST) -> Iterator[Found]:
    if _called(node) == "audit.record":
        yield node, "pass", "leaves no line in the record"


def _said_nothing(node: ast.AST) -> Iterator[Found]:
    if _called(node) in _SAYS:
        yield node, "pass", "does not tell the person"


def _left_undone(node: ast.AST) -> Iterator[Found]:
    name = _called(node)
    told = {"outbox.post", "audit.record", *_SAYS}
    if name and name not in told and not name.startswith(_HARMLESS):
        yield node, "pass", f"does not call {name}"


def _condition_turned(node: ast.AST) -> Iterator[Found]:
    if isinstance(node, ast.If) and not any(_guard_skipped(node)):
        yield node.test, f"not ({ast.unparse(node.test)})", f"takes the other branch at {ast.unparse(node.test)}"


def _rows_mixed_up(node: ast.AST) -> Iterator[Found]:
    is_where = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "where"
    if is_where and len(node.args) > 1:
        for place, dropped in enumerate(node.args):
            rest = ", ".join(ast.unparse(each) for number, each in enumerate(node.args) if number != place)
            yield node, f"{ast.unparse(node.func)}({rest})", f"takes rows without {ast.unparse(dropped)}"


def _done_early(node: ast.AST) -> Iterator[Found]:
    if not isinstance(node, ast.FunctionDef) or node.returns is None or ast.unparse(node.returns) != "Sequence[str]":
        return
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if body and any(argument.arg == "work" for argument in node.args.args):
        yield body[0], "return []", f"says that the step {node.name} is done and does nothing"


def _state_mixed_up(node: ast.AST) -> Iterator[Found]:
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "RequestState" and node.attr.isupper():
        names = [state.name for state in RequestState]
        other = names[(names.index(node.attr) + 1) % len(names)]
        yield node, f"RequestState.{other}", f"takes {other.lower()} for {node.attr.lower()}"


_OPERATORS: dict[str, Callable[[ast.AST], Iterator[Found]]] = {
    "guard skipped": _guard_skipped,
    "mail dropped": _mail_dropped,
    "record forgotten": _audit_forgotten,
    "said nothing": _said_nothing,
    "left undone": _left_undone,
    "branch turned": _condition_turned,
    "rows mixed up": _rows_mixed_up,
    "done early": _done_early,
    "state mixed up": _state_mixed_up,
}
RULE_KINDS = ("rule cut short", "actions swapped")


def faults_in_python(file: str, source: str) -> Iterator[Fault]:
    """Every fault that can be planted in a module."""
    starts = _line_starts(source)
    seen: dict[tuple[str, str], int] = {}
    for node, place in _placed(ast.parse(source)):
        for kind, operator in _OPERATORS.items():
            for broken, instead, what in operator(node):
                number = seen[place, kind] = seen.get((place, kind), 0) + 1
                yield Fault(
                    f"{file}:{place}:{kind}:{number}", file, broken.lineno, kind, what,
                    _offset(source, starts, broken.lineno, broken.col_offset),
                    _offset(source, starts, broken.end_lineno, broken.end_col_offset), instead,
                    broken.end_lineno - broken.lineno,
                )  # fmt: skip


def _placed(tree: ast.AST, place: str = "module") -> Iterator[tuple[ast.AST, str]]:
    for node in ast.iter_child_nodes(tree):
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        inside = node.name if named and place == "module" else f"{place}.{node.name}" if named else place
        yield node, inside
        yield from _placed(node, inside)


def _line_starts(source: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", source))]


def _offset(source: str, starts: list[int], line: int, column: int) -> int:
    """A place in the text; columns are counted in bytes."""
    text = source[starts[line - 1] :].split("\n", 1)[0]
    return starts[line - 1] + len(text.encode()[:column].decode())


def faults_in_rules(file: str, source: str) -> Iterator[Fault]:
    """Rules that stop one step early, or whose first two actions run in the other order."""
    for rule in re.finditer(r"  - rule: (.+)\n(?:    .*\n?)+", source):
        steps = list(re.finditer(r"      - action: (\S+)\n", rule[0]))
        line = source.count("\n", 0, rule.start()) + 1
        if steps:
            last, begin = steps[-1], rule.start()
            tail = rule[0][last.end() :]
            follows = re.match(r"      - active_loop: \S+\n", tail)
            end = begin + last.end() + (follows.end() if follows else 0)
            what = f"does not run {last[1]}"
            yield Fault(f"{file}:{rule[1]}:cut", file, line, RULE_KINDS[0], what, begin + last.start(), end, "")
        if len(steps) > 1 and steps[0].end() == steps[1].start():
            first, second = steps[0], steps[1]
            yield Fault(
                f"{file}:{rule[1]}:swapped", file, line, RULE_KINDS[1], f"runs {second[1]} before {first[1]}",
                rule.start() + first.start(), rule.start() + second.end(), second[0] + first[0],
            )  # fmt: skip
