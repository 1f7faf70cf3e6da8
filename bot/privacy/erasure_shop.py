"""The steps of an erasure in the shop's own database: asked first, planned, then table by table, then told."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from bot.errors import NotFound, Unavailable
from bot.privacy import approval, erasure_veto, holds
from bot.privacy.deadlines import date_of
from bot.privacy.erasure_guard import aim_of, checked, permitted, plan_of
from bot.privacy.erasure_own import close_others
from bot.privacy.room import NotYet, OnHold, Step, Work
from bot.store import erasing, own_records, webhooks
from bot.store.desk_tables import WebhookEvent
from bot.store.ownership import cast_key
from bot.vocabulary import HoldKind, ShopEvent

_LONGEST_NAME = 80
_HOLDS = (HoldKind.LEGAL, HoldKind.CONTACT_CHANGED)
_GONE = "The shop had removed the account itself: what else it holds must be looked at"


def ask_first(work: Work) -> Sequence[str]:
    """A legal hold, contact details that just changed, a missing approval or a no of the shop's own service keeps all.

    Law: GDPR Article 17(3).
    """
    with work.desk.reading() as session:
        now, subject = work.desk.clock.now(), work.subject or ""
        held = [kind for kind in _HOLDS if holds.is_held(session, now, subject, kind)]
        approved = approval.is_enough(session, work.desk.settings, work.number)
    if held:
        raise OnHold(held[0])
    if not approved:
        raise OnHold(HoldKind.APPROVAL)
    if not erasure_veto.allowed(work):
        raise OnHold(HoldKind.VETO)
    return []


def write_plan(work: Work) -> Sequence[str]:
    """What is decided is written down before the first row goes; a plan that stands is never written anew."""
    desk, aim = work.desk, aim_of(work.details)
    today = date_of(desk.clock.now(), desk.settings)
    work.heartbeat()
    with desk.transaction() as session:
        request = permitted(session, work)
        subject = str(request.subject)
        idle = not aim.is_all or close_others(session, work, subject)
        if request.plan:
            return []
    if not idle:
        raise NotYet("Another request of this person is being worked on.")
    snapshot, gone = _snapshot(work, subject)
    decided = erasing.plan(desk.shop, snapshot, aim.scope, aim.mode, today)
    address = desk.email_of(subject)
    with desk.transaction() as session:
        request = permitted(session, work)
        if not request.plan:
            request.plan = {
                "snapshot": snapshot,
                "plan": decided.as_json(),
                "today": today.isoformat(),
                "addresses": [address] if address else [],
                "secret": secrets.token_hex(32),
                "conversations": own_records.conversations_of(session, subject) if aim.is_all else [],
            }
    return [_GONE] if gone else []


def _snapshot(work: Work, subject: str) -> tuple[dict[str, Any], bool]:
    """What is needed to find the person's rows; an account that the shop removed itself is known by its number only."""
    shop = work.desk.shop
    try:
        return erasing.freeze(shop, subject), False
    except NotFound:
        people = shop.datamap.subject
        key = cast_key(subject, shop.metadata.tables[people.table].c[people.key])
        row = {people.key: erasing.jsonable(key)}
        return {"key": subject, "row": row, "may_match_by_email": False, "look_for": {}}, True


def table_steps(work: Work) -> list[Step]:
    """One step for each table of the shop that can hold something of a person, in the order that erasing needs."""
    shop = work.desk.shop
    return [_table_step(table) for table in erasing.erasure_order(shop.datamap, shop.metadata)]


def _table_step(table: str) -> Step:
    short = table
    if len(table) > _LONGEST_NAME:
        short = f"{table[: _LONGEST_NAME - 9]}-{hashlib.sha256(table.encode()).hexdigest()[:8]}"
    return Step(f"table:{short}", lambda work: _erase_table(work, table))


def _erase_table(work: Work, table: str) -> Sequence[str]:
    """The person goes from one table of the shop."""
    plan, aim = checked(work), aim_of(work.details)
    today, secret = date.fromisoformat(plan["today"]), bytes.fromhex(plan["secret"])
    erasing.erase_table(work.desk.shop, plan["snapshot"], table, aim.scope, aim.mode, today, secret)
    return []


def settle(work: Work) -> Sequence[str]:
    """Deleted values go from the bytes of the shop's files as well."""
    checked(work)
    try:
        erasing.settle(work.desk.shop)
    except Unavailable:
        if work.attempts < work.desk.settings.worker_tries:
            raise NotYet("The shop's database is being read.") from None
        return ["The journal of the shop's database: deleted values may still stand in it"]
    return []


def tell_services(work: Work) -> Sequence[str]:
    """Every service of the shop learns of it and confirms (GDPR Articles 17(2) and 19)."""
    _tell_once(work)
    with work.desk.reading() as session:
        waiting = webhooks.undelivered(session, work.number)
        of_request = (WebhookEvent.request_number == work.number, WebhookEvent.delivered_at.is_(None))
        tries = session.scalar(select(func.min(WebhookEvent.attempts)).where(*of_request)) or 0
    if not waiting:
        return []
    if tries < work.desk.settings.worker_tries:
        raise NotYet("A service of the shop has not confirmed.")
    return [f"A service of the shop has not confirmed: {waiting}"]


def _tell_once(work: Work) -> None:
    aim, desk = aim_of(work.details), work.desk
    with desk.transaction() as session:
        request = permitted(session, work)
        plan: dict[str, Any] = plan_of(request)
        if plan.get("told"):
            return
        facts = {"scope": aim.scope, "mode": aim.mode}
        webhooks.tell(
            session, desk.clock.now(), desk.settings, ShopEvent.ERASED, str(request.subject), work.number, **facts
        )
        request.plan = {**plan, "told": True}
