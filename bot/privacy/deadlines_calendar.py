"""Days as people count them: local days that end at midnight, months that end, days on which a shop works."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from dateutil.relativedelta import relativedelta

from bot.errors import SetupError
from bot.privacy.deadlines_rules import Term, Unit, zone_of

_LAST_SECOND = time(23, 59, 59)


class BusinessCalendar:
    """The working days and the clock of one country, or of one part of it.

    Args:
        code: ISO code of a country (`GB`), or with a part of it behind a hyphen (`GB-ENG`, `US-CA`).

    Raises:
        SetupError: There is no such calendar.
    """

    def __init__(self, code: str) -> None:
        country, _, part = code.partition("-")
        try:
            self._holidays = holidays.country_holidays(country, subdiv=part or None)
        except NotImplementedError:
            raise SetupError(
                "BUSINESS_CALENDAR names no known calendar. Write a country such as GB, or a part of one such as US-CA."
            ) from None
        self._zone = ZoneInfo(zone_of(code))

    def local_date(self, moment: datetime) -> date:
        """The day a moment falls on for the people of this calendar."""
        return moment.astimezone(self._zone).date()

    def end_of(self, day: date) -> datetime:
        """The last second of a local day, in UTC; where clocks go back over midnight, the first of its two.

        Regulation (EEC, Euratom) 1182/71 Article 3(2): a period in days or months ends with the last hour of its day.
        """
        return datetime.combine(day, _LAST_SECOND, self._zone).astimezone(UTC)

    def works_on(self, day: date) -> bool:
        """Whether a day is a working day, with the weekends that a government declared to be ones (China)."""
        return self._holidays.is_working_day(day)

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday, whatever day of the week it is."""
        return day in self._holidays

    def after(self, day: date, term: Term) -> date:
        """The last day of a term that begins on the day after this one.

        A month ends on the day of the same number, or on the last day of a month that has none: 31 January and one
        month is 28 February (EDPB Guidelines 01/2022, paragraph 160).
        """
        if term.unit is Unit.MONTHS:
            return day + relativedelta(months=term.count)
        if term.unit is Unit.DAYS:
            return day + timedelta(days=term.count)
        for _ in range(term.count):
            day += timedelta(days=1)
            while not self.works_on(day):
                day += timedelta(days=1)
        return day


@lru_cache(maxsize=16)
def calendar_of(code: str) -> BusinessCalendar:
    """The calendar of that code, made once.

    Raises:
        SetupError: There is no such calendar.
    """
    return BusinessCalendar(code.strip().upper())
