"""A desk on fresh embedded databases, with a clock that stands still."""

import shutil
import sqlite3
from contextlib import closing
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event

from bot.bootstrap import migrate, open_desk
from bot.clocks import FixedClock
from bot.config import PROJECT, Settings
from bot.demo.seed import seed
from bot.store import conversations
from bot.store.datamap import load
from bot.store.desk import Desk
from bot.store.desk_tables import Message, Turn
from bot.store.engine import for_reading, make_engine
from bot.store.shop import ShopStore
from bot.vocabulary import Author
from tests.databases import postgresql_server

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def seeded_shop(tmp_path_factory):
    """A demo shop made once; tests copy it."""
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    seed(engine, date(2026, 11, 23))
    engine.dispose()
    return path


@pytest.fixture
def settings(tmp_path, seeded_shop, monkeypatch):
    """Settings that know nothing of this machine's .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return Settings(
        _env_file=None,
        desk_home=tmp_path,
        shop_database_url=f"sqlite:///{seeded_shop}",
        encryption_keys=Fernet.generate_key().decode(),
        engine_secret="e" * 40,
        shop_jwt_secret="s" * 40,
        audit_key="a" * 40,
        signing_key="5e" * 32,
        internal_api_key="i" * 40,
        webhook_secret="w" * 40,
    )


@pytest.fixture
def clock():
    """Noon of a Monday."""
    return FixedClock(NOON)


@pytest.fixture
def desk(settings, clock, empty_desk) -> Desk:
    """A desk ready to be used."""
    shutil.copy(empty_desk, settings.desk_home / "desk.sqlite3")
    opened = replace(open_desk(settings), clock=clock)
    yield opened
    opened.engine.dispose()
    opened.shop.engine.dispose()


@pytest.fixture(scope="session")
def fresh_postgresql(tmp_path_factory):
    """Makes an empty database on a PostgreSQL server of these tests' own, and gives its URL."""
    with postgresql_server(tmp_path_factory.mktemp("pg")) as made:
        yield made


@pytest.fixture
def postgresql_desk(settings, clock, fresh_postgresql) -> Desk:
    """The same desk with its own database on PostgreSQL."""
    settings.desk_database_url = fresh_postgresql()
    migrate(settings)
    opened = replace(open_desk(settings), clock=clock)
    yield opened
    opened.engine.dispose()
    opened.shop.engine.dispose()


@pytest.fixture
def chat(desk):
    """Opens conversations: `chat("1001")` for a customer, `chat(None)` for somebody unknown."""

    def opened(subject):
        with desk.transaction() as session:
            conversation_id, _ = conversations.open_session(session, subject, NOON, NOON + timedelta(hours=1))
        return conversation_id

    return opened


@pytest.fixture
def engine(tmp_path):
    """A demo shop of the test's own, to be changed at will."""
    made = make_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    seed(made, date(2026, 11, 23))
    yield made
    made.dispose()


@pytest.fixture
def shop(engine):
    """That shop as the desk sees it."""
    return ShopStore(engine, load(PROJECT / "data" / "datamap.yml"))


@pytest.fixture(scope="session")
def empty_desk(tmp_path_factory):
    """A desk database in shape, made once; tests copy it."""
    path = tmp_path_factory.mktemp("desk") / "desk.sqlite3"
    migrate(Settings(_env_file=None, desk_home=path.parent, desk_database_url=f"sqlite:///{path}"))
    return path


@pytest.fixture
def own_desk(settings, clock, tmp_path, seeded_shop, empty_desk):
    """A desk with a shop of its own that a test may change; call it for one more."""
    from tests import rights

    opened = []

    def fresh() -> Desk:
        folder = tmp_path / f"desk-{len(opened)}"
        opened.append(rights.open_own_desk(settings, FixedClock(NOON), folder, seeded_shop, empty_desk))
        return opened[-1]

    yield fresh
    for desk in opened:
        rights.close(desk)


def open_chat(desk, subject):
    """A conversation of a customer."""
    with desk.transaction() as session:
        return conversations.open_session(session, subject, NOON, NOON + timedelta(hours=1))[0]


def spoken(session, conversation_id, now, text, card=None, **turn) -> Message:
    """What somebody said or pressed, with the turn it began, as the web keeps both."""
    row = Turn(conversation_id=conversation_id, idempotency_key=uuid4().hex, body_hash="-", created_at=now, **turn)
    session.add(row)
    session.flush()
    message = Message(
        conversation_id=conversation_id, turn_id=row.id, author=Author.USER, text=text, citations=[], choices=[],
        card=card, created_at=now,
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message


def without_shop(desk) -> Desk:
    """The same desk while the shop's database does not answer."""
    away = copy(desk.shop)
    away.engine = make_engine(f"sqlite:///{desk.settings.desk_home / 'no such folder' / 'shop.sqlite3'}")
    away._reads = for_reading(away.engine)
    return replace(desk, shop=away)


def others_can_write(desk) -> list[bool]:
    """A list that says, from now on and for each question to the shop, whether others could write to the desk then."""
    could = []

    def try_it(*_):
        with closing(sqlite3.connect(desk.settings.desk_home / "desk.sqlite3", timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                could.append(False)
            else:
                could.append(True)

    event.listen(desk.shop.engine, "before_cursor_execute", try_it)
    return could
