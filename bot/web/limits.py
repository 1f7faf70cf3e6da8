"""How much one address or one conversation may send; on by default."""

import ipaddress
from collections import Counter

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from bot.config import Settings
from bot.errors import RateLimited, SetupError


def address_of(call: HTTPConnection) -> str:
    """Where a call comes from, as it is counted: one line, whichever of its many IPv6 addresses was used."""
    host = call.client.host if call.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    # A server that listens on IPv6 as well sees IPv4 addresses in this form, all of them within one network.
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), 64), strict=False))


class AtOnce:
    """Counts what goes on at the same time in one conversation or at one address; each process counts for itself."""

    def __init__(self, most: int, detail: str) -> None:
        self._most, self._detail = most, detail
        self._inside: Counter[str] = Counter()

    def enter(self, name: str) -> None:
        """Count one more, until it leaves.

        Raises:
            RateLimited: There are as many as there may be.
        """
        if self._inside[name] >= self._most:
            raise RateLimited(self._detail)
        self._inside[name] += 1

    def leave(self, name: str) -> None:
        """Count one less."""
        self._inside[name] -= 1
        if not self._inside[name]:
            del self._inside[name]


class Limits:
    """Counts per address (new sessions, claim codes), per conversation (messages, files) and per guardian's page."""

    def __init__(self, settings: Settings) -> None:
        # Of a fixed window nothing is left once it is over; of a moving one every name that was ever counted stays.
        self._window = FixedWindowRateLimiter(MemoryStorage())
        try:
            self._sessions = parse(settings.rate_limit_sessions)
            self._messages = parse(settings.rate_limit_messages)
            self._claims = parse(settings.rate_limit_claims)
            self._uploads = parse(settings.rate_limit_uploads)
        except ValueError:
            raise SetupError("A RATE_LIMIT setting cannot be read. Write it like 60/minute.") from None

    def new_session(self, address: str) -> None:
        """Count a new session of an address.

        Raises:
            RateLimited: There were too many.
        """
        if not self._window.hit(self._sessions, "session", address):
            raise RateLimited

    def message(self, conversation_id: str) -> None:
        """Count a message of a conversation.

        Raises:
            RateLimited: There were too many.
        """
        if not self._window.hit(self._messages, "message", conversation_id):
            raise RateLimited

    def claim(self, address: str) -> None:
        """Count a claim code that was typed at an address.

        Raises:
            RateLimited: There were too many.
        """
        if not self._window.hit(self._claims, "claim", address):
            raise RateLimited

    def upload(self, conversation_id: str) -> None:
        """Count a file of a conversation.

        Raises:
            RateLimited: There were too many.
        """
        if not self._window.hit(self._uploads, "upload", conversation_id):
            raise RateLimited
