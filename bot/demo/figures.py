"""Invented figures of a year for the staff desk's overview: for its picture in the documentation, and for its test.

About nobody: requests without a customer, counts by day.
"""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.privacy import daily_counts
from bot.store.desk_tables import PrivacyRequest, UnansweredTopic
from bot.vocabulary import RequestKind, RequestState

_DAYS_ALLOWED = 30
_STATES = {
    RequestState.FULFILLED: 70,
    RequestState.PARTLY_FULFILLED: 3,
    RequestState.DENIED: 6,
    RequestState.REVOKED: 8,
    RequestState.COOLING_OFF: 6,
    RequestState.RUNNING: 2,
    RequestState.ON_HOLD: 2,
    RequestState.AWAITING_APPROVAL: 3,
}
_KINDS = {
    RequestKind.EXPORT: 40,
    RequestKind.ERASURE: 28,
    RequestKind.RECTIFICATION: 22,
    RequestKind.WITHDRAW_CONSENT: 18,
    RequestKind.CANCEL_ACCOUNT: 9,
    RequestKind.ANONYMISATION: 7,
}
_TOPICS = {
    "cookies": 19,
    "data_location": 14,
    "retention_period": 11,
    "third_party_names": 8,
    "data_protection_officer": 4,
}


def invent(session: Session, now: datetime) -> None:
    """Fill a desk nobody uses with a year of figures, the same ones each time."""
    chance = random.Random(7)
    for place in range(140):
        session.add(_request(chance, now, place))
    for back in range(30):
        day = now - timedelta(days=back)
        chats = chance.randint(18, 46)
        handoffs = round(chats * chance.uniform(0.06, 0.2))
        daily_counts.count(session, day, daily_counts.CHATS, chats)
        daily_counts.count(session, day, daily_counts.HANDOFFS, handoffs)
        for tenth, share in enumerate((0, 0, 0.01, 0.02, 0.03, 0.03, 0.05, 0.07, 0.14, 0.65)):
            daily_counts.count(
                session, day, f"{daily_counts.CONFIDENCE}{tenth}", round(chats * 4 * share * chance.uniform(0.6, 1.4))
            )
        daily_counts.count(session, day, f"{daily_counts.SATISFACTION}{chance.choice((2, 3, 4, 4, 5, 5, 5))}", 3)
    for topic, count in _TOPICS.items():
        session.merge(UnansweredTopic(day=now.date(), topic=topic, count=count))


def _request(chance: random.Random, now: datetime, place: int) -> PrivacyRequest:
    (state,) = chance.choices(list(_STATES), list(_STATES.values()))
    (kind,) = chance.choices(list(_KINDS), list(_KINDS.values()))
    open_now = state in {RequestState.COOLING_OFF, RequestState.RUNNING, RequestState.ON_HOLD}
    open_now |= state is RequestState.AWAITING_APPROVAL
    received = now - timedelta(days=chance.uniform(0.5, 20 if open_now else 330))
    due = received + timedelta(days=_DAYS_ALLOWED)
    took = min(chance.expovariate(1 / 6), 33)
    return PrivacyRequest(
        number=f"PR-{received.year}-9{place:05d}", kind=kind, state=state, regime="policy", origin=f"invented:{place}",
        received_at=received, due_at=due, closed_at=None if open_now else min(received + timedelta(days=took), now),
    )  # fmt: skip
