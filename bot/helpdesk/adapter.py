"""What a help desk outside of this one must be able to do, whatever it is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.errors import DeskError


class SignatureWrong(DeskError):
    """Whoever called does not know the secret, or what they sent was changed or is old."""

    code = "invalid_token"
    status = 401
    detail = "The signature was not accepted."


class NotTaken(Exception):
    """The help desk did not take something; it is tried again later. The text holds a status, never words."""


@dataclass(frozen=True)
class Opened:
    """A case at the help desk: its own ids of the person and of the talk."""

    contact: str
    remote: str


@dataclass(frozen=True)
class Reply:
    """An agent of the help desk answered.

    Attributes:
        id: The help desk's id of the answer: the same answer again says nothing twice.
        remote: Its id of the talk.
        contact: Its id of the person, where it says so: by it an answer in an earlier talk of theirs finds them.
    """

    id: str
    remote: str
    name: str
    text: str
    contact: str | None = None


@dataclass(frozen=True)
class Ended:
    """An agent of the help desk closed the talk."""

    remote: str


class HelpDesk(Protocol):
    """An adapter."""

    name: str

    def create_case(self, name_of: str, contact: str | None) -> Opened:
        """Open a talk for a person under a name that tells nobody who they are; `contact` is theirs if they have one.

        Raises:
            NotTaken: It could not be done; it is tried again.
        """
        ...

    def append_message(self, case: Opened, message_id: int, text: str) -> None:
        """Add something to the talk.

        Raises:
            NotTaken: It could not be done; it is tried again.
        """
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Reply | Ended | None:
        """What a call from the help desk says; None for what does not concern us.

        Raises:
            SignatureWrong: It was not the help desk that called.
        """
        ...
