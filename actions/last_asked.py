"""What the bot asked last, past what was answered in between."""

import itertools
from typing import Any

from actions.base import Turn
from bot.vocabulary import DIGRESSIONS


def last_asked(turn: Turn) -> dict[str, Any]:
    """The bot's last message before this turn, as the engine keeps it; empty where there is none.

    What answered a question in between does not count: the web asks again after it (`bot/web/picking.py`), so a yes
    to the question that stands there is a yes to the older message.
    """
    said: dict[str, Any] | None = None
    for event in reversed(turn.tracker.events):
        if event.get("event") == "bot":
            said = said or event
        elif event.get("event") == "user" and said is not None:
            if (event["parse_data"].get("intent") or {}).get("name") not in DIGRESSIONS:
                break
            said = None
    return said or {}


def said_last(turn: Turn) -> list[dict[str, Any]]:
    """All that the bot said last before this turn, the newest first."""
    events = (event for event in reversed(turn.tracker.events) if event.get("event") in ("bot", "user"))
    before = itertools.dropwhile(lambda event: event["event"] == "user", events)
    return list(itertools.takewhile(lambda event: event["event"] == "bot", before))


def response_of(said: dict[str, Any]) -> str | None:
    """Which response of `domain.yml` a message of the bot was."""
    return (said.get("metadata") or {}).get("utter_action")


def buttons_of(said: dict[str, Any]) -> list[dict[str, str]]:
    """The buttons of a message of the bot."""
    return (said.get("data") or {}).get("buttons") or []


def payloads_of(said: dict[str, Any]) -> list[str]:
    """What the buttons of a message of the bot stand for."""
    return [str(button["payload"]) for button in buttons_of(said)]
