"""Counts by year and the log of 24 months: what the law asks for, nobody's name, nothing a spreadsheet would run."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.privacy import request_log
from bot.privacy.denial import deny
from bot.store.desk_tables import AuditEntry, PrivacyRequest
from bot.vocabulary import AuditEvent, RequestKind, RequestState, StaffRole
from tests import rights
from tests.desk_pages import at_the_desk
from tests.unit.conftest import NOON, open_chat


@pytest.fixture
def desk(own_desk):
    return own_desk()


def request(desk, number, kind, state, received, closed=None, denial=None):
    with desk.transaction() as session:
        session.add(
            PrivacyRequest(
                number=number, kind=kind, state=state, regime="ccpa", origin=number, subject="1001",
                received_at=received, due_at=received + timedelta(days=45), closed_at=closed,
                outcome={"denial": denial} if denial else None,
            )
        )  # fmt: skip


def tables(desk):
    with desk.reading() as session:
        rows = list(csv.reader(io.StringIO(request_log.as_csv(session, desk, desk.clock.now()))))
    empty = rows.index([])
    counts, log = rows[:empty], rows[empty + 1 :]
    return [dict(zip(counts[0], row, strict=True)) for row in counts[1:]], [
        dict(zip(log[0], row, strict=True)) for row in log[1:]
    ]


def test_a_denial_stands_with_date_nature_manner_response_and_basis(desk):
    chat = open_chat(desk, "1001")
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    desk.clock.advance(timedelta(days=3))
    with desk.transaction() as session:
        deny(session, desk, desk.clock.now(), number, "legal_claims", "=GDPR Article 17(3)(e)", "somewhere", "staff:1")
    _, (line,) = tables(desk)
    assert line["date of request"] == "2026-11-23" and line["date of response"] == "2026-11-26"
    assert line["nature of request"] == "delete your data" and line["manner of request"] == "chat with the privacy desk"
    assert line["nature of response"] == "denied" and line["basis of denial"] == "legal_claims; =GDPR Article 17(3)(e)"


def test_what_a_spreadsheet_would_run_is_disarmed(desk):
    denial = {"reason": "=cmd|' /C calc'!A0", "law": "x", "complain_to": "x"}
    request(desk, "PR-2026-000001", RequestKind.EXPORT, RequestState.DENIED, NOON, NOON, denial)
    _, (line,) = tables(desk)
    assert line["basis of denial"].startswith("'=")


def test_years_count_what_was_received_complied_with_and_denied_and_how_long_it_took(desk):
    last_year = NOON - timedelta(days=360)
    for place, (state, days) in enumerate(
        [(RequestState.FULFILLED, 2), (RequestState.FULFILLED, 10), (RequestState.DENIED, 3), (RequestState.REVOKED, 1)]
    ):
        request(desk, f"PR-2025-00000{place}", RequestKind.ERASURE, state, last_year, last_year + timedelta(days=days))
    request(desk, "PR-2026-000001", RequestKind.ERASURE, RequestState.RUNNING, NOON)
    (this, last), _ = tables(desk)
    assert (this["year"], this["received"], this["open"], this["median days to respond"]) == ("2026", "1", "1", "")
    assert (last["year"], last["received"], last["complied with in whole"], last["denied"]) == ("2025", "4", "2", "1")
    assert (last["median days to respond"], last["mean days to respond"]) == ("3.0", "5.0")


def test_a_request_counts_on_the_day_and_in_the_year_it_has_where_the_shop_is(desk):
    desk.settings.business_calendar = "US-CA"
    new_years_eve = datetime(2026, 1, 1, 1, tzinfo=UTC)  # 17:00 on 31 December in Los Angeles
    answered = datetime(2026, 2, 1, 7, tzinfo=UTC)
    request(desk, "PR-2026-000001", RequestKind.EXPORT, RequestState.FULFILLED, new_years_eve, answered)
    request(desk, "PR-2026-000002", RequestKind.EXPORT, RequestState.RUNNING, new_years_eve + timedelta(hours=7))
    counts, (line, next_day) = tables(desk)
    assert [(count["year"], count["received"]) for count in counts] == [("2026", "1"), ("2025", "1")]
    assert (line["date of request"], line["date of response"]) == ("2025-12-31", "2026-01-31")
    assert next_day["date of request"] == "2026-01-01"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RequestState.FULFILLED, "complied with in whole"),
        (RequestState.PARTLY_FULFILLED, "complied with in part"),
        (RequestState.DENIED, "denied"),
        (RequestState.REVOKED, "taken back by the person"),
        (RequestState.EXPIRED, "closed, the person never verified it"),
    ],
)
def test_the_log_says_how_each_request_was_responded_to(desk, state, words):
    request(desk, "PR-2026-000001", RequestKind.ERASURE, state, NOON, NOON + timedelta(days=1))
    _, (line,) = tables(desk)
    assert line["nature of response"] == words


def test_what_was_verified_and_closed_by_a_deletion_is_not_said_to_be_never_verified(desk):
    chat = open_chat(desk, "1001")
    copy, number = rights.ask(desk, chat, RequestKind.EXPORT).number, rights.ask(desk, chat, RequestKind.ERASURE).number
    never = rights.ask(desk, open_chat(desk, "1002"), RequestKind.EXPORT).number
    for each in (copy, number):
        rights.verify(desk, chat, each)
    with desk.transaction() as session:
        session.get_one(PrivacyRequest, copy).state = RequestState.ON_HOLD
        session.get_one(PrivacyRequest, never).state = RequestState.EXPIRED
    rights.finish(desk, number)
    counts, log = tables(desk)
    said = {line["number"]: (line["verified"], line["nature of response"]) for line in log}
    assert said[copy] == ("yes", "closed, all data of the person was deleted first")
    assert said[never] == ("no", "closed, the person never verified it")
    copies = next(count for count in counts if count["right"] == "a copy of your data")
    assert (copies["never verified"], copies["overtaken by a deletion"], copies["open"]) == ("1", "1", "0")


def test_the_log_goes_back_24_months_and_no_further(desk):
    request(desk, "PR-2024-000001", RequestKind.EXPORT, RequestState.FULFILLED, NOON - timedelta(days=740))
    request(desk, "PR-2024-000002", RequestKind.EXPORT, RequestState.FULFILLED, NOON - timedelta(days=720))
    counts, log = tables(desk)
    assert [line["number"] for line in log] == ["PR-2024-000002"]
    assert counts[-1]["received"] == "1" or sum(int(count["received"]) for count in counts) == 2


def test_an_erased_person_is_still_counted_and_named_nowhere(desk):
    person = desk.shop.customer("1001")
    chat = open_chat(desk, "1001")
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    rights.finish(desk, number)
    with desk.reading() as session:
        text = request_log.as_csv(session, desk, desk.clock.now())
    assert number in text and "complied with in whole" in text
    for value in (person["email"], person["last_name"] if "last_name" in person else person["name"], "1001"):
        assert str(value) not in text.replace(number, "")


def test_the_overview_gives_it_as_a_download_and_says_so_in_the_record(desk):
    request(desk, "PR-2026-000001", RequestKind.EXPORT, RequestState.FULFILLED, NOON, NOON + timedelta(days=1))

    async def visit(user):
        await user.open("/")
        user.find("Download as CSV").click()
        answer = await user.download.next()
        assert "PR-2026-000001" in answer.text and answer.content.startswith(b"\xef\xbb\xbf")

    at_the_desk(desk, StaffRole.AUDITOR, visit)
    with desk.reading() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.REQUEST_LOG_EXPORTED)).one()
