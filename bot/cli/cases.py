"""The command line for what people brought to the shop: complaints, questions, suggestions, reports."""

from typing import Annotated

import typer
from rich.table import Table

from bot.bootstrap import open_desk
from bot.cli.console import console
from bot.privacy import complaint_answer, complaint_desk
from bot.privacy.complaint import KIND_WORDS
from bot.privacy.complaint_answer import brought_case
from bot.privacy.complaint_files import files_of
from bot.privacy.deadlines import date_of
from bot.vocabulary import CaseKind

app = typer.Typer(help="Complaints and the like: list them, answer or refuse them, close what is answered.")
out = console()
By = Annotated[str, typer.Option("--by", help="Who does it; stands in the record.")]


@app.callback(invoke_without_command=True)
def list_cases(
    context: typer.Context, everything: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False
) -> None:
    """List what waits for an answer: urgent first, then nearest due date."""
    if context.invoked_subcommand:
        return
    desk = open_desk()
    table = Table("number", "kind", "state", "priority", "with", "request", "received", "due", box=None)
    with desk.reading() as session:
        for case in complaint_desk.waiting_cases(session, everything=everything):
            dates = (f"{date_of(case.created_at, desk.settings)}", f"{date_of(case.due_at, desk.settings)}")
            who = (case.assigned_to or "", case.request_number or "")
            table.add_row(case.number, case.kind, case.state, case.priority, *who, *dates)
    out.print(table, soft_wrap=False)


@app.command()
def show(number: str) -> None:
    """Show one case: what the person brought, and everything that was written about it."""
    with open_desk().reading() as session:
        case = brought_case(session, number)
        table = Table("", "", box=None, show_header=False)
        table.add_row("number", case.number)
        table.add_row("kind", KIND_WORDS[CaseKind(case.kind)])
        for name in ("state", "priority", "created_at", "due_at", "confirmed_at", "assigned_to", "request_number"):
            table.add_row(name.replace("_", " "), str(getattr(case, name) or ""))
        for label, words in (("what happened", case.statement), ("about", case.about), ("wish", case.wish)):
            table.add_row(label, words or "")
        for file in files_of(session, number):
            table.add_row("file", f"{file.id} {file.name} ({file.size} bytes)")
        for line in complaint_desk.desk_lines(session, number):
            parts = (line.text, line.basis, line.complain_to)
            table.add_row(f"{line.kind} by {line.by or 'the person'}", "\n".join(each for each in parts if each))
        out.print(table, soft_wrap=False)


@app.command()
def answer(number: str, text: Annotated[str, typer.Option(help="The answer; the person reads it.")], by: By) -> None:
    """Answer a case: the person reads it in the chat and by mail."""
    desk = open_desk()
    with desk.transaction() as session:
        complaint_answer.answer_case(session, desk, desk.clock.now(), number, by, text)
    out.print(f"{number} is answered.")


@app.command()
def refuse(
    number: str,
    reason: Annotated[str, typer.Option(help="Why; the person reads it.")],
    basis: Annotated[str, typer.Option(help="The law, or the clause of the policy, it rests on.")],
    complain_to: Annotated[str, typer.Option(help="Where the person can complain further.")],
    by: By,
) -> None:
    """Refuse what a case asks for, with reason, basis and where to complain further."""
    desk = open_desk()
    with desk.transaction() as session:
        complaint_answer.refuse_case(session, desk, desk.clock.now(), number, by, reason, basis, complain_to)
    out.print(f"{number} is refused, and the person knows why.")


@app.command()
def close(number: str, by: By) -> None:
    """Close a case that was answered or refused; the person can open it again once."""
    desk = open_desk()
    with desk.transaction() as session:
        complaint_desk.close(session, desk, desk.clock.now(), number, by)
    out.print(f"{number} is closed.")


@app.command()
def assign(number: str, to: Annotated[str, typer.Option(help="Who looks after it from now on.")], by: By) -> None:
    """Give a case to a colleague."""
    desk = open_desk()
    with desk.transaction() as session:
        complaint_desk.assign(session, desk.clock.now(), number, to, by)
    out.print(f"{number} is with {to}.")


@app.command()
def note(number: str, text: Annotated[str, typer.Option(help="For colleagues.")], by: By) -> None:
    """Write a note for colleagues; it is not shown in the chat, but is part of a copy of the person's data."""
    desk = open_desk()
    with desk.transaction() as session:
        complaint_desk.note(session, desk.clock.now(), number, by, text)
    out.print(f"Noted on {number}.")
