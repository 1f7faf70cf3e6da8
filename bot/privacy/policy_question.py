"""Answers from the policy: the clause to the letter, or the plain word that the policy does not say."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.store.desk_tables import UnansweredTopic
from bot.store.policy_library import Policy


@dataclass(frozen=True)
class Citation:
    """A clause as a person sees it quoted.

    Attributes:
        quote: The clause to the letter: exactly the characters `start` to `end` of the policy file.
        url: Where the policy page shows it highlighted.
    """

    clause: str
    version: str
    title: str
    quote: str
    start: int
    end: int
    url: str

    def as_dict(self) -> dict[str, Any]:
        """The citation as JSON takes it."""
        return asdict(self)


def cite(policy: Policy, clause_ids: Iterable[str]) -> list[Citation]:
    """Quote clauses of a policy version; ids the version does not have are left out."""
    clauses = (policy.by_id.get(clause_id) for clause_id in clause_ids)
    return [
        Citation(
            clause=clause.id,
            version=policy.version,
            title=clause.title,
            quote=clause.quote,
            start=clause.start,
            end=clause.end,
            url=f"/policy/{policy.version}#{clause.id}",
        )
        for clause in clauses
        if clause is not None
    ]


def count_unanswered(session: Session, now: datetime, topic: str) -> None:
    """Count that the policy had no answer, by day and topic only, so that the shop learns what it leaves open."""
    key = (now.date(), topic)
    row = session.get(UnansweredTopic, key, with_for_update=True)
    if row is None:
        session.add(UnansweredTopic(day=key[0], topic=topic, count=1))
    else:
        row.count += 1
