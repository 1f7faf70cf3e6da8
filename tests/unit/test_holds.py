"""Holds: a legal matter keeps everybody's data that it needs, as long as it lasts and whenever it begins again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import NotFound
from bot.privacy import holds
from bot.store.desk_tables import AuditEntry, Hold
from bot.vocabulary import HoldKind
from tests.unit.conftest import NOON

AMELIA, DANIEL, MATTER = "1001", "1002", "matter 17"


def hold(desk, subject, reference=MATTER, kind=HoldKind.LEGAL, until=None):
    with desk.transaction() as session:
        holds.place(session, NOON, subject, kind, until, reference, "counsel")


def release(desk, reference=MATTER):
    with desk.transaction() as session:
        holds.release(session, NOON, reference, "counsel")


def is_held(desk, subject, kind=HoldKind.LEGAL):
    with desk.reading() as session:
        return holds.is_held(session, NOON, subject, kind)


def test_the_same_hold_is_placed_once(desk):
    hold(desk, AMELIA)
    hold(desk, AMELIA)
    with desk.reading() as session:
        assert len(session.scalars(select(Hold)).all()) == 1
    assert not is_held(desk, DANIEL)


def test_a_matter_that_begins_again_holds_again(desk):
    hold(desk, AMELIA)
    release(desk)
    assert not is_held(desk, AMELIA)
    hold(desk, AMELIA)
    assert is_held(desk, AMELIA)


def test_a_matter_about_two_people_ends_for_both_and_leaves_other_matters_alone(desk):
    hold(desk, AMELIA)
    hold(desk, DANIEL)
    hold(desk, DANIEL, "matter 18")
    release(desk)
    assert not is_held(desk, AMELIA) and is_held(desk, DANIEL)
    release(desk, "matter 18")
    assert not is_held(desk, DANIEL)
    with desk.reading() as session:
        assert [e.event for e in session.scalars(select(AuditEntry))].count("hold_released") == 3


def test_only_a_legal_hold_is_released_by_a_person(desk):
    hold(desk, AMELIA, "PR-2026-000001", HoldKind.CONTACT_CHANGED, NOON + timedelta(hours=72))
    with pytest.raises(NotFound):
        release(desk, "PR-2026-000001")
    assert is_held(desk, AMELIA, HoldKind.CONTACT_CHANGED)
