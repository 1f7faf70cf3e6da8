"""A request from the person's yes to the worker: kept with number and due date, verified, waited for, begun."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words, in_words_with_time
from bot.errors import NotSignedIn
from bot.privacy import holds
from bot.privacy.deadlines import date_of, due
from bot.privacy.erasure_guard import aim_of
from bot.privacy.request_states import OPEN, move
from bot.privacy.request_status import RequestView, view, what_in_words
from bot.privacy.room import Room
from bot.store import audit, outbox
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, PrivacyRequest, Restriction
from bot.store.engine import one_at_a_time
from bot.store.numbers import next_number
from bot.vocabulary import ERASING, AuditEvent, HoldKind, RequestKind, RequestState


def open_request(
    session: Session, subject: str, kind: RequestKind, details: dict[str, Any] | None = None
) -> RequestView | None:
    """The subject's open request that does what is asked for now, so that none is made twice.

    Deletion, anonymisation and cancelling the account are one kind here: each would take the ground from the others.
    What a guardian asked for and nobody has looked at yet is not the subject's: they may ask for the same themselves.

    Args:
        session: Desk database.
        subject: Who asks.
        kind: Which right.
        details: What is asked for in particular, as far as the words tell it. Where something is to go, a request for
            less is not the one for everything, and what waits for its code for another extent gives way.
    """
    found = [each for each in _open_of(session, subject, kind) if _does(each, details)]
    return view(found[0]) if found else None


def waits_for_code(session: Session, subject: str, kind: RequestKind) -> RequestView | None:
    """The subject's request of this kind that waits for its code; one for something else takes its place."""
    waits = [each for each in _open_of(session, subject, kind) if each.state == RequestState.AWAITING_VERIFICATION]
    return view(waits[0]) if waits else None


def _open_of(session: Session, subject: str, kind: RequestKind) -> list[PrivacyRequest]:
    their_own = PrivacyRequest.hold_reason.is_distinct_from(HoldKind.GUARDIAN_ASKED)
    query = select(PrivacyRequest).where(
        PrivacyRequest.subject == subject,
        PrivacyRequest.kind.in_(ERASING if kind in ERASING else (kind,)),
        PrivacyRequest.state.in_(OPEN),
        their_own,
    )
    return list(session.scalars(query.order_by(PrivacyRequest.number)))


def _does(request: PrivacyRequest, details: dict[str, Any] | None) -> bool:
    if request.kind not in ERASING or not details:
        return True
    has, wished = aim_of(request.details), aim_of(details)
    if request.state == RequestState.AWAITING_VERIFICATION:
        return has == wished
    return has.is_all or not wished.is_all


def receive_request(
    session: Session,
    desk: Desk,
    now: datetime,
    chat: Conversation,
    kind: RequestKind,
    room: Room,
    origin: str,
    details: dict[str, Any] | None = None,
    statement: str | None = None,
) -> RequestView:
    """Keep what a signed-in customer asked for, and go on as far as it may without more from them.

    Args:
        session: Desk database.
        desk: Settings, and the shop's address book.
        now: Time of receipt; the clock starts here, whatever the verification takes.
        chat: The conversation it was asked and confirmed in.
        kind: Which right.
        room: What carries it out.
        origin: Id of the confirming message: the same message never makes a second request.
        details: What is asked for in particular.
        statement: What the person wrote when asking.

    Raises:
        NotSignedIn: The conversation is anonymous.
    """
    if chat.subject is None:
        raise NotSignedIn
    one_at_a_time(session, f"requests of {chat.subject}")
    known = session.scalar(select(PrivacyRequest).where(PrivacyRequest.origin == origin))
    if known is not None:
        return view(known)
    verifies = room.needs_code(details or {})
    if verifies and kind is not RequestKind.RECTIFICATION:
        waiting = open_request(session, chat.subject, kind, details)
        if waiting is not None:
            return waiting
    _give_way(session, now, chat.subject, kind)
    request = PrivacyRequest(
        number=next_number(session, "PR", now),
        kind=kind,
        state=RequestState.AWAITING_VERIFICATION if verifies else RequestState.RECEIVED,
        regime=desk.settings.regime,
        conversation_id=chat.id,
        subject=chat.subject,
        origin=origin,
        statement=statement,
        details=details or {},
        received_at=now,
        due_at=due(desk.settings.regime, kind, now, desk.settings).due_at,
        confirmed_at=now,
    )
    session.add(request)
    session.flush()
    audit.record(session, now, AuditEvent.REQUEST_RECEIVED, chat.id, request.number, subject=chat.subject)
    if not verifies:
        go_on(session, desk, now, request, room, RequestState.RECEIVED)
    return view(request)


def _give_way(session: Session, now: datetime, subject: str, kind: RequestKind) -> None:
    """What nobody verified yet gives way to the newer one of its kind: people correct what they said."""
    waits = [RequestState.AWAITING_VERIFICATION]
    for number in [each.number for each in _open_of(session, subject, kind)]:
        if move(session, number, waits, RequestState.REVOKED, closed_at=now):
            audit.record(session, now, AuditEvent.REQUEST_REVOKED, reference=number, subject=subject)


def verified(
    session: Session, desk: Desk, now: datetime, number: str, room: Room, actor: str | None = None
) -> RequestView:
    """The person proved who they are: the request goes on, once, and it is confirmed by mail.

    What happens at once (processing stops for a deletion) happens in this transaction.

    Args:
        session: Desk database.
        desk: Settings, and the shop's address book.
        now: The desk's time.
        number: Which request.
        room: What carries it out.
        actor: Who checked the person by other means, where no code could be sent.
    """
    request = session.get_one(PrivacyRequest, number)
    if request.state == RequestState.AWAITING_VERIFICATION or request.hold_reason == HoldKind.NO_ADDRESS:
        at = RequestState(request.state)
        request.verified_at = now
        session.flush()
        if actor:
            event = AuditEvent.IDENTITY_VERIFIED
            audit.record(session, now, event, reference=number, subject=request.subject, actor=actor)
        go_on(session, desk, now, request, room, at)
        confirm_by_mail(session, desk, now, request, room)
    return view(request)


def go_on(
    session: Session,
    desk: Desk,
    now: datetime,
    request: PrivacyRequest,
    room: Room,
    at: RequestState,
    *conditions: Any,
    actor: str | None = None,
) -> bool:
    """What is confirmed and verified goes on: after a change of contact details it waits, else as `after_holds` says.

    Args:
        session: Desk database.
        desk: The desk.
        now: The desk's time.
        request: Which request.
        room: What carries it out.
        at: Where it stands.
        conditions: Further SQL conditions on its row.
        actor: Who let it go on, where a person of the shop did.

    Returns:
        Whether this caller moved it.
    """
    until = None
    if room.waits_for_contact_hold:
        until = holds.held_until(session, now, request.subject or "", HoldKind.CONTACT_CHANGED)
    if until is not None:
        to, values = RequestState.ON_HOLD, {"not_before": until, "hold_reason": HoldKind.CONTACT_CHANGED}
        event = AuditEvent.REQUEST_ON_HOLD
    else:
        to, values, event = after_holds(desk, now, room)
    if not move(session, request.number, [at], to, *conditions, **values):
        return False
    session.refresh(request)
    audit.record(session, now, event, request.conversation_id, request.number, subject=request.subject, actor=actor)
    room.agreed(session, desk, now, request)
    return True


def cools_off(desk: Desk, room: Room) -> bool:
    """Whether there are days in which a request of this room can be taken back before it is carried out."""
    return room.cools_off and desk.settings.cooling_off_days > 0


def after_holds(desk: Desk, now: datetime, room: Room) -> tuple[RequestState, dict[str, Any], AuditEvent]:
    """Where a verified request goes that nothing holds up: into the days of cooling off, or to the worker."""
    if cools_off(desk, room):
        until = now + timedelta(days=desk.settings.cooling_off_days)
        return RequestState.COOLING_OFF, {"not_before": until, "hold_reason": None}, AuditEvent.REQUEST_COOLING_OFF
    return RequestState.RUNNING, {"not_before": None, "hold_reason": None}, AuditEvent.REQUEST_STARTED


def confirm_by_mail(
    session: Session, desk: Desk, now: datetime, request: PrivacyRequest, room: Room, template: str = "request_received"
) -> None:
    """Tell the person by mail, once, what goes on, what has stopped, and until when it can be taken back.

    They know it from the chat: a request goes on without the mail while the shop does not answer.
    """
    address = desk.email_if_at_hand(request.subject)
    if not address:
        return
    stopped = (Restriction.request_number == request.number, Restriction.lifted_at.is_(None))
    outbox.post(
        session,
        now,
        address,
        template,
        f"received:{request.number}",
        what=what_in_words(request),
        number=request.number,
        due=in_words(date_of(request.due_at, desk.settings)),
        state=request.state,
        until=in_words_with_time(request.not_before) if request.not_before else "",
        stopped="yes" if session.scalar(select(Restriction.id).where(*stopped).limit(1)) else "",
        cools_off="yes" if cools_off(desk, room) else "",
    )
