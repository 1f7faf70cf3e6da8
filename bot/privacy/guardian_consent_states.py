"""Where the asking of a guardian may go from where it is; of two changes at once one wins, as with requests."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.privacy.state_changes import change_state
from bot.store.desk_tables import GuardianConsent
from bot.vocabulary import GuardianState as State

NEXT: Mapping[State, frozenset[State]] = {
    State.INVITED: frozenset({State.IN_REVIEW, State.LIVE, State.REFUSED, State.EXPIRED, State.CANCELLED, State.ENDED}),
    State.IN_REVIEW: frozenset({State.INVITED, State.LIVE, State.REFUSED, State.CANCELLED, State.ENDED}),
    State.LIVE: frozenset({State.WITHDRAWN, State.ENDED}),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
    State.ENDED: frozenset(),
}
"""From a state to those that may follow it. Who changes their mind after a no is asked anew, with a new number."""

OPEN = frozenset({State.INVITED, State.IN_REVIEW})
"""Nothing is decided yet."""

DECIDED = frozenset({State.LIVE, State.REFUSED, State.WITHDRAWN})
"""The guardian has said something that counts."""

SILENT = frozenset({State.EXPIRED, State.CANCELLED, State.ENDED})
"""Nothing was decided, or what was decided counts no longer: nothing can be asked for with it."""


def move(session: Session, number: str, sources: Iterable[State], to: State, *conditions: Any, **values: Any) -> bool:
    """Bring the asking of a guardian into another state, if it is still in one of those it may leave.

    Returns:
        Whether this caller moved it. False: somebody else was faster, and nothing was changed.

    Raises:
        ValueError: Nothing may go this way; a fault in the program.
    """
    return change_state(session, GuardianConsent, NEXT, number, sources, to, *conditions, **values)
