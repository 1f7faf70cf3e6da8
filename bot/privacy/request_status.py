"""Where is my request?"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.privacy.request_states import REVOCABLE
from bot.store.desk_tables import PrivacyRequest
from bot.store.erasing import ANONYMISE, DELETE, RECORDED
from bot.vocabulary import ERASING, RequestKind, RequestState

REQUEST_WORDS = {
    RequestKind.EXPORT: "a copy of your data",
    RequestKind.RECTIFICATION: "correct your data",
    RequestKind.ERASURE: "delete your data",
    RequestKind.ANONYMISATION: "make your data anonymous",
    RequestKind.CANCEL_ACCOUNT: "cancel your account",
    RequestKind.WITHDRAW_CONSENT: "withdraw your consent",
    RequestKind.OBJECT_TO_PROCESSING: "stop using your data for a purpose",
    RequestKind.GUARDIAN_CONSENT: "consent of a parent or guardian",
}
STATE_WORDS = {
    RequestState.RECEIVED: "received, a person takes care of it",
    RequestState.AWAITING_VERIFICATION: "waiting for the code that shows it is you",
    RequestState.ON_HOLD: "on hold",
    RequestState.COOLING_OFF: "confirmed, can still be taken back",
    RequestState.AWAITING_APPROVAL: "waiting for a person's approval",
    RequestState.RUNNING: "being carried out",
    RequestState.FULFILLED: "done",
    RequestState.PARTLY_FULFILLED: "done in part, a person takes care of the rest",
    RequestState.DENIED: "denied",
    RequestState.REVOKED: "taken back by you",
    RequestState.EXPIRED: "closed, the code was never given",
}


_RECORDED_WORDS = {
    DELETE: "delete what the shop recorded about you",
    ANONYMISE: "make what the shop recorded about you anonymous",
}


@dataclass(frozen=True)
class RequestView:
    """A request as its subject sees it.

    Attributes:
        what: What was asked for; where something is to go, how much of it.
        until: While it cools off or is held up: when that ends.
        revocable: Whether it can be taken back now.
    """

    number: str
    kind: RequestKind
    state: RequestState
    received_at: datetime
    due_at: datetime
    what: str
    until: datetime | None
    revocable: bool


def view(request: PrivacyRequest) -> RequestView:
    """The subject's view of a row."""
    state = RequestState(request.state)
    return RequestView(
        request.number, RequestKind(request.kind), state, request.received_at, request.due_at, what_in_words(request),
        request.not_before, state in REVOCABLE,
    )  # fmt: skip


def what_in_words(request: PrivacyRequest) -> str:
    """What was asked for, so that nobody takes a request for a part for one for everything."""
    details = request.details or {}
    if request.kind in ERASING and details.get("scope") == RECORDED:
        return _RECORDED_WORDS[details["mode"]]
    return REQUEST_WORDS[RequestKind(request.kind)]


def own_requests(session: Session, subject: str) -> list[RequestView]:
    """Every request of a subject, newest first."""
    rows = session.scalars(
        select(PrivacyRequest).where(PrivacyRequest.subject == subject).order_by(PrivacyRequest.number.desc())
    )
    return [view(row) for row in rows]


def own_request(session: Session, subject: str, number: str) -> RequestView:
    """One request of a subject.

    Raises:
        NotFound: No such number, or somebody else's: both read the same from outside.
    """
    row = session.get(PrivacyRequest, number)
    if row is None or row.subject != subject:
        raise NotFound("You have no request with that number.")
    return view(row)
