"""Until when: golden cases worked out apart from the code, and what must hold for every moment of receipt."""

from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from bot.config import PROJECT, Settings
from bot.errors import SetupError
from bot.privacy.deadlines import date_of, due, extended, stands_still, warning_at
from bot.privacy.deadlines_calendar import calendar_of
from bot.privacy.deadlines_rules import PauseReason, may_pause, zone_of
from bot.vocabulary import Regime, RequestKind, RequestState

CASES = yaml.safe_load((PROJECT / "tests" / "unit" / "deadline_cases.yml").read_text(encoding="utf-8"))
CALENDARS = ["GB", "GB-ENG", "DE", "US", "US-CA", "CN", "AU", "CL", "BR"]
moments = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
regimes, kinds, calendars = st.sampled_from(Regime), st.sampled_from(RequestKind), st.sampled_from(CALENDARS)


def shop(calendar="GB", answer_days=30):
    return Settings.model_construct(business_calendar=calendar, answer_days=answer_days)


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['regime']}-{c['kind']}-{c['calendar']}-{c['received']}")
def test_the_date_is_the_one_worked_out_apart_from_the_code(case):
    where = shop(case["calendar"], case.get("answer_days", 30))
    asked = (Regime(case["regime"]), RequestKind(case["kind"]), at(case["received"]), where)
    promised = due(*asked)
    assert promised.due_at == at(case["due"])
    assert promised.confirm_by == (at(case["confirm"]) if "confirm" in case else None)
    assert extended(*asked) == (at(case["extended"]) if "extended" in case else None)
    assert date_of(promised.due_at, where) == at(case["due"]).date()


def test_there_are_at_least_two_hundred_cases_and_none_twice():
    asked = [tuple(sorted((k, str(v)) for k, v in c.items() if k not in ("due", "confirm", "extended"))) for c in CASES]
    assert len(set(asked)) == len(asked) >= 200


@budget(max_examples=300, deadline=None)
@given(regimes, kinds, moments, calendars)
def test_no_answer_is_due_before_it_was_asked_for_and_dates_stand_in_their_order(regime, kind, received, calendar):
    where = shop(calendar)
    promised, last = due(regime, kind, received, where), extended(regime, kind, received, where)
    assert promised.due_at > received
    assert promised.confirm_by is None or received < promised.confirm_by < promised.due_at
    assert last is None or last > promised.due_at
    assert received < warning_at(received, promised.due_at) < promised.due_at


@budget(max_examples=300, deadline=None)
@given(regimes, kinds, moments, st.timedeltas(timedelta(0), timedelta(days=40)), calendars)
def test_who_asks_later_is_never_answered_earlier(regime, kind, received, later, calendar):
    where = shop(calendar)
    first, second = due(regime, kind, received, where), due(regime, kind, received + later, where)
    assert first.due_at <= second.due_at
    if regime in (Regime.GDPR, Regime.CCPA) and extended(regime, kind, received, where):
        assert extended(regime, kind, received, where) <= extended(regime, kind, received + later, where)


@budget(max_examples=300, deadline=None)
@given(moments, calendars)
def test_a_month_ends_on_the_same_number_or_on_the_last_day(received, calendar):
    where = shop(calendar)
    begun = calendar_of(calendar).local_date(received)
    ends = date_of(due(Regime.GDPR, RequestKind.ERASURE, received, where).due_at, where)
    assert (ends.year * 12 + ends.month) - (begun.year * 12 + begun.month) == 1
    assert ends.day == begun.day or (ends.day < begun.day and (ends + timedelta(days=1)).day == 1)


@budget(max_examples=200, deadline=None)
@given(regimes, kinds, moments, calendars, st.sampled_from([-11, -5, 0, 1, 8, 13]))
def test_the_zone_a_receipt_is_written_in_makes_no_difference(regime, kind, received, calendar, hours):
    from datetime import timezone

    elsewhere = received.astimezone(timezone(timedelta(hours=hours)))
    assert due(regime, kind, received, shop(calendar)) == due(regime, kind, elsewhere, shop(calendar))


@budget(max_examples=200, deadline=None)
@given(kinds, moments, calendars)
def test_terms_in_business_days_end_on_a_working_day(kind, received, calendar):
    where, days = shop(calendar), calendar_of(calendar)
    promised = due(Regime.CN, kind, received, where)
    last = date_of(promised.due_at, where)
    assert days.works_on(last)
    worked = sum(
        days.works_on(days.local_date(received) + timedelta(days=n))
        for n in range(1, (last - days.local_date(received)).days + 1)
    )
    assert worked == 15


def test_the_clock_of_a_person_who_proves_late_who_they_are_does_not_move_under_ccpa():
    received = datetime(2026, 11, 23, 12, tzinfo=UTC)
    promised = due(Regime.CCPA, RequestKind.ERASURE, received, shop("US"))
    assert date_of(promised.due_at, shop("US")) == date(2027, 1, 7)
    assert not may_pause(Regime.CCPA, PauseReason.IDENTITY)
    assert not stands_still(Regime.CCPA, RequestState.AWAITING_VERIFICATION)


def test_only_what_the_person_has_to_do_stops_a_clock_and_only_where_the_law_says_so():
    stopping = {(regime, why) for regime in Regime for why in PauseReason if may_pause(regime, why)}
    assert stopping == {(Regime.GDPR, PauseReason.IDENTITY), (Regime.GDPR, PauseReason.CLARIFICATION)}
    still = {(regime, state) for regime in Regime for state in RequestState if stands_still(regime, state)}
    assert still == {(Regime.GDPR, RequestState.AWAITING_VERIFICATION)}


def test_friday_afternoon_and_one_business_day_is_monday():
    from bot.privacy.deadlines_rules import Term, Unit

    days = calendar_of("GB-ENG")
    friday = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    assert days.after(days.local_date(friday), Term(1, Unit.BUSINESS_DAYS)) == date(2026, 11, 23)


def test_the_day_told_to_people_is_the_shops_and_not_that_of_utc():
    promised = due(Regime.POLICY, RequestKind.ERASURE, datetime(2026, 11, 23, 12, tzinfo=UTC), shop("US-CA"))
    assert promised.due_at == datetime(2026, 12, 24, 7, 59, 59, tzinfo=UTC)
    assert date_of(promised.due_at, shop("US-CA")) == date(2026, 12, 23)


@pytest.mark.parametrize("code", ["XX", "GB-NOWHERE", "", "not a country"])
def test_a_calendar_that_does_not_exist_is_refused_with_the_name_of_the_setting(code):
    with pytest.raises(SetupError, match="BUSINESS_CALENDAR"):
        calendar_of(code)


def test_every_zone_of_the_list_exists_and_belongs_to_a_calendar_that_exists():
    from bot.privacy.deadlines_rules import _ZONES

    for code in _ZONES:
        assert calendar_of(code).end_of(date(2026, 1, 1)).tzinfo is UTC
    assert zone_of("GB-ENG") == "Europe/London" and zone_of("US-CA") == "America/Los_Angeles"
    assert zone_of("BO") == "UTC"
