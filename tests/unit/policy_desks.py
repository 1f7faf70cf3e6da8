"""A desk whose shop has announced a second version of its policy, and the ways in which people meet it."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, update

from bot.clocks import FixedClock
from bot.privacy import policy_notices, policy_objection, policy_window
from bot.privacy.policy_standing import binding
from bot.privacy.policy_update import compare, publish
from bot.store import conversations, outbox
from bot.store.desk_tables import Conversation, Mail, Message, PolicyEntry, PolicyNotice
from bot.store.policy_versions import Mark
from bot.vocabulary import Author, ChangeMark
from tests import policies, rights
from tests.unit.conftest import spoken

EFFECTIVE = date(2026, 12, 10)
IN_FORCE = datetime(2026, 12, 10, tzinfo=UTC)
SECOND = "2027-A"
DAY = timedelta(days=1)


def marks(written=None):
    """Marks as the room takes them."""
    return {
        clause: Mark(ChangeMark(each["mark"]), each["says"]) for clause, each in (written or policies.MARKS).items()
    }


def open_desk(settings, tmp_path, seeded_shop, empty_desk, start, effective=EFFECTIVE):
    """A desk of its own with two versions in its folder; the second one is a draft."""
    folder = policies.folder_with(tmp_path, effective)
    own = settings.model_copy(update={"policy_folder": folder})
    return rights.open_own_desk(own, FixedClock(start), tmp_path / "own", seeded_shop, empty_desk)


def publish_second(desk, version=SECOND, given=None, by="Officer"):
    with desk.transaction() as session:
        found = compare(session, desk, desk.policies.folder / f"{version}.md")
        return publish(session, desk, desk.clock.now(), found, marks() if given is None else given, by)


def tell(desk):
    """The worker tells everybody, and every mail is taken by a server at this moment."""
    while policy_notices.tell_everybody(desk) or waiting(desk):
        with desk.transaction() as session:
            session.execute(update(Mail).where(*outbox.HOPEFUL).values(sent_at=desk.clock.now()))
    policy_notices.tell_everybody(desk)


def waiting(desk):
    with desk.reading() as session:
        return session.scalar(select(Mail.id).where(*outbox.HOPEFUL).limit(1)) is not None


def at(desk, moment):
    desk.clock.time = moment


def deem(desk):
    return policy_window.deem(desk)


def writes(desk, subject, text="Hello"):
    """A customer writes in the chat, a use of the service that the desk sees; gives conversation and message."""
    now = desk.clock.now()
    with desk.transaction() as session:
        talk = session.scalar(select(Conversation.id).where(Conversation.subject == subject).limit(1))
        if talk is None:
            talk, _ = conversations.open_session(session, subject, now, now + DAY)
        said = spoken(session, talk, now, text, state="done")
        return talk, str(said.id)


def objects(desk, subject):
    talk, origin = writes(desk, subject, "I do not agree")
    with desk.transaction() as session:
        chat = conversations.conversation(session, talk)
        return policy_objection.object_to_update(session, desk, desk.clock.now(), chat, origin, None, "I do not agree")


def asked(desk, talk, version=SECOND):
    """The question was shown in that chat."""
    with desk.transaction() as session:
        card = {"kind": "policy_update", "version": version}
        session.add(
            Message(
                conversation_id=talk, author=Author.BOT, text="?", response=policy_objection.QUESTION, card=card,
                citations=[], choices=[], created_at=desk.clock.now(),
            )
        )  # fmt: skip


def accepts(desk, subject, reductions=True, version=SECOND, origin=None):
    talk, message = writes(desk, subject, "Yes")
    asked(desk, talk, version)
    with desk.transaction() as session:
        chat = conversations.conversation(session, talk)
        return policy_objection.accept(session, desk, desk.clock.now(), chat, version, reductions, origin or message)


def bound(desk, subject):
    """For each clause the version that binds somebody."""
    with desk.reading() as session:
        own = binding(session, desk, desk.clock.now(), subject)
        return {name: policy.version for name, policy in own.texts.items()}


def notice(desk, subject, version=SECOND):
    with desk.reading() as session:
        mine = (PolicyNotice.subject == subject, PolicyNotice.version == version)
        return session.scalars(select(PolicyNotice).where(*mine)).one_or_none()


def ledger(desk, **wanted):
    with desk.reading() as session:
        return session.scalars(select(PolicyEntry).filter_by(**wanted).order_by(PolicyEntry.id)).all()
