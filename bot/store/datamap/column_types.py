"""Types of the shop's columns whose values must be read with care, so that no other place has to know of it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine


def as_it_reads(kind: TypeEngine[Any], dialect: str) -> TypeEngine[Any]:
    """The type of a column as the database names it, or one of its kind that reads what the first would misread."""
    careful = _CAREFUL.get(dialect, {}).get(type(kind))
    return kind if careful is None else kind.adapt(careful)


def day_said(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A date for comparing and counting in SQL; NULL where the row holds a zero date, which says no day."""
    if not isinstance(column.type, _ZeroDates):
        return column
    return sa.case((sa.func.month(column) * sa.func.dayofmonth(column) > 0, column))


class _ZeroDates(TypeEngine[Any]):
    """MySQL and MariaDB keep `0000-00-00` and `2026-00-00`, also where NULL is not allowed: read as no date."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        return lambda value: value if isinstance(value, date) else None


class _Day(_ZeroDates, sa.DATE):
    pass


class _Moment(_ZeroDates, mysql.DATETIME):
    pass


class _Stamp(_ZeroDates, mysql.TIMESTAMP):
    pass


class _Unpadded(sa.CHAR):
    """PostgreSQL fills CHAR(n) up with blanks, which it overlooks itself when it compares."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        return lambda value: value if value is None else value.rstrip(" ")

    def adapt(self, cls: Any, **kw: Any) -> Any:
        # The driver's own type for texts would take the place of this one.
        return super().adapt(type(self), **kw)


_ZERO_DATES = {sa.DATE: _Day, mysql.DATETIME: _Moment, mysql.TIMESTAMP: _Stamp}
_CAREFUL: dict[str, dict[Any, Any]] = {
    "mysql": _ZERO_DATES,
    "mariadb": _ZERO_DATES,
    "postgresql": {sa.CHAR: _Unpadded},
}
