"""Witnesses of the record outside its database: its number and seal of a day, signed, in a file and in the log.

Somebody who owns the database can cut the record's tail and set its head back, or put an old database in its place.
The anchors still know how far the record had come. Copies of the log kept elsewhere guard the file itself.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TextIO

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select

from bot.config import Settings
from bot.errors import SetupError
from bot.store.desk import Desk
from bot.store.desk_tables import AuditHead

_PURPOSE = b"privacy desk audit anchor\n"
log = structlog.get_logger("audit")


@dataclass(frozen=True)
class Anchor:
    """How far the record had come at a time, and the hash of the anchor before this one."""

    number: int
    seal: str
    at: str
    previous: str
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return _PURPOSE + json.dumps([self.number, self.seal, self.at, self.previous]).encode()

    def line(self) -> str:
        """As it stands in the file."""
        return json.dumps(
            {"number": self.number, "seal": self.seal, "at": self.at, "previous": self.previous,
             "signature": self.signature}
        )  # fmt: skip


@dataclass(frozen=True)
class Anchors:
    """The anchors of a file, oldest first.

    Attributes:
        anchors: Those whose signature is ours.
        faults: A sentence for each line that is damaged, forged or missing.
    """

    anchors: tuple[Anchor, ...] = ()
    faults: tuple[str, ...] = ()


def anchor_file(settings: Settings) -> Path:
    """Where the anchors stand."""
    return settings.desk_home / "audit-anchors.jsonl"


def write_anchor(desk: Desk, *, again: bool = False) -> Anchor | None:
    """Write down, signed, how far the record has come: once a day by the desk's clock, or `again` on demand.

    Returns:
        The anchor, or None when there is one of today already or the record is empty.
    """
    now = desk.clock.now().astimezone(UTC)
    key = _private_key(desk.settings)
    with _locked(anchor_file(desk.settings)) as file, desk.reading() as session:
        head = session.scalar(select(AuditHead))
        if head is None:
            return None
        written = file.read()
        known = _lines(written)
        last = _parsed(known[-1]) if known else None
        if last is not None and not _is_ours(key.public_key(), last):
            last = None
        if last is not None and not again and last.at[:10] == now.date().isoformat():
            return None
        unsigned = Anchor(head.last, head.seal, now.isoformat(timespec="microseconds"), _hashed(known))
        anchor = replace(unsigned, signature=key.sign(unsigned.signed_bytes()).hex())
        # A line torn by a crash is left behind, not continued.
        _add(file, ("\n" if written and not written.endswith("\n") else "") + anchor.line() + "\n")
    log.info("audit anchor", number=anchor.number, seal=anchor.seal, at=anchor.at, signature=anchor.signature)
    if last is not None and anchor.number < last.number:
        log.error("audit record is shorter than its anchor", number=anchor.number, anchored=last.number)
    return anchor


def read_anchors(settings: Settings) -> Anchors:
    """The anchors of the file, checked against the signing key and against each other."""
    key = _private_key(settings).public_key()
    path = anchor_file(settings)
    lines = _lines(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else []
    anchors, faults = [], []
    for place, line in enumerate(lines):
        where = f"Line {place + 1} of the anchor file"
        anchor = _parsed(line)
        if anchor is None:
            faults.append(f"{where} cannot be read.")
        elif not _is_ours(key, anchor):
            faults.append(f"{where} is not signed with SIGNING_KEY.")
        else:
            anchors.append(anchor)
            if anchor.previous != _hashed(lines[:place]):
                faults.append(f"{where} does not follow the line before it: lines are missing or were put in.")
    return Anchors(tuple(anchors), tuple(faults))


def _private_key(settings: Settings) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.signing_key))
    except ValueError:
        raise SetupError("SIGNING_KEY is not 64 hex digits. Make one with: openssl rand -hex 32") from None


def _is_ours(key: Ed25519PublicKey, anchor: Anchor) -> bool:
    with suppress(InvalidSignature, ValueError):
        key.verify(bytes.fromhex(anchor.signature), anchor.signed_bytes())
        return True
    return False


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def _hashed(lines: Sequence[str]) -> str:
    """What an anchor names the line before it by."""
    return hashlib.sha256(lines[-1].encode()).hexdigest() if lines else ""


def _parsed(line: str) -> Anchor | None:
    try:
        anchor = Anchor(**json.loads(line))
    except (ValueError, TypeError):
        return None
    words = (anchor.seal, anchor.at, anchor.previous, anchor.signature)
    return anchor if type(anchor.number) is int and all(isinstance(word, str) for word in words) else None


@contextmanager
def _locked(path: Path) -> Iterator[TextIO]:
    """The file, of which one process at a time knows the end; only its owner may read it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8", errors="replace", newline="") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _add(file: TextIO, text: str) -> None:
    """Add to the file; on the disk when this returns."""
    file.write(text)
    file.flush()
    os.fsync(file.fileno())
