"""Numbers people can read out on the phone: `PR-2026-000123`, `CS-2026-000007`."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.store.desk_tables import NumberSeries


def next_number(session: Session, prefix: str, now: datetime) -> str:
    """Give out the next number of this year's series, without gaps for rolled back work or doubles under load."""
    series = f"{prefix}-{now.year}"
    step = update(NumberSeries).where(NumberSeries.series == series).values(last=NumberSeries.last + 1)
    if session.connection().execute(step).rowcount == 0:
        try:
            with session.begin_nested():
                session.add(NumberSeries(series=series, last=1))
        except IntegrityError:
            session.execute(step)
    last = session.scalar(
        select(NumberSeries.last).where(NumberSeries.series == series).execution_options(populate_existing=True)
    )
    return f"{series}-{last:06d}"
