"""Warnings, alarms, extensions and requests nobody verified; everybody else's requests stay as they are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from bot.clocks import in_words
from bot.errors import Conflict, Invalid, NotFound
from bot.privacy import deadlines_watch
from bot.privacy.deadlines import date_of, due, extended
from bot.privacy.deadlines_extension import extend
from bot.privacy.deadlines_rules import ExtensionReason
from bot.privacy.outcome import Alarm
from bot.privacy.request_states import CLOSED, OPEN, move
from bot.store.desk_tables import AuditEntry, Case, Mail, Message, PrivacyRequest
from bot.vocabulary import CaseKind, Regime, RequestKind, RequestState

DAY = timedelta(days=1)


@pytest.fixture
def ask(desk, chat):
    """Keeps a request as intake does: `ask("1001", regime=…, state=…)` gives its number."""
    numbers = iter(range(1, 100))

    def kept(subject="1001", regime=Regime.GDPR, state=RequestState.RUNNING, kind=RequestKind.ERASURE):
        number, now = f"PR-2026-{next(numbers):06d}", desk.clock.now()
        conversation_id, until = chat(subject), due(regime, kind, now, desk.settings).due_at
        with desk.transaction() as session:
            session.add(
                PrivacyRequest(
                    number=number, kind=kind, state=state, regime=regime, conversation_id=conversation_id,
                    subject=subject, origin=number, received_at=now, due_at=until,
                )
            )  # fmt: skip
        return number

    return kept


def row(desk, number):
    with desk.reading() as session:
        found = session.get_one(PrivacyRequest, number)
        return {column.key: getattr(found, column.key) for column in inspect(PrivacyRequest).columns}


def all_of(desk, table):
    with desk.reading() as session:
        return session.scalars(select(table)).all()


def events(desk):
    return [(entry.event, entry.reference) for entry in all_of(desk, AuditEntry)]


def longer(desk, number, reason="complex"):
    with desk.transaction() as session:
        return extend(session, desk, desk.clock.now(), number, reason, actor="officer")


def test_a_week_before_its_date_a_request_is_warned_of_once(desk, ask):
    number, bystander = ask(), ask("1002", state=RequestState.FULFILLED)
    untouched = row(desk, bystander)
    desk.clock.advance(22 * DAY)
    assert deadlines_watch.watch(desk) == 0
    desk.clock.advance(3 * DAY)
    assert (deadlines_watch.watch(desk), deadlines_watch.watch(desk)) == (1, 0)
    assert row(desk, number)["warned_at"] == desk.clock.now()
    assert events(desk) == [("request_due_soon", number)]
    assert all_of(desk, Case) == []
    assert row(desk, bystander) == untouched


def test_an_overdue_request_alarms_a_person_once_and_urgently(desk, ask):
    number, bystander = ask(), ask("1002", state=RequestState.REVOKED)
    untouched = row(desk, bystander)
    desk.clock.advance(31 * DAY)
    assert (deadlines_watch.watch(desk), deadlines_watch.watch(desk)) == (1, 0)
    (case,) = all_of(desk, Case)
    assert (case.kind, case.priority, case.request_number) == (CaseKind.ALARM, "urgent", number)
    assert (case.subject, case.statement, case.conversation_id) == (None, "It was not answered by its date.", None)
    assert [event for event, _ in events(desk)] == ["request_overdue", "case_filed"]
    assert row(desk, number)["alarmed_at"] == desk.clock.now()
    assert row(desk, bystander) == untouched


def test_the_last_second_of_the_day_is_in_time(desk, ask):
    number = ask()
    desk.clock.time = row(desk, number)["due_at"]
    deadlines_watch.watch(desk)
    assert row(desk, number)["alarmed_at"] is None
    desk.clock.advance(timedelta(seconds=1))
    deadlines_watch.watch(desk)
    assert row(desk, number)["alarmed_at"] is not None


@pytest.mark.parametrize("state", sorted(OPEN))
def test_every_open_state_is_watched(desk, ask, state):
    ask(regime=Regime.CCPA, state=state)
    desk.clock.advance(46 * DAY)
    assert deadlines_watch.watch(desk) == 1


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_no_closed_state_is_watched(desk, ask, state):
    number = ask(state=state)
    desk.clock.advance(60 * DAY)
    assert deadlines_watch.watch(desk) == 0
    assert not deadlines_watch._look_at(desk, desk.clock.now(), number), "closed between the list and the look"
    assert all_of(desk, Case) == []


def test_under_gdpr_nobody_is_alarmed_while_the_person_has_not_proved_who_they_are(desk, ask):
    number = ask(state=RequestState.AWAITING_VERIFICATION)
    before = row(desk, number)["due_at"]
    desk.clock.advance(40 * DAY)
    assert deadlines_watch.watch(desk) == 0
    assert row(desk, number)["due_at"] == before


def test_verification_that_takes_twenty_days_leaves_the_ccpa_date_where_it_was(desk, ask):
    number = ask(regime=Regime.CCPA, state=RequestState.AWAITING_VERIFICATION)
    before = row(desk, number)["due_at"]
    desk.clock.advance(20 * DAY)
    with desk.transaction() as session:
        assert move(session, number, [RequestState.AWAITING_VERIFICATION], RequestState.RUNNING)
    deadlines_watch.watch(desk)
    assert row(desk, number)["due_at"] == before
    desk.clock.advance(26 * DAY)
    assert deadlines_watch.watch(desk) == 1


def test_other_settings_later_on_move_no_date_that_was_promised(desk, ask):
    number = ask(regime=Regime.POLICY)
    before = row(desk, number)["due_at"]
    desk.settings.answer_days, desk.settings.business_calendar = 90, "CN"
    desk.clock.advance(5 * DAY)
    deadlines_watch.watch(desk)
    deadlines_watch.expire(desk)
    assert row(desk, number)["due_at"] == before


def test_two_workers_warn_once(desk, ask):
    ask()
    desk.clock.advance(26 * DAY)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: deadlines_watch.watch(desk), range(4))) == 1


@pytest.mark.parametrize("reason", list(ExtensionReason))
def test_an_extension_keeps_the_first_date_and_tells_the_person_why(desk, ask, reason):
    number, bystander = ask(), ask("1002")
    untouched, first = row(desk, bystander), row(desk, number)
    desk.clock.advance(26 * DAY)
    deadlines_watch.watch(desk)
    until = longer(desk, number, reason)
    after = row(desk, number)
    assert until == extended(Regime.GDPR, RequestKind.ERASURE, first["received_at"], desk.settings) == after["due_at"]
    assert (after["first_due_at"], after["extension_reason"], after["warned_at"]) == (first["due_at"], reason, None)
    day = in_words(date_of(until, desk.settings))
    (said,) = all_of(desk, Message)
    assert number in said.text and day in said.text and "because" in said.text
    (mail,) = all_of(desk, Mail)
    assert mail.recipient == "amelia.hartley@example.com" and day in mail.text
    assert "hartley" not in mail.subject_line.lower()
    assert ("request_extended", number) in events(desk)
    assert all_of(desk, AuditEntry)[-1].actor == "officer"
    assert row(desk, bystander) | {"warned_at": None} == untouched


def test_an_extended_request_is_warned_of_again_before_its_new_date(desk, ask):
    number = ask()
    desk.clock.advance(26 * DAY)
    deadlines_watch.watch(desk)
    until = longer(desk, number)
    assert deadlines_watch.watch(desk) == 0
    desk.clock.time = until - DAY
    assert deadlines_watch.watch(desk) == 1
    assert events(desk).count(("request_due_soon", number)) == 2


def test_an_overdue_request_says_on_the_command_line_that_a_person_is_needed(desk, ask, monkeypatch):
    from typer.testing import CliRunner

    from bot.cli import requests as requests_cli

    number, bystander = ask(), ask("1002", regime=Regime.CCPA)
    monkeypatch.setattr(requests_cli, "open_desk", lambda: desk)
    desk.clock.advance(31 * DAY)
    deadlines_watch.watch(desk)
    shown = CliRunner().invoke(requests_cli.app, ["show", number]).stdout
    assert f"a person is needed  {Alarm.LATE} ({date_of(desk.clock.now(), desk.settings)})" in shown
    assert "a person is needed" not in CliRunner().invoke(requests_cli.app, ["show", bystander]).stdout


def test_an_extension_is_given_on_the_command_line(desk, ask, monkeypatch):
    from typer.testing import CliRunner

    from bot.cli import requests as requests_cli

    number = ask()
    monkeypatch.setattr(requests_cli, "open_desk", lambda: desk)
    words = ["extend", number, "--reason", "complex", "--by", "officer"]
    done = CliRunner().invoke(requests_cli.app, words)
    assert (done.exit_code, done.stdout) == (0, f"{number} is to be answered by 2027-02-23.\n")
    assert isinstance(CliRunner().invoke(requests_cli.app, words).exception, Conflict)
    assert row(desk, number)["extension_reason"] == "complex"


def test_a_request_is_extended_once_only(desk, ask):
    number = ask()
    longer(desk, number)
    after = row(desk, number)
    with pytest.raises(Conflict):
        longer(desk, number)
    assert row(desk, number) == after


def test_of_two_extensions_at_once_one_wins(desk, ask):
    number = ask(regime=Regime.CCPA)

    def attempt(_):
        try:
            return longer(desk, number)
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as pool:
        assert sum(result is not None for result in pool.map(attempt, range(6))) == 1
    assert len(all_of(desk, Mail)) == 1


def test_a_date_that_has_passed_is_not_moved(desk, ask):
    number = ask()
    desk.clock.time = row(desk, number)["due_at"] + timedelta(seconds=1)
    before = row(desk, number)
    with pytest.raises(Conflict):
        longer(desk, number)
    assert row(desk, number) == before


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_a_closed_request_is_not_extended(desk, ask, state):
    number = ask(state=state)
    with pytest.raises(Conflict):
        longer(desk, number)


@pytest.mark.parametrize(
    ("regime", "kind"),
    [
        (Regime.POLICY, RequestKind.ERASURE),
        (Regime.CN, RequestKind.ERASURE),
        (Regime.CCPA, RequestKind.OBJECT_TO_PROCESSING),
    ],
)
def test_where_the_law_knows_no_extension_there_is_none(desk, ask, regime, kind):
    number = ask(regime=regime, kind=kind)
    with pytest.raises(Conflict, match="allow no extension"):
        longer(desk, number)
    assert all_of(desk, Mail) == [] and all_of(desk, Message) == []


def test_only_the_reasons_of_the_law_are_reasons_and_only_real_requests_are_extended(desk, ask):
    number = ask()
    with pytest.raises(Invalid, match="complex, many_requests"):
        longer(desk, number, "holiday season")
    with pytest.raises(NotFound):
        longer(desk, "PR-2026-999999")


def test_what_nobody_verified_is_closed_and_said_so(desk, ask):
    number = ask(state=RequestState.AWAITING_VERIFICATION)
    desk.clock.advance(timedelta(hours=1))
    bystander = ask("1002", state=RequestState.AWAITING_VERIFICATION)
    running = ask("1002", state=RequestState.RUNNING)
    untouched = [row(desk, bystander), row(desk, running)]
    desk.clock.advance(14 * DAY - timedelta(minutes=30))
    assert (deadlines_watch.expire(desk), deadlines_watch.expire(desk)) == (1, 0)
    closed = row(desk, number)
    assert (closed["state"], closed["closed_at"]) == (RequestState.EXPIRED, desk.clock.now())
    (mail,) = all_of(desk, Mail)
    assert mail.recipient == "amelia.hartley@example.com" and number in mail.subject_line and "14 days" in mail.text
    (said,) = all_of(desk, Message)
    assert number in said.text and said.response == "utter_request_expired"
    assert events(desk) == [("request_expired", number)]
    assert [row(desk, bystander), row(desk, running)] == untouched


def test_of_a_code_typed_at_the_last_moment_and_the_sweep_one_wins(desk, ask):
    number = ask(state=RequestState.AWAITING_VERIFICATION)
    desk.clock.advance(15 * DAY)

    def verify(_):
        with desk.transaction() as session:
            return move(session, number, [RequestState.AWAITING_VERIFICATION], RequestState.RUNNING)

    def sweep(_):
        return bool(deadlines_watch.expire(desk))

    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(act, 0) for act in (verify, sweep, verify, sweep)]]
    assert done.count(True) == 1
    assert (row(desk, number)["state"] == RequestState.EXPIRED) is (len(all_of(desk, Mail)) == 1)


def test_nothing_of_a_person_stands_in_the_log(desk, ask, capsys):
    ask()
    desk.clock.advance(25 * DAY)
    deadlines_watch.watch(desk)
    desk.clock.advance(10 * DAY)
    deadlines_watch.watch(desk)
    logged = "".join(capsys.readouterr())
    assert "PR-2026-000001" in logged
    for value in ("1001", "amelia", "hartley"):
        assert value not in logged.lower()
