"""What the command line prints is whole where nobody looks at a terminal, and people's words stay as they are."""

from rich.table import Table

from bot.cli.console import console


def test_no_number_is_shortened_in_a_pipe(capsys):
    table = Table("number", "kind", "state", "priority", "received", "due", box=None)
    table.add_row("PR-2026-000123", "cancel_account", "awaiting_verification", "normal", "2026-11-23", "2026-12-23")
    console().print(table, soft_wrap=False)
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "PR-2026-000123", "cancel_account", "awaiting_verification", "normal", "2026-11-23", "2026-12-23"
    ]  # fmt: skip


def test_peoples_words_are_no_markup(capsys):
    table = Table("", box=None)
    table.add_row("they wrote [/quote] and [red]late[/red]")
    console().print(table, soft_wrap=False)
    console().print("Held under matter [draft] 7.")
    said = capsys.readouterr().out
    assert "they wrote [/quote] and [red]late[/red]" in said and "Held under matter [draft] 7." in said
