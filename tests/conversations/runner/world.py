"""The running desk as a conversation meets it: the public API, the demo's inbox and clock, and the two databases."""

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests import policies
from tests.conversations.runner import records
from tests.conversations.runner.comparing import Differs
from tests.conversations.runner.staff import Staff
from tests.conversations.runner.steps import NOTHING, shop_metadata
from tests.stack import NO_TLS, Stack, StackError

_ANSWER_SECONDS = 40
_LOOK_SECONDS = 0.1
_MOST_LOOKS = 300


@dataclass
class Sent:
    """One thing a person sent, and what came back."""

    key: str
    body: dict[str, Any]
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def went_well(self) -> bool:
        """Whether it was answered rather than refused."""
        return self.status == httpx.codes.OK

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bot's messages."""
        found: list[dict[str, Any]] = self.answer.get("messages", []) if self.went_well else []
        return found


@dataclass
class Speaker:
    """Somebody with a session of their own.

    Attributes:
        customer: The row of the shop, None for an anonymous visitor.
        strangers: E-mail addresses and phone numbers of everybody else.
        own: The same of this person.
        sent: Everything this person sent, in order.
        mails_before: Ids of mails that lay in the inbox before.
        cookies: What the browser of the chat was given.
        announced: Ids of announcements that a step of the conversation has seen.
        heard: Those announcements.
    """

    name: str
    customer: dict[str, Any] | None
    conversation: str
    token: str
    strangers: set[str]
    own: set[str]
    sent: list[Sent] = field(default_factory=list)
    mails_before: set[int] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)
    heard: list[dict[str, Any]] = field(default_factory=list)
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    @property
    def last(self) -> Sent:
        """The newest thing sent.

        Raises:
            Differs: Nothing was sent yet.
        """
        if not self.sent:
            raise Differs(f"{self.name} has not said anything yet")
        return self.sent[-1]

    @property
    def last_answered(self) -> Sent:
        """The newest thing sent that was answered; what was refused has changed nothing."""
        return next((sent for sent in reversed(self.sent) if sent.went_well), self.last)


class World:
    """The desk under test."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = httpx.Client(base_url=stack.url, timeout=_ANSWER_SECONDS, trust_env=False, verify=NO_TLS)
        self._customers: dict[str, dict[str, Any]] = {}
        self._given: dict[str, httpx.Cookies] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._customers_met: set[str] = set()
        self.answered: list[str] = []
        self.staff = Staff(stack)

    @property
    def chats(self) -> list[list[dict[str, Any]]]:
        """The engine's events of every chat so far, also of those that were erased since."""
        return list(self._events.values())

    def open(self, name: str, wanted: str | None, with_rows: str | None = None) -> Speaker:
        """Open a session.

        Args:
            name: What the conversation calls this person.
            wanted: Id or name of a customer, `any` for one that no other test uses, None for an anonymous visitor.
            with_rows: For `any`: a table in which that customer has a row, or `nothing`.
        """
        row = None if wanted is None else self._customer(wanted, with_rows)
        conversation, token = self._session(row)
        self._customers_met |= {str(row["id"])} if row else set()
        everybody = set().union(*(_contacts(each) for each in self._all_customers().values()))
        own = _contacts(row) if row else set()
        speaker = Speaker(name, row, conversation, token, everybody - own, own)
        speaker.cookies.update(self._given.get(conversation, {}))
        if row is not None:
            speaker.mails_before = {mail["id"] for mail in self.inbox(row["email"])}
        return speaker

    def _session(self, row: dict[str, Any] | None) -> tuple[str, str]:
        headers = {}
        if row is not None:
            answer = self._http.post("/demo/sign-in", json={"customer_id": str(row["id"])})
            headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['shop_token']}"
        answered = self._http.post("/api/v1/sessions", headers=headers).raise_for_status()
        opened = answered.json()
        self._given[opened["conversation_id"]] = answered.cookies
        return opened["conversation_id"], opened["token"]

    def end_session(self, speaker: Speaker) -> None:
        """Let somebody's session be over."""
        self._stack.end_session(speaker.conversation)

    def open_anew(self, speaker: Speaker) -> None:
        """The same person opens the chat once more: a new session and a new conversation."""
        speaker.conversation, speaker.token = self._session(speaker.customer)

    def send(self, speaker: Speaker, body: dict[str, Any], key: str | None = None) -> Sent:
        """Send a message as somebody."""
        sent = Sent(key or uuid4().hex, body)
        headers = {"Authorization": f"Bearer {speaker.token}", "Idempotency-Key": sent.key}
        answer = self._http.post("/api/v1/messages", headers=headers, json=body)
        sent.status, sent.answer = answer.status_code, answer.json()
        self.answered.append(records.answered(speaker.name, sent.status, sent.answer))
        speaker.cookies.update(answer.cookies)
        known = self._events.setdefault(speaker.conversation, [])
        known += self._stack.events(speaker.conversation, len(known))
        return sent

    def history(self, speaker: Speaker) -> dict[str, Any]:
        """What `GET /messages` shows somebody."""
        answer = self._http.get("/api/v1/messages", headers={"Authorization": f"Bearer {speaker.token}"})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def request(self, speaker: Speaker, number: str) -> tuple[int, dict[str, Any]]:
        """What `GET /requests/{number}` says to somebody."""
        answer = self._http.get(f"/api/v1/requests/{number}", headers={"Authorization": f"Bearer {speaker.token}"})
        return answer.status_code, answer.json()

    def fetch(self, speaker: Speaker, url: str) -> tuple[int, bytes]:
        """What a link gives somebody."""
        answer = self._http.get(url, headers={"Authorization": f"Bearer {speaker.token}"})
        return answer.status_code, answer.content

    def inbox(self, address: str) -> list[dict[str, Any]]:
        """Mails sent to an address, newest first."""
        found: list[dict[str, Any]] = self._http.get("/demo/inbox", params={"to": address}).raise_for_status().json()
        return found

    def is_quiet(self) -> bool:
        """Whether every mail that was written is in an inbox, and nothing is being done that could write one."""
        return self._stack.is_quiet()

    def advance_clock(self, duration: str) -> None:
        """Move the desk's clock forward."""
        self._http.post("/demo/clock", json={"advance": duration}).raise_for_status()

    @property
    def policies(self) -> Path:
        """The folder of the desk's policy files."""
        return self._stack.policies

    def publish(self, in_days: int) -> None:
        """Publish the invented second version, to take effect that many days from the desk's today."""
        now = datetime.fromisoformat(self._http.get("/demo/clock").raise_for_status().json()["now"])
        file = policies.second(self._stack.policies, now.date() + timedelta(days=in_days))
        marks = policies.marks_file(self._stack.policies)
        self._stack.command("policy", "publish", str(file), "--marks", str(marks), "--by", "Privacy officer")

    def today(self) -> date:
        """The desk's day."""
        return datetime.fromisoformat(self._http.get("/demo/clock").raise_for_status().json()["now"]).date()

    def browser_of(self, speaker: Speaker) -> httpx.Client:
        """The browser in which somebody's chat is open, with the cookies it was given."""
        return httpx.Client(cookies=speaker.cookies, trust_env=False, timeout=_ANSWER_SECONDS, verify=NO_TLS)

    def rows(self, database: str, table: str) -> list[dict[str, Any]]:
        """Every row of a table."""
        return self._stack.rows(database, table)

    def down(self, name: str) -> None:
        """Take a process down."""
        self._stack.down(name)

    def up(self, name: str) -> None:
        """Bring it back."""
        self._stack.up(name)

    def restart(self, name: str) -> None:
        """Kill a process and wait for the next one."""
        self._stack.restart(name)

    def states(self) -> list[str]:
        """Where everything that these people began stands, once nothing of it is on its way any more."""
        for _ in range(_MOST_LOOKS):
            rows = {table: self._stack.rows("desk", table, records.COLUMNS) for table in records.STATES}
            found = records.states(rows, self._customers_met, self._events)
            if not any(each.endswith(records.ON_ITS_WAY) for each in found):
                break
            self.wait(_LOOK_SECONDS)
        return found

    def everything_up(self) -> None:
        """Bring back whatever is down."""
        self._stack.everything_up()

    def cases(self, words: list[str]) -> str:
        """Let somebody at the shop do something on the command line.

        Raises:
            Differs: It was refused; with the sentence that says why.
        """
        try:
            return self._stack.command("cases", *words)
        except StackError as error:
            raise Differs(str(error)) from None

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def _customer(self, wanted: str, with_rows: str | None) -> dict[str, Any]:
        if wanted == "any":
            wanted = self._stack.spare_customer(self._customers_with(with_rows) if with_rows else None)
        for number, row in self._all_customers().items():
            if wanted in (number, row["name"]):
                return row
        raise Differs(f"the demo shop has no customer {wanted!r}")

    def _customers_with(self, table: str) -> set[str]:
        if table != NOTHING:
            return {str(row["customer_id"]) for row in self._stack.rows("shop", table)}
        active = (
            name for name, each in shop_metadata.tables.items() if "customer_id" in each.c and name != "addresses"
        )
        return set(self._all_customers()).difference(*(self._customers_with(name) for name in active))

    def _all_customers(self) -> dict[str, dict[str, Any]]:
        if not self._customers:
            self._customers = {str(row["id"]): row for row in self._stack.rows("shop", "customers")}
        return self._customers


def _contacts(row: dict[str, Any]) -> set[str]:
    return {value for value in (row["email"], row["phone"]) if value}
