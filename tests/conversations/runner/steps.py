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
from bot.vocabulary import AuditEvent, RequestState
from tests import policies
from tests.stack import PROCESSES

_DURATION = re.compile(r"^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$")


@cache
def responses() -> frozenset[str]:
    """Names of all responses of `domain.yml`."""
    return frozenset(yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"])


@cache
def clauses() -> frozenset[str]:
    """Ids of all clauses of every policy version, the invented one of `publish` among them."""
    versions = load_library(PROJECT / "data" / "policy").versions
    return frozenset(policies.MARKS) | frozenset(clause for version in versions for clause in version.by_id)


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


def _clause(name: str) -> str:
    if name.partition("@")[0] not in clauses():
        raise ValueError(f"{name!r} is no clause of the policy")
    return name


Clause = Annotated[str, AfterValidator(_clause)]
Event = Annotated[str, _known("event of the audit record", lambda: {event.value for event in AuditEvent})]
Process = Annotated[str, _known("process of the desk", lambda: PROCESSES)]
State = Annotated[str, _known("state of a request", lambda: {*RequestState, GONE})]
Patterns = dict[str, Annotated[str, AfterValidator(_pattern)]]
Duration = Annotated[str, AfterValidator(_duration)]
Value = str | int | float | bool | None
Seconds = Annotated[float, Field(gt=0, le=120)]
GONE = "gone"
"""State of a request that its number finds no more, as after an erasure."""


class Strict(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


NOTHING = "nothing"


class Person(Strict):
    """Somebody who takes part: anonymous, or a customer by id, by name, or `any` that no other test uses.

    Attributes:
        with_rows: For `any`: a table of the shop in which this customer has a row of their own, or `nothing` for one
            who never did more than open an account.
    """

    customer: Text | None = None
    with_rows: Text | None = None

    @model_validator(mode="after")
    def _known_table(self) -> Self:
        if self.with_rows not in (None, NOTHING):
            table = shop_metadata.tables.get(self.with_rows)
            if self.customer != "any" or table is None or "customer_id" not in table.c:
                raise ValueError("with_rows goes with `customer: any` and names a table with a customer_id")
        return self


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
    shown: Literal["earlier", "announced"] | None = None
    shown_to: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.shown is None) == (self.shown_to is None):
            raise ValueError("say `shown: earlier`, `shown: announced` or `shown_to: <person>`")
        return self


class FilledForm(Strict):
    """A form card filled in: the fields that are changed; the others are sent as the card showed them."""

    fields: dict[str, Value]
    shown: Literal["earlier"] | None = None
    shown_to: Text | None = None


class OtherWords(Strict):
    """Other words under a key that was used."""

    user: Text


class Long(Strict):
    """A text too long to write out: a piece, so many times."""

    repeated: Text
    times: int = Field(gt=0)


class Request(Strict):
    """A request of the speaker, once it has got that far."""

    number: Text
    state: State
    within: Seconds = 30


class Download(Strict):
    """The package behind the newest link the speaker (or somebody else) was shown.

    Attributes:
        holds: Names of files in it, with `*` for any text.
        says: Pieces of text that a file holds, by its name.
        hides: Pieces of text that stand in none of its files.
    """

    status: int = 200
    shown_to: Text | None = None
    holds: Pieces = []
    says: dict[Text, Pieces] = {}
    hides: Pieces = []


class Mail(Strict):
    """A mail that came in this conversation, to a person of it or to an address."""

    to: Text
    subject: Pieces = []
    says: Pieces = []
    does_not_say: Pieces = []
    capture: Patterns = {}
    none: Literal[True] | None = None


class Page(Strict):
    """A page of the desk, opened from a link or gone on with by a button of the page that was opened last.

    Attributes:
        by: Who: a name of your own, with a browser of its own; or one of the people, in the browser of their chat.
        fill: Fields of the button's form; ticks are `on`, what is left out stays as the page shows it.
    """

    by: Text = "guardian"
    open: Text | None = None
    press: Text | None = None
    fill: dict[Text, Value] = {}
    status: int = 200
    says: Pieces = []
    does_not_say: Pieces = []
    capture: Patterns = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.open is None) == (self.press is None):
            raise ValueError("say either `open: <link>` or `press: <button>`")
        return self


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
    within: Seconds | None = None

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


class Staff(Strict):
    """Somebody at the shop does something with a case, on the command line.

    Attributes:
        does: A command of `python -m bot cases`.
        number: Of the case.
        by: Who does it.
        options: The command's further options, such as `text`.
        says: Pieces of what the command prints.
        refused: Pieces of the sentence with which it is refused.
    """

    does: Literal["show", "answer", "refuse", "close", "assign", "note"]
    number: Text
    by: Text = "Kim"
    options: dict[str, Text] = {}
    says: Pieces = []
    refused: Pieces | None = None

    @property
    def words(self) -> list[str]:
        """The words of the command line."""
        by = [] if self.does == "show" else ["--by", self.by]
        return [self.does, self.number, *by, *(word for k, v in self.options.items() for word in (f"--{k}", v))]


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


def _as_staff(value: Any) -> Any:
    """`{answer: CS-1, by: Kim, text: …}` is short for the command, its number and its options."""
    known = {"by", "says", "refused"}
    commands = {"show", "answer", "refuse", "close", "assign", "note"}
    if not isinstance(value, dict) or len(commands & set(value)) != 1:
        return value
    does = next(iter(commands & set(value)))
    options = {key: each for key, each in value.items() if key not in known and key != does}
    return {"does": does, "number": value[does], "options": options} | {k: value[k] for k in known & set(value)}


class Publish(Strict):
    """The invented second version of the policy is published, to take effect in so many days."""

    in_days: int = Field(ge=3, le=365)


def _as_form(value: Any) -> Any:
    return {"fields": value} if isinstance(value, dict) and "fields" not in value else value


class Announced(BotMessage):
    """Something the desk says by itself in the speaker's chat, some time after what caused it."""

    response: Response
    within: Seconds = 30


class Heard(Strict):
    """Something a person of the staff said in the speaker's chat."""

    name: Text
    says: Pieces = []
    does_not_say: Pieces = []


class Agent(Strict):
    """What somebody of the staff does with the speaker's conversation: exactly one thing, or a look at it.

    Attributes:
        name: The name people in the chat read; each name is a member of the staff.
        does: What needs no more words.
        reveals: A detail such as `customers.email`, or `last message`; `because` is the reason.
        refused: It must not be possible; a piece of the sentence.
    """

    name: Text
    does: Literal["takes", "releases", "goes", "hands_back"] | None = None
    says: Text | None = None
    hands_back: Text | None = None
    passes_to: Text | None = None
    notes: Text | None = None
    reveals: Text | None = None
    because: Text = "answer"
    sees: Pieces = []
    does_not_see: Pieces = []
    refused: Text | None = None


def _as_agent(value: Any) -> Any:
    """`mia: takes` and `mia: {says: …}` as the name and what they do."""
    if isinstance(value, dict) and len(value) == 1 and "name" not in value:
        name, what = next(iter(value.items()))
        return {"name": name} | ({"does": what} if isinstance(what, str) else what)
    return value


BotMessages = list[Annotated[BotMessage, BeforeValidator(_as_response)]]

KINDS: dict[str, TypeAdapter[Any]] = {
    "as": TypeAdapter(Text),
    "user": TypeAdapter(str | Long),
    "choice": TypeAdapter(Text | OldChoice),
    "form": TypeAdapter(Annotated[FilledForm, BeforeValidator(_as_form)]),
    "repeat": TypeAdapter(Literal["same", "again"] | OtherWords),
    "bot": TypeAdapter(BotMessages),
    "announced": TypeAdapter(Annotated[Announced, BeforeValidator(_as_response)]),
    "agent": TypeAdapter(Annotated[Agent, BeforeValidator(_as_agent)]),
    "heard": TypeAdapter(Heard),
    "request": TypeAdapter(Request),
    "download": TypeAdapter(Download),
    "staff": TypeAdapter(Annotated[Staff, BeforeValidator(_as_staff)]),
    "problem": TypeAdapter(Problem),
    "owner": TypeAdapter(Literal["bot", "person"]),
    "history": TypeAdapter(list[Shown]),
    "mail": TypeAdapter(Mail),
    "page": TypeAdapter(Page),
    "store": TypeAdapter(Store),
    "audit": TypeAdapter(list[Event]),
    "session": TypeAdapter(Literal["ends", "anew"]),
    "clock": TypeAdapter(Duration),
    "publish": TypeAdapter(Publish),
    "down": TypeAdapter(Process),
    "up": TypeAdapter(Process),
    "restart": TypeAdapter(Process),
}
"""Every step, by its word."""

SENDING = ("user", "choice", "form", "repeat")
"""The steps that send something to the desk."""
