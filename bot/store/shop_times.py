"""The shop's times as moments: a column that keeps no zone holds local time, in the zone that the data map names."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import mysql


@contextmanager
def in_utc(connection: Connection, column: sa.Column[Any] | None) -> Iterator[None]:
    """Within it, MySQL and MariaDB give and take what a TIMESTAMP column keeps in UTC, whatever zone the server has.

    Where the column is of another kind nothing is changed, and the zone is put back afterwards: what the shop's own
    defaults write (`CURRENT_TIMESTAMP`) follows it.
    """
    if column is None or not isinstance(column.type, mysql.TIMESTAMP):
        yield
        return
    before = connection.exec_driver_sql("SELECT @@time_zone").scalar_one()
    connection.exec_driver_sql("SET time_zone = '+00:00'")
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql("SET time_zone = %s", (before,))


def zone_of(column: sa.Column[Any], shops: tzinfo) -> tzinfo:
    """The zone of a column's times: the shop's, but for TIMESTAMP of MySQL and MariaDB as `in_utc` has them."""
    return UTC if isinstance(column.type, mysql.TIMESTAMP) else shops


def moment(found: Any, zone: tzinfo, *, latest: bool = False) -> datetime | None:
    """A time as the shop's database has it, in UTC; None for what is no time.

    Args:
        found: What stands in the column; a day is its first moment.
        zone: Where its clock hangs, unless it says so itself.
        latest: Where clocks go back an hour comes twice, and nothing tells which is meant. The first is taken, or with
            this the second: whoever asks says which of the two harms nobody.
    """
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found.strip())
        except ValueError:
            return None
    if isinstance(found, int):
        return datetime.fromtimestamp(found, UTC)
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, time.min)
    if not isinstance(found, datetime):
        return None
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    try:
        readings = [found.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except OverflowError:  # the first or the last day there is: stands for "never", in any zone
        return found.replace(tzinfo=UTC)
    return max(readings) if latest else min(readings)


def day_in(found: Any) -> date | None:
    """A birth date or another day, however the shop writes it: the same in every zone; None for what is none."""
    if isinstance(found, str):
        try:
            return date.fromisoformat(found.strip()[:10])
        except ValueError:
            return None
    if isinstance(found, datetime):
        return found.date()
    return found if isinstance(found, date) else None


def kept(column: sa.Column[Any], at: datetime, zone: tzinfo, dialect: str) -> datetime | date | int | str:
    """A moment as the column can hold it, always in the same zone, so that a repeat finds the row it wrote."""
    at, kind = at.astimezone(zone), column.type
    if isinstance(kind, sa.Integer):
        return int(at.timestamp())
    if isinstance(kind, sa.Date):
        return at.date()
    if not isinstance(kind, sa.DateTime):
        return at.isoformat(timespec="seconds")
    if dialect in {"mysql", "mariadb"} or getattr(kind, "precision", None) is not None:
        # Columns of time round to the second there, or to the digits they were made with.
        at = at.replace(microsecond=0)
    return at if kind.timezone else at.replace(tzinfo=None)
