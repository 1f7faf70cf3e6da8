"""A request is denied with reason, law and where to complain, or not at all."""

import pytest
from sqlalchemy import select

from bot.errors import Conflict, Invalid, NotFound
from bot.privacy import staff_accounts
from bot.privacy.denial import BASES, DenialReason, deny
from bot.privacy.outcome import Alarm, alarm
from bot.privacy.request_desk import assign, checked_by_person
from bot.privacy.request_states import DENIABLE
from bot.store.desk_tables import AuditEntry, Case, Mail, Message, PrivacyRequest, Restriction
from bot.vocabulary import AuditEvent, CaseState, HoldKind, RequestKind, RequestState, StaffRole
from tests import rights
from tests.desk_pages import hire
from tests.unit.conftest import open_chat

SUBJECT = "1001"
LAW, WHERE = "GDPR Article 17(3)(e)", "the Office of Example, example.com"


@pytest.fixture
def desk(own_desk):
    return own_desk()


@pytest.fixture
def deletion(desk):
    chat = open_chat(desk, SUBJECT)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    return number


def denied(desk, number, reason=DenialReason.LEGAL_CLAIMS, law=LAW, where=WHERE):
    with desk.transaction() as session:
        deny(session, desk, desk.clock.now(), number, reason, law, where, "staff:1")


def test_a_denial_tells_reason_law_and_where_to_complain_in_chat_and_mail(desk, deletion):
    denied(desk, deletion)
    with desk.reading() as session:
        request = session.get_one(PrivacyRequest, deletion)
        said = session.scalars(select(Message.text).where(Message.response == "utter_request_denied")).one()
        mail = session.scalars(select(Mail).where(Mail.dedupe_key == f"denied:{deletion}")).one()
        audited = session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.REQUEST_DENIED)).one()
    assert request.state == RequestState.DENIED and request.closed_at == desk.clock.now()
    assert request.outcome["denial"] == {"reason": "legal_claims", "law": LAW, "complain_to": WHERE}
    for text in (said, " ".join(mail.text.split())):
        assert "defend legal claims" in text and LAW in text and WHERE in text and deletion in text
    assert (audited.actor, audited.reference) == ("staff:1", deletion)


def test_a_denied_deletion_is_never_carried_out_and_what_was_stopped_goes_on(desk, deletion):
    with desk.reading() as session:
        assert session.scalars(select(Restriction).where(Restriction.lifted_at.is_(None))).all()
    denied(desk, deletion)
    assert rights.finish(desk, deletion).state is RequestState.DENIED
    assert desk.shop.customer(SUBJECT) is not None
    with desk.reading() as session:
        assert not session.scalars(select(Restriction).where(Restriction.lifted_at.is_(None))).all()


@pytest.mark.parametrize(
    ("reason", "law", "where"),
    [("", LAW, WHERE), ("because", LAW, WHERE), ("legal_claims", "  ", WHERE), ("legal_claims", LAW, " \n"),
     ("legal_claims", "x" * 301, WHERE), ("legal_claims", LAW, "x" * 301)],
)  # fmt: skip
def test_without_reason_law_or_where_to_complain_nothing_is_denied(desk, deletion, reason, law, where):
    with pytest.raises(Invalid):
        denied(desk, deletion, reason, law, where)
    assert rights.state_of(desk, deletion).state is RequestState.COOLING_OFF
    with desk.reading() as session:
        assert not session.scalars(select(Mail).where(Mail.dedupe_key.like("denied:%"))).all()


def test_what_is_running_or_closed_cannot_be_denied(desk, deletion):
    rights.finish(desk, deletion)
    with pytest.raises(Conflict):
        denied(desk, deletion)
    with pytest.raises(NotFound):
        denied(desk, "PR-2026-999999")
    assert RequestState.RUNNING not in DENIABLE


def test_every_reason_has_its_words_and_its_law():
    assert set(BASES) == set(DenialReason)
    assert all(basis.words.endswith(".") and basis.law for basis in BASES.values())


def test_a_request_is_given_to_somebody_who_works_here_and_to_nobody_else(desk, deletion):
    kim = hire(desk, name="kim").staff_id
    with desk.transaction() as session:
        assign(session, desk.clock.now(), deletion, kim, "staff:9")
    with desk.reading() as session:
        assert session.get_one(PrivacyRequest, deletion).assigned_to == kim
    with desk.transaction() as session:
        assign(session, desk.clock.now(), deletion, None, "staff:9")
    with desk.reading() as session:
        given = session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.REQUEST_ASSIGNED))
        assert [(each.reference, each.actor) for each in given] == [
            (f"{deletion}:staff:{kim}", "staff:9"),
            (f"{deletion}:nobody", "staff:9"),
        ], "the record says to whom"
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "kim", "test")
    for to in (kim, 99, hire(desk, StaffRole.AUDITOR).staff_id):
        with desk.transaction() as session, pytest.raises(NotFound):
            assign(session, desk.clock.now(), deletion, to, "staff:9")


def test_whoever_was_checked_by_other_means_goes_on_and_the_alarm_ends(desk, deletion):
    with desk.transaction() as session:
        request = session.get_one(PrivacyRequest, deletion)
        request.state, request.hold_reason, request.verified_at = RequestState.ON_HOLD, HoldKind.NO_ADDRESS, None
        session.flush()
        alarm(session, desk, desk.clock.now(), request, Alarm.HELD)
    with desk.transaction() as session:
        state = checked_by_person(session, desk, desk.clock.now(), deletion, "staff:1")
    assert state is RequestState.COOLING_OFF
    with desk.reading() as session:
        assert session.scalars(select(Case.state)).all() == [CaseState.CLOSED]
        checked = [
            (each.reference, each.actor)
            for each in session.scalars(select(AuditEntry))
            if each.event == AuditEvent.IDENTITY_VERIFIED and each.actor
        ]
    assert checked == [(deletion, "staff:1")]
    with desk.transaction() as session, pytest.raises(Conflict):
        checked_by_person(session, desk, desk.clock.now(), deletion, "staff:1")
