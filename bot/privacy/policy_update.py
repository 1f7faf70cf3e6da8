"""A new version of the privacy policy is published: compared, marked by a person, and announced before it applies.

Policy clauses `policy-changes`, `no-reduction` and `update-notice`: updates are notified "before they take effect", and
rights are not reduced "without your explicit consent".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from bot.errors import Invalid
from bot.store import audit, policy_versions
from bot.store.desk import Desk
from bot.store.desk_tables import PolicyChange, PolicyVersion
from bot.store.policy_diff import Difference, differences
from bot.store.policy_library import Policy
from bot.store.policy_versions import Mark, Published
from bot.vocabulary import AuditEvent

_LONGEST_SENTENCE = 300


@dataclass(frozen=True)
class Update:
    """A version beside the one it would replace.

    Attributes:
        before: None for the very first version.
        published: It was published before, as it is.
    """

    policy: Policy
    before: Published | None
    changes: tuple[Difference, ...]
    published: bool


def compare(session: Session, desk: Desk, file: Path) -> Update:
    """What a version file would change.

    Raises:
        Invalid: The file is not in the policy folder, or comes before what is published.
        SetupError: The file cannot be read, or was changed after it was published.
    """
    if file.resolve().parent != desk.policies.folder.resolve():
        raise Invalid(f"{file.name} is not in the policy folder ({desk.policies.folder.name}/). Put it there first.")
    policy = desk.policies.version(file.stem)
    chain = policy_versions.published(session, desk.policies)
    names = [each.version for each in chain]
    if policy.version in names:
        place = names.index(policy.version)
        before = chain[place - 1] if place else None
        return Update(policy, before, _changes(before, policy), session.get(PolicyVersion, policy.version) is not None)
    newest = chain[-1]
    if policy_versions.begin_of(policy) <= newest.effective_at:
        raise Invalid(
            f"Version {policy.version} would take effect before version {newest.version}. Correct its effective date."
        )
    return Update(policy, newest, _changes(newest, policy), False)


def publish(
    session: Session, desk: Desk, now: datetime, update: Update, marks: Mapping[str, Mark], by: str
) -> Published:
    """Publish a version: from now on customers are told, and from its day on it applies to whoever accepts it.

    A version that was published as it is stays so, and nothing happens a second time.

    Args:
        session: One transaction for version, marks and record.
        desk: Settings and policy folder.
        now: The desk's time.
        update: What `compare` gave.
        marks: For every changed clause what it means for people.
        by: Who publishes; stands in the record.

    Raises:
        Invalid: A mark or its sentence is missing, an earlier version has not taken effect yet, or the day of effect
            is too near to tell everybody before it.
    """
    if update.published:
        return policy_versions.version(session, desk.policies, update.policy.version)
    if update.before is not None:
        _refuse_too_early(desk, now, update.before, update.policy)
        _keep_first(session, update.before, now, by)
    _refuse_unmarked(update.changes, marks)
    session.add(_row(update.policy, update.before.version if update.before else None, now, by))
    session.flush()
    for change in update.changes:
        mark = marks[change.clause]
        session.add(
            PolicyChange(
                version=update.policy.version,
                clause=change.clause,
                kind=change.kind,
                mark=mark.mark,
                sentence=mark.sentence.strip(),
            )
        )
    audit.record(session, now, AuditEvent.POLICY_PUBLISHED, reference=update.policy.version, actor=by)
    session.flush()
    return policy_versions.version(session, desk.policies, update.policy.version)


def _changes(before: Published | None, policy: Policy) -> tuple[Difference, ...]:
    return tuple(differences(before.policy, policy)) if before else ()


def _row(policy: Policy, replaces: str | None, now: datetime, by: str) -> PolicyVersion:
    return PolicyVersion(
        version=policy.version,
        replaces=replaces,
        sha256=policy.sha256,
        effective_at=policy_versions.begin_of(policy),
        published_at=now,
        published_by=by,
    )


def _keep_first(session: Session, before: Published, now: datetime, by: str) -> None:
    """The text that was there before the desk is written down with the first one that replaces it."""
    if session.get(PolicyVersion, before.version) is None:
        session.add(_row(before.policy, None, now, by))


def _refuse_too_early(desk: Desk, now: datetime, before: Published, policy: Policy) -> None:
    if before.effective_at > now:
        raise Invalid(
            f"Version {before.version} is announced and has not taken effect. Publish the next one after that."
        )
    days = desk.settings.policy_notice_days
    if policy_versions.begin_of(policy) < now + timedelta(days=days):
        raise Invalid(
            f"Version {policy.version} takes effect in less than {days} days, so not everybody can be told before. "
            "Give it a later effective date."
        )


def _refuse_unmarked(changes: tuple[Difference, ...], marks: Mapping[str, Mark]) -> None:
    wanted = {change.clause for change in changes}
    if missing := sorted(wanted - marks.keys()):
        raise Invalid(f"These changes have no mark yet: {', '.join(missing)}. Each needs a mark and a sentence.")
    if unknown := sorted(marks.keys() - wanted):
        raise Invalid(f"These marks are for clauses that do not change: {', '.join(unknown)}. Take them out.")
    for clause in sorted(wanted):
        sentence = marks[clause].sentence.strip()
        if not sentence or len(sentence) > _LONGEST_SENTENCE or "\n" in sentence:
            raise Invalid(f"The sentence for {clause} must be one line of at most {_LONGEST_SENTENCE} characters.")
