"""The real desk as tests see it: started as a person would start it, once, with data of its own.

Any test takes the session fixture `stack` and talks to `stack.url`.
"""

import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
from cryptography.fernet import Fernet
from sqlalchemy import Engine, MetaData, delete, select, text, update

import bot.cli
from bot.bootstrap import open_desk
from bot.config import PROJECT, Settings, get_settings
from bot.demo.seed import seed
from bot.store import audit_chain, encryption
from bot.store.desk import Desk
from bot.store.desk_tables import (
    Base,
    ChatSession,
    DemoClock,
    Mail,
    PolicyChange,
    PolicyEntry,
    PolicyNotice,
    PolicyVersion,
    PrivacyRequest,
)
from bot.store.engine import for_reading, make_engine
from bot.vocabulary import RequestState
from tests import policies

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify` of a client that talks to a desk on this machine: it need not read all certificates of the machine."""
PROCESSES = ("engine", "actions", "web", "worker", "desk")
_CUSTOMERS = 750
_READY_LINE = "Privacy desk ready"
_START_SECONDS = 900  # The first start on a machine also builds encoder and model.
_BACK_SECONDS = 90
_END_SECONDS = 30
# The supervisor gives up on a process that ends five times, each time within ten seconds of its start.
_STEADY_SECONDS = 11
_MOST_QUICK_ENDS = 3
# What a developer's .env may say must not reach a test: these are set to nothing, so that the desk chooses.
_LEFT_TO_THE_DESK = (
    "PUBLIC_URL",
    "STAFF_URL",
    "DESK_DATABASE_URL",
    "SHOP_DATABASE_URL",
    "TRACKER_DATABASE_URL",
    "ENCRYPTION_KEYS",
    "ENGINE_SECRET",
    "SHOP_JWT_SECRET",
    "SHOP_JWT_JWKS",
    "AUDIT_KEY",
    "SIGNING_KEY",
    "INTERNAL_API_KEY",
    "WEBHOOK_URLS",
    "WEBHOOK_SECRET",
    "VETO_URL",
    "ALLOWED_ORIGINS",
    "SMTP_URL",
)


class StackError(Exception):
    """The desk under test did not do what every test relies on."""


class Stack:
    """A running desk.

    Attributes:
        home: Its `DESK_HOME`.
        port: Its public port; engine, actions, internal port and staff desk are the four after it.
        staff_url: Where the staff desk answers.
        url: Where it answers.
    """

    def __init__(self, home: Path, settings: dict[str, str] | None = None) -> None:
        """Choose ports; nothing is started yet.

        Args:
            home: An empty folder for `DESK_HOME`.
            settings: Settings for this desk beside the usual ones.
        """
        self.home = home
        self.port = _free_ports(5)
        self.url = f"http://127.0.0.1:{self.port}"
        self.staff_url = f"http://127.0.0.1:{self.port + 4}"
        self._settings = settings or {}
        self._desk: subprocess.Popen[bytes] | None = None
        self._started_elsewhere: int | None = None
        self._quick_ends: dict[str, int] = {}
        self._engines: dict[str, Engine] = {}
        self._given: set[str] = set()
        self._drawn: list[str] = []
        self._usual: set[str] = set()
        self._shop_tables = MetaData()

    # --- its life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run `python -m bot run` and wait for its ready line."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._fill_shop()
        with self._said.open("wb") as said:
            self._desk = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        give_up_at = time.monotonic() + _START_SECONDS
        while _READY_LINE not in self.said():
            if self._desk.poll() is not None or time.monotonic() > give_up_at:
                with suppress(StackError):
                    self.stop()
                raise StackError(f"The desk did not start. It said:\n{self.said()[-3000:]}")
            time.sleep(0.1)

    @property
    def process(self) -> int:
        """The process id of `python -m bot run`.

        Raises:
            StackError: It was not started.
        """
        if self._desk is None:
            raise StackError("The desk under test was not started.")
        return self._desk.pid

    def join(self, port: int, process: int) -> None:
        """Take part in a desk that another process has started at this home; that one ends it."""
        self.port, self._started_elsewhere = port, process
        self.url, self.staff_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 4}"

    def _fill_shop(self) -> None:
        """The demo shop with more customers than it has by itself, since every test takes its own."""
        if not self._settings.get("SHOP_DATABASE_URL"):
            seed(self._engine("shop"), datetime.now(UTC).date(), bystanders=_CUSTOMERS)

    def stop(self) -> None:
        """End the desk as Ctrl-C would.

        Raises:
            StackError: It did not end, or left a process behind (which is then killed).
        """
        for engine in self._engines.values():
            engine.dispose()
        if self._desk is None:
            return
        problems = []
        if self._desk.poll() is not None:
            problems.append(f"it had ended before it was told to, with exit code {self._desk.returncode}")
        self._desk.send_signal(signal.SIGTERM)
        try:
            self._desk.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            problems.append(f"it was still running {_END_SECONDS} seconds after SIGTERM")
            self._desk.kill()
            self._desk.wait()
        left = self.processes_left()
        for pid in left:
            _kill(pid)
        if left:
            problems.append(f"it left processes behind: {', '.join(_named(pid) for pid in left)}")
        self._desk = None
        if problems:
            raise StackError(f"The desk did not end cleanly: {'; '.join(problems)}.")

    def check(self) -> None:
        """Make sure that the desk still runs.

        Raises:
            StackError: It has ended.
        """
        if self._started_elsewhere is not None and _lives(self._started_elsewhere):
            return
        if self._desk is None or self._desk.poll() is not None:
            code = "" if self._desk is None else f" with exit code {self._desk.returncode}"
            raise StackError(f"The desk under test has ended{code}. It last said:\n{self.said()[-1000:]}")

    def processes_left(self) -> list[int]:
        """Processes, other than the one that was started, that carry this desk's folder in their environment."""
        own = {os.getpid(), self._desk.pid if self._desk else 0}
        return [pid for pid in _processes_with(str(self.home)) if pid not in own]

    def said(self) -> str:
        """What `python -m bot run` has printed so far."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def log(self, name: str) -> str:
        """What a process has written so far."""
        path = self.home / "run" / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def _said(self) -> Path:
        return self.home / "run.out"

    def _environment(self) -> dict[str, str]:
        ports = {"PORT": 0, "ENGINE_PORT": 1, "ACTIONS_PORT": 2, "INTERNAL_PORT": 3, "DESK_PORT": 4}
        own = {name: str(self.port + offset) for name, offset in ports.items()}
        own |= {"DESK_HOME": str(self.home), "DEMO": "1", "ENVIRONMENT": "development", "LISTEN_HOST": "127.0.0.1"}
        # Whatever the hour at which the tests run, somebody is at the office.
        own |= {"OFFICE_HOURS": "Mon-Sun,PH 00:00-24:00", "OFFICE_TIMEZONE": ""}
        own |= {"PYTHONDONTWRITEBYTECODE": ""}  # its processes are killed and begun again often
        return dict(os.environ) | dict.fromkeys(_LEFT_TO_THE_DESK, "") | own | self._settings

    def command(self, *words: str) -> str:
        """Run `python -m bot …` for this desk, as its operator would.

        Raises:
            StackError: It failed.
        """
        code, said, complained = _run_forked(words, self._environment())
        if code:
            raise StackError(f"{' '.join(words)} failed:\n{said}{complained}")
        return said

    # --- its processes ----------------------------------------------------------------------------------------------

    def down(self, name: str) -> None:
        """Kill a process and keep it down until `up`; one that is down already stays so."""
        if self._file(name, "down").exists():
            return
        self._file(name, "down").touch()
        self._kill(name, on_purpose=True)  # the supervisor sees the file and counts no fall

    def up(self, *names: str) -> None:
        """Let processes that are down come back, and wait until the desk is ready."""
        for name in names:
            self._file(name, "down").unlink(missing_ok=True)
        for name in names:
            self._wait_until(lambda name=name: self.pid(name) is not None, f"{name} to come back")
        self._wait_until(self.is_ready, f"the desk to be ready after {' and '.join(names)} came back")

    def restart(self, name: str) -> None:
        """Kill a process without warning and wait until the desk is ready again with a new one."""
        old = self._kill(name)
        self._wait_until(lambda: self.pid(name) not in (None, old), f"{name} to be started again")
        self._wait_until(self.is_ready, f"the desk to be ready after {name} was started again")

    def everything_up(self) -> None:
        """Bring back whatever is down."""
        if down := [name for name in PROCESSES if self._file(name, "down").exists()]:
            self.up(*down)

    def pid(self, name: str) -> int | None:
        """The process id of a process that lives."""
        try:
            pid = int(self._file(name, "pid").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        return pid if _lives(pid) else None

    def is_ready(self) -> bool:
        """Whether every part says so."""
        try:
            doors = (f"{self.url}/readyz", f"{self.staff_url}/healthz")
            return all(self._get(door).status_code == httpx.codes.OK for door in doors)
        except httpx.HTTPError:
            return False

    def _get(self, url: str) -> httpx.Response:
        return httpx.get(url, timeout=5, trust_env=False, verify=NO_TLS)

    def _file(self, name: str, ending: str) -> Path:
        if name not in PROCESSES:
            raise StackError(f"There is no process called {name}. They are {', '.join(PROCESSES)}.")
        return self.home / "run" / f"{name}.{ending}"

    def _kill(self, name: str, on_purpose: bool = False) -> int:
        self._wait_until(lambda: self.pid(name) is not None, f"{name} to run")
        pid = self.pid(name)
        if pid is None:
            raise StackError(f"{name} ended by itself.")
        if not on_purpose:
            self._let_it_be_steady(name)
        _kill(pid)
        self._wait_until(lambda: not _lives(pid), f"{name} to be gone")
        return pid

    def _let_it_be_steady(self, name: str) -> None:
        age = time.time() - self._file(name, "pid").stat().st_mtime
        if age < _STEADY_SECONDS and self._quick_ends.get(name, 0) >= _MOST_QUICK_ENDS:
            time.sleep(_STEADY_SECONDS - age)
            age = _STEADY_SECONDS
        self._quick_ends[name] = 1 if age >= _STEADY_SECONDS else self._quick_ends.get(name, 0) + 1

    def _wait_until(self, holds: Callable[[], bool], what: str) -> None:
        give_up_at = time.monotonic() + _BACK_SECONDS
        while not holds():
            self.check()
            if time.monotonic() > give_up_at:
                raise StackError(f"Waited {_BACK_SECONDS} seconds in vain for {what}.")
            time.sleep(0.05)

    # --- its data ---------------------------------------------------------------------------------------------------

    @property
    def desk_database(self) -> Engine:
        """The desk database, to read; from now on this process reads encrypted columns with this desk's keys."""
        encryption.use_keys(self._keys())
        return for_reading(self._engine("desk"))

    @property
    def shop_database(self) -> Engine:
        """The shop database, to read."""
        return for_reading(self._engine("shop"))

    def rows(self, database: str, table: str, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Every row of a table of the `desk` or the `shop` database, encrypted columns in the clear.

        Args:
            database: Which.
            table: Its name.
            columns: Of the desk: only these, as far as the table has them.
        """
        if database == "desk":
            whole = Base.metadata.tables[table]
            wanted = select(*(whole.c[name] for name in columns if name in whole.c)) if columns else select(whole)
            with self._own_keys(), for_reading(self._engine("desk")).connect() as connection:
                return [dict(row._mapping) for row in connection.execute(wanted)]
        if table not in self._shop_tables.tables:
            self._shop_tables.reflect(self._engine("shop"), only=[table])
        with self.shop_database.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(self._shop_tables.tables[table]))]

    def events(self, conversation: str, after: int = 0) -> list[dict[str, Any]]:
        """The engine's events of a conversation, without the first so many."""
        query = text("SELECT data FROM tracker_events WHERE sender_id = :id ORDER BY id LIMIT -1 OFFSET :after")
        opened = Fernet(self._keys().split(",")[0])
        with for_reading(self._engine("tracker")).connect() as connection:
            rows = connection.execute(query, {"id": conversation, "after": after}).scalars()
            return [json.loads(opened.decrypt(row)) for row in rows]

    def end_session(self, conversation: str) -> None:
        """Let the session of a conversation be over, as after its hours; nothing else is touched."""
        over = datetime.now(UTC) - timedelta(seconds=1)
        with self._engine("desk").begin() as connection:
            connection.execute(
                update(ChatSession).where(ChatSession.conversation_id == conversation).values(expires_at=over)
            )

    @contextmanager
    def at_work(self) -> Iterator[Desk]:
        """The desk as a process of its own staff has it: the same databases, clock and keys."""
        kept = json.loads((self.home / "secrets.json").read_text(encoding="utf-8"))
        before = audit_chain._keys
        with self._own_keys():
            settings = {name.lower(): value for name, value in self._environment().items() if value}
            fields = {name: settings[name] for name in Settings.model_fields if name in settings}
            desk = open_desk(Settings(_env_file=None, **(fields | kept)))  # type: ignore[call-arg]
            try:
                yield desk
            finally:
                desk.engine.dispose()
                desk.shop.engine.dispose()
                audit_chain._keys = before

    @property
    def policies(self) -> Path:
        """The folder of its policy files."""
        return Path(self._settings.get("POLICY_FOLDER", PROJECT / "data" / "policy"))

    def forget_policy_versions(self) -> None:
        """As if no version but the first had ever been published, and the clock had never been moved.

        Raises:
            StackError: The policy folder is the project's own.
        """
        if "POLICY_FOLDER" not in self._settings:
            raise StackError("Only a desk with a policy folder of its own may publish.")
        with self._engine("desk").begin() as connection:
            for table in (PolicyEntry, PolicyNotice, PolicyChange, PolicyVersion, DemoClock):
                connection.execute(delete(table))
            connection.execute(delete(Mail).where(Mail.dedupe_key.startswith("policy:")))
        for file in self.policies.glob("*.md"):
            if file.stem != policies.FIRST:
                file.unlink()

    def is_quiet(self) -> bool:
        """Whether the worker has nothing to do that could send a mail: none waits, and no request is worked on."""
        mails = select(Mail.id).where(Mail.sent_at.is_(None), Mail.refused_at.is_(None), Mail.given_up_at.is_(None))
        work = select(PrivacyRequest.number).where(PrivacyRequest.state == RequestState.RUNNING)
        with for_reading(self._engine("desk")).connect() as connection:
            return connection.scalar(mails.limit(1)) is None and connection.scalar(work.limit(1)) is None

    def forget_who_was_given(self) -> None:
        """Its data is as it was at the start: every customer is free again, and nothing read so far is kept."""
        self._given.clear()
        self._drawn.clear()
        for engine in self._engines.values():
            engine.dispose()

    def spare_customer(self, among: set[str] | None = None) -> str:
        """A customer of the demo shop that no other test is given, one of these if it must be.

        All of them are alike, so that nothing hangs on who it is: each has ordered, and the shop recorded nothing else
        by itself, unless it must be one of these; nobody whose name somebody without an account ordered under, since
        what is left of that order after an erasure may be of either. `CUSTOMERS_SEED` in the environment draws others.
        """
        if not self._drawn:
            self._draw()
        among = self._usual if among is None else among
        for number in self._drawn:
            if number in among and number not in self._given:
                self._given.add(number)
                return number
        raise StackError("The demo shop has no customer left that no test has used.")

    def _draw(self) -> None:
        """In which order customers are given, and which of them are alike; looked up once, before any is changed."""
        featured = {each["id"] for each in self._get(f"{self.url}/demo/customers").json()}
        orders = self.rows("shop", "orders")
        guests = {row["ship_to_name"] for row in orders if row["customer_id"] is None}
        watched = {str(row["customer_id"]) for row in self.rows("shop", "behaviour_events")}
        self._usual = {str(row["customer_id"]) for row in orders} - watched
        drawn = sorted(self.rows("shop", "customers"), key=lambda row: row["id"])
        if "CUSTOMERS_SEED" in os.environ:
            random.Random(os.environ["CUSTOMERS_SEED"]).shuffle(drawn)
        numbers = [str(row["id"]) for row in drawn if row["name"] not in guests]
        self._drawn = [number for number in numbers if number not in featured]

    def _engine(self, database: str) -> Engine:
        if database not in self._engines:
            self._engines[database] = make_engine(f"sqlite:///{self.home / database}.sqlite3")
        return self._engines[database]

    def _keys(self) -> str:
        kept: dict[str, str] = json.loads((self.home / "secrets.json").read_text(encoding="utf-8"))
        return kept["encryption_keys"]

    @contextmanager
    def _own_keys(self) -> Iterator[None]:
        """This desk's keys for a moment; other tests of this process may use keys of their own."""
        before = encryption._keys
        encryption.use_keys(self._keys())
        try:
            yield
        finally:
            encryption._keys = before


def _run_forked(words: Sequence[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """Run `python -m bot …` in a fork of this process, which has read its modules: that saves two seconds each time.

    Returns:
        Exit code, standard output, standard error.
    """
    for module in pkgutil.iter_modules(bot.cli.__path__, "bot.cli."):
        importlib.import_module(module.name)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said, tempfile.TemporaryFile("w+", encoding="utf-8") as bad:
        child = os.fork()
        if not child:
            _become_command(words, environment, said.fileno(), bad.fileno())
        _, status = os.waitpid(child, 0)
        said.seek(0)
        bad.seek(0)
        return os.waitstatus_to_exitcode(status), said.read(), bad.read()


def _become_command(words: Sequence[str], environment: dict[str, str], said: int, complained: int) -> NoReturn:
    code = 1
    try:
        os.dup2(said, 1)
        os.dup2(complained, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8")
        os.chdir(PROJECT)
        os.environ.clear()
        os.environ.update(environment)
        get_settings.cache_clear()
        sys.argv = ["bot", *words]
        runpy.run_module("bot", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for _ in range(200):
        first = random.randrange(20_000, 32_000, count)
        if all(_is_free(first + offset) for offset in range(count)):
            return first
    raise StackError("No free ports were found.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _lives(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _processes_with(text: str) -> list[int]:
    """Living processes of this user whose environment mentions a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue
        if text.encode() in environment and _lives(int(folder.name)):
            found.append(int(folder.name))
    return found


def _named(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        command = "gone by now"
    return f"{pid} ({command[:120]})"
