"""When people answer chats, and until when an answer is promised: hours count only while somebody is there.

Friday 16:30 and one hour is Monday 9:30 where the office closes at 17:00 and opens at 9:00.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.config import Settings
from bot.errors import SetupError
from bot.privacy.deadlines_calendar import BusinessCalendar, calendar_of
from bot.privacy.deadlines_rules import zone_of

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOLIDAYS = "ph"
_RULE = re.compile(r"([a-z,-]+)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_SEARCHED_DAYS = 60


@dataclass(frozen=True)
class _Opening:
    """One rule: on these days, from and until so many minutes after midnight."""

    days: frozenset[str]
    opens: int
    closes: int


class OfficeHours:
    """The hours in which somebody is there.

    Args:
        text: Such as `Mon-Thu 09:00-17:00, Fri 09:00-15:00`; `PH` among the days opens public holidays too.
        zone: A time zone such as `Europe/London`.
        calendar: Whose holidays are free.

    Raises:
        SetupError: The text or the zone cannot be understood.
    """

    def __init__(self, text: str, zone: str, calendar: BusinessCalendar) -> None:
        self.text = text
        self._calendar = calendar
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SetupError("OFFICE_TIMEZONE names no time zone. Write it as Europe/London.") from None
        self._openings = _read(text)

    def is_open(self, now: datetime) -> bool:
        """Whether somebody is there at this moment."""
        return any(opens <= now < closes for opens, closes in self._spans(now.astimezone(self._zone).date(), days=1))

    def after(self, now: datetime, working: timedelta) -> datetime:
        """The end of so much office time, in UTC; plain hours where the office does not open for two months."""
        left = working
        for opens, closes in self._spans(now.astimezone(self._zone).date(), _SEARCHED_DAYS):
            begins = max(opens, now)
            if begins >= closes:
                continue
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
        return now + working

    def _spans(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Openings of so many days from that one on, in their order."""
        for offset in range(days):
            day = first + timedelta(days=offset)
            name = _HOLIDAYS if self._calendar.is_holiday(day) else _DAYS[day.weekday()]
            for opening in sorted((each for each in self._openings if name in each.days), key=lambda each: each.opens):
                yield self._at(day, opening.opens), self._at(day, opening.closes)

    def _at(self, day: date, minutes: int) -> datetime:
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return wall.replace(tzinfo=self._zone).astimezone(UTC)


def office_hours(settings: Settings) -> OfficeHours:
    """The hours of this shop.

    Raises:
        SetupError: OFFICE_HOURS or OFFICE_TIMEZONE cannot be understood.
    """
    return _made(settings.office_hours, settings.office_timezone, settings.business_calendar)


@lru_cache(maxsize=16)
def _made(text: str, zone: str, calendar: str) -> OfficeHours:
    return OfficeHours(text, zone or zone_of(calendar.strip().upper()), calendar_of(calendar))


def _read(text: str) -> list[_Opening]:
    wrong = SetupError('OFFICE_HOURS cannot be understood. Write it as "Mon-Thu 09:00-17:00, Fri 09:00-15:00".')
    openings = []
    rest = _RULE.sub("", text.lower()).replace(",", "").strip()
    for days, from_hour, from_minute, to_hour, to_minute in _RULE.findall(text.lower()):
        opens, closes = int(from_hour) * 60 + int(from_minute), int(to_hour) * 60 + int(to_minute)
        named = _days(days.strip(","))
        if not named or opens >= closes or closes > 24 * 60 or int(from_minute) > 59 or int(to_minute) > 59:
            raise wrong
        openings.append(_Opening(named, opens, closes))
    if rest or not openings:
        raise wrong
    return openings


def _days(text: str) -> frozenset[str]:
    """`mon-wed,fri` as names of days; empty when one is unknown."""
    found: set[str] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        known = {first, last or first} <= set(_DAYS)
        if part == _HOLIDAYS:
            found.add(part)
        elif not known:
            return frozenset()
        else:
            begin, length = _DAYS.index(first), (_DAYS.index(last or first) - _DAYS.index(first)) % 7 + 1
            found |= {_DAYS[(begin + offset) % 7] for offset in range(length)}
    return frozenset(found)
