"""The seals that tie entries of the record to each other, so that none can be changed without the key.

The seal of an entry is HMAC-SHA256 over its content and the seal before it. Whoever may write to the database but does
not hold AUDIT_KEY can make no seal.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import SetupError

_keys: tuple[bytes, ...] = ()


def use_key(keys: str) -> None:
    """Set the keys of this process.

    Args:
        keys: AUDIT_KEY, or several of them, comma separated: the first seals, all of them check, so that the key can
            be changed.

    Raises:
        SetupError: There is none.
    """
    global _keys
    given = tuple(key.strip().encode() for key in keys.split(",") if key.strip())
    if not given:
        raise SetupError("AUDIT_KEY is not set. Make one with: openssl rand -base64 32")
    _keys = given


@dataclass(frozen=True)
class Content:
    """What an entry says, in the order it is sealed."""

    number: int
    at: datetime
    event: str
    conversation_id: str | None
    reference: str | None
    subject: str | None
    actor: str | None

    def canonical(self) -> bytes:
        """The one way to write it down: a JSON list, time in UTC to the microsecond."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        fields = [
            int(self.number), at, str(self.event), self.conversation_id, self.reference, self.subject, self.actor
        ]  # fmt: skip
        return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()


def seal(content: Content, previous: str) -> str:
    """The seal of an entry that follows the entry with that seal; 64 hex digits.

    Raises:
        SetupError: This process has no key.
    """
    if not _keys:
        raise SetupError("AUDIT_KEY is not set for this process.")
    return _sealed(_keys[0], content.canonical(), previous)


def fits(content: Content, previous: str, found: str) -> bool:
    """Whether a seal is the one that an entry must have behind the entry with that seal."""
    if not _keys:
        raise SetupError("AUDIT_KEY is not set for this process.")
    body = content.canonical()
    return any(hmac.compare_digest(_sealed(key, body, previous).encode(), found.encode()) for key in _keys)


def _sealed(key: bytes, body: bytes, previous: str) -> str:
    return hmac.new(key, body + b"\n" + previous.encode(), hashlib.sha256).hexdigest()
