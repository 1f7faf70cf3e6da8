"""Columns that are unreadable without the desk's key.

Policy clause `security` promises "encrypting data"; what people write, and what is shown to them, is kept this way.
"""

import json
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.errors import SetupError

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
