"""Numbers people can read out on the phone: `PR-2026-000123`, `CS-2026-000007`, `GC-2026-000001`."""

import re
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.store.adding import change_or_add
from bot.store.desk_tables import NumberSeries
from bot.vocabulary import EntityKind

KINDS = {"PR": EntityKind.REQUEST, "CS": EntityKind.CASE, "GC": EntityKind.CONSENT}
"""What a number is of, by its first two letters."""
# However people set the parts apart; only years in which a number can have been given out.
NUMBER = re.compile(r"(?<![^\W_])(PR|CS|GC)[\W_]?(20\d\d)[\W_]?(\d{6})(?![^\W_])", re.IGNORECASE)


def numbers_in(text: str, kind: EntityKind | None = None) -> list[str]:
    """The numbers in some words, in their order and in the form in which they were given out.

    Args:
        text: Words.
        kind: Only numbers of this kind.
    """
    found = (match.groups() for match in NUMBER.finditer(text))
    return [
        f"{prefix.upper()}-{year}-{last}"
        for prefix, year, last in found
        if kind is None or KINDS[prefix.upper()] is kind
    ]


def number_in(text: str, kind: EntityKind | None = None) -> str | None:
    """The first of these numbers in some words, if there is one."""
    return next(iter(numbers_in(text, kind)), None)


def next_number(session: Session, prefix: str, now: datetime) -> str:
    """Give out the next number of this year's series, without gaps for rolled back work or doubles under load."""
    series = f"{prefix}-{now.year}"
    step = update(NumberSeries).where(NumberSeries.series == series).values(last=NumberSeries.last + 1)
    change_or_add(session, step, NumberSeries(series=series, last=1))
    last = session.scalar(
        select(NumberSeries.last).where(NumberSeries.series == series).execution_options(populate_existing=True)
    )
    return f"{series}-{last:06d}"
