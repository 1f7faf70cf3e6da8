"""Databases are opened so that many at once wait for each other, and never for ever."""

import socket
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from unittest import mock

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.store.engine import for_reading, make_engine

DRIVERS = {"postgresql": "psycopg.connect", "mysql": "pymysql.connect", "mariadb": "pymysql.connect"}


def connected_with(url, driver):
    """What a driver is given to connect with."""
    with mock.patch(driver, side_effect=OSError) as connect, pytest.raises(OSError):
        make_engine(url).connect()
    return connect.call_args.kwargs


def test_whoever_holds_the_write_lock_can_read_beside_it_however_many_wait(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'busy.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        connection.execute(text("INSERT INTO counted VALUES (0)"))

    def count(_turn):
        with engine.begin() as writing, for_reading(engine).connect() as reading:
            reading.execute(text("SELECT n FROM counted"))
            writing.execute(text("UPDATE counted SET n = n + 1"))

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(count, range(120)))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT n FROM counted")) == 120
    engine.dispose()


@pytest.mark.parametrize("scheme", [*DRIVERS, "postgresql+psycopg", "mysql+pymysql", "mariadb+pymysql"])
def test_a_server_that_does_not_answer_is_waited_for_a_few_seconds(scheme):
    driver = DRIVERS[scheme.partition("+")[0]]
    assert connected_with(f"{scheme}://reader@db.example.com/shop", driver)["connect_timeout"] == 5


@pytest.mark.parametrize("scheme", DRIVERS)
def test_a_shop_that_gives_its_server_longer_is_followed(scheme):
    given = connected_with(f"{scheme}://reader@db.example.com/shop?connect_timeout=20", DRIVERS[scheme])
    assert int(given["connect_timeout"]) == 20


def test_a_server_that_takes_a_connection_and_then_says_nothing_holds_nobody_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = monotonic()
        with pytest.raises(OperationalError):
            make_engine(f"postgresql://reader@127.0.0.1:{silent.getsockname()[1]}/shop").connect()
    assert monotonic() - began < 15
