"""Accounts of the staff desk: made and ended on the command line, so that the first of them needs no open door.

In the record staff stand as `staff:<id>`; which person that was, the table `staff` says, also after they left.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import pyotp
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.errors import Conflict, Invalid, NotFound
from bot.store import audit
from bot.store.desk import Desk
from bot.store.desk_tables import SignInTries, StaffMember, StaffSession
from bot.vocabulary import AuditEvent, StaffRole

ISSUER = "Privacy desk"
SHORTEST_PASSWORD, LONGEST_PASSWORD, LONGEST_NAME = 12, 128, 64
_NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_@")


@dataclass(frozen=True)
class NewAccess:
    """What a member of staff needs to sign in; the secret is shown this once.

    Attributes:
        secret: Key of the second factor, to be typed into an authenticator app.
        uri: The same as an `otpauth://` address, for apps that read a picture of it.
    """

    staff_id: int
    name: str
    secret: str
    uri: str


@dataclass(frozen=True)
class Account:
    """An account as the list shows it."""

    staff_id: int
    name: str
    role: StaffRole
    created_at: datetime
    disabled_at: datetime | None


@cache
def hasher() -> PasswordHash:
    """Argon2id with the figures of RFC 9106 for machines with little memory: 64 MiB, three passes."""
    return PasswordHash((Argon2Hasher(),))


def normal_name(name: str) -> str:
    """The one way a name is written."""
    return name.strip().casefold()


def can_be_name(name: str) -> bool:
    """Whether an account could have this name."""
    return 0 < len(name) <= LONGEST_NAME and set(name) <= _NAME_SIGNS


def tries_key(desk: Desk, name: str) -> str:
    """Under which key failed sign-ins are counted; it does not tell the name, which may be a mistyped password."""
    secret = f"staff sign-in {desk.settings.engine_secret}".encode()
    return hmac.new(secret, normal_name(name).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def actor_of(staff_id: int) -> str:
    """How a member of staff stands in the record."""
    return f"staff:{staff_id}"


def add(session: Session, now: datetime, name: str, role: StaffRole, password: str, actor: str) -> NewAccess:
    """Give somebody an account.

    Args:
        session: The transaction.
        now: The desk's time.
        name: What they sign in with: letters, digits and `.-_@`.
        role: What they may do.
        password: At least twelve characters.
        actor: Who gave it.

    Raises:
        Invalid: The name or the password cannot be used.
        Conflict: The name is taken, by an account that lives or by one that was disabled.
    """
    name = normal_name(name)
    if not can_be_name(name):
        raise Invalid("A name may hold letters a to z, digits and the signs . - _ @, at most 64 of them.")
    refuse_weak(name, password)
    if session.scalar(select(StaffMember.id).where(StaffMember.name == name)) is not None:
        raise Conflict("There is an account of that name. Use another name, or: python -m bot staff reset NAME")
    secret = pyotp.random_base32()
    member = StaffMember(
        name=name, role=role, password_hash=hasher().hash(password), totp_secret=secret, created_at=now
    )
    session.add(member)
    session.flush()
    audit.record(session, now, AuditEvent.STAFF_ADDED, reference=f"{actor_of(member.id)}:{member.role}", actor=actor)
    return _access(member)


def accounts(session: Session) -> list[Account]:
    """Every account, those that were disabled too, by name."""
    rows = session.scalars(select(StaffMember).order_by(StaffMember.name))
    return [Account(row.id, row.name, StaffRole(row.role), row.created_at, row.disabled_at) for row in rows]


def colleagues(session: Session) -> list[Account]:
    """Everybody who can be given work: auditors only read, and whoever left does nothing."""
    return [each for each in accounts(session) if each.disabled_at is None and each.role is not StaffRole.AUDITOR]


def disable(session: Session, now: datetime, name: str, actor: str) -> None:
    """End an account and every sign-in of it at once; `reset` opens it again."""
    member = _member(session, name)
    member.disabled_at = member.disabled_at or now
    end_sessions(session, member.id)
    audit.record(session, now, AuditEvent.STAFF_DISABLED, reference=actor_of(member.id), actor=actor)


def reset(
    session: Session, desk: Desk, now: datetime, name: str, password: str, actor: str, role: StaffRole | None = None
) -> NewAccess:
    """Give an account a new password and a new second factor, end its sign-ins and any pause, and open it again.

    Args:
        session: The transaction.
        desk: Settings, for the count of failed sign-ins.
        now: The desk's time.
        name: Whose account.
        password: The new one.
        actor: Who did it.
        role: Another role, if it changes.
    """
    member = _member(session, name)
    refuse_weak(member.name, password)
    member.password_hash = hasher().hash(password)
    member.totp_secret, member.totp_step = pyotp.random_base32(), 0
    member.disabled_at = None
    member.role = role or member.role
    end_sessions(session, member.id)
    session.execute(delete(SignInTries).where(SignInTries.name_hash == tries_key(desk, member.name)))
    audit.record(session, now, AuditEvent.STAFF_RESET, reference=f"{actor_of(member.id)}:{member.role}", actor=actor)
    return _access(member)


def change_password(session: Session, now: datetime, staff_id: int, old: str, new: str) -> None:
    """Change one's own password; every sign-in of the account ends, this one too.

    Raises:
        Invalid: The old password is wrong, or the new one cannot be used.
    """
    member = session.get_one(StaffMember, staff_id, with_for_update=True)
    if not hasher().verify(old[: LONGEST_PASSWORD + 1], member.password_hash):
        raise Invalid("Your present password is not right.")
    refuse_weak(member.name, new)
    member.password_hash = hasher().hash(new)
    end_sessions(session, staff_id)
    actor = actor_of(staff_id)
    audit.record(session, now, AuditEvent.STAFF_PASSWORD_CHANGED, reference=actor, actor=actor)


def end_sessions(session: Session, staff_id: int) -> None:
    """End every sign-in of an account."""
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def refuse_weak(name: str, password: str) -> None:
    """Long enough, not endless, and not a few signs or the name over again.

    Raises:
        Invalid: The password cannot be used.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    rest = password.casefold().replace(name, "")
    if len(set(rest)) < 5:
        raise Invalid("That password is too easy to guess. Take several words that do not belong together.")


def _member(session: Session, name: str) -> StaffMember:
    member = session.scalar(select(StaffMember).where(StaffMember.name == normal_name(name)))
    if member is None:
        raise NotFound("There is no account of that name. See: python -m bot staff list")
    return member


def _access(member: StaffMember) -> NewAccess:
    uri = pyotp.TOTP(member.totp_secret).provisioning_uri(name=member.name, issuer_name=ISSUER)
    return NewAccess(member.id, member.name, member.totp_secret, uri)
