"""`${name}` and `${name+1}` in a step stand for what an earlier step captured."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

_PLACE = re.compile(r"\$\{\s*([a-z_][\w.]*)\s*(?:([+-])\s*(\d+)\s*)?\}")


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """The same value with every placeholder replaced.

    Args:
        value: Text, list or mapping, nested as it likes.
        values: What the names stand for.
    """
    if isinstance(value, str):
        return _PLACE.sub(lambda place: _replacement(place, values), value)
    if isinstance(value, dict):
        return {key: filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values) for each in value]
    return value


def _replacement(place: re.Match[str], values: Mapping[str, Any]) -> str:
    value, sign, amount = values[place[1]], place[2], place[3]
    if sign is None:
        return str(value)
    more = int(f"{sign}{amount}")
    return str(value + timedelta(days=more)) if isinstance(value, date) else str(int(value) + more)


def used_in(value: Any) -> Iterator[str]:
    """Names of the placeholders in a value."""
    if isinstance(value, str):
        yield from (place[1] for place in _PLACE.finditer(value))
    elif isinstance(value, dict):
        for each in value.values():
            yield from used_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from used_in(each)


def captured_in(value: Any) -> set[str]:
    """Names a step captures: the keys under every `capture` and `capture_total`."""
    if isinstance(value, list):
        return set().union(*(captured_in(each) for each in value))
    if not isinstance(value, dict):
        return set()
    names = set()
    for key, each in value.items():
        names |= set(each) if key in ("capture", "capture_total") and isinstance(each, dict) else captured_in(each)
    return names
