"""A desk of an earlier version is brought into shape with everything it holds."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from cryptography.fernet import Fernet

from bot.bootstrap import migrate
from bot.config import PROJECT
from bot.store.desk_tables import Base
from bot.store.encryption import use_keys
from bot.store.engine import make_engine

AT = "2026-11-01 12:00:00"


def first_version(settings):
    """A desk database as version 0001 left it, with a conversation, a request, mail and record in it."""
    engine = make_engine(settings.desk_database_url)
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "bot" / "store" / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for line in (
            f"INSERT INTO conversations VALUES ('c1', '1001', 'bot', NULL, NULL, NULL, '{AT}')",
            f"INSERT INTO turns VALUES (1, 'c1', 'k', 'h', 'done', NULL, '{AT}')",
            f"INSERT INTO messages VALUES (1, 'c1', 1, 'user', 't', NULL, 'x', 'x', NULL, '{AT}')",
            f"INSERT INTO mails VALUES (1, 'd', 'r', 's', 't', '{AT}', NULL, 0, NULL)",
            "INSERT INTO privacy_requests (number, kind, state, conversation_id, subject, origin, received_at, due_at)"
            f" VALUES ('PR-2026-000001', 'export', 'received', 'c1', '1001', '1', '{AT}', '{AT}')",
            f"INSERT INTO audit VALUES (1, '{AT}', 'session_opened', 'c1', NULL)",
        ):
            connection.exec_driver_sql(line)
    engine.dispose()


def test_what_was_typed_before_is_taken_apart_and_put_together_again(settings):
    use_keys(settings.encryption_keys)
    first_version(settings)
    typed = {2: ("user", "write to q-canary@example.com"), 3: ("user", "hello"), 4: ("bot", "PR-2026-000001")}
    engine = make_engine(settings.desk_database_url)

    def texts():
        with engine.connect() as connection:
            columns = Base.metadata.tables["messages"].c
            rows = connection.execute(sa.select(columns.id, columns.text).where(columns.id > 1))
            return {number: (typed[number][0], words) for number, words in rows}

    with engine.begin() as connection:
        for number, (author, words) in typed.items():
            token = Fernet(settings.encryption_keys).encrypt(words.encode()).decode()
            values = f"({number}, 'c1', 1, '{author}', '{token}', NULL, '{token}', '{token}', NULL, '{AT}')"
            connection.exec_driver_sql(f"INSERT INTO messages VALUES {values}")
    migrate(settings)
    assert texts() == typed | {2: ("user", "write to ‹email›")}
    with engine.connect() as connection:
        hidden = Base.metadata.tables["messages"].c.hidden
        assert connection.scalars(sa.select(hidden).where(hidden.is_not(None))).all() == [["q-canary@example.com"]]
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "bot" / "store" / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0012")
    assert texts() == typed
    engine.dispose()


def test_a_talk_at_the_help_desk_keeps_whether_it_has_its_first_line(settings):
    use_keys(settings.encryption_keys)
    first_version(settings)
    engine = make_engine(settings.desk_database_url)
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "bot" / "store" / "migrations"))
    told = {"c1": 0, "c2": 7, "c3": -7}

    def moved(move, version, columns):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            move(config, version)
            return {
                row[0]: tuple(row[1:]) for row in connection.exec_driver_sql(f"SELECT {columns} FROM helpdesk_links")
            }

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["masked"] = None
        connection.exec_driver_sql("DELETE FROM messages")
        command.upgrade(config, "0013")
        of_chat = "(id, owner, ownership, engine_ownership, created_at)"
        of_link = "(conversation_id, name_of, handoff_id, told, attempts)"
        for chat in ("c2", "c3"):
            connection.exec_driver_sql(f"INSERT INTO conversations {of_chat} VALUES ('{chat}', 'bot', 0, 0, '{AT}')")
        for chat, number in told.items():
            connection.exec_driver_sql(f"INSERT INTO helpdesk_links {of_link} VALUES ('{chat}', 'n', 1, {number}, 0)")
    columns = "conversation_id, told, introduced"
    assert moved(command.upgrade, "0014", columns) == {"c1": (0, 0), "c2": (7, 1), "c3": (7, 0)}
    assert moved(command.downgrade, "0013", "conversation_id, told") == {chat: (each,) for chat, each in told.items()}
    engine.dispose()


def test_an_earlier_desk_keeps_everything_and_becomes_the_declared_shape(settings):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    use_keys(settings.encryption_keys)
    first_version(settings)
    migrate(settings)
    engine = make_engine(settings.desk_database_url)
    with engine.connect() as connection:
        for table in ("conversations", "turns", "messages", "mails", "privacy_requests", "audit"):
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 1, table
        assert connection.execute(sa.text("SELECT regime, attempts FROM privacy_requests")).one() == ("policy", 0)
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()


def test_a_number_of_a_deleted_row_is_never_given_out_again(settings):
    migrate(settings)
    engine = make_engine(settings.desk_database_url)
    wanted = {table.name for table in Base.metadata.tables.values() if table.dialect_kwargs.get("sqlite_autoincrement")}
    with engine.begin() as connection:
        made = {
            name
            for name, sql in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            if "AUTOINCREMENT" in sql
        }
        assert made == wanted >= {"messages", "turns", "mails", "verification_codes"}
        mail = (
            "INSERT INTO mails (dedupe_key, recipient, subject_line, text, created_at, attempts)"
            f" VALUES ('d', 'r', 's', 't', '{AT}', 0)"
        )
        connection.exec_driver_sql(mail)
        connection.exec_driver_sql("DELETE FROM mails")
        connection.exec_driver_sql(mail)
        assert connection.scalar(sa.text("SELECT id FROM mails")) == 2
    engine.dispose()
