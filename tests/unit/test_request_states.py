"""Whatever people, clocks, holds and dying workers do to a request: it goes allowed ways, and is done only when done.

A state machine plays at random against the real lifecycle with a room whose steps are written down. Variants with a
planted fault must be caught by it, so that its rules are known to bite.
"""

import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, update

from bot.bootstrap import open_desk
from bot.clocks import FixedClock
from bot.config import Settings
from bot.errors import DeskError
from bot.privacy import fulfilment, holds, request_states, taking_back
from bot.privacy.request_states import CLOSED, NEXT, OPEN
from bot.privacy.request_waiting import begin_what_is_due
from bot.privacy.room import OnHold, Room, Step
from bot.store.desk_tables import PrivacyRequest
from bot.vocabulary import HoldKind, RequestKind, RequestState
from tests import rights
from tests.unit.conftest import NOON, open_chat

KIND = RequestKind.ERASURE


class Recorded:
    """A room that writes down what was done to whom."""

    def __init__(self):
        self.done, self.stopped, self.dies_at = {}, {}, None

    def room(self):
        return Room(
            lambda work: [Step(name, self.step(name)) for name in ("look", "change", "scan")],
            cools_off=True,
            waits_for_contact_hold=True,
            agreed=lambda _session, _desk, _now, request: self.stopped.update({request.number: True}),
            revoked=lambda _session, _desk, _now, request: self.stopped.update({request.number: False}),
        )

    def step(self, name):
        def act(work):
            if name == "look":
                with work.desk.reading() as session:
                    if holds.is_held(session, work.desk.clock.now(), work.subject, HoldKind.LEGAL):
                        raise OnHold(HoldKind.LEGAL)
            if self.dies_at == name:
                self.dies_at = None
                raise rights.Killed
            self.done.setdefault(work.number, []).append(name)
            return []

        return act


class Requests(RuleBasedStateMachine):
    """One person's deletions."""

    template: Path
    shop: Path

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "desk.sqlite3")
        own = Settings(
            _env_file=None,
            desk_home=self.folder,
            shop_database_url=f"sqlite:///{self.shop}",
            encryption_keys=Fernet.generate_key().decode(),
            audit_key="a" * 40,
            signing_key="5e" * 32,
        )
        self.desk = replace(open_desk(own), clock=FixedClock(NOON))
        self.world = Recorded()
        self.patch = mock.patch.dict(fulfilment.ROOMS, {KIND: self.world.room()})
        self.patch.start()
        self.chat = open_chat(self.desk, "1001")
        self.number, self.confirmed, self.seen, self.holds = None, {}, {}, 0

    def teardown(self):
        self.patch.stop()
        rights.close(self.desk)
        shutil.rmtree(self.folder)

    def state(self):
        return rights.state_of(self.desk, self.number).state

    @rule()
    def asks(self):
        self.number = rights.ask(self.desk, self.chat, KIND, {}).number

    @rule()
    def asks_and_verifies(self):
        self.asks()
        self.types_a_code(True)

    @rule()
    def asks_verifies_and_waits(self):
        self.asks_and_verifies()
        self.time_passes(24 * 8)

    @precondition(lambda self: self.number)
    @rule(right=st.booleans())
    def code_typed(self, right):
        self.types_a_code(right)

    def types_a_code(self, right):
        if self.state() is not RequestState.AWAITING_VERIFICATION:
            return
        with suppress(DeskError):
            code = rights.code_for(self.desk, self.chat, self.number)
            typed = code if right else f"{(int(code) + 1) % 1_000_000:06d}"
            rights.type_code(self.desk, self.chat, self.number, typed)
            if right:
                self.confirmed[self.number] = self.desk.clock.now()

    @precondition(lambda self: self.number)
    @rule()
    def takes_it_back(self):
        with suppress(DeskError):
            rights.revoke(self.desk, self.chat, self.number)

    @rule(hours=st.sampled_from([1, 73, 24 * 8]))
    def some_time_passes(self, hours):
        self.time_passes(hours)

    def time_passes(self, hours):
        self.desk.clock.advance(timedelta(hours=hours))

    @precondition(lambda self: self.holds < 2)
    @rule(legal=st.booleans())
    def is_held(self, legal):
        self.holds += 1
        with self.desk.transaction() as session:
            now = self.desk.clock.now()
            kind, until = (HoldKind.LEGAL, None) if legal else (HoldKind.CONTACT_CHANGED, now + timedelta(hours=72))
            holds.place(session, now, "1001", kind, until, f"H{self.holds}")

    @precondition(lambda self: self.holds)
    @rule()
    def is_released(self):
        with suppress(DeskError), self.desk.transaction() as session:
            holds.release(session, self.desk.clock.now(), f"H{self.holds}", "counsel")

    @rule(dies_at=st.sampled_from([None, None, "look", "change", "scan"]))
    def a_worker_works(self, dies_at):
        self.world.dies_at = dies_at
        rights.skip_pauses(self.desk)
        begin_what_is_due(self.desk)
        for number in fulfilment.waiting_for_a_worker(self.desk):
            taken = fulfilment.take(self.desk, number)
            if taken:
                with suppress(rights.Killed):
                    fulfilment.carry_out(self.desk, taken)
        self.world.dies_at = None

    @invariant()
    def goes_allowed_ways_only(self):
        with self.desk.reading() as session:
            rows = session.scalars(select(PrivacyRequest)).all()
        assert len([row for row in rows if row.state in OPEN]) <= 1
        for row in rows:
            before, now = self.seen.get(row.number), RequestState(row.state)
            if before is not None and before is not now:
                assert now in reachable(before), f"{before} became {now}"
            self.seen[row.number] = now
            self.look_at(row, now)

    def look_at(self, row, now):
        done = self.world.done.get(row.number, [])
        if done:
            assert row.verified_at is not None, "work began before the code"
            waited = self.desk.clock.now() - self.confirmed[row.number]
            assert waited >= timedelta(days=7), "work began before the days of cooling off were over"
        if now is RequestState.FULFILLED:
            assert "change" in done and done[-1] == "scan", "done before the scan"
        if now is RequestState.REVOKED:
            assert "change" not in done, "taken back and carried out"
            assert not self.world.stopped.get(row.number), "taken back, and processing is still stopped"
        if now in CLOSED:
            assert row.closed_at is not None


@cache
def reachable(state):
    """States that may follow in one or several steps."""
    found, todo = set(), list(NEXT[state])
    while todo:
        each = todo.pop()
        if each not in found:
            found.add(each)
            todo += NEXT[each]
    return frozenset(found)


@pytest.fixture
def machine(empty_desk, seeded_shop):
    return type("Machine", (Requests,), {"template": empty_desk, "shop": seeded_shop})


def play(machine, examples=20):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=14, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.generate],
            report_multiple_bugs=False,
        ),
    )  # fmt: skip


def test_a_request_goes_allowed_ways_only_and_is_done_only_when_done(machine):
    play(machine)


def careless_move(session, number, sources, to, *conditions, **values):
    """Forgets to look where the request is."""
    session.execute(update(PrivacyRequest).where(PrivacyRequest.number == number).values(state=to, **values))
    session.expire_all()
    return True


@contextmanager
def planted(fault):
    if fault == "taking back does not look where the request is":
        with mock.patch.object(taking_back, "move", careless_move):
            yield
    elif fault == "cooling off is skipped":
        with mock.patch("bot.privacy.request_intake.timedelta", lambda **_: timedelta(0)):
            yield
    elif fault == "taking back forgets to let processing go on":
        with mock.patch.object(taking_back, "ROOMS", {}):
            yield
    elif fault == "the ledger is believed before the scan":
        real = fulfilment._into_ledger

        def ahead(desk, taken, step, rest):
            real(desk, taken, step, rest)
            if step == "change":
                real(desk, taken, "scan", rest)

        with mock.patch.object(fulfilment, "_into_ledger", ahead):
            yield


FOUND_BY = {
    "taking back does not look where the request is": "became revoked|taken back and carried out",
    "cooling off is skipped": "before the days of cooling off were over",
    "taking back forgets to let processing go on": "processing is still stopped",
    "the ledger is believed before the scan": "done before the scan",
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_planted_fault_is_found_by_the_rule_it_breaks(machine, fault):
    with planted(fault), pytest.raises(AssertionError, match=FOUND_BY[fault]):
        play(machine, examples=40)


def test_no_request_may_be_moved_a_forbidden_way(own_desk):
    desk = own_desk()
    with pytest.raises(ValueError, match="no request goes"), desk.transaction() as session:
        request_states.move(session, "PR-2026-000001", [RequestState.REVOKED], RequestState.RUNNING)


def test_every_state_but_the_closed_ones_leads_somewhere():
    assert {state for state, following in NEXT.items() if not following} == CLOSED - {RequestState.PARTLY_FULFILLED}
