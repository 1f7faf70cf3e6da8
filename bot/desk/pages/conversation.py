"""One conversation: the talk on the left, what is known beside it, and the keys to take it and to hand it back."""

from typing import Any

from nicegui import ui
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.desk import pieces
from bot.desk.conversation_acts import show_acts
from bot.desk.conversation_side import show_customer, show_facts, show_notes
from bot.desk.conversation_talk import Open, Talk, show_composer
from bot.desk.live import live
from bot.desk.pages.conversations import keep_mine
from bot.desk.registry import page
from bot.desk.visit import WORKING, Visit
from bot.privacy.handoff_live import across
from bot.privacy.handoff_view import Summary, summary
from bot.store import conversations
from bot.store.desk_tables import HandoffNote
from bot.vocabulary import Owner


@page("/conversations/{conversation_id}", title="Conversation")
async def conversation(visit: Visit, conversation_id: str) -> None:
    """The workspace of an agent."""
    opened = Open(visit, conversation_id)

    def look(session: Session) -> tuple[Summary, str | None, str | None, str | None]:
        chat = conversations.conversation(session, conversation_id)
        return summary(session, visit.desk, conversation_id), chat.subject, chat.owner, chat.owner_staff

    talk: list[Talk] = []

    async def update_talk() -> None:
        for each in talk:
            await each.update()

    @ui.refreshable
    async def whole() -> None:
        facts, subject, owner, staff = await visit.read(look)
        opened.mine, opened.seen = staff == visit.staff.actor, 0
        with ui.element("div").classes("workspace"):
            with ui.element("div").classes("talk-side"):
                reached = show_acts(opened, owner == Owner.PERSON)
                talk[:] = [Talk(opened, reached)]
                await update_talk()
                if opened.mine:
                    show_composer(opened, facts)
            with ui.element("div"):
                show_facts(opened, facts)
                await notes()
                await show_customer(opened, subject)

    @ui.refreshable
    async def notes() -> None:
        await show_notes(opened)

    await whole()
    live(visit, whole.refresh, sign=lambda session: _owner(session, conversation_id), every=0.5)
    live(visit, update_talk, sign=lambda session: _talk(session, conversation_id), every=0.5)
    live(visit, notes.refresh, sign=lambda session: _notes(session, conversation_id), every=2.0)
    if visit.may(WORKING):
        keep_mine(visit)
    pieces.lines(
        ["t takes, b hands back, q puts back into the queue, x transfers, m goes to the answer, n to the note"]
    )


def _owner(session: Session, conversation_id: str) -> Any:
    chat = conversations.conversation(session, conversation_id)
    return chat.ownership, chat.owner_staff


def _talk(session: Session, conversation_id: str) -> Any:
    return conversations.newest_message_id(session, conversation_id), across(session, conversation_id)


def _notes(session: Session, conversation_id: str) -> Any:
    return session.scalar(select(func.max(HandoffNote.id)).where(HandoffNote.conversation_id == conversation_id))
