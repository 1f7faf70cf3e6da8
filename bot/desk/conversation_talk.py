"""The talk itself at the staff desk: what was said, with values hidden, and the line to answer in."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

from nicegui import ui
from sqlalchemy.orm import Session

from bot.clocks import in_words_with_time
from bot.desk import conversation_words, pieces
from bot.desk.visit import Visit
from bot.privacy.handoff_live import Across, across
from bot.privacy.handoff_ownership import Agent
from bot.privacy.handoff_queue import promised_at
from bot.privacy.handoff_replies import replies
from bot.privacy.handoff_talk import agent_read, agent_types, mail_address, say
from bot.privacy.handoff_view import Line, Summary, reveal, transcript
from bot.store import conversations
from bot.store.shop import if_it_answers
from bot.vocabulary import Author

_SECONDS_BETWEEN_TYPING = 3.0
_AUTHORS: dict[str, str] = {Author.USER: "Person", Author.BOT: "Bot", Author.AGENT: "Staff", Author.SYSTEM: "Note"}


@dataclass
class Open:
    """One conversation that is open on a page.

    Attributes:
        mine: Whether this member of staff answers it.
        mailed: What is said goes to their address too while their chat is closed; None while nobody can tell.
        seen: Newest message on the page.
        revealed: Values that were revealed on this page, by field; gone when the page is closed.
        key: Under which the next message is sent; a new one only after it was taken.
    """

    visit: Visit
    conversation_id: str
    mine: bool = False
    mailed: bool | None = False
    seen: int = 0
    revealed: dict[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)
    typed_at: float = 0.0

    @property
    def me(self) -> Agent:
        """Who answers on this page."""
        return conversation_words.agent_of(self.visit.staff)


class Talk:
    """Everything said, newest last; grows while the page is open. What is on the page counts as read."""

    def __init__(self, opened: Open, reached: ui.label) -> None:
        self._opened, self._reached = opened, reached
        self._stamps: dict[int, tuple[ui.label, str]] = {}
        self._warning = ui.label("").classes("fine").props("role=status")
        self._log = ui.element("div").classes("talk").props('role=log aria-label="Conversation" tabindex=0')
        self._typing = ui.label("").classes("fine typing-line").props("role=status")

    async def update(self) -> None:
        """Add what is new, and bring marks up to date."""
        opened = self._opened

        def look(session: Session) -> tuple[list[Line], Across, bool | None]:
            desk, chat = opened.visit.desk, conversations.conversation(session, opened.conversation_id)
            lines = transcript(session, desk, chat.id, opened.seen)
            return lines, across(session, chat.id), if_it_answers(lambda: bool(mail_address(desk, chat)))

        lines, other, opened.mailed = await opened.visit.read(look)
        self._reached.set_text(conversation_words.reach(other.there, opened.mailed))
        if not all(line.names_hidden for line in lines):
            self._warning.set_text(conversation_words.NAMES_NOT_HIDDEN)
        with self._log:
            for line in lines:
                self._show(line)
        self._typing.set_text("They are writing…" if other.types else "")
        for number, (stamp, text) in self._stamps.items():
            stamp.set_text(f"{text}, read" if number <= other.read else text)
        if not lines:
            return
        opened.seen = lines[-1].id
        # A moment later: the page may not have built the element yet.
        to_the_end = f"const log = getElement({self._log.id}); if (log) log.scrollTop = log.scrollHeight"
        ui.run_javascript(f"setTimeout(() => {{ {to_the_end} }}, 100)")
        if opened.mine:
            await opened.visit.act(
                lambda session, staff: agent_read(session, opened.conversation_id, opened.me, opened.seen)
            )

    def _show(self, line: Line) -> None:
        opened, field_name = self._opened, f"message:{line.id}"
        with ui.element("article").classes(f"said {line.author}"):
            stamp = f"{line.name or _AUTHORS.get(line.author, 'Note')}, {pieces.when(line.at)}"
            label = ui.label(stamp).classes("fine")
            if line.author == Author.AGENT:
                self._stamps[line.id] = label, stamp
            ui.label(line.text).classes("words")
            quoted = [f"quotes “{clause}”" for clause in line.clauses] + ([f"card: {line.shown}"] if line.shown else [])
            offered = [f"offers: {' · '.join(line.choices)}"] if line.choices else []
            for text in (", ".join(quoted), *offered):
                if text:
                    ui.label(text).classes("fine")
            if line.hidden and opened.mine:
                offer_reveal(opened, field_name, "Show what is hidden")


def offer_reveal(opened: Open, field_name: str, label: str) -> None:
    """A button that shows a hidden value once a reason was chosen; the look is written down."""

    async def ask() -> None:
        with ui.dialog() as dialog, ui.card():
            ui.label("Why do you need to see it? Your reason is written into the record.")
            why = ui.radio(conversation_words.REVEAL_REASONS, value=None).props('aria-label="Reason"')
            with ui.row():
                pieces.button("Show it", lambda: dialog.submit(why.value), kind="main")
                pieces.button("Leave it hidden", lambda: dialog.submit(None))
        reason = await dialog
        dialog.delete()
        if reason:
            opened.revealed[field_name] = await opened.visit.act(
                lambda session, staff: reveal(
                    session, opened.visit.desk, opened.conversation_id, opened.me, field_name, reason
                )
            )
            shown.set_text(opened.revealed[field_name])

    shown = ui.label(opened.revealed.get(field_name, "")).classes("words revealed")
    ui.button(label, on_click=ask, color=None).props("flat no-caps dense").classes("quiet-link")


def show_composer(opened: Open, facts: Summary) -> None:
    """The line to write in: Enter sends, Shift and Enter begin a new line."""

    async def send() -> None:
        words = (box.value or "").strip()
        if not words:
            return
        await opened.visit.act(
            lambda session, staff: say(session, opened.visit.desk, opened.conversation_id, opened.me, words, opened.key)
        )
        opened.key, box.value, opened.typed_at = uuid4().hex, "", 0.0

    async def typing() -> None:
        if not box.value or time.monotonic() - opened.typed_at < _SECONDS_BETWEEN_TYPING:
            return
        opened.typed_at = time.monotonic()
        await opened.visit.act(lambda session, staff: agent_types(session, opened.conversation_id, opened.me))

    def choose() -> None:
        if picked.value is not None:
            due = in_words_with_time(promised_at(opened.visit.desk.settings, opened.visit.now()))
            where = conversation_words.where_answered(opened.mailed)
            box.value = replies()[picked.value].filled(opened.me.name, facts.number or "", due, where)
            picked.value = None
            box.run_method("focus")

    titles = {place: reply.title for place, reply in enumerate(replies())}
    picked = ui.select(titles, label="Ready-made replies", on_change=choose, clearable=True).props("dense outlined")
    box = ui.textarea("Your answer", on_change=typing).props('outlined autogrow rows="2" data-focus=m')
    box.on("keydown.enter.exact.prevent", send)
    pieces.button("Send", send, kind="main")
