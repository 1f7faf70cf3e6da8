"""The data map as a person writes it: short forms allowed, anything misspelt refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bot.store.datamap.model import PolicyClass

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Value = str | int | bool | None
Noun = tuple[Words, Words]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Not(_Written):
    """`{not: value}` in a condition."""

    value: "Value | list[Value]" = Field(alias="not")


Conditions = dict[str, Not | Value | list[Value]]


class WrittenWay(_Written):
    """One entry of `belongs`: either `through` with `keys`, or `match`."""

    through: Words | None = None
    keys: dict[str, Words] = {}
    match: dict[str, Words] = {}
    kind: Literal["email", "exact"] = Field("email", alias="as")
    when: Conditions = {}
    role: Words | None = None
    noun: Noun | None = None


class Keep(_Written):
    """`erase: {keep: <reason>}`."""

    keep: Words


class WrittenColumn(_Written):
    """A column; a bare string is its label."""

    label: Words | None = None
    category: Words | None = None
    show: Words | None = None
    correct: Words | None = None
    erase: Words | Keep | None = None
    about: Words | None = None
    members: dict[str, "ColumnEntry"] = Field({}, alias="json")


def _label_only(entry: Any) -> Any:
    return {"label": entry} if isinstance(entry, str) else {} if entry is None else entry


ColumnEntry = Annotated[WrittenColumn, BeforeValidator(_label_only)]


class WrittenTable(_Written):
    """A table with its defaults."""

    not_personal: Words | None = None
    category: Words | None = None
    noun: Noun | None = None
    belongs: list[WrittenWay] = []
    date: Words | None = None
    removed_when: Conditions = {}
    show: Words | None = None
    erase: Words | Keep | None = None
    overview: list[Words] = []
    technical: list[Words] = []
    columns: dict[str, ColumnEntry] | list[Words] = {}


class WrittenCategory(_Written):
    """A kind of data."""

    policy_class: PolicyClass = Field(alias="class")
    title: Words
    purpose: Words
    recipients: list[Words]
    retention: Words
    source: Words
    legal_basis: Words


class WrittenKeepReason(_Written):
    """A reason for keeping."""

    basis: Words
    until: Words
    years: int | None = Field(None, ge=1, le=100)


class WrittenSubject(_Written):
    """Where the people are."""

    table: Words
    key: Words
    name: Words | None = None
    email: Words | None = None
    email_confirmed: Words | None = None
    phone: Words | None = None
    birth_date: Words | None = None


class WrittenMap(_Written):
    """The file."""

    format: Literal[1]
    subject: WrittenSubject
    keep_reasons: dict[str, WrittenKeepReason] = {}
    categories: dict[str, WrittenCategory]
    tables: dict[str, WrittenTable]
