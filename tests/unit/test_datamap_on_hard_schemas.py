"""The check on schemas that are hard: halves of keys, no keys, circles, types nobody knows, questions left open."""

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from bot.errors import SetupError
from bot.store.datamap import check, load
from bot.store.datamap.reflecting import reflect
from bot.store.erasing import freeze, residue
from bot.store.shop import ShopStore
from tests.shop_rows import all_rows, erase

HEAD = """
format: 1
{subject}
keep_reasons:
  tax: {{basis: Law, until: later, years: 6}}
categories:
  all: {{class: personal_center, title: All, purpose: All., recipients: [], retention: R, source: You,
      legal_basis: Law}}
tables:
{tables}
"""
PEOPLE = "subject: {table: people, key: id, email: mail}"


def engine_of(*statements: str) -> Engine:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    return engine


def table(name: str, columns: str, more: str = "", erase: str = "delete") -> str:
    return f"  {name}: {{category: all, show: no, erase: {erase}, {more}columns: {{{columns}}}}}\n"


def problems(tmp_path: Path, engine: Engine, tables: str, subject: str = PEOPLE) -> list[str]:
    return check(loaded(tmp_path, tables, subject), reflect(engine))


def loaded(tmp_path: Path, tables: str, subject: str = PEOPLE):
    path = tmp_path / "map.yml"
    path.write_text(HEAD.format(subject=subject, tables=tables), encoding="utf-8")
    return load(path)


BELONGS = "belongs: [{through: people, keys: {person_id: id}}], "


def test_what_is_left_to_decide_keeps_the_desk_from_starting(tmp_path: Path) -> None:
    engine = engine_of("CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT)")
    asked = table("people", "id: , mail: {decide: 'Whose address is it?'}", "decide: 'Is this the table?', ")
    found = problems(tmp_path, engine, asked)
    assert [line.split(": to be decided: ")[0] for line in found] == ["people", "people.mail"]
    assert "Whose address is it?" in found[1]


def test_a_question_on_a_category_or_a_reason_is_not_overlooked(tmp_path: Path) -> None:
    engine = engine_of("CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT)")
    path = tmp_path / "map.yml"
    text = HEAD.format(subject=PEOPLE, tables=table("people", "id: , mail: "))
    text = text.replace("{basis: Law,", "{decide: 'How many years?', basis: Law,")
    text = text.replace("{class: personal", "{decide: 'Right words?', class: personal")
    path.write_text(text, encoding="utf-8")
    assert [line.split(":")[0] for line in check(load(path), reflect(engine))] == ["keep_reasons.tax", "categories.all"]


def test_one_id_that_several_rows_may_hold_names_nobody(tmp_path: Path) -> None:
    engine = engine_of("CREATE TABLE people (shop INTEGER, id INTEGER, mail TEXT, PRIMARY KEY (shop, id))")
    tables = table("people", "shop: , id: , mail: ")
    (found,) = problems(tmp_path, engine, tables)
    assert found.startswith("subject: one `id` may stand in several rows of `people`")
    fixed = "subject: {table: people, key: id, email: mail, when: {shop: 1}}"
    assert problems(tmp_path, engine, tables, fixed) == []


def test_a_person_of_one_shop_is_not_taken_for_the_same_number_of_another(tmp_path: Path) -> None:
    engine = engine_of(
        "CREATE TABLE people (shop INTEGER, id INTEGER, mail TEXT, PRIMARY KEY (shop, id))",
        "CREATE TABLE things (n INTEGER PRIMARY KEY, shop INTEGER, person_id INTEGER)",
        "INSERT INTO people VALUES (1, 7, 'a@example.com'), (2, 7, 'b@example.com'), (2, 8, 'c@example.com')",
        "INSERT INTO things VALUES (1, 1, 7), (2, 2, 7), (3, 2, 8)",
    )
    fixed = "subject: {table: people, key: id, email: mail, when: {shop: 1}}"
    whole = "belongs: [{through: people, keys: {shop: shop, person_id: id}}], "
    half = table("people", "shop: , id: , mail: ") + table("things", "n: , shop: , person_id: ", BELONGS)
    (found,) = problems(tmp_path, engine, half, fixed)
    assert found.startswith("things: leads to `people` by `id` alone") and "add shop" in found
    shop = ShopStore(engine, loaded(tmp_path, half.replace(BELONGS, whole), fixed))
    assert check(shop.datamap, shop.metadata) == []
    assert shop.customer("7")["mail"] == "a@example.com"
    assert shop.customer("8") is None
    assert [row["n"] for row in shop.rows_of("7", "things")] == [1]


def test_a_table_without_a_key_may_only_be_deleted_whole(tmp_path: Path) -> None:
    engine = engine_of(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT)", "CREATE TABLE log (person_id INTEGER, t TEXT)"
    )
    people = table("people", "id: , mail: ")
    assert problems(tmp_path, engine, people + table("log", "person_id: , t: ", BELONGS)) == []
    (found,) = problems(tmp_path, engine, people + table("log", "person_id: , t: ", BELONGS, "nullify"))
    assert found.startswith("log: has no primary key, so its rows cannot be changed one by one")


def test_a_unique_constraint_serves_as_the_key_of_a_table_without_one() -> None:
    engine = engine_of("CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER UNIQUE, UNIQUE (a, b))")
    assert [column.name for column in reflect(engine).tables["t"].primary_key.columns] == ["a", "b"]


def test_two_tables_that_point_at_each_other_are_legal_when_one_may_let_go(tmp_path: Path) -> None:
    statements = (
        "CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT, home_id INTEGER {} REFERENCES homes (id))",
        "CREATE TABLE homes (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES people (id))",
    )
    tables = table("people", "id: , mail: , home_id: ") + table("homes", "id: , person_id: ", BELONGS)
    assert problems(tmp_path, engine_of(statements[0].format(""), statements[1]), tables) == []
    (found,) = problems(tmp_path, engine_of(statements[0].format("NOT NULL"), statements[1]), tables)
    assert found.startswith("homes.person_id: `homes` and `people` point at each other")


def test_types_nobody_knows_hide_no_column(tmp_path: Path) -> None:
    engine = engine_of(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT, place GEOMETRY, words TSVECTOR, more JSON)"
    )
    found = problems(tmp_path, engine, table("people", "id: , mail: "))
    assert [line.split(":")[0] for line in found] == ["people.place", "people.words", "people.more"]
    listed = table("people", "id: , mail: , place: , words: , more: {label: More, show: plain}", "overview: [more], ")
    (one,) = problems(tmp_path, engine, listed)
    assert one.startswith("people.more: in `overview`, but its values cannot be listed")


@pytest.mark.parametrize(("rule", "kind", "sentence"), [
    ("pseudonymise", "JSON NOT NULL", "no made-up value fits its type"),
    ("pseudonymise", "DATE NOT NULL", "no made-up value fits its type"),
    ("generalise year", "REAL", "to be cut to a year but holds no date"),
    ("nullify", "TEXT NOT NULL", "the database demands a value"),
    ("nullify", "TEXT GENERATED ALWAYS AS (lower(mail)) STORED", "worked out by the database"),
])  # fmt: skip
def test_what_the_database_would_refuse_is_said_before(rule: str, kind: str, sentence: str, tmp_path: Path) -> None:
    engine = engine_of(f"CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT, odd {kind})")
    (found,) = problems(
        tmp_path, engine, table("people", "mail: , odd: {erase: " + rule + "}", "technical: [id], ", "nullify")
    )
    assert found.startswith("people.odd: ") and sentence in found


@pytest.mark.parametrize(("kind", "sentence"), [
    ("VARCHAR(1)", "is no date, no number and no yes or no, so nothing tells which of its values means `confirmed`"),
    ("BLOB", "is no date, no number and no yes or no"),
    ("DATETIME NOT NULL", "is a date that must be there (NOT NULL), so it cannot say `not confirmed`"),
    ("BOOLEAN GENERATED ALWAYS AS (mail IS NOT NULL) STORED", "is worked out by the database"),
])  # fmt: skip
def test_a_column_that_cannot_say_both_is_not_taken_for_a_confirmed_address(
    kind: str, sentence: str, tmp_path: Path
) -> None:
    engine = engine_of(f"CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT, sure {kind})")
    subject = PEOPLE.replace("mail}", "mail, email_confirmed: sure}")
    (found,) = problems(tmp_path, engine, table("people", "id: , mail: , sure: "), subject)
    assert found.startswith(f"subject: `sure` under `email_confirmed` {sentence}")
    assert found.endswith("; name a date that may be empty or a column of yes and no, or leave `email_confirmed` out")


@pytest.mark.parametrize(
    "kind", ["DATETIME", "DATE", "BOOLEAN NOT NULL", "BOOLEAN", "INTEGER NOT NULL", "SMALLINT", "NUMERIC(1)"]
)
def test_a_date_that_may_be_empty_and_a_yes_or_no_tell_that_an_address_is_confirmed(kind: str, tmp_path: Path) -> None:
    engine = engine_of(f"CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT, sure {kind})")
    subject = PEOPLE.replace("mail}", "mail, email_confirmed: sure}")
    assert problems(tmp_path, engine, table("people", "id: , mail: , sure: "), subject) == []


def test_views_need_no_place_on_the_map(tmp_path: Path) -> None:
    engine = engine_of(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT)", "CREATE VIEW seen AS SELECT * FROM people"
    )
    assert problems(tmp_path, engine, table("people", "id: , mail: ")) == []


def test_a_foreign_key_to_a_table_that_is_gone_does_not_stop_the_reading() -> None:
    engine = engine_of("CREATE TABLE people (id INTEGER PRIMARY KEY, group_id INTEGER REFERENCES gone (id))")
    people = reflect(engine).tables["people"]
    assert people.c.keys() == ["id", "group_id"]
    assert people.foreign_key_constraints == set()
    assert people.c.group_id.foreign_keys == set()


def test_a_key_of_bytes_is_written_as_hexadecimal_digits(tmp_path: Path) -> None:
    engine = engine_of("CREATE TABLE people (id BLOB PRIMARY KEY NOT NULL, mail TEXT)",
                       "CREATE TABLE things (n INTEGER PRIMARY KEY, person_id BLOB)",
                       "INSERT INTO people VALUES (x'00ff', 'a@example.com'), (x'00fe', 'b@example.com')",
                       "INSERT INTO things VALUES (1, x'00ff'), (2, x'00fe')")  # fmt: skip
    tables = table("people", "id: , mail: ") + table("things", "n: , person_id: ", BELONGS)
    shop = ShopStore(engine, loaded(tmp_path, tables))
    assert [row["n"] for row in shop.rows_of("00ff", "things")] == [1]
    assert shop.customer("00FF") is None
    assert shop.customer("xyz") is None


def test_rows_under_a_card_of_19_digits_are_their_owners(tmp_path: Path) -> None:
    card = 2**63 - 1
    engine = engine_of("CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT, card BIGINT UNIQUE)",
                       "CREATE TABLE points (n INTEGER PRIMARY KEY, card BIGINT, sum INTEGER)",
                       f"INSERT INTO people VALUES (1, 'a@example.com', {card}), (2, 'b@example.com', {card - 1})",
                       f"INSERT INTO points VALUES (1, {card}, 5), (2, {card - 1}, 6)")  # fmt: skip
    through = "belongs: [{through: people, keys: {card: card}}], "
    tables = table("people", "id: , mail: , card: ") + table("points", "n: , card: , sum: ", through)
    shop = ShopStore(engine, loaded(tmp_path, tables))
    assert {each.table.name: each.count for each in shop.holdings("1")} == {"people": 1, "points": 1}
    assert [row["sum"] for row in shop.rows_of("1", "points")] == [5]
    snapshot, today = freeze(shop, "1"), date(2026, 11, 23)
    erase(shop, snapshot, today)
    assert residue(shop, snapshot, "everything", "delete", today) == []
    assert list(all_rows(engine, shop.metadata)["points"]) == [(2,)]


def test_the_people_cannot_be_declared_free_of_people(tmp_path: Path) -> None:
    engine = engine_of("CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT)")
    found = problems(tmp_path, engine, "  people: {not_personal: No., columns: [id, mail]}\n")
    assert found[0].startswith("subject: `people` is declared `not_personal`")


def test_a_question_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="decide"):
        loaded(tmp_path, table("people", "id: , mail: {decide: ''}"))
