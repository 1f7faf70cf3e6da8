"""Whatever people, staff and clocks do to a case: it goes allowed ways, and nobody is left without their due.

A state machine plays at random against the real rooms. Variants with a planted fault must be caught by it, so that its
rules are known to bite.
"""

import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
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
from bot.privacy import case_states, complaint, complaint_answer, complaint_desk, complaint_reply
from bot.privacy.case_states import NEXT, WITH_STAFF
from bot.privacy.complaint_watch import watch_cases
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Case, CaseMessage, Mail, Message
from bot.vocabulary import CaseKind, CaseState
from tests import rights
from tests.unit.conftest import NOON, open_chat

STAFF = ("Kim", "Lou", "Pat")


class Cases(RuleBasedStateMachine):
    """One person's case, a bystander's beside it, and three people at the shop."""

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
        self.chat, other = open_chat(self.desk, "1001"), open_chat(self.desk, "1002")
        self.number, self.bystander = self.files(self.chat, "mine"), self.files(other, "other")
        self.before, self.said, self.settled = CaseState.WAITING, 0, False
        self.untouched = self.row(self.bystander)

    def teardown(self):
        rights.close(self.desk)
        shutil.rmtree(self.folder)

    def files(self, conversation_id, origin):
        with self.desk.transaction() as session:
            chat, due_at = conversations.conversation(session, conversation_id), NOON + timedelta(days=30)
            what = (CaseKind.COMPLAINT, origin, due_at, "someone@example.com", "It was late.")
            return complaint.file_case(session, self.desk.settings, NOON, chat, *what).number

    def row(self, number):
        with self.desk.reading() as session:
            case = session.get_one(Case, number)
            return {column.name: getattr(case, column.name) for column in Case.__table__.columns}

    def tries(self, act, *rest, **more):
        """One act in a transaction of its own; what cannot be done is no news."""
        self.said += 1
        with suppress(DeskError), self.desk.transaction() as session:
            act(session, *rest, **more)

    def person(self, act, *rest):
        def acted(session):
            chat = conversations.conversation(session, self.chat)
            act(session, self.desk, self.desk.clock.now(), chat, self.number, *rest)

        self.tries(acted)

    @rule()
    def replies(self):
        self.person(complaint_reply.reply_to_case, "But why?", f"m{self.said}")

    @rule()
    def opens_again(self):
        self.person(complaint_reply.reopen_case, f"m{self.said}")

    @rule()
    def asks_for_a_second_look(self):
        self.person(complaint_reply.ask_second_look, f"m{self.said}")

    @precondition(lambda self: self.said > 6)
    @rule()
    def says_that_settles_it(self):
        with self.desk.transaction() as session:
            chat = conversations.conversation(session, self.chat)
            complaint_reply.settle_case(session, self.desk.clock.now(), chat, self.number)
        self.settled = True

    @rule(by=st.sampled_from(STAFF))
    def is_answered(self, by):
        now = self.desk.clock.now()
        self.tries(complaint_answer.answer_case, self.desk, now, self.number, by, "We looked.")

    @rule(by=st.sampled_from(STAFF), basis=st.sampled_from(["The tax code", "", " "]))
    def is_refused(self, by, basis):
        now = self.desk.clock.now()
        self.tries(complaint_answer.refuse_case, self.desk, now, self.number, by, "No.", basis, "The authority")

    @rule(by=st.sampled_from(STAFF))
    def is_closed(self, by):
        self.tries(complaint_desk.close, self.desk, self.desk.clock.now(), self.number, by)

    @rule(to=st.sampled_from(STAFF))
    def is_given_to(self, to):
        self.tries(complaint_desk.assign, self.desk.clock.now(), self.number, to, "Pat")

    @rule(days=st.sampled_from([1, 25, 31]))
    def time_passes(self, days):
        self.desk.clock.advance(timedelta(days=days))
        watch_cases(self.desk)

    @invariant()
    def goes_allowed_ways_only(self):
        now = CaseState(self.row(self.number)["state"])
        assert now is self.before or now in NEXT[self.before], f"{self.before} became {now}"
        self.before = now

    @invariant()
    def nobody_is_left_without_their_due(self):
        row, (written, events, mails, told) = self.row(self.number), self.kept()
        decisions = [each for each in written if each.kind in ("answer", "refusal")]
        for each in decisions:
            if each.kind == "refusal":
                assert all(part and part.strip() for part in (each.text, each.basis, each.complain_to)), (
                    "half a refusal"
                )
        if row["state"] in (CaseState.ANSWERED, CaseState.REFUSED):
            assert row["state"] == ("answered" if decisions[-1].kind == "answer" else "refused")
        if row["state"] == CaseState.CLOSED:
            assert decisions or self.settled, "closed without a word"
        assert len(decisions) == len(mails) == len(told), "an answer was not told"
        assert events.count("case_answered") + events.count("case_refused") == len(decisions), "not written down"
        assert events.count("case_reopened") <= 1 and events.count("case_second_look") <= 1
        if row["state"] in WITH_STAFF and row["due_at"] < self.desk.clock.now():
            assert row["alarmed_at"] is not None, "overdue, and nobody knows"

    @invariant()
    def a_second_look_is_taken_by_somebody_else(self):
        written = self.kept()[0]
        for place, each in enumerate(written):
            if each.kind == "second_look":
                before = {one.written_by for one in written[:place] if one.kind in ("answer", "refusal")}
                after = [one.written_by for one in written[place:] if one.kind in ("answer", "refusal")]
                assert not after or after[0] not in before, "looked twice with the same eyes"
        row = self.row(self.number)
        if row["state"] == CaseState.SECOND_LOOK and row["assigned_to"]:
            assert row["assigned_to"] not in {one.written_by for one in written if one.written_by}

    @invariant()
    def the_bystander_is_untouched(self):
        ours = {"due_at", "warned_at", "alarmed_at", "priority"}  # time passes for everybody
        now = self.row(self.bystander)
        assert {k: v for k, v in now.items() if k not in ours} == {
            k: v for k, v in self.untouched.items() if k not in ours
        }

    def kept(self):
        with self.desk.reading() as session:
            written = session.scalars(
                select(CaseMessage).where(CaseMessage.case_number == self.number).order_by(CaseMessage.id)
            ).all()
            events = session.scalars(select(AuditEntry.event).where(AuditEntry.reference == self.number)).all()
            mails = session.scalars(select(Mail.id).where(Mail.dedupe_key.like("case-answer:%"))).all()
            said = select(Message.id).where(Message.response.in_(("utter_case_answered", "utter_case_refused")))
            return written, list(events), mails, session.scalars(said).all()


@pytest.fixture
def machine(empty_desk, seeded_shop):
    return type("Machine", (Cases,), {"template": empty_desk, "shop": seeded_shop})


def play(machine, examples=25):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=16, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.generate],
        ),
    )  # fmt: skip


def test_a_case_goes_allowed_ways_only_and_nobody_is_left_without_their_due(machine):
    play(machine)


def careless_move(session, number, sources, to, *conditions, **values):
    """Forgets to look where the case is, and whether this was done before."""
    session.execute(update(Case).where(Case.number == number).values(state=to, **values))
    session.expire_all()
    return True


def forgetful_move(session, number, sources, to, *conditions, **values):
    """Forgets what may be done once only."""
    return case_states.move(session, number, sources, to, **values)


@contextmanager
def planted(fault):
    if fault == "nobody is alarmed":
        with mock.patch("bot.privacy.complaint_watch.WITH_STAFF", frozenset()):
            yield
        return
    patches = {
        "closing does not look where the case is": (complaint_desk, "move", careless_move),
        "opening again is not counted": (complaint_reply, "move", forgetful_move),
        "anybody takes the second look": (complaint_answer, "refuse_same_person", lambda *_: None),
        "a refusal needs no basis": (complaint_answer, "words", lambda text, _missing: text),
        "the mail of an answer is forgotten": (complaint_answer, "_mail", lambda *_: None),
        "an answer is not written down": (complaint_answer.audit, "record", lambda *_a, **_k: None),
    }
    where, name, instead = patches[fault]
    with mock.patch.object(where, name, instead):
        yield


@pytest.mark.parametrize(
    "fault",
    [
        "closing does not look where the case is",
        "opening again is not counted",
        "anybody takes the second look",
        "a refusal needs no basis",
        "the mail of an answer is forgotten",
        "an answer is not written down",
        "nobody is alarmed",
    ],
)
def test_a_planted_fault_is_found(machine, fault):
    with planted(fault), pytest.raises(BaseException, match=r"."):
        play(machine, examples=60)


def test_no_case_may_be_moved_a_forbidden_way(own_desk):
    desk = own_desk()
    with pytest.raises(ValueError, match="no case goes"), desk.transaction() as session:
        case_states.move(session, "CS-2026-000001", [CaseState.WAITING], CaseState.SECOND_LOOK)
