"""The shop's local times: which moment they mean, so that no yes on the shop's page undoes a later no in the chat."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from bot.config import PROJECT
from bot.demo.seed import seed
from bot.store import consent_records, customers
from bot.store.datamap import load
from bot.store.engine import make_engine
from bot.store.shop import ShopStore
from bot.store.shop_times import in_utc, moment
from bot.vocabulary import ConsentState
from tests.databases import mariadb_server, postgresql_server

AMELIA, DANIEL = "1001", "1002"
GRANTED, WITHDRAWN = ConsentState.GRANTED, ConsentState.WITHDRAWN
BERLIN, HAVANA, TOKYO, NEW_YORK = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/Havana", "Asia/Tokyo", "America/New_York")
)
SUMMER, SECOND_TWO = datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
"""Ten in the morning in Berlin, and half past two there in the night on which two o'clock comes twice."""


@pytest.mark.parametrize(
    ("found", "zone", "first", "last"),
    [
        (datetime(2026, 7, 1, 10), BERLIN, "2026-07-01T08:00", None),
        (datetime(2026, 12, 1, 10), BERLIN, "2026-12-01T09:00", None),
        ("2026-07-01 10:00:00", BERLIN, "2026-07-01T08:00", None),
        ("2026-07-01T10:00:00+09:00", BERLIN, "2026-07-01T01:00", None),
        (datetime(2026, 7, 1, 10, tzinfo=TOKYO), BERLIN, "2026-07-01T01:00", None),
        (date(2026, 7, 1), BERLIN, "2026-06-30T22:00", None),
        (1782892800, BERLIN, "2026-07-01T08:00", None),
        (datetime(2026, 10, 25, 2, 30), BERLIN, "2026-10-25T00:30", "2026-10-25T01:30"),
        (datetime(2026, 3, 29, 2, 30), BERLIN, "2026-03-29T00:30", "2026-03-29T01:30"),
        (date(2026, 11, 1), HAVANA, "2026-11-01T04:00", "2026-11-01T05:00"),
        (datetime(1, 1, 1), TOKYO, "0001-01-01T00:00", None),
        (datetime(9999, 12, 31, 23), NEW_YORK, "9999-12-31T23:00", None),
    ],
)
def test_a_time_without_a_zone_is_read_in_the_shops(found, zone, first, last):
    assert moment(found, zone) == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert moment(found, zone, latest=True) == datetime.fromisoformat(last or first).replace(tzinfo=UTC)


@pytest.mark.parametrize("found", [None, "", "soon", "0000-00-00 00:00:00", b"2026", 1.5])
def test_what_is_no_time_is_no_moment(found):
    assert moment(found, BERLIN) is None


def choices_of(engine, kind, zone=BERLIN):
    """A shop whose table of choices has times of this type; Daniel said yes in it long ago."""
    with engine.begin() as connection:
        columns = "id INTEGER PRIMARY KEY AUTO_INCREMENT, subject INTEGER, purpose VARCHAR(40), state VARCHAR(9)"
        counted = {"sqlite": "", "postgresql": "GENERATED ALWAYS AS IDENTITY"}.get(engine.dialect.name)
        columns = columns if counted is None else columns.replace("AUTO_INCREMENT", counted)
        connection.execute(sa.text("DROP TABLE IF EXISTS optins"))
        connection.execute(sa.text(f"CREATE TABLE optins ({columns}, at {kind})"))
    shop = shop_of(
        engine, zone, table="optins", subject="subject", at="at", channel=None, granted="yes", withdrawn="no"
    )
    say(shop, "yes", "2020-01-01" if kind == "DATE" else "2020-01-01 00:00:00", DANIEL)
    return shop


def shop_of(engine, zone, **records):
    datamap = load(PROJECT / "data" / "datamap.yml")
    return ShopStore(
        engine, replace(datamap, timezone=zone, consent_records=replace(datamap.consent_records, **records))
    )


def say(shop, state, at, subject=AMELIA):
    """The shop's own page writes a choice."""
    with shop.engine.begin() as connection:
        row = {"subject": int(subject), "state": state, "at": at}
        connection.execute(
            sa.text("INSERT INTO optins (subject, purpose, state, at) VALUES (:subject, 'newsletter', :state, :at)"),
            row,
        )


def newest(shop, subject=AMELIA):
    said = consent_records.choices(shop, subject)["newsletter"]
    return said.state, said.at


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("DATETIME", "2026-07-01 10:00:00.000000"),
        ("DATE", "2026-07-01"),
        ("TEXT", "2026-07-01T10:00:00+02:00"),
        ("INTEGER", 1782892800),
    ],
)
def test_a_choice_is_written_as_the_shops_clock_shows_it_and_read_back_as_that_moment(engine, kind, kept):
    shop = choices_of(engine, kind)
    for _ in range(2):
        consent_records.write(shop, AMELIA, "newsletter", WITHDRAWN, SUMMER)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT state, at FROM optins WHERE subject = 1001")).all() == [("no", kept)]
    day = datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert newest(shop) == (WITHDRAWN, day if kind == "DATE" else SUMMER)
    assert newest(shop, DANIEL)[0] is GRANTED


@pytest.mark.parametrize("kind", ["DATETIME", "TEXT"])
def test_in_the_hour_that_comes_twice_a_no_on_the_shops_page_is_never_taken_for_the_older_word(engine, kind):
    shop = choices_of(engine, kind)
    say(shop, "no", "2026-10-25 02:10:00")
    say(shop, "yes", "2026-10-25 02:50:00")
    assert newest(shop) == (WITHDRAWN, datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    say(shop, "yes", "2026-10-25 03:00:00")
    assert newest(shop) == (GRANTED, datetime(2026, 10, 25, 2, tzinfo=UTC))


@pytest.mark.parametrize("kind", ["DATETIME", "TEXT", "INTEGER"])
@pytest.mark.parametrize("at", [SECOND_TWO, SECOND_TWO - timedelta(hours=1)])
def test_a_choice_of_that_hour_is_written_once_and_changed_by_nothing(engine, kind, at):
    shop = choices_of(engine, kind)
    for state in (GRANTED, WITHDRAWN):
        for _ in range(2):
            consent_records.write(shop, AMELIA, "newsletter", state, at)
    with engine.connect() as connection:
        said = connection.scalars(sa.text("SELECT state FROM optins WHERE subject = 1001 ORDER BY id")).all()
    assert said == ["yes", "no"] and newest(shop)[0] is WITHDRAWN


@pytest.mark.parametrize("zone", [TOKYO, NEW_YORK])
def test_a_birth_date_is_the_same_day_in_every_zone_and_a_sign_in_is_not(engine, zone):
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE customers SET last_login_at = '2026-11-01 12:00:00.000000' WHERE id = 1001"))
    here, there = (customers.among(shop_of(engine, each), [AMELIA])[0] for each in (UTC, zone))
    assert here.born == there.born == date(1985, 5, 22)
    assert here.active_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert there.active_at == datetime(2026, 11, 1, 12, tzinfo=zone)


# --- on the databases that shops use


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory):
    """A server that hangs its clock in Delhi."""
    with mariadb_server(tmp_path_factory.mktemp("maria")) as fresh:
        engine = make_engine(fresh())
        with engine.begin() as connection:
            connection.execute(sa.text("SET GLOBAL time_zone = '+05:30'"))
        engine.dispose()
        yield fresh


@pytest.mark.parametrize(("kind", "zone"), [("TIMESTAMP NULL", BERLIN), ("DATETIME", ZoneInfo("Asia/Kolkata"))])
def test_mariadb_keeps_the_moment_of_a_choice_whatever_zone_the_server_is_set_to(mariadb, kind, zone):
    engine = make_engine(mariadb())
    seed(engine, date(2026, 11, 23))
    shop = choices_of(engine, kind, zone)
    for at in (SUMMER, SECOND_TWO):
        consent_records.write(shop, AMELIA, "newsletter", WITHDRAWN, at)
        consent_records.write(shop, AMELIA, "newsletter", WITHDRAWN, at)
        assert newest(shop) == (WITHDRAWN, at)
    with engine.begin() as connection:
        moments = sa.text("SELECT UNIX_TIMESTAMP(at) FROM optins WHERE subject = 1001 ORDER BY id")
        assert connection.scalars(moments).all() == [SUMMER.timestamp(), SECOND_TWO.timestamp()]
        connection.execute(sa.text("SET time_zone = '+05:30'"))
        connection.execute(sa.text("INSERT INTO optins VALUES (NULL, 1001, 'newsletter', 'yes', NOW())"))
    state, at = newest(shop)
    assert state is GRANTED and abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert newest(shop, DANIEL)[0] is GRANTED
    engine.dispose()


def test_the_zone_of_a_session_is_put_back_for_what_the_shops_own_defaults_write(mariadb):
    engine = make_engine(mariadb())
    with engine.connect() as connection:
        own = connection.scalar(sa.text("SELECT @@time_zone"))
        for kind, within in ((mysql.TIMESTAMP(), "+00:00"), (mysql.DATETIME(), own)):
            with pytest.raises(ZeroDivisionError), in_utc(connection, sa.Column("at", kind)):
                assert connection.scalar(sa.text("SELECT @@time_zone")) == within
                raise ZeroDivisionError
        assert connection.scalar(sa.text("SELECT @@time_zone")) == own == "+05:30"
    engine.dispose()


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
def test_postgresql_keeps_the_moment_of_a_choice_with_and_without_a_zone(tmp_path, kind):
    with postgresql_server(tmp_path) as fresh:
        engine = make_engine(f"{fresh()}?options=-cTimeZone%3DEurope/Berlin")
        seed(engine, date(2026, 11, 23))
        shop = choices_of(engine, kind)
        consent_records.write(shop, AMELIA, "newsletter", WITHDRAWN, SUMMER)
        assert newest(shop) == (WITHDRAWN, SUMMER)
        with engine.begin() as connection:
            said = connection.scalar(sa.text("SELECT to_char(at, 'HH24:MI') FROM optins WHERE subject = 1001"))
            connection.execute(
                sa.text("INSERT INTO optins (subject, purpose, state, at) VALUES (1001, 'newsletter', 'yes', now())")
            )
        assert said == "10:00", "as the shop's own programs see it"
        state, at = newest(shop)
        assert state is GRANTED and abs(at - datetime.now(UTC)) < timedelta(minutes=1)
        assert newest(shop, DANIEL)[0] is GRANTED
        engine.dispose()
