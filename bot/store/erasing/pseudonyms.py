"""Replaces a value by one that only a secret links to it; when the secret is thrown away, nothing does.

The same value gets the same pseudonym in every table. A pseudonym is known as one by those who hold the secret,
so that a repeated step leaves it as it is. Numbers come out negative (or in the upper half of an unsigned column),
where no key of a real person lies.
"""

import base64
import hmac
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bot.errors import SetupError

_MARK = "~"
_TEXT = 40
_BYTES = 16


def pseudonym(secret: bytes, value: Any, column: sa.Column[Any], attempt: int = 0) -> Any:
    """The value that stands for another from now on.

    Args:
        secret: Thrown away when the erasure has ended.
        value: What stands there now; never None.
        column: Decides on type and length.
        attempt: Counted up where a pseudonym is taken and the column demands different values.

    Raises:
        SetupError: The column's type has no room for one.
    """
    message = f"{attempt or ''}:{value}".encode() if not isinstance(value, bytes) else value + bytes([attempt])
    digest = hmac.digest(secret, message, "sha256")
    kind = column.type
    if isinstance(kind, sa.Uuid):
        made = UUID(bytes=digest[:12] + _check(secret, digest[:12])[:4])
        return made if kind.as_uuid else str(made)
    if isinstance(kind, sa.LargeBinary | sa.BINARY | sa.VARBINARY):
        length = kind.length or _BYTES
        return _bytes(secret, digest, min(length, 32))
    if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum):
        return _text(secret, digest, min(kind.length or _TEXT, _TEXT))
    bits = _bits(kind)
    if bits is None:
        raise SetupError(
            f"{column}: a value of this type cannot be replaced by a pseudonym; write `nullify` or `generalise` in the "
            "data map."
        )
    number = _number(secret, int.from_bytes(digest[:8], "big"), bits)
    return (1 << bits) + number if _unsigned(kind) else -1 - number


def is_pseudonym(secret: bytes, value: Any, column: sa.Column[Any]) -> bool:
    """Whether a value is already a pseudonym made with this secret."""
    kind = column.type
    match value:
        case UUID():
            return _check(secret, value.bytes[:12])[:4] == value.bytes[12:]
        case str() if isinstance(kind, sa.Uuid):
            return is_pseudonym(secret, UUID(value), column)
        case bytes():
            front, back = value[: len(value) * 3 // 4], value[len(value) * 3 // 4 :]
            return len(value) >= _BYTES and _check(secret, front)[: len(back)] == back
        case str():
            length = min(getattr(kind, "length", None) or _TEXT, _TEXT)
            body, check = _parts(length)
            proof = _letters(_check(secret, value[1 : 1 + body].encode()))[:check]
            return len(value) == length and value[0] == _MARK and value[1 + body :] == proof
        case bool():
            return False
        case _:
            bits = _bits(kind)
            if bits is None or int(value) != value:
                return False
            number = int(value) - (1 << bits) if _unsigned(kind) else -1 - int(value)
            return 0 <= number < 1 << bits and _proven(secret, number >> _check_bits(bits), bits) == number


def _text(secret: bytes, digest: bytes, length: int) -> str:
    body, check = _parts(length)
    letters = _letters(digest)[:body]
    return _MARK + letters + _letters(_check(secret, letters.encode()))[:check]


def _parts(length: int) -> tuple[int, int]:
    """How many signs tell pseudonyms apart, and how many prove that it is one."""
    check = (length - 1) // 4
    return length - 1 - check, check


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").lower()


def _check(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"check:" + body, "sha256")


def _bytes(secret: bytes, digest: bytes, length: int) -> bytes:
    body = digest[: length * 3 // 4] if length >= _BYTES else digest[:length]
    return body + _check(secret, body)[: length - len(body)]


def _number(secret: bytes, value: int, bits: int) -> int:
    return _proven(secret, value & ((1 << (bits - _check_bits(bits))) - 1), bits)


def _proven(secret: bytes, body: int, bits: int) -> int:
    """A number whose last bits prove that it was made here."""
    check = _check_bits(bits)
    proof = int.from_bytes(_check(secret, str(body).encode())[:8], "big") & ((1 << check) - 1)
    return body << check | proof


def _check_bits(bits: int) -> int:
    return bits // 4


def _bits(kind: sa.types.TypeEngine[Any]) -> int | None:
    """How many bits a number of the type has besides its sign."""
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        digits = min((kind.precision or 10) - (kind.scale or 0), 18)
        return (10**digits).bit_length() - 1
    if not isinstance(kind, sa.Integer):
        return None
    named = {"TINYINT": 7, "SMALLINT": 15, "MEDIUMINT": 23, "BIGINT": 63}
    return named.get(kind.__visit_name__.upper(), 15 if isinstance(kind, sa.SmallInteger) else 31)


def _unsigned(kind: sa.types.TypeEngine[Any]) -> bool:
    return bool(getattr(kind, "unsigned", False))
