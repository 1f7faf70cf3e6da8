"""Answers from the policy: the clause to the letter, or the plain word that the policy does not say."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.privacy.policy_standing import Binding
from bot.store.adding import change_or_add
from bot.store.desk_tables import UnansweredTopic
from bot.store.policy_library import Clause, Policy, PolicyLibrary


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


def cite(policy: Binding, library: PolicyLibrary, names: Iterable[str]) -> list[Citation]:
    """Quote clauses to the letter.

    Args:
        policy: What binds the person who reads it; clauses it does not have are left out.
        library: Where other versions are read.
        names: Clause ids; `clause@version` quotes another version than the one that binds.
    """
    return [_citation(*found) for name in names if (found := _find(policy, library, name)) is not None]


def _find(policy: Binding, library: PolicyLibrary, name: str) -> tuple[Policy, Clause] | None:
    clause, at, version = name.partition("@")
    if not at:
        return policy.clause(clause)
    other = library.version(version)
    known = next((each for each in other.clauses if each.id == clause), None)
    return (other, known) if known else None


def _citation(policy: Policy, clause: Clause) -> Citation:
    return Citation(
        clause=clause.id,
        version=policy.version,
        title=clause.title,
        quote=clause.quote,
        start=clause.start,
        end=clause.end,
        url=f"/policy/{policy.version}#{clause.id}",
    )


def count_unanswered(session: Session, now: datetime, topic: str) -> None:
    """Count that the policy had no answer, by day and topic only, so that the shop learns what it leaves open."""
    here = (UnansweredTopic.day == now.date(), UnansweredTopic.topic == topic)
    step = update(UnansweredTopic).where(*here).values(count=UnansweredTopic.count + 1)
    change_or_add(session, step, UnansweredTopic(day=now.date(), topic=topic, count=1))
