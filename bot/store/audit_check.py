"""Reads the whole record again and says what is wrong with it: changed, slipped in, taken out, moved, cut or old."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.audit_anchor import Anchor, Anchors, read_anchors
from bot.store.audit_chain import Content, fits
from bot.store.desk import Desk
from bot.store.desk_tables import AuditEntry, AuditHead

_AT_ONCE = 2000


@dataclass(frozen=True)
class Verdict:
    """What a check of the record came to.

    Attributes:
        entries: How many were read.
        unsealed: How many of them are from before there were seals.
        anchors: How many witnesses outside the database agree.
        findings: A sentence for everything that is wrong, naming entries; empty when nothing is.
        notes: What should be known and is nobody's attack.
    """

    entries: int
    unsealed: int
    anchors: int
    findings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def check(desk: Desk) -> Verdict:
    """Check the record of a desk against its seals, its head and its anchors."""
    # Anchors first: one that is written meanwhile may be ahead of what the database shows this reader.
    anchors = read_anchors(desk.settings)
    with desk.reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return verify(session, anchors)


def verify(session: Session, anchors: Anchors) -> Verdict:
    """Check the record as one session sees it.

    Args:
        session: Reads the desk database; on PostgreSQL in a transaction that sees one moment (REPEATABLE READ).
        anchors: What stands outside the database.
    """
    walk = _Walk({anchor.number for anchor in anchors.anchors})
    for entry in _entries(session):
        walk.take(*entry)
    findings = [*anchors.faults, *walk.findings(), *_head_findings(session, walk)]
    wrong = [sentence for anchor in anchors.anchors if (sentence := _anchor_finding(anchor, walk))]
    notes = []
    if walk.unsealed:
        notes.append(f"{walk.unsealed} entries up to {walk.last_unsealed} are from before there were seals.")
    if walk.count and not anchors.anchors:
        notes.append("There is no anchor yet: a record replaced as a whole would not be noticed.")
    return Verdict(walk.count, walk.unsealed, len(anchors.anchors) - len(wrong), tuple(findings + wrong), tuple(notes))


def _entries(session: Session) -> Iterable[tuple[Content, str]]:
    row = AuditEntry
    query = select(row.id, row.at, row.event, row.conversation_id, row.reference, row.subject, row.actor, row.seal)
    for found in session.execute(query.order_by(row.id).execution_options(yield_per=_AT_ONCE)):
        yield Content(*found[:-1]), found[-1]


@dataclass
class _Walk:
    """Goes along the entries in order and remembers what did not fit; memory grows with faults, not with entries."""

    anchored: set[int]
    count: int = 0
    unsealed: int = 0
    last_unsealed: int = 0
    last: int = 0
    last_seal: str = ""
    sealed_before: int | None = None
    seals: dict[int, str] = field(default_factory=dict)
    missing: list[tuple[int, int]] = field(default_factory=list)
    broken: list[tuple[int, int]] = field(default_factory=list)
    bare: list[tuple[int, int]] = field(default_factory=list)

    def take(self, content: Content, found: str) -> None:
        number = content.number
        if number != self.last + 1:
            self.missing.append((self.last + 1, number - 1))
        if found == "":
            self._take_bare(number)
        else:
            if not fits(content, self.last_seal, found):
                _add(self.broken, number)
            self.sealed_before = self.sealed_before or number
        if number in self.anchored:
            self.seals[number] = found
        self.count += 1
        self.last, self.last_seal = number, found

    def _take_bare(self, number: int) -> None:
        if self.sealed_before is None:
            self.unsealed += 1
            self.last_unsealed = number
        else:
            _add(self.bare, number)

    def findings(self) -> list[str]:
        """A sentence for each stretch of entries with the same fault."""
        said = [f"{_named(*gap, 'is', 'are')} missing." for gap in self.missing]
        said += [f"{_named(*gap, 'has', 'have')} no seal, although entries before have one." for gap in self.bare]
        said += [
            f"{_named(*gap, 'does', 'do')} not fit the seal: changed, slipped in or moved, or what came before was."
            for gap in self.broken
        ]
        return said


def _add(stretches: list[tuple[int, int]], number: int) -> None:
    if stretches and stretches[-1][1] == number - 1:
        stretches[-1] = (stretches[-1][0], number)
    else:
        stretches.append((number, number))


def _named(first: int, last: int, one: str, many: str) -> str:
    return f"Entry {first} {one}" if first >= last else f"Entries {first} to {last} {many}"


def _head_findings(session: Session, walk: _Walk) -> Sequence[str]:
    heads = session.execute(select(AuditHead.last, AuditHead.seal)).all()
    if not heads:
        return ["The head of the record is gone."] if walk.sealed_before is not None else []
    if len(heads) > 1:
        return ["The record has more than one head."]
    last, seal = heads[0]
    if not seal:
        return ["The head of the record has no seal."]
    if last > walk.last:
        return [f"{_named(walk.last + 1, last, 'is', 'are')} missing at the end: the head of the record names {last}."]
    if last < walk.last:
        return [f"{_named(last + 1, walk.last, 'is', 'are')} beyond the head of the record, which names {last}."]
    return [] if seal == walk.last_seal else [f"Entry {last} is not the one that the head of the record names."]


def _anchor_finding(anchor: Anchor, walk: _Walk) -> str:
    if anchor.number > walk.last:
        return (
            f"The anchor of {anchor.at[:19]} names entry {anchor.number}, but the record ends at {walk.last}: "
            "its end was cut off, or an old database was put back."
        )
    if anchor.number and walk.seals.get(anchor.number, "") != anchor.seal:
        return (
            f"Entry {anchor.number} is not the one that was there at the anchor of {anchor.at[:19]}: "
            "the record was written anew, or an old database was put back."
        )
    return ""
