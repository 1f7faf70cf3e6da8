"""What two versions of the policy say differently: clause by clause, and word by word within a clause."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from bot.store.policy_library import Clause, Policy
from bot.vocabulary import ChangeKind

_WORDS = re.compile(r"\s+|[^\s\w]|\w+")


@dataclass(frozen=True)
class Piece:
    """Some words of a clause: the same in both texts, only in the old, or only in the new one."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True)
class Difference:
    """A clause that is not the same in two texts.

    Attributes:
        old: The clause as it was, in `old_version`; None when it is new.
        new: The clause as it becomes, in `new_version`; None when it goes.
    """

    clause: str
    kind: ChangeKind
    old: Clause | None
    new: Clause | None

    @property
    def title(self) -> str:
        """What the clause is called now, or was called."""
        clause = self.new or self.old
        return clause.title if clause else self.clause

    @property
    def pieces(self) -> list[Piece]:
        """Both texts in one, word by word."""
        return compare_words(self.old.quote if self.old else "", self.new.quote if self.new else "")


def differences(old: Policy, new: Policy) -> list[Difference]:
    """What changes from one version to another, headings as well, in the order of the new text; what goes comes last.

    Clauses are the same when their ids are (ids are stable over versions). Where a clause stands changes nothing.
    """
    return between({clause.id: clause for clause in old.clauses}, {clause.id: clause for clause in new.clauses})


def between(old: Mapping[str, Clause], new: Mapping[str, Clause]) -> list[Difference]:
    """The same for clauses by id."""
    found = []
    for name, clause in new.items():
        before = old.get(name)
        if before is None:
            found.append(Difference(name, ChangeKind.ADDED, None, clause))
        elif (before.quote, before.heading) != (clause.quote, clause.heading):
            found.append(Difference(name, ChangeKind.CHANGED, before, clause))
    gone = [Difference(name, ChangeKind.REMOVED, clause, None) for name, clause in old.items() if name not in new]
    return found + gone


def compare_words(old: str, new: str) -> list[Piece]:
    """Cut two texts into what both say and what only one of them says."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    pieces: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(before[a:b])))
            continue
        if a < b:
            pieces.append(Piece("removed", "".join(before[a:b])))
        if c < d:
            pieces.append(Piece("added", "".join(after[c:d])))
    return pieces
