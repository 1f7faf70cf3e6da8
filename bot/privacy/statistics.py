"""Figures for the overview: counts only, from rows without a person in them and from the counts by day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.privacy import daily_counts
from bot.privacy.daily_counts import CHATS, CONFIDENCE, HANDOFFS, SATISFACTION
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import RequestState

DAYS = 30
_ANSWERED = (RequestState.FULFILLED, RequestState.PARTLY_FULFILLED, RequestState.DENIED)
SHARES = ("within a quarter", "within half", "within three quarters", "in time", "too late")
"""How much of the time that was allowed an answer took."""


@dataclass(frozen=True)
class Day:
    """One day's counts.

    Attributes:
        confidence: Typed messages by the tenth of the confidence they were read with, 0 to 9.
        satisfaction: How people said it went, 1 to 5, and how often.
    """

    day: date
    chats: int
    handoffs: int
    confidence: tuple[int, ...]
    satisfaction: tuple[int, ...]

    @property
    def contained(self) -> float | None:
        """Share of chats in which nobody had to be asked for; None on a day without chats."""
        return max(0.0, 1 - self.handoffs / self.chats) if self.chats else None

    @property
    def sureness(self) -> float | None:
        """Mean confidence, each tenth taken by its middle; None where nothing was read."""
        read = sum(self.confidence)
        return sum((tenth + 0.5) / 10 * count for tenth, count in enumerate(self.confidence)) / read if read else None


@dataclass(frozen=True)
class Figures:
    """Everything the overview draws.

    Attributes:
        by_kind: Requests of the last year: kind, state, count.
        against_clock: Kind, then how many answers of the last year took which share of their time.
        days: The last days, oldest first, those without anything too.
    """

    by_kind: dict[tuple[str, str], int]
    against_clock: dict[str, Counter[str]]
    days: list[Day]

    @property
    def satisfaction(self) -> tuple[int, ...]:
        """Over all these days: how often 1 to 5 were said."""
        return tuple(sum(day.satisfaction[place] for day in self.days) for place in range(5))


def figures(session: Session, now: datetime) -> Figures:
    """Count everything the overview shows."""
    year_ago = now - timedelta(days=365)
    counted = (
        select(PrivacyRequest.kind, PrivacyRequest.state, func.count())
        .where(PrivacyRequest.received_at > year_ago)
        .group_by(PrivacyRequest.kind, PrivacyRequest.state)
    )
    by_kind = {(kind, state): count for kind, state, count in session.execute(counted).tuples()}
    first = now.date() - timedelta(days=DAYS - 1)
    kept = daily_counts.by_day(session, first)
    days = [_day(first + timedelta(days=n), kept.get(first + timedelta(days=n), {})) for n in range(DAYS)]
    return Figures(by_kind, _against_clock(session, year_ago), days)


def _against_clock(session: Session, since: datetime) -> dict[str, Counter[str]]:
    answered = select(
        PrivacyRequest.kind, PrivacyRequest.received_at, PrivacyRequest.due_at, PrivacyRequest.closed_at
    ).where(
        PrivacyRequest.state.in_(_ANSWERED), PrivacyRequest.closed_at.is_not(None), PrivacyRequest.received_at > since
    )
    found: dict[str, Counter[str]] = {}
    for kind, received, due, closed in session.execute(answered).tuples():
        if closed is not None:
            found.setdefault(kind, Counter())[share(received, due, closed)] += 1
    return found


def share(received_at: datetime, due_at: datetime, closed_at: datetime) -> str:
    """Which of `SHARES` an answer is in."""
    if closed_at > due_at:
        return SHARES[4]
    allowed = (due_at - received_at) or timedelta(seconds=1)
    return SHARES[min(3, int((closed_at - received_at) / allowed * 4))]


def _day(day: date, counts: dict[str, int]) -> Day:
    return Day(
        day,
        counts.get(CHATS, 0),
        counts.get(HANDOFFS, 0),
        tuple(counts.get(f"{CONFIDENCE}{tenth}", 0) for tenth in range(10)),
        tuple(counts.get(f"{SATISFACTION}{stars}", 0) for stars in range(1, 6)),
    )
