"""Fifteen days: who is taken to have accepted a new version of the policy, and who never is."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, text, update

from bot.demo.shop_schema import shop_metadata
from bot.errors import GuardianNeeded
from bot.privacy import handoff_ownership, handoff_talk, restriction
from bot.privacy.handoff_ownership import Agent
from bot.store.desk_tables import GuardianConsent, Mail, PolicyEntry, PolicyNotice
from bot.store.shop import ShopStore
from bot.vocabulary import GuardianState, PolicyAct, RestrictionReason
from tests.unit import policy_desks as people
from tests.unit.policy_desks import DAY, IN_FORCE, SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = "2026-01-15"
ADULT, OTHER, MINOR = "2020", "2021", "1003"


@pytest.fixture
def desk(settings, tmp_path, seeded_shop, empty_desk):
    """A desk whose second version is published; nobody has been told yet."""
    from tests import rights

    opened = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    quiet(opened)
    people.publish_second(opened)
    yield opened
    rights.close(opened)


def quiet(desk):
    """Nobody has used the shop of late, but for the signs a test makes."""
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET last_login_at = '2026-11-01 00:00:00'"))


def deemed(desk):
    return {entry.subject for entry in people.ledger(desk, act=PolicyAct.DEEMED)}


def test_silence_and_use_are_written_down_as_a_deemed_acceptance_after_day_15_and_never_as_consent(desk):
    people.tell(desk)
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, ADULT)
    for days in range(15):
        people.at(desk, IN_FORCE + days * DAY)
        assert people.deem(desk) == 0, days
    people.at(desk, IN_FORCE + 15 * DAY)
    assert people.deem(desk) == 0, "the policy says more than 15 days"
    people.at(desk, IN_FORCE + 15 * DAY + timedelta(seconds=1))
    assert people.deem(desk) == 1
    entry = people.ledger(desk, subject=ADULT)[0]
    assert (entry.act, entry.reductions, entry.version) == ("deemed_acceptance", False, SECOND)
    assert (entry.delivered_at, entry.starts_at, entry.used_at) == (START, IN_FORCE, IN_FORCE + DAY)
    assert people.deem(desk) == 0, "once"
    with desk.reading() as session:
        from bot.store.desk_tables import ConsentEntry

        assert session.scalar(select(func.count()).select_from(ConsentEntry)) == 0
    assert people.bound(desk, OTHER)["security"] == OLD, "a bystander who did nothing"


def test_the_window_begins_with_delivery_where_that_came_after_the_day_of_effect(desk):
    from bot.privacy.policy_notices import tell_everybody

    tell_everybody(desk)
    late = IN_FORCE + 5 * DAY
    people.at(desk, late)
    people.tell(desk)
    assert people.notice(desk, ADULT).starts_at == late
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 16 * DAY)
    assert people.deem(desk) == 0
    people.at(desk, late + 15 * DAY + timedelta(seconds=1))
    people.deem(desk)
    assert deemed(desk) == {ADULT}


def test_without_delivery_no_window_ever_begins(desk):
    from bot.privacy.policy_notices import tell_everybody

    while tell_everybody(desk):
        with desk.transaction() as session:
            session.execute(update(Mail).values(refused_at=desk.clock.now()))
    tell_everybody(desk)
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 400 * DAY)
    assert people.deem(desk) == 0
    own = people.notice(desk, ADULT)
    assert own.refused_at == START and own.delivered_at is None


def test_nobody_is_deemed_to_accept_without_any_use_after_effect(desk):
    people.tell(desk)
    people.writes(desk, ADULT)  # before the day of effect
    people.at(desk, IN_FORCE + 100 * DAY)
    assert people.deem(desk) == 0


def test_what_the_staff_says_in_somebodys_chat_is_no_use_of_theirs(desk):
    people.tell(desk)
    talk, wrote = people.writes(desk, ADULT, "I want to talk to a person")  # before the day of effect
    people.at(desk, IN_FORCE + 2 * DAY)
    people.writes(desk, OTHER)
    agent = Agent("staff:1", "Mia")
    with desk.transaction() as session:
        handoff_ownership.take(session, desk, talk, agent)
        handoff_talk.say(session, desk, talk, agent, "How can I help you?", "key")
        handoff_ownership.hand_back(session, desk, talk, agent, int(wrote))
    people.at(desk, IN_FORCE + 400 * DAY)
    people.deem(desk)
    assert deemed(desk) == {OTHER}
    assert people.notice(desk, ADULT).used_at is None and people.bound(desk, ADULT)["security"] == OLD
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 402 * DAY)
    people.deem(desk)
    assert deemed(desk) == {ADULT, OTHER}, "their own word is"


def test_activity_that_the_shop_reports_is_use(desk):
    people.tell(desk)
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET last_login_at = '2026-12-12 09:00:00' WHERE id = 2020"))
    people.at(desk, IN_FORCE + 16 * DAY)
    people.deem(desk)
    assert deemed(desk) == {ADULT}


def test_activity_before_the_day_of_effect_is_no_use_though_the_shops_clock_showed_that_day(desk):
    datamap = replace(desk.datamap, timezone=ZoneInfo("Europe/Berlin"))
    local = replace(desk, datamap=datamap, shop=ShopStore(desk.shop.engine, datamap))
    people.tell(local)
    with desk.shop.engine.begin() as connection:
        for subject, at in ((ADULT, "2026-12-10 01:10:00"), (OTHER, "2026-12-10 00:50:00")):
            connection.execute(text(f"UPDATE customers SET last_login_at = '{at}' WHERE id = {subject}"))
    people.at(desk, IN_FORCE + 17 * DAY)
    people.deem(local)
    assert deemed(desk) == {ADULT}, "in Berlin the day begins an hour before that of UTC"
    assert people.notice(desk, ADULT).used_at == IN_FORCE + timedelta(minutes=10)


def test_who_comes_back_late_has_a_day_to_say_no(desk):
    people.tell(desk)
    people.at(desk, IN_FORCE + 40 * DAY)
    people.deem(desk)
    people.writes(desk, ADULT)
    people.writes(desk, OTHER)
    assert people.deem(desk) == 0
    people.objects(desk, OTHER)
    people.at(desk, IN_FORCE + 41 * DAY)
    people.deem(desk)
    assert deemed(desk) == {ADULT}


def test_an_objection_at_any_time_keeps_silence_from_counting(desk):
    people.tell(desk)
    people.objects(desk, ADULT)  # before the day of effect
    people.at(desk, IN_FORCE + 15 * DAY)
    people.writes(desk, OTHER)
    people.objects(desk, OTHER)  # on the last day
    people.at(desk, IN_FORCE + 60 * DAY)
    assert people.deem(desk) == 0
    assert {entry.act for entry in people.ledger(desk)} == {"objected"}
    assert people.bound(desk, ADULT)["security"] == OLD


def test_a_reduction_is_never_accepted_by_silence(desk):
    people.tell(desk)
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 400 * DAY)
    people.deem(desk)
    own = people.bound(desk, ADULT)
    assert (own["no-access"], own["security"], own["retention"]) == (OLD, SECOND, SECOND)


def test_a_version_that_only_reduces_rights_leads_to_no_deemed_acceptance_at_all(
    settings, tmp_path, seeded_shop, empty_desk
):
    from tests import policies, rights

    desk = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    reduces = {clause: {"mark": "reduces_rights", "says": "Less."} for clause in policies.MARKS}
    people.publish_second(desk, given=people.marks(reduces))
    people.tell(desk)
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, ADULT)
    people.at(desk, IN_FORCE + 400 * DAY)
    assert people.deem(desk) == 0
    assert set(people.bound(desk, ADULT).values()) == {OLD}
    rights.close(desk)


def test_a_minor_is_not_deemed_to_accept_nor_anybody_whose_processing_is_stopped(desk):
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET birth_date = '2010-05-01' WHERE id = 2022"))
    people.tell(desk)
    with desk.transaction() as session:
        restriction.restrict(session, desk, START, ADULT, RestrictionReason.GUARDIAN_MISSING)
        restriction.restrict(session, desk, START, OTHER, RestrictionReason.ERASURE)
    people.at(desk, IN_FORCE + DAY)
    for subject in (ADULT, OTHER, "2022", "2023"):
        people.writes(desk, subject)
    people.at(desk, IN_FORCE + 20 * DAY)
    people.deem(desk)
    assert deemed(desk) == {"2023"}


def test_a_minor_with_a_guardians_live_consent_is_like_anybody_else(desk):
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET birth_date = '2010-05-01' WHERE id IN (2022, 2023)"))
    people.tell(desk)
    with desk.transaction() as session:
        session.add(
            GuardianConsent(
                number="GC-2026-000001", subject="2022", state=GuardianState.LIVE, origin="1", email="g@example.com",
                asked_at=START, expires_at=START + 30 * DAY, decided_at=START,
            )
        )  # fmt: skip
    people.at(desk, IN_FORCE + DAY)
    people.writes(desk, "2022")
    people.writes(desk, "2023")
    people.at(desk, IN_FORCE + 20 * DAY)
    people.deem(desk)
    assert deemed(desk) == {"2022"}
    assert people.accepts(desk, "2022").number
    with pytest.raises(GuardianNeeded):
        people.accepts(desk, "2023")


def test_ten_thousand_customers_and_a_clock_that_runs(desk):
    """0 deemed before day 15 after delivery, all objections block, 0 reductions without a yes."""
    began = time.monotonic()
    count = 10_000
    known = shop_metadata.tables["customers"]
    with desk.shop.engine.begin() as connection:
        connection.execute(insert(known), [_customer(10_000 + number) for number in range(count)])
    people.tell(desk)
    everybody = [str(10_000 + number) for number in range(count)]
    with desk.reading() as session:
        assert session.scalar(select(func.count()).select_from(PolicyNotice)) >= count
        told = session.scalar(select(func.count()).select_from(Mail).where(Mail.dedupe_key.like("policy:%")))
        assert told == session.scalar(select(func.count()).select_from(PolicyNotice).where(PolicyNotice.mail_id > 0))
    # Delivered on different days; everybody signs in once after the day of effect.
    late = IN_FORCE + 3 * DAY
    with desk.transaction() as session:
        fourth = update(PolicyNotice).where(PolicyNotice.id % 4 == 1)
        session.execute(fourth.values(mailed_at=late, delivered_at=late, starts_at=late))
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET last_login_at = '2026-12-14 10:00:00' WHERE id >= 10000"))
    objectors = everybody[::97]
    accepters = [each for each in everybody[5::101] if each not in objectors]
    for index, subject in enumerate(objectors):
        people.at(desk, IN_FORCE + (index % 16) * DAY - DAY)
        people.objects(desk, subject)
    for day in range(-1, 16):
        people.at(desk, IN_FORCE + day * DAY)
        people.deem(desk)
        assert not deemed(desk), f"day {day}"
    for subject in accepters:
        people.accepts(desk, subject)
    people.at(desk, IN_FORCE + 15 * DAY + timedelta(minutes=1))
    people.deem(desk)
    first = deemed(desk)
    with desk.reading() as session:
        on_time = set(session.scalars(select(PolicyNotice.subject).where(PolicyNotice.starts_at == IN_FORCE)))
    assert first <= on_time, "nobody whose delivery was later"
    people.at(desk, late + 15 * DAY + timedelta(minutes=1))
    people.deem(desk)
    silent = set(everybody) - set(objectors) - set(accepters)
    assert deemed(desk) & set(everybody) == silent
    assert not deemed(desk) & set(objectors)
    acts = Counter(entry.act for entry in people.ledger(desk, version=SECOND))
    assert acts == {"objected": len(objectors), "accepted": len(accepters), "deemed_acceptance": len(deemed(desk))}
    with desk.reading() as session:
        reduced = select(PolicyEntry.subject).where(PolicyEntry.reductions.is_(True))
        assert set(session.scalars(reduced)) == set(accepters)
    for subject, expected in ((objectors[0], OLD), (accepters[0], SECOND), (sorted(silent)[0], OLD)):
        assert people.bound(desk, subject)["no-access"] == expected
    assert time.monotonic() - began < 60


def _customer(number):
    return {
        "id": number,
        "name": f"Customer {number}",
        "email": f"customer{number}@example.com",
        "password_hash": "x",
        "language": "en",
        "birth_date": datetime(1980, 1, 1, tzinfo=UTC).date(),
        "created_at": datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        "last_login_at": None,
    }
