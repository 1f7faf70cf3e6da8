"""Which text of the policy binds one person, clause by clause, and what they have agreed to.

A changed clause binds from an explicit yes, or from a deemed acceptance where the change does not reduce rights. Until
then, and after a no, the text before it stays this person's (policy clauses `deemed-agreement`, `no-reduction`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.store import policy_versions
from bot.store.desk import Desk
from bot.store.desk_tables import PolicyEntry, PolicyNotice
from bot.store.policy_diff import Difference, between
from bot.store.policy_library import Clause, Policy
from bot.store.policy_versions import Published
from bot.vocabulary import ChangeMark, PolicyAct


@dataclass(frozen=True)
class Binding:
    """The policy as it binds somebody.

    Attributes:
        version: The newest version that binds them in any clause.
        texts: For each clause the version whose words bind.
        newest: The newest version in force for people in general.
        coming: A version that was announced and has not taken effect.
        reduced: Clauses whose newer text reduces rights and was not agreed to.
    """

    version: Policy
    texts: Mapping[str, Policy]
    newest: Policy
    coming: Policy | None = None
    reduced: frozenset[str] = frozenset()

    @classmethod
    def whole(cls, policy: Policy, coming: Policy | None = None) -> "Binding":
        """One version in all its clauses."""
        return cls(policy, {clause.id: policy for clause in policy.clauses}, policy, coming)

    def clause(self, name: str) -> tuple[Policy, Clause] | None:
        """The words that bind, with the version they stand in; None for headings and for what their text has not."""
        policy = self.texts.get(name)
        return (policy, policy.by_id[name]) if policy and name in policy.by_id else None

    def upto(self, policy: Policy) -> list[Difference]:
        """What agreeing to a version as a whole would change for this person."""
        own = {name: _clause_of(text, name) for name, text in self.texts.items()}
        return between(own, {clause.id: clause for clause in policy.clauses})

    def differs(self, name: str, policy: Policy) -> bool:
        """Whether another version says something else in a clause."""
        own, other = self.clause(name), policy.by_id.get(name)
        return (own[1].quote if own else None) != (other.quote if other else None)


@dataclass
class _Walk:
    """The texts that bind so far, while the versions are gone through in their order."""

    texts: dict[str, Policy]
    newest: Policy
    reduced: set[str] = field(default_factory=set)

    def take(self, policy: Policy, names: Iterable[str]) -> None:
        """These clauses bind as this version has them."""
        for name in names:
            self.reduced.discard(name)
            if any(clause.id == name for clause in policy.clauses):
                self.texts[name] = policy
            else:
                self.texts.pop(name, None)


def binding(session: Session, desk: Desk, now: datetime, subject: str | None) -> Binding:
    """The policy that binds a person now; for somebody unknown, the version in force.

    Raises:
        NotFound: No version is in force yet.
    """
    chain = policy_versions.published(session, desk.policies)
    current = [each for each in chain if each.effective_at <= now]
    if not current:
        raise NotFound("No version of the policy is in force yet.")
    coming = next((each.policy for each in chain if each.effective_at > now), None)
    if subject is None or len(current) == 1:
        return Binding.whole(current[-1].policy, coming)
    told = set(session.scalars(select(PolicyNotice.version).where(PolicyNotice.subject == subject)))
    acts = _last_acts(session, subject)
    walk = _Walk({clause.id: current[0].policy for clause in current[0].policy.clauses}, current[0].policy)
    for before, each in pairwise(current):
        _go_on(session, walk, before.policy, each, each.version in told, acts.get(each.version))
    return Binding(walk.newest, walk.texts, current[-1].policy, coming, frozenset(walk.reduced))


def _go_on(session: Session, walk: _Walk, before: Policy, each: Published, told: bool, act: PolicyEntry | None) -> None:
    """Let one version bind as far as it does."""
    policy, every = each.policy, [clause.id for clause in each.policy.clauses]
    if not told and act is None and each.all_were_told:
        walk.texts, walk.newest, walk.reduced = dict.fromkeys(every, policy), policy, set()
        return
    marks = policy_versions.marks(session, each.version)
    reducing = {name for name, mark in marks.items() if mark.mark is ChangeMark.REDUCES_RIGHTS}
    walk.reduced |= reducing
    if act is None or act.act == PolicyAct.OBJECTED:
        return
    walk.newest = policy
    if act.act == PolicyAct.ACCEPTED:
        different = {*every, *walk.texts}
        walk.take(policy, different if act.reductions else different - walk.reduced)
        return
    # Silence reaches only from a text that bound to the next one, and never across a reduction.
    reached = [
        name for name in {*every, *marks} if name not in walk.reduced and _same(walk.texts.get(name), before, name)
    ]
    walk.take(policy, reached)


def _same(own: Policy | None, other: Policy, name: str) -> bool:
    mine = _clause_of(own, name) if own else None
    theirs = next((clause for clause in other.clauses if clause.id == name), None)
    return (mine.quote if mine else None) == (theirs.quote if theirs else None)


def _clause_of(policy: Policy, name: str) -> Clause:
    return next(clause for clause in policy.clauses if clause.id == name)


def entries(session: Session, subject: str) -> Sequence[PolicyEntry]:
    """The ledger of one person, oldest first."""
    return session.scalars(select(PolicyEntry).where(PolicyEntry.subject == subject).order_by(PolicyEntry.id)).all()


def _last_acts(session: Session, subject: str) -> dict[str, PolicyEntry]:
    return {entry.version: entry for entry in entries(session, subject)}


def offered(session: Session, desk: Desk, subject: str) -> list[Published]:
    """Versions this person may say yes or no to, oldest first; not those that were in force when they joined."""
    told = set(session.scalars(select(PolicyNotice.version).where(PolicyNotice.subject == subject)))
    chain = policy_versions.published(session, desk.policies)
    return [each for each in chain if each.replaces and (each.version in told or not each.all_were_told)]
