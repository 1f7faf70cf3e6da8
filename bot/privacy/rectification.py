"""Corrects a person's data: what they filled in becomes what is on file, and services and the old address learn of it.

Law: GDPR Article 16 (correction), 19 (recipients are told). Policy: clause `access-and-correction`.
A new e-mail address or phone number of the account is the first thing a thief would change. So it needs the code that
goes to the old address, the old address is told, and copies and deletions wait for some days.
Facts of an order are not overwritten: the person's statement is kept with the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words_with_time
from bot.errors import FormInvalid
from bot.privacy import holds
from bot.privacy.rectification_form import NUMBER, STATEMENT, Correctable, correctable
from bot.privacy.room import Room, Step, Work
from bot.store import outbox, webhooks
from bot.store.correcting import Change, correct, followers, is_account_email, is_taken, named_row, standing
from bot.store.desk import Desk
from bot.store.desk_tables import Dispute, PrivacyRequest, WebhookEvent
from bot.vocabulary import HoldKind, ShopEvent

_TAKEN = "This address cannot be used for your account. Please give another one, or ask for a person in the chat."
_NO_ROW = "You have no order with that number. Please look it up in the confirmation you got."
_TAKEN_SINCE = "another account has this address by now"
_MOVED = "it was changed or removed meanwhile"
_BETWEEN = ", "
_MISSING = {NUMBER: "Please write the number, so that your words are put to the right one.",
            STATEMENT: "Please write what is wrong."}  # fmt: skip


@dataclass(frozen=True)
class Proposed:
    """What a filled form would change.

    Attributes:
        changes: Values that become others, with what follows from them.
        shown: The same as a person is asked about it: label, what is on file (shortened), what it becomes.
        dispute: The row whose facts are disputed and the person's statement, or None.
        contact: Whether the account's e-mail address or phone number is among the changes.
    """

    changes: list[Change]
    shown: list[dict[str, str]]
    dispute: dict[str, Any] | None
    contact: bool

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes or self.dispute)

    def as_card(self) -> dict[str, Any]:
        """For the question, as plain JSON."""
        card: dict[str, Any] = {"kind": "correction", "title": "This would be corrected", "changes": self.shown}
        if self.dispute:
            title = f"Your statement, to be kept with {self.dispute['row']['name']}"
            card["statement"] = {"title": title, "text": self.dispute["statement"]}
        return card

    def as_details(self) -> dict[str, Any]:
        """What the request keeps."""
        changes = [change.as_dict() for change in self.changes]
        return {"changes": changes, "dispute": self.dispute, "contact": self.contact}


def propose(desk: Desk, subject: str, values: Mapping[str, str]) -> Proposed:
    """Compare what was filled in with what is on file.

    Args:
        desk: The desk.
        subject: Whose data it is; fields of anybody else's rows do not exist here.
        values: Cleaned values by field name; an empty one leaves things as they are.

    Raises:
        FormInvalid: An address that cannot be used, an order that is not theirs, a field that is none of theirs.
    """
    known = correctable(desk, subject)
    filled = {name: value for name, value in values.items() if value and name not in (NUMBER, STATEMENT)}
    if not set(filled) <= set(known):
        raise FormInvalid([], "Your data changed since this form was given out. Please ask for a new one.")
    parts = [_part(desk, subject, known[name], value) for name, value in filled.items() if known[name].current != value]
    return Proposed(
        [change for part in parts for change in part.changes],
        [line for part in parts for line in part.shown],
        _dispute(desk, subject, values),
        any(part.contact for part in parts),
    )


def _part(desk: Desk, subject: str, field: Correctable, value: str) -> Proposed:
    """What one field changes: itself, and for the account's e-mail address whatever follows it."""
    account, about = desk.datamap.subject, (field.row.table.name, field.column.name)
    changes = [_change(field, value)]
    labels = [_label(field, account.table)]
    if about == (account.table, account.email):
        if is_taken(desk.shop, subject, value):
            raise FormInvalid([(field.name, _TAKEN)])
        following = followers(desk.shop, subject, value)
        changes += following
        labels += dict.fromkeys(each.label for each in following)
    shown = [{"label": label, "before": field.shown, "after": value} for label in labels]
    contact = about in {(account.table, account.email), (account.table, account.phone)}
    return Proposed(changes, shown, None, contact)


def _label(field: Correctable, account: str) -> str:
    return field.column.label if field.row.table.name == account else f"{field.group}: {field.column.label}"


def _change(field: Correctable, value: str) -> Change:
    return Change(
        field.row.table.name, field.row.key, field.column.name, field.column.label, field.current, value
    )  # fmt: skip


def _dispute(desk: Desk, subject: str, values: Mapping[str, str]) -> dict[str, Any] | None:
    given = {name: values.get(name, "").strip() for name in (NUMBER, STATEMENT)}
    if not any(given.values()):
        return None
    if missing := [(name, _MISSING[name]) for name, value in given.items() if not value]:
        raise FormInvalid(missing)
    row = named_row(desk.shop, subject, given[NUMBER])
    if row is None:
        raise FormInvalid([(NUMBER, _NO_ROW)])
    return {"row": {"table": row.table, "key": row.key, "name": row.name}, "statement": given[STATEMENT]}


def _changes(details: Mapping[str, Any]) -> list[Change]:
    return [Change(**each) for each in details.get("changes") or []]


def _correct(work: Work) -> Sequence[str]:
    """Make the changes; what somebody else changed meanwhile stays and is left to a person."""
    if work.subject is None:
        return []
    shop, subject = work.desk.shop, work.subject
    left = correct(shop, subject, _changes(work.details))
    taken = {each.after for each in left if is_account_email(shop, each) and is_taken(shop, subject, each.after)}
    why = {each.label: _TAKEN_SINCE if each.after in taken else _MOVED for each in left}
    return [f"{label}: {reason}" for label, reason in why.items()]


def _keep_statement(work: Work) -> Sequence[str]:
    """Put the person's statement to the row it is about."""
    dispute, subject = work.details.get("dispute"), work.subject
    if not dispute or subject is None:
        return []
    row = named_row(work.desk.shop, subject, dispute["row"]["name"])
    if row is None:
        return ["Statement about an order: the order is no longer there"]
    with work.desk.transaction() as session:
        if session.scalar(select(Dispute.id).where(Dispute.request_number == work.number)) is None:
            session.add(
                Dispute(
                    subject=subject, request_number=work.number, about_table=row.table, about_row=row.name,
                    statement=dispute["statement"], at=work.desk.clock.now(),
                )
            )  # fmt: skip
    return []


def _tell_services(work: Work) -> Sequence[str]:
    """Tell the shop's services, each thing once, which fields were corrected and what is disputed; never a value."""
    if work.subject is None:
        return []
    made = dict.fromkeys(each.label for each in standing(work.desk.shop, _changes(work.details)))
    with work.desk.transaction() as session:
        notices = select(WebhookEvent).where(
            WebhookEvent.request_number == work.number, WebhookEvent.event == ShopEvent.CORRECTED
        )
        told = [notice.payload for notice in session.scalars(notices)]
        facts: dict[str, str] = {}
        if new := [label for label in made if not any(label in _told_fields(each) for each in told)]:
            facts["fields"] = _BETWEEN.join(new)
        kept = session.scalar(select(Dispute).where(Dispute.request_number == work.number))
        if kept is not None and not any("disputed" in each for each in told):
            facts["disputed"] = kept.about_table
        if facts:
            now, settings = work.desk.clock.now(), work.desk.settings
            webhooks.tell(session, now, settings, ShopEvent.CORRECTED, work.subject, work.number, **facts)
    return []


def _told_fields(payload: Mapping[str, Any]) -> list[str]:
    return str(payload.get("fields", "")).split(_BETWEEN)


def _steps(_work: Work) -> Sequence[Step]:
    # The statement first: an order without an account is found by the address that may be corrected next.
    return (
        Step("keep_statement", _keep_statement),
        Step("correct", _correct),
        Step("tell_services", _tell_services),
    )


def _needs_code(details: dict[str, Any]) -> bool:
    return bool(details.get("contact", True))


def _agreed(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    """Tell the old address of a new contact detail, and let copies and deletions wait for some days."""
    details, subject = request.details or {}, request.subject
    if subject is None or not _needs_code(details):
        return
    until = now + timedelta(hours=desk.settings.contact_hold_hours)
    holds.place(session, now, subject, HoldKind.CONTACT_CHANGED, until, request.number)
    address = desk.email_of(subject)
    if address:
        outbox.post(
            session, now, address, "contact_changed", f"contact_changed:{request.number}", number=request.number,
            until=in_words_with_time(until),
        )  # fmt: skip


ROOM = Room(steps=_steps, needs_code=_needs_code, agreed=_agreed, done="utter_rectification_done")
"""Correction: contact details after a code, everything else at the person's yes."""
