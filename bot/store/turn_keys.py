"""Idempotency keys of turns: people choose theirs freely, and none may stand where the desk puts one of its own."""

import hashlib
from enum import StrEnum


class OwnTurn(StrEnum):
    """What turns of the desk's own are about; the first part of their keys."""

    HANDED_BACK = "handback"
    SAID_BY_STAFF = "staff"


def own_key(about: OwnTurn, number: object) -> str:
    """The key of a turn that the desk makes itself."""
    return f"{about}:{number}"


def key_from_outside(key: str) -> str:
    """A key as it is stored that somebody outside chose; one that reads like the desk's own becomes its digest."""
    return hashlib.sha256(key.encode()).hexdigest() if key.partition(":")[0] in OwnTurn else key
