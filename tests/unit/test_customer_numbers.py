"""Customer numbers that are no whole numbers: whoever writes one, and however, the desk keeps one person as one."""

from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from typer.testing import CliRunner

from bot.bootstrap import open_desk
from bot.cli import requests as requests_cli
from bot.errors import SetupError
from bot.privacy import customer_card, fulfilment
from bot.privacy.guardian_consent_watch import look_for_minors
from bot.privacy.restriction import processing
from bot.store import customers
from bot.store.datamap import load
from bot.store.desk_tables import AuditEntry, Conversation, Hold, Minor, Restriction
from bot.store.engine import make_engine
from bot.store.ownership import cast_key, written_key
from bot.store.shop import ShopStore
from bot.vocabulary import RequestKind, RequestState
from bot.web.sessions import Sessions
from tests import rights
from tests.unit.conftest import open_chat
from tests.unit.test_shop_tokens import signed

ANN, KIM = UUID("6f1e2d3c-aaaa-4bbb-8ccc-1234567890ab"), UUID("00ff2d3c-aaaa-4bbb-8ccc-1234567890ab")
MAP = """format: 1
subject: {table: people, key: id, name: name, email: mail, birth_date: born}
keep_reasons: {}
categories:
  profile: {class: personal_center, title: Profile, purpose: P, recipients: [], retention: R, source: S, legal_basis: L}
purposes: {}
tables:
  people:
    category: profile
    show: plain
    erase: delete
    noun: [person, people]
    columns: {id: Number, name: Name, mail: Mail, born: Born}
"""


@pytest.fixture
def desk_of(own_desk, tmp_path):
    """Makes a desk whose shop keeps its customers under keys of a type; Ann is grown up, Kim is twelve."""
    engine = make_engine(f"sqlite:///{tmp_path / 'people.sqlite3'}")
    (tmp_path / "map.yml").write_text(MAP, encoding="utf-8")

    def made(column, ann, kim, type_=None):
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"CREATE TABLE people (id {column} PRIMARY KEY NOT NULL, name TEXT, mail TEXT, born DATE)"
            )
            people = [
                (ann, "Ann One", "ann@example.com", "1980-01-01"),
                (kim, "Kim Two", "kim@example.com", "2014-05-01"),
            ]
            for row in people:
                connection.exec_driver_sql("INSERT INTO people VALUES (?, ?, ?, ?)", row)
        shop = ShopStore(engine, load(tmp_path / "map.yml"))
        if type_ is not None:  # SQLite has no such type to be read from the schema
            shop.metadata.tables["people"].c.id.type = type_
        return replace(own_desk(), shop=shop, datamap=shop.datamap)

    yield made
    engine.dispose()


def everything(desk, table):
    with desk.reading() as session:
        return list(session.scalars(sa.select(table)))


@pytest.mark.parametrize(
    ("kind", "key", "written"),
    [(sa.Uuid(), ANN, str(ANN)), (sa.LargeBinary(), ANN.bytes, ANN.hex), (sa.Integer(), 7, "7"),
     (sa.Numeric(10, 2), sa.Numeric(10, 2).python_type("7.00"), "7"), (sa.String(), "Ann", "Ann")],
)  # fmt: skip
def test_a_key_is_written_in_the_one_way_in_which_it_is_read(kind, key, written):
    assert written_key(key) == written
    assert cast_key(written, sa.Column("id", kind)) == key


@pytest.mark.parametrize(
    ("kind", "numbers", "nobodys"),
    [
        (sa.BigInteger(), (2**63 - 1, -(2**63), 1745732312345678849), (2**63, -(2**63) - 1, 10**19, 10**20)),
        (mysql.BIGINT(unsigned=True), (0, 2**63, 2**64 - 1), (-1, 2**64, 10**20)),
    ],
    ids=str,
)
def test_every_whole_number_that_a_column_holds_may_be_a_key_and_no_other(kind, numbers, nobodys):
    column = sa.Column("id", kind)
    assert [cast_key(str(number), column) for number in numbers] == list(numbers)
    assert [cast_key(str(number), column) for number in nobodys] == [None] * len(nobodys)


LONG_ANN, LONG_KIM = 1745732312345678849, 1745732312345678850


def test_a_number_of_19_digits_opens_a_chat_and_leads_to_the_rights_of_its_owner_alone(desk_of):
    desk = desk_of("BIGINT", LONG_ANN, LONG_KIM)
    opened = Sessions(desk).open(f"Bearer {signed(sub=str(LONG_ANN), jti='1')}")
    assert Sessions(desk).conversation(f"Bearer {opened.token}") == (opened.conversation_id, str(LONG_ANN))
    assert look_for_minors(desk) == 1
    assert [each.subject for each in everything(desk, Minor)] == [str(LONG_KIM)]
    pages = [customers.after(desk.shop, last, 1) for last in (None, str(LONG_ANN), str(LONG_KIM))]
    assert [[each.subject for each in page] for page in pages] == [[str(LONG_ANN)], [str(LONG_KIM)], []]
    number = rights.ask(desk, opened.conversation_id, RequestKind.ERASURE).number
    rights.verify(desk, opened.conversation_id, number)
    assert rights.finish(desk, number).state is RequestState.FULFILLED
    assert desk.shop.customer(str(LONG_ANN)) is None
    assert desk.shop.customer(str(LONG_KIM))["mail"] == "kim@example.com"


@pytest.mark.parametrize(("column", "most", "unit"), [("VARCHAR(255)", 64, "signs"), ("BLOB", 32, "bytes")])
def test_a_number_that_the_desk_cannot_keep_is_told_before_it_starts(desk_of, column, most, unit):
    fits, long = ("a" * most, "b" * (most + 1)) if unit == "signs" else (b"a" * most, b"b" * (most + 1))
    shop = desk_of(column, fits, long).shop
    told = f"subject: some `id` of `people` has more than {most} {unit}; name a shorter unique column"
    assert customers.refused(shop) == [told]
    with shop.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM people WHERE name = 'Kim Two'"))
    assert customers.refused(shop) == []


def test_the_desk_does_not_start_while_somebodys_number_is_too_long_for_its_tables(desk_of, settings, tmp_path):
    desk_of("TEXT", "ann", "k" * 65)
    settings.shop_database_url, settings.datamap = f"sqlite:///{tmp_path / 'people.sqlite3'}", tmp_path / "map.yml"
    with pytest.raises(SetupError) as refused:
        open_desk(settings)
    assert "has more than 64 signs" in refused.value.detail and "kkk" not in refused.value.detail


def test_of_an_account_under_a_key_of_bytes_that_the_shop_removed_itself_the_erasure_ends(desk_of):
    desk = desk_of("BLOB", ANN.bytes, KIM.bytes)
    chat = open_chat(desk, ANN.hex)
    number = rights.ask(desk, chat, RequestKind.ERASURE).number
    rights.verify(desk, chat, number)
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM people WHERE name = 'Ann One'"))
    assert rights.finish(desk, number).state is RequestState.PARTLY_FULFILLED
    fulfilment.retry(desk, number, "staff")
    rights.work(desk)
    assert rights.state_of(desk, number).state is RequestState.FULFILLED
    assert [each.id for each in everything(desk, Conversation)] == []
    assert desk.shop.customer(KIM.hex)["mail"] == "kim@example.com"


def test_the_worker_finds_a_minor_under_a_key_of_bytes(desk_of):
    desk = desk_of("BLOB", ANN.bytes, KIM.bytes)
    assert look_for_minors(desk) == 1
    assert [each.subject for each in everything(desk, Minor)] == [KIM.hex]
    assert [(each.subject, each.reason) for each in everything(desk, Restriction)] == [(KIM.hex, "guardian_missing")]
    with desk.reading() as session:
        told, adult = processing(session, desk, KIM.hex), processing(session, desk, ANN.hex)
    assert (told.minor, told.restricted) == (True, True)
    assert (adult.minor, adult.restricted) == (False, False)


@pytest.fixture
def desk(desk_of):
    return desk_of("CHAR(32)", ANN.hex, KIM.hex, sa.Uuid())


def test_a_token_in_capitals_opens_a_chat_of_the_same_person(desk):
    sessions = Sessions(desk)
    for number, subject in enumerate((str(KIM), str(KIM).upper())):
        opened = sessions.open(f"Bearer {signed(sub=subject, jti=str(number))}")
        assert sessions.conversation(f"Bearer {opened.token}") == (opened.conversation_id, str(KIM))
    assert [each.subject for each in everything(desk, Minor)] == [str(KIM)]
    assert [each.subject for each in everything(desk, Restriction)] == [str(KIM)]


def test_a_legal_hold_placed_in_capitals_keeps_the_persons_data_and_nobody_elses(desk, monkeypatch):
    chats = [open_chat(desk, str(key)) for key in (ANN, KIM)]
    hers, his = (rights.ask(desk, chat, RequestKind.ERASURE).number for chat in chats)
    monkeypatch.setattr(requests_cli, "open_desk", lambda: desk)
    words = ["hold", str(ANN).upper(), "--reference", "matter 17", "--by", "counsel"]
    assert CliRunner().invoke(requests_cli.app, words).exit_code == 0
    assert [each.subject for each in everything(desk, Hold)] == [str(ANN)]
    for chat, number in zip(chats, (hers, his), strict=True):
        rights.verify(desk, chat, number)
    assert rights.finish(desk, his).state is RequestState.FULFILLED
    assert rights.state_of(desk, hers).state is RequestState.ON_HOLD
    assert desk.shop.customer(str(KIM)) is None
    assert desk.shop.customer(str(ANN))["mail"] == "ann@example.com"


def test_a_customers_card_opened_in_capitals_is_that_of_the_person_as_the_desk_knows_them(desk):
    with desk.transaction() as session:
        for typed in (str(ANN), str(ANN).upper()):
            assert customer_card.note_look(session, desk, desk.clock.now(), typed, "staff:1") == str(ANN)
    looks = [each.subject for each in everything(desk, AuditEntry) if each.event == "customer_card_opened"]
    assert len(looks) == 2 and len(set(looks)) == 1
