"""Starts the desk's processes, keeps them alive, and ends all of them with it.

Each process is a child that the kernel ends when the supervisor dies (Linux), so that none is ever left behind.
A process that dies is started again; one that cannot stay up ends the whole desk with a sentence.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.errors import SetupError

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_STEADY_SECONDS = 10.0
_MOST_FALLS = 5


def die_with_parent(sent: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent dies; does nothing where the kernel cannot."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sent)


@dataclass(frozen=True)
class ProcessSpec:
    """A process of the desk: its name and how it is started."""

    name: str
    command: list[str]
    environment: dict[str, str]


class Supervisor:
    """Runs a set of processes until told to stop.

    Files in `run_folder`: `<name>.pid` says where a process is, `<name>.log` what it said; while a file
    `<name>.down` exists, the process is not started again (as daemontools does it).
    """

    def __init__(self, specs: list[ProcessSpec], run_folder: Path, working_folder: Path) -> None:
        self._specs = specs
        self._folder = run_folder
        self._working_folder = working_folder
        self._stopping = asyncio.Event()
        run_folder.mkdir(parents=True, exist_ok=True)

    async def run(self, while_starting: Callable[[], object]) -> None:
        """Run everything until SIGINT or SIGTERM.

        Args:
            while_starting: Coroutine function awaited once the processes are started; it reports readiness.

        Raises:
            SetupError: A process cannot stay up.
        """
        loop = asyncio.get_running_loop()
        for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(caught, self._stopping.set)
        keepers = [asyncio.create_task(self._keep(spec)) for spec in self._specs]
        opening = asyncio.ensure_future(while_starting())  # type: ignore[call-overload]
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            waiting = {*keepers, opening, stopped}
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if stopped in done:
                    return
        finally:
            self._stopping.set()
            opening.cancel()
            await asyncio.gather(*keepers, opening, return_exceptions=True)

    async def _keep(self, spec: ProcessSpec) -> None:
        falls = 0
        while not self._stopping.is_set():
            if (self._folder / f"{spec.name}.down").exists():
                await self._pause(_LOOK_SECONDS)
                continue
            begun = time.monotonic()
            await self._live_once(spec)
            if self._stopping.is_set():
                return
            if (self._folder / f"{spec.name}.down").exists():
                continue
            falls = 1 if time.monotonic() - begun > _STEADY_SECONDS else falls + 1
            if falls >= _MOST_FALLS:
                raise SetupError(f"The {spec.name} process ends again and again. {self._last_words(spec)}")
            await self._pause(_LOOK_SECONDS * falls)

    async def _live_once(self, spec: ProcessSpec) -> None:
        with (self._folder / f"{spec.name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *spec.command,
                cwd=self._working_folder,
                env=spec.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        (self._folder / f"{spec.name}.pid").write_text(str(process.pid), encoding="ascii")
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            await self._end(process, ended)
        (self._folder / f"{spec.name}.pid").unlink(missing_ok=True)

    async def _end(self, process: asyncio.subprocess.Process, ended: "asyncio.Task[int]") -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await asyncio.wait({ended}, timeout=_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await ended

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _last_words(self, spec: ProcessSpec) -> str:
        log = self._folder / f"{spec.name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"It last said: {lines[-1][:300]}" if lines else "It said nothing."
