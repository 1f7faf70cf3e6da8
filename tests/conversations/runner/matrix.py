"""Which conversations there must be: every right with everything that may come in between, as far as it makes sense."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parent.parent / "matrix.yml"


@dataclass(frozen=True)
class Matrix:
    """Rights and interruptions with what they mean; and the cells that make no sense, each with its reason."""

    rights: dict[str, str]
    interruptions: dict[str, str]
    no_sense: dict[str, str]

    @property
    def cells(self) -> list[str]:
        """Every cell, as `right/interruption`."""
        return [f"{right}/{between}" for right in self.rights for between in self.interruptions]

    def empty(self, covered: Iterable[str]) -> list[str]:
        """Cells that make sense and that no conversation is tagged with."""
        filled = {*covered, *self.no_sense}
        return [cell for cell in self.cells if cell not in filled]


@cache
def matrix() -> Matrix:
    """What `matrix.yml` says."""
    return Matrix(**yaml.safe_load(FILE.read_text(encoding="utf-8")))
