"""The peer of the speed benchmark: the same chat API over FastAPI and SQLite with no bot behind it.

It checks the session, stores what was said and a fixed answer, and sends that answer: what any chat server has to do.
What the desk needs beyond this is the price of understanding, rules, actions and encryption.

python bench/peer.py PORT DATABASE ANSWERS    ANSWERS: a JSON file, for each text the answer's messages
"""

import json
import secrets
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

_TABLES = """
CREATE TABLE session (token TEXT PRIMARY KEY, conversation TEXT NOT NULL);
CREATE TABLE message (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
    key TEXT, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX once ON message (conversation, key);
"""


class Given(BaseModel):
    """What a person said."""

    text: str


def make_app(database: Path, answers: dict[str, list[dict[str, Any]]]) -> FastAPI:
    """The whole peer."""
    app = FastAPI()

    @contextmanager
    def transaction() -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(database, timeout=20)
        try:
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                yield connection
        finally:
            connection.close()

    with transaction() as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_TABLES)

    @app.post("/api/v1/sessions", status_code=201)
    def open_session() -> dict[str, str]:
        token, conversation = secrets.token_urlsafe(32), secrets.token_hex(8)
        with transaction() as connection:
            connection.execute("INSERT INTO session VALUES (?, ?)", (token, conversation))
        return {"conversation_id": conversation, "token": token}

    @app.post("/api/v1/messages")
    def say(
        given: Given, authorization: Annotated[str, Header()], idempotency_key: Annotated[str, Header()]
    ) -> dict[str, Any]:
        answer = answers[given.text]
        with transaction() as connection:
            found = connection.execute(
                "SELECT conversation FROM session WHERE token = ?", (authorization.removeprefix("Bearer "),)
            ).fetchone()
            if found is None:
                raise HTTPException(401)
            insert = "INSERT INTO message (conversation, author, text, key) VALUES (?, ?, ?, ?)"
            connection.execute(insert, (found[0], "user", given.text, idempotency_key))
            connection.execute(insert, (found[0], "bot", json.dumps(answer), None))
        return {"messages": answer, "owner": "bot"}

    return app


def main() -> None:
    """Serve until ended."""
    port, database, answers = sys.argv[1:4]
    known = json.loads(Path(answers).read_text(encoding="utf-8"))
    uvicorn.run(make_app(Path(database), known), host="127.0.0.1", port=int(port), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
