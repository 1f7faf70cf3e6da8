"""Your account: who you are, and a new password."""

from nicegui import ui

from bot.desk import pieces
from bot.desk.registry import page
from bot.desk.shell import ROLE_WORDS
from bot.desk.visit import EVERYBODY, Visit
from bot.errors import Invalid
from bot.privacy import staff_accounts


@page("/account", title="Your account")
def account(visit: Visit) -> None:
    """Who is signed in; a new password, which ends every sign-in of the account."""
    with pieces.part("Signed in"):
        staff = visit.staff
        pieces.facts([("Name", staff.name), ("Role", ROLE_WORDS[staff.role]), ("In the record", staff.actor)])
    with pieces.part("Change your password"):
        old = _field("Your present password", "current-password")
        new = _field("A new one, at least 12 characters", "new-password")
        again = _field("The new one again", "new-password")

        async def change() -> None:
            if new.value != again.value:
                raise Invalid("The two new passwords differ.")
            await visit.act(
                lambda session, staff: staff_accounts.change_password(
                    session, visit.now(), staff.id, old.value or "", new.value or ""
                ),
                EVERYBODY,
            )
            visit.go("/sign-in")

        pieces.button("Change it and sign in again", change, kind="main")


def _field(label: str, autocomplete: str) -> ui.input:
    return ui.input(label, password=True).props(f"outlined autocomplete={autocomplete}")
