"""What a copy of somebody's data consists of, before it is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.store.datamap.model import Category


@dataclass(frozen=True)
class Field:
    """One column of a table in the copy.

    Attributes:
        technical: A key that leads from row to row and says nothing about anybody.
    """

    name: str
    label: str
    technical: bool = False


@dataclass(frozen=True)
class NotGiven:
    """Something that is held and named, and not given, with the reason."""

    where: str
    what: str
    why: str


@dataclass(frozen=True)
class Source:
    """One table of the copy.

    Attributes:
        name: Its name in the data file and the name of its CSV file; no two are the same.
        noun: What one row and several are called.
        category: Key of the category it is shown under.
        role: As whom the person stands in rows that are somebody else's; None for their own.
        columns: Reads the rows anew: the values of each field, for some hundred rows at a time.
        closed: How many rows there are, and what they hold besides and is not given.
    """

    name: str
    noun: tuple[str, str]
    category: str
    fields: tuple[Field, ...]
    columns: Callable[[], Iterator[Sequence[Sequence[Any]]]]
    role: str | None = None
    closed: Callable[[], tuple[int, list[NotGiven]]] = field(default=lambda: (0, []))


@dataclass(frozen=True)
class Named:
    """A kind of data that is named with how many entries there are, and not opened."""

    category: Category
    count: int


@dataclass(frozen=True)
class Contents:
    """A copy of one person's data.

    Attributes:
        categories: What the law wants said about each kind of data, in the order in which they are shown.
        sources: The tables, each under one of the categories.
        withheld: Recorded by the shop itself (policy clauses `no-access`, `delete-or-anonymise`).
        outside: Held because of an account at another company (clause `access-and-correction`).
        clauses: The words of the policy that are quoted, by clause id.
        files: Reads, one after the other, the files the person sent: name and content.
    """

    number: str
    subject: str
    made_at: datetime
    policy_version: str
    categories: tuple[Category, ...]
    sources: tuple[Source, ...]
    withheld: tuple[Named, ...]
    outside: tuple[Named, ...]
    clauses: Mapping[str, str]
    files: Callable[[], Iterator[tuple[str, bytes]]] = field(default=lambda: iter(()))
