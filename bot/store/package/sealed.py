"""Files that nobody can read without their own key, written and read in pieces (policy clause `security`).

A piece is a Fernet token with its length before it. Inside, each says its place and whether it is the last, so that
a file that was cut, mixed up or written only in part is found out.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from cryptography.fernet import Fernet, InvalidToken

from bot.errors import DeskError

PIECE = 256 * 1024
_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">Q?")


class SealBroken(DeskError):
    """A sealed file was cut, changed, or belongs to another key."""

    code = "seal_broken"


class SealedWriter:
    """Writes a new file that only its key opens; whole only after `finish`.

    Args:
        path: A file that does not exist yet; only its owner may read it.
        key: A Fernet key.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._fernet = Fernet(key)
        self._waiting = bytearray()
        self._place = 0
        self.size = 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def write(self, data: bytes) -> int:
        """Take more of the content."""
        self._waiting += data
        self.size += len(data)
        while len(self._waiting) >= PIECE:
            piece = bytes(self._waiting[:PIECE])
            del self._waiting[:PIECE]
            self._put(piece, last=False)
        return len(data)

    def flush(self) -> None:
        """Pieces are written when they are full."""

    def finish(self) -> None:
        """Write the last piece and make sure that the disk has it."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        """Let go of the file, whole or not."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _put(self, piece: bytes, *, last: bool) -> None:
        token = self._fernet.encrypt(_PLACE.pack(self._place, last) + piece)
        self._file.write(_LENGTH.pack(len(token)) + token)
        self._place += 1


def unsealed(file: BinaryIO, key: str) -> Iterator[bytes]:
    """The content of a sealed file, piece by piece.

    Raises:
        SealBroken: It is not whole, not in order, or of another key; raised when that piece is reached.
    """
    fernet, place, last = Fernet(key), 0, False
    while not last:
        head = file.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            raise SealBroken
        try:
            piece = fernet.decrypt(file.read(*_LENGTH.unpack(head)))
        except InvalidToken:
            raise SealBroken from None
        found, last = _PLACE.unpack_from(piece)
        if found != place:
            raise SealBroken
        place += 1
        yield piece[_PLACE.size :]
