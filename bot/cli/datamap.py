"""The commands of the data map: `python -m bot datamap --help`."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from bot.cli.console import console
from bot.config import get_settings
from bot.errors import SetupError
from bot.store import customers
from bot.store import datamap as datamaps
from bot.store.datamap import documenting
from bot.store.datamap.reflecting import other_schemas
from bot.store.datamap.scaffold import Proposal, propose
from bot.store.engine import make_engine
from bot.store.shop import ShopStore

app = typer.Typer(help="The map of personal data in the shop's database.", no_args_is_help=True)
out = console()
beside = console(stderr=True)

Url = Annotated[str | None, typer.Option(help="The shop's database; SHOP_DATABASE_URL when left out.")]
Map = Annotated[Path | None, typer.Option("--map", help="The data map; DATAMAP when left out.")]


@app.command()
def scaffold(
    url: Url = None,
    file: Annotated[Path | None, typer.Option("--out", help="Where to write it; a file that is there stays.")] = None,
    subject: Annotated[str | None, typer.Option(help="The table of the customers, if it is not found.")] = None,
    schema: Annotated[list[str] | None, typer.Option(help="A further schema to read; may be given again.")] = None,
) -> None:
    """Write a first map from a live database; what a person must decide is marked and counted."""
    if file is not None and file.exists():
        raise SetupError(f"{file} is there already. Name another file, so that no work is lost.")
    engine = make_engine(url or get_settings().shop_database_url)
    try:
        made = propose(engine, subject, schema or ())
    except SQLAlchemyError as error:
        raise _unreadable(error) from None
    finally:
        engine.dispose()
    if file is None:
        typer.echo(made.text, nl=False)
    else:
        file.write_text(made.text, encoding="utf-8")
    _summarise(made, file)


def _summarise(made: Proposal, file: Path | None) -> None:
    tables = made.personal + made.others
    beside.print(f"{tables} tables: {made.personal} about people, {made.others} not. The people are in {made.subject}.")
    groups = Counter(decision.group for decision in made.decisions)
    count = len(made.decisions)
    beside.print(f"{count} {'place' if count == 1 else 'places'} to decide:")
    for group, number in groups.items():
        beside.print(f"  {group}: {number}")
    if file is not None:
        beside.print(f"Written to {file}. Decide, then run: python -m bot datamap check --map {file}")


@app.command()
def check(url: Url = None, file: Map = None) -> None:
    """Compare the data map with the live shop database; exit 1 when they do not fit."""
    settings = get_settings()
    path = file or settings.datamap
    datamap = datamaps.load(path)
    engine = make_engine(url or settings.shop_database_url)
    try:
        shop = ShopStore(engine, datamap)
        problems = datamaps.check(datamap, shop.metadata) or customers.refused(shop)
        unread = other_schemas(engine, datamap.schemas)
    except SQLAlchemyError as error:
        raise _unreadable(error) from None
    finally:
        engine.dispose()
    if len(problems) > 1:
        for problem in problems:
            out.print(f"- {problem}")
    for name, count in sorted(unread.items()):
        out.print(
            f"Note: the schema {name} ({count} tables) is not read; add it to `schemas` if it holds customers' data."
        )
    if problems:
        more = f" And {len(problems) - 1} more, listed above." if len(problems) > 1 else ""
        raise SetupError(f"{path.name} does not fit the shop database: {problems[0]}{more}")
    out.print("Every column of the shop database is on the data map.")


@app.command()
def show(
    form: Annotated[Literal["table", "markdown"], typer.Option("--format", help="table or markdown")] = "table",
    file: Map = None,
) -> None:
    """Print the data map as the documentation's table: what is held, why, how long, and what erasure leaves."""
    datamap = datamaps.load(file or get_settings().datamap)
    if form == "markdown":
        typer.echo(documenting.markdown(datamap), nl=False)
        return
    table = Table("table", "data", "class", "shown", "erasure", "until", box=None)
    for row in documenting.rows(datamap):
        table.add_row(row.table, row.data, row.policy_class, row.shown, row.erasure, row.until)
    out.print(table, soft_wrap=False)


def _unreadable(error: SQLAlchemyError) -> SetupError:
    # The text of the error may hold the address with its password, or values.
    return SetupError(f"The shop database cannot be read ({type(error).__name__}). Check the URL.")
