"""What the desk itself holds about a person: talks, requests, cases, choices, mails; part of every copy (GDPR 15)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.store.attachments import OF_GUARDIANS, about
from bot.store.datamap.model import Category, PolicyClass
from bot.store.desk import Desk
from bot.store.desk_tables import (
    Attachment,
    Base,
    Case,
    CaseMessage,
    Certificate,
    ConsentEntry,
    Conversation,
    Dispute,
    Export,
    GuardianConsent,
    Handoff,
    HandoffNote,
    Hold,
    Mail,
    Message,
    Minor,
    PolicyEntry,
    PolicyNotice,
    PrivacyRequest,
    Restriction,
    VerificationCode,
    WebhookEvent,
)
from bot.store.mail_owners import mails_about
from bot.store.own_records import cases_of
from bot.store.package.contents import Field, NotGiven, Source
from bot.store.package.values import Values
from bot.store.placeholders import restored
from bot.vocabulary import Author

_BATCH = 500
_CONTRACT = "Legal duty to answer, GDPR Article 6(1)(c) and 12"

TALKS = Category(
    "desk_talks", PolicyClass.PERSONAL_CENTER, "Your talks with the privacy desk",
    "To answer you, and to show what was asked for and said.", ("The shop's privacy staff",),
    "Until you have your data deleted.", "You, and the answers you were given", _CONTRACT,
)  # fmt: skip
REQUESTS = Category(
    "desk_requests", PolicyClass.PERSONAL_CENTER, "Your requests, complaints and choices at the privacy desk",
    "To carry out what you asked for, and to be able to prove it.", ("The shop's privacy staff",),
    "Until you have your data deleted; proof of a choice stays without your name.", "You", _CONTRACT,
)  # fmt: skip
MAILS = Category(
    "desk_mails", PolicyClass.PERSONAL_CENTER, "Mails the privacy desk sent you",
    "To tell you what happens with your requests.", ("The mail provider",),
    "Until you have your data deleted.", "Written by the privacy desk", _CONTRACT,
)  # fmt: skip
CATEGORIES = (TALKS, REQUESTS, MAILS)

NOT_IN_THE_COPY = {
    "attachments": "The files a person sent are in the copy as files.",
    "staff": "Accounts of the shop's own staff; no customer is in there.",
    "satisfaction": "How talks went, by day; kept without saying whose talk it was, so that nobody can find theirs.",
    "choices": "The buttons of messages; the messages are in the copy.",
    "waiting_wishes": "Parts of what was said; the messages are in the copy.",
    "cards": "Drafts of what messages show; the messages are in the copy.",
    "audit_pseudonyms": "Keys that keep the record of the desk free of names.",
    "certificates": "Given with the requests they belong to.",
}
"""The desk's tables that say something about a person and are not tables of the copy, with the reason."""

_WORKING_PAPERS = ("Working papers of a deletion", "They repeat what stands elsewhere in this copy.")
_OF_GUARDIANS = (
    "Name, address and declaration of the parent or guardian",
    "They are the data of another person, who can see them on a page of their own.",
)
_AUTHORS = {
    Author.USER: "you",
    Author.BOT: "the privacy desk",
    Author.AGENT: "a person at the shop",
    Author.SYSTEM: "a note",
}
_CARD_SECRETS = ("url", "id")

Attribute = InstrumentedAttribute[Any]


def desk_sources(desk: Desk, subject: str) -> list[Source]:
    """The desk's own tables of the copy."""
    chats = select(Conversation.id).where(Conversation.subject == subject)

    def table(
        name: str, noun: tuple[str, str], category: Category, query: Select[Any], *columns: tuple[Attribute, str],
        read: Callable[[Sequence[Any]], list[Any]] = list, closed: tuple[str, str] | None = None,
        beside: tuple[Attribute, ...] = (),
    ) -> Source:  # fmt: skip
        def batches() -> Iterator[list[Values]]:
            read_too = (*(column for column, _ in columns), *beside)
            picked = query.with_only_columns(*read_too, maintain_column_froms=True)
            with desk.reading() as session:
                for rows in session.execute(picked.execution_options(yield_per=_BATCH)).partitions():
                    yield _columns(map(read, rows))

        fields = tuple(Field(column.key, label) for column, label in columns)
        where = noun[1][:1].upper() + noun[1][1:]
        shut = [NotGiven(where, *closed)] if closed else []
        return Source(f"desk-{name}", noun, category.key, fields, batches, closed=lambda: (0, shut))

    def own(model: type[Base], order: Attribute) -> Select[Any]:
        return select(model).where(model.__table__.c.subject == subject).order_by(order)

    return [
        table(
            "conversations", ("talk", "talks"), TALKS, own(Conversation, Conversation.created_at),
            (Conversation.id, "Number"), (Conversation.created_at, "Began"), (Conversation.owner, "Answered by"),
        ),
        table(
            "messages", ("message", "messages"), TALKS,
            select(Message).where(Message.conversation_id.in_(chats)).order_by(Message.id),
            (Message.conversation_id, "Talk"), (Message.created_at, "Said"), (Message.author, "By"),
            (Message.text, "Text"), (Message.citations, "Clauses quoted"), (Message.choices, "Answers offered"),
            (Message.card, "Shown or filled in"), (Message.speaker, "Name"), read=_message,
            beside=(Message.hidden,),
        ),
        table(
            "handoffs", ("talk with a person", "talks with a person"), TALKS,
            select(Handoff).where(Handoff.conversation_id.in_(chats)).order_by(Handoff.id),
            (Handoff.conversation_id, "Talk"), (Handoff.case_number, "Number"), (Handoff.reason, "Why"),
            (Handoff.waiting_since, "Asked for"), (Handoff.promised_at, "Promised by"), (Handoff.taken_at, "Taken"),
            (Handoff.staff_name, "Answered by"), (Handoff.ended_at, "Ended"),
        ),
        table(
            "notes", ("note of the staff", "notes of the staff"), TALKS,
            select(HandoffNote).where(HandoffNote.conversation_id.in_(chats)).order_by(HandoffNote.id),
            (HandoffNote.conversation_id, "Talk"), (HandoffNote.at, "Written"), (HandoffNote.text, "Text"),
        ),
        table(
            "requests", ("request", "requests"), REQUESTS,
            select(PrivacyRequest).where(PrivacyRequest.subject == subject)
            .outerjoin(Certificate, Certificate.request_number == PrivacyRequest.number)
            .order_by(PrivacyRequest.number),
            (PrivacyRequest.number, "Number"), (PrivacyRequest.kind, "Kind"), (PrivacyRequest.state, "State"),
            (PrivacyRequest.received_at, "Received"), (PrivacyRequest.due_at, "Due"),
            (PrivacyRequest.verified_at, "Checked that it was you"), (PrivacyRequest.closed_at, "Closed"),
            (PrivacyRequest.statement, "Your words"), (PrivacyRequest.details, "What you asked for"),
            (PrivacyRequest.outcome, "What came of it"), (PrivacyRequest.extension_reason, "Why it took longer"),
            (PrivacyRequest.hold_reason, "Why it had to wait"), (Certificate.text, "Certificate"),
            closed=_WORKING_PAPERS if _has_plan(desk, subject) else None,
        ),
        table(
            "cases", ("case", "cases"), REQUESTS, select(Case).where(cases_of(subject)).order_by(Case.number),
            (Case.number, "Number"), (Case.kind, "Kind"), (Case.state, "State"), (Case.request_number, "Request"),
            (Case.statement, "Your words"), (Case.about, "About"), (Case.wish, "What you want"),
            (Case.created_at, "Made"), (Case.due_at, "Answer by"), (Case.confirmed_at, "You said it is right"),
            (Case.reopened_at, "Opened again"), (Case.second_look_at, "Second look"), (Case.closed_at, "Closed"),
        ),
        table(
            "case-messages", ("word on a case", "words on your cases"), REQUESTS,
            select(CaseMessage).join(Case, Case.number == CaseMessage.case_number)
            .where(cases_of(subject)).order_by(CaseMessage.id),
            (CaseMessage.case_number, "Case"), (CaseMessage.created_at, "Written"), (CaseMessage.kind, "What"),
            (CaseMessage.text, "Text"), (CaseMessage.basis, "Based on"),
            (CaseMessage.complain_to, "Where to complain further"),
        ),
        table(
            "disputes", ("disputed fact", "disputed facts"), REQUESTS, own(Dispute, Dispute.id),
            (Dispute.request_number, "Request"), (Dispute.about_table, "About"), (Dispute.about_row, "Entry"),
            (Dispute.statement, "Your words"), (Dispute.at, "Said"),
        ),
        table(
            "choices", ("choice", "choices"), REQUESTS, own(ConsentEntry, ConsentEntry.id),
            (ConsentEntry.purpose, "Purpose"), (ConsentEntry.state, "Choice"), (ConsentEntry.at, "Made"),
            (ConsentEntry.channel, "Where"), (ConsentEntry.policy_version, "Version of the policy"),
            (ConsentEntry.clause, "Clause"), (ConsentEntry.request_number, "Request"),
        ),
        table(
            "policy", ("word on the privacy policy", "words on the privacy policy"), REQUESTS,
            own(PolicyEntry, PolicyEntry.id),
            (PolicyEntry.version, "Version of the policy"), (PolicyEntry.act, "What is on record"),
            (PolicyEntry.reductions, "Includes what reduces rights"), (PolicyEntry.at, "Recorded"),
            (PolicyEntry.channel, "How"), (PolicyEntry.reference, "Number"),
            (PolicyEntry.delivered_at, "Notice delivered"), (PolicyEntry.starts_at, "15 days from"),
            (PolicyEntry.used_at, "Service used"),
        ),
        table(
            "policy-notices", ("notice of a new privacy policy", "notices of new privacy policies"), REQUESTS,
            own(PolicyNotice, PolicyNotice.id),
            (PolicyNotice.version, "Version of the policy"), (PolicyNotice.created_at, "Written"),
            (PolicyNotice.mailed_at, "Mail handed over"), (PolicyNotice.refused_at, "Mail refused"),
            (PolicyNotice.shown_at, "Shown in the chat"), (PolicyNotice.delivered_at, "Delivered"),
            (PolicyNotice.starts_at, "15 days from"), (PolicyNotice.used_at, "Service used"),
            (PolicyNotice.state, "Where it stands"), (PolicyNotice.decided_at, "Since"),
        ),
        table(
            "restrictions", ("restriction", "restrictions"), REQUESTS, own(Restriction, Restriction.id),
            (Restriction.reason, "Reason"), (Restriction.since, "Since"), (Restriction.lifted_at, "Until"),
            (Restriction.request_number, "Request"),
        ),
        table(
            "holds", ("waiting time", "waiting times"), REQUESTS, own(Hold, Hold.id),
            (Hold.kind, "Reason"), (Hold.placed_at, "Since"), (Hold.until, "Until"), (Hold.released_at, "Ended"),
        ),
        table(
            "codes", ("code sent to you", "codes sent to you"), REQUESTS,
            own(VerificationCode, VerificationCode.id),
            (VerificationCode.request_number, "Request"), (VerificationCode.sent_at, "Sent"),
            (VerificationCode.expires_at, "Served until"), (VerificationCode.used_at, "Used"),
            closed=("The codes themselves", "Only a fingerprint of each is kept, which tells nobody the code."),
        ),
        table(
            "copies", ("copy of your data", "copies of your data"), REQUESTS, own(Export, Export.created_at),
            (Export.request_number, "Request"), (Export.created_at, "Made"), (Export.expires_at, "Kept until"),
            (Export.used_at, "Fetched"),
        ),
        table(
            "notices", ("notice to the shop's services", "notices to the shop's services"), REQUESTS,
            own(WebhookEvent, WebhookEvent.created_at),
            (WebhookEvent.event, "What"), (WebhookEvent.request_number, "Request"),
            (WebhookEvent.created_at, "Made"), (WebhookEvent.delivered_at, "Delivered"),
        ),
        table(
            "under_18", ("note that you were under 18", "notes that you were under 18"), REQUESTS,
            own(Minor, Minor.recognised_at),
            (Minor.recognised_at, "Noted"), (Minor.declared_at, "You said so"), (Minor.of_age_on, "You turn 18"),
            (Minor.came_of_age_at, "You were 18"), (Minor.answer, "Your own answer"), (Minor.answered_at, "Given"),
        ),
        table(
            "guardians", ("parent or guardian asked", "parents or guardians asked"), REQUESTS,
            own(GuardianConsent, GuardianConsent.number),
            (GuardianConsent.number, "Number"), (GuardianConsent.state, "State"), (GuardianConsent.asked_at, "Asked"),
            (GuardianConsent.decided_at, "Decided"), (GuardianConsent.method, "How"),
            (GuardianConsent.policy_version, "Version of the policy"), (GuardianConsent.closed_at, "Ended"),
            closed=_OF_GUARDIANS if _has_guardian(desk, subject) else None,
        ),
        table(
            "files", ("file you sent", "files you sent"), REQUESTS,
            select(Attachment).where(about(subject), Attachment.owner_kind.not_in(OF_GUARDIANS))
            .order_by(Attachment.created_at),
            (Attachment.owner_number, "Belongs to"), (Attachment.name, "Name"), (Attachment.size, "Bytes"),
            (Attachment.created_at, "Came"), (Attachment.id, "Begins, in the folder 'files', with"),
        ),
        _mails(desk, subject),
    ]  # fmt: skip


def _columns(rows: Iterable[Sequence[Any]]) -> list[Values]:
    return list(zip(*rows, strict=True))


def _has_plan(desk: Desk, subject: str) -> bool:
    with desk.reading() as session:
        planned = PrivacyRequest.plan.is_not(None)
        return (
            session.scalar(select(PrivacyRequest.number).where(PrivacyRequest.subject == subject, planned)) is not None
        )


def _has_guardian(desk: Desk, subject: str) -> bool:
    with desk.reading() as session:
        asked = select(GuardianConsent.number).where(GuardianConsent.subject == subject)
        return session.scalar(asked.limit(1)) is not None


def _message(row: Sequence[Any]) -> list[Any]:
    """Words as they were typed, and cards; addresses of files and keys of forms open nothing any more and go."""
    talk, said, author, text, citations, choices, card, name, hidden = row
    quoted = [each.get("clause") for each in citations or []]
    offered = [each.get("label") for each in choices or []]
    shown = {key: value for key, value in card.items() if key not in _CARD_SECRETS} if card else None
    words = restored(text, hidden or [])
    return [talk, said, _AUTHORS.get(author, author), words, quoted or None, offered or None, shown, name]


def _mails(desk: Desk, subject: str) -> Source:
    fields = (
        Field("sent_at", "Sent"),
        Field("recipient", "To"),
        Field("subject_line", "Subject"),
        Field("text", "Text"),
    )

    def batches() -> Iterator[list[Values]]:
        with desk.reading() as session:
            # What a guardian was mailed about a young person is the guardian's.
            about = mails_about(session, subject, _addresses(session, desk, subject))
            found = [mail.id for mail in about if mail.went_to_them]
        query = select(Mail.sent_at, Mail.recipient, Mail.subject_line, Mail.text).order_by(Mail.id)
        for start in range(0, len(found), _BATCH):
            with desk.reading() as session:
                yield _columns(session.execute(query.where(Mail.id.in_(found[start : start + _BATCH]))).all())

    return Source("desk-mails", ("mail", "mails"), MAILS.key, fields, batches)


def _addresses(session: Session, desk: Desk, subject: str) -> set[str]:
    """The address on file, and those that were on file before a correction."""
    found = [desk.email_of(subject)]
    owned = PrivacyRequest.subject == subject
    for details in session.scalars(select(PrivacyRequest.details).where(owned, PrivacyRequest.details.is_not(None))):
        for change in (details or {}).get("changes", []):
            if (change.get("table"), change.get("column")) == (desk.datamap.subject.table, desk.datamap.subject.email):
                found.append(change.get("before"))
    return {address for address in found if address}
