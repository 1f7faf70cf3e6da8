"""Who sits at the staff desk: name, password and a second factor in, a session out.

Nothing here tells whether a name exists: a wrong name, a wrong password, a wrong or used code, a disabled account and
a pause after many tries have the same words, and each costs the same work (OWASP ASVS 5.0: 6.3.1, 6.3.8, 6.6.1).
Times of sign-ins are the machine's, as those of chat sessions are; the record has the desk's.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyotp
from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.errors import DeskError
from bot.privacy.staff_accounts import LONGEST_PASSWORD, actor_of, can_be_name, hasher, normal_name, tries_key
from bot.store import audit
from bot.store.adding import add_unless_there
from bot.store.desk import Desk
from bot.store.desk_tables import SignInTries, StaffMember, StaffSession
from bot.vocabulary import AuditEvent, StaffRole

_FREE_TRIES = 5
_LONGEST_PAUSE = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(days=1)
_STEP_SECONDS = 30
_NOTED_EVERY = timedelta(seconds=30)
_machine = SystemClock()


class SignInRefused(DeskError):
    """One sentence for whatever was wrong."""

    code = "sign_in_refused"
    status = 401
    detail = (
        "That did not work. Check name, password and the newest code of your app; a code serves once. "
        "After several tries in vain, wait a quarter of an hour."
    )


class NotAllowed(DeskError):
    """The sign-in has ended, or the role may not do this."""

    code = "not_allowed"
    status = 403
    detail = "Your role may not do this, or your sign-in has ended. Sign in again, or ask a colleague."


@dataclass(frozen=True)
class Staff:
    """Who acts.

    Attributes:
        key: Hash of the session's token; every act is checked against it anew.
    """

    id: int
    name: str
    role: StaffRole
    key: str

    @property
    def actor(self) -> str:
        """How they stand in the record: by number."""
        return actor_of(self.id)


def sign_in(desk: Desk, name: str, password: str, code: str, ended: str | None = None) -> str:
    """Begin a session, always with a token of its own.

    Args:
        desk: Settings and database.
        name: As typed.
        password: As typed.
        code: Six digits of the authenticator app; spaces are no matter.
        ended: Token of an earlier session in the same browser, which ends with this.

    Returns:
        The token, for the browser's cookie.

    Raises:
        SignInRefused: Always with the same words.
    """
    known = normal_name(name) if can_be_name(normal_name(name)) else ""
    with desk.reading() as session:
        member = session.scalar(select(StaffMember).where(StaffMember.name == known))
    known_hash, secret = (member.password_hash, member.totp_secret) if member else _nobody()
    typed = password[: LONGEST_PASSWORD + 1].encode("utf-8", "replace")
    right = hasher().verify(typed, known_hash)
    step = _step_of(secret, code)
    with desk.transaction() as session:
        token = _let_in(session, desk, name, member if right else None, step)
        if token is None:
            refused = AuditEvent.STAFF_SIGN_IN_REFUSED
            about = actor_of(member.id) if member else None
            audit.record(session, desk.clock.now(), refused, reference=about)
        elif ended:
            session.execute(delete(StaffSession).where(StaffSession.token_hash == _hashed(ended)))
    if token is None:
        raise SignInRefused
    return token


@cache
def _nobody() -> tuple[str, str]:
    """What an unknown name is checked against, so that it takes as long as a known one."""
    return hasher().hash(secrets.token_urlsafe(16)), pyotp.random_base32()


def _step_of(secret: str, code: str) -> int:
    """The time step a code belongs to, the one before and the one after being good too; 0 for none."""
    totp, typed = pyotp.TOTP(secret), "".join(code.split())
    now = int(_machine.now().timestamp()) // _STEP_SECONDS
    steps = [now - 1, now, now + 1]
    fits = [
        hmac.compare_digest(totp.at(step * _STEP_SECONDS).encode(), typed.encode("utf-8", "replace")) for step in steps
    ]
    return max(step * fit for step, fit in zip(steps, fits, strict=True))


def _let_in(session: Session, desk: Desk, name: str, member: StaffMember | None, step: int) -> str | None:
    now = _machine.now()
    tries = _tries(session, desk, now, name)
    paused = tries.paused_until is not None and tries.paused_until > now
    if paused or not _take_step(session, member.id if member else 0, step) or member is None:
        if not paused:
            _count_failure(tries, now)
        return None
    tries.failures, tries.paused_until = 0, None
    token = secrets.token_urlsafe(32)
    until = now + timedelta(hours=desk.settings.staff_session_hours)
    session.add(
        StaffSession(token_hash=_hashed(token), staff_id=member.id, begun_at=now, used_at=now, expires_at=until)
    )
    actor = actor_of(member.id)
    audit.record(session, desk.clock.now(), AuditEvent.STAFF_SIGNED_IN, reference=actor, actor=actor)
    return token


def _take_step(session: Session, staff_id: int, step: int) -> bool:
    """Burn a code; of two sign-ins with the same code one gets in, and none into a disabled account."""
    burned: CursorResult[Any] = session.connection().execute(
        update(StaffMember)
        .where(StaffMember.id == staff_id, StaffMember.totp_step < step, StaffMember.disabled_at.is_(None))
        .values(totp_step=step)
    )
    return bool(burned.rowcount)


def _tries(session: Session, desk: Desk, now: datetime, name: str) -> SignInTries:
    """The count of a name, locked, so that of many guesses at once no more are looked at than are free."""
    key = tries_key(desk, name)
    tries = session.get(SignInTries, key, with_for_update=True)
    if tries is None:
        add_unless_there(session, SignInTries(name_hash=key, failures=0, last_at=now))
        tries = session.get_one(SignInTries, key, with_for_update=True)
    if tries.last_at < now - _FORGOTTEN_AFTER:
        tries.failures = 0
    return tries


def _count_failure(tries: SignInTries, now: datetime) -> None:
    tries.failures += 1
    tries.last_at = now
    over = tries.failures - _FREE_TRIES
    if over >= 0:
        tries.paused_until = now + min(timedelta(minutes=2 ** min(over, 10)), _LONGEST_PAUSE)


def who(session: Session, desk: Desk, token_or_key: str, *, is_key: bool = False) -> Staff | None:
    """Who a session belongs to, or None when it has ended, was unused for too long, or the account is disabled."""
    key = token_or_key if is_key else _hashed(token_or_key)
    now = _machine.now()
    unused = now - timedelta(minutes=desk.settings.staff_idle_minutes)
    row = session.execute(
        select(StaffMember.id, StaffMember.name, StaffMember.role)
        .join(StaffSession, StaffSession.staff_id == StaffMember.id)
        .where(
            StaffSession.token_hash == key,
            StaffSession.expires_at > now,
            StaffSession.used_at > unused,
            StaffMember.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else Staff(row.id, row.name, StaffRole(row.role), key)


def note_use(desk: Desk, staff: Staff) -> None:
    """The session is being used; written down twice a minute at most, and never for one that ended."""
    now = _machine.now()
    with desk.transaction() as session:
        session.execute(
            update(StaffSession)
            .where(StaffSession.token_hash == staff.key, StaffSession.used_at < now - _NOTED_EVERY)
            .values(used_at=now)
        )


def permitted(session: Session, desk: Desk, key: str, roles: Collection[StaffRole]) -> Staff:
    """Who acts, if their session still lives and their role, as it is now, is one of these.

    The guard of every act at the staff desk: whoever was signed out, disabled or given another role a moment ago does
    nothing any more, whatever their page still shows.

    Raises:
        NotAllowed: They may not.
    """
    staff = who(session, desk, key, is_key=True)
    if staff is None or staff.role not in roles:
        raise NotAllowed
    return staff


def sign_out(desk: Desk, staff: Staff) -> None:
    """End a session."""
    with desk.transaction() as session:
        session.execute(delete(StaffSession).where(StaffSession.token_hash == staff.key))
        audit.record(session, desk.clock.now(), AuditEvent.STAFF_SIGNED_OUT, reference=staff.actor, actor=staff.actor)


def present(session: Session, desk: Desk) -> list[tuple[int, str]]:
    """Who uses the staff desk at the moment: number and name, by name."""
    lately = _machine.now() - timedelta(minutes=min(5, desk.settings.staff_idle_minutes))
    query = (
        select(StaffMember.id, StaffMember.name)
        .join(StaffSession, StaffSession.staff_id == StaffMember.id)
        .where(StaffSession.used_at > lately, StaffMember.disabled_at.is_(None))
        .distinct()
        .order_by(StaffMember.name)
    )
    return [(row.id, row.name) for row in session.execute(query)]


def forget_old_tries(session: Session) -> int:
    """Remove counts of failed sign-ins that no longer matter; returns how many."""
    old = delete(SignInTries).where(SignInTries.last_at < _machine.now() - _FORGOTTEN_AFTER)
    gone: CursorResult[Any] = session.connection().execute(old)
    return gone.rowcount


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
