"""The last steps of an erasure: the person is forgotten by the request that was about them."""

from collections.abc import Sequence

from bot.privacy import outcome
from bot.privacy.erasure_guard import checked, permitted
from bot.privacy.erasure_own import erase_in_tracker, sweep
from bot.privacy.erasure_residue import lines_of_desk
from bot.privacy.room import Work
from bot.store import audit, own_records, tracker_records, webhooks
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import AuditEvent


def forget(work: Work) -> Sequence[str]:
    """The last of it: address, plan, names in the record, restrictions. Nothing leads to the person any more."""
    with work.desk.reading() as session:
        request = session.get_one(PrivacyRequest, work.number)
        if outcome.rest_of(request):
            return []  # still needed by whoever looks after the rest
        forgotten = request.subject is None
    if not forgotten:
        sweep(work)
        erase_in_tracker(work)
        if left := lines_of_desk(work, checked(work)):
            return left
        _forget(work)
    tracker_records.settle_engine(work.desk.engine)
    return []


def _forget(work: Work) -> None:
    settings, now = work.desk.settings, work.desk.clock.now()
    with work.desk.transaction() as session:
        subject = str(permitted(session, work).subject)
        into_demo_box = settings.demo and not settings.smtp_url
        own_records.forget_mails_of_request(session, work.number, into_demo_box=into_demo_box)
        own_records.delete_restrictions_and_holds(session, subject)
        webhooks.forget_subject(session, subject)
        own_records.empty_requests(session, PrivacyRequest.number == work.number)
        audit.forget_subject(session, subject)
        audit.record(session, now, AuditEvent.SUBJECT_FORGOTTEN, reference=work.number, actor="worker")


def close_recorded(work: Work) -> Sequence[str]:
    """After an erasure of what was recorded only, the plan goes; account and chats live on."""
    with work.desk.transaction() as session:
        request = permitted(session, work)
        if not outcome.rest_of(request):
            request.plan = None
    return []
