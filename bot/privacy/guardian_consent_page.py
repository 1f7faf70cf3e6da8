"""What a parent or guardian does on their page. Every act needs the link, a code to their address, and a browser of
their own: the young person's is turned away (policy clause `minors`: nobody agrees for themselves).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from bot.errors import Conflict, FormInvalid, GuardianNotProved, Invalid, OwnGuardian, TooManyCodes
from bot.privacy import guardian_consent_decision as decision
from bot.privacy import guardian_consent_links as links
from bot.privacy import one_time_code
from bot.privacy.guardian_consent_form import RELATIONS
from bot.privacy.guardian_consent_links import LinkKind
from bot.privacy.guardian_consent_states import OPEN, move
from bot.privacy.guardian_consent_text import ConsentText, consent_text, declared
from bot.privacy.one_time_code import CodeSent, Purpose, Tried, Verdict
from bot.privacy.validation import Where, person_name
from bot.store import attachments, audit
from bot.store.attachments import CleanFile
from bot.store.conversations import hashed
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent
from bot.store.masking import mask
from bot.vocabulary import AuditEvent, GuardianState

OWNER = "guardian_consent"
_PROVED_FOR = timedelta(minutes=30)


@dataclass(frozen=True)
class Visit:
    """Somebody at a guardian's page.

    Attributes:
        row: The asking the link belongs to.
        place: Where a code is to be typed: this browser's visit and no other.
        proved: A code sent to the guardian's address was typed here within the last half hour.
        code_waiting: A code was sent and still serves here.
    """

    row: GuardianConsent
    kind: LinkKind
    place: str
    proved: bool
    code_waiting: bool

    @property
    def address(self) -> str:
        """The guardian's address, shortened."""
        return mask("email", self.row.email) if self.row.email else ""


@dataclass(frozen=True)
class Declaration:
    """What a guardian typed and ticked.

    Attributes:
        text_hash: Of the text the page showed.
    """

    name: str
    relation: str
    ticks: tuple[bool, ...]
    text_hash: str


def enter(session: Session, desk: Desk, now: datetime, token: str, visit: str, cookies: Collection[str]) -> Visit:
    """Open the page.

    Args:
        session: Desk database.
        desk: The desk.
        now: The desk's time.
        token: Of the link.
        visit: The secret of this browser's visit.
        cookies: Names of the cookies the browser holds.

    Raises:
        GuardianLinkGone: The link serves no more.
        OwnGuardian: It was opened in the young person's own browser.
    """
    row, kind = links.resolve(session, desk, now, token)
    if links.marks(desk.settings, row.subject) in cookies:
        raise OwnGuardian
    place = hashed(visit)
    sent = one_time_code.newest(session, place, row.number)
    proved = sent is not None and sent.used_at is not None and sent.used_at > now - _PROVED_FOR
    waiting = one_time_code.waiting(session, now, _purpose(row, place)) is not None
    return Visit(row, kind, place, proved, waiting)


def child_name(desk: Desk, row: GuardianConsent) -> str:
    """The young person's name as the shop has it; told only to who has typed the code."""
    column = desk.datamap.subject.name
    name = (desk.shop.customer(row.subject) or {}).get(column) if column else None
    return str(name) if name else "this young person"


def shown_text(session: Session, desk: Desk, visit: Visit) -> ConsentText:
    """What there is to agree to."""
    _require(visit)
    return consent_text(session, desk, child_name(desk, visit.row))


def send_code(session: Session, desk: Desk, now: datetime, visit: Visit) -> CodeSent:
    """Send a code to the guardian's address.

    Raises:
        TooManyCodes: As many as may be sent in a day were sent.
    """
    if one_time_code.sent_lately(session, now, visit.row.number) >= desk.settings.codes_per_day:
        raise TooManyCodes("No more codes can be sent today. Please try again tomorrow.")
    address = visit.row.email or ""
    return one_time_code.issue(session, desk, now, _purpose(visit.row, visit.place), address, "guardian_code")


def type_code(session: Session, now: datetime, visit: Visit, typed: str) -> Tried:
    """Hold a typed code against the one that was sent to this visit."""
    sent = one_time_code.newest(session, visit.place, visit.row.number)
    if sent is None:
        return Tried(Verdict.GONE)
    return one_time_code.hold_against(session, now, _purpose(visit.row, visit.place), sent, uuid4().hex, typed)


def agree(session: Session, desk: Desk, now: datetime, visit: Visit, said: Declaration) -> None:
    """Written consent: typed name, relation, ticks.

    Raises:
        GuardianNotProved: No code was typed.
        FormInvalid: Something is missing.
        Conflict: The text was changed meanwhile, or the decision was taken already.
    """
    text = shown_text(session, desk, visit)
    name = _checked(desk, visit, said, len(text.ticks))
    if said.text_hash != text.hash:
        raise Conflict("The text has changed since you opened this page. Please read it once more.")
    visit.row.name, visit.row.relation = name, said.relation
    session.flush()
    kept = declared(
        now, visit.row.number, text, method="declaration", name=name, relation=said.relation,
        proved_by="code to the guardian's address", confirmed=list(text.ticks),
    )  # fmt: skip
    decision.consent(session, desk, now, visit.row.number, GuardianState.INVITED, kept)


def hand_in(
    session: Session, desk: Desk, now: datetime, visit: Visit, file: CleanFile, name: str, relation: str
) -> None:
    """A signed form, for a person at the shop to look at.

    Raises:
        GuardianNotProved: No code was typed.
        FormInvalid: Name or relation is missing.
        UnusableFile: There are enough files.
        Conflict: The decision was taken already.
    """
    text = shown_text(session, desk, visit)
    name = _checked(desk, visit, Declaration(name, relation, (), ""), 0)
    number = visit.row.number
    stored = attachments.keep(session, desk, now, OWNER, number, visit.row.subject, file.name, file)
    kept = declared(now, number, text, method="signed_form", name=name, relation=relation, files=[stored.id])
    values = {"method": "signed_form", "policy_version": kept.policy_version, "text_hash": kept.text_hash}
    said = {"name": name, "relation": relation, "artefact": kept.kept}
    if not move(session, number, [GuardianState.INVITED], GuardianState.IN_REVIEW, **said, **values):
        raise Conflict(decision.DECIDED_ALREADY)
    row = session.get_one(GuardianConsent, number)
    audit.record(session, now, AuditEvent.GUARDIAN_FORM_SENT, reference=number, subject=row.subject)
    decision.tell_child(session, desk, now, row, "guardian_form_came", each_time=True)


def say_no(session: Session, desk: Desk, now: datetime, visit: Visit) -> None:
    """The guardian does not agree.

    Raises:
        GuardianNotProved: No code was typed.
        Conflict: It was decided already.
    """
    _require(visit)
    decision.refuse(session, desk, now, visit.row.number, OPEN)


def take_back(session: Session, desk: Desk, now: datetime, visit: Visit) -> None:
    """The guardian agrees no longer.

    Raises:
        GuardianNotProved: No code was typed.
    """
    _require(visit)
    decision.withdraw(session, desk, now, visit.row.number)


def _require(visit: Visit) -> None:
    if not visit.proved:
        raise GuardianNotProved


def _checked(desk: Desk, visit: Visit, said: Declaration, ticks: int) -> str:
    """The guardian's full name as typed.

    Raises:
        FormInvalid: It is no name or the young person's own, the relation is missing, or something is not ticked.
    """
    wrong: list[tuple[str, str]] = []
    name = ""
    try:
        name = person_name(said.name, Where(desk.clock.now().date()))
    except Invalid:
        wrong.append(("name", "Please write your full name in letters."))
    if name and name.casefold() == child_name(desk, visit.row).casefold():
        wrong.append(("name", "This is the young person's own name. Please write yours."))
    if said.relation not in RELATIONS:
        wrong.append(("relation", "Please choose who you are to the young person."))
    if len([tick for tick in said.ticks if tick]) < ticks:
        wrong.append(("ticks", "Please tick both lines, or choose that you do not agree."))
    if wrong:
        raise FormInvalid(wrong)
    return name


def _purpose(row: GuardianConsent, place: str) -> Purpose:
    return Purpose(row.number, place, row.number, customer=row.subject)
