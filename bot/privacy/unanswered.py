"""What people ask and the policy does not answer, counted by topic, so that the shop learns what it leaves open."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.desk_tables import UnansweredTopic


@dataclass(frozen=True)
class Topic:
    """How often a topic was asked about in vain."""

    name: str
    last_30_days: int
    last_year: int
    newest: date


def topics(session: Session, now: datetime) -> list[Topic]:
    """Topics of the last year, those asked about most in the last 30 days first."""
    today = now.date()
    rows = session.scalars(select(UnansweredTopic).where(UnansweredTopic.day > today - timedelta(days=365)))
    found: dict[str, Topic] = {}
    for row in rows:
        old = found.get(row.topic, Topic(row.topic, 0, 0, row.day))
        lately = row.count if row.day > today - timedelta(days=30) else 0
        found[row.topic] = Topic(
            row.topic, old.last_30_days + lately, old.last_year + row.count, max(old.newest, row.day)
        )
    return sorted(found.values(), key=lambda topic: (-topic.last_30_days, -topic.last_year, topic.name))
