"""Columns that are unreadable without the desk's key.

Policy clause `security` promises "encrypting data"; what people write, and what is shown to them, is kept this way.
"""

import json
import struct
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.errors import SetupError

_LENGTH = struct.Struct(">H")
_keys: MultiFernet | None = None


def use_keys(keys: str) -> None:
    """Set the keys of this process.

    Args:
        keys: Fernet keys, comma separated; the first encrypts, all of them decrypt, so that keys can be changed.

    Raises:
        SetupError: A key is not a Fernet key.
    """
    global _keys
    try:
        _keys = MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
    except ValueError:
        raise SetupError(
            "ENCRYPTION_KEYS holds something that is not a key. Make one with: "
            'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        ) from None


def _require_keys() -> MultiFernet:
    if _keys is None:
        raise SetupError("ENCRYPTION_KEYS is not set for this process.")
    return _keys


class EncryptedText(TypeDecorator[str]):
    """Text stored as a Fernet token."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Encrypt on the way in."""
        return None if value is None else _require_keys().encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt on the way out."""
        return None if value is None else _require_keys().decrypt(value.encode()).decode()


class EncryptedJSON(TypeDecorator[Any]):
    """A JSON value stored as a Fernet token."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encrypt on the way in."""
        return None if value is None else _require_keys().encrypt(json.dumps(value).encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decrypt on the way out."""
        return None if value is None else json.loads(_require_keys().decrypt(value.encode()))


class EncryptedBytes(TypeDecorator[bytes]):
    """A file, each value under a key of its own; that key stands before it, encrypted with the desk's."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypt on the way in."""
        if value is None:
            return None
        own = Fernet.generate_key()
        wrapped = _require_keys().encrypt(own)
        return _LENGTH.pack(len(wrapped)) + wrapped + Fernet(own).encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Decrypt on the way out."""
        if value is None:
            return None
        (length,) = _LENGTH.unpack_from(value)
        wrapped, sealed = value[_LENGTH.size : _LENGTH.size + length], value[_LENGTH.size + length :]
        return Fernet(_require_keys().decrypt(wrapped)).decrypt(sealed)
