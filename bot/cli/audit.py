"""The command line for the record of what the desk did."""

from typing import Annotated

import typer
from rich.table import Table

from bot import logs
from bot.bootstrap import open_desk
from bot.cli.console import console
from bot.store.audit import newest
from bot.store.audit_anchor import write_anchor
from bot.store.audit_check import check

app = typer.Typer(help="The record of what the desk did.")
out = console()


@app.callback(invoke_without_command=True)
def entries(context: typer.Context, last: Annotated[int, typer.Option(help="How many entries.", min=1)] = 50) -> None:
    """The record of what the desk did; without a further word it is listed."""
    if context.invoked_subcommand is None:
        list_entries(last)


@app.command("list")
def list_entries(last: Annotated[int, typer.Option(help="How many entries.", min=1)] = 50) -> None:
    """List what the desk did, newest first: times, events and numbers."""
    table = Table("at", "event", "number", "conversation", box=None)
    with open_desk().reading() as session:
        for entry in newest(session, last):
            table.add_row(
                f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.event, entry.reference or "", entry.conversation_id or ""
            )
    out.print(table, soft_wrap=False)


@app.command("verify")
def verify() -> None:
    """Check every entry's seal, the head and the anchors; exit 1 with a sentence for each thing that is wrong."""
    verdict = check(open_desk())
    for note in verdict.notes:
        out.print(f"Note: {note}")
    for finding in verdict.findings:
        out.print(f"- {finding}")
    if not verdict.intact:
        raise typer.Exit(1)
    out.print(f"{verdict.entries} entries are as they were written. Anchors that agree: {verdict.anchors}.")


@app.command("anchor")
def anchor() -> None:
    """Write down now, signed and outside the database, how far the record has come; the worker does it daily."""
    logs.configure("command")
    written = write_anchor(open_desk(), again=True)
    out.print("There is nothing to anchor yet." if written is None else f"Anchored at entry {written.number}.")
