"""Databases are opened so that many at once wait for each other, and never for ever."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from bot.store.engine import for_reading, make_engine


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
