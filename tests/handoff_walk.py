"""Random walks of everybody who has a hand in a conversation: the person, the bot, agents, leases that end, and death.

A walk is a sequence of single steps against a real desk. Between any two of them somebody else may act, so a walk is
one interleaving; after each step and at the end it is checked what must never break.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from bot.errors import ChoiceGone, Conflict, NotFound
from bot.privacy import handoff, handoff_ownership, handoff_talk
from bot.privacy.handoff_ownership import Agent
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Handoff, Message
from bot.vocabulary import Author, HandoffState, Owner
from bot.web import stream
from bot.web.leading import Led
from bot.web.turns import Begun, Said, Turns

AGENTS = (Agent("staff:1", "Mia"), Agent("staff:2", "Tom"), Agent("staff:3", "Ina"))
LATE_REPLY, BLIND_HAND_BACK, FRESH_KEY = "a late reply is not dropped", "handed back unread", "said anew when repeated"
_LONG_AGO = timedelta(minutes=5)


class Broken(AssertionError):
    """Something that must hold did not; the text tells the walk."""


@dataclass
class Walk:
    """One conversation and what everybody did in it.

    Attributes:
        planted: A fault put in on purpose, which the checks must find.
        waiting: What the person sent and has no answer to, by key: it is sent again until it has one.
        overtaken: Words that were refused because a newer message was answered before they were sent again.
        running: Turns that wait for the bot's reply.
        said: What agents said and were told is sent, by key.
        handed_back: Up to which message the agent had seen when a conversation was handed back.
    """

    desk: Desk
    chance: random.Random
    planted: str | None = None
    waiting: dict[str, Said] = field(default_factory=dict)
    overtaken: set[str] = field(default_factory=set)
    running: list[Begun] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    handed_back: list[int] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    bots: int = 0
    owner: str = Owner.BOT
    count: int = 0

    def __post_init__(self) -> None:
        now = self.desk.clock.now()
        with self.desk.transaction() as session:
            self.id, _ = conversations.open_session(session, None, now, now + timedelta(hours=8))
        self.turns = Turns(self.desk, None)  # type: ignore[arg-type]
        self.listener = stream._Seen(0)

    def run(self, steps: int) -> None:
        """Walk, let everything come to rest, and look whether anything is lost or there twice."""
        ways = [self.person_writes, self.bot_replies, self.person_asks, self.take, self.say, self.hand_back]
        ways += [self.release, self.transfer, self.lease_ends, self.look_after_leases, self.process_dies]
        ways += [self.send_again, self.say_again, self.listen, self.listen_anew, self.person_writes, self.bot_replies]
        for _ in range(steps):
            way = self.chance.choice(ways)
            self.story.append(way.__name__)
            way()
            self.check(way.__name__)
        self.rest()

    # --- what people and processes do ---------------------------------------------------------------------------------

    def person_writes(self) -> None:
        key = f"key-{len(self.story)}"
        self.waiting[key] = Said(text=f"words of {key}")
        self._send(key)

    def send_again(self) -> None:
        if self.waiting:
            self._send(self.chance.choice(sorted(self.waiting)))

    def _send(self, key: str) -> None:
        try:
            begun = self.turns._begin(self.id, key, self.waiting[key], None)
        except (
            ChoiceGone
        ):  # a newer one was answered: the person is told, and sends these words anew if they still count
            self.overtaken.add(str(self.waiting.pop(key).text))
            return
        if begun is None:
            return  # an earlier message is being answered
        if begun.done:
            del self.waiting[key]
        else:
            self.running.append(begun)

    def bot_replies(self) -> None:
        """The engine's answer comes, in time or late; its process may have been taken for dead meanwhile."""
        if not self.running:
            return
        begun = self.running.pop(self.chance.randrange(len(self.running)))
        if self.planted == LATE_REPLY:
            with self.desk.reading() as session:
                begun = replace(begun, ownership=conversations.conversation(session, self.id).ownership)
        try:
            reply = {"text": f"reply to turn {begun.turn_id}", "response": "utter_reply"}
            self.turns._finish(self.id, begun, Led([reply], asked_engine=True))
        except Conflict:
            return  # given up: the person sends it again

    def process_dies(self) -> None:
        """The web process dies with every turn it has; turn leases end by themselves."""
        if self.chance.random() < 0.5:
            self.running.clear()
        with self.desk.transaction() as session:
            over = datetime.now(UTC) - _LONG_AGO
            session.execute(
                update(Conversation)
                .where(Conversation.id == self.id, Conversation.busy_until.is_not(None))
                .values(busy_until=over)
            )

    def person_asks(self) -> None:
        with self.desk.transaction() as session:
            chat = conversations.conversation(session, self.id)
            handoff.ask_for_person(session, self.desk, self.desk.clock.now(), chat, f"{self.id}:{self.step()}", None)

    def take(self) -> None:
        self._try(lambda session: handoff_ownership.take(session, self.desk, self.id, self.agent()))

    def release(self) -> None:
        self._try(lambda session: handoff_ownership.release(session, self.desk, self.id, self.agent()))

    def transfer(self) -> None:
        self._try(lambda session: handoff_ownership.transfer(session, self.desk, self.id, self.agent(), self.agent()))

    def say(self) -> None:
        key = f"say-{self.step()}"
        self._say(key, f"words of {key}")

    def say_again(self) -> None:
        """The agent's page did not get the answer and sends the same once more."""
        if self.said:
            key = self.chance.choice(sorted(self.said))
            words = self.said[key]
            self._say(f"{key}-{self.step()}" if self.planted == FRESH_KEY else key, words)

    def _say(self, key: str, words: str) -> None:
        if self._try(lambda session: handoff_talk.say(session, self.desk, self.id, self._owner_or_any(), words, key)):
            self.said[words.removeprefix("words of ")] = words

    def hand_back(self) -> None:
        with self.desk.reading() as session:
            newest = conversations.newest_message_id(session, self.id)
        seen = max(0, newest - self.chance.choice((0, 0, 1)))
        given = 2**31 if self.planted == BLIND_HAND_BACK else seen
        if self._try(
            lambda session: handoff_ownership.hand_back(session, self.desk, self.id, self._owner_or_any(), given)
        ):
            self.handed_back.append(seen)

    def lease_ends(self) -> None:
        with self.desk.transaction() as session:
            over = datetime.now(UTC) - _LONG_AGO
            session.execute(
                update(Conversation)
                .where(Conversation.id == self.id, Conversation.owner == Owner.PERSON)
                .values(owner_until=over)
            )

    def look_after_leases(self) -> None:
        handoff_ownership.return_left(self.desk)

    def listen(self) -> None:
        """The open chat looks for news."""
        for event in stream._news(self.desk, self.id, self.listener):
            if event.startswith("id: "):
                self.heard.append(int(event.partition("\n")[0].removeprefix("id: ")))

    def listen_anew(self) -> None:
        """The connection breaks, and the chat goes on behind the last message it got."""
        self.listener = stream._Seen(self.heard[-1] if self.heard else 0)

    def agent(self) -> Agent:
        return self.chance.choice(AGENTS)

    def _owner_or_any(self) -> Agent:
        """Mostly the agent whose conversation it is, sometimes somebody who only thinks so."""
        with self.desk.reading() as session:
            staff = conversations.conversation(session, self.id).owner_staff
        own = next((each for each in AGENTS if each.id == staff), None)
        return own if own and self.chance.random() < 0.8 else self.agent()

    def step(self) -> int:
        self.count += 1
        return self.count

    def _try(self, act) -> bool:  # type: ignore[no-untyped-def]
        try:
            with self.desk.transaction() as session:
                act(session)
        except (Conflict, NotFound):
            return False
        return True

    # --- what must hold -----------------------------------------------------------------------------------------------

    def check(self, way: str) -> None:
        """One owner, who is the one the hand-off names; and the bot is silent while a person owns."""
        said = (Message.conversation_id == self.id, Message.author == Author.BOT)
        with self.desk.reading() as session:
            chat = conversations.conversation(session, self.id)
            mine = select(Handoff).where(Handoff.conversation_id == self.id, Handoff.state != HandoffState.ENDED)
            handoffs = session.scalars(mine).all()
            bots = session.scalar(select(func.count()).where(*said)) or 0
        self._hold(len(handoffs) <= 1, "two hand-offs are open")
        taken = next((each for each in handoffs if each.state == HandoffState.TAKEN), None)
        person = chat.owner == Owner.PERSON
        self._hold(person == (chat.owner_staff is not None) == (chat.owner_until is not None), "a half owner")
        self._hold(person == (taken is not None), "the owner and the hand-off differ")
        self._hold(taken is None or taken.staff == chat.owner_staff, "two agents think it is theirs")
        silent = self.owner == Owner.PERSON and way != "hand_back"
        self._hold(bots == self.bots or not silent, "the bot spoke while a person owned the conversation")
        self.bots, self.owner = bots, chat.owner

    def rest(self) -> None:
        """The person sends what has no answer until it has one, and the chat hears the last of it."""
        for _ in range(6):
            # In the order in which they were written: what is older than an answered one is not taken up any more.
            for key in sorted(self.waiting, key=lambda each: int(each.removeprefix("key-"))):
                self.process_dies()
                self.running.clear()
                self._send(key)
                self.bot_replies()
                self.check("bot_replies")
                if key in self.waiting:
                    self._send(key)
        self.listen()
        with self.desk.reading() as session:
            messages = conversations.messages_after(session, self.id)
            state = session.scalars(select(Handoff.state).where(Handoff.conversation_id == self.id)).all()
        self._hold(not self.waiting, f"never answered: {sorted(self.waiting)}")
        self._hold(self.heard == [message.id for message in messages], "the chat missed a message or got one twice")
        texts = [message.text for message in messages if message.author == Author.USER]
        wanted = [f"words of key-{at + 1}" for at, way in enumerate(self.story) if way == "person_writes"]
        self._hold(sorted(texts) == sorted(wanted), "a message of the person is lost or there twice")
        by_agents = [message.text for message in messages if message.author == Author.AGENT]
        self._hold(sorted(by_agents) == sorted(self.said.values()), "a message of an agent is lost or there twice")
        replies = [message.turn_id for message in messages if message.response == "utter_reply"]
        self._hold(len(replies) == len(set(replies)), "the bot said something twice")
        waits = any(each != HandoffState.ENDED for each in state)
        for message in messages:
            if message.author == Author.USER and message.turn_id not in replies:
                seen = any(up_to >= message.id for up_to in self.handed_back)
                told = message.text in self.overtaken
                self._hold(waits or seen or told, f"nobody answered or saw message {message.text!r}")

    def _hold(self, holds: bool, what: str) -> None:
        if not holds:
            raise Broken(f"{what}: {' > '.join(self.story)}")
