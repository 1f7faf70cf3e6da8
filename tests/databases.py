"""Database servers that tests start for themselves: in a temporary folder, on loopback, gone when the test is over.

    with mariadb_server(tmp_path) as fresh:
        url = fresh()  # the SQLAlchemy URL of a new, empty database on that server

A machine without the server skips the test and says what is missing.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pymysql
import pytest

FreshDatabase = Callable[[], str]

_START_SECONDS = 60
_END_SECONDS = 30


@contextmanager
def postgresql_server(folder: Path) -> Iterator[FreshDatabase]:
    """A PostgreSQL server of the test's own.

    Args:
        folder: A temporary folder; the server keeps everything in it.

    Yields:
        A function that makes an empty database (UTF-8) and gives its URL, `postgresql://…`.
    """
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed on this machine (Debian: postgresql)")
    owner = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    with _home_of(owner, folder) as home:
        yield from _postgresql_in(home, programs, owner)


def _postgresql_in(home: Path, programs: Path, owner: pwd.struct_passwd) -> Iterator[FreshDatabase]:
    port, data = _free_port(), home / "data"
    who = {"user": owner.pw_uid, "group": owner.pw_gid} if os.getuid() == 0 else {}
    made = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "desk", "-E", "UTF8", "--locale", "C.UTF-8"]
    subprocess.run(made, check=True, capture_output=True, cwd=home, **who)
    started = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(home), "-h", "127.0.0.1"]
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    address = f"postgresql://desk@127.0.0.1:{port}"

    def make(name: str) -> str:
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"{address}/{name}"

    with _running([*started, *quick], home, who, lambda: psycopg.connect(f"{address}/postgres").close()):
        yield _numbered(make)


@contextmanager
def mariadb_server(folder: Path) -> Iterator[FreshDatabase]:
    """A MariaDB server of the test's own.

    Args:
        folder: A temporary folder; the server keeps everything in it.

    Yields:
        A function that makes an empty database (utf8mb4) and gives its URL, `mysql://…`.
    """
    server, installer = _mariadb_program("mariadbd"), _mariadb_program("mariadb-install-db")
    if server is None or installer is None:
        pytest.skip("MariaDB is not installed on this machine (Debian: mariadb-server)")
    home = folder / "mariadb"
    home.mkdir()
    user = pwd.getpwuid(os.getuid()).pw_name
    port, data = _free_port(), home / "data"
    made = [installer, "--no-defaults", f"--datadir={data}", f"--user={user}", "--skip-test-db"]
    subprocess.run([*made, "--auth-root-authentication-method=normal"], check=True, capture_output=True, cwd=home)
    welcome = home / "welcome.sql"
    # One statement on each line: the server reads the file line by line.
    welcome.write_text("CREATE USER desk@'127.0.0.1';\nGRANT ALL ON *.* TO desk@'127.0.0.1';\n", encoding="utf-8")
    started = [
        server, "--no-defaults", f"--datadir={data}", f"--user={user}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--socket={_short(home)}", f"--pid-file={home / 'pid'}", f"--init-file={welcome}", "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M",
    ]  # fmt: skip

    def connect() -> pymysql.Connection:
        return pymysql.connect(host="127.0.0.1", port=port, user="desk")

    def make(name: str) -> str:
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        return f"mysql://desk@127.0.0.1:{port}/{name}?charset=utf8mb4"

    with _running(started, home, {}, lambda: connect().close()):
        yield _numbered(make)


def _numbered(make: Callable[[str], str]) -> FreshDatabase:
    numbers = count(1)
    return lambda: make(f"shop{next(numbers)}")


@contextmanager
def _running(command: list[str], home: Path, who: dict[str, int], connect: Callable[[], None]) -> Iterator[None]:
    """The server while it answers; stopped in any case."""
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, **who)
    try:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                connect()
                break
            except (psycopg.OperationalError, pymysql.OperationalError):
                ended = server.poll() is not None
                assert not ended and time.monotonic() < end, f"{command[0]} did not start; see {home / 'server.log'}"
                time.sleep(0.2)
        yield
    finally:
        server.terminate()
        try:
            server.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


def _mariadb_program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/libexec")


@contextmanager
def _home_of(owner: pwd.struct_passwd, folder: Path) -> Iterator[Path]:
    """A folder for PostgreSQL, which refuses to run as root; its own user could not reach the test's."""
    home = Path(tempfile.mkdtemp(prefix="postgresql-", dir=None if os.getuid() == 0 else folder))
    try:
        os.chown(home, owner.pw_uid, owner.pw_gid)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _short(home: Path) -> Path:
    """A socket path of the allowed length (107 bytes), inside the folder where that is possible."""
    inside = home / "socket"
    return inside if len(str(inside)) < 100 else Path("/tmp") / f"mariadb-{os.getpid()}-{home.stat().st_ino}.socket"


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
