"""Stored values as they stand in a copy: exact in the data file, harmless in a spreadsheet, readable on the page."""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

ABOUT_ANOTHER = "[about another person]"

# What a spreadsheet takes for the beginning of a formula; the wide forms are typed on East Asian keyboards.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_BEFORE = "\x1f"
_SOME_FORMULA = re.compile(f"{_BEFORE}[{re.escape(''.join(_FORMULA))}]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_LONGEST_SHOWN = 1000

type Values = Sequence[Any]


class Number(str):
    """An exact number as text; it can be no formula, whatever sign it begins with."""

    __slots__ = ()


def written_column(values: Values) -> tuple[Values, Values]:
    """One column of some rows as it stands in the data file, and as it stands in a table for a spreadsheet.

    A column mostly holds values of one kind; those are written all at once, which is what makes a million rows quick.
    """
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if kinds <= {int}:
        return values, values
    if kinds == {str}:
        # Most columns hold nothing of the kind: one look at all of them together is enough.
        return values, cells(values) if _SOME_FORMULA.search(_BEFORE + _BEFORE.join(filter(None, values))) else values
    write = _ALIKE.get(next(iter(kinds))) if len(kinds) == 1 else None
    written = None if write is None else write(values)
    if written is not None:
        return written, written
    exact = [plain(value) for value in values]
    return exact, cells(exact)


def _dates(values: Values) -> Values:
    return [None if value is None else value.isoformat() for value in values]


def _decimals(values: Values) -> Values | None:
    written = [None if value is None else str(value) for value in values]
    # Very large and very small ones would come with an exponent; they are written out one by one.
    return None if "E" in "".join(filter(None, written)) else written


_ALIKE: dict[type, Callable[[Values], Values | None]] = {datetime: _dates, date: _dates, Decimal: _decimals}


def plain(value: Any) -> Any:
    """One value as JSON knows it."""
    match value:
        case str() | bool() | int() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return Number(format(value, "f"))
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return Number(value.total_seconds())
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
        case _:
            return str(value)


def as_json(values: Any) -> str:
    """Plain values as JSON text."""
    return _encode(values)


def cells(values: Values) -> Values:
    """Plain values for a spreadsheet: text that could be taken for a formula gets a ' before it."""
    return [_cell(value) for value in values]


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case None | int() | float() | Number():
            return value
        case dict() | list():
            return as_json(value)
        case _:
            return f"'{value}" if value[:1] in _FORMULA else value


def shown(value: Any) -> str:
    """One plain value in words."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case {"label": label, "value": content, **rest} if not rest:
            words = f"{label}: {shown(content)}"
        case dict():
            words = "\n".join(_named(key, each) for key, each in value.items())
        case list():
            words = "\n".join(shown(each) for each in value)
        case _:
            words = _moment(str(value))
    return words if len(words) <= _LONGEST_SHOWN else words[:_LONGEST_SHOWN] + " … (all of it is in the CSV file)"


def _named(key: str, value: Any) -> str:
    """A member with its name; a list or more members stand below it."""
    return f"{key}:\n{shown(value)}" if isinstance(value, dict | list) and value else f"{key}: {shown(value)}"


def _moment(text: str) -> str:
    """`2026-11-23T21:00:00+09:00` becomes `2026-11-23 12:00 UTC`; a time without an offset is shown without a zone."""
    if not (16 <= len(text) <= 32 and text[4:5] == text[7:8] == "-" and text[10:11] == "T" and text[13:14] == ":"):
        return text
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return f"{moment:%Y-%m-%d %H:%M}"
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):  # the latter at the ends of the calendar, such as a year 9999 for "never"
        return text
