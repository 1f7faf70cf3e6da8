"""The steps of an erasure in what the desk itself has: chats, mails, requests, cases, choices, and the engine's record.

A conversation is personal data like any other. It is erased after its turn has ended, never inside one, and leaves a
tombstone in both databases so that nobody who still works on it brings it back.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.clocks import SystemClock
from bot.privacy import guardian_consent_decision as decision
from bot.privacy import outcome
from bot.privacy.erasure_guard import checked, paced, permitted, plan_of
from bot.privacy.erasure_scan import Traces
from bot.privacy.export_fetching import forget_exports
from bot.privacy.room import NotYet, Work
from bot.store import attachments, own_records, tracker_records
from bot.store.desk_tables import PrivacyRequest
from bot.store.mail_owners import mails_about

# Leases are about live processes, so they follow the machine's clock.
_machine = SystemClock()


def erase_own(work: Work) -> Sequence[str]:
    """Everything the desk wrote down about the person goes, but the running request and what stops the processing."""
    with work.desk.transaction() as session:
        subject = str(permitted(session, work).subject)
        idle, untold = close_others(session, work, subject), decision.waits_to_be_told(session, subject)
    if not idle:
        raise NotYet("Another request of this person is being worked on.")
    if untold:
        raise NotYet("A parent or guardian has not been sent that what they asked for is closed.")
    sweep(work)
    with work.desk.transaction() as session:
        request = permitted(session, work)
        plan = plan_of(request)
        if own_records.others_are_open(session, subject, work.number):
            raise NotYet("Another request of this person is open.")
        forget_exports(session, work.desk, subject)
        attachments.delete_about(session, subject)
        own_records.delete_codes_and_disputes(session, subject)
        own_records.delete_guardians(session, subject)
        others = (PrivacyRequest.subject == subject) & (PrivacyRequest.number != work.number)
        own_records.empty_requests(session, others)
        own_records.close_cases(session, work.desk.clock.now(), subject)
        own_records.keep_choices_without_name(session, subject, bytes.fromhex(plan["secret"]))
        request.statement, request.conversation_id = None, None
    return []


def close_others(session: Session, work: Work, subject: str) -> bool:
    """What else was asked for ends, and whatever alarmed somebody about it: its ground goes; a guardian is told.

    Returns:
        Whether nothing else is open any more; what a worker is at comes to its own end first.
    """
    now = work.desk.clock.now()
    for number in own_records.close_other_requests(session, now, _machine.now(), subject, work.number):
        outcome.quiet_alarm(session, now, number, "worker")
        decision.tell_closed(session, work.desk, now, session.get_one(PrivacyRequest, number))
    return not own_records.others_are_open(session, subject, work.number)


def erase_in_tracker(work: Work) -> Sequence[str]:
    """The engine's record of the person's chats goes, for good."""
    plan = checked(work)
    url = work.desk.settings.tracker_database_url
    tracker_records.erase(url, plan["conversations"], work.desk.clock.now())
    tracker_records.settle(url)
    return []


def sweep(work: Work) -> None:
    """Mails to the person and every chat of theirs go, also those that came while the work ran.

    Raises:
        NotYet: A turn of one of the chats runs; what could be erased was.
    """
    plan = checked(work)
    with work.desk.reading() as session:
        about = mails_about(session, str(work.subject), plan["addresses"], paced(work))
        mails = [mail.id for mail in about]
        chats = own_records.conversations_of(session, str(work.subject))
    traces = Traces.of(str(work.subject), plan["snapshot"]["look_for"])
    with work.desk.transaction() as session:
        permitted(session, work)
        own_records.delete_mails(session, mails, work.number)
        own_records.delete_words(session, traces.in_value)
    busy = [chat for chat in chats if not _erase_chat(work, chat)]
    if busy:
        raise NotYet("A message of this person is being answered.")


def _erase_chat(work: Work, conversation_id: str) -> bool:
    work.heartbeat()
    with work.desk.transaction() as session:
        request = permitted(session, work)
        if not own_records.erase_conversation(session, conversation_id, _machine.now(), work.desk.clock.now()):
            return False
        plan = plan_of(request)
        if conversation_id not in plan["conversations"]:
            request.plan = {**plan, "conversations": [*plan["conversations"], conversation_id]}
        return True
