"""The command line for privacy requests: the list, and what a person decides about one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.bootstrap import open_desk
from bot.cli.console import console
from bot.errors import NotFound
from bot.privacy import fulfilment, holds, request_log
from bot.privacy.deadlines import date_of
from bot.privacy.deadlines_extension import extend
from bot.privacy.deadlines_rules import ExtensionReason
from bot.privacy.outcome import alarms_of
from bot.privacy.request_desk import checked_by_person
from bot.privacy.worklist import worklist
from bot.store import audit
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import AuditEvent, HoldKind

app = typer.Typer(help="Privacy requests: list them, and decide what only a person may decide.")
out = console()
By = Annotated[str, typer.Option("--by", help="Who decides; stands in the record.")]


@app.callback(invoke_without_command=True)
def list_requests(
    context: typer.Context, show_all: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False
) -> None:
    """List privacy requests and cases that are not closed, nearest due date first."""
    if context.invoked_subcommand:
        return
    desk = open_desk()
    table = Table("number", "kind", "state", "priority", "received", "due", box=None)
    with desk.reading() as session:
        for entry in worklist(session, show_all):
            dates = (f"{date_of(entry.received_at, desk.settings)}", f"{date_of(entry.due_at, desk.settings)}")
            table.add_row(entry.number, entry.kind, entry.state, entry.priority, *dates)
    out.print(table, soft_wrap=False)


@app.command()
def show(number: str) -> None:
    """Show one request: where it stands, what holds it up, what a person is needed for, and what could not be done."""
    desk = open_desk()
    with desk.reading() as session:
        request = session.get(PrivacyRequest, number)
        if request is None:
            raise NotFound("There is no request with that number.")
        table = Table("", "", box=None, show_header=False)
        for name in ("number", "kind", "state", "regime", "received_at", "due_at", "verified_at", "not_before"):
            table.add_row(name.replace("_", " "), str(getattr(request, name) or ""))
        table.add_row("on hold because of", request.hold_reason or "")
        for at, happened in alarms_of(session, number):
            table.add_row("a person is needed", f"{happened} ({date_of(at, desk.settings)})")
        for step, lines in (request.outcome or {}).get("rest", {}).items():
            table.add_row(f"left by {step}", "\n".join(lines))
        out.print(table, soft_wrap=False)


@app.command("log")
def export_log(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; standard output when left out.")] = None,
    by: By = "command line",
) -> None:
    """Write counts by year and the log of the last 24 months as CSV, without anybody's name (CCPA 7101, 7102)."""
    desk = open_desk()
    with desk.transaction() as session:
        audit.record(session, desk.clock.now(), AuditEvent.REQUEST_LOG_EXPORTED, actor=by)
    with desk.reading() as session:
        made = request_log.as_csv(session, desk, desk.clock.now())
    if file is None:
        typer.echo(made, nl=False)
    else:
        file.write_text(made, encoding="utf-8-sig", newline="")
        out.print(f"Written to {file}.")


@app.command("verified")
def mark_verified(number: str, by: By) -> None:
    """Let a request go on whose person was checked by other means, since the shop holds no address for a code."""
    desk = open_desk()
    with desk.transaction() as session:
        state = checked_by_person(session, desk, desk.clock.now(), number, by)
    out.print(f"{number} goes on: {state}.")


@app.command()
def retry(number: str, by: By) -> None:
    """Take up what a request left undone, once its cause was mended."""
    fulfilment.retry(open_desk(), number, by)
    out.print(f"{number} is taken up again.")


@app.command("extend")
def give_more_time(
    number: str, reason: Annotated[ExtensionReason, typer.Option(help="Why; the person is told.")], by: By
) -> None:
    """Give a request the one extension its regime allows; the person is told at once, with the reason."""
    desk = open_desk()
    with desk.transaction() as session:
        until = extend(session, desk, desk.clock.now(), number, reason, actor=by)
    out.print(f"{number} is to be answered by {date_of(until, desk.settings):%Y-%m-%d}.")


@app.command()
def hold(customer: str, reference: Annotated[str, typer.Option(help="The legal matter.")], by: By) -> None:
    """Keep a customer's data from being erased while a legal matter runs."""
    desk = open_desk()
    subject = desk.shop.number_of(customer)
    if subject is None:
        raise NotFound("The shop has no such customer.")
    with desk.transaction() as session:
        holds.place(session, desk.clock.now(), subject, HoldKind.LEGAL, None, reference, actor=by)
    out.print(f"Held under {reference}.")


@app.command()
def release(reference: Annotated[str, typer.Option(help="The legal matter.")], by: By) -> None:
    """End a legal matter for everybody held under that name; requests it kept waiting go on."""
    desk = open_desk()
    with desk.transaction() as session:
        holds.release(session, desk.clock.now(), reference, by)
    out.print(f"Released {reference}.")
