"""The data map as a person writes it: short forms allowed, anything misspelt refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bot.store.datamap.model import PolicyClass, PurposeBasis

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Value = str | int | bool | None
Noun = tuple[Words, Words]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Not(_Written):
    """`{not: value}` in a condition."""

    value: "Value | list[Value]" = Field(alias="not")


class Above(_Written):
    """`{above: number}` in a condition."""

    above: int


Conditions = dict[str, Not | Above | Value | list[Value]]


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

    decide: Words | None = None
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


class WrittenWarn(_Written):
    """One entry of `warn`."""

    when: Conditions
    say: Words


class WrittenTable(_Written):
    """A table with its defaults."""

    decide: Words | None = None
    not_personal: Words | None = None
    category: Words | None = None
    noun: Noun | None = None
    belongs: list[WrittenWay] = []
    date: Words | None = None
    removed_when: Conditions = {}
    show: Words | None = None
    erase: Words | Keep | None = None
    overview: list[Words] = []
    anonymous: dict[str, Words] = {}
    warn: list[WrittenWarn] = []
    named_by: Words | None = None
    technical: list[Words] = []
    columns: dict[str, ColumnEntry] | list[Words] = {}


class WrittenCategory(_Written):
    """A kind of data."""

    decide: Words | None = None
    policy_class: PolicyClass = Field(alias="class")
    title: Words
    purpose: Words
    recipients: list[Words]
    retention: Words
    source: Words
    legal_basis: Words


class WrittenKeepReason(_Written):
    """A reason for keeping."""

    decide: Words | None = None
    basis: Words
    until: Words
    years: int | None = Field(None, ge=1, le=100)


class WrittenSubject(_Written):
    """Where the people are."""

    decide: Words | None = None
    table: Words
    key: Words
    name: Words | None = None
    email: Words | None = None
    email_confirmed: Words | None = None
    phone: Words | None = None
    birth_date: Words | None = None
    last_activity: Words | None = None
    when: Conditions = {}


class WrittenPurpose(_Written):
    """Something data is used for."""

    title: Words
    basis: PurposeBasis
    clause: Words
    consequence: Words
    core: bool = False
    words: list[Words] = []


class WrittenConsentRecords(_Written):
    """Where the shop keeps choices."""

    table: Words
    subject: Words
    purpose: Words
    state: Words
    at: Words
    channel: Words | None = None
    granted: Words
    withdrawn: Words


class WrittenMap(_Written):
    """The file."""

    format: Literal[1]
    schemas: list[Words] = []
    timezone: Words = "UTC"
    subject: WrittenSubject
    keep_reasons: dict[str, WrittenKeepReason] = {}
    categories: dict[str, WrittenCategory]
    purposes: dict[str, WrittenPurpose] = {}
    consent_records: WrittenConsentRecords | None = None
    tables: dict[str, WrittenTable]
