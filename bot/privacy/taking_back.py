"""Taking a request back: possible until the work begins, and everything is then exactly as before."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, NotRevocable
from bot.privacy import guardian_consent_decision as decision
from bot.privacy import outcome
from bot.privacy.request_states import REVOCABLE, move
from bot.privacy.request_status import RequestView, own_request, view
from bot.privacy.rooms import ROOMS
from bot.store import audit, outbox
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, PrivacyRequest
from bot.vocabulary import AuditEvent, RequestState


def revoke_request(session: Session, desk: Desk, now: datetime, chat: Conversation, number: str) -> RequestView:
    """Take a request back before anybody began to carry it out, lift what it stopped, and confirm it by mail.

    A guardian who had asked for it is mailed that it is closed.

    It races with the worker's start, and exactly one of them wins. While the shop does not answer it is taken back
    without the mail: the days in which that can be done go on.

    Raises:
        NotFound: No such number, or somebody else's.
        NotRevocable: It was closed already, or its work has begun.
    """
    if chat.subject is None:
        raise NotFound("You have no request with that number.")
    own_request(session, chat.subject, number)
    address = desk.email_if_at_hand(chat.subject)
    if not move(session, number, REVOCABLE, RequestState.REVOKED, closed_at=now, next_try_at=None):
        raise NotRevocable
    request = session.get_one(PrivacyRequest, number)
    audit.record(session, now, AuditEvent.REQUEST_REVOKED, chat.id, number, subject=chat.subject)
    taken_back = view(request)
    if room := ROOMS.get(taken_back.kind):
        room.revoked(session, desk, now, request)
    outcome.quiet_alarm(session, now, number)
    decision.tell_closed(session, desk, now, request)
    if address:
        key, what = f"revoked:{number}", taken_back.what
        outbox.post(session, now, address, "request_revoked", key, number=number, what=what)
    return taken_back
