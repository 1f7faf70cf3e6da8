"""Whatever guardians, young people, staff and time do, in any order: no minor's data is used without consent."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from bot.clocks import FixedClock
from bot.config import Settings
from bot.errors import Conflict, DeskError, NotFound
from bot.privacy import guardian_consent_page, guardian_consent_review, guardian_consent_standing
from bot.privacy.guardian_consent_of_age import own_word
from bot.privacy.guardian_consent_states import DECIDED, NEXT, OPEN, move
from bot.privacy.guardian_consent_watch import look_after_guardians, look_for_minors
from bot.store import conversations
from bot.store.attachments import CleanFile
from bot.store.desk_tables import GuardianConsent
from bot.store.file_checks import MediaType
from bot.vocabulary import GuardianState
from tests import rights
from tests.guardians import FATHER, MAYA, MOTHER, Guardian, allowed, asked, link
from tests.unit.conftest import NOON, open_chat

WHO = st.sampled_from([MOTHER, FATHER])
PAPER = CleanFile("form.pdf", MediaType.PDF, b"%PDF-")


class Family(RuleBasedStateMachine):
    """A young person, two parents, the shop's staff and the worker.

    `said` is the last word of each parent as a bystander would tell it; the desk's own rows are not asked.
    """

    seeded_shop: Path
    empty_desk: Path

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        settings = Settings(
            _env_file=None, encryption_keys=Fernet.generate_key().decode(), audit_key="a" * 40, signing_key="5e" * 32,
            engine_secret="e" * 40, shop_jwt_secret="s" * 40, webhook_secret="w" * 40, codes_per_day=100,
        )  # fmt: skip
        self.clock = FixedClock(NOON)
        folder = Path(self.folder.name)
        self.desk = rights.open_own_desk(settings, self.clock, folder, self.seeded_shop, self.empty_desk)
        self.chat = open_chat(self.desk, MAYA)
        self.said: dict[str, str] = {}
        self.asked: set[str] = set()
        self.in_review: set[str] = set()
        self.of_age = False
        self.aside: set[str] = set()
        self.erased = 0

    def teardown(self):
        rights.close(self.desk)
        self.folder.cleanup()

    def at_page(self, who):
        """A guardian who has typed the code; None where no link of theirs serves."""
        try:
            guardian = Guardian(self.desk, who)
            guardian.prove()
        except (DeskError, StopIteration):
            return None
        return guardian

    @rule(who=WHO)
    def ask(self, who):
        try:
            asked(self.desk, self.chat, who)
        except DeskError:
            return
        self.asked.add(who)
        self.in_review.discard(who)

    @rule(who=WHO)
    def agree(self, who):
        guardian = self.at_page(who)
        if guardian is None:
            return
        try:
            guardian.agree()
        except DeskError:
            return
        assert who in self.asked, "nobody agrees who was not asked"
        self.said[who] = "yes"
        self.aside.discard(who)
        self.asked.discard(who)

    @rule(who=WHO)
    def agree_without_the_code(self, who):
        try:
            guardian = Guardian(self.desk, who, visit="another browser")
        except StopIteration:
            return
        with pytest.raises(DeskError):
            guardian.agree()

    @rule(who=WHO)
    def refuse(self, who):
        guardian = self.at_page(who)
        if guardian is None:
            return
        try:
            guardian.refuse()
        except DeskError:
            return
        self.said[who] = "no"
        self.aside.discard(who)
        self.asked.discard(who)
        self.in_review.discard(who)

    @rule(who=WHO)
    def withdraw(self, who):
        guardian = self.at_page(who)
        if guardian is None:
            return
        before = guardian.see().row.state
        guardian.withdraw()
        if before == "live":
            self.said[who] = "no"
            self.aside.discard(who)

    @rule(who=WHO)
    def hand_in_a_form(self, who):
        guardian = self.at_page(who)
        if guardian is None:
            return
        try:
            guardian.do(guardian_consent_page.hand_in, PAPER, "Maria Mother", "mother")
        except DeskError:
            return
        self.asked.discard(who)
        self.in_review.add(who)

    def numbers(self, state):
        with self.desk.reading() as session:
            found = session.scalars(select(GuardianConsent).where(GuardianConsent.state == state))
            return {each.email: each.number for each in found}

    @rule(good=st.booleans())
    def review(self, good):
        for who, number in self.numbers(GuardianState.IN_REVIEW).items():
            with self.desk.transaction() as session:
                now = self.clock.now()
                if good:
                    guardian_consent_review.approve_guardian_form(session, self.desk, now, number, "staff:1")
                else:
                    guardian_consent_review.refuse_guardian_form(
                        session, self.desk, now, number, "not_signed", "staff:1"
                    )
            self.in_review.discard(who)
            if good:
                self.said[who] = "yes"
                self.aside.discard(who)
            else:
                self.asked.add(who)

    @rule(who=WHO)
    def erase(self, who):
        guardian = self.at_page(who)
        if guardian is None:
            return
        guardian.erase()
        self.asked.discard(who)
        self.in_review.discard(who)
        if who in self.said:
            # A yes ends with the data of who gave it. Nobody knows any more whose word it was: it counts for itself.
            del self.said[who]
            self.erased += 1
            self.said[f"erased {self.erased}"] = "no"
            self.aside |= {f"erased {self.erased}"} if who in self.aside else set()
            self.aside.discard(who)

    @rule(stands=st.booleans())
    def settle(self, stands):
        words = {who: word for who, word in self.said.items() if who not in self.aside}
        disputed = {"yes", "no"} <= set(words.values()) and not self.of_age
        with self.desk.transaction() as session:
            try:
                guardian_consent_review.settle_dispute(
                    session, self.desk, self.clock.now(), MAYA, "staff:1", consent_stands=stands
                )
            except NotFound:
                return
        if not disputed:
            return
        for who, word in words.items():
            if stands and word == "no":
                self.aside.add(who)
            elif not stands and word == "yes":
                self.said[who] = "no"

    @rule(days=st.sampled_from([1, 7, 21, 31]))
    def time_passes(self, days):
        self.clock.advance(timedelta(days=days))
        self.look()

    @precondition(lambda self: not self.of_age)
    @rule()
    def turns_18(self):
        self.clock.advance(timedelta(days=560))
        self.of_age = True
        self.look()

    @rule()
    def look(self):
        self.of_age = self.of_age or self.clock.now() >= NOON.replace(year=2028, month=5, day=24)
        look_after_guardians(self.desk)
        look_for_minors(self.desk)
        if self.of_age:
            self.said.clear()
            self.aside.clear()

    @rule(yes=st.booleans())
    def own_answer(self, yes):
        with self.desk.transaction() as session:
            chat = conversations.conversation(session, self.chat)
            try:
                own_word(session, self.desk, self.clock.now(), chat, yes=yes)
            except NotFound:
                return

    @invariant()
    def no_minors_data_is_used_without_consent(self):
        answer = allowed(self.desk)
        if self.clock.now() >= NOON.replace(year=2028, month=5, day=24):
            return
        words = [word for who, word in self.said.items() if who not in self.aside]
        agreed = bool(words) and set(words) == {"yes"}
        assert answer.minor and bool(answer.allowed) <= agreed, (self.said, answer)
        assert bool(answer.allowed) == agreed, (self.said, self.aside, answer)
        assert answer.guardian_missing == (not agreed) == answer.restricted

    @invariant()
    def nobody_else_is_touched(self):
        assert not allowed(self.desk, "1001").restricted


@pytest.fixture
def family(seeded_shop, empty_desk):
    return type("FamilyHere", (Family,), {"seeded_shop": seeded_shop, "empty_desk": empty_desk})


def run(family, examples, steps):
    """Without shrinking: a step costs several transactions, and the failing run is told as it was."""
    run_state_machine_as_test(
        family,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


def test_no_minors_data_is_used_without_consent_whatever_happens_in_whatever_order(family):
    run(family, examples=8, steps=25)


def test_the_machine_finds_a_desk_that_forgets_a_withdrawal(family, monkeypatch):
    def any_yes(session, subject):
        rows = session.scalars(select(GuardianConsent).where(GuardianConsent.subject == subject))
        return [GuardianState.LIVE for each in rows if each.artefact]

    class Agreed(family):
        """Begins with a yes, so that every walk has something to take back."""

        @initialize(who=WHO)
        def a_guardian_agrees(self, who):
            self.ask(who)
            self.agree(who)

    monkeypatch.setattr(guardian_consent_standing, "newest_words", any_yes)
    with pytest.raises(AssertionError):
        run(Agreed, examples=60, steps=20)


def test_nothing_goes_where_the_table_does_not_lead(desk):
    for source in GuardianState:
        for to in set(GuardianState) - NEXT[source]:
            with desk.transaction() as session, pytest.raises(ValueError, match="goes from"):
                move(session, "GC-2026-000001", [source], to)
    assert not OPEN & DECIDED and {state for state in GuardianState if not NEXT[state]} >= {"withdrawn", "refused"}


def test_of_two_who_decide_at_once_one_wins(own_desk):
    desk = own_desk()
    number = asked(desk, open_chat(desk, MAYA)).number
    with desk.transaction() as session:
        assert move(session, number, [GuardianState.INVITED], GuardianState.REFUSED, decided_at=NOON)
        assert not move(session, number, [GuardianState.INVITED], GuardianState.LIVE, decided_at=NOON)
    with pytest.raises(Conflict):
        guardian = Guardian(desk, token=link(desk))
        guardian.prove()
        guardian.agree()
