"""People who talk to the desk, to its engine alone, or to the peer, and the watch on them."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

_ANSWER_SECONDS = 60


class WrongAnswer(RuntimeError):
    """What came back is not the answer that is being measured."""


@dataclass(frozen=True)
class Line:
    """One thing to say again and again.

    Attributes:
        name: What the tables call it.
        text: What is said.
        shows: The part of a desk's answer that proves it is the real one: a key of a message that must not be empty.
        customer: Who has to be signed in.
    """

    name: str
    text: str
    shows: str
    customer: str | None = None


# No action of ours; an action; an action that reads the user store.
LINES = (
    Line("greeting", "Hello!", "text"),
    Line("policy answer", "Do you sell my data?", "citations"),
    Line("access summary", "What do you know about me?", "card", customer="1001"),
)

Say = Callable[[], Awaitable[Any]]


def over_the_api(client: httpx.AsyncClient, line: Line, opened: dict[str, str]) -> Say:
    """Speaks in an open session of the desk's public API, or of the peer's same one."""

    async def say() -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {opened['token']}", "Idempotency-Key": secrets.token_hex(8)}
        answer = await client.post("/api/v1/messages", headers=headers, json={"text": line.text})
        answer.raise_for_status()
        messages: list[dict[str, Any]] = answer.json()["messages"]
        if not any(message[line.shows] for message in messages):
            raise WrongAnswer(f"'{line.text}' was answered without {line.shows}.")
        return messages

    return say


def to_the_engine(client: httpx.AsyncClient, line: Line, opened: dict[str, str], secret: str) -> Say:
    """Speaks to the engine as the web process does, in a conversation that the desk knows."""

    async def say() -> None:
        body = {"conversation": opened["conversation_id"], "message": secrets.token_hex(8), "text": line.text}
        answer = await client.post("/webhooks/desk/messages", headers={"X-Desk-Secret": secret}, json=body)
        answer.raise_for_status()
        if not answer.json()["messages"]:
            raise WrongAnswer(f"The engine had no answer to '{line.text}'.")

    return say


async def open_session(client: httpx.AsyncClient, customer: str | None = None) -> dict[str, str]:
    """A new conversation, signed in through the demo shop where a customer is named."""
    headers = {}
    if customer is not None:
        signed_in = await client.post("/demo/sign-in", json={"customer_id": customer})
        signed_in.raise_for_status()
        headers["Authorization"] = f"Bearer {signed_in.json()['shop_token']}"
    opened = await client.post("/api/v1/sessions", headers=headers)
    opened.raise_for_status()
    session: dict[str, str] = opened.json()
    return session


def client(url: str) -> httpx.AsyncClient:
    """A client that keeps its connections and asks no proxy."""
    return httpx.AsyncClient(base_url=url, timeout=_ANSWER_SECONDS, trust_env=False)


@dataclass
class Watch:
    """Latencies of many turns, and how long all of them took together."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    async def time(self, speakers: list[Say], turns_each: int) -> None:
        """Let all speakers talk at once, each waiting for its answer before it goes on."""

        async def talk(say: Say) -> None:
            for _ in range(turns_each):
                begun = time.perf_counter()
                await say()
                self.latencies.append(time.perf_counter() - begun)

        begun = time.perf_counter()
        await asyncio.gather(*(talk(say) for say in speakers))
        self.seconds += time.perf_counter() - begun

    def summary(self) -> dict[str, float | int]:
        """Turns, turns per second, median and 95th percentile in milliseconds."""
        sorted_up = sorted(self.latencies)
        return {
            "turns": len(sorted_up),
            "turns per second": round(len(sorted_up) / self.seconds, 1),
            "median ms": round(1000 * sorted_up[len(sorted_up) // 2], 2),
            "95th percentile ms": round(1000 * sorted_up[min(len(sorted_up) - 1, int(0.95 * len(sorted_up)))], 2),
        }
