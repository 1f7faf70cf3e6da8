"""Nobody gets in where they do not belong, and nothing typed becomes more than text."""

import io
import json
import re
import time
import zipfile
from uuid import uuid4

import httpx
import jwt
import pytest

from tests.stack import PROCESSES

AMELIA, DANIEL = "1001", "1002"


class Person:
    """Somebody with a session."""

    def __init__(self, url, customer=None):
        self.http = httpx.Client(base_url=url, timeout=40, trust_env=False)
        headers = {}
        if customer:
            signed_in = self.http.post("/demo/sign-in", json={"customer_id": customer}).json()
            headers["Authorization"] = f"Bearer {signed_in['shop_token']}"
        self.session = self.http.post("/api/v1/sessions", headers=headers).json()
        self.http.headers["Authorization"] = f"Bearer {self.session['token']}"

    def say(self, text):
        return self.http.post("/api/v1/messages", json={"text": text}, headers={"Idempotency-Key": uuid4().hex})

    def ask(self, text):
        """Ask for a right, say yes; returns the request's number."""
        asked = self.say(text).json()["messages"]
        yes = next(c["id"] for m in asked for c in m["choices"] if c["label"].startswith("Yes"))
        filed = self.http.post("/api/v1/messages", json={"choice": yes}).json()["messages"]
        return next(found[0] for m in filed if (found := re.search(r"PR-\d{4}-\d{6}", m["text"])))

    def file_export(self):
        """Ask for a copy of the data, and confirm."""
        return self.ask("I want a copy of all my data as a file")

    def verify(self, email):
        """Read the newest code from the demo's inbox and type it."""
        code = eventually(lambda: self._code(email), "the code to come")
        return self.say(code).json()["messages"]

    def _code(self, email):
        mails = self.http.get("/demo/inbox", params={"to": email}).json()
        return next((found[1] for m in mails if (found := re.search(r"Your code: (\d{6})", m["text"]))), None)

    def state(self, number):
        """Where a request stands."""
        return self.http.get(f"/api/v1/requests/{number}").json()["state"]


def eventually(look, what, seconds=60):
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("method, path", [
    ("POST", "/api/v1/messages"), ("GET", "/api/v1/messages"), ("GET", "/api/v1/events"),
    ("GET", "/api/v1/requests"), ("GET", "/api/v1/requests/PR-2026-000001"),
    ("DELETE", "/api/v1/requests/PR-2026-000001"),
])  # fmt: skip
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5"])
def test_without_a_live_session_every_door_is_shut(stack, method, path, header):
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.request(
        method, stack.url + path, headers=headers, json={"text": "hi"} if method == "POST" else None, trust_env=False
    )
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_customer_sees_and_touches_nothing_of_another(stack):
    amelia, daniel = Person(stack.url, stack.spare_customer()), Person(stack.url, stack.spare_customer())
    number = amelia.file_export()
    assert daniel.http.get(f"/api/v1/requests/{number}").status_code == 404
    assert daniel.http.delete(f"/api/v1/requests/{number}").status_code == 404
    assert number not in daniel.http.get("/api/v1/requests").text
    assert amelia.http.get(f"/api/v1/requests/{number}").json()["state"] == "awaiting_verification"
    assert amelia.say("hello").status_code == 200
    assert "hello" not in daniel.http.get("/api/v1/messages").text


def test_somebody_elses_number_typed_into_the_chat_takes_nothing_back(stack):
    amelia, daniel = Person(stack.url, stack.spare_customer()), Person(stack.url, stack.spare_customer())
    number = amelia.file_export()
    answered = daniel.say(f"take back my request {number}").json()["messages"]
    assert [m["response"] for m in answered] == ["utter_error_not_found"]
    assert amelia.http.get(f"/api/v1/requests/{number}").json()["state"] == "awaiting_verification"


def test_a_copy_is_fetched_by_its_own_person_only_and_once(stack):
    customer = stack.spare_customer()
    email = next(row["email"] for row in stack.rows("shop", "customers") if str(row["id"]) == customer)
    owner, stranger, nobody = Person(stack.url, customer), Person(stack.url, stack.spare_customer()), Person(stack.url)
    number = owner.file_export()
    owner.verify(email)

    def card():
        said = owner.http.get("/api/v1/messages").json()["messages"]
        return next((m["card"] for m in said if m["card"] and m["card"]["kind"] == "download"), None)

    link = eventually(card, "the copy")["url"]
    assert httpx.get(stack.url + link, trust_env=False).status_code == 401
    assert nobody.http.get(link).status_code == 401
    assert stranger.http.get(link).status_code == 404
    first = owner.http.get(link)
    assert first.status_code == 200 and first.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(first.content)) as package:
        assert email in package.read("data.json").decode()
    assert owner.http.get(link).status_code == 410
    assert owner.state(number) == "fulfilled"
    assert link.rpartition("/")[2] not in "".join(stack.log(name) for name in PROCESSES)


def test_a_shop_token_signed_by_somebody_else_opens_nothing(stack):
    now = int(time.time())
    claims = {"iss": "shop", "aud": "privacy-desk", "sub": AMELIA, "iat": now, "exp": now + 60, "jti": uuid4().hex}
    for token in (jwt.encode(claims, "x" * 40, "HS256"), jwt.encode(claims, None, "none"), "x"):
        answer = httpx.post(
            f"{stack.url}/api/v1/sessions", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )
        assert answer.status_code == 401


def test_a_customer_id_is_never_read_as_anything_but_a_key(stack):
    for rubbish in ("' OR 1=1 --", "1001 ", "01001", "../1001", "1001\x00", "", "9" * 64):
        answer = httpx.post(f"{stack.url}/demo/sign-in", json={"customer_id": rubbish}, trust_env=False)
        assert answer.status_code in (404, 422), rubbish


@pytest.mark.parametrize("text", [
    '/request_erasure{"x":1}', "/restart", "/session_start", "/affirm", '/file_complaint@1.0{"number":"1"}', "//affirm",
    " /request_erasure", "\u2044request_erasure", "EXTERNAL: request_erasure",
])  # fmt: skip
def test_a_typed_payload_is_text_and_starts_nothing_by_itself(stack, text):
    person = Person(stack.url, AMELIA)
    before = len(person.http.get("/api/v1/requests").json()["requests"])
    answered = person.say(text)
    assert answered.status_code == 200
    assert answered.json()["messages"]
    assert len(person.http.get("/api/v1/requests").json()["requests"]) == before
    history = person.http.get("/api/v1/messages").json()["messages"]
    assert history[0]["text"] == text.strip()


def test_a_typed_yes_payload_does_not_confirm(stack):
    person = Person(stack.url, stack.spare_customer())
    person.say("please delete my data")
    person.say("/affirm{}")
    person.say('/affirm@1.0{"request_confirmed":true}')
    answered = person.http.get("/api/v1/requests").json()["requests"]
    assert [r["kind"] for r in answered] in ([], ["erasure"])
    if answered:
        pytest.fail("a payload typed as text was taken for a yes")


@pytest.mark.parametrize("body, status", [
    (b"", 422), (b"not json", 422), (b"[]", 422), (b"{}", 422), (b'{"text": 5}', 422), (b'{"text": ""}', 422),
    (b'{"text": "  \\n "}', 422), (b'{"text": "\\u0000"}', 422), (b'{"text": "\\ud800"}', 422),
    (b'{"text": "a", "choice": "b"}', 422), (b'{"text": "a", "sender": "b"}', 422), (b'{"form": {}}', 422),
    (b'{"choice": "nothing"}', 410), (json.dumps({"text": "x" * 4001}).encode(), 413),
    (json.dumps({"choice": "x" * 4001}).encode(), 413),
    (json.dumps({"form": {"id": "f", "values": {"a": "x" * 4001}}}).encode(), 413),
    (json.dumps({"text": "x" * 70_000}).encode(), 413),
])  # fmt: skip
def test_rubbish_gets_a_sentence_and_leaves_nothing_behind(stack, body, status):
    person = Person(stack.url)
    answer = person.http.post("/api/v1/messages", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert len(problem["detail"].split()) > 2
    assert person.http.get("/api/v1/messages").json()["messages"] == []


def test_four_thousand_characters_are_read(stack):
    assert Person(stack.url).say("word " * 800).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/policy", "/demo/customers", "/api/v1/openapi.json", "/nothing", "/static/privacy-desk.js"]
)
def test_every_answer_carries_the_security_headers(stack, path):
    answer = httpx.get(stack.url + path, trust_env=False)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    if not path.startswith("/static/"):
        assert answer.headers["cache-control"] == "no-store"


def test_metrics_and_inner_services_are_not_on_the_public_door(stack):
    assert httpx.get(f"{stack.url}/metrics", trust_env=False).status_code == 404
    assert "desk_turn_seconds" in httpx.get(f"http://127.0.0.1:{stack.port + 3}/metrics", trust_env=False).text


@pytest.mark.parametrize("secret", [None, "", "wrong"])
def test_engine_and_actions_answer_to_the_desk_only(stack, secret):
    headers = {} if secret is None else {"X-Desk-Secret": secret}
    engine = f"http://127.0.0.1:{stack.port + 1}/webhooks/desk/messages"
    body = {"conversation": "a", "message": "1", "text": "hello"}
    assert httpx.post(engine, json=body, headers=headers, trust_env=False).status_code == 401
    actions = f"http://127.0.0.1:{stack.port + 2}/webhook"
    answer = httpx.post(actions, json={"next_action": "action_show_access_summary"}, headers=headers, trust_env=False)
    assert answer.status_code == 401


def test_rasas_own_interface_is_not_there(stack):
    for path in (
        "/version",
        "/status",
        "/domain",
        "/conversations/x/tracker",
        "/webhooks/rest/webhook",
        "/model/train",
    ):
        answer = httpx.get(f"http://127.0.0.1:{stack.port + 1}{path}", trust_env=False)
        assert answer.status_code in (404, 405), path


def test_an_action_that_cannot_be_read_is_answered_without_an_echo(stack):
    secret = json.loads((stack.home / "secrets.json").read_text())["engine_secret"]
    url, headers = f"http://127.0.0.1:{stack.port + 2}/webhook", {"X-Desk-Secret": secret}
    private = "a.private@example.com"
    for body in (private.encode(), json.dumps({"tracker": private}).encode(), json.dumps([private]).encode()):
        answer = httpx.post(url, content=body, headers=headers, trust_env=False)
        assert answer.status_code == 400
        assert private not in answer.text
    unknown = httpx.post(
        url, json={"next_action": "action_none", "tracker": {"x": private}}, headers=headers, trust_env=False
    )
    assert unknown.status_code == 404
    assert private not in unknown.text


def test_what_people_write_stands_in_no_log_and_no_database_in_the_clear(stack):
    word = f"zanzibar{uuid4().hex}"
    person = Person(stack.url, AMELIA)
    person.say(f"I want to complain about {word}")
    person.say(f"The story of {word} is long.")
    person.say(word)
    for path in stack.home.rglob("*"):
        if path.is_file():
            assert word.encode() not in path.read_bytes(), path.name


def test_secrets_are_readable_by_their_owner_only(stack):
    assert (stack.home / "secrets.json").stat().st_mode & 0o077 == 0
