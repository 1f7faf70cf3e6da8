"""Brings conversations that wait for a person to the outside help desk, and its answers back into the chat.

The tables of the desk are the outbox: a link says up to which message the help desk was told, and says so only after
it took it, so a worker that dies tells once more rather than never. Personal values stay hidden: what people typed goes
out as agents here see it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from bot.clocks import SystemClock, in_words_with_time
from bot.config import Settings
from bot.helpdesk.adapter import Ended, HelpDesk, NotTaken, Opened, Reply
from bot.helpdesk.chatwoot import Chatwoot
from bot.privacy.handoff_ownership import Agent, hand_back, take
from bot.privacy.handoff_talk import add_later, in_messages, say, was_said
from bot.privacy.handoff_view import Line, summary, transcript
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Handoff, HelpdeskLink
from bot.vocabulary import Author, HandoffState

log = structlog.get_logger("helpdesk")
STAFF = "helpdesk"
"""How agents of the outside help desk stand in the record: the desk here does not know them."""
_LEASE = timedelta(minutes=30)
_LONGEST_PAUSE = timedelta(hours=1)
_CLAIM = timedelta(minutes=2)
"""Longer than one call to the help desk may take."""
_WHO = {Author.USER: "Person", Author.BOT: "Bot", Author.AGENT: "Staff", Author.SYSTEM: "Note"}
# Tries are about live servers, so they follow the machine's clock.
_machine = SystemClock()


def help_desk(settings: Settings) -> HelpDesk | None:
    """The adapter that is set up; None where there is none.

    Raises:
        SetupError: It is set up in part.
    """
    return Chatwoot(settings) if settings.chatwoot_url else None


class _NotHidden(Exception):
    """What people typed may show who they are: it goes out when it can be hidden. Staff here may read it meanwhile."""


@dataclass(frozen=True)
class _Claimed:
    """A link that no other worker touches for a while."""

    conversation_id: str
    name_of: str
    contact: str | None
    remote: str | None
    introduced: bool
    told: int
    attempts: int


def bring_out(desk: Desk, outside: HelpDesk) -> int:
    """Tell the help desk what it does not know yet of conversations that wait, or that it answers.

    Each is claimed only when its turn comes. So an error nobody foresaw leaves the others to the next look, and its own
    conversation rests for a while that grows.

    Returns:
        How many messages of people it took.
    """
    _open_links(desk)
    return sum(_tell(desk, outside, link) for each in _due(desk) if (link := _claim(desk, each)) is not None)


def bring_in(desk: Desk, event: Reply | Ended) -> None:
    """Let an agent of the help desk speak in the chat, or hand the conversation back to the bot.

    The same event again changes nothing. An answer to a conversation that somebody at this desk has taken meanwhile is
    not said by two people at once. One that comes when the talk is over, or in an earlier talk than the one that waits
    now, is said, and the bot goes on answering: nobody at the help desk waits for more. One that is too long for a
    message is said in several, all of them or none.

    Raises:
        Conflict: Somebody at this desk answers it.
    """
    with desk.transaction() as session:
        link = _link_of(session, event)
        if link is None:
            return  # erased, or never ours
        if isinstance(event, Ended):
            _end(session, desk, link)
            return
        agent, key = Agent(STAFF, event.name, _LEASE), f"{STAFF}:{event.id}"
        if was_said(session, link.conversation_id, key):
            return
        handoff = session.get_one(Handoff, link.handoff_id)
        over = link.remote != event.remote or handoff.state == HandoffState.ENDED
        if not over:
            take(session, desk, link.conversation_id, agent)
        for place, words in enumerate(in_messages(event.text), start=1):
            part = key if place == 1 else f"{key}:{place}"
            if over:
                add_later(session, desk, handoff, agent, words, part)
            else:
                say(session, desk, link.conversation_id, agent, words, part)


def _link_of(session: Session, event: Reply | Ended) -> HelpdeskLink | None:
    """The link of the talk; for an answer in an earlier one, which has none any more, that of the same contact."""
    link = session.scalar(select(HelpdeskLink).where(HelpdeskLink.remote == event.remote))
    if link is None and isinstance(event, Reply) and event.contact:
        link = session.scalar(select(HelpdeskLink).where(HelpdeskLink.contact == event.contact))
    return link


def _end(session: Session, desk: Desk, link: HelpdeskLink) -> None:
    chat = conversations.conversation(session, link.conversation_id)
    if chat.owner_staff != STAFF:
        return
    handoff = session.get_one(Handoff, link.handoff_id)
    hand_back(session, desk, chat.id, Agent(STAFF, handoff.staff_name or "The person", _LEASE), seen=link.told)


def _open_links(desk: Desk) -> None:
    """A link for every hand-off that waits; a later one of the same conversation uses the person's contact again."""
    with desk.reading() as session:
        linked = and_(HelpdeskLink.conversation_id == Handoff.conversation_id, HelpdeskLink.handoff_id == Handoff.id)
        query = select(Handoff.conversation_id, Handoff.id).outerjoin(HelpdeskLink, linked)
        new = session.execute(
            query.where(Handoff.state == HandoffState.WAITING, HelpdeskLink.conversation_id.is_(None))
        ).all()
    for conversation_id, handoff_id in new:
        with desk.transaction() as session:
            known = session.get(HelpdeskLink, conversation_id, with_for_update=True)
            if known is None:
                session.add(HelpdeskLink(conversation_id=conversation_id, name_of=uuid4().hex, handoff_id=handoff_id))
            else:
                known.handoff_id, known.remote, known.introduced = handoff_id, None, False


def _due(desk: Desk) -> list[str]:
    """Conversations of which there is something to tell; those that failed before come last."""
    with desk.reading() as session:
        found = session.scalars(_rested().order_by(HelpdeskLink.attempts, HelpdeskLink.handoff_id)).all()
        return [link.conversation_id for link in found if _is_behind(session, link)]


def _rested() -> Select[tuple[HelpdeskLink]]:
    """Links of conversations that wait or that the help desk answers, and that nobody claims."""
    theirs = and_(Handoff.state == HandoffState.TAKEN, Handoff.staff == STAFF)
    rested = or_(HelpdeskLink.next_try_at.is_(None), HelpdeskLink.next_try_at <= _machine.now())
    query = select(HelpdeskLink).join(Handoff, Handoff.id == HelpdeskLink.handoff_id)
    return query.where(or_(Handoff.state == HandoffState.WAITING, theirs), rested)


def _is_behind(session: Session, link: HelpdeskLink) -> bool:
    return not link.introduced or conversations.newest_message_id(session, link.conversation_id) > link.told


def _claim(desk: Desk, conversation_id: str) -> _Claimed | None:
    """Keep other workers from a conversation; None where there is nothing left to tell or another one has it.

    The try counts, and what comes after a failure is arranged, before anything can fail.
    """
    with desk.transaction() as session:
        if session.get(HelpdeskLink, conversation_id, with_for_update=True) is None:
            return None
        link = session.scalar(_rested().where(HelpdeskLink.conversation_id == conversation_id))
        if link is None or not _is_behind(session, link):
            return None
        link.attempts += 1
        link.next_try_at = _machine.now() + max(_CLAIM, _pause(link.attempts))
        return _Claimed(
            conversation_id, link.name_of, link.contact, link.remote, link.introduced, link.told, link.attempts
        )


def _pause(attempts: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempts, 12)), _LONGEST_PAUSE)


def _tell(desk: Desk, outside: HelpDesk, link: _Claimed) -> int:
    taken = 0
    try:
        case = _case(desk, outside, link)
        for line in _lines(desk, link):
            if line.author != Author.AGENT:
                outside.append_message(case, line.id, _words(line))
                taken += line.author == Author.USER
            _keep_claimed(desk, link.conversation_id, told=line.id)
        _keep(desk, link.conversation_id, attempts=0, next_try_at=None)
    except (NotTaken, _NotHidden) as error:
        _keep(desk, link.conversation_id, next_try_at=_machine.now() + _pause(link.attempts))
        log.warning("not told to the help desk", attempt=link.attempts, error=str(error))
    return taken


def _lines(desk: Desk, link: _Claimed) -> list[Line]:
    with desk.reading() as session:
        lines = transcript(session, desk, link.conversation_id, link.told)
    if not all(line.names_hidden for line in lines):
        raise _NotHidden("the shop's database does not answer")
    return lines


def _case(desk: Desk, outside: HelpDesk, link: _Claimed) -> Opened:
    """The talk at the help desk, opened where there is none, with its first line."""
    if link.contact and link.remote:
        case = Opened(link.contact, link.remote)
    else:
        case = outside.create_case(link.name_of, link.contact)
        _keep_claimed(desk, link.conversation_id, contact=case.contact, remote=case.remote)
    if not link.introduced:
        outside.append_message(case, 0, _first_line(desk, link.conversation_id))
        _keep_claimed(desk, link.conversation_id, introduced=True)
    return case


def _first_line(desk: Desk, conversation_id: str) -> str:
    with desk.reading() as session:
        facts = summary(session, desk, conversation_id)
    who = "a customer, signed in" if facts.signed_in else "a visitor, not signed in"
    due = in_words_with_time(facts.promised_at) if facts.promised_at else "soon"
    return f"{facts.number}: {who}, {facts.reason}. An answer is promised by {due}."


def _words(line: Line) -> str:
    """A line as the help desk reads it; an empty message of a card says what kind it is."""
    return f"{_WHO[Author(line.author)]}: {line.text or line.shown or '…'}"


def _keep_claimed(desk: Desk, conversation_id: str, **values: object) -> None:
    """Keep how far it is; a long talk is told for longer than one claim lasts."""
    _keep(desk, conversation_id, next_try_at=_machine.now() + _CLAIM, **values)


def _keep(desk: Desk, conversation_id: str, **values: object) -> None:
    with desk.transaction() as session:
        session.execute(update(HelpdeskLink).where(HelpdeskLink.conversation_id == conversation_id).values(**values))
