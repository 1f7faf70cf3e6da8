"""The staff of the shop as a conversation meets them: each does what their page at the staff desk would do."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.privacy import handoff_ownership, handoff_talk, handoff_view
from bot.privacy.handoff_ownership import Agent as Member
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation
from tests.conversations.runner.steps import Agent
from tests.stack import Stack


class Staff:
    """Everybody at the staff desk."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def act(self, what: Agent, conversation: str) -> str:
        """Do it.

        Returns:
            What the member of the staff sees of the conversation afterwards, or the value that was revealed.

        Raises:
            DeskError: It is not possible.
        """
        with self._stack.at_work() as desk:
            with desk.transaction() as session:
                shown = _do(session, desk, what, conversation)
            if shown is not None:
                return shown
            with desk.reading() as session:
                lines = handoff_view.transcript(session, desk, conversation)
                facts = handoff_view.summary(session, desk, conversation)
                noted = handoff_view.notes(session, conversation)
        return "\n".join([str(facts), *(f"{line.author}: {line.text}" for line in lines), *map(str, noted)])


def _do(session: Session, desk: Desk, what: Agent, conversation: str) -> str | None:
    member = Member(what.name.lower(), what.name)
    if what.does == "takes":
        handoff_ownership.take(session, desk, conversation, member)
    elif what.does == "releases":
        handoff_ownership.release(session, desk, conversation, member)
    elif what.does == "goes":
        over = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(Conversation).where(Conversation.owner_staff == member.id).values(owner_until=over))
    elif what.does == "hands_back" or what.hands_back:
        seen = conversations.newest_message_id(session, conversation)
        handoff_ownership.hand_back(session, desk, conversation, member, seen, what.hands_back or "")
    elif what.passes_to:
        to = Member(what.passes_to.lower(), what.passes_to)
        handoff_ownership.transfer(session, desk, conversation, member, to)
    elif what.says:
        handoff_talk.say(session, desk, conversation, member, what.says, uuid4().hex)
    elif what.notes:
        handoff_view.add_note(session, desk, conversation, member, what.notes)
    elif what.reveals:
        return handoff_view.reveal(session, desk, conversation, member, what.reveals, what.because)
    return None
