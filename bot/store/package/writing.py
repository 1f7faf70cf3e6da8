"""Writes a copy of somebody's data as one ZIP file, row by row, in memory that does not grow with the rows.

Law: GDPR Article 15(1) and (3) (the copy with what must be said about it), 20(1) (machine-readable), 12(1) (plain).
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

from bot.store.package.contents import Contents, NotGiven, Source
from bot.store.package.page import Sample, write_page
from bot.store.package.sealed import SealedWriter
from bot.store.package.spool import Spool
from bot.store.package.values import as_json, cells, shown, written_column

FORMAT = "privacy-desk-copy"
_SHOWN = 50
_PACKING = 4
_BOM = "\ufeff"


@dataclass(frozen=True)
class Written:
    """How far the work is: tables done, of how many, and rows so far."""

    tables: int
    of: int
    rows: int


Beat = Callable[[Written], None]


def write_package(sink: SealedWriter, spool: Spool, contents: Contents, beat: Beat) -> None:
    """Write the whole package.

    Args:
        sink: Where it goes.
        spool: Where the data file waits until the tables are written.
        contents: What goes in.
        beat: Called after every few hundred rows; whatever it raises stops the work.
    """
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING) as archive:
        package = _Package(archive, spool, contents, beat)
        package.write()


class _Package:
    def __init__(self, archive: zipfile.ZipFile, spool: Spool, contents: Contents, beat: Beat) -> None:
        self._archive, self._spool, self._contents, self._beat = archive, spool, contents, beat
        self._rows = 0
        self._samples: list[Sample] = []
        self._not_given: list[NotGiven] = []

    def write(self) -> None:
        """Tables as CSV first; the data file, which grew with them; the page last, since it counts."""
        self._spool.write(self._head())
        for done, source in enumerate(self._contents.sources):
            self._beat(self._how_far(done))
            self._table(source, done)
        self._spool.write(self._tail())
        with self._member("data.json") as file:
            for piece in self._spool.read():
                file.write(piece)
                self._beat(self._how_far(len(self._contents.sources)))
        for name, content in self._contents.files():
            with self._member(f"files/{name}") as file:
                file.write(content)
            self._beat(self._how_far(len(self._contents.sources)))
        with self._member("index.html") as file:
            write_page(file, self._contents, self._samples, self._not_given)

    def _table(self, source: Source, done: int) -> None:
        count, sample = self._rows_of(source, done) if source.fields else (0, [])
        if source.fields and not count:
            return
        rows, closed = source.closed()
        if count or rows:
            self._samples.append(Sample(source, count or rows, sample))
            self._not_given += closed

    def _rows_of(self, source: Source, done: int) -> tuple[int, list[list[str]]]:
        """Write a table's rows to its CSV file and to the data file; tables without any leave no trace."""
        batches = source.columns()
        first = next(batches, None)
        if first is None:
            return 0, []
        names = [field.name for field in source.fields]
        sample: list[list[str]] = []
        count = 0
        with self._member(f"csv/{source.name}.csv") as file:
            file.write(_encoded(_BOM + _lines([cells(names)])))
            self._spool.write(self._table_head(source))
            for columns in chain([first], batches):
                written = [written_column(values) for values in columns]
                rows = list(zip(*(exact for exact, _ in written), strict=True))
                if not count:
                    sample = [list(map(shown, row)) for row in rows[:_SHOWN]]
                file.write(_encoded(_lines(zip(*(cell for _, cell in written), strict=True))))
                text = as_json([dict(zip(names, row, strict=True)) for row in rows])[1:-1]
                self._spool.write(f",{text}" if count else text)
                count += len(rows)
                self._rows += len(rows)
                self._beat(self._how_far(done))
            self._spool.write(f'],"count":{count}}}')
        return count, sample

    def _how_far(self, done: int) -> Written:
        return Written(done, len(self._contents.sources), self._rows)

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        entry = zipfile.ZipInfo(name, self._contents.made_at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry._compresslevel = _PACKING  # type: ignore[attr-defined]
        entry.external_attr = 0o600 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file

    def _head(self) -> str:
        contents = self._contents
        about = {
            "format": FORMAT,
            "version": 1,
            "request": contents.number,
            "customer": contents.subject,
            "made_at": contents.made_at.isoformat(),
            "policy_version": contents.policy_version,
            "categories": [
                {
                    "key": each.key,
                    "title": each.title,
                    "purpose": each.purpose,
                    "recipients": list(each.recipients),
                    "retention": each.retention,
                    "source": each.source,
                    "legal_basis": each.legal_basis,
                }
                for each in contents.categories
            ],
        }
        return as_json(about)[:-1] + ',"tables":{'

    def _table_head(self, source: Source) -> str:
        about = {
            "category": source.category,
            "title": source.noun[1],
            "role": source.role,
            "columns": {field.name: field.label for field in source.fields},
        }
        before = "," if any(sample.source.fields for sample in self._samples) else ""
        return f'{before}{as_json(source.name)}:{as_json(about)[:-1]},"rows":['

    def _tail(self) -> str:
        contents = self._contents
        about = {
            "recorded_by_the_shop": [{"title": each.category.title, "count": each.count} for each in contents.withheld],
            "from_other_companies": [{"title": each.category.title, "count": each.count} for each in contents.outside],
            "held_and_not_given": [
                {"where": each.where, "what": each.what, "why": each.why} for each in self._not_given
            ],
            "policy": dict(contents.clauses),
        }
        return f'}},"not_given":{as_json(about)}}}'


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    """Cells as lines of a CSV file (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
