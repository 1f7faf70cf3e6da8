"""Looks for what was left behind of somebody: in the desk's tables, the engine's record, and the files beside them.

Says where and how many, never what. A request is "done" only when this finds nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, String, Table, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.store import tracker_records
from bot.store.desk_tables import Base
from bot.store.encryption import EncryptedJSON, EncryptedText
from bot.store.erasing import any_spelling, by_itself

_BATCH = 500
_CHUNK = 1 << 20
_OVERLAP = 4096
_LONG_ID = 9
_BETWEEN_DIGITS = r"[\s()./-]{0,3}"
_PLAIN_RUN = re.compile(r"[a-zA-Z0-9]+")
_OWN_FILES = ("secrets.json", "queue.sqlite3")
# Names of people who work at the shop, whoever else is called the same; all else in these rows is looked at.
_NAMES_OF_STAFF = frozenset(
    {
        "audit.actor",
        "case_messages.written_by",
        "cases.assigned_to",
        "handoffs.staff_name",
        "messages.speaker",
        "policy_versions.published_by",
        "staff.name",
    }
)

type Row = dict[str, Any]
type Stays = Callable[[str, Row], bool]


@dataclass(frozen=True)
class Traces:
    """What would give somebody away.

    Attributes:
        subject: The customer id, looked for where the desk keeps customer ids.
        words: Values of the person, looked for in every text.
        raw: The same as they may stand in a file.
        hints: Where none of these is in a text of ASCII, in small letters, neither `words` nor `raw` is; empty where
            that cannot be said. Nearly every text is of somebody else, and a hint is found a hundred times faster.
    """

    subject: str
    words: re.Pattern[str] | None
    raw: re.Pattern[str] | None
    hints: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, subject: str, look_for: Mapping[str, str]) -> "Traces":
        """Traces of a customer.

        Args:
            subject: The customer id.
            look_for: Values that can mean nobody else, as `erasing.freeze` keeps them: e-mail, phone (digits), name.
        """
        spelled = [by_itself(kind, _in_any_spelling(kind, value)) for kind, value in look_for.items() if value.strip()]
        hints = [_hint(kind, value) for kind, value in look_for.items() if value.strip()]
        if not subject.isdigit() and len(subject) >= _LONG_ID:
            spelled.append(by_itself("id", re.escape(subject)))
            hints.append(_hint("id", subject))
        if not spelled:
            return cls(subject, None, None)
        written = [_in_files(kind, value) for kind, value in look_for.items()]
        return cls(
            subject,
            re.compile("|".join(spelled), re.IGNORECASE),
            re.compile("|".join(written or [re.escape(subject)]), re.IGNORECASE),
            tuple(re.compile(hint) for hint in hints) if all(hints) else (),
        )

    def in_value(self, value: Any) -> bool:
        """Whether a stored value, however nested, tells of the person."""
        if self.words is None:
            return False
        texts = list(_texts(value))
        return self.may_be_in("\0".join(texts)) and any(self.words.search(text) for text in texts)

    def in_json(self, text: str) -> bool:
        """The same of a value written as JSON.

        Without a backslash its texts stand there as they are, and nearly every event need not be taken apart.
        """
        return ("\\" in text or self.may_be_in(text)) and self.in_value(json.loads(text))

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth looking closely."""
        if not self.hints or not text.isascii():
            return True
        small = text.lower()
        return any(hint.search(small) for hint in self.hints)


def _in_any_spelling(kind: str, value: str) -> str:
    """A phone number with whatever stands between its digits and before them; other values with any spaces and signs.

    JSON and addresses are read as well: a text may quote either.
    """
    if kind == "phone":
        return r"\+?(?:[\d\s().-]{0,8})" + _BETWEEN_DIGITS.join(value)
    return r"(?:\s|%20)+".join(map(any_spelling, value.split()))


def _hint(kind: str, value: str) -> str:
    """What stands in every spelling of a value in a text of ASCII; empty where nothing does.

    A letter or digit of ASCII is written as nothing else there, in JSON and addresses neither; any other sign may be.
    Of an e-mail address it is from before the `@`, since what stands behind that is many people's.
    """
    if kind == "phone":
        return _BETWEEN_DIGITS.join(value)
    return max(_PLAIN_RUN.findall(value.partition("@")[0]), key=len, default="").lower()


def _in_files(kind: str, value: str) -> str:
    """Telephone numbers are looked for more strictly there, since files are full of digits."""
    if kind == "phone":
        return rf"(?<!\d)\d{{0,3}}{_BETWEEN_DIGITS}{_BETWEEN_DIGITS.join(value)}(?!\d)"
    return by_itself(kind, _in_any_spelling(kind, value))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, each in value.items():
                yield from _texts(key)
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)


def in_desk(session: Session, traces: Traces, stays: Stays, heartbeat: Callable[[], None]) -> Counter[str]:
    """How many rows of each of the desk's own tables tell of the person, everything decrypted.

    Args:
        session: A session that only reads.
        traces: What to look for.
        stays: Whether a row is known and goes, or has gone, another way; given the table's name and the row.
        heartbeat: Called between batches.
    """
    found: Counter[str] = Counter()
    for table in Base.metadata.sorted_tables:
        looked_at = [column for column in table.columns if _tells(column)]
        if looked_at:
            found[table.name] = _in_table(session, table, looked_at, traces, stays, heartbeat)
    return +found


def _tells(column: Column[Any]) -> bool:
    """Files are found by whose they are: pixels and packed pages hold no words to look for."""
    kind = type(column.type)
    if str(column) in _NAMES_OF_STAFF:
        return False
    return issubclass(kind, String) or kind in (EncryptedText, EncryptedJSON)


def _in_table(
    session: Session,
    table: Table,
    columns: list[Column[Any]],
    traces: Traces,
    stays: Stays,
    heartbeat: Callable[[], None],
) -> int:
    found = 0
    query = select(*dict.fromkeys([*table.primary_key.columns, *columns])).order_by(*table.primary_key.columns)
    rows = session.connection().execution_options(yield_per=_BATCH).execute(query).mappings()
    for batch in rows.partitions(_BATCH):
        found += sum(1 for row in batch if _is_trace(dict(row), columns, traces) and not stays(table.name, dict(row)))
        heartbeat()
    return found


def _is_trace(row: Row, columns: list[Column[Any]], traces: Traces) -> bool:
    for column in columns:
        value = row[column.name]
        if value is None:
            continue
        if column.info.get("data") == "identifier" and value == traces.subject:
            return True
        if traces.in_value(value):
            return True
    return False


def in_tracker(
    settings: Settings, traces: Traces, conversations: Collection[str], heartbeat: Callable[[], None]
) -> int:
    """How many events of the engine's record are of these conversations, or tell of the person in another one."""
    found = tracker_records.left_of(settings.tracker_database_url, conversations)
    for number, event in enumerate(tracker_records.everything(settings.tracker_database_url)):
        found += traces.in_json(event)
        if not number % _BATCH:
            heartbeat()
    return found


def in_files(settings: Settings, traces: Traces, heartbeat: Callable[[], None]) -> Counter[str]:
    """How many places in each file below `DESK_HOME` tell of the person: logs, packages, whatever somebody put there.

    The databases and the secrets themselves are left out: the former are searched as databases.
    """
    found: Counter[str] = Counter()
    if traces.raw is None:
        return found
    own = _databases(settings)
    for path in sorted(settings.desk_home.rglob("*")):
        if path.is_symlink() or not path.is_file() or path in own or path.name in _OWN_FILES:
            continue
        if path.name.removesuffix("-wal").removesuffix("-shm") in _OWN_FILES:
            continue
        heartbeat()
        name = str(path.relative_to(settings.desk_home))
        places = _in_file(path, traces, traces.raw)
        if traces.raw.search(name):
            name, places = str(path.parent.relative_to(settings.desk_home)), places + 1
        found[name] += places
    return +found


def _databases(settings: Settings) -> set[Path]:
    files = set()
    for url in (settings.desk_database_url, settings.shop_database_url, settings.tracker_database_url):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            database = Path(parsed.database).absolute()
            files |= {database.with_name(database.name + ending) for ending in ("", "-wal", "-shm", "-journal")}
    return files


def _in_file(path: Path, traces: Traces, raw: re.Pattern[str]) -> int:
    """How many times a file says it; a place across two chunks is found once.

    Read as text whatever it is: in bytes nobody could tell a letter beyond ASCII, nor its capital.
    """
    found, carried = 0, ""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            while chunk := file.read(_CHUNK):
                text = carried + chunk
                ends = [match.end() for match in raw.finditer(text)] if traces.may_be_in(text) else []
                found += len(ends)
                carried = text[max(ends[-1] if ends else 0, len(text) - _OVERLAP) :]
    except FileNotFoundError:
        return 0  # gone while we looked
    return found
