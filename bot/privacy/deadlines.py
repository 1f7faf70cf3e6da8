"""Until when a person has their answer. Worked out once, at receipt, and stored; never worked out again.

The day of receipt does not count, and a deadline is the last second of its day where the shop is. A deadline that
falls on a weekend is not moved behind it, although Regulation 1182/71 Article 3(4) would allow that: the earlier
promise is always good.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.config import Settings
from bot.privacy.deadlines_calendar import calendar_of
from bot.privacy.deadlines_rules import PauseReason, Term, Unit, case_term, may_pause, rule_of
from bot.vocabulary import Regime, RequestKind, RequestState

LONGEST_WARNING = timedelta(days=7)

_WAITS_FOR = {
    RequestState.AWAITING_VERIFICATION: PauseReason.IDENTITY,
    RequestState.ON_HOLD: PauseReason.LEGAL_HOLD,
    RequestState.COOLING_OFF: PauseReason.COOLING_OFF,
    RequestState.AWAITING_APPROVAL: PauseReason.APPROVAL,
}


@dataclass(frozen=True)
class Due:
    """When the answer must be there and, where a regime asks for it, when receipt must be confirmed; in UTC."""

    due_at: datetime
    confirm_by: datetime | None = None


def due(regime: Regime, kind: RequestKind, received_at: datetime, settings: Settings) -> Due:
    """The promise a person is given when their request is received.

    Args:
        regime: Whose clock it runs on.
        kind: Which right.
        received_at: Time of receipt, aware.
        settings: The shop's calendar and, for its own policy, its ANSWER_DAYS.

    Raises:
        SetupError: The setting BUSINESS_CALENDAR names no calendar.
    """
    rule = rule_of(Regime(regime), RequestKind(kind))
    answer = rule.answer or Term(settings.answer_days, Unit.DAYS)
    return Due(_end(answer, received_at, settings), _end(rule.confirm, received_at, settings) if rule.confirm else None)


def case_due(regime: Regime, received_at: datetime, settings: Settings) -> datetime:
    """The promise a person is given when they complain, ask, report or suggest something; no case is extended.

    Args:
        regime: Whose clock it runs on.
        received_at: Time of receipt, aware.
        settings: The shop's calendar and, for its own policy, its ANSWER_DAYS.
    """
    return _end(case_term(Regime(regime)) or Term(settings.answer_days, Unit.DAYS), received_at, settings)


def extended(regime: Regime, kind: RequestKind, received_at: datetime, settings: Settings) -> datetime | None:
    """Until when at the latest an extended answer must be there; None where the regime knows no extension.

    Counted from receipt (CCPA: 90 days in all; GDPR: the month and "two further months"), not from the first due
    date, which a short month may have brought forward.
    """
    term = rule_of(Regime(regime), RequestKind(kind)).extended
    return None if term is None else _end(term, received_at, settings)


def warning_at(received_at: datetime, due_at: datetime) -> datetime:
    """From when on a person at the shop should know: a week before, or in the last quarter of a short term."""
    return due_at - min(LONGEST_WARNING, (due_at - received_at) / 4)


def stands_still(regime: Regime, state: RequestState) -> bool:
    """Whether the clock of a request in this state stands still, because it waits for the person themselves.

    The due date stays what it was promised to be; only nobody at the shop is alarmed about it meanwhile.
    """
    why = _WAITS_FOR.get(RequestState(state))
    return why is not None and may_pause(Regime(regime), why)


def date_of(moment: datetime, settings: Settings) -> date:
    """The day it is where the shop is: in the Americas the last second of a day is tomorrow already in UTC."""
    return calendar_of(settings.business_calendar).local_date(moment)


def _end(term: Term, received_at: datetime, settings: Settings) -> datetime:
    calendar = calendar_of(settings.business_calendar)
    return calendar.end_of(calendar.after(calendar.local_date(received_at), term))
