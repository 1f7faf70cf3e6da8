"""`python -m bot policy`: what a new version changes, publishing it, and who has been told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.prompt import Confirm, Prompt
from rich.table import Table
from rich.text import Text

from bot import yaml_text
from bot.bootstrap import open_desk, policy_in_force
from bot.cli.console import console
from bot.config import get_settings
from bot.errors import Invalid
from bot.privacy import policy_overview
from bot.privacy.policy_update import Update, compare, publish
from bot.privacy.policy_words import MARK_WORDS
from bot.store.desk import Desk
from bot.store.policy_diff import Difference
from bot.store.policy_versions import Mark
from bot.vocabulary import ChangeMark

app = typer.Typer(help="The shop's privacy policy.", no_args_is_help=True)
out = console()
_STYLES = {"same": "", "removed": "red strike", "added": "green underline"}
_KEYS = {"r": ChangeMark.REDUCES_RIGHTS, "n": ChangeMark.NEUTRAL, "i": ChangeMark.IMPROVES}
File = Annotated[Path, typer.Argument(help="The version, as <version>.md in the policy folder.")]
Marks = Annotated[
    Path | None,
    typer.Option(help="YAML: for each changed clause `mark` (reduces_rights, neutral, improves) and `says`."),
]
By = Annotated[str, typer.Option("--by", help="Who publishes; stands in the record.")]


@app.command("diff")
def show_diff(file: File) -> None:
    """Show clause by clause and word by word what a version changes; nothing is published."""
    desk = open_desk()
    with desk.reading() as session:
        _print_changes(compare(session, desk, file))


@app.command("publish")
def publish_version(file: File, by: By, marks: Marks = None) -> None:
    """Publish a version: each change is marked by a person, and everybody is told before it takes effect."""
    desk = open_desk()
    with desk.reading() as session:
        update = compare(session, desk, file)
    if update.published:
        out.print(f"Version {update.policy.version} is published already. Nothing was done.")
        return
    if marks is None:
        _print_changes(update)
    given = _read(marks) if marks else _ask(update)
    _publish(desk, file, given, by)


@app.command("show")
def show(version: Annotated[str | None, typer.Argument(help="Left out: the version in force.")] = None) -> None:
    """List the clauses of a version, with their place in the file."""
    library, policy = policy_in_force(get_settings())
    if version is not None:
        policy = library.version(version)
    table = Table("clause", "title", "from", "to", box=None, title=f"Version {policy.version}")
    for clause in policy.by_id.values():
        table.add_row(clause.id, clause.title, str(clause.start), str(clause.end))
    out.print(table, soft_wrap=False)


@app.command("notices")
def notices(
    undelivered: Annotated[bool, typer.Option(help="Customers whom no notice has reached yet.")] = False,
) -> None:
    """Say who has been told of which version, and where the windows stand."""
    desk = open_desk()
    with desk.reading() as session:
        for each in policy_overview.overview(session, desk):
            table = Table(box=None, show_header=False, title=f"Version {each.version}, in effect from {each.effective}")
            for label, count in each.lines:
                table.add_row(label, str(count))
            out.print(table, soft_wrap=False)
            if undelivered:
                for customer, why in policy_overview.undelivered(session, each.version):
                    out.print(f"  customer {customer}: {why}")


def _publish(desk: Desk, file: Path, marks: Mapping[str, Mark], by: str) -> None:
    with desk.transaction() as session:
        # Compared once more: of two who publish at once, the second finds it done.
        update = compare(session, desk, file)
        done = publish(session, desk, desk.clock.now(), update, marks, by)
    out.print(
        f"Version {done.version} is published and takes effect on {done.policy.effective}. Customers are told now."
    )
    added = [change.clause for change in update.changes if change.new and not change.old and not change.new.heading]
    if added:
        out.print(f"New clauses need phrases in data/nlu and a sentence utter_ask_policy/<clause>: {', '.join(added)}.")


def _print_changes(update: Update) -> None:
    before = update.before.version if update.before else "nothing"
    out.print(
        f"Version {update.policy.version} replaces {before}: {len(update.changes)} changed clauses.", style="bold"
    )
    for change in update.changes:
        _print_change(change)


def _print_change(change: Difference) -> None:
    out.print(f"\n{change.kind}: {change.clause} ({change.title})", style="bold")
    text = Text()
    for piece in change.pieces:
        text.append(piece.text, style=_STYLES[piece.kind])
    out.print(text)


def _ask(update: Update) -> dict[str, Mark]:
    """Have every change marked, one after the other."""
    given = {}
    for change in update.changes:
        out.print(f"\n{change.clause} ({change.title})", style="bold")
        key = Prompt.ask(
            "Does it [r]educe rights, is it [n]eutral, or does it [i]mprove?".replace("[", r"\["), choices=[*_KEYS]
        )
        sentence = Prompt.ask("What changes, in one plain sentence")
        given[change.clause] = Mark(_KEYS[key], sentence)
    for clause, mark in given.items():
        out.print(f"{clause}: {mark.sentence} {MARK_WORDS[mark.mark]}")
    if not Confirm.ask("Publish it with these marks, so that every customer is told?", default=False):
        raise Invalid("Nothing was published.")
    return given


def _read(file: Path) -> dict[str, Mark]:
    try:
        written = yaml_text.read(file.read_text(encoding="utf-8")) or {}
        return {str(clause): Mark(ChangeMark(each["mark"]), str(each["says"])) for clause, each in written.items()}
    except (yaml.YAMLError, OSError, KeyError, TypeError, AttributeError, ValueError):
        names = ", ".join(ChangeMark)
        raise Invalid(
            f"The marks in {file.name} cannot be read. Write for each clause: mark (one of {names}) and says."
        ) from None
