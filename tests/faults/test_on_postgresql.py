"""The same desk on PostgreSQL: desk database, tracker and shop."""

import os
import pwd
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.faults.test_processes_die import say_until_answered
from tests.security.test_doors import Person, eventually
from tests.stack import Stack, _free_ports


def _programs():
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """A server of our own in a temporary folder, on loopback; gives the start of its database addresses."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    home = tmp_path_factory.mktemp("postgresql")
    owner = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    for folder in [home, *home.parents]:
        if folder == Path("/tmp") or folder.stat().st_uid != os.getuid():
            break
        folder.chmod(0o755)
    os.chown(home, owner.pw_uid, owner.pw_gid)
    port = _free_ports(1)

    def run(*words, **more):
        return subprocess.run(words, user=owner.pw_uid, group=owner.pw_gid, check=True, capture_output=True, **more)

    data = str(home / "data")
    run(str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "desk", cwd=home)
    server = subprocess.Popen(
        [str(programs / "postgres"), "-D", data, "-p", str(port), "-k", str(home), "-h", "127.0.0.1"],
        user=owner.pw_uid, group=owner.pw_gid, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"postgresql://desk@127.0.0.1:{port}"
    _make_databases(address)
    yield address
    server.terminate()
    server.wait(20)


def _make_databases(address):
    end = time.monotonic() + 30
    while True:
        try:
            with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
                for name in ("desk", "tracker", "shop"):
                    connection.execute(f"CREATE DATABASE {name}")
                return
        except psycopg.OperationalError:
            assert time.monotonic() < end, "PostgreSQL did not start"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def desk_on_postgresql(postgresql, tmp_path_factory):
    addresses = {f"{name.upper()}_DATABASE_URL": f"{postgresql}/{name}" for name in ("desk", "tracker", "shop")}
    desk = Stack(tmp_path_factory.mktemp("desk-on-postgresql"), addresses)
    desk.start()
    yield desk
    desk.stop()


def test_a_customer_sees_their_data_and_files_a_request(desk_on_postgresql):
    person = Person(desk_on_postgresql.url, "1006")
    shown = person.say("What do you know about me?").json()["messages"][0]
    assert shown["card"]["kind"] == "access_summary"
    assert "helen.marsh@example.com" not in str(shown["card"]).lower()
    assert person.file_export().startswith("PR-")


def test_a_deletion_is_carried_out_and_proved_there_too(desk_on_postgresql):
    email = "tomas.novak@example.com"
    person = Person(desk_on_postgresql.url, "1007")
    number = person.ask("Please delete everything you have about me")
    assert person.verify(email)[0]["response"].startswith("utter_erasure_agreed")
    assert person.state(number) == "cooling_off"
    person.http.post("/demo/clock", json={"advance": "P8D"})

    def certificate():
        mails = httpx.get(f"{desk_on_postgresql.url}/demo/inbox", params={"to": email}, trust_env=False).json()
        return next((mail for mail in mails if number in mail["subject"] and "Certificate" in mail["subject"]), None)

    assert "tomas" not in eventually(certificate, "the certificate", 120)["text"].lower()
    refused = httpx.post(f"{desk_on_postgresql.url}/demo/sign-in", json={"customer_id": "1007"}, trust_env=False)
    assert refused.status_code == 404
    eva = Person(desk_on_postgresql.url, "1008").say("What do you know about me?").json()["messages"][0]
    assert eva["card"]["kind"] == "access_summary", "the customer with the same phone number is untouched"


def test_numbers_are_given_once_when_many_complain_at_the_same_moment(desk_on_postgresql):
    people = [Person(desk_on_postgresql.url) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda person: person.say("I want to file a complaint").json(), people))
    texts = [answer["messages"][0]["text"] for answer in answers]
    assert len({text.split("under ")[1].split(".")[0] for text in texts}) == 12


def test_the_conversation_goes_on_after_the_engine_died(desk_on_postgresql):
    person = Person(desk_on_postgresql.url, "1005")
    person.say("Please delete my data")
    desk_on_postgresql.restart("engine")
    answered = say_until_answered(person, "no, better not", "after the restart")
    assert answered["messages"][0]["response"] == "utter_request_not_filed"
