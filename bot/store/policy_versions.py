"""Which versions of the policy were published, and what a person at the shop said about each change.

That a version was published, and the marks of its changes, stand in the desk database only: publishing is one act in
one transaction, seen by every process at once, and the policy file stays what the shop wrote. A file nobody published
is a draft and applies to nobody. The oldest version needs no publishing: it was there before the desk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session

from bot.errors import NotFound, SetupError
from bot.store.desk_tables import PolicyChange, PolicyVersion
from bot.store.policy_library import Policy, PolicyLibrary
from bot.vocabulary import ChangeMark


@dataclass(frozen=True)
class Published:
    """A version that was published.

    Attributes:
        replaces: The version before it; None for the first.
        passed_at: When the newest pass that told all customers began; None before the first one ended.
    """

    policy: Policy
    replaces: str | None
    effective_at: datetime
    passed_at: datetime | None = None

    @property
    def version(self) -> str:
        """Its name."""
        return self.policy.version

    @property
    def all_were_told(self) -> bool:
        """Whether everybody without a notice joined when it was in force already."""
        return self.passed_at is not None and self.passed_at >= self.effective_at


@dataclass(frozen=True)
class Mark:
    """What a change means for people, and a plain sentence that says so."""

    mark: ChangeMark
    sentence: str


def begin_of(policy: Policy) -> datetime:
    """The moment a version takes effect: the first of its day, in UTC."""
    return datetime.combine(policy.effective, time.min, UTC)


def published(session: Session, library: PolicyLibrary) -> list[Published]:
    """Every published version, in the order in which they replace each other.

    Raises:
        SetupError: A file is gone or was changed after it was published.
    """
    rows = session.scalars(select(PolicyVersion).order_by(PolicyVersion.effective_at)).all()
    if rows:
        return [Published(_text_of(row, library), row.replaces, row.effective_at, row.passed_at) for row in rows]
    first = library.versions[0]
    return [Published(first, None, begin_of(first))]


def in_force(session: Session, library: PolicyLibrary, now: datetime) -> Published:
    """The newest published version that has taken effect.

    Raises:
        NotFound: None has.
    """
    current = [each for each in published(session, library) if each.effective_at <= now]
    if not current:
        raise NotFound("No version of the policy is in force yet.")
    return current[-1]


def version(session: Session, library: PolicyLibrary, name: str) -> Published:
    """The published version of that name; a draft is none.

    Raises:
        NotFound: No such version was published.
    """
    for each in published(session, library):
        if each.version == name:
            return each
    raise NotFound("There is no policy version of that name.")


def marks(session: Session, name: str) -> Mapping[str, Mark]:
    """What was said about each change of a version, by clause."""
    rows = session.scalars(select(PolicyChange).where(PolicyChange.version == name))
    return {row.clause: Mark(ChangeMark(row.mark), row.sentence) for row in rows}


def refuse_changed_files(engine: Engine, library: PolicyLibrary) -> None:
    """Look at the start whether the published texts are still what was published.

    Raises:
        SetupError: One is not; the sentence names it.
    """
    if inspect(engine).has_table(PolicyVersion.__tablename__):
        with Session(engine) as session:
            published(session, library)


def _text_of(row: PolicyVersion, library: PolicyLibrary) -> Policy:
    try:
        policy = library.version(row.version)
    except NotFound:
        raise SetupError(f"The policy file {row.version}.md is gone, but it was published. Put it back.") from None
    if policy.sha256 != row.sha256:
        raise SetupError(
            f"The policy file {row.version}.md was changed after it was published. Put the published text back, "
            "and write what is new into a new version."
        )
    return policy
