"""The notice in the chat: said once in every chat until the person has decided, and known to be shown when it was read.

Policy clause `update-notice` ("website announcements or other appropriate means").
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.privacy import policy_notices
from bot.privacy.policy_standing import offered
from bot.privacy.policy_words import changes_url, in_lines
from bot.store import policy_versions
from bot.store.announcements import announce
from bot.store.desk import Desk
from bot.store.desk_tables import Conversation, Message, PolicyNotice
from bot.store.policy_diff import differences
from bot.store.policy_versions import Published
from bot.vocabulary import WindowState

COMING, IN_FORCE = "utter_policy_banner_coming", "utter_policy_banner_in_force"
_BANNERS = (COMING, IN_FORCE)


def show(session: Session, desk: Desk, now: datetime, chat: Conversation) -> None:
    """Tell the customer of this chat about the newest version they have not decided on, once per chat."""
    if chat.subject is None:
        return
    versions = offered(session, desk, chat.subject)
    if not versions or _was_said(session, chat, versions[-1].version):
        return
    if policy_notices.is_leaving(session, chat.subject):
        return
    newest = versions[-1]
    notice = policy_notices.ensure_notice(session, newest, chat.subject, now)
    if notice is None or notice.state != WindowState.OPEN:
        return
    response = COMING if newest.effective_at > now else IN_FORCE
    words = {"version": newest.version, "effective": in_words(newest.policy.effective)}
    announce(session, now, chat.id, response, card=card(session, desk, newest), buttons=(), **words)


def card(session: Session, desk: Desk, each: Published) -> dict[str, object]:
    """What a version changes, in the sentences of a person, with the way to both texts."""
    before = policy_versions.version(session, desk.policies, str(each.replaces))
    lines = in_lines(differences(before.policy, each.policy), policy_versions.marks(session, each.version))
    return {
        "kind": "policy_update",
        "version": each.version,
        "title": f"Version {each.version}, in effect from {in_words(each.policy.effective)}",
        "lines": [line.removeprefix("- ") for line in lines.splitlines()],
        "url": changes_url("", before.version, each.version),
    }


def was_read(desk: Desk, conversation_id: str, messages: Iterable[Message]) -> None:
    """Write down that a notice was shown, when the messages that hold it were handed to the person's widget."""
    versions = {str((each.card or {}).get("version")) for each in messages if each.response in _BANNERS}
    if not versions:
        return
    with desk.reading() as session:
        chat = session.get(Conversation, conversation_id)
        if chat is None or chat.subject is None or not _unseen(session, chat.subject, versions):
            return
    with desk.transaction() as session:
        for each in policy_versions.published(session, desk.policies):
            if each.version in versions:
                policy_notices.shown(session, each, chat.subject, desk.clock.now())


def _unseen(session: Session, subject: str, versions: set[str]) -> bool:
    mine = (PolicyNotice.subject == subject, PolicyNotice.version.in_(versions), PolicyNotice.shown_at.is_(None))
    return session.scalar(select(PolicyNotice.id).where(*mine).limit(1)) is not None


def _was_said(session: Session, chat: Conversation, version: str) -> bool:
    said = select(Message).where(Message.conversation_id == chat.id, Message.response.in_(_BANNERS))
    return any((message.card or {}).get("version") == version for message in session.scalars(said))
