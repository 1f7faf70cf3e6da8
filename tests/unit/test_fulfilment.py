"""One worker at a time: nothing is done twice, nothing is forgotten, and of two at once one wins."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier
from unittest import mock

import pytest
from sqlalchemy import select, update

from bot import jobs
from bot.errors import NotRevocable
from bot.privacy import fulfilment, outcome
from bot.privacy.outcome import Alarm
from bot.privacy.request_desk import looked_after
from bot.privacy.request_waiting import begin_what_is_due
from bot.privacy.restriction import processing
from bot.privacy.room import Room, Step
from bot.store.desk_tables import AuditEntry, Case, Mail, PrivacyRequest, RequestStep
from bot.vocabulary import RequestKind, RequestState
from tests import rights
from tests.unit.conftest import open_chat

AMELIA, DANIEL = "1001", "1002"


class Work:
    """A room whose steps are written down, and fail as long as they are told to."""

    def __init__(self):
        self.done, self.fails = [], False

    def room(self):
        return Room(lambda _work: [Step(name, self.step(name)) for name in ("one", "two", "three")])

    def step(self, name):
        def act(work):
            if self.fails and name == "two":
                raise OSError
            self.done.append((work.number, name))
            time.sleep(0.02)
            return []

        return act


@pytest.fixture
def world():
    made = Work()
    with mock.patch.dict(fulfilment.ROOMS, {RequestKind.EXPORT: made.room()}):
        yield made


@pytest.fixture
def desk(own_desk):
    return own_desk()


def running(desk, subject=AMELIA):
    chat = open_chat(desk, subject)
    number = rights.ask(desk, chat, RequestKind.EXPORT).number
    rights.verify(desk, chat, number)
    return number


def row_of(desk, number):
    with desk.reading() as session:
        return session.get_one(PrivacyRequest, number)


def set_row(desk, number, **values):
    with desk.transaction() as session:
        session.execute(update(PrivacyRequest).where(PrivacyRequest.number == number).values(**values))


def alarms(desk):
    with desk.reading() as session:
        return [case.request_number for case in session.scalars(select(Case).where(Case.kind == "alarm"))]


def at_once(*acts):
    """All of them begin at the same moment, each in a thread of its own."""
    ready = Barrier(len(acts))

    def begin(act):
        ready.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(begin, act) for act in acts]]


def test_the_end_is_told_once_to_who_asked_and_stands_in_the_record(desk, world):
    number, other = running(desk), running(desk, DANIEL)
    set_row(desk, other, state=RequestState.REVOKED)
    rights.work(desk)
    rights.work(desk)
    with desk.reading() as session:
        sent = session.scalars(select(Mail).where(Mail.dedupe_key.contains("fulfilled")))
        mails = [(each.recipient, each.dedupe_key) for each in sent]
        done = [each.reference for each in session.scalars(select(AuditEntry)) if each.event == "request_fulfilled"]
    assert mails == [("amelia.hartley@example.com", f"request_fulfilled:{number}")]
    assert done == [number]


def test_of_eight_workers_one_gets_a_request(desk, world):
    number = running(desk)
    assert sum(taken is not None for taken in at_once(*[lambda: fulfilment.take(desk, number)] * 8)) == 1


def test_workers_that_are_all_woken_for_the_same_requests_do_every_step_once(desk, world):
    numbers = [running(desk), running(desk, DANIEL)]
    at_once(*[lambda number=number: jobs.carry_out(desk, number) for number in numbers * 3])
    assert sorted(world.done) == sorted((number, step) for number in numbers for step in ("one", "two", "three"))
    assert {row_of(desk, number).state for number in numbers} == {RequestState.FULFILLED}


@pytest.mark.parametrize("_time", range(6))
def test_of_taking_back_and_the_start_at_the_same_moment_one_wins(desk, _time):
    chat = open_chat(desk, AMELIA)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    desk.clock.advance(timedelta(days=8))

    def take_back():
        with suppress(NotRevocable):
            rights.revoke(desk, chat, number)
            return True
        return False

    taken_back, begun = at_once(take_back, lambda: bool(begin_what_is_due(desk)))
    assert taken_back is not begun
    assert row_of(desk, number).state == (RequestState.REVOKED if taken_back else RequestState.RUNNING)
    with desk.reading() as session:
        assert processing(session, desk, AMELIA).restricted is begun


def test_a_request_is_nobody_elses_while_its_worker_lives(desk, world):
    number = running(desk)
    assert fulfilment.take(desk, number) is not None
    assert fulfilment.waiting_for_a_worker(desk) == []
    assert fulfilment.take(desk, number) is None


def test_what_was_just_asked_for_does_not_stand_behind_what_fell_due(desk, world):
    due, asked = running(desk, AMELIA), running(desk, DANIEL)
    set_row(desk, due, kind=RequestKind.ERASURE)
    set_row(desk, asked, received_at=desk.clock.now() + timedelta(hours=1))
    assert fulfilment.waiting_for_a_worker(desk) == [asked, due]


def test_what_a_dead_worker_left_is_taken_up_behind_its_last_step(desk, world):
    number = running(desk)
    fulfilment.take(desk, number)
    with desk.transaction() as session:
        session.add(RequestStep(request_number=number, step="one", done_at=desk.clock.now()))
    set_row(desk, number, worker_until=datetime.now(UTC) - timedelta(seconds=1))
    assert fulfilment.waiting_for_a_worker(desk) == [number]
    jobs.carry_out(desk, number)
    assert [step for _, step in world.done] == ["two", "three"]
    assert row_of(desk, number).state == RequestState.FULFILLED


def test_a_worker_that_slept_too_long_writes_nothing_more(desk, world):
    number = running(desk)
    slow = fulfilment.take(desk, number)
    set_row(desk, number, worker_until=datetime.now(UTC) - timedelta(seconds=1))
    quick = fulfilment.take(desk, number)
    with pytest.raises(fulfilment.LeaseLost):
        fulfilment.carry_out(desk, slow)
    with desk.reading() as session:
        assert session.scalars(select(RequestStep)).all() == []
    assert fulfilment.carry_out(desk, quick)


def test_the_lease_is_renewed_while_one_step_takes_long(desk, world, monkeypatch):
    monkeypatch.setattr(fulfilment, "_BEAT_SECONDS", 0.02)
    number = running(desk)
    taken = fulfilment.take(desk, number)
    before = row_of(desk, number).worker_until
    with fulfilment._keeping_the_lease(desk, taken):
        give_up_at = time.monotonic() + 10
        while row_of(desk, number).worker_until == before and time.monotonic() < give_up_at:
            time.sleep(0.02)
    assert row_of(desk, number).worker_until > before


def test_what_fails_is_tried_again_after_longer_and_longer_and_then_a_person_is_alarmed_once(desk, world):
    number, hers = running(desk), running(desk, DANIEL)
    world.fails = True
    pauses = []
    for tried in range(1, desk.settings.worker_tries + 2):
        jobs.carry_out(desk, number)
        row = row_of(desk, number)
        pauses.append((row.next_try_at - datetime.now(UTC)).total_seconds())
        assert (row.state, row.attempts) == (RequestState.RUNNING, tried)
        assert number not in fulfilment.waiting_for_a_worker(desk)
        assert alarms(desk) == ([number] if tried >= desk.settings.worker_tries else [])
        set_row(desk, number, next_try_at=None)
    assert all(later > 1.5 * earlier for earlier, later in pairwise(pauses))
    world.fails = False
    jobs.carry_out(desk, number)
    assert row_of(desk, number).state == RequestState.FULFILLED
    assert [step for of, step in world.done if of == number] == ["one", "two", "three"]
    with desk.reading() as session:
        (alarm,) = session.scalars(select(Case).where(Case.kind == "alarm"))
        ended = session.scalars(select(AuditEntry).where(AuditEntry.event == "case_closed")).one()
    assert (alarm.state, alarm.closed_at) == ("closed", desk.clock.now()), "nobody has to look any more"
    assert (ended.reference, ended.actor) == (alarm.number, "worker")
    assert row_of(desk, hers).attempts == 0


def test_a_mail_that_did_not_arrive_waits_for_a_person_also_when_its_request_is_done(desk, world):
    number, other, waiting = running(desk), running(desk, DANIEL), running(desk, "1003")
    set_row(desk, waiting, state=RequestState.ON_HOLD, hold_reason="legal")
    with desk.transaction() as session:
        for each, what in [(number, Alarm.LATE), (number, Alarm.MAIL), (other, Alarm.LATE), (waiting, Alarm.LATE)]:
            outcome.alarm(session, desk, desk.clock.now(), session.get_one(PrivacyRequest, each), what)
    for each in (number, other):
        jobs.carry_out(desk, each)
        assert row_of(desk, each).state == RequestState.FULFILLED
    with desk.reading() as session:
        cases = {case.request_number: case for case in session.scalars(select(Case).where(Case.kind == "alarm"))}
        closed = [each.reference for each in session.scalars(select(AuditEntry)) if each.event == "case_closed"]
    assert [(each, cases[each].state, cases[each].statement) for each in (number, waiting)] == [
        (number, "waiting", Alarm.MAIL), (waiting, "waiting", Alarm.LATE),
    ]  # fmt: skip
    assert closed == [cases[other].number]
    with desk.transaction() as session:
        looked_after(session, desk.clock.now(), number, "staff:1")
    with desk.reading() as session:
        assert session.get_one(Case, cases[number].number).state == "closed"
