"""Where a request may go from where it is; every change is one conditional update, so that of two at once one wins."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.privacy.state_changes import change_state
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import RequestState as State

NEXT: Mapping[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.RUNNING, State.COOLING_OFF, State.ON_HOLD, State.DENIED, State.REVOKED}),
    State.AWAITING_VERIFICATION: frozenset(
        {State.RUNNING, State.COOLING_OFF, State.ON_HOLD, State.REVOKED, State.EXPIRED, State.DENIED}
    ),
    # One hold may follow another: what a person let go on still waits after a change of contact details.
    State.ON_HOLD: frozenset(
        {State.ON_HOLD, State.RUNNING, State.COOLING_OFF, State.AWAITING_APPROVAL, State.REVOKED, State.DENIED}
    ),
    State.COOLING_OFF: frozenset({State.RUNNING, State.ON_HOLD, State.REVOKED, State.DENIED}),
    State.AWAITING_APPROVAL: frozenset({State.RUNNING, State.REVOKED, State.DENIED}),
    State.RUNNING: frozenset({State.FULFILLED, State.PARTLY_FULFILLED, State.ON_HOLD, State.AWAITING_APPROVAL}),
    State.PARTLY_FULFILLED: frozenset({State.RUNNING}),
    State.FULFILLED: frozenset(),
    State.DENIED: frozenset(),
    State.REVOKED: frozenset(),
    State.EXPIRED: frozenset(),
}
"""From a state to those that may follow it."""

CLOSED = frozenset({State.FULFILLED, State.PARTLY_FULFILLED, State.DENIED, State.REVOKED, State.EXPIRED})
"""States in which nothing happens by itself any more."""

OPEN = frozenset(State) - CLOSED

REVOCABLE = frozenset(state for state, following in NEXT.items() if State.REVOKED in following)
"""States from which a person can still take their request back."""

DENIABLE = frozenset(state for state, following in NEXT.items() if State.DENIED in following)
"""States in which a request can still be denied: its work has not begun."""


def move(session: Session, number: str, sources: Iterable[State], to: State, *conditions: Any, **values: Any) -> bool:
    """Bring a request into another state, if it is still in one of those it may leave.

    Args:
        session: The transaction of what goes with it.
        number: Which request.
        sources: States it may be in; each must be allowed to lead to `to`.
        to: The new state.
        conditions: Further SQL conditions on the row.
        values: Columns that change with the state.

    Returns:
        Whether this caller moved it. False: somebody else was faster, and nothing was changed.

    Raises:
        ValueError: No request may go this way; a fault in the program.
    """
    return change_state(session, PrivacyRequest, NEXT, number, sources, to, *conditions, **values)
