"""Plots of the overview as ECharts reads them: calm colours, numbers readable, and the same figures in words beside."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.desk.words import KINDS, STATES
from bot.privacy.statistics import SHARES, Day, Figures
from bot.vocabulary import RequestKind, RequestState

_COLOURS = [
    "#45429b",
    "#c08420",
    "#2f8f5b",
    "#8c89c9",
    "#b3554a",
    "#6b9bb8",
    "#a58a5b",
    "#5d5c72",
    "#d8a7a0",
    "#22223a",
]
_STATE_COLOURS = {
    RequestState.RECEIVED: "#c9c7e6",
    RequestState.AWAITING_VERIFICATION: "#9a97cf",
    RequestState.ON_HOLD: "#e0b352",
    RequestState.COOLING_OFF: "#6b9bb8",
    RequestState.AWAITING_APPROVAL: "#b87333",
    RequestState.RUNNING: "#45429b",
    RequestState.FULFILLED: "#2f8f5b",
    RequestState.PARTLY_FULFILLED: "#b3554a",
    RequestState.DENIED: "#5d5c72",
    RequestState.REVOKED: "#b8b3c4",
    RequestState.EXPIRED: "#ddd6c8",
}
_FROM_GOOD_TO_LATE = ["#1d6b46", "#6fae86", "#c9c48c", "#d9a441", "#a1281f"]


def by_kind(figures: Figures) -> dict[str, Any]:
    """Requests by right, each bar divided by where they stand."""
    kinds = [kind for kind in RequestKind if any(key[0] == kind for key in figures.by_kind)]
    states = [state for state in RequestState if any(key[1] == state for key in figures.by_kind)]
    series = [(STATES[state].text, [figures.by_kind.get((kind, state), 0) for kind in kinds]) for state in states]
    return _bars([KINDS[kind] for kind in kinds], series) | {"color": [_STATE_COLOURS[state] for state in states]}


def against_clock(figures: Figures) -> dict[str, Any]:
    """Answers by how much of the time allowed they took."""
    kinds = [kind for kind in RequestKind if kind in figures.against_clock]
    series = [(share, [figures.against_clock[kind][share] for kind in kinds]) for share in SHARES]
    return _bars([KINDS[kind] for kind in kinds], series) | {"color": _FROM_GOOD_TO_LATE}


def containment(days: Sequence[Day]) -> dict[str, Any]:
    """Chats that needed nobody, and those handed to a person, day by day."""
    made = _base([f"{day.day:%-d %b}" for day in days])
    made["yAxis"] = [{"type": "value", "minInterval": 1}, _percent()]
    made["series"] = [
        {"name": "Chats", "type": "bar", "data": [day.chats for day in days], "color": "#c9c7e6"},
        {"name": "Handed to a person", "type": "bar", "data": [day.handoffs for day in days], "color": "#c08420"},
        _line("Share without a person", [_rounded(day.contained) for day in days], "#45429b") | {"yAxisIndex": 1},
    ]
    return made


def satisfaction(figures: Figures) -> dict[str, Any]:
    """How people said it went, 1 to 5."""
    made = _base(["1", "2", "3", "4", "5"])
    made["legend"] = {"show": False}
    made["series"] = [{"name": "Answers", "type": "bar", "data": list(figures.satisfaction), "color": "#45429b"}]
    return made


def topics(counts: Mapping[str, int]) -> dict[str, Any]:
    """What the policy did not answer, most asked first."""
    return _bars(list(counts), [("Asked in the last 30 days", list(counts.values()))])


def confidence(days: Sequence[Day]) -> dict[str, Any]:
    """How sure the bot was, day by day: the mean, and the share of messages it read with less than 0.6."""
    made = _base([f"{day.day:%-d %b}" for day in days])
    made["yAxis"] = [_percent()]
    unsure = [sum(day.confidence[:6]) / sum(day.confidence) if sum(day.confidence) else None for day in days]
    made["series"] = [
        _line("Mean confidence", [_rounded(day.sureness) for day in days], "#45429b"),
        _line("Read with less than 0.6", [_rounded(each) for each in unsure], "#b3554a"),
    ]
    return made


def _bars(names: list[str], series: list[tuple[str, list[int]]]) -> dict[str, Any]:
    made = _base(names[::-1])
    made["xAxis"], made["yAxis"] = {"type": "value", "minInterval": 1}, made["xAxis"]
    made["series"] = [
        {"name": name, "type": "bar", "stack": "all", "barMaxWidth": 26, "data": values[::-1]}
        for name, values in series
    ]
    return made


def _base(names: list[str]) -> dict[str, Any]:
    text = {"color": "#22223a", "fontFamily": "inherit"}
    return {
        "color": _COLOURS,
        "textStyle": text,
        "animation": False,
        "tooltip": {"trigger": "axis"},
        "legend": {"bottom": 0, "itemWidth": 14, "itemHeight": 10, "textStyle": text},
        "grid": {"left": 8, "right": 16, "top": 16, "bottom": 64, "containLabel": True},
        "xAxis": {"type": "category", "data": names, "axisLabel": {"color": "#22223a"}},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [],
    }


def _percent() -> dict[str, Any]:
    return {
        "type": "value",
        "min": 0,
        "max": 100,
        "axisLabel": {"formatter": "{value} %"},
        "splitLine": {"show": False},
    }


def _line(name: str, values: list[float | None], colour: str) -> dict[str, Any]:
    return {"name": name, "type": "line", "data": values, "color": colour, "connectNulls": True, "symbolSize": 5}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 1)
