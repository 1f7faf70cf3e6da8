"""Chatwoot's API channel: its public API one way, its signed webhook the other.

Set up in Chatwoot an inbox of the kind API with the address `…/helpdesk/chatwoot` of this desk, then CHATWOOT_URL,
CHATWOOT_INBOX (the inbox identifier) and CHATWOOT_WEBHOOK_SECRET here.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx

from bot.config import Settings
from bot.errors import SetupError
from bot.helpdesk.adapter import Ended, NotTaken, Opened, Reply, SignatureWrong

_ANSWER_SECONDS = 10.0
_OLDEST_CALL = 300
_LONGEST_NAME = 60


class Chatwoot:
    """One inbox of a Chatwoot."""

    name = "chatwoot"

    def __init__(self, settings: Settings) -> None:
        if not (settings.chatwoot_inbox and settings.chatwoot_webhook_secret):
            raise SetupError("CHATWOOT_URL needs CHATWOOT_INBOX and CHATWOOT_WEBHOOK_SECRET too.")
        self._secret = settings.chatwoot_webhook_secret.encode()
        self._inbox = f"{settings.chatwoot_url.rstrip('/')}/public/api/v1/inboxes/{settings.chatwoot_inbox}"
        self._http = httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False, follow_redirects=False)

    def create_case(self, name_of: str, contact: str | None) -> Opened:
        """A contact where there is none yet, and a conversation of it."""
        if contact is None:
            made = self._post("/contacts", {"identifier": name_of, "name": f"Privacy desk {name_of[:8]}"})
            contact = _named(made, "source_id")
        opened = self._post(f"/contacts/{contact}/conversations", {"custom_attributes": {"privacy_desk": name_of}})
        return Opened(contact, _named(opened, "id"))

    def append_message(self, case: Opened, message_id: int, text: str) -> None:
        """A message from the person's side of the conversation."""
        path = f"/contacts/{case.contact}/conversations/{case.remote}/messages"
        self._post(path, {"content": text, "echo_id": str(message_id)})

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Reply | Ended | None:
        """An answer of an agent, or the end; private notes and our own messages concern nobody here."""
        self._check(headers, body)
        try:
            event = json.loads(body)
            return _read(event)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # signed, but nothing we know

    def _check(self, headers: Mapping[str, str], body: bytes) -> None:
        """`sha256=` and HMAC-SHA256 over the time, a point and the body, as Chatwoot signs webhooks of inboxes."""
        given, at = headers.get("x-chatwoot-signature", ""), headers.get("x-chatwoot-timestamp", "")
        wanted = "sha256=" + hmac.new(self._secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise SignatureWrong
        if not at.isdigit() or abs(time.time() - int(at)) > _OLDEST_CALL:
            raise SignatureWrong

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        try:
            answer = self._http.post(self._inbox + path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotTaken(type(error).__name__) from None
        if not answer.is_success:
            raise NotTaken(str(answer.status_code))
        try:
            return answer.json()
        except ValueError:
            raise NotTaken("no JSON") from None


def _named(answer: Any, key: str) -> str:
    found = answer.get(key) if isinstance(answer, dict) else None
    if not found:
        raise NotTaken(f"no {key}")
    return str(found)


def _read(event: dict[str, Any]) -> Reply | Ended | None:
    if event["event"] == "conversation_status_changed":
        return Ended(str(event["id"])) if event["status"] == "resolved" else None
    if event["event"] != "message_created" or event["message_type"] != "outgoing" or event.get("private"):
        return None
    text, sender = event.get("content") or "", event.get("sender") or {}
    if not text.strip() or sender.get("type", "user") != "user":
        return None
    name = str(sender.get("available_name") or sender.get("name") or "A person")[:_LONGEST_NAME]
    talk = event["conversation"]
    contact = (talk.get("contact_inbox") or {}).get("source_id")
    return Reply(str(event["id"]), str(talk["id"]), name, text, str(contact) if contact else None)
