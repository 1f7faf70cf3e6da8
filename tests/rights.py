"""Leads requests through the desk without chat and engine: asked, verified, waited for, worked on, killed."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from bot import mailing
from bot.bootstrap import open_desk
from bot.clocks import Clock
from bot.config import Settings
from bot.privacy import fulfilment
from bot.privacy.identity_verification import Tried, Verdict, send_code, try_code
from bot.privacy.request_intake import receive_request, verified
from bot.privacy.request_status import RequestView, view
from bot.privacy.request_waiting import begin_what_is_due
from bot.privacy.rooms import ROOMS
from bot.privacy.taking_back import revoke_request
from bot.store import conversations, outbox
from bot.store.desk import Desk
from bot.store.desk_tables import Mail, PolicyEntry, PolicyNotice, PolicyVersion, PrivacyRequest
from bot.vocabulary import RequestKind

DETAILS: dict[RequestKind, dict[str, Any]] = {
    RequestKind.EXPORT: {},
    RequestKind.ERASURE: {"scope": "everything", "mode": "delete"},
    RequestKind.ANONYMISATION: {"scope": "everything", "mode": "anonymise"},
    RequestKind.CANCEL_ACCOUNT: {"scope": "everything", "mode": "delete"},
}
"""What a plain yes to each right asks for."""

# Enough for every wait of a step; a request that needs more never ends.
_ROUNDS = 60


class Killed(BaseException):
    """The process dies here; nothing that catches errors catches this."""


def open_own_desk(settings: Settings, clock: Clock, folder: Path, shop: Path, desk_template: Path) -> Desk:
    """A desk on copies of a seeded shop and of an empty desk database, for a test to change at will."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(shop, folder / "shop.sqlite3")
    shutil.copy(desk_template, folder / "desk.sqlite3")
    own = settings.model_copy(
        update={
            "desk_home": folder,
            "desk_database_url": f"sqlite:///{folder / 'desk.sqlite3'}",
            "shop_database_url": f"sqlite:///{folder / 'shop.sqlite3'}",
            "tracker_database_url": f"sqlite:///{folder / 'tracker.sqlite3'}",
        }
    )
    return replace(open_desk(own), clock=clock)


def close(desk: Desk) -> None:
    """Let go of its databases."""
    desk.engine.dispose()
    desk.shop.engine.dispose()


def ask(
    desk: Desk, conversation: str, kind: RequestKind, details: dict[str, Any] | None = None, origin: str | None = None
) -> RequestView:
    """The person said yes."""
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation)
        return receive_request(
            session,
            desk,
            desk.clock.now(),
            chat,
            kind,
            ROOMS[kind],
            origin or uuid4().hex,
            DETAILS.get(kind, {}) if details is None else details,
        )


def code_for(desk: Desk, conversation: str, number: str) -> str:
    """A code is sent; this is what the mail says."""
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, number)
        send_code(session, desk, desk.clock.now(), conversations.conversation(session, conversation), request)
    with desk.reading() as session:
        mail = session.scalars(select(Mail).where(Mail.dedupe_key.like("code:%")).order_by(Mail.id.desc())).first()
        assert mail is not None
        found = re.search(r"\b\d{6}\b", mail.text)
        assert found is not None
        return found[0]


def type_code(desk: Desk, conversation: str, number: str, code: str, message: str | None = None) -> Tried:
    """The person types a code; the right one lets the request go on, as the chat does it."""
    with desk.transaction() as session:
        chat, now = conversations.conversation(session, conversation), desk.clock.now()
        tried = try_code(session, now, chat, number, message or uuid4().hex, code)
        if tried.verdict is Verdict.VERIFIED:
            request = session.get_one(PrivacyRequest, number)
            verified(session, desk, now, number, ROOMS[RequestKind(request.kind)])
        return tried


def verify(desk: Desk, conversation: str, number: str) -> RequestView:
    """Code sent, code typed."""
    assert type_code(desk, conversation, number, code_for(desk, conversation, number)).verdict is Verdict.VERIFIED
    return state_of(desk, number)


def revoke(desk: Desk, conversation: str, number: str) -> RequestView:
    """The person takes the request back."""
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation)
        return revoke_request(session, desk, desk.clock.now(), chat, number)


def state_of(desk: Desk, number: str) -> RequestView:
    """Where it stands."""
    with desk.reading() as session:
        return view(session.get_one(PrivacyRequest, number))


def work(desk: Desk, number: str | None = None, meanwhile: Callable[[Desk], None] = lambda _desk: None) -> None:
    """A worker that does everything there is to do now; pauses between tries are skipped.

    Args:
        desk: The desk.
        number: One request only; None for all of them.
        meanwhile: What others do between two rounds.
    """
    mailer = mailing.Mailer(desk)
    for _ in range(_ROUNDS):
        begin_what_is_due(desk)
        skip_pauses(desk)
        waiting = [each for each in fulfilment.waiting_for_a_worker(desk) if number in (None, each)]
        for each in waiting:
            taken = fulfilment.take(desk, each)
            assert taken is not None
            fulfilment.carry_out(desk, taken)
        mailing.send_waiting_mails(desk, mailer)
        meanwhile(desk)
        if not waiting:
            return
    raise AssertionError("the work never ends")


def skip_pauses(desk: Desk) -> None:
    """As if the pauses before the next try, and the leases of dead workers, were over."""
    with desk.transaction() as session:
        session.execute(update(PrivacyRequest).values(next_try_at=None, worker_until=None))
        session.execute(update(Mail).where(Mail.sent_at.is_(None)).values(next_try_at=None))


def finish(desk: Desk, number: str) -> RequestView:
    """Let the days of cooling off pass and everything be done."""
    desk.clock.advance(timedelta(days=desk.settings.cooling_off_days, minutes=1))  # type: ignore[attr-defined]
    work(desk)
    return state_of(desk, number)


def told_without_a_number(desk: Desk, subject: str, address: str) -> set[str]:
    """Mails that name no request: of a new version of the policy, a yes to it, an 18th birthday.

    Returns:
        Their keys.
    """
    policy = desk.policies.versions[0]
    version = policy.version
    with desk.transaction() as session:
        now = desk.clock.now()
        if session.get(PolicyVersion, version) is None:
            about = {"sha256": policy.sha256, "effective_at": now, "published_at": now, "published_by": "Officer"}
            session.add(PolicyVersion(version=version, **about))
            session.flush()
        told = {"version": version, "subject": subject}
        notice = PolicyNotice(**told, created_at=now, state="open", guardian_missing=False)
        receipt = f"PA-2026-00{subject}"
        said = PolicyEntry(**told, act="accepted", reductions=True, channel="chat", reference=receipt, at=now)
        session.add_all([notice, said])
        session.flush()
        keys = (f"policy:{version}:{notice.id}", f"policy-yes:{receipt}", f"came-of-age:{subject}:20261123120000")
        for key in keys:
            outbox.post(session, now, address, "came_of_age", key)
        notice.mail_id = session.scalar(select(Mail.id).where(Mail.dedupe_key == keys[0]))
    return set(keys)
