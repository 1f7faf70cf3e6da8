"""What the tables of the desk are made of."""

from datetime import UTC, datetime

from sqlalchemy import DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NOTHING = {"data": "not_personal"}
WHO = {"data": "identifier"}
CONTENT = {"data": "content"}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on databases that keep none; refuses naive ones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as naive UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime has no place in the desk's tables")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Root of the desk's tables."""


NEVER_AGAIN = {"sqlite_autoincrement": True}
"""Numbers of rows that were deleted are not given out again, as SQLite would: origins and mail ids refer to them."""
