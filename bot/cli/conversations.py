"""The command line for stored conversations: list them, and make a test of one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.bootstrap import open_desk
from bot.cli.console import console
from bot.privacy.conversation_export import export_conversation, recent

app = typer.Typer(help="Stored conversations: list them, and make a test of one.", no_args_is_help=True)
out = console()


@app.command("list")
def list_conversations(last: Annotated[int, typer.Option(help="How many.", min=1)] = 50) -> None:
    """List the conversations that are kept, newest first; nothing of what was said is shown."""
    table = Table("id", "begun", "messages", "signed in", box=None)
    with open_desk().reading() as session:
        for line in recent(session, last):
            table.add_row(
                line.id, f"{line.begun_at:%Y-%m-%d %H:%M}", str(line.messages), "yes" if line.signed_in else "no"
            )
    out.print(table, soft_wrap=False)


@app.command()
def export(
    conversation: Annotated[str, typer.Argument(help="Its id, from the list.")],
    by: Annotated[str, typer.Option("--by", help="Who asks; stands in the record.")],
    to: Annotated[Path | None, typer.Option(help="File to write, else it is printed.")] = None,
) -> None:
    """Write a conversation as a test for tests/conversations, with every personal value replaced by an invented one."""
    desk = open_desk()
    with desk.transaction() as session:
        exported = export_conversation(session, desk, desk.clock.now(), conversation, actor=by)
    if to is None:
        typer.echo(exported.text, nl=False)
    else:
        to.write_text(exported.text, encoding="utf-8")
    if exported.gaps:
        typer.echo(f"{exported.gaps} gaps are left for you to fill with something invented.", err=True)
