"""Fifty people and five agents at once: everything said arrives, once, in order, and while it still matters."""

import asyncio
import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import httpx

from bot.errors import Conflict
from bot.privacy import handoff_lists, handoff_ownership, handoff_talk
from bot.privacy.handoff_lists import Show
from bot.privacy.handoff_ownership import Agent
from bot.store import conversations
from bot.store.desk import Desk
from bot.vocabulary import Author, HandoffReason

PEOPLE, AGENTS, ROUNDS = 50, 5, 3
MOST_SECONDS = 300
PERSON = "Can a real human being take this over?"


@dataclass
class Agents:
    """Five agents at work on the databases of the running desk.

    Attributes:
        said: When each answer was stored, by conversation and words.
        over: Conversations that were handed back, with who answered them.
    """

    desk: Desk
    shift_is_over: threading.Event = field(default_factory=threading.Event)
    said: dict[tuple[str, str], float] = field(default_factory=dict)
    over: dict[str, str] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)

    def work(self) -> list[threading.Thread]:
        """Begin; each ends when the shift is over."""
        team = [Agent(f"staff:{number}", f"Agent {number}") for number in range(1, AGENTS + 1)]
        threads = [threading.Thread(target=self._shift, args=(agent,), daemon=True) for agent in team]
        for thread in threads:
            thread.start()
        return threads

    def _shift(self, agent: Agent) -> None:
        keep_at = 0.0
        try:
            while not self.shift_is_over.wait(0.05):
                if time.monotonic() > keep_at:
                    keep_at = time.monotonic() + 10
                    self._keep(agent)
                self._take_one(agent)
                for conversation in self._mine(agent):
                    self._look_after(agent, conversation)
        except BaseException as failure:
            self.failures.append(failure)
            raise

    def _take_one(self, agent: Agent) -> None:
        with self.desk.reading() as session:
            waiting = handoff_lists.listed(session, self.desk.clock.now(), Show.WAITING, agent.id)
        if waiting:
            with suppress(Conflict), self.desk.transaction() as session:
                handoff_ownership.take(session, self.desk, waiting[0].conversation_id, agent)

    def _mine(self, agent: Agent) -> list[str]:
        with self.desk.reading() as session:
            found = handoff_lists.listed(session, self.desk.clock.now(), Show.MINE, agent.id)
            return [each.conversation_id for each in found]

    def _keep(self, agent: Agent) -> None:
        with self.desk.transaction() as session:
            handoff_ownership.keep(session, agent.id)

    def _look_after(self, agent: Agent, conversation: str) -> None:
        with self.desk.reading() as session:
            talk = conversations.messages_after(session, conversation)
        asked = [message.text for message in talk if message.author == Author.AGENT]
        answers = [message.text for message in talk if message.author == Author.USER and message.text != PERSON]
        if len(answers) < len(asked):
            return
        if len(asked) == ROUNDS:
            with suppress(Conflict), self.desk.transaction() as session:
                handoff_ownership.hand_back(session, self.desk, conversation, agent, talk[-1].id)
                self.over[conversation] = agent.id
            return
        words = f"question {len(asked) + 1}"
        with self.desk.transaction() as session:
            handoff_talk.say(session, self.desk, conversation, agent, words, f"{conversation}-{words}")
        self.said[conversation, words] = time.monotonic()


@dataclass
class Somebody:
    """A person in the chat, who answers whatever an agent asks until they are handed back."""

    http: httpx.AsyncClient
    conversation: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    heard_at: dict[tuple[str, str], float] = field(default_factory=dict)

    async def talk(self) -> None:
        opened = await self._open()
        self.conversation, headers = opened["conversation_id"], {"Authorization": f"Bearer {opened['token']}"}
        listening = asyncio.create_task(self._listen(headers))
        await self._say(headers, PERSON)
        await asyncio.wait_for(listening, MOST_SECONDS)

    async def _open(self) -> dict[str, Any]:
        """Open a session, trying again as the widget does while the machine is busy."""
        for _ in range(30):
            with suppress(httpx.HTTPError):
                answer = await self.http.post("/api/v1/sessions")
                if answer.status_code == 201:
                    opened: dict[str, Any] = answer.json()
                    return opened
            await asyncio.sleep(0.5)
        raise AssertionError("no session was opened")

    async def _listen(self, headers: dict[str, str]) -> None:
        answering = []
        async with self.http.stream("GET", "/api/v1/events", headers=headers | {"Last-Event-ID": "0"}) as stream:
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                if not line.startswith("data: ") or name != "message":
                    continue
                message = json.loads(line.removeprefix("data: "))
                self.messages.append(message)
                if message["author"] == "agent":
                    self.heard_at[self.conversation, message["text"]] = time.monotonic()
                    answering.append(asyncio.create_task(self._say(headers, f"answer to {message['text']}")))
                if message["response"] == "utter_handed_back":
                    break
        await asyncio.gather(*answering)

    async def _say(self, headers: dict[str, str], text: str) -> None:
        headers = headers | {"Idempotency-Key": uuid4().hex}
        for _ in range(60):
            with suppress(httpx.HTTPError):
                answer = await self.http.post("/api/v1/messages", json={"text": text}, headers=headers)
                if answer.status_code == 200:
                    return
            await asyncio.sleep(0.2)
        raise AssertionError("a message was not taken")


async def everybody(url: str) -> list[Somebody]:
    limits = httpx.Limits(max_connections=PEOPLE * 3)
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, limits=limits) as http:
        people = [Somebody(http) for _ in range(PEOPLE)]
        await asyncio.gather(*(person.talk() for person in people))
    return people


def test_fifty_handoffs_and_five_agents_lose_and_delay_nothing(stack, record_property):
    with stack.at_work() as desk:
        agents = Agents(desk)
        threads = agents.work()
        try:
            people = asyncio.run(everybody(stack.url))
        finally:
            agents.shift_is_over.set()
            for thread in threads:
                thread.join(MOST_SECONDS)
    assert agents.failures == []
    questions = [f"question {number}" for number in range(1, ROUNDS + 1)]
    for person in people:
        ids = [int(message["id"]) for message in person.messages]
        assert ids == sorted(set(ids)), "in order, and nothing twice"
        spoken = [message["text"] for message in person.messages if message["author"] == "agent"]
        assert spoken == questions, "nothing an agent said is lost"
        answers = [message["text"] for message in person.messages if message["author"] == "user"]
        assert answers == [PERSON, *(f"answer to {question}" for question in questions)]
        assert len({message["name"] for message in person.messages if message["author"] == "agent"}) == 1
        with_agent = [message["author"] for message in person.messages]
        first, last = with_agent.index("agent"), len(with_agent) - with_agent[::-1].index("agent")
        assert "bot" not in with_agent[first:last], "the bot is silent while a person answers"
    ours = {person.conversation for person in people}
    assert ours <= set(agents.over), "beside whoever waited from before"
    rows = [row for row in stack.rows("desk", "handoffs") if row["conversation_id"] in ours]
    # An agent whose list is old by a moment begins a talk anew that a colleague has just handed back.
    asked_for = [row for row in rows if row["reason"] != HandoffReason.STAFF]
    assert len(asked_for) == PEOPLE and {row["state"] for row in rows} == {"ended"}
    assert len({agents.over[each] for each in ours}) == AGENTS, "every agent had something to do"
    heard = {key: moment for person in people for key, moment in person.heard_at.items()}
    waited = sorted(heard[key] - agents.said[key] for key in agents.said if key[0] in ours)
    assert len(waited) == PEOPLE * ROUNDS
    figures = {"median": median(waited), "p95": quantiles(waited, n=20)[18], "slowest": waited[-1]}
    print("seconds from stored to heard:", {name: round(value, 3) for name, value in figures.items()})
    for name, value in figures.items():
        record_property(f"seconds_until_heard_{name}", round(value, 3))
