"""What every right's room offers the desk: when it may begin, its steps, what follows a yes or a taking back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.errors import DeskError
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest


class NotYet(DeskError):
    """A step cannot be done now and will be tried again; nothing is wrong with the request."""

    code = "not_yet"
    status = 503


class OnHold(DeskError):
    """The work must wait for a person's decision or for a time; nothing of it was begun.

    Attributes:
        reason: A value of `HoldKind`.
    """

    code = "on_hold"
    status = 409

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The request is on hold: {reason}.")


@dataclass(frozen=True)
class Work:
    """A request as its steps see it: what was asked for, frozen when the worker took it.

    Attributes:
        details: What was asked for in particular, as the room's `details` made it.
        attempts: How often the step at hand was tried in vain before.
        heartbeat: Tells that the worker lives; long steps call it at least every ten seconds. Raises when the
            request was taken over by another worker, and the step must then stop.
    """

    desk: Desk
    number: str
    kind: str
    subject: str | None
    conversation_id: str | None
    details: dict[str, Any]
    attempts: int
    heartbeat: Callable[[], None]


@dataclass(frozen=True)
class Step:
    """One repeatable piece of the work, written into the ledger when it is done.

    A worker may die at any point and the step runs again from its beginning: it must come to the same end.

    Attributes:
        name: Its name in the ledger.
        act: Does it; returns what could not be done, in words without a personal value (normally nothing).
    """

    name: str
    act: Callable[[Work], Sequence[str]]


def _nothing(_session: Session, _desk: Desk, _now: datetime, _request: PrivacyRequest) -> None:
    """Nothing follows."""


@dataclass(frozen=True)
class Room:
    """One right.

    Attributes:
        steps: The work, in order. Called each time a worker takes the request.
        needs_code: Whether the person must prove who they are, given the request's details.
        waits_for_contact_hold: Whether a change of contact details in the last hours holds it up.
        cools_off: Whether it waits for the days in which it can be taken back.
        agreed: What happens at once, in the transaction in which the request was confirmed and verified.
        revoked: What is undone, in the transaction in which it is taken back.
        done: Response of `domain.yml` told in the chat when everything is done; empty to say nothing.
        mails_when_done: Whether the end is also told by mail (an erasure sends its certificate instead).
    """

    steps: Callable[[Work], Sequence[Step]]
    needs_code: Callable[[dict[str, Any]], bool] = field(default=lambda _details: True)
    waits_for_contact_hold: bool = False
    cools_off: bool = False
    agreed: Callable[[Session, Desk, datetime, PrivacyRequest], None] = _nothing
    revoked: Callable[[Session, Desk, datetime, PrivacyRequest], None] = _nothing
    done: str = ""
    mails_when_done: bool = True
