"""What else a member of staff does with a request: takes it on, passes it on, answers its alarm, checks a person."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import Conflict, NotFound
from bot.privacy import outcome
from bot.privacy.request_intake import verified
from bot.privacy.rooms import ROOMS
from bot.privacy.staff_accounts import actor_of, colleagues
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import AuditEvent, HoldKind, RequestKind, RequestState


def assign(session: Session, now: datetime, number: str, to: int | None, actor: str) -> None:
    """Make somebody responsible for a request, or nobody.

    Raises:
        NotFound: There is no such request, or no such member of staff who does more than read.
    """
    request = session.get(PrivacyRequest, number)
    if request is None:
        raise NotFound(f"There is no request {number}.")
    if to is not None and to not in {each.staff_id for each in colleagues(session)}:
        raise NotFound("Nobody with that account works here (any more), or they only read.")
    request.assigned_to = to
    whom = "nobody" if to is None else actor_of(to)
    audit.record(session, now, AuditEvent.REQUEST_ASSIGNED, reference=f"{number}:{whom}", actor=actor)


def looked_after(session: Session, now: datetime, number: str, actor: str) -> None:
    """A person did what an alarm about a request asked for: it leaves the list, and the record says who saw to it.

    What goes on failing alarms anew.

    Raises:
        Conflict: No alarm about it waits (any more).
    """
    if not outcome.quiet_alarm(session, now, number, actor):
        raise Conflict("No alarm about this request waits any more.")


def checked_by_person(session: Session, desk: Desk, now: datetime, number: str, actor: str) -> RequestState:
    """Let a request go on whose person was checked by other means, since the shop holds no address for a code.

    Returns:
        Where it goes on.

    Raises:
        Conflict: It does not wait for that.
    """
    request = session.get(PrivacyRequest, number, with_for_update=True, populate_existing=True)
    if request is None or request.hold_reason != HoldKind.NO_ADDRESS or request.state != RequestState.ON_HOLD:
        raise Conflict("No request of that number waits for a person to check who it is.")
    state = verified(session, desk, now, number, ROOMS[RequestKind(request.kind)], actor=actor).state
    outcome.quiet_alarm(session, now, number, actor)
    return state
