"""A table as the scaffold sees it while it works."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.store.datamap.scaffold.kinds import IDENTIFYING, Kind


@dataclass(frozen=True)
class Reference:
    """A column (or several) that leads to another table.

    Attributes:
        keys: Own column and its column.
        real: Kept by a foreign key, rather than only named so.
        told: The words of the own columns, without those that name the target.
        when: For polymorphic owners: the column of types and its word for this target.
        sure: Whether the values or a foreign key bear it out.
    """

    keys: tuple[tuple[str, str], ...]
    target: str
    real: bool
    told: tuple[str, ...] = ()
    when: tuple[str, str] | None = None
    sure: bool = True


@dataclass
class Seen:
    """One table: its words, what its columns seem to hold, and where they lead."""

    name: str
    live: sa.Table
    told: tuple[str, ...]
    kinds: dict[str, Kind] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def having(self, *kinds: Kind) -> list[str]:
        """Columns of these kinds, in the table's order."""
        return [name for name in self.live.c.keys() if self.kinds[name] in kinds]  # noqa: SIM118

    def identifying(self) -> list[str]:
        """Columns that tell who somebody is."""
        return self.having(*IDENTIFYING)

    def nullable(self, reference: Reference) -> bool:
        """Whether a row may lead nowhere by this reference."""
        return any(bool(self.live.c[own].nullable) for own, _ in reference.keys)

    def leading(self) -> set[str]:
        """Columns that lead to any table."""
        return {own for reference in self.references for own, _ in reference.keys}
