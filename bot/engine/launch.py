"""Starts the engine: ``python -m bot.engine.launch``.

Listens on 127.0.0.1 only, offers nothing but the desk's channel, and reports ready only when a trained model is loaded
and the tracker database answers. Every reason not to start is one sentence and exit status 1.
"""

import ctypes
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Mapping, Optional

from bot.engine import quiet_logging
from bot.engine.errors import CannotStart
from bot.engine.without_tensorflow import leave_out_plotting

NEEDED = {
    "ENGINE_PORT": "the port to listen on",
    "ENGINE_SECRET": "the secret shared with the web process and the actions",
    "ACTIONS_URL": "the address of the action server",
    "TRACKER_DATABASE_URL": "the address of the tracker database",
    "ENCRYPTION_KEYS": "the keys that encrypt stored conversations",
}
MODELS = Path("models")
_PR_SET_PDEATHSIG = 1
_MALLOPT = {-1: 128 * 1024, -3: 128 * 1024, -8: 1}  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX


def give_memory_back() -> None:
    """Asks glibc to return freed memory at once: long messages otherwise leave some 40 MB behind for good."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform.startswith("linux") else None
    if mallopt is not None:
        for parameter, value in _MALLOPT.items():
            mallopt(parameter, value)


def die_with_parent() -> None:
    """Asks Linux to end this process when the one that started it ends; other systems do without."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise CannotStart("The process that started the engine is gone.")


def check_settings(environment: Mapping[str, str]) -> int:
    """Returns the port; a missing or malformed setting is named.

    Raises:
        CannotStart: a setting is missing or malformed.
    """
    for name, meaning in NEEDED.items():
        if not environment.get(name, "").strip():
            raise CannotStart(f"{name} is not set. It holds {meaning}.")
    port = environment["ENGINE_PORT"].strip()
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise CannotStart("ENGINE_PORT is not a port number between 1 and 65535.")
    return int(port)


def bound_socket(port: int) -> socket.socket:
    """A socket on 127.0.0.1.

    Raises:
        CannotStart: the port is taken or not allowed.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise CannotStart(f"Port {port} cannot be used ({error.strerror}). Set ENGINE_PORT to a free one.") from error
    return listener


def newest_model(folder: Path = MODELS) -> Path:
    """The model that was put in place last.

    Raises:
        CannotStart: there is none.
    """
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise CannotStart(f"There is no trained model in {folder}/. Run: make train")
    return models[-1]


def run(environment: Mapping[str, str]) -> None:
    """Loads the agent and serves until the process is told to end.

    Raises:
        CannotStart: whatever keeps the engine from answering messages.
    """
    port = check_settings(environment)
    listener = bound_socket(port)
    model = newest_model()
    from bot.engine.server import load_agent, make_app

    agent = load_agent(model, Path("endpoints.yml"))
    app = make_app(agent, Path("credentials.yml"))
    listener.listen(100)
    app.run(sock=listener, workers=1, access_log=False, motd=False, debug=False)


def main(environment: Optional[Mapping[str, str]] = None) -> int:
    """Command line; returns the exit status."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    leave_out_plotting()
    quiet_logging.configure(logging.WARNING)
    give_memory_back()
    # Until the server listens to it itself, and between its first answer and that.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        die_with_parent()
        run(os.environ if environment is None else environment)
    except CannotStart as error:
        print(f"The engine cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
