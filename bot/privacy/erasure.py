"""Deletes a person, makes their data anonymous, or closes their account: agreed, cooled off, then step by step.

Law: GDPR Articles 17, 18(1) and 19. Policy: clauses `account-cancellation` ("we will stop using and delete your
personal information"), `your-rights` and `delete-or-anonymise`.

Two databases share no transaction, so the order is what keeps the promise: the plan is written down before the first
row goes, the shop's rows before the desk's own, services are told after the rows went, the search comes after all of
them, the certificate only when it found nothing, and the address goes last. Each step may run again after a kill.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.privacy import restriction
from bot.privacy.erasure_certificate import certify, wait_until_sent
from bot.privacy.erasure_end import close_recorded, forget
from bot.privacy.erasure_guard import aim_of
from bot.privacy.erasure_own import erase_in_tracker, erase_own
from bot.privacy.erasure_residue import scan
from bot.privacy.erasure_shop import ask_first, settle, table_steps, tell_services, write_plan
from bot.privacy.room import Room, Step, Work
from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import RequestKind, RestrictionReason


def _steps(work: Work) -> Sequence[Step]:
    """The work in its order; of a request whose person is forgotten already only the very last of it is left."""
    if work.subject is None:
        return [Step("forget", forget)]
    begin = [Step("holds", ask_first), Step("freeze", write_plan), *table_steps(work), Step("settle", settle)]
    end = [
        Step("tell_services", tell_services),
        Step("scan", scan),
        Step("certificate", certify),
        Step("certificate_sent", wait_until_sent),
    ]
    if not aim_of(work.details).is_all:
        return [*begin, *end, Step("forget", close_recorded)]
    own = [Step("conversations", erase_own), Step("tracker", erase_in_tracker)]
    return [*begin, *own, *end, Step("forget", forget)]


def _agreed(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    """Processing stops at once, before anything is deleted."""
    if request.subject is None or not aim_of(request.details).is_all:
        return
    closing = request.kind == RequestKind.CANCEL_ACCOUNT
    reason = RestrictionReason.ACCOUNT_CANCELLED if closing else RestrictionReason.ERASURE
    restriction.restrict(session, desk, now, request.subject, reason, request.number)


def _revoked(session: Session, desk: Desk, now: datetime, request: PrivacyRequest) -> None:
    """Nothing was changed in the shop's data so far; with the restriction lifted everything is as it was."""
    restriction.lift(session, desk, now, request.number)


ROOM = Room(
    _steps,
    waits_for_contact_hold=True,
    cools_off=True,
    agreed=_agreed,
    revoked=_revoked,
    done="utter_erasure_recorded_done",
    mails_when_done=False,
)
"""The same for all three kinds. The end is told by the certificate; in the chat only where the chat lives on."""
