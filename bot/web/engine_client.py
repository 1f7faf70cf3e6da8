"""The web's line to the engine."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.config import Settings
from bot.errors import Unavailable


@dataclass(frozen=True)
class Reply:
    """What the engine made of a message.

    Attributes:
        messages: What the bot says; each with the `confidence` with which typed words were read, None where none were.
        intent: What the message was read as.
        asks: Whether the bot waits for an answer to a question of its own.
        wishes: Intent and text of each thing, where the message asks for several; then nothing was run.
    """

    messages: list[dict[str, Any]]
    intent: str | None = None
    asks: bool = False
    wishes: list[dict[str, str]] = field(default_factory=list)


class EngineClient:
    """Sends one message of one conversation to Rasa and takes its answers."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.AsyncClient(
            base_url=settings.engine_url,
            headers={"X-Desk-Secret": settings.engine_secret},
            timeout=settings.turn_seconds - 1,
            trust_env=False,
        )

    async def turn(self, payload: dict[str, Any]) -> Reply:
        """Run a turn.

        Args:
            payload: conversation, message, and text or intent.

        Returns:
            What the bot says, or what it was asked for.

        Raises:
            Unavailable: No answer came, or the engine or an action it needs could not do it. The same message may be
                sent again: a turn that was recorded is answered from the record, any other runs anew.
        """
        try:
            answer = await self._client.post("/webhooks/desk/messages", json=payload)
        except httpx.HTTPError:
            raise Unavailable from None
        if answer.status_code != httpx.codes.OK:
            raise Unavailable
        body = answer.json()
        if body.get("wishes"):
            return Reply([], wishes=body["wishes"])
        confidence = body["intent"]["confidence"] if "text" in payload else None
        messages = [message | {"confidence": confidence} for message in body["messages"]]
        return Reply(messages, body["intent"]["name"], body["asks"])

    async def is_ready(self) -> bool:
        """Whether the engine has a model and answers."""
        try:
            answer = await self._client.get("/webhooks/desk/ready")
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
