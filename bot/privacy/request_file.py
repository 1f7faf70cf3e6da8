"""Everything staff may know of one request: where it stands, what was done, what is left, what can be decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.privacy.approval import NEEDED, Given, approvals
from bot.privacy.deadlines import date_of, extended, stands_still
from bot.privacy.erasure_guard import aim_of
from bot.privacy.erasure_plan import plan_in_words
from bot.privacy.guardian_consent_decision import asked_by
from bot.privacy.outcome import alarms_of, rest_of
from bot.privacy.request_states import DENIABLE, OPEN
from bot.store import erasing
from bot.store.desk import Desk
from bot.store.desk_tables import Hold, PrivacyRequest, RequestStep, StaffMember
from bot.store.erasing import ErasurePlan
from bot.vocabulary import ERASING, HoldKind, Regime, RequestKind, RequestState


@dataclass(frozen=True)
class HoldView:
    """A hold on somebody's data that is in force."""

    kind: HoldKind
    reference: str
    placed_at: datetime
    until: datetime | None


@dataclass(frozen=True)
class RequestFile:
    """One request.

    Attributes:
        subject: The customer's number; None once the person was erased.
        still: Whether its clock stands still.
        steps: The ledger: what is done, and when.
        rest: What could not be done, in words without a personal value.
        plan: What a deletion will do or did, as `plan_in_words` says it; None for other rights and erased people.
        missing_approvals: How many more people must agree; 0 where none is asked.
        denial: Reason, law and where to complain, when it was denied.
        assigned: Number and name of who looks after it.
        of_guardian: A parent or guardian asked for it.
        alarms: When a person was alarmed about it and what happened, as long as nobody has looked after it.
    """

    number: str
    kind: RequestKind
    state: RequestState
    regime: str
    subject: str | None
    received_at: datetime
    due_at: datetime
    still: bool
    first_due_at: datetime | None
    extension_reason: str | None
    verified_at: datetime | None
    not_before: datetime | None
    hold_reason: str | None
    closed_at: datetime | None
    steps: list[tuple[str, datetime]]
    rest: list[str]
    plan: dict[str, Any] | None
    approvals: list[Given]
    missing_approvals: int
    denial: dict[str, str] | None
    holds: list[HoldView]
    assigned: tuple[int, str] | None
    of_guardian: bool
    alarms: list[tuple[datetime, str]]
    may_deny: bool
    may_extend: bool
    may_take_up: bool
    may_check: bool


def request_file(session: Session, desk: Desk, now: datetime, number: str) -> RequestFile:
    """Look one request up.

    Raises:
        NotFound: There is none of that number.
    """
    request = session.get(PrivacyRequest, number)
    if request is None:
        raise NotFound("There is no request with that number.")
    kind, state, regime = RequestKind(request.kind), RequestState(request.state), Regime(request.regime)
    given = approvals(session, number)
    waits = state is RequestState.AWAITING_APPROVAL
    longest = extended(regime, kind, request.received_at, desk.settings)
    steps = select(RequestStep.step, RequestStep.done_at).where(RequestStep.request_number == number)
    return RequestFile(
        number=number,
        kind=kind,
        state=state,
        regime=regime,
        subject=request.subject,
        received_at=request.received_at,
        due_at=request.due_at,
        still=stands_still(regime, state),
        first_due_at=request.first_due_at,
        extension_reason=request.extension_reason,
        verified_at=request.verified_at,
        not_before=request.not_before,
        hold_reason=request.hold_reason,
        closed_at=request.closed_at,
        steps=list(session.execute(steps.order_by(RequestStep.done_at, RequestStep.step)).tuples()),
        rest=rest_of(request),
        plan=_plan(desk, now, request),
        approvals=given,
        missing_approvals=max(0, NEEDED - len(given)) if waits else 0,
        denial=(request.outcome or {}).get("denial"),
        holds=holds_of(session, now, request.subject) if request.subject else [],
        assigned=_assigned(session, request),
        of_guardian=asked_by(request) is not None,
        alarms=alarms_of(session, number),
        may_deny=state in DENIABLE,
        may_extend=longest is not None and request.first_due_at is None and state in OPEN and request.due_at > now,
        may_take_up=state is RequestState.PARTLY_FULFILLED,
        may_check=state is RequestState.ON_HOLD and request.hold_reason == HoldKind.NO_ADDRESS,
    )


def sign_of(session: Session, now: datetime, number: str) -> tuple[Any, ...]:
    """Differs when anything of a request that staff see has changed."""
    request = session.get(PrivacyRequest, number)
    if request is None:
        return ()
    steps = session.scalar(select(func.count()).select_from(RequestStep).where(RequestStep.request_number == number))
    held = [(hold.kind, hold.reference) for hold in holds_of(session, now, request.subject)] if request.subject else []
    return (
        request.state, request.hold_reason, request.due_at, request.assigned_to, steps, held,
        len(approvals(session, number)), alarms_of(session, number),
    )  # fmt: skip


def holds_of(session: Session, now: datetime, subject: str) -> list[HoldView]:
    """What keeps a person's requests waiting now."""
    rows = session.scalars(
        select(Hold).where(Hold.subject == subject, Hold.released_at.is_(None)).order_by(Hold.placed_at, Hold.id)
    )
    return [
        HoldView(HoldKind(row.kind), row.reference or "", row.placed_at, row.until)
        for row in rows
        if row.until is None or row.until > now
    ]


def _plan(desk: Desk, now: datetime, request: PrivacyRequest) -> dict[str, Any] | None:
    """The plan that was written down, or what it would be now."""
    if request.kind not in ERASING or request.subject is None:
        return None
    if request.plan:
        return plan_in_words(ErasurePlan.from_json(request.plan["plan"]))
    if request.state not in OPEN:
        return None
    aim = aim_of(request.details)
    return plan_in_words_for(desk, now, request.subject, aim.scope, aim.mode)


def plan_in_words_for(desk: Desk, now: datetime, subject: str, scope: str, mode: str) -> dict[str, Any] | None:
    """What a deletion would do at this moment; None when the shop has removed the account itself."""
    try:
        snapshot = erasing.identify(desk.shop, subject)
    except NotFound:
        return None
    return plan_in_words(erasing.plan(desk.shop, snapshot, scope, mode, date_of(now, desk.settings)))


def _assigned(session: Session, request: PrivacyRequest) -> tuple[int, str] | None:
    member = session.get(StaffMember, request.assigned_to) if request.assigned_to else None
    return None if member is None else (member.id, member.name)
