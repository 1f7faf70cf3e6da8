"""Where is my complaint? What a person sees of their cases, and what they can do with each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.privacy.case_states import DECIDED, ENDED, WITH_STAFF
from bot.privacy.complaint import BROUGHT, OWNER_KIND
from bot.store import attachments
from bot.store.desk_tables import Case, CaseMessage, Conversation
from bot.vocabulary import CaseKind, CaseMessageKind, CaseState

STATE_WORDS = {
    CaseState.WAITING: "with our staff",
    CaseState.ANSWERED: "answered",
    CaseState.REFUSED: "refused, with reasons",
    CaseState.SECOND_LOOK: "with another person for a second look",
    CaseState.CLOSED: "closed",
}
OF_THE_SHOP = frozenset({CaseMessageKind.ANSWER, CaseMessageKind.REFUSAL})
OF_THE_PERSON = frozenset({CaseMessageKind.REPLY, CaseMessageKind.REOPENING, CaseMessageKind.SECOND_LOOK})


@dataclass(frozen=True)
class CaseLine:
    """One thing that was written about a case; notes of the staff are none."""

    kind: CaseMessageKind
    at: datetime
    text: str
    basis: str | None
    complain_to: str | None

    @property
    def by_shop(self) -> bool:
        """Whether the shop wrote it."""
        return self.kind in OF_THE_SHOP


@dataclass(frozen=True)
class CaseView:
    """A case as the person who brought it sees it."""

    number: str
    kind: CaseKind
    state: CaseState
    created_at: datetime
    due_at: datetime
    request_number: str | None
    statement: str | None
    about: str | None
    wish: str | None
    confirmed: bool
    can_reopen: bool
    can_have_second_look: bool
    lines: tuple[CaseLine, ...]
    files: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether somebody at the shop is to do something."""
        return self.state in WITH_STAFF

    @property
    def decided(self) -> bool:
        """Whether the person has the shop's word and may answer it."""
        return self.state in DECIDED


def own_cases(session: Session, chat: Conversation) -> list[CaseView]:
    """Every case of the customer or, in an anonymous conversation, of that conversation; newest first."""
    rows = session.scalars(select(Case).where(_own(chat), Case.kind.in_(BROUGHT)).order_by(Case.number.desc()))
    return [view(session, row) for row in rows]


def own_case(session: Session, chat: Conversation, number: str) -> CaseView:
    """One case of whoever speaks.

    Raises:
        NotFound: No such number, or somebody else's: both read the same from outside.
    """
    return view(session, own_row(session, chat, number))


def own_row(session: Session, chat: Conversation, number: str) -> Case:
    """The row of a case of whoever speaks.

    Raises:
        NotFound: No such number, or somebody else's.
    """
    row = session.scalar(select(Case).where(Case.number == number, _own(chat), Case.kind.in_(BROUGHT)))
    if row is None:
        raise NotFound("You have no case with that number.")
    return row


def view(session: Session, case: Case) -> CaseView:
    """The person's view of a row."""
    state = CaseState(case.state)
    return CaseView(
        case.number, CaseKind(case.kind), state, case.created_at, case.due_at, case.request_number, case.statement,
        case.about, case.wish, case.confirmed_at is not None, state in ENDED and case.reopened_at is None,
        state in ENDED and case.second_look_at is None, tuple(lines(session, case.number)),
        tuple(file.name for file in attachments.of_owner(session, OWNER_KIND, case.number)),
    )  # fmt: skip


def lines(session: Session, number: str) -> list[CaseLine]:
    """What the person and the shop wrote to each other about a case, oldest first."""
    written = select(CaseMessage).where(
        CaseMessage.case_number == number, CaseMessage.kind.in_(OF_THE_SHOP | OF_THE_PERSON)
    )
    return [
        CaseLine(CaseMessageKind(row.kind), row.created_at, row.text, row.basis, row.complain_to)
        for row in session.scalars(written.order_by(CaseMessage.id))
    ]


def _own(chat: Conversation) -> ColumnElement[bool]:
    here = Case.conversation_id == chat.id
    return here if chat.subject is None else or_(Case.subject == chat.subject, here)
