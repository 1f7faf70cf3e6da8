"""What the search after an erasure found, in words that name places and numbers and nobody.

Only an empty list lets a request end as done; anything else is for a person to look after.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from bot.errors import Unavailable
from bot.privacy import erasure_scan
from bot.privacy.erasure_guard import aim_of, checked, paced
from bot.privacy.erasure_guardian import askings_kept, belongs_to
from bot.privacy.erasure_own import sweep
from bot.privacy.erasure_scan import Row, Traces
from bot.privacy.room import Work
from bot.store import erasing, tracker_records
from bot.store.mail_owners import owner_of

# They stop the processing until the very end, and go in the last step.
_UNTIL_THE_END = frozenset({"restrictions", "holds", "audit_pseudonyms", "webhook_events"})


def scan(work: Work) -> Sequence[str]:
    """Look everywhere the person may have left a trace; what came in while the work ran goes first."""
    with suppress(Unavailable):  # done before; this catches what a person put right in the shop meanwhile
        erasing.settle(work.desk.shop)
    if not aim_of(work.details).is_all:
        return lines_of_shop(work, checked(work))
    sweep(work)
    plan = checked(work)
    url = work.desk.settings.tracker_database_url
    tracker_records.erase(url, plan["conversations"], work.desk.clock.now())
    return [*lines_of_shop(work, plan), *lines_of_desk(work, plan)]


def lines_of_shop(work: Work, plan: dict[str, Any]) -> list[str]:
    """What the shop's database still says of the person."""
    aim, today = aim_of(work.details), date.fromisoformat(plan["today"])
    found = erasing.residue(work.desk.shop, plan["snapshot"], aim.scope, aim.mode, today)
    return [f"The shop's table {'.'.join(filter(None, (each.table, each.column)))}: {each.rows}" for each in found]


def lines_of_desk(work: Work, plan: dict[str, Any]) -> list[str]:
    """What the desk, the engine's record and the files beside them still say of the person."""
    settings, beat = work.desk.settings, paced(work)
    traces = Traces.of(str(work.subject), plan["snapshot"]["look_for"])
    with work.desk.reading() as session:
        as_guardian = belongs_to(askings_kept(session, str(work.subject), traces))
        tables = erasure_scan.in_desk(session, traces, _stays(session, work, as_guardian, traces), beat)
    events = erasure_scan.in_tracker(settings, traces, plan["conversations"], beat)
    files = erasure_scan.in_files(settings, traces, beat)
    return [
        *(f"The desk's table {name}: {count}" for name, count in sorted(tables.items())),
        *([f"The engine's record of conversations: {events}"] if events else []),
        *(f"The file {name}: {count}" for name, count in sorted(files.items())),
    ]


def _stays(
    session: Session, work: Work, as_guardian: Callable[[str, Row], bool], traces: Traces
) -> Callable[[str, Row], bool]:
    """Rows that are known: they go, or are emptied, in the last step, or are kept of the guardian of somebody else.

    A mail about another customer, to an address that was theirs before or is both's, is theirs.
    """

    def known(table: str, row: Row) -> bool:
        if as_guardian(table, row):
            return True
        if table == "privacy_requests":
            return bool(row["number"] == work.number)
        if table == "mails":
            by_address_only = not traces.in_value([row["subject_line"], row["text"]])
            is_anothers = by_address_only and owner_of(session, row) not in (None, work.subject)
            return is_anothers or str(row["dedupe_key"]).endswith(f":{work.number}")
        return table in _UNTIL_THE_END and row["subject"] == work.subject

    return known
