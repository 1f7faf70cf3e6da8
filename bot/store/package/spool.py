"""A sealed and packed piece of paper for what cannot be written at its place yet."""

import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.fernet import Fernet

from bot.store.package.sealed import PIECE, SealedWriter, unsealed

_QUICKLY = 1


class Spool:
    """Text put aside on disk, read back once; nobody else can read it, and nothing of it outlives the block.

    A ZIP file is written one member after the other, while the data file grows with every table. Holding it in
    memory would not do for a million rows, and reading the tables twice could give two different answers.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}-{secrets.token_hex(8)}.part"
        self._key = Fernet.generate_key().decode()
        self._sealed = SealedWriter(self._path, self._key)
        self._packer = zlib.compressobj(_QUICKLY)

    def write(self, text: str) -> None:
        """Put text aside."""
        # A half sign (a lone surrogate) stays what it is in JSON: an escape.
        self._sealed.write(self._packer.compress(text.encode("utf-8", "backslashreplace")))

    def read(self) -> Iterator[bytes]:
        """All of it, in pieces of bounded size however well it was packed."""
        self._sealed.write(self._packer.flush())
        self._sealed.finish()
        unpacker = zlib.decompressobj()
        with self._path.open("rb") as file:
            for packed in unsealed(file, self._key):
                waiting = packed
                while waiting:
                    if piece := unpacker.decompress(waiting, PIECE):
                        yield piece
                    waiting = unpacker.unconsumed_tail
            while piece := unpacker.decompress(unpacker.unconsumed_tail, PIECE):
                yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sealed.close()
        self._path.unlink(missing_ok=True)
