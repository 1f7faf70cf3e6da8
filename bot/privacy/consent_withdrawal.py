"""Ending, and giving again, a purpose the shop uses data for: at once, recorded, and told to the shop's services.

A consent is withdrawn as easily as it was given (GDPR Article 7(3), PIPL Article 15); a use that rests on legitimate
interests is objected to (GDPR Article 21); what a contract needs ends with the account (policy clause
`refusal-to-provide`). Policy clause `your-rights` names the withdrawal. What was done before stays lawful. Whoever is
under 18 allows nothing before a guardian has agreed (policy clause `minors`, GDPR Article 8), and may end each use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words_with_time
from bot.errors import GuardianNeeded, Invalid, NotSignedIn
from bot.privacy.consent_standing import PurposeStanding, standing
from bot.privacy.policy_standing import binding
from bot.privacy.request_intake import receive_request
from bot.privacy.restriction import processing
from bot.privacy.room import Room, Step, Work
from bot.store import audit, consent_records, outbox, webhooks
from bot.store.datamap.model import Purpose
from bot.store.desk import Desk
from bot.store.desk_tables import ConsentEntry, Conversation, PrivacyRequest
from bot.vocabulary import AuditEvent, ConsentState, RequestKind, ShopEvent

_CHOICE_WORDS = {
    ConsentState.WITHDRAWN: "consent withdrawn",
    ConsentState.OBJECTED: "no longer used, you objected",
    ConsentState.GRANTED: "allowed",
}


@dataclass(frozen=True)
class Choice:
    """One purpose of a receipt."""

    purpose: Purpose
    state: ConsentState
    clause: str


@dataclass(frozen=True)
class Receipt:
    """Proof of a choice: what, when, under which version and clauses of the policy."""

    number: str
    at: datetime
    policy_version: str
    choices: tuple[Choice, ...]

    @property
    def titles(self) -> str:
        """The purposes by name."""
        return ", ".join(choice.purpose.title for choice in self.choices)

    @property
    def lines(self) -> list[str]:
        """What the receipt says, line by line; nothing about the person but the choice itself."""
        chosen = [f"{c.purpose.title}: {_CHOICE_WORDS[c.state]} (policy clause {c.clause})" for c in self.choices]
        return [*chosen, f"Counts from {in_words_with_time(self.at)}", f"Policy version {self.policy_version}"]


def choose(
    session: Session,
    desk: Desk,
    now: datetime,
    chat: Conversation,
    purposes: Sequence[str],
    state: ConsentState,
    origin: str,
) -> Receipt | None:
    """Record a choice about purposes; it counts at once, and the shop's own table follows within seconds.

    Args:
        session: The transaction of the choice: ledger, request, receipt and the word to the services, or nothing.
        desk: Data map, policies, settings.
        now: From when it counts.
        chat: Where it was made.
        purposes: Keys of the data map. Those that stand so already are left alone.
        state: `GRANTED` to allow them, anything else to end them: each as its legal basis wants it.
        origin: Id of the message that chose: the same message never makes a second choice.

    Returns:
        The receipt, or None when everything stood so already.

    Raises:
        NotSignedIn: The conversation is anonymous.
        GuardianNeeded: It would allow something, and the person is a minor for whom no guardian's consent stands.
        Invalid: There is no such purpose, or it cannot be ended by itself.
    """
    if chat.subject is None:
        raise NotSignedIn
    known = session.scalar(select(PrivacyRequest).where(PrivacyRequest.origin == origin))
    if known is not None:
        return _receipt(session, desk, known)
    changes = _changes(session, desk, chat.subject, purposes, state)
    if not changes:
        return None
    if state is ConsentState.GRANTED and processing(session, desk, chat.subject).guardian_missing:
        raise GuardianNeeded
    objected = all(each.ends_as is ConsentState.OBJECTED for each, _ in changes)
    kind = RequestKind.OBJECT_TO_PROCESSING if objected else RequestKind.WITHDRAW_CONSENT
    if state is not ConsentState.GRANTED:
        state = ConsentState.OBJECTED if objected else ConsentState.WITHDRAWN
    details = {"purposes": [each.purpose.key for each, _ in changes], "state": state.value}
    made = receive_request(session, desk, now, chat, kind, ROOM, origin, details)
    return _receipt(session, desk, session.get_one(PrivacyRequest, made.number))


def _changes(
    session: Session, desk: Desk, subject: str, purposes: Sequence[str], state: ConsentState
) -> list[tuple[PurposeStanding, ConsentState]]:
    """What a choice changes: each purpose with its new state."""
    standings = {each.purpose.key: each for each in standing(session, desk, subject)}
    changes = []
    for key in dict.fromkeys(purposes):
        each = standings.get(key)
        if each is None or each.ends_as is None:
            raise Invalid("There is no such purpose, or it cannot be ended by itself.")
        if state is ConsentState.GRANTED and each.state is not ConsentState.GRANTED:
            changes.append((each, ConsentState.GRANTED))
        elif state is not ConsentState.GRANTED and each.can_be_ended:
            changes.append((each, each.ends_as))
    return changes


def _agreed(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    """Write the ledger, tell the shop's services and send the receipt, in the transaction of the choice."""
    details, subject = request.details or {}, request.subject
    if subject is None or _entries(session, request.number):
        return
    policy = binding(session, desk, now, subject)
    changes = _changes(session, desk, subject, details["purposes"], ConsentState(details["state"]))
    if not changes:
        return
    audit.record(session, now, AuditEvent.CONSENT_CHANGED, request.conversation_id, request.number, subject=subject)
    for each, new in changes:
        session.add(
            ConsentEntry(
                subject=subject,
                purpose=each.purpose.key,
                state=new,
                request_number=request.number,
                policy_version=policy.texts.get(each.purpose.clause, policy.version).version,
                clause=each.purpose.clause,
                channel=consent_records.CHANNEL,
                at=now,
            )
        )
        facts = {"purpose": each.purpose.key, "state": new.value}
        webhooks.tell(session, now, desk.settings, ShopEvent.CONSENT_CHANGED, subject, request.number, **facts)
    session.flush()
    _mail_receipt(session, desk, now, subject, _receipt(session, desk, request))


def _mail_receipt(session: Session, desk: Desk, now: datetime, subject: str, receipt: Receipt) -> None:
    address = desk.email_of(subject)
    if address:
        lines = "\n".join(f"- {line}" for line in receipt.lines)
        outbox.post(
            session, now, address, "consent_receipt", f"consent:{receipt.number}", number=receipt.number, lines=lines
        )


def _entries(session: Session, number: str) -> list[ConsentEntry]:
    query = select(ConsentEntry).where(ConsentEntry.request_number == number).order_by(ConsentEntry.id)
    return list(session.scalars(query))


def _receipt(session: Session, desk: Desk, request: PrivacyRequest) -> Receipt:
    """The receipt as the ledger has it."""
    entries = _entries(session, request.number)
    if entries:
        version = entries[0].policy_version
    else:
        version = binding(session, desk, request.received_at, request.subject).version.version
    known = desk.datamap.purposes
    choices = [Choice(known[e.purpose], ConsentState(e.state), e.clause) for e in entries if e.purpose in known]
    return Receipt(request.number, request.received_at, version, tuple(choices))


def _steps(_work: Work) -> tuple[Step, ...]:
    return (Step("the shop's own record", _into_the_shops_table),)


def _into_the_shops_table(work: Work) -> list[str]:
    """Write each choice into the shop's own table, once however often it is tried.

    A choice that was changed meanwhile is left to the newer request, so that the shop's last word is the person's.
    """
    if work.subject is None:
        return []
    with work.desk.reading() as session:
        entries = _entries(session, work.number)
        own = select(ConsentEntry).where(ConsentEntry.subject == work.subject)
        newest = {e.purpose: e.id for e in session.scalars(own.order_by(ConsentEntry.at, ConsentEntry.id))}
    for entry in entries:
        if newest[entry.purpose] == entry.id:
            state = ConsentState(entry.state)
            consent_records.write(work.desk.shop, work.subject, entry.purpose, state, entry.at)
    return []


ROOM = Room(
    steps=_steps,
    needs_code=lambda _details: False,
    agreed=_agreed,
    done="utter_consent_done",
    mails_when_done=False,
)
"""The same for withdrawing a consent and for objecting to a use."""
