"""From life to test: a stored conversation as a conversation test, with an invented value for every personal one.

What the desk did wrong once can so be kept as a test without keeping anybody's data. Policy clause `security`; GDPR
Article 5(1)(b): data given for one purpose is not used for another, so none of it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.privacy.conversation_steps import Steps
from bot.privacy.entities import finder
from bot.privacy.safe_words import GAP_BEGINS, SafeWords, own_values
from bot.store import audit, conversations
from bot.store.datamap.model import DataMap, PolicyClass, Through
from bot.store.desk import Desk
from bot.store.desk_tables import Choice, Conversation, Message, Turn
from bot.store.known_words import known_words
from bot.vocabulary import AuditEvent

_LONGEST = 10_000
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%-d %B %Y", "%B %-d, %Y", "%-d %B", "%B %-d")


@dataclass(frozen=True)
class ConversationLine:
    """One line of the list; nothing of what was said, nobody's name."""

    id: str
    begun_at: datetime
    messages: int
    signed_in: bool


@dataclass(frozen=True)
class ExportedConversation:
    """A conversation test, ready to be kept under `tests/conversations/`.

    Attributes:
        text: The file.
        gaps: How many places a person has to fill in before it runs.
    """

    text: str
    gaps: int


def recent(session: Session, most: int = 50) -> list[ConversationLine]:
    """The conversations that are still kept and in which something was said, newest first."""
    said = func.count(Message.id)
    query = (
        select(Conversation.id, Conversation.created_at, said, Conversation.subject.is_not(None))
        .join(Message, Message.conversation_id == Conversation.id)
        .group_by(Conversation.id, Conversation.created_at, Conversation.subject)
        .order_by(Conversation.created_at.desc())
        .limit(most)
    )
    return [ConversationLine(chat, begun, number, bool(known)) for chat, begun, number, known in session.execute(query)]


def export_conversation(
    session: Session, desk: Desk, now: datetime, conversation_id: str, actor: str
) -> ExportedConversation:
    """Write a stored conversation as a test that holds nothing of its person.

    Args:
        session: Desk database.
        desk: The desk.
        now: The desk's time, for the record.
        conversation_id: Which conversation.
        actor: Who asked for it; stands in the record.

    Raises:
        NotFound: There is no such conversation, or nothing was said in it.
    """
    chat = conversations.conversation(session, conversation_id)
    messages = conversations.messages_after(session, chat.id, limit=_LONGEST)
    if not messages:
        raise NotFound("Nothing was said in that conversation.")
    of_choices = select(Turn.id).where(Turn.conversation_id == chat.id, Turn.choice_intent.is_not(None))
    chosen = frozenset(session.scalars(of_choices))
    labels = frozenset(session.scalars(select(Choice.label).where(Choice.conversation_id == chat.id)))
    # A choice may also be typed, as "the second one"; then it is exported as it was typed.
    pressed = frozenset(said.turn_id for said in messages if said.turn_id in chosen and said.text in labels)
    safe = _safe_words(desk, chat.subject)
    steps = Steps(safe, pressed, "person").of(messages)
    audit.record(session, now, AuditEvent.CONVERSATION_EXPORTED, chat.id, subject=chat.subject, actor=actor)
    written: dict[str, Any] = {"conversation": f"A stored conversation of {len(messages)} messages goes as it went"}
    written |= {"people": {"person": _person(desk, chat.subject)}, "steps": steps}
    return _file(written)


def _file(written: dict[str, Any]) -> ExportedConversation:
    text = yaml.safe_dump([written], allow_unicode=True, sort_keys=False, width=110)
    gaps = text.count(GAP_BEGINS)
    head = "# From a stored conversation; every personal value was replaced by an invented one.\n"
    if gaps:
        head += "# Where it says ‹fill in: …› something was left out that may be personal: write something invented.\n"
    return ExportedConversation(head + text, gaps)


def _person(desk: Desk, subject: str | None) -> str | dict[str, str]:
    """Somebody of whom the demo shop knows the same sort of things."""
    if subject is None:
        return "anonymous"
    recorded = (name for name in _tables_of_people(desk.datamap) if any(True for _ in desk.shop.rows_of(subject, name)))
    table = next(recorded, None) if desk.settings.demo else None
    return {"customer": "any"} | ({"with_rows": table} if table else {})


def _tables_of_people(datamap: DataMap) -> Iterator[str]:
    """Tables in which the shop recorded things by itself, and whose rows name their customer as the runner expects."""
    subject = datamap.subject
    for table in datamap.personal_tables():
        if table.category is None or table.category.policy_class is not PolicyClass.SERVICE_GENERATED:
            continue
        ways = [way for way in table.ways if isinstance(way, Through) and way.table == subject.table and not way.role]
        if any([own for own, _ in way.keys] == ["customer_id"] for way in ways):
            yield table.name


def _safe_words(desk: Desk, subject: str | None) -> SafeWords:
    safe = SafeWords(known_words(desk.settings.policy_folder), finder(desk.settings))
    customer = desk.shop.customer(subject) if subject else None
    if subject is None or customer is None:
        return safe
    account = desk.datamap.subject
    columns = {"${email}": account.email, "${name}": account.name}
    placeholders = {str(customer[column]): place for place, column in columns.items() if column and customer[column]}
    safe.own, safe.names = own_values(_values(desk, subject), placeholders | {subject: "${customer}"}, safe.known)
    return safe


def _values(desk: Desk, subject: str) -> Iterator[tuple[str, str]]:
    """Everything the shop holds of a person, as text, with the kind of value where the map names one."""
    for table in desk.datamap.personal_tables():
        rows: Iterable[dict[str, Any]] = desk.shop.rows_of(subject, table.name)
        for row in rows:
            for column, value in row.items():
                described = table.columns[column]
                kind = described.mask or described.correct or ""
                yield from ((kind, text) for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case datetime() | date():
            yield from (value.strftime(form) for form in _DATES)
        case None | bool():
            return
        case _:
            yield str(value)
