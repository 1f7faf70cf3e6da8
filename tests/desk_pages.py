"""The staff desk in one process: accounts, sign-in over HTTP, and pages as members of staff see and use them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
from nicegui.testing import User

from bot.desk.app import application, make_app
from bot.privacy import staff_accounts, staff_sign_in
from bot.store.desk import Desk
from bot.vocabulary import StaffRole

PASSWORD = "seven purple lanterns"


class Patient(User):
    """Waits longer than NiceGUI's own `User`, since acts run in threads and machines are busy."""

    async def should_see(self, *target: object, retries: int = 100, **filters: object) -> None:
        """As `User.should_see`; returns as soon as it is seen."""
        await super().should_see(*target, retries=retries, **filters)  # type: ignore[call-overload]


def hire(desk: Desk, role: StaffRole = StaffRole.ADMIN, name: str | None = None) -> staff_accounts.NewAccess:
    """An account, named after its role unless told otherwise."""
    with desk.transaction() as session:
        return staff_accounts.add(session, desk.clock.now(), name or f"kim.{role}", role, PASSWORD, "test")


def code_of(access: staff_accounts.NewAccess, steps: int = 0) -> str:
    """The code of the authenticator app now, or so many steps of 30 seconds later."""
    return pyotp.TOTP(access.secret).at(datetime.now(UTC) + steps * timedelta(seconds=30))


def http(desk: Desk) -> httpx.AsyncClient:
    """A browser's way to the staff desk, not signed in."""
    transport = httpx.ASGITransport(make_app(desk))
    url = desk.settings.staff_url
    return httpx.AsyncClient(transport=transport, base_url=url, headers={"Origin": url})


def signed_in(desk: Desk, access: staff_accounts.NewAccess) -> httpx.AsyncClient:
    """The same with a session."""
    browser = http(desk)
    browser.cookies.set("desk", staff_sign_in.sign_in(desk, access.name, PASSWORD, code_of(access)))
    return browser


def at_the_desk(desk: Desk, role: StaffRole, visit: Callable[[User], Awaitable[None]]) -> None:
    """Let a member of staff with that role visit pages.

    `visit` is given NiceGUI's `User`: `await user.open("/cases")`, `await user.should_see("…")`,
    `user.find("Approve").click()`.
    """

    async def visiting() -> None:
        app = application()
        async with app.router.lifespan_context(app), signed_in(desk, hire(desk, role)) as browser:
            await visit(Patient(browser))

    asyncio.run(visiting())
