"""Mails leave the outbox: once, in order, and again after a failure."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from bot import jobs
from bot.clocks import FixedClock
from bot.errors import SetupError
from bot.store import conversations, outbox
from bot.store.desk_tables import ChatSession, Mail


class Postbox:
    """Keeps what a mail server was handed; refuses when told to."""

    def __init__(self):
        self.taken = []
        self.refuse = False

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0)
        if self.refuse:
            return "451 not now"
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def postbox():
    box = Postbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def post(desk, key="k1", to="amelia.hartley@example.com"):
    with desk.transaction() as session:
        outbox.post(session, desk.clock.now(), to, "case_filed", key, what="your complaint", number="CS-1", due="today")


def mails(desk):
    with desk.reading() as session:
        return session.scalars(select(Mail).order_by(Mail.id)).all()


def test_in_the_demo_a_mail_lands_in_the_inbox_once(desk):
    post(desk)
    mailer = jobs.Mailer(desk)
    assert jobs.send_waiting_mails(desk, mailer) == 1
    assert jobs.send_waiting_mails(desk, mailer) == 0
    assert mails(desk)[0].sent_at is not None


def test_the_same_cause_writes_one_mail(desk):
    post(desk)
    post(desk)
    assert len(mails(desk)) == 1


def test_a_mail_of_work_that_was_rolled_back_was_never_written(desk):
    with pytest.raises(RuntimeError), desk.transaction() as session:
        outbox.post(session, desk.clock.now(), "a@example.com", "case_filed", "k", what="x", number="CS-1", due="y")
        raise RuntimeError
    assert mails(desk) == []


def test_the_subject_line_holds_no_personal_value(desk):
    post(desk)
    assert "amelia" not in mails(desk)[0].subject_line.lower()


def test_a_real_server_gets_the_mail(desk, postbox):
    desk.settings.smtp_url = f"smtp+plain://127.0.0.1:{postbox.port}"
    post(desk)
    assert jobs.send_waiting_mails(desk, jobs.Mailer(desk)) == 1
    assert postbox.taken[0].rcpt_tos == ["amelia.hartley@example.com"]
    assert b"CS-1" in postbox.taken[0].content


def test_a_refused_mail_is_tried_again_later_and_not_lost(desk, postbox, monkeypatch):
    desk.settings.smtp_url = f"smtp+plain://127.0.0.1:{postbox.port}"
    postbox.refuse = True
    clock = FixedClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    monkeypatch.setattr(jobs, "_machine", clock)
    post(desk)
    mailer = jobs.Mailer(desk)
    assert jobs.send_waiting_mails(desk, mailer) == 0
    postbox.refuse = False
    assert jobs.send_waiting_mails(desk, mailer) == 0, "the next try waits its time"
    clock.advance(timedelta(minutes=2))
    assert jobs.send_waiting_mails(desk, mailer) == 1
    assert mails(desk)[0].attempts == 2


def test_a_server_that_is_down_loses_nothing(desk):
    desk.settings.smtp_url = "smtp+plain://127.0.0.1:9"
    post(desk)
    assert jobs.send_waiting_mails(desk, jobs.Mailer(desk)) == 0
    assert mails(desk)[0].sent_at is None


def test_without_a_mail_server_the_worker_does_not_start_outside_the_demo(desk):
    desk.settings.demo = False
    with pytest.raises(SetupError):
        jobs.Mailer(desk)


def test_sessions_whose_time_is_over_are_removed_and_live_ones_stay(desk, monkeypatch):
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with desk.transaction() as session:
        for hours in (-1, 1):
            conversations.open_session(session, None, now, now + timedelta(hours=hours))
    monkeypatch.setattr(jobs, "_machine", FixedClock(now))
    jobs.forget_expired(desk)
    with desk.reading() as session:
        assert [row.expires_at for row in session.scalars(select(ChatSession))] == [now + timedelta(hours=1)]
