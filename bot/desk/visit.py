"""What a page is given: who looks at it, the desk, and the two ways to the database."""

from collections.abc import Callable, Collection
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from nicegui import Client, ui
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from bot.privacy.approval import APPROVERS
from bot.privacy.staff_sign_in import Staff, permitted
from bot.store.desk import Desk
from bot.vocabulary import StaffRole

EVERYBODY = frozenset(StaffRole)
WORKING = EVERYBODY - {StaffRole.AUDITOR}
"""Who may change anything at all: auditors only read."""
DECIDING = APPROVERS
"""Who decides about requests: approves, denies, holds."""


@dataclass(frozen=True)
class Visit:
    """One member of staff at one page.

    Attributes:
        desk: Settings, clock, databases.
        client: Their page, whatever of it is rebuilt meanwhile.
        staff: Who they are; as they were when the page was opened.
        roles: Who may read this page.
    """

    desk: Desk
    client: Client
    staff: Staff
    roles: Collection[StaffRole]

    def may(self, roles: Collection[StaffRole]) -> bool:
        """Whether to offer something; the act itself is guarded by `act`."""
        return self.staff.role in roles

    def now(self) -> datetime:
        """The desk's time."""
        return self.desk.clock.now()

    async def read[T](self, work: Callable[[Session], T]) -> T:
        """Read something outside of the event loop, if this member of staff still may.

        Args:
            work: Given a session that only reads; returns plain values.

        Raises:
            NotAllowed: The sign-in has ended, or the role may no longer see this page.
        """

        def reading() -> T:
            with self.desk.reading() as session:
                permitted(session, self.desk, self.staff.key, self.roles)
                return work(session)

        _PAGE.set(self.client)
        return await run_in_threadpool(reading)

    async def act[T](self, work: Callable[[Session, Staff], T], roles: Collection[StaffRole] = WORKING) -> T:
        """Do something in one transaction, if this member of staff may at this moment.

        An error rolls everything back and is told on the page.

        Args:
            work: Given a session and who acts, as they are now; calls a use case with `actor=staff.actor`.
            roles: Who may.

        Raises:
            NotAllowed: They may not.
            DeskError: The use case said no.
        """

        def acting() -> T:
            with self.desk.transaction() as session:
                return work(session, permitted(session, self.desk, self.staff.key, roles))

        _PAGE.set(self.client)
        return await run_in_threadpool(acting)

    def done(self, sentence: str) -> None:
        """Say that something was done, also when the button that did it was rebuilt meanwhile."""
        with self.client:
            ui.notify(sentence, type="positive", timeout=4000)

    def go(self, path: str) -> None:
        """Lead to another page, likewise."""
        with self.client:
            ui.navigate.to(path)


_PAGE: ContextVar[Client | None] = ContextVar("page", default=None)


def complain(sentence: str) -> None:
    """Say what went wrong in an act, on the page it was done on."""
    page = _PAGE.get()
    with page or nullcontext():
        ui.notify(sentence, type="negative", timeout=8000)
