"""Where a case may go from where it is; every change is one conditional update, so that of two at once one wins."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from bot.privacy.state_changes import change_state
from bot.store.desk_tables import Case
from bot.vocabulary import CaseState as State

NEXT: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset({State.ANSWERED, State.REFUSED, State.CLOSED}),
    State.ANSWERED: frozenset({State.WAITING, State.SECOND_LOOK, State.CLOSED}),
    State.REFUSED: frozenset({State.WAITING, State.SECOND_LOOK, State.CLOSED}),
    State.SECOND_LOOK: frozenset({State.ANSWERED, State.REFUSED, State.CLOSED}),
    State.CLOSED: frozenset({State.WAITING, State.SECOND_LOOK}),
}
"""From a state to those that may follow it."""

WITH_STAFF = frozenset({State.WAITING, State.SECOND_LOOK})
"""States in which somebody at the shop is to do something, and a clock runs."""

DECIDED = frozenset({State.ANSWERED, State.REFUSED})
"""States in which the person has the shop's word and may answer it."""

ENDED = frozenset(State) - WITH_STAFF
"""States from which a case can be opened again or given to another person."""


def waits_for_staff() -> ColumnElement[bool]:
    """Somebody at the shop has to do something with it: it has no answer yet, or its answer reached nobody."""
    return or_(Case.state.in_(WITH_STAFF), and_(Case.state.in_(DECIDED), Case.alarmed_at.is_not(None)))


def move(session: Session, number: str, sources: Iterable[State], to: State, *conditions: Any, **values: Any) -> bool:
    """Bring a case into another state, if it is still in one of those it may leave.

    Args:
        session: The transaction of what goes with it.
        number: Which case.
        sources: States it may be in; each must be allowed to lead to `to`.
        to: The new state.
        conditions: Further SQL conditions on the row, such as that it was never opened again.
        values: Columns that change with the state.

    Returns:
        Whether this caller moved it. False: it is somewhere else by now, and nothing was changed.

    Raises:
        ValueError: No case may go this way; a fault in the program.
    """
    session.flush()
    return change_state(session, Case, NEXT, number, sources, to, *conditions, **values)
