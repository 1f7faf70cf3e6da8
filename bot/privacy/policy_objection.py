"""A no to a new version of the policy, and a yes: each counts at once, at any time, and the newest word counts.

Policy clauses `deemed-agreement` (a no keeps silence from becoming a yes), `no-reduction` (what reduces rights needs an
explicit yes) and `contact` (objections are taken "at any time").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clocks import in_words, in_words_with_time
from bot.errors import GuardianNeeded, NotFound, NotSignedIn
from bot.privacy.complaint import FiledCase, file_case
from bot.privacy.deadlines import case_due
from bot.privacy.policy_notices import ensure_notice, notice_of
from bot.privacy.policy_standing import Binding, binding, offered
from bot.privacy.restriction import processing
from bot.store import audit, outbox, policy_versions
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Message, PolicyEntry, PolicyNotice
from bot.store.mail_owners import MailKind
from bot.store.numbers import next_number
from bot.store.policy_diff import Difference
from bot.store.policy_versions import Mark, Published
from bot.vocabulary import AuditEvent, CaseKind, ChangeMark, PolicyAct, WindowState

CHANNEL = "chat"
QUESTION = "utter_policy_accept"
"""The question that shows what is accepted; without it there is no yes."""


@dataclass(frozen=True)
class Objection:
    """What came of a no.

    Attributes:
        case: The number under which a person answers.
        versions: The versions it is against; none where no new version was published.
    """

    case: FiledCase
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """What a yes would mean for one person.

    Attributes:
        differences: What changes for them, against the texts that bind them now.
        marks: What a person at the shop said about each of these.
        reducing: Clauses among these that reduce rights.
    """

    published: Published
    binding: Binding
    differences: tuple[Difference, ...]
    marks: Mapping[str, Mark]
    reducing: frozenset[str]


@dataclass(frozen=True)
class PolicyReceipt:
    """Proof of an explicit yes."""

    number: str
    at: datetime
    version: str
    effective: str
    reductions: bool
    kept: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """What the receipt says, line by line."""
        covers = "All changes accepted" if self.reductions or not self.kept else "Accepted, but not what reduces rights"
        kept = [f"Old text kept: {title}" for title in self.kept]
        said = f"Said on {in_words_with_time(self.at)}"
        return [f"Policy version {self.version}", covers, *kept, said, f"In effect from {self.effective}"]


def object_to_update(
    session: Session,
    desk: Desk,
    now: datetime,
    chat: Conversation,
    origin: str,
    mail_to: str | None,
    statement: str | None,
) -> Objection:
    """Record a no: from this moment silence counts for nothing, and the old texts stay this person's.

    Intake is never refused: without a new version, or from somebody unknown, it is a case that a person answers.

    Args:
        session: One transaction for case, ledger, window and record.
        desk: Policy texts.
        now: From when it counts.
        chat: Where it was said.
        origin: Id of the message: the same message never objects twice.
        mail_to: The customer's address on file, if any.
        statement: The person's own words.
    """
    due_at = case_due(desk.settings.regime, now, desk.settings)
    filed = file_case(session, desk.settings, now, chat, CaseKind.POLICY_OBJECTION, origin, due_at, mail_to, statement)
    if chat.subject is None:
        return Objection(filed, ())
    against = _against(session, desk, chat.subject)
    for each in against:
        _close(session, now, each, chat.subject, WindowState.OBJECTED)
        _enter(session, now, chat, each, PolicyAct.OBJECTED, False, filed.number, origin)
    return Objection(filed, tuple(each.version for each in against))


def offer(session: Session, desk: Desk, now: datetime, subject: str) -> Offer | None:
    """What there is to say yes to: the newest version that this person is not bound by in full; None for nothing."""
    versions = offered(session, desk, subject)
    if not versions:
        return None
    newest, own = versions[-1], binding(session, desk, now, subject)
    agreed = _last(session, subject, newest)
    if agreed is not None and agreed.act == PolicyAct.ACCEPTED and agreed.reductions:
        return None
    found = tuple(own.upto(newest.policy))
    if not found:
        return None
    marks: dict[str, Mark] = {}
    for each in versions:
        marks |= policy_versions.marks(session, each.version)
    return Offer(newest, own, found, marks, _reducing(session, own, newest, found))


def accept(
    session: Session, desk: Desk, now: datetime, chat: Conversation, version: str, reductions: bool, origin: str
) -> PolicyReceipt:
    """Record an explicit yes to a version, with or without the changes that reduce rights, and send a receipt.

    Args:
        session: One transaction for ledger, window, record and receipt.
        desk: Policy texts.
        now: When it was said.
        chat: Where; both texts of every change were shown in it.
        version: The version that was shown.
        reductions: Whether the yes is to the changes that reduce rights as well.
        origin: Id of the message: the same message never accepts twice.

    Raises:
        NotSignedIn: The conversation is anonymous.
        GuardianNeeded: The person is a minor, and no guardian's consent stands for them.
        NotFound: There is no such version to accept, or what it changes was not shown in this chat.
    """
    subject = chat.subject
    if subject is None:
        raise NotSignedIn
    known = session.scalar(select(PolicyEntry).where(PolicyEntry.origin == origin, PolicyEntry.version == version))
    each = next((one for one in offered(session, desk, subject) if one.version == version), None)
    if each is None or not _was_shown(session, chat, version):
        raise NotFound
    if known is None:
        if processing(session, desk, subject).guardian_missing:
            raise GuardianNeeded
        number = next_number(session, "PA", now)
        _close(session, now, each, subject, WindowState.ACCEPTED)
        known = _enter(session, now, chat, each, PolicyAct.ACCEPTED, reductions, number, origin)
    receipt = _receipt(session, desk, known, each)
    if address := desk.email_of(subject):
        lines = "\n".join(f"- {line}" for line in receipt.lines)
        key = f"{MailKind.POLICY_RECEIPT}:{receipt.number}"
        outbox.post(session, now, address, "policy_receipt", key, number=receipt.number, lines=lines)
    return receipt


def _against(session: Session, desk: Desk, subject: str) -> Sequence[Published]:
    """The newest version, and every other whose window is still open."""
    versions = offered(session, desk, subject)
    return [each for each in versions if each is versions[-1] or _is_open(session, each, subject)]


def _is_open(session: Session, each: Published, subject: str) -> bool:
    notice = notice_of(session, each, subject)
    return notice is not None and notice.state == WindowState.OPEN


def _close(session: Session, now: datetime, each: Published, subject: str, state: WindowState) -> None:
    """The window ends, whatever it was at; the worker that would deem an acceptance finds it closed."""
    ensure_notice(session, each, subject, now)
    mine = (PolicyNotice.version == each.version, PolicyNotice.subject == subject)
    session.execute(update(PolicyNotice).where(*mine).values(state=state, decided_at=now))


def _enter(
    session: Session,
    now: datetime,
    chat: Conversation,
    each: Published,
    act: PolicyAct,
    reductions: bool,
    reference: str,
    origin: str,
) -> PolicyEntry:
    known = session.scalar(select(PolicyEntry).where(PolicyEntry.origin == origin, PolicyEntry.version == each.version))
    if known is not None:
        return known
    entry = PolicyEntry(
        subject=str(chat.subject),
        version=each.version,
        act=act,
        reductions=reductions,
        channel=CHANNEL,
        reference=reference,
        origin=origin,
        at=now,
    )
    session.add(entry)
    event = AuditEvent.POLICY_ACCEPTED if act is PolicyAct.ACCEPTED else AuditEvent.POLICY_OBJECTED
    audit.record(session, now, event, chat.id, reference, subject=chat.subject)
    session.flush()
    return entry


def _last(session: Session, subject: str, each: Published) -> PolicyEntry | None:
    mine = select(PolicyEntry).where(PolicyEntry.subject == subject, PolicyEntry.version == each.version)
    return session.scalar(mine.order_by(PolicyEntry.id.desc()).limit(1))


def _was_shown(session: Session, chat: Conversation, version: str) -> bool:
    """Whether this chat holds the question that shows what this version changes."""
    asked = select(Message).where(Message.conversation_id == chat.id, Message.response == QUESTION)
    return any((message.card or {}).get("version") == version for message in session.scalars(asked))


def _reducing(session: Session, own: Binding, newest: Published, found: Sequence[Difference]) -> frozenset[str]:
    marks = policy_versions.marks(session, newest.version)
    reduces = {name for name, mark in marks.items() if mark.mark is ChangeMark.REDUCES_RIGHTS}
    return frozenset(each.clause for each in found if each.clause in reduces | own.reduced)


def _receipt(session: Session, desk: Desk, entry: PolicyEntry, each: Published) -> PolicyReceipt:
    """What was accepted, and which clauses keep their old text because the yes was not to them."""
    kept: tuple[str, ...] = ()
    if not entry.reductions:
        own = binding(session, desk, entry.at, entry.subject)
        found = own.upto(each.policy)
        reducing = _reducing(session, own, each, found)
        kept = tuple(one.title for one in found if one.clause in reducing)
    number = str(entry.reference)
    return PolicyReceipt(number, entry.at, entry.version, in_words(each.policy.effective), entry.reductions, kept)
