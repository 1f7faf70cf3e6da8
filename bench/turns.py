"""How fast the desk answers: turns per second and latency beside a peer without a bot, and what a start costs.

Starts a desk with data of its own and the peer, and talks in turn to the desk's public API, to the engine alone and to
the peer, so that all of them meet the same machine. Prints a table and writes bench/out/turns.json.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.speakers import LINES, Line, Say, Watch, client, open_session, over_the_api, to_the_engine
from tests.stack import PROCESSES, Stack

PROJECT = Path(__file__).resolve().parent.parent
OUT = PROJECT / "bench" / "out"
AT_ONCE = (1, 8)
ROUNDS = 3
TURNS_PER_ROUND = {1: 16, 8: 5}  # of each speaker: 48 and 120 turns for every figure
_NO_LIMITS = {"RATE_LIMIT_SESSIONS": "100000/minute", "RATE_LIMIT_MESSAGES": "100000/minute"}
_PEER_SECONDS = 30

Results = dict[str, dict[str, Any]]


def main() -> None:
    """Start, measure, end, show."""
    console = Console(highlight=False)
    subprocess.run([sys.executable, "-m", "bot", "train"], cwd=PROJECT, check=True)  # Not to be timed as a start.
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        desk = Stack(Path(folder) / "desk", _NO_LIMITS)
        starts = {"first start, s (databases made)": _started(desk)}
        try:
            desk.stop()
            starts["second start, s"] = _started(desk)
            answers = asyncio.run(_answers(desk))
            with _peer(Path(folder), desk.port + 10, answers) as peer_url:
                turns = asyncio.run(_measure(desk, peer_url))
            memory = {name: _memory(desk.pid(name)) for name in PROCESSES}
        finally:
            desk.stop()
    report = {"cpus": os.cpu_count(), "starts": starts, "memory MB": memory, "turns": turns}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "turns.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    console.print(_turns_table(turns))
    console.print(_costs_table(starts, memory))


def _started(desk: Stack) -> float:
    begun = time.perf_counter()
    desk.start()
    return round(time.perf_counter() - begun, 1)


async def _answers(desk: Stack) -> dict[str, Any]:
    """One real answer for each line, which the peer will send back as it is; also warms everything up."""
    async with client(desk.url) as http:
        return {line.text: await over_the_api(http, line, await open_session(http, line.customer))() for line in LINES}


@contextmanager
def _peer(folder: Path, port: int, answers: dict[str, Any]) -> Iterator[str]:
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    script = Path(__file__).with_name("peer.py")
    command = [sys.executable, str(script), str(port), str(folder / "peer.sqlite3"), str(folder / "answers.json")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PEER_SECONDS)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + _PEER_SECONDS
    while True:
        try:
            httpx.get(f"{url}/openapi.json", timeout=5, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


async def _measure(desk: Stack, peer_url: str) -> list[dict[str, Any]]:
    secret = json.loads((desk.home / "secrets.json").read_text(encoding="utf-8"))["engine_secret"]
    engine_url = f"http://127.0.0.1:{desk.port + 1}"
    measured = []
    async with client(desk.url) as web, client(engine_url) as engine, client(peer_url) as peer:
        for line in LINES:
            for at_once in AT_ONCE:
                watches = {"desk": Watch(), "engine": Watch(), "peer": Watch()}
                for _ in range(ROUNDS):
                    for target, watch in watches.items():
                        speakers = [await _speaker(target, line, web, engine, peer, secret) for _ in range(at_once)]
                        await watch.time(speakers, TURNS_PER_ROUND[at_once])
                results: Results = {target: watch.summary() for target, watch in watches.items()}
                measured.append({"line": line.name, "at once": at_once, **results, "ratios": _ratios(results)})
    return measured


async def _speaker(
    target: str, line: Line, web: httpx.AsyncClient, engine: httpx.AsyncClient, peer: httpx.AsyncClient, secret: str
) -> Say:
    if target == "peer":
        return over_the_api(peer, line, await open_session(peer))
    opened = await open_session(web, line.customer)
    return over_the_api(web, line, opened) if target == "desk" else to_the_engine(engine, line, opened, secret)


def _ratios(results: Results) -> dict[str, float]:
    desk, engine, peer = (results[name] for name in ("desk", "engine", "peer"))
    return {
        "turns per second, desk to peer": round(desk["turns per second"] / peer["turns per second"], 3),
        "median, desk to peer": round(desk["median ms"] / peer["median ms"], 1),
        "95th percentile, desk to peer": round(desk["95th percentile ms"] / peer["95th percentile ms"], 1),
        "median, share of the engine with its actions": round(engine["median ms"] / desk["median ms"], 2),
    }


def _memory(pid: int | None) -> dict[str, float]:
    """Resident memory now and at its highest."""
    if pid is None:
        return {}
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return {name: round(int(lines[key].split()[0]) / 1024, 1) for name, key in (("now", "VmRSS"), ("most", "VmHWM"))}


def _turns_table(turns: list[dict[str, Any]]) -> Table:
    table = Table(
        box=None,
        title="desk: public API; engine: Rasa with its actions; peer: no bot. × beside the peer",
        title_justify="left",
    )
    for heading in ("said", "at once", "who", "turns/s", "median ms", "95 % ms", "median ×", "rate ×"):
        table.add_column(heading, justify="left" if heading in ("said", "who") else "right", no_wrap=True)
    for entry in turns:
        for who in ("desk", "engine", "peer"):
            figures, peer = entry[who], entry["peer"]
            first = (entry["line"], str(entry["at once"])) if who == "desk" else ("", "")
            values = [f"{figures[name]:.1f}" for name in ("turns per second", "median ms", "95th percentile ms")]
            values.append(f"{figures['median ms'] / peer['median ms']:.1f}")
            values.append(f"{figures['turns per second'] / peer['turns per second']:.2f}")
            table.add_row(*first, who, *values, end_section=who == "peer")
    return table


def _costs_table(starts: dict[str, float], memory: dict[str, dict[str, float]]) -> Table:
    table = Table("start and memory", "", "most", box=None)
    for name, seconds in starts.items():
        table.add_row(name, f"{seconds:.1f}", "")
    for name, sizes in memory.items():
        table.add_row(f"{name}, MB", *(f"{sizes[key]:.0f}" for key in ("now", "most") if key in sizes))
    return table


if __name__ == "__main__":
    main()
