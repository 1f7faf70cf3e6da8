"""What staff read for the desk's fixed names."""

from datetime import datetime

from bot.config import Settings
from bot.desk.pieces import Mark
from bot.privacy.deadlines import date_of
from bot.vocabulary import HoldKind, RequestKind, RequestState

KINDS = {
    RequestKind.EXPORT: "Copy of the data",
    RequestKind.RECTIFICATION: "Correction",
    RequestKind.ERASURE: "Deletion",
    RequestKind.ANONYMISATION: "Anonymisation",
    RequestKind.CANCEL_ACCOUNT: "Account cancelling",
    RequestKind.WITHDRAW_CONSENT: "Consent withdrawn",
    RequestKind.OBJECT_TO_PROCESSING: "Objection to a purpose",
    RequestKind.GUARDIAN_CONSENT: "Consent of a guardian",
}
STATES = {
    RequestState.RECEIVED: Mark("received"),
    RequestState.AWAITING_VERIFICATION: Mark("waits for the person's code"),
    RequestState.ON_HOLD: Mark("on hold", "soon"),
    RequestState.COOLING_OFF: Mark("can still be taken back"),
    RequestState.AWAITING_APPROVAL: Mark("waits for approval", "soon"),
    RequestState.RUNNING: Mark("being carried out"),
    RequestState.FULFILLED: Mark("done", "good"),
    RequestState.PARTLY_FULFILLED: Mark("done in part", "late"),
    RequestState.DENIED: Mark("denied"),
    RequestState.REVOKED: Mark("taken back by the person"),
    RequestState.EXPIRED: Mark("closed, not carried out"),
}
HOLDS = {
    HoldKind.CONTACT_CHANGED: "contact details were changed lately",
    HoldKind.LEGAL: "a legal hold",
    HoldKind.VETO: "the shop's own service said no",
    HoldKind.NO_ADDRESS: "no address for a code: a person must check who it is",
    HoldKind.GUARDIAN_ASKED: "a parent or guardian asked for it",
    HoldKind.APPROVAL: "two people must approve it",
}
_SOON_DAYS = 3


def day(moment: datetime, settings: Settings) -> str:
    """The day a moment falls on where the shop is, which is the one that people are told."""
    return f"{date_of(moment, settings):%-d %b %Y}"


def due(
    now: datetime,
    due_at: datetime,
    state: RequestState,
    settings: Settings,
    closed_at: datetime | None = None,
    still: bool = False,
) -> Mark:
    """How much time is left until a promise, in days as the shop's calendar has them.

    It is not kept yet while a part of what was asked for is left.
    """
    promised = date_of(due_at, settings)
    if closed_at and state is not RequestState.PARTLY_FULFILLED:
        return Mark("in time", "good") if closed_at <= due_at else Mark("too late", "late")
    if still:
        return Mark(f"{promised:%-d %b}, clock stands still")
    if due_at < now:
        return Mark(f"overdue since {promised:%-d %b}", "late")
    days = (promised - date_of(now, settings)).days
    left = "today" if days == 0 else "1 day left" if days == 1 else f"{days} days left"
    return Mark(f"{promised:%-d %b}, {left}", "soon" if days < _SOON_DAYS else "calm")
