"""Certificates of what was done, signed: with the shop's public key anybody can tell a true one from a false one.

The seal is a compact JWS (RFC 7515) with Ed25519 (RFC 8037). Its payload is the text itself with a few plain facts;
neither names anybody.
"""

import json
import re
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.orm import Session

from bot.errors import DeskError, SetupError
from bot.store.desk_tables import Certificate

_ALGORITHM = "EdDSA"
_TYPE = "certificate-of-erasure+jws"
_WIDTH = 76
BEGINS = "-----BEGIN SEAL-----"
ENDS = "-----END SEAL-----"
_SEALED = re.compile(f"{BEGINS}(.*?){ENDS}", re.DOTALL)


class NotGenuine(DeskError):
    """The certificate was not signed with this key, or was changed since."""

    code = "not_genuine"
    status = 422


def signing_key(seed: str) -> Ed25519PrivateKey:
    """The key that `SIGNING_KEY` stands for.

    Raises:
        SetupError: It is not 64 hex digits.
    """
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    except ValueError:
        raise SetupError(
            "SIGNING_KEY is not set or not a key. It is 64 hex digits; make one with: "
            'python -c "import secrets; print(secrets.token_hex(32))"'
        ) from None


def public_key(seed: str) -> str:
    """What others check certificates with, as PEM."""
    pem = signing_key(seed).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def sign(text: str, facts: dict[str, Any], seed: str) -> str:
    """The seal of a certificate.

    Args:
        text: What is certified, in words.
        facts: The same in short, for programs.
        seed: `SIGNING_KEY`.
    """
    payload = json.dumps({**facts, "text": text}, ensure_ascii=False, sort_keys=True).encode()
    return jwt.PyJWS().encode(payload, signing_key(seed), algorithm=_ALGORITHM, headers={"typ": _TYPE})


def keep(session: Session, now: datetime, number: str, text: str, signed: str) -> Certificate:
    """Keep a certificate; a request has one, and the first stays."""
    certificate = session.get(Certificate, number)
    if certificate is None:
        certificate = Certificate(request_number=number, text=text, signed=signed, made_at=now)
        session.add(certificate)
        session.flush()
    return certificate


def in_lines(signed: str) -> str:
    """The seal as it stands at the end of a mail."""
    lines = [signed[start : start + _WIDTH] for start in range(0, len(signed), _WIDTH)]
    return "\n".join([BEGINS, *lines, ENDS])


def verify(document: str, seed: str) -> dict[str, Any]:
    """What was certified, read from a seal or from a whole mail with one at its end.

    Args:
        document: The seal alone, or the mail as it was saved; quoting marks and line breaks do no harm.
        seed: `SIGNING_KEY`.

    Returns:
        The facts, and the words under `text`.

    Raises:
        NotGenuine: Another key signed it, it was changed, or the words above the seal are not those that were signed.
    """
    plain = re.sub(r"^[> ]+", "", document, flags=re.MULTILINE)
    found = _SEALED.search(plain)
    seal = "".join((found[1] if found else plain).split())
    try:
        key = signing_key(seed).public_key()
        read = jwt.PyJWS().decode_complete(seal, key, algorithms=[_ALGORITHM])
        certified: dict[str, Any] = json.loads(read["payload"])
    except (jwt.PyJWTError, ValueError):
        raise NotGenuine("This is not a certificate of this shop, or it was changed.") from None
    if read["header"].get("typ") != _TYPE:
        raise NotGenuine("This is not a certificate of this shop, or it was changed.")
    if found and " ".join(certified["text"].split()) not in " ".join(plain[: found.start()].split()):
        raise NotGenuine("The seal is genuine, but the words above it are not those that were signed.")
    return certified
