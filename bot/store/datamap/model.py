"""The data map as the rest of the desk sees it: complete, typed, unchangeable; no defaults left to guess."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from types import MappingProxyType


class PolicyClass(StrEnum):
    """Which promise of the policy a kind of data falls under."""

    PERSONAL_CENTER = "personal_center"  # clause access-and-correction: to be seen and corrected
    THIRD_PARTY = "third_party"  # the same clause's exception: linked accounts at other companies
    SERVICE_GENERATED = "service_generated"  # clauses no-access, delete-or-anonymise
    NOT_PERSONAL = "not_personal"


class Show(StrEnum):
    """How much of a value its subject is shown in the chat."""

    PLAIN = "plain"
    MASKED = "masked"  # in full only in the copy that is made after the identity check
    COUNT = "count"  # only how many there are
    NO = "no"


class ErasureAction(StrEnum):
    """What becomes of a value when its subject's data is erased."""

    DELETE = "delete"  # together with its row
    NULLIFY = "nullify"
    PSEUDONYMISE = "pseudonymise"
    GENERALISE = "generalise"
    KEEP = "keep"


@dataclass(frozen=True)
class KeepReason:
    """Why a value outlives an erasure, and for how long.

    Attributes:
        key: Its name in the map.
        basis: The law that demands it.
        until: When it goes, in words.
        years: Whole years counted from the end of the year of the row's date, where a number fixes the end.
    """

    key: str
    basis: str
    until: str
    years: int | None


@dataclass(frozen=True)
class Erase:
    """What erasure does to a column. `how` names the kind of generalising, `keep` the reason for keeping."""

    action: ErasureAction
    how: str | None = None
    keep: KeepReason | None = None


@dataclass(frozen=True)
class Category:
    """A kind of data as a person would name it, with what the law wants said about it."""

    key: str
    policy_class: PolicyClass
    title: str
    purpose: str
    recipients: tuple[str, ...]
    retention: str
    source: str
    legal_basis: str


@dataclass(frozen=True)
class Condition:
    """A column has (or, negated, has not) one of these values, or is above a number; `None` stands for SQL's NULL."""

    column: str
    values: tuple[str | int | bool | None, ...] = ()
    negated: bool = False
    above: int | None = None


@dataclass(frozen=True)
class Through:
    """Rows belong to whoever owns the row of `table` that `keys` (own column, its column) lead to."""

    table: str
    keys: tuple[tuple[str, str], ...]
    when: tuple[Condition, ...] = ()
    role: str | None = None
    noun: tuple[str, str] | None = None


@dataclass(frozen=True)
class Match:
    """Rows belong to the subject whose column `to` says the same as `column`, such as a guest's e-mail address."""

    column: str
    to: str
    kind: str
    when: tuple[Condition, ...] = ()
    role: str | None = None
    noun: tuple[str, str] | None = None


type Way = Through | Match


@dataclass(frozen=True)
class Column:
    """One column, classified.

    Attributes:
        category: The kind of data, or None where the column says nothing about a person.
        about: None when it is about the row's owner; otherwise the role of the other person it is about,
            or `other` for somebody who cannot be found by any way.
        correct: Name of the validator, where its subject may correct it.
        json: For text that holds JSON: its members, classified like columns; the column's own rule covers the rest.
    """

    table: str
    name: str
    category: Category | None
    label: str
    show: Show = Show.NO
    mask: str | None = None
    correct: str | None = None
    erase: Erase | None = None
    about: str | None = None
    json: Mapping[str, "Column"] | None = None

    @property
    def policy_class(self) -> PolicyClass:
        """Which promise of the policy it falls under."""
        return self.category.policy_class if self.category else PolicyClass.NOT_PERSONAL


@dataclass(frozen=True)
class Warn:
    """Rows that a person should know of before an erasure, such as an open order."""

    when: tuple[Condition, ...]
    say: str


@dataclass(frozen=True)
class Table:
    """One table, with the ways in which its rows belong to somebody.

    Attributes:
        not_personal: Why nothing in it is about a person; None for tables that hold personal data.
        category: The kind of data its rows are, as a whole.
        noun: What one row and several rows are called.
        date: The column that says when a row came to be, for "between … and …" and for keeping periods.
        removed_when: Marks rows that the shop hides but still holds.
        deletes_rows: Erasure takes the whole row.
        overview: Columns whose values the overview in the chat lists.
        anonymous: What stays of a row that is made anonymous, by column: as it is (None) or generalised (how).
            Everything else in the row but its key and technical columns is emptied. Nothing here: such rows are
            deleted then too.
        warns: What a person is warned of before an erasure.
        named_by: The column by which a person names a row whose facts they dispute, such as an order number.
    """

    name: str
    columns: Mapping[str, Column]
    not_personal: str | None = None
    category: Category | None = None
    noun: tuple[str, str] = ("row", "rows")
    ways: tuple[Way, ...] = ()
    date: str | None = None
    removed_when: tuple[Condition, ...] = ()
    deletes_rows: bool = False
    overview: tuple[str, ...] = ()
    anonymous: Mapping[str, str | None] | None = None
    warns: tuple[Warn, ...] = ()
    named_by: str | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """The other people, by role, that its rows may be about."""
        return tuple(dict.fromkeys(way.role for way in self.ways if way.role))


@dataclass(frozen=True)
class Subject:
    """Where the people are: their table, its key, and the columns the desk itself needs.

    `email_confirmed` is a column that is empty, or says no, until the person proved that the address is theirs. Guest
    rows are matched by e-mail only after that; without such a column, only when no two people hold the address.
    `last_activity` is a column that says when the person last used the shop, such as their last sign-in.
    `when` limits the table to this shop's customers, where it holds other shops' or the staff as well.
    """

    table: str
    key: str
    name: str | None = None
    email: str | None = None
    email_confirmed: str | None = None
    phone: str | None = None
    birth_date: str | None = None
    last_activity: str | None = None
    when: tuple[Condition, ...] = ()


class PurposeBasis(StrEnum):
    """Why the shop may use data for a purpose, which decides how a person ends it."""

    CONSENT = "consent"  # withdrawn, GDPR Article 7(3)
    LEGITIMATE_INTEREST = "legitimate_interest"  # objected to, GDPR Article 21
    CONTRACT = "contract"  # ends with the account


@dataclass(frozen=True)
class Purpose:
    """Something the shop uses data for, as a person is asked about it.

    Attributes:
        clause: The clause of the policy it rests on.
        consequence: What stops when the person ends it, said before they do.
        core: Without it a core function of the shop ends (policy clause `refusal-to-provide`).
        words: Words by which a person may mean it.
    """

    key: str
    title: str
    basis: PurposeBasis
    clause: str
    consequence: str
    core: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConsentRecords:
    """The shop's own table of choices: its columns, and what it writes for a yes and a no."""

    table: str
    subject: str
    purpose: str
    state: str
    at: str
    channel: str | None
    granted: str
    withdrawn: str


@dataclass(frozen=True)
class DataMap:
    """The whole map.

    Attributes:
        schemas: Schemas (on MySQL and MariaDB: databases) read beside the connection's own; their tables are called
            `schema.table`.
        timezone: The zone of the shop's times where a column keeps none.
        undecided: Questions that a person has not answered yet, each with where it stands.
    """

    subject: Subject
    categories: Mapping[str, Category]
    tables: Mapping[str, Table]
    purposes: Mapping[str, Purpose] = MappingProxyType({})
    consent_records: ConsentRecords | None = None
    schemas: tuple[str, ...] = ()
    timezone: tzinfo = UTC
    undecided: tuple[tuple[str, str], ...] = ()

    def personal_tables(self) -> Iterator[Table]:
        """Tables whose rows can belong to somebody."""
        return (table for table in self.tables.values() if table.not_personal is None)

    def columns(self) -> Iterator[Column]:
        """Every classified column."""
        for table in self.tables.values():
            yield from table.columns.values()
