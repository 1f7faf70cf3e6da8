"""The guard of the erasure room: nothing is destroyed unless the request's own row allows it at that moment.

Whatever a story, an action or a caller says: the request must be verified, confirmed and running in this worker's
hands, and no legal hold may lie on the person's data (GDPR Article 17(3)(e)).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from bot.errors import DeskError
from bot.privacy import approval, holds
from bot.privacy.room import NotYet, Work
from bot.store.desk_tables import PrivacyRequest
from bot.store.erasing import ANONYMISE, DELETE, EVERYTHING, RECORDED
from bot.vocabulary import ERASING, HoldKind, RequestState

_SECONDS_BETWEEN_BEATS = 8


class ErasureRefused(DeskError):
    """The request does not allow this; nothing was destroyed."""

    code = "erasure_refused"
    status = 409


@dataclass(frozen=True)
class Aim:
    """What is to go.

    Attributes:
        scope: All of the person with the account, or only what the shop recorded by itself (clause
            `delete-or-anonymise`).
        mode: Whether what the shop recorded is deleted or made anonymous.
    """

    scope: str
    mode: str

    @property
    def is_all(self) -> bool:
        """The account and the chats go too."""
        return self.scope == EVERYTHING


def aim_of(details: dict[str, Any] | None) -> Aim:
    """What a request asks for.

    Raises:
        ErasureRefused: It does not say so; nothing is guessed where data is destroyed.
    """
    aim = Aim(str((details or {}).get("scope")), str((details or {}).get("mode")))
    if aim.scope not in (EVERYTHING, RECORDED) or aim.mode not in (DELETE, ANONYMISE):
        raise ErasureRefused("The request does not say what is to go.")
    return aim


def permitted(session: Session, work: Work) -> PrivacyRequest:
    """The request's row, locked, if it allows to destroy what it is about.

    Raises:
        ErasureRefused: It is not verified, not confirmed, not running, in nobody's hands, or about somebody else.
        NotYet: A legal hold was placed meanwhile; what is left stays until it is released.
    """
    request = session.get(PrivacyRequest, work.number, with_for_update=True, populate_existing=True)
    if request is None or request.kind not in ERASING or request.state != RequestState.RUNNING:
        raise ErasureRefused("The request is not being carried out.")
    if request.verified_at is None or request.confirmed_at is None:
        raise ErasureRefused("The request was not verified and confirmed.")
    if request.worker_token is None:
        raise ErasureRefused("No worker has the request.")
    if request.subject is None or request.subject != work.subject:
        raise ErasureRefused("The request is about somebody else.")
    if aim_of(request.details) != aim_of(work.details):
        raise ErasureRefused("The request asks for something else.")
    if not request.plan and not approval.is_enough(session, work.desk.settings, work.number):
        # Once there is a plan, the deletion has begun, and stopping it half way would help nobody.
        raise ErasureRefused("Two people of the shop have not approved it.")
    if holds.is_held(session, work.desk.clock.now(), request.subject, HoldKind.LEGAL):
        raise NotYet("A legal hold lies on this data.")
    return request


def plan_of(request: PrivacyRequest) -> dict[str, Any]:
    """What was written down before the first row went.

    Raises:
        ErasureRefused: Nothing was; no step may run without it.
    """
    if not request.plan:
        raise ErasureRefused("There is no plan for this request.")
    return request.plan


def checked(work: Work) -> dict[str, Any]:
    """The plan, after the lease was renewed and the guard looked; for steps outside of the desk's database."""
    work.heartbeat()
    with work.desk.transaction() as session:
        return plan_of(permitted(session, work))


def paced(work: Work) -> Callable[[], None]:
    """A heartbeat that may be called for every row: it renews the lease now and then only."""
    beaten = time.monotonic()

    def beat() -> None:
        nonlocal beaten
        if time.monotonic() - beaten > _SECONDS_BETWEEN_BEATS:
            work.heartbeat()
            beaten = time.monotonic()

    return beat
