"""The command line: `python -m bot --help`."""

import asyncio
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import typer

from bot.cli import audit, cases, certificate, conversations, datamap, policy, requests, staff
from bot.cli.console import console
from bot.cli.parse import parse
from bot.config import PROJECT, Settings, get_settings
from bot.errors import DeskError, SetupError

app = typer.Typer(help="The privacy desk.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
keys_app = typer.Typer(help="Encryption keys.", no_args_is_help=True)
app.add_typer(datamap.app, name="datamap")
app.add_typer(policy.app, name="policy")
app.add_typer(keys_app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(requests.app, name="requests")
app.add_typer(conversations.app, name="conversations")
app.add_typer(cases.app, name="cases")
app.add_typer(certificate.app, name="certificate")
app.add_typer(staff.app, name="staff")
app.command()(parse)
out = console()


def _prepare(settings: Settings) -> None:
    """Databases in shape; in demo mode the demo shop seeded."""
    from bot.bootstrap import migrate
    from bot.demo.seed import seed
    from bot.store.engine import make_engine

    migrate(settings)
    if settings.demo:
        engine = make_engine(settings.shop_database_url)
        seed(engine, datetime.now(UTC).date())
        engine.dispose()


@app.command()
def run() -> None:
    """Start everything and keep it running until Ctrl-C."""
    from bot.bootstrap import open_desk
    from bot.processes import process_specs, refuse_taken_ports, wait_until_it_answers
    from bot.supervisor import Supervisor, die_with_parent
    from bot.training import ensure_model

    die_with_parent(signal.SIGTERM)
    settings = get_settings()
    refuse_taken_ports(settings)
    ensure_model(settings)
    _prepare(settings)
    open_desk(settings).engine.dispose()

    async def announce() -> None:
        await wait_until_it_answers(settings)
        out.print(f"Privacy desk ready: {settings.public_url}")
        out.print(f"Staff desk: {settings.staff_url} (an account: .venv/bin/python -m bot staff add NAME --role admin)")

    async def everything() -> None:
        await Supervisor(process_specs(settings), settings.desk_home / "run", PROJECT).run(announce)

    asyncio.run(everything())


@app.command(hidden=True)
def process(name: str) -> None:
    """Run one process of the desk in the foreground; the supervisor calls this."""
    import uvicorn

    from bot import logs
    from bot.bootstrap import open_desk

    logs.configure(name)
    desk = open_desk()
    settings = desk.settings
    quiet: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 2,
    }
    if name == "actions":
        from actions.server import make_app as make_actions

        uvicorn.run(make_actions(desk), host="127.0.0.1", port=settings.actions_port, **quiet)
    elif name == "web":
        from bot.store.webhooks import refuse_unsafe
        from bot.web.app import make_app as make_web
        from bot.web.app import proxy_options
        from bot.web.internal import InternalDoor

        refuse_unsafe(settings)
        with InternalDoor(desk, **quiet):
            where: dict[str, Any] = {"host": settings.listen_host, "port": settings.port}
            uvicorn.run(make_web(desk), **where, **proxy_options(settings), **quiet)
    elif name == "worker":
        from bot.jobs import run_worker

        run_worker(desk)
    elif name == "desk":
        from bot.desk.app import make_app as make_desk

        # No proxy is believed here: sign-ins are counted by name and in all, never by address.
        uvicorn.run(make_desk(desk), host="127.0.0.1", port=settings.desk_port, proxy_headers=False, **quiet)
    else:
        raise SetupError(f"There is no process called {name}. They are actions, web, worker and desk.")


@app.command()
def seed() -> None:
    """Create the databases and, in demo mode, fill the demo shop."""
    _prepare(get_settings())
    out.print("The databases are ready.")


@app.command()
def train() -> None:
    """Build encoder and model, if anything they depend on changed."""
    from bot.training import ensure_model

    ensure_model(get_settings())


@app.command()
def purge() -> None:
    """Remove sessions and used shop tokens whose time is over; the worker does it every ten minutes."""
    from bot.bootstrap import open_desk
    from bot.jobs import forget_expired

    out.print(f"{forget_expired(open_desk())} rows removed.")


@keys_app.command("new")
def keys_new() -> None:
    """Print a new key; put it in front of the others in ENCRYPTION_KEYS."""
    from cryptography.fernet import Fernet

    out.print(Fernet.generate_key().decode())


@app.command()
def doctor() -> None:
    """Say what is missing, weak or unclassified; exit 1 when anything is."""
    from bot.doctor import findings

    problems = findings(get_settings())
    for problem in problems:
        out.print(f"- {problem}")
    if problems:
        raise typer.Exit(1)
    out.print("Everything is in order.")


def main() -> None:
    """Run the command line; whatever cannot be done ends in one sentence and exit code 1."""
    try:
        app()
    except DeskError as error:
        console(stderr=True).print(error.detail, style="bold red")
        sys.exit(1)


if __name__ == "__main__":
    main()
