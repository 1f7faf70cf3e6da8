"""Labelled phrases: the project's own held-out ones, and files of JSON lines in the same spirit."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
HELD_OUT = PROJECT / "tests" / "nlu"
TRAINING = PROJECT / "data" / "nlu"
ASK_POLICY = "ask_policy"
_NOT_COVERED = "not_covered_"
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)

Span = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """A phrase and how it should be read.

    Attributes:
        text: What a person wrote.
        intents: Names that count as right, the expected one first; empty where only the policy side is labelled.
        covered: Whether the policy answers it; None for what is no question about the policy.
        spans: Where in the policy file the answer stands, one or more.
        routed: Intents that help as much as an answer out of the policy would.
        lenient: Passages that may be shown although the policy does not really answer.
        borderline: A careful person could decide the other way.
        label: The label as it was written.
    """

    text: str
    intents: tuple[str, ...] = ()
    covered: bool | None = None
    spans: tuple[Span, ...] = ()
    routed: frozenset[str] = frozenset()
    lenient: tuple[Span, ...] = ()
    borderline: bool = False
    label: str = ""


class UnknownPassage(ValueError):
    """A labelled passage does not stand in the policy."""


def phrases(folder: Path) -> Iterator[tuple[str, str]]:
    """Label and phrase of every example in a folder of Rasa's NLU files."""
    for path in sorted(folder.glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                if line.strip():
                    yield block["intent"], line.strip().removeprefix("- ")


def held_out() -> list[Row]:
    """The project's own phrases that no training has seen."""
    return [_from_label(label, text) for label, text in phrases(HELD_OUT)]


def from_file(path: Path) -> list[Row]:
    """Rows of a file of JSON lines: `text` with `intent` and `also_ok`, or with `covered` and `clauses`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_from_json(json.loads(line)) for line in lines if line.strip()]


def _from_label(label: str, text: str) -> Row:
    intent, _, part = label.partition("/")
    if intent != ASK_POLICY:
        return Row(text, (intent,), label=label)
    if part.startswith(_NOT_COVERED):
        return Row(text, (intent,), covered=False, label=label)
    return Row(text, (intent,), covered=True, spans=(clause_spans()[part],), label=label)


def _from_json(given: dict[str, Any]) -> Row:
    also = tuple(given.get("also_ok") or ())
    if "covered" not in given:
        return Row(given["text"], (given["intent"], *also), label=given["intent"])
    return Row(
        given["text"],
        covered=bool(given["covered"]),
        spans=tuple(_find(clause) for clause in given.get("clauses") or ()),
        routed=frozenset(also),
        lenient=tuple(_find(clause) for clause in given.get("lenient") or ()),
        borderline=bool(given.get("borderline")),
        label=ASK_POLICY,
    )


@cache
def policy_text() -> str:
    """The newest policy file as it stands, front matter and all."""
    newest = max((PROJECT / "data" / "policy").glob("*.md"))
    return newest.read_bytes().decode("utf-8")


@cache
def clause_spans() -> dict[str, Span]:
    """From where to where each clause runs in the policy file."""
    text = policy_text()
    front = _FRONT_MATTER.match(text)
    if front is None:
        raise UnknownPassage("The policy file has no front matter.")
    clauses = yaml.safe_load(front[1])["clauses"]
    starts, at = [], front.end()
    for clause in clauses:
        at = text.index(clause["starts"], at)
        starts.append(at)
    ends = [*starts[1:], len(text)]
    return {clause["id"]: (start, end) for clause, start, end in zip(clauses, starts, ends, strict=True)}


def _find(passage: dict[str, str]) -> Span:
    words = re.escape(" ".join(passage["quote"].split())).replace(r"\ ", r"\s+")
    front = _FRONT_MATTER.match(policy_text())
    found = re.compile(words, re.IGNORECASE).search(policy_text(), front.end() if front else 0)
    if found is None:
        raise UnknownPassage(f"The policy does not hold the passage that begins: {passage['quote'][:60]}")
    return found.span()
