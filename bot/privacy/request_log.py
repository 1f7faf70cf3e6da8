"""The record of requests as the law asks for it: counts by year, and the log of 24 months, without anybody's name.

Law: CCPA regulations 7101(b) ("the date of request, nature of request, manner in which the request was made, the date
of the business's response, the nature of the response, and the basis for the denial of the request") and 7102(a)
(requests received, complied with in whole or in part, and denied, and the median or mean number of days to respond).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.privacy.deadlines import date_of
from bot.privacy.request_status import REQUEST_WORDS
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.store.package.values import cells
from bot.vocabulary import RequestKind, RequestState

MONTHS = 24
_YEARS = (
    "year", "right", "received", "complied with in whole", "complied with in part", "denied",
    "taken back by the person", "never verified", "overtaken by a deletion", "open",
    "median days to respond", "mean days to respond",
)  # fmt: skip
_LOG = (
    "number", "date of request", "nature of request", "manner of request", "rules", "verified", "extended",
    "date of response", "nature of response", "basis of denial",
)  # fmt: skip
_RESPONSES = {
    RequestState.FULFILLED: "complied with in whole",
    RequestState.PARTLY_FULFILLED: "complied with in part",
    RequestState.DENIED: "denied",
    RequestState.REVOKED: "taken back by the person",
    RequestState.EXPIRED: "closed, the person never verified it",
}
_OVERTAKEN = "overtaken"
"""The state, in the counts, of what was verified and closed unanswered: only a deletion of everything does that."""
_ANSWERS = (RequestState.FULFILLED, RequestState.PARTLY_FULFILLED, RequestState.DENIED)


@dataclass(frozen=True)
class YearCount:
    """One right in one year.

    Attributes:
        states: How many requests are in which state.
        days: Of those that were answered: days from receipt to response.
    """

    year: int
    kind: RequestKind
    states: dict[str, int]
    days: list[float]


def as_csv(session: Session, desk: Desk, now: datetime) -> str:
    """Counts by year, an empty line, then the log of the last 24 months; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_YEARS)
    writer.writerows(_count_cells(each) for each in year_counts(session, desk))
    writer.writerow([])
    writer.writerow(_LOG)
    writer.writerows(cells(row) for row in log(session, desk, now))
    return out.getvalue()


def year_counts(session: Session, desk: Desk) -> list[YearCount]:
    """Every request the desk ever received, by year of receipt where the shop is, and right."""
    found: dict[tuple[int, str], YearCount] = {}
    columns = (PrivacyRequest.received_at, PrivacyRequest.kind, PrivacyRequest.state, PrivacyRequest.closed_at)
    for received, kind, state, closed, verified in session.execute(select(*columns, PrivacyRequest.verified_at)):
        year = date_of(received, desk.settings).year
        count = found.setdefault((year, kind), YearCount(year, RequestKind(kind), {}, []))
        counted = _OVERTAKEN if _is_overtaken(state, verified) else state
        count.states[counted] = count.states.get(counted, 0) + 1
        if closed is not None and state in _ANSWERS:
            count.days.append((closed - received).total_seconds() / 86_400)
    return [found[key] for key in sorted(found, key=lambda key: (-key[0], key[1]))]


def log(session: Session, desk: Desk, now: datetime) -> Iterator[tuple[Any, ...]]:
    """Requests of the last 24 months, oldest first; a denial's basis is its reason and law, which name nobody."""
    since = now - relativedelta(months=MONTHS)
    query = select(PrivacyRequest).where(PrivacyRequest.received_at >= since).order_by(PrivacyRequest.received_at)
    for request in session.scalars(query):
        denial = (request.outcome or {}).get("denial") or {}
        yield (
            request.number,
            f"{date_of(request.received_at, desk.settings)}",
            REQUEST_WORDS[RequestKind(request.kind)],
            "chat with the privacy desk",
            request.regime,
            "yes" if request.verified_at else "no",
            request.extension_reason or "no",
            f"{date_of(request.closed_at, desk.settings)}" if request.closed_at else "",
            _response(request),
            "; ".join(str(denial[key]) for key in ("reason", "law") if key in denial),
        )


def _response(request: PrivacyRequest) -> str:
    if _is_overtaken(request.state, request.verified_at):
        return "closed, all data of the person was deleted first"
    return _RESPONSES.get(RequestState(request.state), "open")


def _is_overtaken(state: str, verified_at: datetime | None) -> bool:
    return state == RequestState.EXPIRED and verified_at is not None


def _count_cells(each: YearCount) -> list[Any]:
    state = each.states
    closed = (*_ANSWERS, RequestState.REVOKED, RequestState.EXPIRED, _OVERTAKEN)
    received = sum(state.values())
    days = [round(median(each.days), 1), round(mean(each.days), 1)] if each.days else ["", ""]
    counts = [state.get(one, 0) for one in closed]
    return [each.year, REQUEST_WORDS[each.kind], received, *counts, received - sum(counts), *days]
