"""The one way in which anything with a number and a state changes it: a conditional update, which one caller wins."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from bot.store.desk_tables import Case, GuardianConsent, PrivacyRequest

type Numbered = type[PrivacyRequest] | type[GuardianConsent] | type[Case]
_WORDS: Mapping[Numbered, str] = {PrivacyRequest: "request", GuardianConsent: "asking of a guardian", Case: "case"}


def change_state[S](
    session: Session,
    table: Numbered,
    allowed: Mapping[S, Set[S]],
    number: str,
    sources: Iterable[S],
    to: S,
    *conditions: Any,
    **values: Any,
) -> bool:
    """Bring a row into another state, if it is still in one of those it may leave.

    Returns:
        Whether this caller moved it. False: somebody else was faster, and nothing was changed.

    Raises:
        ValueError: Nothing may go this way; a fault in the program.
    """
    leaving = list(sources)
    if forbidden := [state for state in leaving if to not in allowed[state]]:
        raise ValueError(f"no {_WORDS[table]} goes from {forbidden[0]} to {to}")
    moved: CursorResult[Any] = session.connection().execute(
        update(table).where(table.number == number, table.state.in_(leaving), *conditions).values(state=to, **values)
    )
    if moved.rowcount:
        session.expire_all()
    return bool(moved.rowcount)
