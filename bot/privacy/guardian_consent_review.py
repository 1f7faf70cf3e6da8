"""What a person at the shop decides: signed forms, guardians who disagree, what a guardian asked for somebody."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.clocks import in_words_with_time
from bot.errors import Conflict, Invalid, NotFound
from bot.privacy import customer_alarms
from bot.privacy import guardian_consent_decision as decision
from bot.privacy.guardian_consent import send_link
from bot.privacy.guardian_consent_end import end
from bot.privacy.guardian_consent_form import RELATIONS
from bot.privacy.guardian_consent_page import OWNER
from bot.privacy.guardian_consent_standing import Standing, has_a_say, standing
from bot.privacy.guardian_consent_states import DECIDED, move
from bot.privacy.guardian_consent_text import Declared
from bot.privacy.request_intake import confirm_by_mail, cools_off, go_on
from bot.privacy.request_states import REVOCABLE
from bot.privacy.request_status import REQUEST_WORDS
from bot.privacy.rooms import ROOMS
from bot.store import attachments, audit
from bot.store.announcements import announce
from bot.store.attachments import AttachmentView
from bot.store.conversations import newest_of
from bot.store.desk import Desk
from bot.store.desk_tables import Attachment, GuardianConsent, Minor, PrivacyRequest
from bot.vocabulary import AuditEvent, GuardianState, HoldKind, RequestKind, RequestState

REASONS = {
    "unreadable": "it could not be read",
    "not_signed": "the signature is missing",
    "incomplete": "a name, a date or a tick is missing",
    "other_form": "it is another paper than the form",
}
"""Why a signed form may be sent back, in the words of the mail."""
_DAYS_FOR_ANOTHER_TRY = 14
_DOES_NOT_WAIT = "This does not wait for an approval any more."
_NO_SAY = (
    "Whoever asked for this has no say any more: the young person is of age, or the asking was called off or ran out. "
    "Please deny the request."
)
_GOES_ON = {
    RequestState.ON_HOLD: "utter_guardian_request_held",
    RequestState.COOLING_OFF: "utter_guardian_request_cools_off",
    RequestState.RUNNING: "utter_guardian_request_begun",
}
_OWN_COPY = (("utter_choice_request_export", "/request_export"),)


@dataclass(frozen=True)
class FormInReview:
    """A signed form that waits for a person.

    Attributes:
        text: What the guardian was shown, word for word.
        files: Handed out for saving only, by `attachments.read`.
    """

    number: str
    subject: str
    name: str
    relation: str
    sent_at: str
    text: str
    files: tuple[AttachmentView, ...]


@dataclass(frozen=True)
class Disagreement:
    """Guardians of one customer who say different things: numbers of the askings with a yes and with a no."""

    subject: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True)
class AskedForChild:
    """A copy or a deletion that a guardian asked for."""

    number: str
    kind: RequestKind
    guardian: str


def disagreements(session: Session, desk: Desk) -> list[Disagreement]:
    """Customers about whom a person must decide between two guardians."""
    counting = (GuardianConsent.state.in_(DECIDED), GuardianConsent.set_aside_at.is_(None))
    query = select(GuardianConsent.subject, GuardianConsent.number, GuardianConsent.state).where(*counting)
    words: dict[str, dict[str, str]] = {}
    for subject, number, state in session.execute(query.order_by(GuardianConsent.number)):
        words.setdefault(subject, {})[number] = state
    return [
        Disagreement(
            subject,
            tuple(number for number, state in said.items() if state == GuardianState.LIVE),
            tuple(number for number, state in said.items() if state != GuardianState.LIVE),
        )
        for subject, said in words.items()
        if GuardianState.LIVE in said.values() and standing(session, desk, subject) is Standing.DISPUTED
    ]


def asked_for_children(session: Session) -> list[AskedForChild]:
    """What guardians asked for and nobody has looked at yet, oldest first."""
    waiting = (
        PrivacyRequest.state == RequestState.ON_HOLD,
        PrivacyRequest.hold_reason == HoldKind.GUARDIAN_ASKED,
    )
    rows = session.scalars(select(PrivacyRequest).where(*waiting).order_by(PrivacyRequest.number))
    return [AskedForChild(each.number, RequestKind(each.kind), str(decision.asked_by(each))) for each in rows]


def forms_in_review(session: Session) -> list[FormInReview]:
    """The signed forms that wait, oldest first."""
    waiting = select(GuardianConsent).where(GuardianConsent.state == GuardianState.IN_REVIEW)
    return [_in_review(session, each) for each in session.scalars(waiting.order_by(GuardianConsent.number))]


def approve_guardian_form(session: Session, desk: Desk, now: datetime, number: str, actor: str) -> None:
    """The form is signed and complete: the consent is live, and both get their receipt.

    Raises:
        NotFound: There is no such asking.
        Conflict: It does not wait for a review (any more).
    """
    row = _row(session, number)
    if row.state != GuardianState.IN_REVIEW or row.artefact is None:
        raise Conflict("This form does not wait for a review any more.")
    kept = {**row.artefact, "approved_at": now.isoformat(), "approved_by": actor}
    made = Declared(row.policy_version or "", row.text_hash or "", kept)
    decision.consent(session, desk, now, number, GuardianState.IN_REVIEW, made, actor)


def refuse_guardian_form(session: Session, desk: Desk, now: datetime, number: str, reason: str, actor: str) -> None:
    """The form is sent back with the reason and a new link; its files are deleted.

    Args:
        session: Desk database.
        desk: The desk.
        now: The desk's time.
        number: Of the asking.
        reason: A key of `REASONS`.
        actor: Who looked at it.

    Raises:
        Invalid: No such reason.
        Conflict: It does not wait for a review (any more).
    """
    if reason not in REASONS:
        raise Invalid("Please choose one of the reasons.")
    row = _row(session, number)
    until = max(row.expires_at, now + timedelta(days=_DAYS_FOR_ANOTHER_TRY))
    nothing = {"artefact": None, "method": None, "policy_version": None, "text_hash": None}
    if not move(session, number, [GuardianState.IN_REVIEW], GuardianState.INVITED, expires_at=until, **nothing):
        raise Conflict("This form does not wait for a review any more.")
    files = (Attachment.owner_kind == OWNER) & (Attachment.owner_number == number)
    session.execute(delete(Attachment).where(files))
    row = session.get_one(GuardianConsent, number)
    audit.record(session, now, AuditEvent.GUARDIAN_FORM_REFUSED, reference=number, subject=row.subject, actor=actor)
    send_link(session, desk, now, row, "guardian_form_refused", f"{now:%Y%m%d%H%M%S}", why=REASONS[reason])
    decision.tell_child(session, desk, now, row, "guardian_form_returned", each_time=True)


def settle_dispute(
    session: Session, desk: Desk, now: datetime, subject: str, actor: str, *, consent_stands: bool
) -> Standing:
    """A person decided between two guardians. The words that do not count are set aside, and kept.

    Raises:
        NotFound: Nobody disagrees about this customer.
    """
    rows = select(GuardianConsent.number, GuardianConsent.state).where(
        GuardianConsent.subject == subject,
        GuardianConsent.state.in_(DECIDED),
        GuardianConsent.set_aside_at.is_(None),
    )
    words = session.execute(rows).all()
    live = [number for number, state in words if state == GuardianState.LIVE]
    against = [number for number, state in words if state != GuardianState.LIVE]
    if standing(session, desk, subject) is not Standing.DISPUTED:
        raise NotFound("No guardians disagree about this customer.")
    if consent_stands:
        aside = update(GuardianConsent).where(GuardianConsent.number.in_(against)).values(set_aside_at=now)
        session.execute(aside)
        session.expire_all()
    else:
        for number in live:
            decision.withdraw(session, desk, now, number)
    audit.record(session, now, AuditEvent.GUARDIAN_DISPUTE_SETTLED, reference=live[0], subject=subject, actor=actor)
    return decision.settle(session, desk, now, subject, live[0], actor)


def approve_for_child(session: Session, desk: Desk, now: datetime, number: str, actor: str) -> None:
    """A deletion that a guardian asked for goes on as if the young person had asked; a copy is offered to them.

    A copy is made when they have typed a code from their own mail: neither the guardian's code nor whoever is merely
    signed in to the shop as them opens it. The young person is told in the chat and by mail what goes on, and until
    when they can take it back; the guardian is mailed that it is agreed to.

    Raises:
        NotFound: No guardian asked for anything under that number.
        Conflict: It does not wait for an approval (any more), or the guardian has no say (any more).
    """
    request = _asked_by_guardian(session, number)
    if request.state != RequestState.ON_HOLD or request.hold_reason != HoldKind.GUARDIAN_ASKED:
        raise Conflict(_DOES_NOT_WAIT)
    row = session.get(GuardianConsent, str(decision.asked_by(request)))
    if row is None or not has_a_say(session, desk, row):
        raise Conflict(_NO_SAY)
    room, copy = ROOMS[RequestKind(request.kind)], request.kind == RequestKind.EXPORT
    if copy:  # nothing is made of this one; their own waits after a change of contact details
        room = replace(room, waits_for_contact_hold=False)
    waits = PrivacyRequest.hold_reason == HoldKind.GUARDIAN_ASKED
    if not go_on(session, desk, now, request, room, RequestState.ON_HOLD, waits, actor=actor):
        raise Conflict(_DOES_NOT_WAIT)
    template = "guardian_copy_for_you" if copy else "guardian_approved_for_you"
    confirm_by_mail(session, desk, now, request, room, template)
    _tell_what_goes_on(session, now, request, cools_off=cools_off(desk, room))
    what = decision.of_child(REQUEST_WORDS[RequestKind(request.kind)])
    decision.mail_guardian(session, now, row, "guardian_asked_approved", request=number, what=what)


def send_page_anew(session: Session, desk: Desk, now: datetime, number: str, actor: str) -> None:
    """A guardian whose receipt did not arrive is mailed it once more, with a new link; the alarm about it ends.

    Raises:
        NotFound: There is no such asking.
        Conflict: Nobody is alarmed about it (any more), or there is nothing to send to that guardian (any more).
    """
    row = _row(session, number)
    if row.state not in decision.WITH_PAGE or not row.email:
        raise Conflict("What this parent or guardian said counts no longer, or their address is erased.")
    if not customer_alarms.quiet(session, now, row.subject, decision.lost_mail(number), actor):
        raise Conflict("Somebody has seen to it already.")
    row = session.get_one(GuardianConsent, number)
    decision.mail_page(session, desk, now, row, again=True)
    audit.record(session, now, AuditEvent.GUARDIAN_LINK_SENT, reference=number, subject=row.subject, actor=actor)


def clear_mark(session: Session, desk: Desk, now: datetime, subject: str, actor: str) -> None:
    """Somebody said by mistake that they are under 18; a person made sure that they are not.

    Everything is as if they had never said so: their own choices count on, and what a guardian was asked ends.

    Raises:
        NotFound: They never said so, or the birth date on file says it too.
    """
    marked = session.get(Minor, subject)
    if marked is None or marked.declared_at is None:
        raise NotFound("This customer did not say that they are under 18.")
    # The whole row, or the next round would take them for somebody who has just turned 18. Who is under 18 by the
    # birth date on file gets it anew with the next look.
    session.delete(marked)
    session.flush()
    audit.record(session, now, AuditEvent.MINOR_MARK_CLEARED, subject=subject, actor=actor)
    decision.free_who_needs_nobody(session, desk, now, subject)
    if standing(session, desk, subject) is Standing.NOT_NEEDED:
        end(session, desk, now, subject, actor)


def _tell_what_goes_on(session: Session, now: datetime, request: PrivacyRequest, *, cools_off: bool) -> None:
    state, number = RequestState(request.state), request.number
    if request.kind == RequestKind.EXPORT:
        newest = newest_of(session, str(request.subject))
        announce(session, now, newest, "utter_guardian_copy_for_you", buttons=_OWN_COPY, number=number)
        return
    buttons = [("utter_choice_take_back", f"/revoke_request {number}")] if state in REVOCABLE else []
    at_once = "_at_once" if state == RequestState.ON_HOLD and not cools_off else ""
    announce(
        session, now, request.conversation_id, _GOES_ON[state] + at_once,
        buttons=buttons, number=number, what=REQUEST_WORDS[RequestKind(request.kind)],
        until=in_words_with_time(request.not_before) if request.not_before else "",
    )  # fmt: skip


def _asked_by_guardian(session: Session, number: str) -> PrivacyRequest:
    request = session.get(PrivacyRequest, number)
    if request is None or decision.asked_by(request) is None:
        raise NotFound("No guardian asked for anything under that number.")
    return request


def _row(session: Session, number: str) -> GuardianConsent:
    row = session.get(GuardianConsent, number)
    if row is None:
        raise NotFound("No guardian was asked under that number.")
    return row


def _in_review(session: Session, row: GuardianConsent) -> FormInReview:
    kept = row.artefact or {}
    files = tuple(attachments.of_owner(session, OWNER, row.number))
    relation = RELATIONS.get(row.relation or "", "")
    return FormInReview(row.number, row.subject, row.name or "", relation, kept["at"], kept["text"], files)
