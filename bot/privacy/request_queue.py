"""The queue of requests as staff work through it: what waits for a person, what is mine, what is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from bot.privacy.outcome import alarm_waits
from bot.privacy.request_states import OPEN
from bot.privacy.rooms import ROOMS
from bot.store.desk_tables import PrivacyRequest, StaffMember
from bot.vocabulary import HoldKind, RequestKind, RequestState

MOST = 200
_FOR_A_PERSON = (HoldKind.NO_ADDRESS, HoldKind.LEGAL, HoldKind.VETO, HoldKind.GUARDIAN_ASKED)


class Show(StrEnum):
    """Which part of the queue."""

    WAITING = "waiting"
    MINE = "mine"
    OVERDUE = "overdue"
    ALL = "all"


@dataclass(frozen=True)
class Queued:
    """A line of the queue; no names of customers, no words of theirs.

    Attributes:
        assigned: Name of the colleague who looks after it.
    """

    number: str
    kind: RequestKind
    state: RequestState
    hold_reason: str | None
    received_at: datetime
    due_at: datetime
    closed_at: datetime | None
    assigned: str | None


def queue(session: Session, now: datetime, show: Show, staff_id: int) -> list[Queued]:
    """Part of the queue, nearest due date first; of all requests the newest.

    Args:
        session: Desk database.
        now: The desk's time.
        show: Which part.
        staff_id: Whose `mine` it is.
    """
    query = select(PrivacyRequest, StaffMember.name).outerjoin(
        StaffMember, StaffMember.id == PrivacyRequest.assigned_to
    )
    found = session.execute(_part(query, now, show, staff_id).limit(MOST)).tuples()
    return [
        Queued(
            request.number, RequestKind(request.kind), RequestState(request.state), request.hold_reason,
            request.received_at, request.due_at, request.closed_at, name,
        )
        for request, name in found
    ]  # fmt: skip


def sizes(session: Session, now: datetime, staff_id: int) -> dict[Show, int]:
    """How many requests are in each part."""
    return {
        show: session.scalar(select(func.count()).select_from(PrivacyRequest).where(*_where(now, show, staff_id))) or 0
        for show in Show
    }


def _part(query: Select[Any], now: datetime, show: Show, staff_id: int) -> Select[Any]:
    order: Sequence[Any] = (PrivacyRequest.due_at, PrivacyRequest.number)
    if show is Show.ALL:
        order = (PrivacyRequest.received_at.desc(), PrivacyRequest.number.desc())
    return query.where(*_where(now, show, staff_id)).order_by(*order)


def _where(now: datetime, show: Show, staff_id: int) -> list[ColumnElement[bool]]:
    unfinished = PrivacyRequest.state.in_((*OPEN, RequestState.PARTLY_FULFILLED))
    match show:
        case Show.WAITING:
            return [_waits_for_a_person()]
        case Show.MINE:
            return [unfinished, PrivacyRequest.assigned_to == staff_id]
        case Show.OVERDUE:
            return [unfinished, PrivacyRequest.due_at < now]
        case Show.ALL:
            return []


def _waits_for_a_person() -> ColumnElement[bool]:
    """Nothing of these goes on by itself, or an alarm about it waits, also when it is closed: a mail came back."""
    by_hand = [kind for kind in RequestKind if kind not in ROOMS]
    return or_(
        PrivacyRequest.state.in_((RequestState.AWAITING_APPROVAL, RequestState.PARTLY_FULFILLED)),
        and_(PrivacyRequest.state == RequestState.RECEIVED, PrivacyRequest.kind.in_(by_hand)),
        and_(PrivacyRequest.state == RequestState.ON_HOLD, PrivacyRequest.hold_reason.in_(_FOR_A_PERSON)),
        exists().where(*alarm_waits(PrivacyRequest.number)),
    )
