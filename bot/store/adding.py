"""Adds what two may add at the same moment."""

from typing import Any

from sqlalchemy import CursorResult, Update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.store.desk_tables import Base


def add_unless_there(session: Session, row: Base) -> bool:
    """Add a row that another transaction may be adding right now; where it did, this one goes on with theirs.

    Args:
        session: The transaction; nothing of it is lost when the row is there.
        row: The row, with the key that both give it.

    Returns:
        Whether it was added here.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def change_or_add(session: Session, change: Update, row: Base) -> None:
    """Change a row, such as a count, or add it where there is none; of two that find none, the later changes theirs.

    Args:
        session: The transaction.
        change: The change of exactly that row.
        row: What it is when this is the first.
    """
    changed: CursorResult[Any] = session.connection().execute(change)
    if not changed.rowcount and not add_unless_there(session, row):
        session.connection().execute(change)
