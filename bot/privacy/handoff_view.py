"""What an agent sees of a conversation: facts, the talk with personal values hidden, and what was revealed and why.

Every look at a hidden value is written into the record with its reason (policy clause `security`: "control access
permissions").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import Invalid, NotFound
from bot.privacy.entities import Finder, finder
from bot.privacy.guardian_consent_decision import asked_by
from bot.privacy.handoff_masking import hide, known_words, masked_details
from bot.privacy.handoff_ownership import WITH_OUTCOME, Agent, mine
from bot.privacy.handoff_queue import newest_handoff, place_of
from bot.privacy.request_states import OPEN
from bot.privacy.request_status import RequestView, own_requests
from bot.store import audit, conversations
from bot.store.desk import Desk
from bot.store.desk_tables import Case, Handoff, HandoffNote, Message, PrivacyRequest
from bot.store.shop import if_it_answers
from bot.vocabulary import AuditEvent, Author, HandoffState, RevealReason

_TYPED = (Author.USER, Author.AGENT)
_LOOKED_BACK = 500
_CLAUSES = 3
_WORDS = 3


@dataclass(frozen=True)
class Line:
    """One message as an agent sees it.

    Attributes:
        hidden: Something in it was shortened; `reveal` with `message:<id>` shows it.
        shown: What kind of card it carries, without what is in it.
        names_hidden: Whether what the shop knows of the person was looked for in it; while the shop's database does not
            answer, only what has the shape of a value is hidden.
    """

    id: int
    author: str
    name: str | None
    text: str
    hidden: bool
    shown: str | None
    clauses: list[str]
    choices: list[str]
    at: datetime
    names_hidden: bool


@dataclass(frozen=True)
class Detail:
    """Something the shop knows of the customer, shortened; `reveal` with `field` shows it."""

    field: str
    label: str
    shown: str


@dataclass(frozen=True)
class Summary:
    """The facts of a conversation.

    Attributes:
        signed_in: A customer of the shop speaks; otherwise a visitor nobody knows.
        verified_at: When they last proved in this conversation who they are.
        last_words: The last things they wrote, shortened.
        open_requests: What they asked for and is not done.
        clauses: Clauses quoted to them, the newest first.
    """

    number: str | None
    reason: str | None
    state: str | None
    priority: str | None
    signed_in: bool
    verified_at: datetime | None
    waiting_since: datetime | None
    promised_at: datetime | None
    overdue: bool
    place: int
    statement: str | None
    last_words: list[str]
    open_requests: list[RequestView]
    clauses: list[str]


@dataclass(frozen=True)
class Note:
    """What a colleague wrote down."""

    staff: str
    text: str
    at: datetime


def transcript(session: Session, desk: Desk, conversation_id: str, after: int = 0) -> list[Line]:
    """What was said, with personal values hidden in what people typed; what the desk says by itself holds none.

    It is there without the shop's database too, for people who wait have to be answered; see `Line.names_hidden`.

    Raises:
        NotFound: There is no such conversation.
    """
    subject = conversations.conversation(session, conversation_id).subject
    known = known_words(desk, subject)
    return _lines(desk, known, conversations.messages_after(session, conversation_id, after))


def details(desk: Desk, subject: str) -> list[Detail] | None:
    """The customer's details, shortened; None while the shop's database does not answer."""
    found = if_it_answers(lambda: masked_details(desk, subject))
    return None if found is None else [Detail(field, each.column.label, each.shown) for field, each in found.items()]


def reveal(session: Session, desk: Desk, conversation_id: str, agent: Agent, field: str, reason: str) -> str:
    """Show one hidden value to the agent who answers, and write down that it was shown, to whom and why.

    Args:
        session: One transaction for the look and its record.
        desk: The shop's data.
        conversation_id: The conversation.
        agent: Who wants to see it.
        field: `message:<id>`, or a field of `details`.
        reason: A value of `RevealReason`.

    Raises:
        Invalid: That is no reason.
        Conflict: The conversation is not this agent's.
        NotFound: There is no such value in this conversation.
    """
    if reason not in list(RevealReason):
        raise Invalid(f"That is no reason to look. Reasons are {', '.join(RevealReason)}.")
    chat, _ = mine(session, conversation_id, agent)
    kind, _, number = field.partition(":")
    if kind == "message":
        value = _message_in_clear(session, chat.id, number)
    else:
        found = masked_details(desk, chat.subject).get(field) if chat.subject else None
        if found is None:
            raise NotFound
        value = str(found.current)
    audit.record(
        session, desk.clock.now(), AuditEvent.VALUE_REVEALED, chat.id, f"{field}:{reason}"[:64], chat.subject,
        actor=agent.id,
    )  # fmt: skip
    return value


def summary(session: Session, desk: Desk, conversation_id: str) -> Summary:
    """The facts of a conversation, without anybody's guess.

    Raises:
        NotFound: There is no such conversation.
    """
    chat = conversations.conversation(session, conversation_id)
    handoff = newest_handoff(session, chat.id)
    known = known_words(desk, chat.subject)
    wrote = conversations.newest_messages(session, chat.id, _WORDS, Author.USER)
    answers = conversations.newest_messages(session, chat.id, _LOOKED_BACK, Author.BOT)
    cited = dict.fromkeys(each["title"] for message in answers for each in message.citations)
    waits = handoff is not None and handoff.state != HandoffState.ENDED
    return Summary(
        number=handoff.case_number if handoff else None,
        reason=handoff.reason if handoff else None,
        state=handoff.state if handoff else None,
        priority=handoff.priority if handoff else None,
        signed_in=chat.subject is not None,
        verified_at=_verified(session, chat.id),
        waiting_since=handoff.waiting_since if handoff else None,
        promised_at=handoff.promised_at if handoff else None,
        overdue=bool(handoff and waits and not handoff.answered_at and handoff.promised_at < desk.clock.now()),
        place=place_of(session, handoff) if handoff else 0,
        statement=_statement(session, desk, handoff, known),
        last_words=[line.text for line in _lines(desk, known, reversed(wrote))],
        open_requests=[each for each in own_requests(session, chat.subject) if each.state in OPEN]
        if chat.subject
        else [],
        clauses=list(cited)[:_CLAUSES],
    )


def add_note(session: Session, desk: Desk, conversation_id: str, agent: Agent, text: str) -> None:
    """Write something down for colleagues; the person it is about gets it in the copy of their data.

    Raises:
        NotFound: There is no such conversation.
        Invalid: There is nothing to note.
    """
    if not text.strip():
        raise Invalid("The note is empty. Please write something.")
    chat, now = conversations.locked(session, conversation_id), desk.clock.now()
    session.add(HandoffNote(conversation_id=chat.id, staff=agent.id, text=text.strip(), at=now))
    handoff = newest_handoff(session, chat.id)
    case = handoff.case_number if handoff else None
    audit.record(session, now, AuditEvent.CASE_NOTED, chat.id, case, chat.subject, actor=agent.id)


def notes(session: Session, conversation_id: str) -> list[Note]:
    """What colleagues wrote down, oldest first."""
    query = select(HandoffNote).where(HandoffNote.conversation_id == conversation_id).order_by(HandoffNote.id)
    return [Note(row.staff, row.text, row.at) for row in session.scalars(query)]


def _lines(desk: Desk, known: list[str] | None, messages: Iterable[Message]) -> list[Line]:
    look = finder(desk.settings)
    return [_line(message, look, known) for message in messages]


def _line(message: Message, look: Finder, known: list[str] | None) -> Line:
    typed = message.author in _TYPED or message.response == WITH_OUTCOME
    text = hide(message.words, look, known or []) if typed else message.words
    card = message.card or {}
    filled = card.get("kind") == conversations.FORM_VALUES
    return Line(
        message.id, message.author, message.speaker, text, filled or text != message.words, card.get("kind"),
        [each["title"] for each in message.citations], [each["label"] for each in message.choices], message.created_at,
        names_hidden=known is not None or not typed,
    )  # fmt: skip


def _message_in_clear(session: Session, conversation_id: str, number: str) -> str:
    message = session.get(Message, int(number)) if number.isdigit() else None
    if message is None or message.conversation_id != conversation_id:
        raise NotFound
    card = message.card or {}
    if card.get("kind") != conversations.FORM_VALUES:
        return message.words
    return "\n".join(f"{field}: {value}" for field, value in card["values"].items())


def _verified(session: Session, conversation_id: str) -> datetime | None:
    """A guardian's code was typed on a page of theirs, and says nothing about whoever sits in the chat."""
    here = select(PrivacyRequest).where(PrivacyRequest.conversation_id == conversation_id)
    own = [each.verified_at for each in session.scalars(here) if each.verified_at and not asked_by(each)]
    return max(own, default=None)


def _statement(session: Session, desk: Desk, handoff: Handoff | None, known: list[str] | None) -> str | None:
    case = session.get(Case, handoff.case_number) if handoff else None
    if case is None or not case.statement:
        return None
    return hide(case.statement, finder(desk.settings), known or [])
