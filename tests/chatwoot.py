"""Stands where a Chatwoot stands: its public API as its documentation describes it, and its signed webhook.

A request that the documented API would not take, such as one to an unknown path or without a content, is refused as
Chatwoot refuses it, so that a wrong adapter fails here too.
"""

import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INBOX = "hp7XzyZ2nJvVqW8kTgUbYc3A"
SECRET = "whsec-invented-for-tests"
_CONTACTS = re.compile(rf"/public/api/v1/inboxes/{INBOX}/contacts")
_CONVERSATIONS = re.compile(rf"{_CONTACTS.pattern}/([\w-]+)/conversations")
_MESSAGES = re.compile(rf"{_CONVERSATIONS.pattern}/(\d+)/messages")


class Chatwoot(ThreadingHTTPServer):
    """A Chatwoot with one inbox of the API channel.

    Attributes:
        messages: What was said in each conversation, by its number.
        answers_with: A status with which the next calls are answered instead; 0 for none.
        refuses: A kind of call, the end of its path, to which alone that goes; all of them while it is empty.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contacts: dict[str, dict[str, Any]] = {}
        self.owners: dict[int, str] = {}
        self.messages: dict[int, list[str]] = {}
        self.answers_with = 0
        self.refuses = ""
        self.calls: list[dict[str, Any]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def taken(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer one call."""
        if found := _MESSAGES.fullmatch(path):
            return self._message(found[1], int(found[2]), body)
        if found := _CONVERSATIONS.fullmatch(path):
            return self._conversation(found[1], body)
        if _CONTACTS.fullmatch(path):
            return self._contact(body)
        return 404, {"status": 404, "error": "Not Found"}

    def _contact(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        source = f"src-{len(self.contacts) + 1}"
        self.contacts[source] = body
        answer = {"source_id": source, "pubsub_token": "pub", "id": len(self.contacts), "name": body.get("name")}
        return 200, answer | {"email": body.get("email"), "phone_number": body.get("phone_number")}

    def _conversation(self, source: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if source not in self.contacts:
            return 404, {"error": "Resource could not be found"}
        number = len(self.owners) + 1
        self.owners[number], self.messages[number] = source, []
        contact = {"id": 1, "name": self.contacts[source].get("name")}
        return 200, {"id": number, "inbox_id": 1, "messages": [], "contact": contact, "status": "open"} | {
            "custom_attributes": body.get("custom_attributes", {})
        }

    def _message(self, source: str, number: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.owners.get(number) != source:
            return 404, {"error": "Resource could not be found"}
        if not body.get("content"):
            return 422, {"error": "Content can't be blank"}
        self.messages[number].append(body["content"])
        return 200, {"id": len(self.messages[number]), "content": body["content"], "message_type": 0} | {
            "content_type": "text", "created_at": int(time.time()), "conversation_id": number, "attachments": [],
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Chatwoot = self.server  # type: ignore[assignment]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.calls.append({"path": self.path, "body": body})
        refused = server.answers_with and self.path.endswith(server.refuses)
        status, answer = (server.answers_with, {}) if refused else server.taken(self.path, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def answered(number: int, text: str, message: int = 501, source: str = "", **more: Any) -> dict[str, Any]:
    """The event of an agent who answered, as Chatwoot sends it; `source` for a talk that is not its contact's first."""
    sender = {"id": 7, "name": "Jo Helper", "email": "jo@example.com", "type": "user"}
    event = {"event": "message_created", "id": message, "content": text, "content_type": "text", "private": False}
    event |= {"message_type": "outgoing", "sender": sender, "created_at": "2026-11-23T12:00:00Z", "source_id": None}
    conversation = {"id": number, "status": "open", "channel": "Channel::Api", "inbox_id": 1, "can_reply": True}
    conversation |= {"contact_inbox": {"id": 1, "contact_id": 1, "inbox_id": 1, "source_id": source or f"src-{number}"}}
    return event | {"conversation": conversation, "inbox": {"id": 1}, "account": {"id": 1, "name": "Shop"}} | more


def resolved(number: int) -> dict[str, Any]:
    """The event of a conversation that was resolved."""
    return {"event": "conversation_status_changed", "id": number, "status": "resolved", "channel": "Channel::Api"}


def signed(event: dict[str, Any], secret: str = SECRET, at: int | None = None) -> tuple[dict[str, str], bytes]:
    """Headers and body of a call, signed as Chatwoot signs them."""
    body, moment = json.dumps(event).encode(), str(at or int(time.time()))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-chatwoot-signature": f"sha256={digest}", "x-chatwoot-timestamp": moment}, body
