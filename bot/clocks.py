"""Time as a value: whoever needs the time is given a clock.

Windows, deadlines and due dates follow the desk's clock, which the demo can move. Lifetimes of sign-ins and
sessions follow the real one, so that moving the demo's clock does not throw people out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The time as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's time in UTC."""
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved; for tests."""

    time: datetime

    def now(self) -> datetime:
        """The time it was set to."""
        return self.time

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self.time += by


@dataclass(frozen=True)
class OffsetClock:
    """The machine's clock shifted by an amount read anew each time; the demo's clock."""

    read_offset: Callable[[], timedelta]

    def now(self) -> datetime:
        """The shifted time in UTC."""
        return datetime.now(UTC) + self.read_offset()


def in_words(day: date) -> str:
    """A day as people read it, such as `5 March 2027`."""
    return f"{day:%-d %B %Y}"


def in_words_with_time(moment: datetime) -> str:
    """A moment as people read it, such as `5 March 2027, 14:30 UTC`."""
    return f"{moment:%-d %B %Y, %H:%M UTC}"
