"""Who works at the staff desk, and their live sign-ins."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime
from bot.store.encryption import EncryptedText


class StaffMember(Base):
    """A member of staff. In the record they stand as `staff:<id>`, and the row stays when the account is disabled.

    `totp_step` is the time step of the last code that was taken, so that none serves twice.
    """

    __tablename__ = "staff"
    __table_args__ = NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True, info=NOTHING)
    name: Mapped[str] = mapped_column(String(64), unique=True, info=WHO)
    role: Mapped[str] = mapped_column(String(16), info=NOTHING)
    password_hash: Mapped[str] = mapped_column(String(200), info=NOTHING)
    totp_secret: Mapped[str] = mapped_column(EncryptedText, info=CONTENT)
    totp_step: Mapped[int] = mapped_column(Integer, default=0, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)


class StaffSession(Base):
    """A live sign-in; only the hash of its token is kept. Times are the machine's."""

    __tablename__ = "staff_sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True, info=NOTHING)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, info=NOTHING)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info=NOTHING)


class SignInTries(Base):
    """Sign-ins under a name that failed, whether anybody has that name or not. Times are the machine's."""

    __tablename__ = "staff_sign_in_tries"
    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=NOTHING)
    failures: Mapped[int] = mapped_column(Integer, info=NOTHING)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime, info=NOTHING)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info=NOTHING)
