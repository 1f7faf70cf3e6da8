"""The internal door: services with a key learn what they may do with a person's data; everybody else learns nothing."""

import asyncio
import logging
import socket
import threading

import httpx
import pytest
import structlog
from sqlalchemy.exc import OperationalError

from bot.privacy.restriction import lift, restrict
from bot.store import webhooks
from bot.vocabulary import RestrictionReason, ShopEvent
from bot.web import internal
from bot.web.internal import InternalDoor, make_internal_app

KEY, OLD_KEY = "k" * 40, "o" * 40
NUMBER = "PR-2026-000001"


class Door:
    """Knocks at the internal application without a server."""

    def __init__(self, desk):
        self._transport = httpx.ASGITransport(make_internal_app(desk))

    def request(self, method, path, **options):
        async def knock():
            async with httpx.AsyncClient(transport=self._transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **options)

        return asyncio.run(knock())

    def get(self, path, **options):
        return self.request("GET", path, **options)


@pytest.fixture
def service(desk):
    desk.settings.internal_api_key = f"{KEY}, {OLD_KEY}"
    return Door(desk)


def ask(service, customer="1001", **headers):
    return service.get(f"/internal/v1/customers/{customer}/processing", headers=headers or {"X-Api-Key": KEY})


def test_a_service_with_a_key_learns_what_it_may_do(service, desk):
    answer = ask(service)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told.keys() == {
        "customer_id", "known", "restricted", "reasons", "since", "guardian_missing", "minor", "consents",
        "allowed_purposes",
    }  # fmt: skip
    assert (told["customer_id"], told["known"], told["restricted"]) == ("1001", True, False)
    assert told["consents"].keys() == desk.datamap.purposes.keys()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {KEY}"},
        {"X-Api-Key": KEY},
        {"X-Api-Key": OLD_KEY},
        {"Authorization": f"Bearer {OLD_KEY}"},
    ],
)
def test_a_key_may_come_either_way_and_two_serve_while_one_is_changed(service, headers):
    assert ask(service, **headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*"},
        {"X-Api-Key": ""},
        {"X-Api-Key": KEY[:-1]},
        {"X-Api-Key": KEY + "k"},
        {"X-Api-Key": f"{KEY}, {OLD_KEY}"},
        {"X-Api-Key": "ключ".encode()},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": "Bearer"},
    ],
)
def test_without_the_right_key_nobody_learns_whether_there_is_such_a_customer(service, headers):
    known, unknown = ask(service, **headers), ask(service, "99999", **headers)
    assert known.status_code == 401 and known.headers["content-type"] == "application/problem+json"
    assert known.json() == unknown.json() and known.json()["code"] == "wrong_key"
    assert known.headers["www-authenticate"] == "Bearer"
    assert KEY not in known.text


def test_a_wrong_key_beside_a_right_one_does_not_pass(service):
    assert ask(service, **{"Authorization": "Bearer wrong", "X-Api-Key": KEY}).status_code == 401


@pytest.mark.parametrize("keys", ["", " ", ",", " , "])
def test_a_desk_without_a_key_lets_nobody_in(desk, keys):
    desk.settings.internal_api_key = keys
    closed = Door(desk)
    assert ask(closed, **{"X-Api-Key": ""}).status_code == 401
    assert ask(closed, **{"Authorization": "Bearer ,"}).status_code == 401


def test_a_restriction_is_seen_at_once_and_so_is_its_end(service, desk):
    with desk.transaction() as session:
        restrict(session, desk, desk.clock.now(), "1001", RestrictionReason.ACCOUNT_CANCELLED, NUMBER)
    told = ask(service).json()
    assert (told["restricted"], told["reasons"], told["allowed_purposes"]) == (True, ["account_cancelled"], [])
    assert told["since"] == "2026-11-23T12:00:00+00:00"
    assert not ask(service, "1002").json()["restricted"]
    with desk.transaction() as session:
        lift(session, desk, desk.clock.now(), NUMBER)
    assert not ask(service).json()["restricted"]


@pytest.mark.parametrize("customer", ["99999", "abc", "%00", "0x3e9", "1001%20", "9" * 400])
def test_an_unknown_customer_is_answered_with_a_no(service, customer):
    answer = ask(service, customer)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["known"], told["restricted"], told["reasons"], told["allowed_purposes"]) == (False, True, [], [])


@pytest.mark.parametrize(
    "path", ["/", "/internal/v1/customers/1001", "/docs", "/openapi.json", "/internal/v1/openapi.json"]
)
def test_everything_else_is_nothing_at_this_address(service, path):
    answer = service.get(path, headers={"X-Api-Key": KEY})
    assert answer.status_code == 404 and answer.json()["detail"] == "There is nothing at this address."


def test_it_only_answers_questions(service):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        path = "/internal/v1/customers/1001/processing"
        assert service.request(method, path, headers={"X-Api-Key": KEY}).status_code == 405


def test_when_a_database_is_away_the_answer_is_not_a_yes(service, monkeypatch):
    def away(*_args):
        raise OperationalError("SELECT secret-1001", {}, Exception("secret"))

    monkeypatch.setattr(internal, "processing", away)
    with structlog.testing.capture_logs() as logged:
        answer = ask(service)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2"
    assert "Do not process" in answer.json()["detail"]
    assert "secret" not in answer.text + repr(logged) and "1001" not in repr(logged)


def test_an_error_nobody_foresaw_is_not_a_yes_either_and_names_nobody(service, monkeypatch):
    def broken(*_args):
        raise ZeroDivisionError("customer 1001")

    monkeypatch.setattr(internal, "processing", broken)
    with structlog.testing.capture_logs() as logged:
        answer = ask(service)
    assert answer.status_code == 500 and "1001" not in answer.text + repr(logged)


def test_guessing_is_slowed_down_and_keeps_nobody_out_who_has_a_key(service):
    answers = [ask(service, **{"X-Api-Key": f"guess-{n}"}).status_code for n in range(80)]
    assert answers[:60] == [401] * 60 and set(answers[60:]) == {429}
    assert ask(service).status_code == 200


def test_far_too_many_questions_under_one_key_wait_and_another_key_does_not(service, monkeypatch):
    monkeypatch.setattr(internal, "_OF_ONE_KEY", internal.parse("3/minute"))
    assert [ask(service).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert ask(service, **{"X-Api-Key": OLD_KEY}).status_code == 200


def test_counts_can_be_read_and_name_nobody(service, desk):
    desk.settings.webhook_urls = "https://a.example.com/hook"
    with desk.transaction() as session:
        webhooks.tell(session, desk.clock.now(), desk.settings, ShopEvent.ERASED, "19283")
    ask(service, "19283")
    counts = service.get("/metrics")
    assert counts.status_code == 200 and counts.headers["content-type"].startswith("text/plain")
    assert "desk_turn_seconds_count" in counts.text and "desk_notices_waiting 1.0" in counts.text
    assert 'desk_processing_asked_total{answer="restricted"}' in counts.text
    assert "19283" not in counts.text and counts.text.count("# HELP desk_notices_waiting") == 1


def test_counts_can_be_read_when_the_database_is_away(service, desk):
    desk.engine.dispose()
    (desk.settings.desk_home / "desk.sqlite3").write_bytes(b"damaged" * 1000)
    for rest in ("desk.sqlite3-wal", "desk.sqlite3-shm"):
        (desk.settings.desk_home / rest).unlink(missing_ok=True)
    assert "desk_turn_seconds_count" in service.get("/metrics").text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_door_opens_beside_another_server_and_closes_with_it(desk, caplog):
    desk.settings.internal_port, desk.settings.internal_api_key = free_port(), KEY
    url = f"http://127.0.0.1:{desk.settings.internal_port}"
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged:
        with InternalDoor(desk, log_config=None, access_log=False, server_header=False):
            headers = {"Authorization": f"Bearer {KEY}"}
            answer = httpx.get(f"{url}/internal/v1/customers/1001/processing", headers=headers, trust_env=False)
            counts = httpx.get(f"{url}/metrics", trust_env=False)
        assert answer.status_code == counts.status_code == 200 and "server" not in answer.headers
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert "1001" not in repr(logged) + repr(ours) and KEY not in repr(logged) + repr(ours)
    assert not any(thread.name == "internal" for thread in threading.enumerate())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/metrics", trust_env=False)


def test_a_process_whose_internal_port_is_taken_does_not_start_half(desk):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        desk.settings.internal_port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            InternalDoor(desk, log_config=None)
