"""Office hours: who is there when, and until when an answer is promised."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import SetupError
from bot.privacy.deadlines_calendar import calendar_of
from bot.privacy.handoff_hours import OfficeHours


def hours(text="Mon-Fri 09:00-17:00", zone="Europe/London", calendar="GB"):
    return OfficeHours(text, zone, calendar_of(calendar))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "hours_promised", "promised"),
    [
        ("2026-11-27T16:30", 1, "2026-11-30T09:30"),  # Friday 16:30 and one hour is Monday 9:30
        ("2026-11-27T10:00", 4, "2026-11-27T14:00"),
        ("2026-11-27T16:00", 1, "2026-11-27T17:00"),  # the last hour of the day counts to its end
        ("2026-11-28T12:00", 2, "2026-11-30T11:00"),  # asked on a Saturday
        ("2026-11-30T03:00", 4, "2026-11-30T13:00"),  # asked in the night
        ("2026-12-24T16:00", 2, "2026-12-29T10:00"),  # Christmas, Boxing Day (moved to Monday) and a weekend between
        ("2026-11-23T09:00", 20, "2026-11-25T13:00"),
    ],
)
def test_a_promise_counts_only_hours_in_which_somebody_is_there(asked, hours_promised, promised):
    assert hours().after(utc(asked), timedelta(hours=hours_promised)) == utc(promised)


def test_the_clock_at_the_office_counts_also_when_it_is_changed_over_a_weekend():
    # Clocks go back on 25 October 2026: Friday 15:30 UTC is 16:30 in London, Monday 9:30 UTC is 9:30.
    assert hours().after(utc("2026-10-23T15:30"), timedelta(hours=1)) == utc("2026-10-26T09:30")


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-11-27T16:59", True),
        ("2026-11-27T17:00", False),
        ("2026-11-27T08:59", False),
        ("2026-11-28T12:00", False),
        ("2026-12-25T12:00", False),
    ],
)
def test_nobody_is_there_at_night_on_weekends_and_on_public_holidays(moment, there):
    assert hours().is_open(utc(moment)) is there


def test_days_may_have_hours_of_their_own_and_holidays_may_be_worked():
    own = hours("Mon-Thu,PH 09:00-17:00, Fri 09:00-12:00, Sat,Sun 10:00-12:00")
    assert own.is_open(utc("2026-12-25T16:00"))
    assert not own.is_open(utc("2026-11-27T13:00"))
    assert own.is_open(utc("2026-11-29T11:00"))


def test_an_office_that_never_opens_still_promises_something():
    assert hours("PH 00:00-00:01").after(utc("2026-11-02T12:00"), timedelta(hours=4)) == utc("2026-11-02T16:00")


@pytest.mark.parametrize(
    "text",
    ["", "always", "Mon-Fri", "Mon-Fri 17:00-09:00", "Mon-Fri 09:00-25:00", "Mox 09:00-17:00", "Mon 09:61-17:00"],
)
def test_hours_that_cannot_be_understood_are_refused_with_an_example(text):
    with pytest.raises(SetupError, match="Write it as"):
        hours(text)


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(SetupError, match="OFFICE_TIMEZONE"):
        hours(zone="Europe/Nowhere")
