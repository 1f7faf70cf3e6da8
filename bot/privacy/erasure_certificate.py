"""The certificate: what was done, for the person to keep; signed, and nobody's name in it.

It is made only when nothing was left behind, sent to the address on file, and only after that the address goes.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.privacy import outcome
from bot.privacy.deadlines import date_of
from bot.privacy.erasure_guard import aim_of, permitted, plan_of
from bot.privacy.erasure_guardian import askings_kept
from bot.privacy.erasure_scan import Traces
from bot.privacy.erasure_words import certificate_text
from bot.privacy.request_status import what_in_words
from bot.privacy.room import NotYet, Work
from bot.store import audit, certificates, outbox
from bot.store.desk_tables import Certificate, Mail, PrivacyRequest
from bot.store.erasing import ErasurePlan
from bot.store.own_records import CERTIFICATE_MAIL, PARTLY_MAIL
from bot.vocabulary import AuditEvent, RequestKind


def certify(work: Work) -> Sequence[str]:
    """Sign what was done and put it into the outbox; while something is left, tell the person that it is instead."""
    with work.desk.transaction() as session:
        request = permitted(session, work)
        if outcome.rest_of(request):
            _tell_partly(session, work, request)
            return []
        certificate = session.get(Certificate, work.number) or _made(session, work, request)
        for address in plan_of(request)["addresses"]:
            outbox.post(
                session, work.desk.clock.now(), address, "certificate", f"{CERTIFICATE_MAIL}:{work.number}",
                number=work.number, text=certificate.text, seal=certificates.in_lines(certificate.signed),
                last="yes" if aim_of(work.details).is_all else "",
            )  # fmt: skip
    return []


def _made(session: Session, work: Work, request: PrivacyRequest) -> Certificate:
    now, plan, kind = work.desk.clock.now(), plan_of(request), RequestKind(request.kind)
    decided, chats = ErasurePlan.from_json(plan["plan"]), len(plan["conversations"])
    traces = Traces.of(str(work.subject), plan["snapshot"]["look_for"])
    guardian = bool(askings_kept(session, str(work.subject), traces))
    text = certificate_text(request.number, kind, request.received_at, now, decided, chats, guardian=guardian)
    facts = {
        "request": request.number,
        "kind": kind.value,
        "scope": decided.scope,
        "mode": decided.mode,
        "received_at": request.received_at.isoformat(),
        "done_at": now.isoformat(),
        "deleted": sum(part.goes for part in decided.tables),
        "anonymous": sum(part.anonymous for part in decided.tables),
        "kept": sum(part.stays for part in decided.tables if part.role is None),
    }
    outcome.quiet_alarm(session, now, request.number, "worker")
    signed = certificates.sign(text, facts, work.desk.settings.signing_key)
    return certificates.keep(session, now, request.number, text, signed)


def _tell_partly(session: Session, work: Work, request: PrivacyRequest) -> None:
    """The shop knows the address no longer, so that nobody else can tell the person."""
    due = in_words(date_of(request.due_at, work.desk.settings))
    for address in plan_of(request)["addresses"] if aim_of(work.details).is_all else []:
        outbox.post(
            session, work.desk.clock.now(), address, PARTLY_MAIL, outcome.partly_key(request), number=work.number,
            what=what_in_words(request), due=due,
        )  # fmt: skip


def _write_down_once(session: Session, work: Work, request: PrivacyRequest) -> None:
    """That the certificate was sent stands in the record once, however often a worker dies just after writing it."""
    plan = plan_of(request)
    if not plan.get("certified"):
        event, now = AuditEvent.CERTIFICATE_SENT, work.desk.clock.now()
        audit.record(session, now, event, reference=work.number, subject=work.subject, actor="worker")
        request.plan = {**plan, "certified": True}


def wait_until_sent(work: Work) -> Sequence[str]:
    """The address goes only when the certificate has left, or was refused or given up, so that it never will.

    A mail server that is down for a while is waited for, as with every mail. A mailbox that takes no mail keeps
    nobody's address here for ever: a person is alarmed, the certificate stays under its number without a name, and
    `python -m bot certificate show` gives it to who asks with that number.
    """
    with work.desk.transaction() as session:
        request = session.get_one(PrivacyRequest, work.number)
        if outcome.rest_of(request):
            return []
        mail = session.scalar(select(Mail).where(Mail.dedupe_key == f"{CERTIFICATE_MAIL}:{work.number}"))
        if mail is None:
            return []
        if mail.sent_at is not None:
            _write_down_once(session, work, request)
            return []
        hopeless = mail.refused_at is not None or mail.given_up_at is not None
    if not hopeless:
        raise NotYet("The certificate has not been sent.")
    return []
