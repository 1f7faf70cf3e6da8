"""Correction: a person's own values, shown before and after, changed once and told to everybody concerned."""

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from bot.config import PROJECT
from bot.demo.seed import seed
from bot.errors import FormInvalid
from bot.privacy.form_cards import check
from bot.privacy.fulfilment import retry
from bot.privacy.rectification import ROOM, propose
from bot.privacy.rectification_form import NUMBER, STATEMENT, correctable, correction_form, named_elsewhere
from bot.privacy.room import Work
from bot.store.correcting import Change, correct, correctable_rows, followers, is_taken, standing
from bot.store.datamap import load
from bot.store.datamap.model import PolicyClass
from bot.store.desk_tables import Dispute, Hold, Mail, PrivacyRequest, WebhookEvent
from bot.store.engine import make_engine
from bot.store.shop import ShopStore
from bot.vocabulary import RequestKind, RequestState
from tests import rights
from tests.databases import mariadb_server, postgresql_server
from tests.unit.conftest import open_chat

AMELIA, DANIEL, MAYA, HELEN = "1001", "1002", "1003", "1006"
NEW = "amelia.new@example.com"
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def shop(seeded_shop, tmp_path):
    """A shop of the test's own, to be changed at will."""
    engine = make_engine(f"sqlite:///{shutil.copy(seeded_shop, tmp_path / 'own-shop.sqlite3')}")
    yield ShopStore(engine, load(PROJECT / "data" / "datamap.yml"))
    engine.dispose()


@pytest.fixture
def desk(desk, shop):
    """The desk on a shop of the test's own, with a service that listens."""
    settings = desk.settings.model_copy(update={"webhook_urls": URL, "webhook_secret": "w" * 32})
    return replace(desk, shop=shop, settings=settings)


def everything(shop, *, but=()):
    """Every row of the shop's database, without those that a test names as (table, key)."""
    with shop.engine.connect() as connection:
        return {
            (name, *(row[column.name] for column in table.primary_key.columns)): tuple(row.values())
            for name, table in shop.metadata.tables.items()
            for row in connection.execute(sa.select(table)).mappings()
            if (name, *(row[column.name] for column in table.primary_key.columns)) not in but
        }


def rows(shop, sql, **values):
    with shop.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(sql), values)]


def change_shop(shop, sql, **values):
    with shop.engine.begin() as connection:
        connection.execute(sa.text(sql), values)


def work_for(desk, proposed, subject=AMELIA, number="PR-2026-000001"):
    return Work(desk, number, RequestKind.RECTIFICATION, subject, None, proposed.as_details(), 0, lambda: None)


def carry_out(desk, proposed, subject=AMELIA, number="PR-2026-000001"):
    """All steps in order; what was left."""
    work = work_for(desk, proposed, subject, number)
    return [line for step in ROOM.steps(work) for line in step.act(work)]


def address_fields(desk, subject, column):
    return [name for name in correctable(desk, subject) if name.startswith(f"addresses.{column}.")]


def sent(desk, table):
    with desk.reading() as session:
        return list(session.scalars(select(table)))


def agree(desk, proposed, chat, subject=AMELIA):
    """The yes, and the code where one is needed: the request as the worker finds it."""
    with desk.transaction() as session:
        now = desk.clock.now()
        request = PrivacyRequest(
            number="PR-2026-000001", kind=RequestKind.RECTIFICATION, state=RequestState.RUNNING, regime="policy",
            conversation_id=chat(subject), subject=subject, origin="1", details=proposed.as_details(),
            received_at=now, due_at=now,
        )  # fmt: skip
        session.add(request)
        session.flush()
        ROOM.agreed(session, desk, now, request)


# ------------------------------------------------------------------------------------------------ the form


def test_the_form_offers_what_the_map_lets_its_owner_correct_and_nothing_else(desk):
    form = correction_form(desk, AMELIA)
    columns = {field["name"].split(".")[1] for field in form["fields"]}
    assert {"name", "email", "phone", "birth_date", "recipient", "street"} <= columns
    assert not columns & {"password_hash", "language", "score", "total", "fingerprint", "profile", "guest_email"}
    assert len(form["fields"]) <= 22
    assert len({field["name"] for field in form["fields"]}) == len(form["fields"])


def test_values_on_file_are_shown_shortened_and_never_filled_in(desk):
    form = correction_form(desk, AMELIA, "My e-mail address is wrong")
    text = json.dumps(form)
    for value in ("Amelia Hartley", "amelia.hartley@example.com", "7700 900101"):
        assert value not in text
    assert all(field["value"] == "" for field in form["fields"])
    assert any(field.get("hint", "").startswith("Now: A") for field in form["fields"])


def test_a_new_address_and_number_that_were_typed_are_filled_in(desk):
    form = correction_form(desk, AMELIA, f"please change amelia.hartley@example.com to {NEW}, phone 07700 900199.")
    values = {field["name"]: field["value"] for field in form["fields"] if field["value"]}
    assert values == {"customers.email.1001": NEW, "customers.phone.1001": "+44 7700 900199"}


def test_what_the_person_spoke_of_comes_first(desk):
    first = correction_form(desk, AMELIA, "The review I wrote is wrong")["fields"][0]
    assert first["name"].startswith("reviews.")


def test_removed_rows_are_left_out(desk):
    removed = rows(desk.shop, "SELECT id FROM addresses WHERE customer_id = 1001 AND is_deleted")
    change_shop(desk.shop, "UPDATE addresses SET is_deleted = 1 WHERE id = (SELECT min(id) FROM addresses "
                           "WHERE customer_id = 1001 AND NOT is_deleted)")  # fmt: skip
    again = rows(desk.shop, "SELECT id FROM addresses WHERE customer_id = 1001 AND is_deleted")
    assert len(again) == len(removed) + 1
    offered = {name.rpartition(".")[2] for name in address_fields(desk, AMELIA, "street")}
    assert offered and not offered & {str(key) for (key,) in again}


def test_somebody_under_18_cannot_make_themselves_older(desk):
    assert "customers.birth_date.1003" not in correctable(desk, MAYA)
    assert "customers.birth_date.1001" in correctable(desk, AMELIA)


@pytest.mark.parametrize("on_file", ["", " ", "0", "0000-00-00", "14/03/1985", "unknown"])
def test_a_birth_date_that_cannot_be_read_can_be_corrected_and_so_can_everything_else(desk, on_file):
    desk = with_birth_dates_as_text(desk)
    change_shop(desk.shop, "UPDATE customers SET birth_date = :it WHERE id = 1001", it=on_file)
    before = everything(desk.shop, but=[("customers", 1001)])
    names = correctable(desk, AMELIA)
    assert {"customers.birth_date.1001", "customers.name.1001"} <= set(names)
    assert "customers.birth_date.1003" not in correctable(desk, MAYA)
    form = correction_form(desk, AMELIA)
    with pytest.raises(FormInvalid) as refused:
        check(form, {"customers.birth_date.1001": "2010-03-14"}, desk.clock.now().date(), "GB")
    (wrong,) = refused.value.errors
    assert wrong["field"] == "customers.birth_date.1001" and "under 18" in wrong["detail"]
    values = {"customers.birth_date.1001": "1985-03-14", "customers.name.1001": "Amelia Hart"}
    assert carry_out(desk, propose(desk, AMELIA, values)) == []
    assert rows(desk.shop, "SELECT name, birth_date FROM customers WHERE id = 1001") == [("Amelia Hart", "1985-03-14")]
    assert everything(desk.shop, but=[("customers", 1001)]) == before


def with_birth_dates_as_text(desk):
    """The same shop, but it keeps dates of birth as whatever was typed."""
    change_shop(desk.shop, "ALTER TABLE customers RENAME COLUMN birth_date TO born")
    change_shop(desk.shop, "ALTER TABLE customers ADD COLUMN birth_date TEXT")
    change_shop(desk.shop, "UPDATE customers SET birth_date = born")
    change_shop(desk.shop, "ALTER TABLE customers DROP COLUMN born")
    return replace(desk, shop=ShopStore(desk.shop.engine, desk.datamap))


def test_the_address_a_row_finds_its_owner_by_is_no_field_of_its_own(desk):
    assert not [name for name in correctable(desk, AMELIA) if name.startswith("newsletter_subscriptions")]


def test_a_customer_who_is_not_there_gets_no_form(desk):
    assert correction_form(desk, "999999") is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("my risk score is wrong", PolicyClass.SERVICE_GENERATED),
        ("the devices you have for me are wrong", PolicyClass.SERVICE_GENERATED),
        ("correct the linked account please", PolicyClass.THIRD_PARTY),
        ("my address is wrong", None),
        ("please change my name", None),
        ("", None),
    ],
)
def test_what_the_policy_does_not_open_is_recognised(desk, words, why):
    assert named_elsewhere(desk.datamap, words) == why


# ------------------------------------------------------------------------------------------------ what would change


def test_only_what_differs_is_proposed_with_before_shortened_and_after_in_full(desk):
    proposed = propose(desk, AMELIA, {"customers.name.1001": "Amelia Hart", "customers.phone.1001": "+44 7700 900101"})
    assert [(each.column, each.before, each.after) for each in proposed.changes] == [
        ("name", "Amelia Hartley", "Amelia Hart")
    ]
    assert "Hartley" not in json.dumps(proposed.as_card())
    assert proposed.as_card()["changes"][0]["after"] == "Amelia Hart"


def test_a_form_that_changes_nothing_proposes_nothing(desk):
    assert not propose(desk, AMELIA, {"customers.name.1001": "Amelia Hartley", "customers.email.1001": ""})


@pytest.mark.parametrize(
    "name", ["customers.name.1002", "customers.id.1001", "risk_scores.score.1", "x", "orders.total.1"]
)
def test_a_field_that_is_none_of_the_persons_own_is_refused(desk, name):
    before = everything(desk.shop)
    with pytest.raises(FormInvalid):
        propose(desk, AMELIA, {name: "Somebody Else"})
    assert everything(desk.shop) == before


def test_an_address_of_another_customer_is_refused_before_anything_and_without_saying_whose(desk):
    with pytest.raises(FormInvalid) as caught:
        propose(desk, AMELIA, {"customers.email.1001": "Daniel.Okafor@EXAMPLE.com"})
    (error,) = caught.value.errors
    assert error["field"] == "customers.email.1001"
    assert not any(
        word in error["detail"].lower() for word in ("daniel", "other customer", "exists", "taken", "used by")
    )


def test_the_casing_of_ones_own_address_can_be_corrected(desk):
    assert propose(desk, AMELIA, {"customers.email.1001": "Amelia.Hartley@example.com"})


def test_only_contact_details_of_the_account_need_a_code(desk):
    street = address_fields(desk, AMELIA, "street")[0]
    phone = address_fields(desk, AMELIA, "phone")[0]
    small = propose(desk, AMELIA, {"customers.name.1001": "A B", street: "1 Elm Street", phone: "+44 20 7946 0018"})
    assert not ROOM.needs_code(small.as_details())
    for values in ({"customers.email.1001": NEW}, {"customers.phone.1001": "+44 20 7946 0018"}):
        assert ROOM.needs_code(propose(desk, AMELIA, values).as_details())
    assert ROOM.needs_code({"changes": []})


def test_the_form_as_given_out_accepts_its_own_names_and_the_web_finds_the_wrong_order(desk):
    form = correction_form(desk, AMELIA)
    cleaned = check(form, {"customers.phone.1001": "020 7946 0018"}, date(2026, 11, 23), "GB")
    assert propose(desk, AMELIA, cleaned).changes[0].after == "+44 20 7946 0018"


# ------------------------------------------------------------------------------------------------ carried out


def test_a_correction_stands_on_file_and_a_bystander_is_untouched(desk):
    street = address_fields(desk, AMELIA, "street")[0]
    key = int(street.rpartition(".")[2])
    touched = {("customers", 1001), ("addresses", key)}
    before = everything(desk.shop, but=touched)
    values = {"customers.name.1001": "Amelia Hart", "customers.birth_date.1001": "1985-03-14", street: "1 Elm Street"}
    assert carry_out(desk, propose(desk, AMELIA, values)) == []
    assert everything(desk.shop, but=touched) == before
    assert rows(desk.shop, "SELECT name, birth_date FROM customers WHERE id = 1001") == [("Amelia Hart", "1985-03-14")]
    assert rows(desk.shop, "SELECT street FROM addresses WHERE id = :key", key=key) == [("1 Elm Street",)]


def give_newsletter(shop, subject, address):
    with shop.engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM newsletter_subscriptions WHERE lower(email) = lower(:a)"), {"a": address}
        )
        table = shop.metadata.tables["newsletter_subscriptions"]
        return connection.execute(
            table.insert().values(email=address, status="subscribed", subscribed_at=datetime(2025, 1, 1))
        ).inserted_primary_key[0]


def test_a_new_address_is_followed_by_newsletter_and_guest_orders_and_is_unconfirmed(desk):
    key = give_newsletter(desk.shop, AMELIA, "AMELIA.Hartley@example.com")
    change_shop(
        desk.shop,
        "UPDATE orders SET customer_id = NULL, guest_email = 'amelia.hartley@EXAMPLE.com' "
        "WHERE id = (SELECT min(id) FROM orders WHERE customer_id = 1001)",
    )
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW})
    assert {change.table for change in proposed.changes} >= {"customers", "newsletter_subscriptions", "orders"}
    assert carry_out(desk, proposed) == []
    assert rows(desk.shop, "SELECT email, email_confirmed_at FROM customers WHERE id = 1001") == [(NEW, None)]
    assert rows(desk.shop, "SELECT email FROM newsletter_subscriptions WHERE id = :key", key=key) == [(NEW,)]
    assert rows(desk.shop, "SELECT count(*) FROM orders WHERE guest_email = :new", new=NEW) == [(1,)]
    with desk.shop.engine.connect() as connection:
        dump = str([connection.execute(sa.select(table)).all() for table in desk.shop.metadata.tables.values()])
    assert "amelia.hartley@" not in dump.lower()


def test_rows_that_only_bear_the_address_do_not_follow_it(desk):
    give_newsletter(desk.shop, AMELIA, "amelia.hartley@example.com")
    change_shop(desk.shop, "UPDATE orders SET guest_email = 'amelia.hartley@example.com' WHERE customer_id = 1002")
    assert {change.table for change in propose(desk, AMELIA, {"customers.email.1001": NEW}).changes} == {
        "customers", "newsletter_subscriptions",
    }  # fmt: skip
    change_shop(desk.shop, "UPDATE customers SET email_confirmed_at = NULL WHERE id = 1001")
    assert {change.table for change in propose(desk, AMELIA, {"customers.email.1001": NEW}).changes} == {"customers"}


def test_a_worker_that_dies_between_the_shop_and_its_ledger_does_nothing_twice(desk):
    give_newsletter(desk.shop, AMELIA, "amelia.hartley@example.com")
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW, "customers.name.1001": "Amelia Hart"})
    assert carry_out(desk, proposed) == []
    after, told = everything(desk.shop), len(sent(desk, WebhookEvent))
    assert carry_out(desk, proposed) == []
    assert everything(desk.shop) == after
    assert len(sent(desk, WebhookEvent)) == told == 1


def test_a_value_that_changed_meanwhile_is_never_overwritten_and_is_left_to_a_person(desk):
    proposed = propose(desk, AMELIA, {"customers.name.1001": "Amelia Hart", "customers.birth_date.1001": "1985-03-14"})
    change_shop(desk.shop, "UPDATE customers SET name = 'Amelia Hartley-Jones' WHERE id = 1001")
    assert carry_out(desk, proposed) == ["Name: it was changed or removed meanwhile"]
    assert rows(desk.shop, "SELECT name, birth_date FROM customers WHERE id = 1001") == [
        ("Amelia Hartley-Jones", "1985-03-14")
    ]
    (event,) = sent(desk, WebhookEvent)
    assert "Date of birth" in str(event.payload) and "Name" not in str(event.payload)


def test_when_the_address_was_taken_meanwhile_nothing_that_hangs_on_it_is_changed(desk):
    key = give_newsletter(desk.shop, AMELIA, "amelia.hartley@example.com")
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW, "customers.name.1001": "Amelia Hart"})
    change_shop(desk.shop, "UPDATE customers SET email = :new WHERE id = 1002", new=NEW)
    rest = carry_out(desk, proposed)
    assert len(rest) == 2 and all("@" not in line for line in rest)
    assert rows(desk.shop, "SELECT email, name FROM customers WHERE id = 1001") == [
        ("amelia.hartley@example.com", "Amelia Hart")
    ]
    assert rows(desk.shop, "SELECT email FROM newsletter_subscriptions WHERE id = :key", key=key) == [
        ("amelia.hartley@example.com",)
    ]
    assert rows(desk.shop, "SELECT email_confirmed_at IS NULL FROM customers WHERE id = 1001") == [(0,)]


def test_an_address_that_another_customer_took_since_the_yes_in_any_casing_is_left_and_the_rest_is_made(desk):
    give_newsletter(desk.shop, AMELIA, "amelia.hartley@example.com")
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW, "customers.name.1001": "Amelia Hart"})
    change_shop(desk.shop, "UPDATE customers SET email = :new WHERE id = 1002", new=NEW.upper())
    before = everything(desk.shop, but={("customers", 1001)})
    rest = carry_out(desk, proposed)
    assert rest == [
        "E-mail address: another account has this address by now",
        "E-mail address of the newsletter: another account has this address by now",
    ]
    assert rows(desk.shop, "SELECT email, name FROM customers WHERE id = 1001") == [
        ("amelia.hartley@example.com", "Amelia Hart")
    ]
    assert everything(desk.shop, but={("customers", 1001)}) == before


def test_a_new_address_that_stands_already_is_not_left_when_the_work_runs_again(desk):
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW})
    assert carry_out(desk, proposed) == []
    change_shop(desk.shop, "UPDATE customers SET email = :new WHERE id = 1002", new=NEW.upper())
    assert carry_out(desk, proposed) == []


def test_when_the_address_changed_meanwhile_the_newsletter_stays_where_it_is(desk):
    key = give_newsletter(desk.shop, AMELIA, "amelia.hartley@example.com")
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW})
    change_shop(desk.shop, "UPDATE customers SET email = 'a.h@example.com' WHERE id = 1001")
    assert carry_out(desk, proposed) != []
    assert rows(desk.shop, "SELECT email FROM newsletter_subscriptions WHERE id = :key", key=key) == [
        ("amelia.hartley@example.com",)
    ]
    assert sent(desk, WebhookEvent) == []


def test_what_a_row_says_about_somebody_else_is_never_offered(desk):
    gifts = desk.datamap.tables["order_gifts"]
    columns = {name: replace(column, correct="text") for name, column in gifts.columns.items()}
    tables = dict(desk.datamap.tables) | {"order_gifts": replace(gifts, columns=columns)}
    shop = ShopStore(desk.shop.engine, replace(desk.datamap, tables=tables))
    with shop.engine.connect() as connection:
        query = "SELECT customer_id FROM orders JOIN order_gifts ON order_id = id WHERE customer_id IS NOT NULL"
        giver = str(connection.exec_driver_sql(query).scalar())
    offered = {name.split(".")[1] for row in correctable_rows(shop, giver) for name in _names(row)}
    assert "message" in offered
    assert not offered & {"recipient_name", "recipient_email"}


def _names(row):
    return [f"{row.table.name}.{column.name}" for column in row.columns]


def test_a_change_of_somebody_elses_row_is_not_made_even_if_a_request_holds_one(desk):
    before = everything(desk.shop)
    (daniels,) = rows(desk.shop, "SELECT min(id) FROM addresses WHERE customer_id = 1002")[0]
    (street,) = rows(desk.shop, "SELECT street FROM addresses WHERE id = :key", key=daniels)[0]
    forged = [
        Change("addresses", {"id": daniels}, "street", "Street", street, "1 Elm Street"),
        Change("customers", {"id": 1002}, "name", "Name", "Daniel Okafor", "Nobody"),
    ]
    assert correct(desk.shop, AMELIA, forged) == forged
    assert everything(desk.shop) == before


def test_a_row_that_is_gone_is_left_to_a_person(desk):
    street = address_fields(desk, AMELIA, "street")[0]
    proposed = propose(desk, AMELIA, {street: "1 Elm Street"})
    change_shop(desk.shop, "DELETE FROM addresses WHERE id = :key", key=int(street.rpartition(".")[2]))
    assert carry_out(desk, proposed) == ["Street: it was changed or removed meanwhile"]


def test_services_learn_the_names_of_the_fields_and_no_value(desk):
    carry_out(desk, propose(desk, AMELIA, {"customers.name.1001": "Amelia Hart", "customers.email.1001": NEW}))
    (event,) = sent(desk, WebhookEvent)
    assert event.event == "corrected"
    assert "Name" in str(event.payload)
    assert not any(value in str(event.payload) for value in ("Amelia", "example.com", "Hart"))


# ------------------------------------------------------------------------------------------------ contact details


def test_a_changed_contact_detail_warns_the_old_address_and_holds_copies_and_deletions(desk, chat):
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW})
    agree(desk, proposed, chat)
    (mail,) = sent(desk, Mail)
    assert mail.recipient == "amelia.hartley@example.com"
    assert NEW not in mail.text and "PR-2026-000001" in mail.text
    (hold,) = sent(desk, Hold)
    assert (hold.subject, hold.kind) == (AMELIA, "contact_changed")
    assert hold.until == desk.clock.now() + timedelta(hours=72)


def test_other_corrections_hold_nothing_and_send_no_warning(desk, chat):
    agree(desk, propose(desk, AMELIA, {"customers.name.1001": "Amelia Hart"}), chat)
    assert sent(desk, Mail) == sent(desk, Hold) == []


# ------------------------------------------------------------------------------------------------ order facts


def own_order(shop, customer=1001):
    return rows(shop, "SELECT number FROM orders WHERE customer_id = :id ORDER BY id LIMIT 1", id=customer)[0][0]


def test_a_disputed_order_keeps_its_facts_and_gets_the_persons_words(desk):
    number, before = own_order(desk.shop), everything(desk.shop)
    proposed = propose(desk, AMELIA, {NUMBER: f" {number.lower()} ", STATEMENT: "I ordered two, not three."})
    assert number in proposed.as_card()["statement"]["title"]
    assert not ROOM.needs_code(proposed.as_details())
    assert carry_out(desk, proposed) == []
    assert carry_out(desk, proposed) == []
    assert everything(desk.shop) == before
    (dispute,) = sent(desk, Dispute)
    assert (dispute.subject, dispute.about_table, dispute.about_row) == (AMELIA, "orders", number)
    assert dispute.statement == "I ordered two, not three."
    (event,) = sent(desk, WebhookEvent)
    assert "orders" in str(event.payload) and "ordered two" not in str(event.payload)


def test_an_order_of_somebody_else_reads_like_one_that_does_not_exist(desk):
    details = []
    for number in (own_order(desk.shop, 1002), "SO-0000-000000"):
        with pytest.raises(FormInvalid) as caught:
            propose(desk, AMELIA, {NUMBER: number, STATEMENT: "Wrong."})
        details.append(caught.value.errors)
    assert details[0] == details[1]


@pytest.mark.parametrize(("values", "missing"), [({NUMBER: "x"}, STATEMENT), ({STATEMENT: "x"}, NUMBER)])
def test_a_statement_needs_its_order_and_an_order_its_statement(desk, values, missing):
    with pytest.raises(FormInvalid) as caught:
        propose(desk, AMELIA, values)
    assert [error["field"] for error in caught.value.errors] == [missing]


# ------------------------------------------------------------------------------------------------ other databases


@pytest.mark.parametrize("server", [postgresql_server, mariadb_server])
def test_corrections_are_made_the_same_way_on_the_databases_that_shops_use(server, tmp_path):
    with server(tmp_path) as fresh:
        engine = make_engine(fresh())
        seed(engine, date(2026, 11, 23))
        shop = ShopStore(engine, load(PROJECT / "data" / "datamap.yml"))
        key = give_newsletter(shop, AMELIA, "AMELIA.Hartley@example.com")
        account = Change("customers", {"id": 1001}, "email", "E-mail", "amelia.hartley@example.com", NEW)
        name = Change("customers", {"id": 1001}, "name", "Name", "Amelia Hartley", "Amélia Hart")
        stale = Change("customers", {"id": 1001}, "birth_date", "Date of birth", "1900-01-01", "1985-03-14")
        forged = Change("customers", {"id": 1002}, "name", "Name", "Daniel Okafor", "Nobody")
        follow = followers(shop, AMELIA, NEW)
        assert [each.key for each in follow if each.table == "newsletter_subscriptions"] == [{"id": key}]
        before = everything(shop)
        taken = replace(account, after="daniel.okafor@example.com")
        assert correct(shop, AMELIA, [taken, *follow, stale, forged]) == [taken, *follow, stale, forged]
        assert is_taken(shop, AMELIA, "DANIEL.okafor@example.com") and not is_taken(shop, AMELIA, NEW)
        assert everything(shop) == before
        for _again in range(2):
            assert correct(shop, AMELIA, [account, *follow, name]) == []
        assert standing(shop, [account, *follow, name, stale]) == [account, *follow, name]
        assert shop.customer(AMELIA)["email_confirmed_at"] is None
        touched = {("customers", 1001), *((each.table, *each.key.values()) for each in follow)}
        assert everything(shop, but=touched) == {k: v for k, v in before.items() if k not in touched}
        engine.dispose()


def shop_confirming(engine, column):
    """The shop as a map sees it that names this column under `email_confirmed`."""
    datamap = load(PROJECT / "data" / "datamap.yml")
    return ShopStore(engine, replace(datamap, subject=replace(datamap.subject, email_confirmed=column)))


MARIADB = [
    ("BIT(1) NOT NULL", "b'1'", 0), ("TINYINT(1) NOT NULL", "1", 0), ("TINYINT(1) NULL", "1", None),
    ("DECIMAL(1,0) NOT NULL", "1", 0), ("TIMESTAMP NULL", "'2026-01-01'", None),
]  # fmt: skip
POSTGRESQL = [("BOOLEAN NOT NULL", "true", False), ("SMALLINT NOT NULL", "1", 0), ("DATE", "'2026-01-01'", None)]


@pytest.mark.parametrize(("server", "kinds"), [(mariadb_server, MARIADB), (postgresql_server, POSTGRESQL)])
def test_a_new_address_is_unconfirmed_in_whatever_kind_of_column_the_shop_says_so(server, kinds, tmp_path):
    with server(tmp_path) as fresh:
        engine = make_engine(fresh())
        seed(engine, date(2026, 11, 23))
        give_newsletter(shop_confirming(engine, "email_confirmed_at"), AMELIA, "AMELIA.Hartley@example.com")
        address = "amelia.hartley@example.com"
        for number, (kind, yes, no) in enumerate(kinds):
            with engine.begin() as connection:
                connection.execute(sa.text(f"ALTER TABLE customers ADD COLUMN sure{number} {kind} DEFAULT {yes}"))
            shop, new = shop_confirming(engine, f"sure{number}"), f"amelia{number}@example.com"
            account = Change("customers", {"id": 1001}, "email", "E-mail", address, new)
            follow = followers(shop, AMELIA, new)
            assert len(list(shop.rows_of(AMELIA, "newsletter_subscriptions"))) == 1, kind
            assert correct(shop, AMELIA, [account, *follow]) == [], kind
            assert (shop.customer(AMELIA)["email"], shop.customer(AMELIA)[f"sure{number}"]) == (new, no), kind
            assert list(shop.rows_of(AMELIA, "newsletter_subscriptions")) == [], "unconfirmed, it is nobody's"
            assert shop.customer(DANIEL)[f"sure{number}"], "somebody else's stays confirmed"
            address = new
        engine.dispose()


def test_the_date_zero_of_mariadb_confirms_no_address(tmp_path):
    with mariadb_server(tmp_path) as fresh:
        engine = make_engine(fresh())
        seed(engine, date(2026, 11, 23))
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE customers ADD COLUMN sure DATETIME NULL"))
            connection.execute(sa.text("SET sql_mode = ''"))
            connection.execute(sa.text("UPDATE customers SET sure = '0000-00-00 00:00:00' WHERE id = 1001"))
            connection.execute(sa.text("UPDATE customers SET sure = NOW() WHERE id = 1002"))
        shop = shop_confirming(engine, "sure")
        give_newsletter(shop, AMELIA, "amelia.hartley@example.com")
        give_newsletter(shop, DANIEL, "daniel.okafor@example.com")
        assert list(shop.rows_of(AMELIA, "newsletter_subscriptions")) == []
        assert len(list(shop.rows_of(DANIEL, "newsletter_subscriptions"))) >= 1
        engine.dispose()


# ------------------------------------------------------------------------------------------------ by a worker


def listening(desk):
    return replace(desk, settings=desk.settings.model_copy(update={"webhook_urls": URL, "webhook_secret": "w" * 32}))


def test_what_was_left_is_made_when_a_person_takes_it_up_again_and_only_that_is_told(own_desk):
    desk = listening(own_desk())
    values = {"customers.name.1001": "Amelia Hart", "customers.birth_date.1001": "1985-03-14"}
    details = propose(desk, AMELIA, values).as_details()
    change_shop(desk.shop, "UPDATE customers SET name = 'Somebody Else' WHERE id = 1001")
    number = rights.ask(desk, open_chat(desk, AMELIA), RequestKind.RECTIFICATION, details).number
    rights.work(desk, number)
    assert rights.state_of(desk, number).state == RequestState.PARTLY_FULFILLED
    change_shop(desk.shop, "UPDATE customers SET name = 'Amelia Hartley' WHERE id = 1001")
    retry(desk, number, "staff")
    rights.work(desk, number)
    assert rights.state_of(desk, number).state == RequestState.FULFILLED
    assert rows(desk.shop, "SELECT name FROM customers WHERE id = 1001") == [("Amelia Hart",)]
    assert sorted(event.payload["fields"] for event in sent(desk, WebhookEvent)) == ["Date of birth", "Name"]


def test_who_reads_twice_that_a_correction_is_done_in_part_only_is_mailed_twice(own_desk):
    desk = listening(own_desk())
    details = propose(desk, AMELIA, {"customers.name.1001": "Amelia Hart"}).as_details()
    change_shop(desk.shop, "UPDATE customers SET name = 'Somebody Else' WHERE id = 1001")
    number = rights.ask(desk, open_chat(desk, AMELIA), RequestKind.RECTIFICATION, details).number
    rights.work(desk, number)
    retry(desk, number, "staff")
    rights.work(desk, number)
    assert rights.state_of(desk, number).state == RequestState.PARTLY_FULFILLED
    partly = [mail.dedupe_key for mail in sent(desk, Mail) if mail.dedupe_key.startswith("request_partly_fulfilled:")]
    assert len(partly) == 2 and all(key.endswith(f":{number}") for key in partly)


def test_a_statement_about_an_order_without_account_is_kept_even_when_the_address_changes_with_it(own_desk):
    desk = listening(own_desk())
    number = own_order(desk.shop)
    change_shop(
        desk.shop,
        "UPDATE orders SET customer_id = NULL, guest_email = 'AMELIA.hartley@example.com' WHERE number = :number",
        number=number,
    )
    proposed = propose(desk, AMELIA, {"customers.email.1001": NEW, NUMBER: number, STATEMENT: "I ordered two."})
    assert carry_out(desk, proposed) == []
    assert [each.about_row for each in sent(desk, Dispute)] == [number]
