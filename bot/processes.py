"""Which processes the desk is made of, and when they are ready together."""

import asyncio
import errno
import os
import secrets
import socket
import sys
import time
from pathlib import Path

import httpx

from bot.config import PROJECT, Settings
from bot.errors import SetupError
from bot.supervisor import ProcessSpec

_READY_SECONDS = 90


def engine_python() -> Path:
    """The engine's own interpreter.

    Raises:
        SetupError: It has not been set up.
    """
    python = PROJECT / ".venv-engine" / "bin" / "python"
    if not python.exists():
        raise SetupError("The engine's runtime is missing. Run: make setup")
    return python


def process_specs(settings: Settings) -> list[ProcessSpec]:
    """Every process, with the settings it needs in its environment."""
    common = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    desk = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    engine = common | {
        "ENGINE_PORT": str(settings.engine_port),
        "ENGINE_SECRET": settings.engine_secret,
        "ACTIONS_URL": f"{settings.actions_url}/webhook",
        "TRACKER_DATABASE_URL": settings.tracker_database_url,
        "ENCRYPTION_KEYS": settings.encryption_keys,
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
    own = [sys.executable, "-m", "bot", "process"]
    return [
        ProcessSpec("engine", [str(engine_python()), "-m", "bot.engine.launch"], engine),
        ProcessSpec("actions", [*own, "actions"], desk),
        ProcessSpec("web", [*own, "web"], desk),
        ProcessSpec("worker", [*own, "worker"], desk),
        ProcessSpec("desk", [*own, "desk"], desk),
    ]


def refuse_taken_ports(settings: Settings) -> None:
    """Stop before anything starts when a port cannot be opened.

    Raises:
        SetupError: Names the port and the setting that moves it, or the address that is none of this machine.
    """
    wanted = {"PORT": settings.port, "ENGINE_PORT": settings.engine_port}
    wanted |= {"ACTIONS_PORT": settings.actions_port, "INTERNAL_PORT": settings.internal_port}
    wanted |= {"DESK_PORT": settings.desk_port}
    for name, port in wanted.items():
        host = settings.listen_host if name == "PORT" else "127.0.0.1"
        try:
            _open(host, port)
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise SetupError(f"LISTEN_HOST is no address of this machine: {host}.") from None
            if error.errno == errno.EACCES:
                raise SetupError(f"Port {port} may not be opened by this user. Set {name} to one above 1023.") from None
            raise SetupError(
                f"Port {port} is taken by another program. Stop that one, or set {name} to a free port."
            ) from None


def _open(host: str, port: int) -> None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


async def wait_until_it_answers(settings: Settings) -> None:
    """Return when a chat message has come back through web, engine and tracker, and every part says ready.

    Raises:
        SetupError: That did not happen in time.
    """
    give_up_at = time.monotonic() + _READY_SECONDS
    async with httpx.AsyncClient(base_url=settings.web_url, timeout=10, trust_env=False) as client:
        while time.monotonic() < give_up_at:
            try:
                ready = (await client.get("/readyz")).status_code == httpx.codes.OK
                if ready and await _chat_answers(client) and await _staff_desk_answers(client, settings):
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    raise SetupError(
        f"The desk did not answer within {_READY_SECONDS} seconds. See {settings.desk_home / 'run'}/*.log."
    )


async def _chat_answers(client: httpx.AsyncClient) -> bool:
    opened = await client.post("/api/v1/sessions")
    if opened.status_code != httpx.codes.CREATED:  # too many of them, or a part that is not ready yet
        return False
    headers = {"Authorization": f"Bearer {opened.json()['token']}", "Idempotency-Key": secrets.token_hex(8)}
    answer = await client.post("/api/v1/messages", headers=headers, json={"text": "Do you sell my data?"})
    return answer.status_code == httpx.codes.OK and bool(answer.json()["messages"])


async def _staff_desk_answers(client: httpx.AsyncClient, settings: Settings) -> bool:
    answer = await client.get(f"http://127.0.0.1:{settings.desk_port}/healthz")
    return answer.status_code == httpx.codes.OK
