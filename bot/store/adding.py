"""Adds what two may add at the same moment."""

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
