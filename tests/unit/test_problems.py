"""A no of the API says what to do next, and a database that is busy is no fault of anybody's."""

import structlog
from fastapi.testclient import TestClient

from bot.store.desk_tables import ChatSession
from bot.store.engine import make_engine
from bot.web.app import make_app


def test_a_desk_whose_database_is_locked_asks_to_try_again_and_opens_nothing(desk):
    client = TestClient(make_app(desk), raise_server_exceptions=False)
    other = make_engine(desk.settings.desk_database_url)
    with desk.engine.connect() as impatient:
        impatient.exec_driver_sql("PRAGMA busy_timeout=50")
    with other.begin(), structlog.testing.capture_logs() as logged:
        answer = client.post("/api/v1/sessions")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == "unavailable" and "try again" in answer.json()["detail"]
    assert [line["error"] for line in logged] == ["OperationalError"]
    with desk.reading() as session:
        assert session.query(ChatSession).count() == 0
    assert client.post("/api/v1/sessions").status_code == 201
    other.dispose()


def test_a_desk_without_its_engine_lives_and_is_not_ready_wherever_it_is_asked(desk):
    with TestClient(make_app(desk)) as client:
        for prefix in ("", "/api/v1"):
            assert client.get(f"{prefix}/healthz").json() == {"status": "ok"}
            ready = client.get(f"{prefix}/readyz")
            assert ready.status_code == 503
            assert ready.json() == {"engine": False, "actions": False, "database": True}
