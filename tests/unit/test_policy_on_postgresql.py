"""Notices and windows on PostgreSQL, with a database server that is not on UTC and two workers at once."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.bootstrap import migrate, open_desk
from bot.clocks import FixedClock
from bot.store.engine import make_engine
from tests import policies, rights
from tests.unit import policy_desks as people
from tests.unit.policy_desks import DAY, EFFECTIVE, IN_FORCE, SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def desk(fresh_postgresql, settings, tmp_path, seeded_shop):
    url = fresh_postgresql()
    engine = make_engine(url)
    with engine.begin() as connection:
        name = connection.scalar(sa.text("SELECT current_database()"))
        connection.exec_driver_sql(f"ALTER DATABASE \"{name}\" SET timezone = 'America/New_York'")
    engine.dispose()
    folder = policies.folder_with(tmp_path, EFFECTIVE)
    own = settings.model_copy(update={"desk_database_url": url, "policy_folder": folder})
    migrate(own)
    opened = replace(open_desk(own), clock=FixedClock(START))
    people.publish_second(opened)
    yield opened
    rights.close(opened)


def test_two_workers_tell_and_deem_and_one_person_objects_and_nothing_happens_twice(desk):
    def both(work):
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)

    both(lambda: people.tell(desk))
    own = people.notice(desk, "2020")
    assert (own.delivered_at, own.starts_at) == (START, IN_FORCE)
    people.at(desk, IN_FORCE + DAY)
    for subject in ("2020", "2021", "2022"):
        people.writes(desk, subject)
    people.objects(desk, "2021")
    people.at(desk, IN_FORCE + 15 * DAY)
    people.deem(desk)
    assert [entry.act for entry in people.ledger(desk)] == ["objected"]
    people.at(desk, IN_FORCE + 15 * DAY + timedelta(seconds=1))
    both(lambda: people.deem(desk))
    deemed = people.ledger(desk, act="deemed_acceptance")
    subjects = [entry.subject for entry in deemed]
    assert len(subjects) == len(set(subjects)) and {"2020", "2022"} <= set(subjects) and "2021" not in subjects
    own = people.bound(desk, "2020")
    assert (own["security"], own["no-access"]) == (SECOND, policies.FIRST)
