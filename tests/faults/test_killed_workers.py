"""A worker killed at every commit of every right: the next one brings it to the same end, and nothing happens twice."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import mailing
from bot.privacy import consent_withdrawal, rectification
from bot.privacy.rectification_form import NUMBER, STATEMENT
from bot.privacy.rooms import ROOMS
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import (
    AuditEntry,
    Certificate,
    ConsentEntry,
    Dispute,
    Export,
    Hold,
    Mail,
    Message,
    PrivacyRequest,
    RequestStep,
    Restriction,
    Tombstone,
    WebhookEvent,
)
from bot.vocabulary import ConsentState, RequestKind, RequestState
from tests import rights
from tests.deaths import Death, Movable, deaths_of
from tests.unit.conftest import (  # noqa: F401
    clock,
    empty_desk,
    open_chat,
    own_desk,
    seeded_shop,
    settings,
)

PRIYA, BYSTANDER = "1005", "1001"
_PSEUDONYM = re.compile(r"[0-9a-z]{24,}")


Begun = Callable[[Desk, str], str]


def asked_for(kind: RequestKind, **details: str) -> tuple[RequestKind, Begun]:
    """Asked for with a yes and a code, and the days of cooling off over."""

    def ask(desk: Desk, chat: str) -> str:
        number = rights.ask(desk, chat, kind, details).number
        rights.verify(desk, chat, number)
        desk.clock.advance(timedelta(days=8))
        return number

    return kind, ask


def corrected(desk: Desk, chat: str) -> str:
    """A new address, a new name, and words about an order."""
    order = next(desk.shop.rows_of(PRIYA, "orders"))["number"]
    values = {"customers.email.1005": "priya.new@example.com", "customers.name.1005": "Priya Ram"}
    proposed = rectification.propose(desk, PRIYA, values | {NUMBER: order, STATEMENT: "I ordered two, not three."})
    number = rights.ask(desk, chat, RequestKind.RECTIFICATION, proposed.as_details()).number
    rights.verify(desk, chat, number)
    return number


def ended(kind: RequestKind, *purposes: str) -> tuple[RequestKind, Begun]:
    """Uses of data ended at one press."""

    def choose(desk: Desk, chat: str) -> str:
        with desk.transaction() as session:
            row = conversations.conversation(session, chat)
            now = desk.clock.now()
            receipt = consent_withdrawal.choose(session, desk, now, row, purposes, ConsentState.WITHDRAWN, "m1")
        return receipt.number

    return kind, choose


CASES = {
    "a copy": asked_for(RequestKind.EXPORT),
    "a correction": (RequestKind.RECTIFICATION, corrected),
    "a consent withdrawn": ended(RequestKind.WITHDRAW_CONSENT, "newsletter", "recommendations"),
    "an objection": ended(RequestKind.OBJECT_TO_PROCESSING, "fraud_scores"),
    "everything deleted": asked_for(RequestKind.ERASURE, scope="everything", mode="delete"),
    "recorded data deleted": asked_for(RequestKind.ERASURE, scope="recorded", mode="delete"),
    "everything made anonymous": asked_for(RequestKind.ANONYMISATION, scope="everything", mode="anonymise"),
    "recorded data made anonymous": asked_for(RequestKind.ANONYMISATION, scope="recorded", mode="anonymise"),
    "account cancelled": asked_for(RequestKind.CANCEL_ACCOUNT, scope="everything", mode="delete"),
}


def begun(own_desk, case: str) -> tuple[Desk, str]:  # noqa: F811
    """A desk whose services listen, with a request that waits for a worker."""
    desk = own_desk()
    desk.settings.webhook_urls = "https://a.example.com/hook"
    chat = open_chat(desk, PRIYA)
    open_chat(desk, BYSTANDER)
    kind, begin = CASES[case]
    number = begin(desk, chat)
    assert rights.state_of(desk, number).kind is kind
    taken_by_the_services(desk)
    mailing.send_waiting_mails(desk, mailing.Mailer(desk))
    rights.close(desk)
    return desk, number


def taken_by_the_services(desk: Desk) -> None:
    with desk.transaction() as session:
        waiting = update(WebhookEvent).where(WebhookEvent.delivered_at.is_(None))
        session.execute(waiting.values(delivered_at=desk.clock.now()))


def worked(desk: Desk) -> None:
    rights.work(desk, meanwhile=taken_by_the_services)


def rows_of_shop(desk: Desk) -> dict[str, list[str]]:
    """Every row of the shop, by table; pseudonyms, which differ by their nature, are told by their form."""
    with desk.shop.engine.connect() as connection:
        return {
            name: sorted(_PSEUDONYM.sub("pseudonym", repr(row)) for row in connection.execute(select(table)).all())
            for name, table in desk.shop.metadata.tables.items()
        }


def what_it_tells(payload: dict[str, Any]) -> str:
    """A notice without its id and its time."""
    return str({key: value for key, value in sorted(payload.items()) if key not in ("id", "occurred_at")})


def effects(desk: Desk) -> dict[str, list[Any]]:
    """What must have happened, each once."""

    def told(query: Any) -> list[Any]:
        return sorted(tuple(row) for row in session.execute(query))

    with desk.reading() as session:
        return {
            "steps": told(select(RequestStep.step)),
            "record": told(select(AuditEntry.event)),
            "mails": [(key.partition(":")[0], text) for key, text in told(select(Mail.dedupe_key, Mail.subject_line))],
            "notices": sorted(map(what_it_tells, session.scalars(select(WebhookEvent.payload)))),
            "said": told(select(Message.conversation_id, Message.response)),
            "certificates": told(select(Certificate.request_number)),
            "choices": told(select(ConsentEntry.purpose, ConsentEntry.state)),
            "statements": told(select(Dispute.about_row)),
            "copies": told(select(Export.request_number)),
            "holds": told(select(Hold.kind)),
            "restrictions": told(select(Restriction.reason)),
            "tombstones": told(select(Tombstone.conversation_id)),
        }


def claims_nothing_too_early(desk: Desk, number: str, steps: list[Any]) -> bool:
    """Nobody is told it is done, and no certificate is made, before the work and its search are in the ledger."""
    with desk.reading() as session:
        done = session.scalars(select(RequestStep.step).where(RequestStep.request_number == number)).all()
        closed = session.get_one(PrivacyRequest, number).state == RequestState.FULFILLED
        certified = session.scalar(select(Certificate.request_number)) is not None
    return (not closed or sorted((step,) for step in done) == steps) and (not certified or "scan" in done)


def test_every_right_that_a_worker_carries_out_is_killed_here():
    assert {kind for kind, _ in CASES.values()} == set(ROOMS)


@pytest.mark.parametrize("case", CASES)
def test_a_worker_killed_at_any_commit_loses_and_doubles_nothing(own_desk, tmp_path, case):  # noqa: F811
    desk, number = begun(own_desk, case)
    movable = Movable(desk)
    undisturbed = movable.at(desk.settings.desk_home)
    with deaths_of(undisturbed, tmp_path / "deaths") as deaths:
        worked(undisturbed)
    assert rights.state_of(undisturbed, number).state is RequestState.FULFILLED
    expected = rows_of_shop(undisturbed), effects(undisturbed)
    assert len(deaths) > 3
    for death in deaths:
        comes_to_the_same_end(movable.at(death.home), number, expected, death)
    movable.leave()


def comes_to_the_same_end(desk: Desk, number: str, expected: tuple[Any, dict[str, list[Any]]], death: Death) -> None:
    """The next worker finds what the dead one left, and finishes it."""
    assert claims_nothing_too_early(desk, number, expected[1]["steps"]), death.when
    worked(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED, death.when
    assert rows_of_shop(desk) == expected[0], death.when
    assert effects(desk) == expected[1], death.when
