"""Whoever acts in whichever order: one owner, a silent bot while a person owns, nothing lost, nothing twice."""

import os
import random

import pytest
from sqlalchemy import event

from tests import handoff_walk
from tests.handoff_walk import Broken, Walk

# The suite walks a few hundred times; HANDOFF_WALKS=10000 walks as often as you like.
WALKS = int(os.environ.get("HANDOFF_WALKS", "300"))
STEPS = 14


@pytest.fixture
def quick_desk(own_desk):
    """A real SQLite desk that does not wait for the disk: what is tested is the order of things."""
    desk = own_desk()
    event.listen(desk.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    return desk


def test_random_interleavings_never_lose_repeat_or_mix_up_who_answers(quick_desk):
    for seed in range(WALKS):
        Walk(quick_desk, random.Random(seed)).run(STEPS)


@pytest.mark.parametrize("planted", [handoff_walk.LATE_REPLY, handoff_walk.BLIND_HAND_BACK, handoff_walk.FRESH_KEY])
def test_a_fault_that_is_planted_is_found(quick_desk, planted):
    with pytest.raises(Broken):
        for seed in range(WALKS):
            Walk(quick_desk, random.Random(seed), planted).run(STEPS)
