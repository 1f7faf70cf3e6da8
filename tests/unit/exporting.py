"""A shop of the test's own, a request for a copy, and what a person gets."""

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from bot.privacy import export, export_fetching
from bot.privacy.room import Work
from bot.store.desk import Desk
from bot.store.desk_tables import Message, PrivacyRequest
from tests.unit.conftest import NOON


@dataclass
class Package:
    """A package that was opened."""

    files: dict[str, bytes]

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.files["data.json"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self.data["tables"].get(table)
        return found["rows"] if found else []

    def csv(self, table: str) -> list[dict[str, str]]:
        text = self.files[f"csv/{table}.csv"].decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    @property
    def page(self) -> str:
        return self.files["index.html"].decode()

    @property
    def everything(self) -> str:
        return "\n".join(each.decode("utf-8", "replace") for each in self.files.values())


def opened(content: bytes) -> Package:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return Package({name: archive.read(name) for name in archive.namelist()})


_numbers = count(1)


def asked(desk: Desk, chat_id: str | None, subject: str) -> Work:
    """A request in the hands of a worker."""
    number = f"PR-2026-{next(_numbers):06}"
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number=number, kind="export", state="running", regime="policy", conversation_id=chat_id,
                subject=subject, origin=number, received_at=NOON, due_at=NOON + timedelta(days=30),
            )
        )  # fmt: skip
    return Work(desk, number, "export", subject, chat_id, {}, 0, lambda: None)


def carried_out(work: Work) -> list[str]:
    """Every step, as the worker does them; what was left."""
    return [rest for step in export.ROOM.steps(work) for rest in step.act(work)]


def announced(desk: Desk, chat_id: str) -> list[Message]:
    with desk.reading() as session:
        return list(session.query(Message).filter_by(conversation_id=chat_id).order_by(Message.id))


def token_of(desk: Desk, chat_id: str) -> str:
    """The token of the newest link shown in a chat."""
    cards = [each.card for each in announced(desk, chat_id) if (each.card or {}).get("kind") == "download"]
    return cards[-1]["url"].removeprefix("/api/v1/exports/")


def fetched(desk: Desk, subject: str | None, token: str) -> bytes:
    with desk.transaction() as session:
        found = export_fetching.fetch(session, desk, desk.clock.now(), subject, token)
    content = b"".join(found.stream)
    assert len(content) == found.size
    return content


def copy_for(desk: Desk, chat_id: str, subject: str) -> Package:
    """The whole way, from the request to the opened file."""
    assert carried_out(asked(desk, chat_id, subject)) == []
    return opened(fetched(desk, subject, token_of(desk, chat_id)))
