"""`python -m bot staff`: accounts of the staff desk. The first admin can be made nowhere else."""

import getpass
import secrets
import sys
from typing import Annotated

import typer
from rich.table import Table

from bot.bootstrap import migrate, open_desk
from bot.cli.console import console
from bot.config import get_settings
from bot.privacy import staff_accounts
from bot.privacy.staff_accounts import NewAccess
from bot.store.desk import Desk
from bot.vocabulary import StaffRole

app = typer.Typer(help="Accounts of the staff desk.", no_args_is_help=True)
out = console()
Name = Annotated[str, typer.Argument(help="What they sign in with, such as kim.porter.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it.")]
By = Annotated[str, typer.Option("--by", help="Who decides; stands in the record.")]
COMMAND_LINE = "command line"


@app.command()
def add(
    name: Name,
    role: Annotated[StaffRole, typer.Option(help="What they may do.")],
    generate: Generate = False,
    by: By = COMMAND_LINE,
) -> None:
    """Give somebody an account: asks for a password, prints the key of the second factor once."""
    desk = _desk()
    password = _password(generate)
    with desk.transaction() as session:
        made = staff_accounts.add(session, desk.clock.now(), name, role, password, by)
    _show(desk, made, password if generate else None)


@app.command("list")
def list_accounts() -> None:
    """List every account."""
    table = Table("number", "name", "role", "since", "", box=None)
    with _desk().reading() as session:
        for account in staff_accounts.accounts(session):
            since = f"{account.created_at:%Y-%m-%d}"
            ended = f"disabled since {account.disabled_at:%Y-%m-%d}" if account.disabled_at else ""
            table.add_row(str(account.staff_id), account.name, account.role, since, ended)
    out.print(table, soft_wrap=False)


@app.command()
def disable(name: Name, by: By = COMMAND_LINE) -> None:
    """End an account; whoever is signed in with it is out at once."""
    desk = _desk()
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), name, by)
    out.print(f"The account {name} is disabled.")


@app.command()
def reset(
    name: Name,
    role: Annotated[StaffRole | None, typer.Option(help="Another role.")] = None,
    generate: Generate = False,
    by: By = COMMAND_LINE,
) -> None:
    """Give an account a new password and a new second factor, and open it again if it was disabled or paused."""
    desk = _desk()
    password = _password(generate)
    with desk.transaction() as session:
        made = staff_accounts.reset(session, desk, desk.clock.now(), name, password, by, role)
    _show(desk, made, password if generate else None)


def _desk() -> Desk:
    settings = get_settings()
    migrate(settings)
    return open_desk(settings)


def _password(generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(15)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password, at least 12 characters: ")
    if first != getpass.getpass("Once more: "):
        raise typer.BadParameter("The two passwords differ.")
    return first


def _show(desk: Desk, made: NewAccess, password: str | None) -> None:
    out.print(f"Sign in at {desk.settings.staff_url} as {made.name}.")
    if password:
        out.print(f"Password:     {password}")
    out.print(f"Second factor, for an authenticator app (shown this once): {made.secret}")
    out.print(f"The same as an address: {made.uri}")
