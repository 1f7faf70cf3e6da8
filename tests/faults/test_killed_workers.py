"""A worker killed at every commit of every right: the next one brings it to the same end, and nothing happens twice."""

import os
import re
import shutil
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from bot import mailing
from bot.clocks import FixedClock
from bot.store.desk_tables import AuditEntry, Certificate, ConsentEntry, Mail, PrivacyRequest, RequestStep
from bot.store.engine import for_reading, make_engine
from bot.vocabulary import RequestKind, RequestState
from tests import rights
from tests.unit.conftest import (  # noqa: F401
    clock,
    empty_desk,
    open_chat,
    own_desk,
    seeded_shop,
    settings,
)

PRIYA = "1005"
_PSEUDONYM = re.compile(r"[0-9a-z]{24,}")
ENDS = ("before", "after")
STRIDE = int(os.environ.get("EVERY_NTH_COMMIT", "9"))
"""The rights share their steps, so each case begins elsewhere and takes every ninth commit; 1 takes all of them."""

CASES = {
    "a copy": (RequestKind.EXPORT, {}, 1),
    "everything deleted": (RequestKind.ERASURE, {"scope": "everything", "mode": "delete"}, 1),
    "recorded data deleted": (RequestKind.ERASURE, {"scope": "recorded", "mode": "delete"}, 3),
    "everything made anonymous": (RequestKind.ANONYMISATION, {"scope": "everything", "mode": "anonymise"}, 5),
    "account cancelled": (RequestKind.CANCEL_ACCOUNT, {"scope": "everything", "mode": "delete"}, 7),
}


def rows_of_shop(desk):
    """Every row of the shop, by table; pseudonyms, which differ by their nature, are told by their form."""
    with desk.shop.engine.connect() as connection:
        return {
            name: sorted(_PSEUDONYM.sub("pseudonym", repr(row)) for row in connection.execute(select(table)).all())
            for name, table in desk.shop.metadata.tables.items()
        }


def scanned_before_done(desk, number):
    """Whether a request that says done has its scan in the ledger."""
    with desk.reading() as session:
        done = session.get_one(PrivacyRequest, number).state == RequestState.FULFILLED
        steps = set(session.scalars(select(RequestStep.step).where(RequestStep.request_number == number)))
    return not done or "scan" in steps or "offer" in steps


def counted(desk, number):
    """What must not happen twice."""
    with desk.reading() as session:
        events = [e.event for e in session.scalars(select(AuditEntry)) if e.reference == number and e.actor == "worker"]
        return {
            "events": sorted(events),
            "mails": session.scalar(select(func.count()).select_from(Mail)),
            "certificates": session.scalar(select(func.count()).select_from(Certificate)),
            "choices": session.scalar(select(func.count()).select_from(ConsentEntry)),
        }


def ready(desk, kind, details):
    """Asked for and verified, and the days of cooling off over."""
    chat = open_chat(desk, PRIYA)
    number = rights.ask(desk, chat, kind, details).number
    rights.verify(desk, chat, number)
    mailing.send_waiting_mails(desk, mailing.Mailer(desk))
    desk.clock.advance(timedelta(days=8))
    return number


@pytest.mark.parametrize("case", CASES)
def test_a_worker_killed_at_any_commit_loses_and_doubles_nothing(own_desk, tmp_path, case):  # noqa: F811
    kind, details, first = CASES[case]
    begun = own_desk()
    number = ready(begun, kind, details)
    copies = Copies(begun, tmp_path / "copies")
    undisturbed = copies.another()
    rights.work(undisturbed)
    assert rights.state_of(undisturbed, number).state is RequestState.FULFILLED
    expected_rows, expected_counts = rows_of_shop(undisturbed), counted(undisturbed, number)
    for commit in count(first, STRIDE):
        deaths = sum(die_once(copies, number, commit, when, expected_rows, expected_counts) for when in ENDS)
        if not deaths:
            break
    assert commit > 3


def die_once(copies, number, commit, when, expected_rows, expected_counts):
    """One worker dies there, the next one takes over; returns whether there was such a commit."""
    desk, where = copies.another(), f"commit {commit}, {when}"
    with rights.killed_at_commit(commit, when, desk.engine, desk.shop.engine) as died, suppress(rights.Killed):
        rights.work(desk)
    if died():
        assert scanned_before_done(desk, number), where
        rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED, where
    assert rows_of_shop(desk) == expected_rows, where
    assert counted(desk, number) == expected_counts, where
    rights.close(desk)
    return died()


class Copies:
    """Copies of a desk as it stood, each to be worked on once; the shop's schema is not read anew."""

    def __init__(self, desk, folder):
        rights.close(desk)
        self._desk, self._folder, self._made = desk, folder, 0

    def another(self):
        self._made += 1
        home = self._folder / str(self._made % 2)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._desk.settings.desk_home, home)
        urls = {f"{name}_database_url": f"sqlite:///{home / name}.sqlite3" for name in ("desk", "shop", "tracker")}
        shop = copy(self._desk.shop)
        shop.engine = make_engine(urls["shop_database_url"])
        shop._reads = for_reading(shop.engine)
        return replace(
            self._desk,
            settings=self._desk.settings.model_copy(update={"desk_home": home, **urls}),
            engine=make_engine(urls["desk_database_url"]),
            clock=FixedClock(self._desk.clock.now()),
            shop=shop,
        )
