"""Which text binds whom, clause by clause; a yes, a no, and what is on record of them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.errors import GuardianNeeded, NotFound, NotSignedIn
from bot.privacy import policy_objection
from bot.privacy.deadlines import case_due
from bot.privacy.policy_history import history, is_asked_for
from bot.privacy.policy_question import cite
from bot.privacy.policy_standing import binding
from bot.store import conversations
from bot.store.desk_tables import Case, Mail
from bot.vocabulary import Regime
from tests import policies, rights
from tests.unit import policy_desks as people
from tests.unit.policy_desks import DAY, EFFECTIVE, IN_FORCE, SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD, THIRD = policies.FIRST, "2027-B"
ADULT, OTHER, MINOR = "2020", "2021", "1003"
CHANGED = {"security", "no-access", "minors", "retention"}


@pytest.fixture
def desk(settings, tmp_path, seeded_shop, empty_desk):
    """Everybody was told of the second version."""
    from sqlalchemy import text

    opened = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    people.publish_second(opened)
    people.tell(opened)
    with opened.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET last_login_at = NULL"))
    yield opened
    rights.close(opened)


def third(desk):
    """A third version that changes `security` once more, takes effect and is told."""
    path = policies.second(desk.policies.folder, EFFECTIVE + 60 * DAY, THIRD)
    path.write_text(path.read_text(encoding="utf-8").replace("encrypting all data", "encrypting each datum"))
    people.at(desk, IN_FORCE + 40 * DAY)
    people.publish_second(desk, THIRD, people.marks({"security": {"mark": "neutral", "says": "Other words."}}))
    people.tell(desk)
    people.at(desk, IN_FORCE + 60 * DAY + timedelta(hours=1))
    people.tell(desk)


def test_before_a_yes_and_before_the_day_of_effect_the_old_text_binds(desk):
    assert set(people.bound(desk, ADULT).values()) == {OLD}
    people.accepts(desk, ADULT)
    assert set(people.bound(desk, ADULT).values()) == {OLD}, "not before the day of effect"
    people.at(desk, IN_FORCE)
    assert set(people.bound(desk, ADULT).values()) == {SECOND}
    assert set(people.bound(desk, OTHER).values()) == {OLD}, "who said nothing keeps the old text"
    assert set(people.bound(desk, None).values()) == {SECOND}, "somebody unknown reads what is in force"


def test_before_the_first_version_took_effect_nothing_binds_and_that_is_said(desk):
    with desk.reading() as session, pytest.raises(NotFound, match="in force yet"):
        binding(session, desk, datetime(2020, 1, 1, tzinfo=UTC), ADULT)


def test_a_yes_without_reductions_keeps_the_old_text_there(desk):
    receipt = people.accepts(desk, ADULT, reductions=False)
    people.at(desk, IN_FORCE)
    own = people.bound(desk, ADULT)
    assert {name for name, version in own.items() if version == OLD} == {"no-access"}
    assert receipt.kept == ("What you cannot see or correct",)
    assert any("Old text kept" in line for line in receipt.lines)


def test_the_newest_word_counts(desk):
    people.at(desk, IN_FORCE + DAY)
    people.accepts(desk, ADULT)
    people.objects(desk, ADULT)
    assert set(people.bound(desk, ADULT).values()) == {OLD}
    people.accepts(desk, ADULT)
    assert set(people.bound(desk, ADULT).values()) == {SECOND}
    assert [entry.act for entry in people.ledger(desk, subject=ADULT)] == ["accepted", "objected", "accepted"]


def test_whoever_joins_after_a_version_took_effect_is_bound_by_it_from_the_start(desk):
    people.at(desk, IN_FORCE + timedelta(minutes=1))
    people.tell(desk)  # the last pass
    assert set(people.bound(desk, "99999").values()) == {SECOND}
    assert set(people.bound(desk, OTHER).values()) == {OLD}


def test_whoever_joins_before_that_is_told_in_a_later_pass(desk):
    from sqlalchemy import insert

    from bot.demo.shop_schema import shop_metadata
    from tests.unit.test_policy_window import _customer

    with desk.shop.engine.begin() as connection:
        connection.execute(insert(shop_metadata.tables["customers"]), [_customer(5), _customer(50_000)])
    people.at(desk, START + timedelta(hours=7))
    people.tell(desk)
    assert people.notice(desk, "5").delivered_at and people.notice(desk, "50000").delivered_at


def test_a_reduction_that_was_not_agreed_to_stays_away_through_later_versions(desk):
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 20 * DAY)
    people.deem(desk)
    third(desk)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 90 * DAY)
    people.deem(desk)
    own = people.bound(desk, ADULT)
    assert (own["no-access"], own["security"], own["retention"]) == (OLD, THIRD, THIRD)
    with desk.reading() as session:
        offered = policy_objection.offer(session, desk, desk.clock.now(), ADULT)
    assert [change.clause for change in offered.differences] == ["no-access"] == sorted(offered.reducing)
    people.accepts(desk, ADULT, version=THIRD)
    assert set(people.bound(desk, ADULT).values()) == {THIRD}


def test_silence_reaches_only_from_a_text_that_bound_to_the_next_one(desk):
    people.objects(desk, ADULT)
    third(desk)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 90 * DAY)
    people.deem(desk)
    own = people.bound(desk, ADULT)
    assert {own[name] for name in CHANGED if name in own} == {OLD}, "the second version was refused"
    assert "retention" not in own


def test_quotations_are_exact_slices_of_the_version_that_binds(desk):
    people.accepts(desk, ADULT, reductions=False)
    people.at(desk, IN_FORCE)
    with desk.reading() as session:
        own = binding(session, desk, desk.clock.now(), ADULT)
    quoted = cite(own, desk.policies, ["no-access", "security", f"no-access@{SECOND}", "introduction", "nothing"])
    assert [(each.clause, each.version) for each in quoted] == [
        ("no-access", OLD), ("security", SECOND), ("no-access", SECOND)
    ]  # fmt: skip
    for each in quoted:
        content = (desk.policies.folder / f"{each.version}.md").read_text(encoding="utf-8")
        assert content[each.start : each.end] == each.quote


def test_a_no_is_recorded_in_ledger_case_and_record_and_twice_the_same_message_is_once(desk):
    made = people.objects(desk, ADULT)
    talk, origin = people.writes(desk, OTHER)
    for _ in range(2):
        with desk.transaction() as session:
            chat = conversations.conversation(session, talk)
            policy_objection.object_to_update(session, desk, desk.clock.now(), chat, origin, "o@example.com", "No.")
    assert made.versions == (SECOND,)
    entries = people.ledger(desk, act="objected")
    assert next((entry.subject, entry.reference) for entry in entries) == (ADULT, made.case.number)
    assert len(entries) == 2 and people.notice(desk, ADULT).state == "objected"
    with desk.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 2
    assert people.notice(desk, "2022").state == "open", "a bystander's window"


def test_an_objection_of_somebody_unknown_or_without_a_new_version_is_taken_as_a_case(desk, chat, own_desk):
    with desk.transaction() as session:
        desk.settings.regime = Regime.CN
        talk, _ = conversations.open_session(session, None, START, START + DAY)
        made = policy_objection.object_to_update(
            session, desk, START, conversations.conversation(session, talk), "m1", None, "No."
        )
    assert made.versions == () and made.case.number
    assert made.case.due_at == case_due(Regime.CN, START, desk.settings) < START + 25 * DAY
    assert people.ledger(desk) == []


def test_a_yes_needs_a_known_adult_who_was_shown_what_changes(desk):
    talk, origin = people.writes(desk, ADULT)
    with desk.transaction() as session, pytest.raises(NotFound):
        chat = conversations.conversation(session, talk)
        policy_objection.accept(session, desk, START, chat, SECOND, True, origin)
    with desk.transaction() as session, pytest.raises(NotFound):
        chat = conversations.conversation(session, talk)
        policy_objection.accept(session, desk, START, chat, OLD, True, origin)
    with desk.transaction() as session, pytest.raises(NotSignedIn):
        anonymous, _ = conversations.open_session(session, None, START, START + DAY)
        policy_objection.accept(session, desk, START, conversations.conversation(session, anonymous), SECOND, True, "m")
    with pytest.raises(GuardianNeeded):
        people.accepts(desk, MINOR)
    assert people.ledger(desk) == []


def test_a_yes_has_a_receipt_by_mail_and_counts_once(desk):
    receipt = people.accepts(desk, ADULT, origin="77")
    again = people.accepts(desk, ADULT, origin="77")
    assert receipt == again and len(people.ledger(desk)) == 1
    with desk.reading() as session:
        mail = session.scalars(select(Mail).where(Mail.dedupe_key == f"policy-yes:{receipt.number}")).one()
    assert receipt.number in mail.subject_line and "All changes accepted" in mail.text


def test_what_is_on_record_calls_silence_by_its_name(desk):
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 20 * DAY)
    people.deem(desk)
    people.accepts(desk, OTHER)
    with desk.reading() as session:
        now = desk.clock.now()
        silent = "\n".join(history(session, desk, now, ADULT, binding(session, desk, now, ADULT)))
        said = "\n".join(history(session, desk, now, OTHER, binding(session, desk, now, OTHER)))
        nothing = "\n".join(history(session, desk, now, "2022", binding(session, desk, now, "2022")))
    assert "deemed acceptance on 30 December 2026" in silent and "This is no consent" in silent
    assert "Older text kept for: What you cannot see or correct." in silent
    assert "you said yes on 30 December 2026 (PA-2026-000001)" in said and "kept" not in said
    assert "You have agreed to nothing so far." in nothing


@pytest.mark.parametrize(
    ("words", "own"),
    [
        ("What did I agree to, and when?", True),
        ("have i ever accepted the current terms", True),
        ("which version applies to me right now", True),
        ("What is new in the policy?", False),
        ("Which paragraphs were rewritten?", False),
    ],
)
def test_a_question_about_the_own_agreement_is_told_from_one_about_the_text(words, own):
    assert is_asked_for(words) is own


def test_the_ledger_is_in_the_copy_and_stays_without_the_person_after_a_deletion(desk):
    from tests.rights import ask, finish, verify

    people.at(desk, IN_FORCE + DAY)
    people.accepts(desk, ADULT)
    people.accepts(desk, OTHER)
    from bot.store.package.desk_data import desk_sources

    tables = {source.name: [row for batch in source.columns() for row in zip(*batch, strict=True)]
              for source in desk_sources(desk, ADULT)}  # fmt: skip
    assert len(tables["desk-policy"]) == 1 and SECOND in tables["desk-policy"][0]
    assert len(tables["desk-policy-notices"]) == 1
    talk, _ = people.writes(desk, ADULT)
    request = ask(desk, talk, rights.RequestKind.ERASURE)
    verify(desk, talk, request.number)
    finish(desk, request.number)
    assert people.notice(desk, ADULT) is None and people.ledger(desk, subject=ADULT) == []
    kept = people.ledger(desk, act="accepted")
    assert len(kept) == 2 and {entry.subject for entry in kept} > {OTHER}
    assert next(entry for entry in kept if entry.subject != OTHER).subject.startswith("erased-")
    people.at(desk, IN_FORCE + 30 * DAY)
    people.tell(desk)
    assert people.notice(desk, ADULT) is None
    assert set(people.bound(desk, OTHER).values()) == {SECOND}, "the bystander's yes stands"


def test_nobody_whose_deletion_waits_is_told(desk, settings):
    from bot.privacy import restriction
    from bot.vocabulary import RestrictionReason

    third_day = START + 3 * DAY
    with desk.transaction() as session:
        restriction.restrict(session, desk, third_day, ADULT, RestrictionReason.ERASURE, "PR-2026-000001")
    third(desk)
    assert people.notice(desk, ADULT, THIRD) is None and people.notice(desk, OTHER, THIRD) is not None
