"""Pictures and documents put to a case: only to one's own, only what is what it says, and never shown inside a page."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from bot.store import attachments, conversations
from bot.store.desk_tables import Attachment, AuditEntry
from bot.web.app import make_app
from tests.unit.conftest import NOON
from tests.unit.test_attachments import archive, pdf, picture
from tests.unit.test_complaint_cases import answer, close, seen
from tests.unit.test_requests_and_cases import all_of, file


class Person:
    """Somebody with a session and a case."""

    def __init__(self, desk, web, subject, origin):
        self.web = web
        with desk.transaction() as session:
            self.chat, self.token = conversations.open_session(session, subject, NOON, NOON + timedelta(days=3650))
        self.number = file(desk, self.chat, origin=origin).number

    def send(self, content, name="paper.pdf", number=None, field="file"):
        return self.web.post(
            f"/api/v1/cases/{number or self.number}/attachments",
            files={field: (name, content, "application/pdf")},
            headers={"Authorization": f"Bearer {self.token}"},
        )


@pytest.fixture
def web(desk):
    desk.settings.rate_limit_uploads = "11/hour"
    return TestClient(make_app(desk))


@pytest.fixture
def amelia(desk, web):
    return Person(desk, web, "1001", "1")


@pytest.fixture
def visitor(desk, web):
    return Person(desk, web, None, "2")


def test_a_picture_is_kept_with_its_case_and_nobody_elses(desk, amelia, visitor):
    kept = amelia.send(picture("PNG"), "C:\\Users\\amelia\\proof of theft.png")
    assert kept.status_code == 201 and kept.json()["name"] == "proof of theft.png"
    (row,) = all_of(desk, Attachment)
    assert (row.owner_kind, row.owner_number, row.subject) == ("case", amelia.number, "1001")
    assert seen(desk, amelia.chat, amelia.number).files == ("proof of theft.png",)
    assert seen(desk, visitor.chat, visitor.number).files == ()
    assert ("attachment_kept", amelia.number) in [(entry.event, entry.reference) for entry in all_of(desk, AuditEntry)]


def test_somebody_without_an_account_can_send_one_too(desk, visitor):
    assert visitor.send(pdf()).status_code == 201
    assert all_of(desk, Attachment)[0].subject is None


def test_nobody_sends_anything_to_a_case_of_somebody_else(desk, web, amelia, visitor):
    for number in (amelia.number, "CS-2026-999999"):
        refused = visitor.send(pdf(), number=number)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert web.post(f"/api/v1/cases/{amelia.number}/attachments", files={"file": b"x"}).status_code == 401
    assert all_of(desk, Attachment) == []


@pytest.mark.parametrize("content", [b"", b"MZ this is a program", archive(), picture("PNG")[:40], b"%PDF-1.7 nothing"])
def test_what_cannot_be_used_is_refused_with_a_sentence(desk, amelia, content):
    refused = amelia.send(content)
    assert refused.status_code == 422 and refused.json()["detail"].endswith(".")
    assert all_of(desk, Attachment) == []


def test_what_is_too_large_is_refused_before_anybody_reads_it(desk, amelia):
    refused = amelia.send(b"%PDF" + b"0" * (6 * 1024 * 1024))
    assert refused.status_code == 413 and "5 MB" in refused.json()["detail"]
    assert all_of(desk, Attachment) == []


def test_no_other_address_takes_more_than_before(web, amelia):
    for path in ("/api/v1/messages", "/api/v1/cases/x/attachments/y", f"/api/v1/cases/{amelia.number}/attachments/"):
        assert web.post(path, content=b"0" * 100_000).status_code == 413


@pytest.mark.parametrize("number", ["..%2F..%2Fetc", "PR-2026-000001", "CS-2026-1", "%00"])
def test_only_numbers_of_cases_are_addresses(desk, amelia, number):
    assert amelia.send(pdf(), number=number).status_code in (404, 405, 413, 422)
    assert all_of(desk, Attachment) == []


def test_a_form_without_a_file_is_refused_as_a_problem(amelia):
    refused = amelia.send(pdf(), field="other")
    assert refused.status_code == 422 and refused.headers["content-type"] == "application/problem+json"


def test_a_closed_case_takes_no_file_until_it_is_opened_again(desk, amelia):
    answer(desk, amelia.number)
    assert amelia.send(pdf()).status_code == 201
    close(desk, amelia.number)
    refused = amelia.send(pdf())
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert len(all_of(desk, Attachment)) == 1


def test_there_is_an_end_to_files_per_case_and_per_hour(amelia):
    small = pdf()
    codes = [amelia.send(small).status_code for _ in range(attachments.MOST_FILES + 1)]
    assert codes == [201] * attachments.MOST_FILES + [422]
    assert amelia.send(small).status_code == 429


def test_ones_own_cases_are_listed_without_their_words(web, amelia, visitor):
    for person in (amelia, visitor):
        found = web.get("/api/v1/cases", headers={"Authorization": f"Bearer {person.token}"})
        assert [case["number"] for case in found.json()["cases"]] == [person.number]
        assert "It was late" not in found.text
    assert web.get("/api/v1/cases").status_code == 401
