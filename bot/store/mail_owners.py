"""Whose mail is whose: by what its key is about, or the number in its subject; by the address only where neither says.

Two customers may share an address, or have it one after the other. A mail is theirs whom it tells something.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.store.desk_tables import (
    Case,
    Conversation,
    GuardianConsent,
    Mail,
    PolicyEntry,
    PolicyNotice,
    PrivacyRequest,
    VerificationCode,
)
from bot.store.numbers import numbers_in

ERASED = "erased-"
"""What the name begins with under which the choices of an erased person are kept."""
_BATCH = 500

_Column = InstrumentedAttribute[Any]


class MailKind(StrEnum):
    """What the keys of those mails begin with that name no request, case or asking."""

    CODE = "code"
    POLICY_NOTICE = "policy"
    POLICY_RECEIPT = "policy-yes"
    CAME_OF_AGE = "came-of-age"


class _Head(NamedTuple):
    """What says whose a mail is."""

    id: int
    dedupe_key: str
    subject_line: str


class AboutThem(NamedTuple):
    """A mail about a person; not every one went to them: some went to their parent or guardian."""

    id: int
    went_to_them: bool


def mails_about(
    session: Session, subject: str, addresses: Collection[str], heartbeat: Callable[[], None] = lambda: None
) -> Iterator[AboutThem]:
    """Every mail about a person, and of those that are about nobody who is known, what went to an address of theirs.

    Args:
        session: Desk database.
        subject: The customer.
        addresses: Theirs, now and before. They are encrypted in the outbox, so no query can look for them.
        heartbeat: Called between batches.
    """
    wanted = {_bare(address) for address in addresses}
    columns, last = (Mail.id, Mail.dedupe_key, Mail.subject_line, Mail.recipient), 0
    while rows := session.execute(select(*columns).where(Mail.id > last).order_by(Mail.id).limit(_BATCH)).all():
        owners = _owners(session, [_Head(row.id, row.dedupe_key, row.subject_line) for row in rows])
        for row in rows:
            to_them = _bare(row.recipient) in wanted
            if owners[row.id] == subject or (owners[row.id] is None and to_them):
                yield AboutThem(row.id, to_them)
        last = rows[-1].id
        heartbeat()


def owner_of(session: Session, mail: Mapping[str, Any]) -> str | None:
    """The customer a mail is about, whatever address it went to; None where nothing says it.

    Args:
        session: Desk database.
        mail: Its row, with `id`, `dedupe_key` and `subject_line`.
    """
    return _owners(session, [_Head(mail["id"], mail["dedupe_key"], mail["subject_line"])])[mail["id"]]


def _owners(session: Session, mails: Sequence[_Head]) -> dict[int, str | None]:
    """Whom each mail is about, by its id; None where nothing says it, or says of whom it was before an erasure."""
    keys = {mail.id: mail.dedupe_key.split(":") for mail in mails}
    codes = _read(session, VerificationCode.id, VerificationCode.request_number, _rows_in(keys, MailKind.CODE, 1))
    notices = _read(session, PolicyNotice.id, PolicyNotice.subject, _rows_in(keys, MailKind.POLICY_NOTICE, 2))
    receipts = {key[-1] for key in keys.values() if key[0] == MailKind.POLICY_RECEIPT}
    accepted = _read(session, PolicyEntry.reference, PolicyEntry.subject, receipts)
    named = {mail.id: numbers_in(f"{mail.dedupe_key} {mail.subject_line}") for mail in mails}
    owners = _owners_of(session, {*codes.values(), *chain.from_iterable(named.values())})

    def owner(mail_id: int) -> str | None:
        match keys[mail_id]:
            case [MailKind.CODE, code]:
                return owners.get(codes.get(code, ""))
            case [MailKind.POLICY_NOTICE, _, notice, *_]:
                return notices.get(notice)
            case [MailKind.POLICY_RECEIPT, receipt]:
                return accepted.get(receipt)
            case [MailKind.CAME_OF_AGE, *subject, _]:
                return ":".join(subject) or None
        return next((owners[number] for number in named[mail_id] if number in owners), None)

    found = {mail_id: owner(mail_id) for mail_id in keys}
    return {mail_id: None if who is None or who.startswith(ERASED) else who for mail_id, who in found.items()}


def _rows_in(keys: Mapping[int, Sequence[str]], kind: MailKind, place: int) -> set[int]:
    """Numbers of rows that stand at one place of the keys of a kind."""
    mine = (key[place] for key in keys.values() if key[0] == kind and len(key) > place)
    return {int(number) for number in mine if number.isdecimal()}


def _read(session: Session, key: _Column, value: _Column, wanted: Collection[Any]) -> dict[str, str]:
    found = session.execute(select(key, value).where(key.in_(wanted))).tuples()
    return {str(each): who for each, who in found}


def _owners_of(session: Session, numbers: Collection[str]) -> dict[str, str]:
    """Whose requests, cases and askings these are; those of nobody, or of an erased person, are left out."""
    requests = select(PrivacyRequest.number, PrivacyRequest.subject).where(PrivacyRequest.number.in_(numbers))
    askings = select(GuardianConsent.number, GuardianConsent.subject).where(GuardianConsent.number.in_(numbers))
    # What was told without a name is theirs in whose chat it was opened with its code.
    cases = select(Case.number, func.coalesce(Case.subject, Conversation.subject)).where(Case.number.in_(numbers))
    cases = cases.outerjoin(Conversation, Conversation.id == Case.conversation_id)
    owners: dict[str, str] = {}
    for query in (requests, cases, askings):
        found = session.execute(query).tuples()
        owners |= {number: subject for number, subject in found if subject is not None}
    return owners


def _bare(address: str) -> str:
    return address.strip().casefold()
