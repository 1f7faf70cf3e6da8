"""A no of the API says what to do next, and a database that is busy is no fault of anybody's."""

import structlog
from fastapi.testclient import TestClient

from bot.store.desk_tables import ChatSession
from bot.store.engine import make_engine
from bot.web.app import make_app
from bot.web.turns import Turns
from tests.unit.test_shop_tokens import signed
from tests.unit.test_turns import Engine


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


def test_the_description_names_each_no_as_it_is_sent_and_what_is_sent_otherwise(desk):
    described = TestClient(make_app(desk)).get("/api/v1/openapi.json").json()
    no = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    sent = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["responses"].keys() >= {"401", "411", "413", "422", "429", "500", "503"}
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert answer["content"] == no, (path, status)
                else:
                    sent[method, path.removeprefix("/api/v1")] = list(answer.get("content", {}))
    assert sent.pop(("get", "/events")) == ["text/event-stream"]
    assert sent.pop(("get", "/exports/{token}")) == ["application/zip"]
    assert sent.pop(("post", "/typing")) == sent.pop(("post", "/read")) == []
    assert len(sent) == 8 and all(content == ["application/json"] for content in sent.values())
    known = described["components"]["schemas"]
    assert known["Problem"]["required"] == ["type", "title", "status", "detail", "code"]
    assert known["Problem"]["properties"]["errors"]["items"] == {"$ref": "#/components/schemas/WrongField"}
    assert known["WrongField"]["required"] == ["field", "detail"] and "HTTPValidationError" not in known


def test_whatever_is_refused_is_refused_with_a_status_that_the_description_names(desk):
    desk.settings.rate_limit_messages = "6/minute"
    app = make_app(desk)
    app.state.turns = Turns(desk, Engine())
    door = TestClient(app, raise_server_exceptions=False)
    described = door.get("/api/v1/openapi.json").json()["paths"]
    signed_in = {"Authorization": f"Bearer {signed()}"}
    session = door.post("/api/v1/sessions", headers=signed_in).json()
    used_up = door.post("/api/v1/sessions", headers=signed_in)
    door.headers["Authorization"] = f"Bearer {session['token']}"

    def send(key="one", headers=None, **body):
        return door.post("/api/v1/messages", headers={"Idempotency-Key": key} | (headers or {}), **body)

    assert send(json={"text": "Hello"}).status_code == 200
    answers = [
        send(content=b"\xff", headers={"Content-Type": "application/json"}),
        send(json={"text": "Hello"}, headers={"Authorization": "Bearer x"}),
        send(json={"text": "Something else"}),
        send("two", json={"choice": "nothing"}),
        send(content=iter([b"{}"])),
        send(json={"text": "x" * 4_001}),
        send(json={}),
        *(send(json={"text": "Hello"}) for _ in range(4)),
    ]
    assert [answer.status_code for answer in answers] == [400, 401, 409, 410, 411, 413, 422, 200, 200, 200, 429]
    for answer in [*answers, used_up, door.get("/api/v1/messages?after=x"), door.post("/api/v1/read", content=b"x")]:
        call = described[answer.request.url.path][answer.request.method.lower()]
        told = call["responses"][str(answer.status_code)]
        assert list(told["content"]) == [answer.headers["content-type"]]


def test_a_desk_without_its_engine_lives_and_is_not_ready_wherever_it_is_asked(desk):
    with TestClient(make_app(desk)) as client:
        for prefix in ("", "/api/v1"):
            assert client.get(f"{prefix}/healthz").json() == {"status": "ok"}
            ready = client.get(f"{prefix}/readyz")
            assert ready.status_code == 503
            assert ready.json() == {"engine": False, "actions": False, "database": True}
