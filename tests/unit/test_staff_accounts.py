"""Accounts of the staff desk: made on the command line, opened by password and second factor, closed at once."""

import contextlib
import threading
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from bot.bootstrap import open_desk
from bot.clocks import FixedClock
from bot.errors import Conflict, Invalid, NotFound
from bot.privacy import staff_accounts, staff_sign_in
from bot.privacy.staff_sign_in import NotAllowed, SignInRefused, permitted, sign_in, who
from bot.store.desk_tables import AuditEntry, SignInTries, StaffMember, StaffSession
from bot.vocabulary import AuditEvent, StaffRole
from tests.desk_pages import PASSWORD, code_of, hire


@pytest.fixture
def machine(monkeypatch):
    """The machine's clock, standing still."""
    clock = FixedClock(datetime.now(UTC))
    monkeypatch.setattr(staff_sign_in, "_machine", clock)
    return clock


@pytest.fixture
def kim(desk):
    return hire(desk, StaffRole.PRIVACY_OFFICER, "kim.porter")


def code_at(access, clock):
    return pyotp.TOTP(access.secret).at(clock.now())


def looked_up(desk, token):
    with desk.reading() as session:
        return who(session, desk, token)


def refused(desk, name, password, code):
    with pytest.raises(SignInRefused) as no:
        sign_in(desk, name, password, code)
    return no.value.detail


def events(desk):
    with desk.reading() as session:
        return [(e.event, e.reference, e.actor) for e in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_name_password_and_code_together_open_a_session(desk, kim, machine):
    staff = looked_up(desk, sign_in(desk, " Kim.Porter ", PASSWORD, code_at(kim, machine)))
    assert (staff.name, staff.role, staff.actor) == ("kim.porter", StaffRole.PRIVACY_OFFICER, f"staff:{kim.staff_id}")


def test_only_the_hash_of_password_and_token_is_kept_and_the_second_factor_is_encrypted(desk, kim, machine):
    token = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    stored = (desk.settings.desk_home / "desk.sqlite3").read_bytes()
    stored += (desk.settings.desk_home / "desk.sqlite3-wal").read_bytes()
    for secret in (PASSWORD, token, kim.secret):
        assert secret.encode() not in stored
    assert b"$argon2id$" in stored


def test_every_no_has_the_same_words_and_leaves_no_session(desk, kim, machine):
    good = code_at(kim, machine)
    hire(desk, StaffRole.AGENT, "gone")
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "gone", "test")
    said = {
        refused(desk, "nobody", PASSWORD, good),
        refused(desk, "kim.porter", "another long password", good),
        refused(desk, "kim.porter", PASSWORD, "000000"),
        refused(desk, "kim.porter", PASSWORD, ""),
        refused(desk, "gone", PASSWORD, good),
        refused(desk, "\ud800" * 90, "\udc80" * 200, "½\x00\ud800" * 30),
    }
    assert len(said) == 1
    with desk.reading() as session:
        assert session.scalars(select(StaffSession)).all() == []


def test_an_unknown_name_costs_the_same_work_as_a_known_one(desk, kim, machine, monkeypatch):
    done = []

    class Counting:
        def __init__(self, real):
            self.real = real

        def hash(self, password):
            return self.real.hash(password)

        def verify(self, password, known):
            done.append(("password", known.split("$")[1:4]))
            return self.real.verify(password, known)

    real_totp = staff_sign_in._step_of
    counting = Counting(staff_accounts.hasher())
    monkeypatch.setattr(staff_sign_in, "hasher", lambda: counting)
    monkeypatch.setattr(staff_sign_in, "_step_of", lambda *args: done.append("code") or real_totp(*args))
    work = {}
    for name in ("kim.porter", "nobody"):
        done.clear()
        refused(desk, name, "another long password", "123456")
        work[name] = list(done)
    assert work["nobody"] == work["kim.porter"] and len(work["nobody"]) == 2
    with desk.reading() as session:
        assert len(session.scalars(select(SignInTries)).all()) == 2


@pytest.mark.parametrize("name", ["kim.porter", "nobody"])
def test_after_five_failures_a_name_is_paused_whether_it_exists_or_not(desk, kim, machine, name):
    for _ in range(5):
        refused(desk, name, "another long password", "123456")
    with desk.reading() as session:
        (tries,) = session.scalars(select(SignInTries))
        assert tries.failures == 5 and tries.paused_until > machine.now()
    refused(desk, name, PASSWORD, code_at(kim, machine))


def test_a_pause_ends_grows_and_never_lasts_longer_than_a_quarter_of_an_hour(desk, kim, machine):
    for _ in range(12):
        refused(desk, "kim.porter", "another long password", "123456")
        machine.advance(timedelta(minutes=16))
    machine.advance(timedelta(minutes=-1))
    sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    for _ in range(4):
        refused(desk, "kim.porter", "another long password", "123456")
    machine.advance(timedelta(seconds=60))
    sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))


def test_of_many_guesses_at_once_no_more_than_five_are_looked_at(desk, kim, machine):
    """The right one comes last of all and is refused, since five wrong ones were counted before."""
    others = [threading.Thread(target=refused, args=(desk, "kim.porter", PASSWORD, "1")) for _ in range(8)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    refused(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    with desk.reading() as session:
        assert session.scalars(select(SignInTries.failures)).one() == 5


def test_a_code_serves_once_and_an_older_one_never_after_it(desk, kim, machine):
    code, older = code_at(kim, machine), pyotp.TOTP(kim.secret).at(machine.now() - timedelta(seconds=30))
    sign_in(desk, "kim.porter", PASSWORD, code)
    refused(desk, "kim.porter", PASSWORD, code)
    refused(desk, "kim.porter", PASSWORD, older)
    machine.advance(timedelta(seconds=30))
    assert sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))


def test_two_at_once_with_one_code_get_one_session(desk, kim, machine):
    code, came_in = code_at(kim, machine), []

    def enter():
        with contextlib.suppress(SignInRefused):
            came_in.append(sign_in(desk, "kim.porter", PASSWORD, code))

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came_in) == 1


def test_signing_in_gives_a_new_token_and_ends_the_one_the_browser_had(desk, kim, machine):
    first = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    machine.advance(timedelta(minutes=1))
    second = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine), ended=first)
    assert first != second
    assert looked_up(desk, first) is None and looked_up(desk, second) is not None


def test_a_session_ends_when_it_is_not_used_and_at_its_last_hour_even_when_it_is(desk, kim, machine):
    token = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    machine.advance(timedelta(minutes=desk.settings.staff_idle_minutes - 1))
    staff_sign_in.note_use(desk, looked_up(desk, token))
    machine.advance(timedelta(minutes=desk.settings.staff_idle_minutes - 1))
    staff = looked_up(desk, token)
    assert staff is not None
    for _ in range(desk.settings.staff_session_hours * 3):
        staff_sign_in.note_use(desk, staff)
        machine.advance(timedelta(minutes=20))
    assert looked_up(desk, token) is None


def test_the_use_of_one_session_keeps_no_other_alive(desk, kim, machine):
    used = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    machine.advance(timedelta(minutes=1))
    forgotten = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    machine.advance(timedelta(minutes=desk.settings.staff_idle_minutes - 2))
    staff_sign_in.note_use(desk, looked_up(desk, used))
    machine.advance(timedelta(minutes=3))
    assert looked_up(desk, used) is not None
    assert looked_up(desk, forgotten) is None


def test_the_use_of_a_session_is_written_down_twice_a_minute_at_most(desk, kim, machine):
    token = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    staff, noted = looked_up(desk, token), []
    for _ in range(12):
        machine.advance(timedelta(seconds=10))
        staff_sign_in.note_use(desk, staff)
        with desk.reading() as session:
            noted.append(session.scalar(select(StaffSession.used_at)))
    assert len(set(noted)) == 4, "as it began, and after 40, 80 and 120 seconds"


@pytest.mark.parametrize("password", ["too short", "abababababab1212", "kim.porterKim.Porter12", "long " * 40])
def test_a_password_that_is_easy_to_guess_is_refused_and_the_old_one_stays(desk, kim, machine, password):
    with pytest.raises(Invalid), desk.transaction() as session:
        staff_accounts.reset(session, desk, desk.clock.now(), "kim.porter", password, "test")
    assert sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))


def test_unused_for_too_long_is_out(desk, kim, machine):
    token = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    machine.advance(timedelta(minutes=desk.settings.staff_idle_minutes, seconds=1))
    assert looked_up(desk, token) is None


@pytest.mark.parametrize("end", ["disable", "reset", "password", "sign_out"])
def test_disabling_resetting_a_new_password_and_signing_out_end_the_session_at_once(desk, kim, machine, end):
    bystander = hire(desk, StaffRole.AGENT, "robin")
    others = sign_in(desk, "robin", PASSWORD, code_at(bystander, machine))
    token = sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    staff = looked_up(desk, token)
    if end == "sign_out":
        staff_sign_in.sign_out(desk, staff)
    with desk.transaction() as session:
        now = desk.clock.now()
        if end == "disable":
            staff_accounts.disable(session, now, "kim.porter", "test")
        elif end == "reset":
            staff_accounts.reset(session, desk, now, "kim.porter", "another long password", "test")
        elif end == "password":
            staff_accounts.change_password(session, now, kim.staff_id, PASSWORD, "another long password")
    assert looked_up(desk, token) is None
    assert looked_up(desk, others) is not None, "the bystander is untouched"
    with desk.reading() as session, pytest.raises(NotAllowed):
        permitted(session, desk, staff.key, frozenset(StaffRole))


def test_a_reset_gives_a_new_second_factor_ends_the_pause_and_opens_the_account_again(desk, kim, machine):
    for _ in range(6):
        refused(desk, "kim.porter", "another long password", "123456")
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "kim.porter", "test")
    with desk.transaction() as session:
        fresh = staff_accounts.reset(session, desk, desk.clock.now(), "kim.porter", "four green kettles", "test")
    refused(desk, "kim.porter", "four green kettles", code_at(kim, machine))
    assert sign_in(desk, "kim.porter", "four green kettles", code_at(fresh, machine))


def test_what_a_role_may_is_asked_anew_at_every_act(desk, kim, machine):
    staff = looked_up(desk, sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine)))
    with desk.reading() as session:
        assert permitted(session, desk, staff.key, {StaffRole.PRIVACY_OFFICER}) == staff
        with pytest.raises(NotAllowed):
            permitted(session, desk, staff.key, {StaffRole.ADMIN})
    with desk.transaction() as session:
        session.execute(update(StaffMember).values(role=StaffRole.AUDITOR))
    with desk.reading() as session, pytest.raises(NotAllowed):
        permitted(session, desk, staff.key, {StaffRole.PRIVACY_OFFICER})


def test_everything_about_accounts_is_in_the_record_by_number_and_never_by_name(desk, kim, machine):
    refused(desk, "kim.porter", "another long password", "123456")
    refused(desk, "nobody", "another long password", "123456")
    staff = looked_up(desk, sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine)))
    staff_sign_in.sign_out(desk, staff)
    with desk.transaction() as session:
        staff_accounts.disable(session, desk.clock.now(), "kim.porter", "staff:9")
    for role in (None, StaffRole.AUDITOR):
        with desk.transaction() as session:
            staff_accounts.reset(session, desk, desk.clock.now(), "kim.porter", "four green kettles", "staff:9", role)
    me = f"staff:{kim.staff_id}"
    assert events(desk) == [
        (AuditEvent.STAFF_ADDED, f"{me}:privacy_officer", "test"),
        (AuditEvent.STAFF_SIGN_IN_REFUSED, me, None),
        (AuditEvent.STAFF_SIGN_IN_REFUSED, None, None),
        (AuditEvent.STAFF_SIGNED_IN, me, me),
        (AuditEvent.STAFF_SIGNED_OUT, me, me),
        (AuditEvent.STAFF_DISABLED, me, "staff:9"),
        (AuditEvent.STAFF_RESET, f"{me}:privacy_officer", "staff:9"),
        (AuditEvent.STAFF_RESET, f"{me}:auditor", "staff:9"),
    ]


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("", PASSWORD, Invalid),
        ("two words", PASSWORD, Invalid),
        ("k" * 65, PASSWORD, Invalid),
        ("robin", "short", Invalid),
        ("robin", "x" * 129, Invalid),
        ("robin", "robinrobinrobin", Invalid),
        ("robin", "aaaabbbbaaaabbbb", Invalid),
        ("KIM.PORTER", PASSWORD, Conflict),
    ],
)
def test_names_and_passwords_that_cannot_be_used_are_refused_with_a_sentence(desk, kim, name, password, error):
    with desk.transaction() as session, pytest.raises(error) as no:
        staff_accounts.add(session, desk.clock.now(), name, StaffRole.AGENT, password, "test")
    assert password not in no.value.detail


def test_an_account_that_is_not_there_cannot_be_disabled(desk):
    with desk.transaction() as session, pytest.raises(NotFound):
        staff_accounts.disable(session, desk.clock.now(), "nobody", "test")


def test_old_counts_and_ended_sessions_are_forgotten(desk, kim, machine):
    from bot.jobs import forget_expired

    sign_in(desk, "kim.porter", PASSWORD, code_at(kim, machine))
    with desk.transaction() as session:
        long_ago = machine.now() - timedelta(days=3)
        session.execute(update(StaffSession).values(expires_at=long_ago))
        session.execute(update(SignInTries).values(last_at=long_ago))
    assert forget_expired(desk) == 2


def test_the_command_line_makes_the_first_admin_and_lists_and_ends_accounts(settings, monkeypatch, capsys):
    from typer.testing import CliRunner

    from bot.cli import staff as command

    monkeypatch.setattr(command, "get_settings", lambda: settings)
    run = CliRunner()
    made = run.invoke(command.app, ["add", "kim.porter", "--role", "admin", "--generate"])
    assert made.exit_code == 0, made.output
    words = made.output.split()
    password, secret = words[words.index("Password:") + 1], words[words.index("once):") + 1]
    desk = open_desk(settings)
    token = sign_in(desk, "kim.porter", password, pyotp.TOTP(secret).now())
    assert looked_up(desk, token).role is StaffRole.ADMIN
    assert "kim.porter" in run.invoke(command.app, ["list"]).output
    assert run.invoke(command.app, ["disable", "kim.porter"]).exit_code == 0
    assert looked_up(desk, token) is None
    assert "disabled since" in run.invoke(command.app, ["list"]).output
    fresh = run.invoke(command.app, ["reset", "kim.porter", "--role", "agent"], input="four green kettles\n")
    assert fresh.exit_code == 0 and "four green kettles" not in fresh.output


def test_a_code_of_the_helper_serves(desk, kim):
    assert sign_in(desk, "kim.porter", PASSWORD, code_of(kim))
