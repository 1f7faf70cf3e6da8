"""Compares what came with what was expected; every difference is a sentence."""

import re
from collections.abc import Iterator
from typing import Any

from tests.conversations.runner.steps import BotMessage, Card, Mail, Problem, Shown, Store

Captured = dict[str, Any]


class Differs(Exception):
    """What came is not what was expected."""

    def __init__(self, *differences: str) -> None:
        super().__init__("\n".join(differences))
        self.differences = differences


def strings_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for each in value.values():
            yield from strings_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings_of(each)
    elif value is not None:
        yield str(value)


def pieces_missing(text: str, pieces: list[str], what: str) -> list[str]:
    """Pieces that a text does not hold."""
    return [f"{what} does not say {piece!r}" for piece in pieces if piece not in text]


def pieces_found(text: str, pieces: list[str], what: str) -> list[str]:
    """Pieces that a text holds and should not."""
    return [f"{what} says {piece!r}" for piece in pieces if piece in text]


def capture(text: str, patterns: dict[str, str], what: str, into: Captured) -> list[str]:
    """Take the first group (or all) of each pattern's first match."""
    differences = []
    for name, pattern in patterns.items():
        match = re.search(pattern, text)
        if match is None:
            differences.append(f"{what} has nothing that fits {pattern!r}, to be captured as {name}")
        else:
            into[name] = match[1] if match.groups() else match[0]
    return differences


def compare_messages(expected: list[BotMessage], messages: list[dict[str, Any]], into: Captured) -> None:
    """Compare a turn's answer, message by message, in order and number.

    Raises:
        Differs: It is another answer.
    """
    differences = []
    if len(expected) != len(messages):
        differences.append(f"expected {_count(len(expected))}, but {len(messages)} came")
    for number, (wanted, got) in enumerate(zip(expected, messages, strict=False), start=1):
        differences += [f"message {number}: {each}" for each in _message(wanted, got, into)]
    if differences:
        raise Differs(*differences)


def _count(number: int) -> str:
    return "1 message" if number == 1 else f"{number} messages"


def _message(wanted: BotMessage, got: dict[str, Any], into: Captured) -> list[str]:
    differences = []
    if wanted.response is not None and got["response"] != wanted.response:
        differences.append(f"expected {wanted.response}, but {got['response']} came")
    cited = [f"{citation['clause']}@{citation['version']}" for citation in got["citations"]]
    if wanted.cites is not None and not _fitting(wanted.cites, cited):
        differences.append(f"expected quotations of {_listed(wanted.cites)}, but it quotes {_listed(cited)}")
    labels = [choice["label"] for choice in got["choices"]]
    if wanted.choices is not None and labels != wanted.choices:
        differences.append(f"expected the choices {_listed(wanted.choices)}, but it offers {_listed(labels)}")
    said = "\n".join([got["text"], *(citation["quote"] for citation in got["citations"])])
    differences += pieces_missing(said, wanted.says, "it")
    differences += pieces_found(said, wanted.does_not_say, "it")
    differences += _card(wanted.card, got["card"], into)
    return differences + capture(said, wanted.capture, "it", into)


def _fitting(wanted: list[str], cited: list[str]) -> bool:
    """Whether these clauses are quoted in this order; where a version is named, from that version."""
    found = [full if "@" in name else full.partition("@")[0] for name, full in zip(wanted, cited, strict=False)]
    return found == wanted and len(cited) == len(wanted)


def _card(wanted: Card | str | None, got: dict[str, Any] | None, into: Captured) -> list[str]:
    if wanted is None:
        return []
    if isinstance(wanted, str):
        return [] if got is None else [f"expected no card, but a card {got['kind']!r} came"]
    if got is None or got.get("kind") != wanted.kind:
        return [f"expected a card {wanted.kind!r}, but {'none' if got is None else repr(got.get('kind'))} came"]
    text = "\n".join(strings_of(got))
    missing = pieces_missing(text, wanted.shows, "the card") + pieces_found(text, wanted.hides, "the card")
    return missing + capture(text, wanted.capture, "the card", into)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def compare_problem(expected: Problem, status: int, body: dict[str, Any]) -> None:
    """Compare a refusal.

    Raises:
        Differs: It is another one.
    """
    differences = []
    if (status, body.get("code")) != (expected.status, expected.code):
        differences.append(f"expected {expected.status} {expected.code}, but {status} {body.get('code')} came")
    if differences := differences + pieces_missing(str(body.get("detail")), expected.says, "it"):
        raise Differs(*differences)


def compare_history(expected: list[Shown], messages: list[dict[str, Any]]) -> None:
    """Compare what `GET /messages` shows.

    Raises:
        Differs: It shows something else.
    """
    wanted = [("user", line.user) if line.user is not None else ("bot", line.bot) for line in expected]
    got = [(m["author"], m["text"] if m["author"] == "user" else m["response"]) for m in messages]
    if wanted != got:
        shown = "; ".join(f"{author}: {what}" for author, what in got) or "nothing"
        raise Differs(f"the history shows {shown}")


def fits(mail: dict[str, Any], expected: Mail) -> list[str]:
    """In what a mail is not the expected one."""
    differences = pieces_missing(mail["subject"], expected.subject, "the subject")
    differences += pieces_missing(mail["text"], expected.says, "the mail")
    return differences + pieces_found(mail["text"] + mail["subject"], expected.does_not_say, "the mail")


def is_value(got: Any, wanted: Any) -> bool:
    """Whether a column holds a value; text is compared as text, so that dates and numbers can be written plainly."""
    return got is None if wanted is None else got == wanted or str(got) == str(wanted)


def compare_rows(expected: Store, rows: list[dict[str, Any]], into: Captured) -> None:
    """Compare the rows of a table.

    Raises:
        Differs: They are others.
    """
    found = [row for row in rows if all(is_value(row[column], wanted) for column, wanted in expected.where.items())]
    differences = []
    wanted_rows = 0 if expected.absent else expected.rows
    if wanted_rows is not None and len(found) != wanted_rows:
        differences.append(f"expected {wanted_rows} such rows in {expected.table}, but there are {len(found)}")
    if not found and (expected.values or expected.capture):
        differences.append(f"there is no such row in {expected.table}")
    for row in found:
        for column, wanted in expected.values.items():
            if not is_value(row[column], wanted):
                differences.append(f"{expected.table}.{column} is {row[column]!r}, not {wanted!r}")
    totals = {
        column: sum(row[column] for row in found) for column in {*expected.total, *expected.capture_total.values()}
    }
    for column, wanted in expected.total.items():
        if not is_value(totals[column], wanted):
            differences.append(f"{expected.table}.{column} adds up to {totals[column]}, not {wanted}")
    if expected.capture and len(found) > 1:
        differences.append(f"there are {len(found)} such rows in {expected.table}, so nothing can be captured")
    if differences:
        raise Differs(*differences)
    into |= {name: found[0][column] for name, column in expected.capture.items()}
    into |= {name: totals[column] for name, column in expected.capture_total.items()}
