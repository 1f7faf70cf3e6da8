"""Processing is stopped and allowed again, and whoever asks is told no wherever there is doubt."""

from dataclasses import replace
from datetime import date, timedelta, timezone
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from bot.errors import Unavailable
from bot.privacy.restriction import lift, processing, restrict
from bot.store import consent_records
from bot.store.datamap.model import PurposeBasis
from bot.store.desk_tables import AuditEntry, ConsentEntry, Restriction, WebhookEvent
from bot.store.shop import ShopStore
from bot.vocabulary import ConsentState, RestrictionReason

NUMBER, OTHER = "PR-2026-000001", "PR-2026-000002"


@pytest.fixture
def desk(desk, shop):
    """The desk with a demo shop of the test's own, and one service that listens."""
    desk.settings.webhook_urls, desk.settings.webhook_secret = "https://a.example.com/hook", "w" * 40
    return replace(desk, shop=shop, datamap=shop.datamap)


def stop(desk, subject="1001", reason=RestrictionReason.ERASURE, number=NUMBER):
    with desk.transaction() as session:
        restrict(session, desk, desk.clock.now(), subject, reason, number)


def go_on(desk, number=NUMBER):
    with desk.transaction() as session:
        lift(session, desk, desk.clock.now(), number)


def asked(desk, subject="1001"):
    with desk.reading() as session:
        return processing(session, desk, subject)


def choose(desk, purpose, state, at, subject="1001"):
    with desk.transaction() as session:
        session.add(
            ConsentEntry(
                subject=subject, purpose=purpose, state=state, policy_version="v", clause="c", channel="chat", at=at
            )
        )


def written(desk, table, column):
    with desk.reading() as session:
        return [getattr(row, column) for row in session.scalars(select(table).order_by(table.id))]


def test_a_restriction_stops_everything_for_one_person_at_once_and_nothing_for_anybody_else(desk):
    before = asked(desk, "1002")
    stop(desk)
    answer = asked(desk)
    assert (answer.restricted, answer.reasons, answer.since) == (True, ("erasure",), desk.clock.now())
    assert answer.known and answer.allowed == () and not answer.guardian_missing
    assert asked(desk, "1002") == before and not before.restricted


def test_the_services_and_the_record_learn_of_it_in_the_same_transaction(desk):
    with pytest.raises(RuntimeError), desk.transaction() as session:
        restrict(session, desk, desk.clock.now(), "1001", RestrictionReason.ERASURE, NUMBER)
        raise RuntimeError
    assert written(desk, Restriction, "id") == written(desk, WebhookEvent, "id") == []
    stop(desk)
    assert written(desk, WebhookEvent, "event") == ["restricted"]
    (payload,) = written(desk, WebhookEvent, "payload")
    assert (payload["customer_id"], payload["reason"], payload["request"]) == ("1001", "erasure", NUMBER)
    assert [event for event in written(desk, AuditEntry, "event") if "restrict" in event] == ["restricted"]


def test_a_second_call_for_the_same_request_and_reason_changes_nothing(desk):
    for number in (NUMBER, NUMBER, None, None):
        stop(desk, number=number)
    assert written(desk, Restriction, "request_number") == [NUMBER, None]
    assert len(written(desk, WebhookEvent, "id")) == 2


def test_lifting_lets_processing_go_on_exactly_as_before(desk):
    before = asked(desk)
    stop(desk)
    go_on(desk)
    go_on(desk)
    assert asked(desk) == before
    assert written(desk, WebhookEvent, "event") == ["restricted", "restriction_lifted"]
    assert [event for event in written(desk, AuditEntry, "event") if "restrict" in event] == [
        "restricted",
        "restriction_lifted",
    ]


def test_a_request_lifts_only_what_it_stopped_and_no_service_goes_on_too_early(desk):
    stop(desk)
    stop(desk, reason=RestrictionReason.GUARDIAN_MISSING, number=OTHER)
    stop(desk, subject="1002", number="PR-2026-000003")
    go_on(desk)
    answer = asked(desk)
    assert (answer.restricted, answer.reasons, answer.guardian_missing) == (True, ("guardian_missing",), True)
    assert "restriction_lifted" not in written(desk, WebhookEvent, "event"), "another reason still stands"
    go_on(desk, OTHER)
    assert not asked(desk).restricted and asked(desk, "1002").restricted
    assert written(desk, WebhookEvent, "event").count("restriction_lifted") == 1


def test_since_is_when_the_oldest_standing_reason_began(desk, clock):
    first = clock.now()
    stop(desk)
    clock.advance(timedelta(days=1))
    stop(desk, reason=RestrictionReason.ACCOUNT_CANCELLED)
    assert asked(desk).since == first


@pytest.mark.parametrize("stranger", ["99999", "", "abc", "01001", "1001 ", "1001\x00", "1" * 300, "1001' OR 1=1--"])
def test_an_unknown_number_gets_a_no_and_always_the_same_one(desk, stranger):
    answer = asked(desk, stranger)
    assert not answer.known and answer.restricted and answer.allowed == ()
    assert replace(answer, customer_id="") == replace(asked(desk, "88888"), customer_id="")
    assert set(answer.consents.values()) == {"unknown"}


def test_a_number_whose_data_was_erased_is_answered_like_any_unknown_one(desk):
    stop(desk, subject="99999")
    assert replace(asked(desk, "99999"), customer_id="") == replace(asked(desk, "88888"), customer_id="")


def test_a_customer_number_in_capitals_does_not_slip_past_a_restriction(desk):
    key = UUID("6f1e2d3c-aaaa-4bbb-8ccc-1234567890ab")

    class UuidShop:
        datamap = desk.datamap
        engine = desk.shop.engine
        metadata = desk.shop.metadata

        def customer(self, subject):
            return {desk.datamap.subject.key: key, "birth_date": None} if subject.lower() == str(key) else None

    with_uuids = replace(desk, shop=UuidShop())
    stop(with_uuids, subject=str(key).upper())
    assert asked(with_uuids, str(key)).restricted
    go_on(with_uuids)
    stop(with_uuids, subject=str(key), number=OTHER)
    assert asked(with_uuids, str(key).upper()).restricted


def test_a_purpose_that_needs_a_yes_is_allowed_only_after_one(desk):
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM consents"))
    answer = asked(desk)
    assert set(answer.consents) == set(desk.datamap.purposes)
    needs_yes = {k for k, p in desk.datamap.purposes.items() if p.basis is PurposeBasis.CONSENT}
    assert not needs_yes & set(answer.allowed) and set(answer.allowed) == set(answer.consents) - needs_yes
    choose(desk, "newsletter", ConsentState.GRANTED, desk.clock.now())
    assert "newsletter" in asked(desk).allowed and "newsletter" not in asked(desk, "1002").allowed


def test_an_objection_ends_what_rests_on_the_shops_interest(desk):
    assert "fraud_scores" in asked(desk).allowed
    choose(desk, "fraud_scores", ConsentState.OBJECTED, desk.clock.now())
    assert asked(desk).consents["fraud_scores"] == "objected" and "fraud_scores" not in asked(desk).allowed


def test_the_newest_choice_counts_wherever_it_was_made(desk):
    now = desk.clock.now()
    choose(desk, "newsletter", ConsentState.GRANTED, now)
    choose(desk, "newsletter", ConsentState.WITHDRAWN, now + timedelta(hours=1))
    assert asked(desk).consents["newsletter"] == "withdrawn"
    consent_records.write(desk.shop, "1001", "newsletter", ConsentState.GRANTED, now + timedelta(hours=2))
    assert asked(desk).consents["newsletter"] == "granted", "chosen later on the shop's own pages"
    choose(desk, "newsletter", ConsentState.OBJECTED, now + timedelta(hours=3))
    consent_records.write(desk.shop, "1001", "newsletter", ConsentState.OBJECTED, now + timedelta(hours=3))
    assert asked(desk).consents["newsletter"] == "objected", "the desk knows its own choice better than the copy"


@pytest.mark.parametrize(
    ("born", "minor"),
    [
        (date(2008, 11, 24), True),
        (date(2008, 11, 23), False),
        ("2008-11-24", True),
        ("2008-11-24 00:00:00", True),
        ("unknown", None),
        (None, None),
    ],
)
def test_a_minor_is_named_as_one_until_the_eighteenth_birthday(desk, born, minor):
    class Shop:
        datamap, engine, metadata = desk.datamap, desk.shop.engine, desk.shop.metadata

        def customer(self, _subject):
            return {desk.datamap.subject.key: 1001, "birth_date": born}

    assert asked(replace(desk, shop=Shop())).minor is minor


def rows(shop, subject="1001"):
    table = shop.metadata.tables["consents"]
    with shop.engine.connect() as connection:
        return connection.execute(select(table).where(table.c.customer_ref == subject).order_by(table.c.id)).all()


def test_a_choice_is_added_to_the_shops_table_once_and_no_row_of_anybody_is_changed(desk):
    shop, at = desk.shop, desk.clock.now() + timedelta(microseconds=123456)
    mine, others = rows(shop), rows(shop, "1002")
    for _ in range(2):
        consent_records.write(shop, "1001", "newsletter", ConsentState.WITHDRAWN, at)
    assert rows(shop)[:-1] == mine and rows(shop, "1002") == others
    new = rows(shop)[-1]
    assert (new.purpose, new.state, new.channel) == ("newsletter", "refused", "chat")
    assert consent_records.choices(shop, "1001")["newsletter"].at == at
    assert consent_records.read(shop, "1001")["newsletter"] is ConsentState.WITHDRAWN
    consent_records.write(shop, "1001", "newsletter", ConsentState.GRANTED, at)
    assert consent_records.read(shop, "1001")["newsletter"] is ConsentState.GRANTED


def test_a_word_the_map_does_not_know_is_no_consent(desk):
    consent_records.write(desk.shop, "1001", "newsletter", ConsentState.GRANTED, desk.clock.now())
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.text("UPDATE consents SET state = 'pending' WHERE customer_ref = '1001'"))
    assert "newsletter" not in consent_records.read(desk.shop, "1001")
    assert asked(desk).consents["newsletter"] == "unknown" and "newsletter" not in asked(desk).allowed


def test_a_shop_without_a_table_of_choices_has_none(desk):
    bare = ShopStore(desk.shop.engine, replace(desk.datamap, consent_records=None))
    consent_records.write(bare, "1001", "newsletter", ConsentState.GRANTED, desk.clock.now())
    assert consent_records.read(bare, "1001") == {} and consent_records.unfillable(bare) == []


@pytest.mark.parametrize(
    ("kinds", "word"),
    [
        ("subject INTEGER, purpose TEXT, state BOOLEAN, at INTEGER", "1"),
        ("subject INTEGER, purpose TEXT, state INTEGER, at TEXT", "1"),
        ("subject TEXT, purpose TEXT, state TEXT, at DATE", "yes"),
    ],
)
def test_tables_of_choices_of_other_shops_are_read_and_written_too(desk, kinds, word):
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE optins (id INTEGER PRIMARY KEY, {kinds})"))
    records = replace(
        desk.datamap.consent_records, table="optins", subject="subject", at="at", channel=None, granted=word,
        withdrawn={"1": "0", "yes": "no"}[word],
    )  # fmt: skip
    shop = ShopStore(desk.shop.engine, replace(desk.datamap, consent_records=records))
    for state in (ConsentState.GRANTED, ConsentState.WITHDRAWN):
        for _ in range(2):
            consent_records.write(shop, "1001", "newsletter", state, desk.clock.now())
        assert consent_records.read(shop, "1001") == {"newsletter": state}
        assert consent_records.read(shop, "1002") == {}
    with desk.shop.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM optins")) == 2


def optins(desk, columns):
    """A shop whose table of choices has these columns; somebody else said yes in it."""
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE optins ({columns})"))
        connection.execute(
            sa.text("INSERT INTO optins (subject, purpose, state, at) VALUES ('1002', 'newsletter', 'yes', :at)"),
            {"at": str(desk.clock.now().date())},
        )
    records = replace(
        desk.datamap.consent_records, table="optins", subject="subject", at="at", channel=None, granted="yes",
        withdrawn="no",
    )  # fmt: skip
    return ShopStore(desk.shop.engine, replace(desk.datamap, consent_records=records))


def in_optins(shop, subject="1001"):
    query = sa.text("SELECT state FROM optins WHERE subject = :subject ORDER BY rowid")
    with shop.engine.connect() as connection:
        return list(connection.scalars(query, {"subject": subject}))


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ("id INTEGER PRIMARY KEY, subject TEXT, purpose TEXT, state TEXT, at DATE", ["no", "yes", "no"]),
        ("id TEXT PRIMARY KEY DEFAULT (hex(randomblob(8))), subject TEXT, purpose TEXT, state TEXT, at DATE", ["no"]),
        ("subject TEXT, purpose TEXT, state TEXT, at DATE, PRIMARY KEY (subject, purpose, at)", ["no"]),
        ("id INTEGER PRIMARY KEY, subject TEXT, purpose TEXT, state TEXT, at DATE, UNIQUE (at, subject)", ["no"]),
        ("subject TEXT, purpose TEXT, state TEXT, at DATE", ["no"]),
    ],
    ids=["counted", "random keys", "one row a day", "counted and one row a day", "no key"],
)  # fmt: skip
def test_a_second_withdrawal_on_one_day_is_the_last_word_in_a_table_that_knows_only_days(desk, columns, kept):
    shop, now = optins(desk, columns), desk.clock.now()
    said = [ConsentState.WITHDRAWN, ConsentState.GRANTED, ConsentState.WITHDRAWN]
    for hours, state in enumerate(said):
        for _ in range(2):  # a worker that was killed tries once more
            consent_records.write(shop, "1001", "newsletter", state, now + timedelta(hours=hours))
        assert consent_records.read(shop, "1001") == {"newsletter": state}, hours
    assert in_optins(shop) == kept
    assert in_optins(shop, "1002") == ["yes"] and consent_records.read(shop, "1002")["newsletter"] == "granted"
    consent_records.write(shop, "1001", "newsletter", ConsentState.GRANTED, now + timedelta(days=1))
    assert in_optins(shop) == [*kept, "yes"], "another day has a row of its own"


def test_without_a_key_every_row_of_a_day_says_the_last_word(desk):
    shop, now = optins(desk, "subject TEXT, purpose TEXT, state TEXT, at DATE"), desk.clock.now()
    with shop.engine.begin() as connection:
        for state in ("yes", "no"):
            connection.execute(
                sa.text("INSERT INTO optins VALUES ('1001', 'newsletter', :state, :at)"),
                {"state": state, "at": str(now.date())},
            )
    consent_records.write(shop, "1001", "newsletter", ConsentState.WITHDRAWN, now)
    assert in_optins(shop) == ["no", "no"] and in_optins(shop, "1002") == ["yes"]


def test_a_choice_that_the_table_does_not_keep_is_not_called_done(desk):
    shop = optins(desk, "id INTEGER PRIMARY KEY, subject TEXT, purpose TEXT, state TEXT, at DATE")
    with shop.engine.begin() as connection:
        kept = "CREATE TRIGGER always AFTER INSERT ON optins BEGIN UPDATE optins SET state = 'yes'; END"
        connection.execute(sa.text(kept))
    with pytest.raises(Unavailable):
        consent_records.write(shop, "1001", "newsletter", ConsentState.WITHDRAWN, desk.clock.now())
    assert in_optins(shop) == []


def test_times_kept_as_text_are_put_in_order_by_what_they_mean(desk):
    shop, at = optins(desk, "id INTEGER PRIMARY KEY, subject TEXT, purpose TEXT, state TEXT, at TEXT"), desk.clock.now()
    with shop.engine.begin() as connection:  # an hour before, though the text of it comes later
        connection.execute(
            sa.text("INSERT INTO optins (subject, purpose, state, at) VALUES ('1001', 'newsletter', 'yes', :at)"),
            {"at": (at - timedelta(hours=1)).astimezone(timezone(timedelta(hours=9))).isoformat()},
        )
    consent_records.write(shop, "1001", "newsletter", ConsentState.WITHDRAWN, at)
    assert consent_records.read(shop, "1001") == {"newsletter": ConsentState.WITHDRAWN}


def test_columns_of_the_table_that_the_desk_cannot_fill_are_found(desk):
    assert consent_records.unfillable(desk.shop) == []
    with desk.shop.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE consents ADD COLUMN form_version TEXT NOT NULL DEFAULT ''"))
        names = "customer_ref TEXT, purpose TEXT, state TEXT, recorded_at TEXT, channel TEXT, note TEXT"
        connection.execute(sa.text(f"CREATE TABLE o (id TEXT PRIMARY KEY NOT NULL, {names}, page TEXT NOT NULL)"))
    records = replace(desk.datamap.consent_records, table="o")
    shop = ShopStore(desk.shop.engine, replace(desk.datamap, consent_records=records))
    assert consent_records.unfillable(shop) == ["id", "page"]
    assert consent_records.unfillable(ShopStore(desk.shop.engine, desk.datamap)) == [], "a default fills it"
