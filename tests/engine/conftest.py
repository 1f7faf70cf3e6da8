"""What the engine's tests share; they run in the engine's own runtime (Python 3.10) and are passed over elsewhere."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 11):  # noqa: UP036 - the desk's own runtime collects this folder too
    collect_ignore_glob = ["test_*.py"]

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

DOMAIN = """
version: "3.1"
intents: [greet, thank, request_erasure, ask_policy, shop_question, deny, request_export, affirm]
actions: [action_answer_policy, action_clarify, action_erase]
slots:
  seen: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  agreed:
    type: bool
    influence_conversation: false
    mappings:
      - type: from_intent
        intent: affirm
        value: true
        conditions: [{active_loop: request_form, requested_slot: agreed}]
      - type: from_intent
        intent: deny
        value: false
        conditions: [{active_loop: request_form, requested_slot: agreed}]
forms:
  request_form: {required_slots: [agreed]}
responses:
  utter_greet:
    - text: Hello from the desk.
      buttons: [{title: Thanks, payload: /thank}]
  utter_thank: [{text: You are welcome.}]
  utter_erased: [{text: Everything is deleted.}]
  utter_shop_question: [{text: Please ask the shop.}]
  utter_ask_agreed: [{text: "Shall I make the copy?"}]
  utter_settled: [{text: As you say.}]
  utter_clarify: [{text: "What do you mean?"}]
  utter_policy: [{text: The policy says this.}]
  utter_ask_policy/security: [{text: It is protected.}]
  utter_ask_policy/minors: [{text: A guardian has to agree.}]
"""
RULES = """
version: "3.1"
rules:
  - {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
  - {rule: thank, steps: [{intent: thank}, {action: utter_thank}]}
  - {rule: shop, steps: [{intent: shop_question}, {action: utter_shop_question}]}
  - {rule: erase, steps: [{intent: request_erasure}, {action: action_erase}, {action: utter_erased}]}
  - {rule: policy, steps: [{intent: ask_policy}, {action: action_answer_policy}]}
  - {rule: copy, steps: [{intent: request_export}, {action: request_form}, {active_loop: request_form}]}
  - rule: settled
    condition: [{active_loop: request_form}]
    steps:
      [{action: request_form}, {active_loop: null}, {slot_was_set: [{requested_slot: null}]}, {action: utter_settled}]
  - {rule: silence, steps: [{intent: deny}, {action: action_listen}]}
  - {rule: unsure, steps: [{intent: nlu_fallback}, {action: action_clarify}]}
"""
PHRASES = {
    "greet": ["hello", "good evening to you", "hey there", "hi desk", "greetings"],
    "thank": ["thanks a lot", "thank you so much", "cheers for that", "many thanks", "that was kind of you"],
    "deny": ["no", "not at all", "no way", "certainly not", "nah"],
    "request_erasure": [
        "erase everything about me",
        "remove all my details",
        "wipe my records please",
        "i want my information deleted",
        "get rid of all my data",
    ],
    "shop_question": [
        "where is my parcel",
        "do you have this shirt in red",
        "when does the sale start",
        "how much is shipping",
        "the lamp i bought is broken",
    ],
    "ask_policy/security": [
        "how is my data protected",
        "do you encrypt what you store",
        "which security measures do you take",
        "is my information safe from thieves",
        "how do you prevent leaks",
    ],
    "ask_policy/minors": [
        "may children use the shop",
        "i am under eighteen, can i sign up",
        "what is the rule for minors",
        "does my daughter need permission",
        "do kids need a parent's consent",
    ],
    "ask_policy/not_covered_cookies": [
        "do you set cookies",
        "which cookies are used",
        "can i switch cookies off",
        "are there third party cookies",
        "how long do cookies stay",
    ],
}
CONFIG = """
recipe: default.v1
assistant_id: small-desk
language: en
pipeline:
  - {{name: bot.engine.sentence_encoder.SentenceEncoder, path: "{encoder}"}}
  - {{name: bot.engine.intent_classifier.IntentClassifier, threshold: 0.2, committing_threshold: 0.3}}
  - {{name: bot.engine.clause_retriever.ClauseRetriever}}
policies:
  - {{name: RulePolicy, core_fallback_action_name: action_clarify, enable_fallback_prediction: true}}
"""


def write_project(folder: Path, encoder: Path) -> None:
    """A small desk with a handful of intents, to be trained in seconds."""
    (folder / "data/nlu").mkdir(parents=True)
    (folder / "data/rules").mkdir()
    (folder / "models").mkdir()
    sessions = yaml.safe_load((PROJECT / "domain.yml").read_text())["session_config"]
    (folder / "domain.yml").write_text(f"{DOMAIN}session_config: {json.dumps(sessions)}\n")
    (folder / "data/rules/all.yml").write_text(RULES)
    (folder / "config.yml").write_text(CONFIG.format(encoder=encoder))
    blocks = ['version: "3.1"', "nlu:"]
    for intent, phrases in PHRASES.items():
        blocks += [f"- intent: {intent}", "  examples: |", *(f"    - {phrase}" for phrase in phrases)]
    (folder / "data/nlu/all.yml").write_text("\n".join(blocks) + "\n")
    for name in ("credentials.yml", "endpoints.yml"):
        (folder / name).write_text((PROJECT / name).read_text())


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """Folder of a built encoder: the project's own, or a fresh one where there is none."""
    from bot.engine import build_encoder

    folder = PROJECT / "models/encoder"
    if build_encoder.is_built(folder):
        return folder
    folder = tmp_path_factory.mktemp("models") / "encoder"
    build_encoder.build(folder)
    return folder


@pytest.fixture(scope="session")
def small_desk(tmp_path_factory, encoder):
    """Folder of a small desk with its trained model."""
    from bot.engine import train

    folder = tmp_path_factory.mktemp("desk")
    write_project(folder, encoder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        train.train()
    finally:
        os.chdir(before)
    return folder


class Actions(ThreadingHTTPServer):
    """An action server that answers, fails or stalls as a test wants."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _ActionHandler)
        self.status = 200
        self.seconds = 0.0
        self.calls = []
        self.connections = 0
        self.secrets = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/webhook"

    def finish_request(self, request, client_address):
        self.connections += 1
        super().finish_request(request, client_address)


class _ActionHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        server.calls.append(body)
        server.secrets.append(self.headers.get("X-Desk-Secret"))
        threading.Event().wait(server.seconds)
        names = {"action_answer_policy": "utter_policy", "action_clarify": "utter_clarify"}
        said = names.get(body["next_action"])
        answer = {"events": [], "responses": [{"response": said, "custom": {"card": "c-1"}}] if said else []}
        if server.status == 400:
            answer = {"error": "rejected", "action_name": body["next_action"]}
        data = json.dumps(answer if server.status in (200, 400) else body).encode()
        self.send_response(server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def actions():
    """A fresh action server."""
    server = Actions()
    yield server
    server.shutdown()
    server.server_close()
