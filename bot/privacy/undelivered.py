"""A mail that nobody will ever read: who waits for it hears so, and a person at the shop can help."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.privacy import complaint_answer, handoff_talk, outcome
from bot.privacy import guardian_consent_decision as decision
from bot.privacy.identity_verification import code_took_no_mail
from bot.store.desk import Desk
from bot.store.desk_tables import CaseMessage, GuardianConsent, Mail, PrivacyRequest, VerificationCode
from bot.store.mail_owners import MailKind
from bot.store.numbers import number_in
from bot.vocabulary import EntityKind, GuardianState


def not_delivered(session: Session, desk: Desk, now: datetime, mail: Mail) -> None:
    """Let follow what has to follow when a mail is not tried any more; its key says what it was about.

    Args:
        session: The transaction in which it is given up.
        desk: The desk.
        now: The desk's time.
        mail: One that was refused, or tried in vain too often.
    """
    kind, _, rest = mail.dedupe_key.partition(":")
    code = session.get(VerificationCode, int(rest)) if kind == MailKind.CODE else None
    about = code.request_number if code else mail.dedupe_key
    number = number_in(about, EntityKind.REQUEST)
    request = session.get(PrivacyRequest, number) if number else None
    asking = session.get(GuardianConsent, number_in(about, EntityKind.CONSENT) or "")
    if code is not None and request is not None:
        code_took_no_mail(session, desk, now, code)
    elif request is not None:
        outcome.alarm(session, desk, now, request, outcome.Alarm.MAIL)
    elif asking is not None:
        _guardian_took_no_mail(session, desk, now, asking, mail)
    elif kind == complaint_answer.ANSWER_MAIL and (written := session.get(CaseMessage, int(rest))):
        complaint_answer.answer_took_no_mail(session, now, written)
    elif kind == handoff_talk.ANSWER_MAIL:
        handoff_id, message_id = map(int, rest.split(":"))
        handoff_talk.answer_took_no_mail(session, desk, now, handoff_id, message_id)


def _guardian_took_no_mail(session: Session, desk: Desk, now: datetime, asking: GuardianConsent, mail: Mail) -> None:
    """The young person gave the address and can mend it; after the decision, only its receipt must arrive."""
    if mail.recipient != asking.email:
        return
    if asking.state == GuardianState.INVITED:
        decision.tell_child(session, desk, now, asking, "guardian_no_mail")
    elif mail.dedupe_key.partition(":")[0] == decision.WITH_PAGE.get(GuardianState(asking.state)):
        decision.page_took_no_mail(session, desk, now, asking)
