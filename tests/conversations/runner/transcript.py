"""What happened so far, as a person reads it."""

from dataclasses import dataclass, field
from typing import Any

_WIDTH = 110


@dataclass
class Transcript:
    """The lines of a conversation that runs."""

    lines: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        """Something that is not said by anybody."""
        self.lines.append(f"  · {words}")

    def sent(self, person: str, what: str) -> None:
        """What a person sent."""
        self.lines.append(f"  {person} > {_short(what)}")

    def answered(self, messages: list[dict[str, Any]]) -> None:
        """What the bot said."""
        if not messages:
            self.lines.append("      (no answer)")
        for message in messages:
            self.lines.append(f"      bot [{message['response']}] {_short(message['text'])}")
            self.lines += [f"          quotes {c['clause']}: {_short(c['quote'], 70)}" for c in message["citations"]]
            if message["choices"]:
                self.lines.append("          " + " ".join(f"[{choice['label']}]" for choice in message["choices"]))
            if message["card"]:
                self.lines.append(f"          card {_short(str(message['card']))}")

    def refused(self, status: int, body: dict[str, Any]) -> None:
        """What the API refused."""
        self.lines.append(f"      refused: {status} {body.get('code')}: {body.get('detail')}")

    def checked(self, line: int, kind: str) -> None:
        """A step that held."""
        self.lines.append(f"      ✓ line {line}: {kind}")


def _short(text: str, width: int = _WIDTH) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"
