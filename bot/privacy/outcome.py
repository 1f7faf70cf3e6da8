"""What is told and kept when a request ends, is held up, or cannot be finished without a person."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from bot.clocks import in_words, in_words_with_time
from bot.privacy.case_alarm import close_alarms, file_alarm
from bot.privacy.deadlines import date_of
from bot.privacy.request_status import what_in_words
from bot.privacy.room import Room
from bot.store import audit, outbox
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import Case, Certificate, PrivacyRequest, RequestStep
from bot.store.own_records import PARTLY_MAIL
from bot.vocabulary import AuditEvent, CaseKind, CaseState, HoldKind, RequestState

HAD_ITS_DAYS = "had_its_days"
_TAKEN_UP = "taken_up"


class Alarm(StrEnum):
    """What a person of the shop is alarmed about, in the words the staff reads."""

    LATE = "It was not answered by its date."
    HELD = "It was put on hold."
    FAILING = "Its steps failed again and again; they are tried on."
    LEFT = "A part of it could not be done."
    MAIL = "A mail about it could not be delivered: reach the person in another way."
    NOTICE = "A service of the shop did not take the notice about it; it is sent again until it is taken."


def keep_rest(request: PrivacyRequest, step: str, rest: Sequence[str]) -> None:
    """Remember what a step could not do, in words without a personal value."""
    if rest:
        outcome = dict(request.outcome or {})
        outcome["rest"] = {**outcome.get("rest", {}), step: list(rest)}
        request.outcome = outcome


def rest_of(request: PrivacyRequest) -> list[str]:
    """Everything the steps could not do."""
    return [line for lines in (request.outcome or {}).get("rest", {}).values() for line in lines]


def reopen_steps(session: Session, request: PrivacyRequest, order: Sequence[str]) -> None:
    """Take the steps that left something, and all after the first of them, out of the ledger.

    Args:
        session: Desk database.
        request: A request that is done in part.
        order: Names of all its steps, in order.
    """
    left = set((request.outcome or {}).get("rest", {}))
    first = min((place for place, step in enumerate(order) if step in left), default=len(order))
    again = RequestStep.step.in_(order[first:])
    session.execute(delete(RequestStep).where(RequestStep.request_number == request.number, again))
    kept = {key: value for key, value in (request.outcome or {}).items() if key != "rest"}
    request.outcome = kept | {_TAKEN_UP: kept.get(_TAKEN_UP, 0) + 1}
    session.flush()


def partly_key(request: PrivacyRequest) -> str:
    """Of the mail that a request is done in part: one each time somebody had taken it up again, none for a repeat."""
    times = (request.outcome or {}).get(_TAKEN_UP)
    return ":".join(str(part) for part in (PARTLY_MAIL, times, request.number) if part)


def tell_hold(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    """The work must wait: the person and the record are told, and somebody at the shop has to look if it needs one."""
    audit.record(
        session, now, AuditEvent.REQUEST_ON_HOLD, reference=request.number, subject=request.subject, actor="worker"
    )
    if request.hold_reason == HoldKind.CONTACT_CHANGED and request.not_before:
        until = in_words_with_time(request.not_before)
        announce(session, now, request.conversation_id, "utter_request_safe_wait", number=request.number, until=until)
        return
    announce(session, now, request.conversation_id, "utter_request_on_hold", number=request.number)
    alarm(session, desk, now, request, Alarm.HELD)


def had_its_days(request: PrivacyRequest) -> dict[str, Any]:
    """The outcome of a request whose work was to begin: what holds it up from now on is no time to think it over."""
    return (request.outcome or {}) | {HAD_ITS_DAYS: True}


def tell_approval(session: Session, now: datetime, request: PrivacyRequest) -> None:
    """Two people must agree before anything is deleted; the person is told, and can still take it back."""
    audit.record(
        session, now, AuditEvent.REQUEST_AWAITING_APPROVAL, reference=request.number, subject=request.subject,
        actor="worker",
    )  # fmt: skip
    announce(session, now, request.conversation_id, "utter_request_awaiting_approval", number=request.number)


def tell_cooling_off(session: Session, now: datetime, request: PrivacyRequest, until: datetime, address: str) -> None:
    """The wait before the days of cooling off is over: only now it is known until when it can be taken back.

    Args:
        session: The transaction in which those days begin.
        now: The desk's time.
        request: What goes on.
        until: The end of those days.
        address: Where it is told by mail; empty for nowhere.
    """
    number, what, end = request.number, what_in_words(request), in_words_with_time(until)
    announce(
        session, now, request.conversation_id, "utter_request_cools_off",
        buttons=[("utter_choice_take_back", f"/revoke_request {number}")], number=number, what=what, until=end,
    )  # fmt: skip
    if address:
        key = f"cools-off:{number}"
        outbox.post(session, now, address, "request_cools_off", key, number=number, what=what, until=end)


def alarm_waits(number: Any) -> tuple[ColumnElement[bool], ...]:
    """Conditions on a case: it is an alarm about that request, a number or a column, and nobody has answered it."""
    return Case.request_number == number, Case.kind == CaseKind.ALARM, Case.state == CaseState.WAITING


def alarms_of(session: Session, number: str) -> list[tuple[datetime, str]]:
    """When a person was alarmed about a request and what happened, as long as nobody has looked after it."""
    cases = session.scalars(select(Case).where(*alarm_waits(number)).order_by(Case.number))
    return [(case.created_at, " ".join((case.statement or "It needs a person.").splitlines())) for case in cases]


def quiet_alarm(
    session: Session, now: datetime, number: str, actor: str | None = None, *, but: Alarm | None = None
) -> bool:
    """Nobody has to look after a request any more: what alarmed about it leaves the list, and the record says so.

    Args:
        session: The transaction of what ends the need.
        now: The desk's time.
        number: Which request.
        actor: Who ended it, where it was not the person themselves.
        but: What still needs somebody: an alarm about it waits on, about that alone.

    Returns:
        Whether an alarm was closed.
    """
    alarms = []
    for case in session.scalars(select(Case).where(*alarm_waits(number)).order_by(Case.number)):
        if but and but in (case.statement or "").splitlines():
            case.statement = but.value
        else:
            alarms.append(case.number)
    return bool(alarms) and close_alarms(session, now, alarms, session.get_one(PrivacyRequest, number).subject, actor)


def address_for_end(desk: Desk, request: PrivacyRequest, room: Room) -> str | None:
    """Where the end of the work is told by mail; the shop is not asked where it is told in the chat alone."""
    told = room.mails_when_done or rest_of(request)
    return desk.email_of(request.subject) if told and request.subject else None


def tell_end(
    session: Session, desk: Desk, now: datetime, request: PrivacyRequest, room: Room, address: str | None
) -> None:
    """The work is done, or done in part: told in the chat and by mail, and a person is alarmed about the rest.

    Args:
        session: The transaction that ends it.
        desk: Settings.
        now: The desk's time.
        request: What was worked on.
        room: What carried it out.
        address: As `address_for_end` says.
    """
    partly = request.state == RequestState.PARTLY_FULFILLED
    event = AuditEvent.REQUEST_PARTLY_FULFILLED if partly else AuditEvent.REQUEST_FULFILLED
    audit.record(session, now, event, reference=request.number, subject=request.subject, actor="worker")
    if partly:
        alarm(session, desk, now, request, Alarm.LEFT)
        announce(session, now, request.conversation_id, "utter_request_partly_done", number=request.number)
    else:
        if session.get(Certificate, request.number) is None:
            # Else it was done when the certificate was made: an alarm since then says that nobody could be sent it.
            # A mail that did not arrive may be the one that tells of the end.
            quiet_alarm(session, now, request.number, "worker", but=Alarm.MAIL)
        if room.done:
            announce(session, now, request.conversation_id, room.done, number=request.number)
    if address:
        template = PARTLY_MAIL if partly else "request_fulfilled"
        key = partly_key(request) if partly else f"{template}:{request.number}"
        what = what_in_words(request)
        outbox.post(
            session, now, address, template, key, number=request.number, what=what,
            due=in_words(date_of(request.due_at, desk.settings)),
        )  # fmt: skip


def alarm(session: Session, desk: Desk, now: datetime, request: PrivacyRequest, what: Alarm) -> None:
    """Put a request that needs a person on the list of urgent cases, once while that case waits.

    What happens meanwhile is added to the same case, so that nobody answers one thing and misses the other.
    """
    waiting = session.scalar(select(Case).where(*alarm_waits(request.number)).order_by(Case.number).limit(1))
    if waiting is not None:
        told = (waiting.statement or "").splitlines()
        if what not in told:
            waiting.statement = "\n".join([*told, what])
        return
    file_alarm(session, desk, now, "alarm", what.value, request.due_at, request_number=request.number)
