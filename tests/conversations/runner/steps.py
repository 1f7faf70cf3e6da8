"""The words a conversation may use, and what may stand under each."""

import re
from functools import cache
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from bot.config import PROJECT
from bot.demo.shop_schema import shop_metadata
from bot.store.desk_tables import Base
from bot.store.policy_library import load_library
from bot.vocabulary import AuditEvent
from tests.stack import PROCESSES

_DURATION = re.compile(r"^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$")


@cache
def responses() -> frozenset[str]:
    """Names of all responses of `domain.yml`."""
    return frozenset(yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"])


@cache
def clauses() -> frozenset[str]:
    """Ids of all clauses of every policy version."""
    versions = load_library(PROJECT / "data" / "policy").versions
    return frozenset(clause for version in versions for clause in version.by_id)


def _known(what: str, names: Any) -> Any:
    def check(name: str) -> str:
        known = names()
        if name not in known:
            raise ValueError(f"{name!r} is no {what}")
        return name

    return AfterValidator(check)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no pattern ({error})") from None
    return text


def _duration(text: str) -> str:
    if not _DURATION.match(text):
        raise ValueError(f"{text!r} is no duration such as P15D or PT2H")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_response(value: Any) -> Any:
    return {"response": value} if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Pieces = Annotated[list[Text], BeforeValidator(_as_list)]
Response = Annotated[str, _known("response of domain.yml", responses)]
Clause = Annotated[str, _known("clause of the policy", clauses)]
Event = Annotated[str, _known("event of the audit record", lambda: {event.value for event in AuditEvent})]
Process = Annotated[str, _known("process of the desk", lambda: PROCESSES)]
Patterns = dict[str, Annotated[str, AfterValidator(_pattern)]]
Duration = Annotated[str, AfterValidator(_duration)]
Value = str | int | float | bool | None


class Strict(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


class Person(Strict):
    """Somebody who takes part: anonymous, or a customer by id, by name, or `any` that no other test uses."""

    customer: Text | None = None


class Card(Strict):
    """A card of a message: its kind, pieces of text in it, pieces that must not be."""

    kind: Text
    shows: Pieces = []
    hides: Pieces = []
    capture: Patterns = {}


class BotMessage(Strict):
    """What is expected of one message; what is left out is not looked at."""

    response: Response | None = None
    says: Pieces = []
    does_not_say: Pieces = []
    cites: list[Clause] | None = None
    choices: list[Text] | None = None
    card: Card | Literal["none"] | None = None
    capture: Patterns = {}


class OldChoice(Strict):
    """A choice that the newest answer of the speaker does not offer."""

    label: Text
    shown: Literal["earlier"] | None = None
    shown_to: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.shown is None) == (self.shown_to is None):
            raise ValueError("say either `shown: earlier` or `shown_to: <person>`")
        return self


class OtherWords(Strict):
    """Other words under a key that was used."""

    user: Text


class Long(Strict):
    """A text too long to write out: a piece, so many times."""

    repeated: Text
    times: int = Field(gt=0)


class Mail(Strict):
    """A mail that came in this conversation, to a person of it or to an address."""

    to: Text
    subject: Pieces = []
    says: Pieces = []
    does_not_say: Pieces = []
    capture: Patterns = {}
    none: Literal[True] | None = None


class Store(Strict):
    """Rows of a table, found by the values of some columns."""

    database: Literal["desk", "shop"] = "desk"
    table: Text
    where: dict[str, Value] = {}
    rows: int | None = Field(None, ge=0)
    values: dict[str, Value] = {}
    absent: Literal[True] | None = None
    total: dict[str, Value] = {}
    capture: dict[str, Text] = {}
    capture_total: dict[str, Text] = {}

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        metadata = Base.metadata if self.database == "desk" else shop_metadata
        if self.table not in metadata.tables:
            raise ValueError(f"the {self.database} database has no table {self.table!r}")
        columns = set(metadata.tables[self.table].c.keys())
        named = {*self.where, *self.values, *self.total, *self.capture.values(), *self.capture_total.values()}
        if named - columns:
            raise ValueError(f"{self.table} has no column {', '.join(sorted(named - columns))}")
        if not (
            self.rows is not None or self.absent or self.values or self.total or self.capture or self.capture_total
        ):
            raise ValueError("say what to expect: rows, values, absent, total, capture or capture_total")
        return self


class Problem(Strict):
    """A refusal of the API."""

    status: int
    code: Text
    says: Pieces = []


class Shown(Strict):
    """One line of the history: what a user wrote, or the response a bot gave."""

    user: Text | None = None
    bot: Response | None = None

    @model_validator(mode="after")
    def _one_author(self) -> Self:
        if (self.user is None) == (self.bot is None):
            raise ValueError("each line is either `user: <text>` or `bot: <response>`")
        return self


BotMessages = list[Annotated[BotMessage, BeforeValidator(_as_response)]]

KINDS: dict[str, TypeAdapter[Any]] = {
    "as": TypeAdapter(Text),
    "user": TypeAdapter(str | Long),
    "choice": TypeAdapter(Text | OldChoice),
    "form": TypeAdapter(dict[str, Any]),
    "repeat": TypeAdapter(Literal["same", "again"] | OtherWords),
    "bot": TypeAdapter(BotMessages),
    "problem": TypeAdapter(Problem),
    "owner": TypeAdapter(Literal["bot", "person"]),
    "history": TypeAdapter(list[Shown]),
    "mail": TypeAdapter(Mail),
    "store": TypeAdapter(Store),
    "audit": TypeAdapter(list[Event]),
    "clock": TypeAdapter(Duration),
    "down": TypeAdapter(Process),
    "up": TypeAdapter(Process),
    "restart": TypeAdapter(Process),
}
"""Every step, by its word."""

SENDING = ("user", "choice", "form", "repeat")
"""The steps that send something to the desk."""
