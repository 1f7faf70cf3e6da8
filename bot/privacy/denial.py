"""A no to a request: with its reason, the law it rests on, and where to complain, or not at all.

Law: GDPR Article 12(4) ("without delay and at the latest within one month of receipt of the request of the reasons for
not taking action and on the possibility of lodging a complaint"); CCPA regulations 7022(f), 7023(f), 7024.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.errors import Conflict, Invalid, NotFound
from bot.privacy import guardian_consent_decision as decision
from bot.privacy import outcome
from bot.privacy.request_states import DENIABLE, move
from bot.privacy.request_status import what_in_words
from bot.privacy.rooms import ROOMS
from bot.store import audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, PrivacyRequest
from bot.vocabulary import AuditEvent, RequestKind, RequestState

_LONGEST = 300


class DenialReason(StrEnum):
    """Why a request is denied; no other reason is one."""

    NOT_VERIFIED = "not_verified"
    LAW_ASKS_TO_KEEP = "law_asks_to_keep"
    LEGAL_CLAIMS = "legal_claims"
    OTHERS_RIGHTS = "others_rights"
    UNFOUNDED = "unfounded"
    REPEATED = "repeated"
    NOTHING_HELD = "nothing_held"
    NOT_OPEN = "not_open"


@dataclass(frozen=True)
class Basis:
    """A reason in the person's words, and the law it usually rests on.

    Attributes:
        of_child: The reason as a guardian reads it, where `words` would say it of the guardian's own data.
    """

    words: str
    law: str
    of_child: str = ""

    def told(self, *, to_guardian: bool) -> str:
        """The reason as whoever asked reads it."""
        return self.of_child if to_guardian and self.of_child else self.words


BASES: Mapping[DenialReason, Basis] = {
    DenialReason.NOT_VERIFIED: Basis(
        "we could not make sure that you are the person the data is about, and must not give it to anybody else.",
        "GDPR Article 12(2) and (6)",
        "we could not make sure that you may decide for this young person, and must not act on anybody else's word.",
    ),
    DenialReason.LAW_ASKS_TO_KEEP: Basis(
        "the law obliges us to keep what you would like to have deleted.", "GDPR Article 17(3)(b)"
    ),
    DenialReason.LEGAL_CLAIMS: Basis(
        "the data is needed to establish, exercise or defend legal claims.", "GDPR Article 17(3)(e)"
    ),
    DenialReason.OTHERS_RIGHTS: Basis(
        "it would give out or change what belongs to other people.", "GDPR Article 15(4)"
    ),
    DenialReason.UNFOUNDED: Basis("the request is manifestly unfounded.", "GDPR Article 12(5)(b)"),
    DenialReason.REPEATED: Basis(
        "you asked for the same a short time ago and got the answer, and nothing has changed since.",
        "GDPR Article 12(5)(b)",
    ),
    DenialReason.NOTHING_HELD: Basis(
        "we hold no data about you of that kind.",
        "GDPR Article 15(1)",
        "we hold no data of that kind about this young person.",
    ),
    DenialReason.NOT_OPEN: Basis(
        "our policy does not open this kind of data for access or correction. You can ask us to delete it or to make "
        "it anonymous.",
        "our privacy policy, clauses no-access and delete-or-anonymise",
        "our policy does not open this kind of data for access or correction. You can ask us to delete it.",
    ),
}


def deny(
    session: Session, desk: Desk, now: datetime, number: str, reason: str, law: str, complain_to: str, actor: str
) -> bool:
    """Deny a request; the person is told why in the chat and by mail, and what was stopped for it goes on again.

    Where a guardian asked, the guardian is told why, by mail, and the young person that it is not done.

    Args:
        session: The transaction of all of it.
        desk: Settings and the shop's address book.
        now: The desk's time.
        number: Which request.
        reason: A value of `DenialReason`.
        law: What the no rests on.
        complain_to: Where the person can complain about it.
        actor: Who decided it.

    Returns:
        Whether whoever asked could be told; not a guardian whose address is erased.

    Raises:
        Invalid: A reason, the law, or where to complain is missing.
        NotFound: There is no such request.
        Conflict: Its work has begun, or it is closed.
    """
    law, complain_to = " ".join(law.split()), " ".join(complain_to.split())
    if reason not in list(DenialReason):
        raise Invalid("Choose a reason. A request cannot be denied without one.")
    if not law or len(law) > _LONGEST:
        raise Invalid("Name the law or the clause the denial rests on, in at most 300 characters.")
    if not complain_to or len(complain_to) > _LONGEST:
        raise Invalid("Say where the person can complain about the denial, in at most 300 characters.")
    request = session.get(PrivacyRequest, number)
    if request is None:
        raise NotFound(f"There is no request {number}.")
    request = leave_undone(session, desk, now, number, actor)
    if request is None:
        raise Conflict(f"{number} can no longer be denied: its work has begun, or it is closed.")
    request.outcome = (request.outcome or {}) | {
        "denial": {"reason": str(reason), "law": law, "complain_to": complain_to}
    }
    guardian, basis = decision.asked_by(request), BASES[DenialReason(reason)]
    if guardian:
        return _tell_guardian(session, desk, now, request, guardian, basis.told(to_guardian=True), law, complain_to)
    return _tell(session, desk, now, request, basis.told(to_guardian=False), law, complain_to)


def leave_undone(session: Session, desk: Desk, now: datetime, number: str, actor: str) -> PrivacyRequest | None:
    """A request whose work has not begun is closed as denied; what was stopped for it goes on. Nobody is told here.

    Returns:
        The request; None where its work has begun, or it is closed.
    """
    if not move(session, number, DENIABLE, RequestState.DENIED, closed_at=now, next_try_at=None, hold_reason=None):
        return None
    request = session.get_one(PrivacyRequest, number)
    audit.record(session, now, AuditEvent.REQUEST_DENIED, request.conversation_id, number, request.subject, actor=actor)
    if room := ROOMS.get(RequestKind(request.kind)):
        room.revoked(session, desk, now, request)
    outcome.quiet_alarm(session, now, number, actor)
    return request


def _tell(
    session: Session, desk: Desk, now: datetime, request: PrivacyRequest, words: str, law: str, complain_to: str
) -> bool:
    number = request.number
    announce(
        session, now, request.conversation_id, "utter_request_denied",
        number=number, reason=words, law=law, complain_to=complain_to,
    )  # fmt: skip
    address = desk.email_of(request.subject) if request.subject else None
    if address:
        what = what_in_words(request)
        outbox.post(
            session, now, address, "request_denied", f"denied:{number}",
            number=number, what=what, reason=_as_sentence(words), law=law, complain_to=complain_to,
        )  # fmt: skip
    return bool(address or request.conversation_id)


def _tell_guardian(
    session: Session, desk: Desk, now: datetime, request: PrivacyRequest, guardian: str, words: str, law: str,
    complain_to: str,
) -> bool:  # fmt: skip
    """Whoever asked is owed the reason; the young person never asked, and learns that nothing happens."""
    row = session.get_one(GuardianConsent, guardian)
    what = what_in_words(request)
    decision.mail_guardian(
        session, now, row, "guardian_asked_denied", request=request.number, what=decision.of_child(what),
        reason=_as_sentence(words), law=law, complain_to=complain_to,
    )  # fmt: skip
    decision.tell_child(session, desk, now, row, "guardian_asked_not_done", request=request.number, what=what)
    return bool(row.email)


def _as_sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
