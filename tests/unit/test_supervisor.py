"""Processes start, are kept alive, and end together."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bot.errors import SetupError
from bot.supervisor import ProcessSpec, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def pid_in(folder, name):
    file = folder / f"{name}.pid"
    return int(file.read_text() or 0) if file.exists() else 0


def started(tmp_path, *commands):
    """A supervisor in a process of its own, as it is in life."""
    script = textwrap.dedent(f"""
        import asyncio, pathlib
        from bot.supervisor import ProcessSpec, Supervisor
        async def opening(): pass
        specs = [ProcessSpec(f"p{{n}}", command, {{}}) for n, command in enumerate({list(commands)!r})]
        asyncio.run(Supervisor(specs, pathlib.Path({str(tmp_path)!r}), pathlib.Path(".")).run(opening))
    """)
    return subprocess.Popen([sys.executable, "-c", script])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_is_left_behind_however_the_supervisor_ends(tmp_path, sent):
    supervisor = started(tmp_path, SLEEPER, SLEEPER)
    assert eventually(lambda: pid_in(tmp_path, "p0") and pid_in(tmp_path, "p1"))
    pids = [pid_in(tmp_path, "p0"), pid_in(tmp_path, "p1")]
    supervisor.send_signal(sent)
    supervisor.wait(15)
    assert eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_a_process_that_does_not_listen_is_ended_all_the_same(tmp_path):
    supervisor = started(tmp_path, STUBBORN)
    assert eventually(lambda: (tmp_path / "p0.log").exists() and "deaf" in (tmp_path / "p0.log").read_text())
    pid = pid_in(tmp_path, "p0")
    supervisor.send_signal(signal.SIGTERM)
    supervisor.wait(15)
    assert not is_alive(pid)


def test_a_process_that_dies_is_started_again(tmp_path):
    supervisor = started(tmp_path, SLEEPER)
    assert eventually(lambda: pid_in(tmp_path, "p0"))
    first = pid_in(tmp_path, "p0")
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: pid_in(tmp_path, "p0") not in (0, first))
    supervisor.terminate()
    supervisor.wait(15)


def test_a_process_marked_down_stays_down_until_the_mark_goes(tmp_path):
    supervisor = started(tmp_path, SLEEPER)
    assert eventually(lambda: pid_in(tmp_path, "p0"))
    (tmp_path / "p0.down").touch()
    os.kill(pid_in(tmp_path, "p0"), signal.SIGKILL)
    assert eventually(lambda: not pid_in(tmp_path, "p0"))
    time.sleep(1)
    assert not pid_in(tmp_path, "p0")
    (tmp_path / "p0.down").unlink()
    assert eventually(lambda: pid_in(tmp_path, "p0"))
    supervisor.terminate()
    supervisor.wait(15)


def test_a_process_that_cannot_stay_up_ends_the_desk_with_its_last_words(tmp_path):
    failing = ProcessSpec("broken", [sys.executable, "-c", "print('The port is gone.'); raise SystemExit(1)"], {})

    async def opening():
        await asyncio.sleep(60)

    with pytest.raises(SetupError, match=r"broken.*The port is gone\."):
        asyncio.run(Supervisor([failing], tmp_path, tmp_path).run(opening))
