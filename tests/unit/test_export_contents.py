"""What a copy holds: all that the map opens, and nothing of anybody else."""

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from bot.bootstrap import open_desk
from bot.demo.customers import EVA, HELEN, JONAS, PRIYA, TOMAS
from bot.demo.shop_schema import shop_metadata
from bot.store import outbox
from bot.store.datamap.model import PolicyClass, Show
from bot.store.desk_tables import (
    Attachment,
    Base,
    Case,
    CaseMessage,
    Certificate,
    ConsentEntry,
    Dispute,
    GuardianConsent,
    Hold,
    Mail,
    Message,
    Minor,
    PrivacyRequest,
    Restriction,
    VerificationCode,
    WebhookEvent,
)
from bot.store.package.desk_data import NOT_IN_THE_COPY
from tests import rights
from tests.unit.conftest import NOON
from tests.unit.exporting import asked, carried_out, copy_for, fetched, opened, token_of

ME, OTHER = 7001, 7002
MAIL = {ME: "canary.mine@example.com", OTHER: "canary.other@example.com"}


@pytest.fixture
def desk(settings, engine, clock, tmp_path, empty_desk):
    """A desk over a shop of the test's own."""
    settings.shop_database_url = f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    shutil.copy(empty_desk, tmp_path / "desk.sqlite3")
    made = replace(open_desk(settings), clock=clock)
    yield made
    made.engine.dispose()
    made.shop.engine.dispose()


class Canaries:
    """Rows for one person in which every value occurs nowhere else."""

    def __init__(self, engine, person: int) -> None:
        self.engine, self.person = engine, person
        self.numbers = count(1 if person == ME else 500)
        self.values: dict[tuple[str, str], list[Any]] = {}

    def add(self, table: str, **given: Any) -> int:
        """A row with these keys and a canary in every other column; returns its id."""
        live = shop_metadata.tables[table]
        row = {
            c.name: given[c.name] if c.name in given else self.value(table, c) for c in live.c if not _auto(c, given)
        }
        with self.engine.begin() as connection:
            key = connection.execute(live.insert().values(**row)).inserted_primary_key
        for name, value in row.items():
            if value is not None and (name not in given or name.endswith("email")):
                self.values.setdefault((table, name), []).append(value)
        return key[0]

    def value(self, table: str, column: sa.Column) -> Any:
        number = next(self.numbers)
        match column.type:
            case sa.Boolean():
                return False
            case sa.DateTime():
                return datetime(1971, 1, 1) + timedelta(days=number, seconds=number)
            case sa.Date():
                return date(1931, 1, 1) + timedelta(days=number)
            case sa.Numeric(scale=4):
                return Decimal(f"0.{7000 + number}")
            case sa.Numeric():
                return Decimal(f"{610000 + number}.{number % 90 + 10}")
            case sa.Integer():
                return 31000 + number
            case sa.String(length=2):
                return f"{chr(65 + number % 26)}{number % 10}"
            case _:
                return f"cnry{number:04}é"[: column.type.length or 40]

    def fill(self) -> None:
        me, mail = self.person, MAIL[self.person]
        self.add("customers", id=me, email=mail, referred_by_id=None, deleted_at=None)
        self.add("addresses", customer_id=me)
        order = self.add("orders", customer_id=me, guest_email=None)
        guest = self.add("orders", customer_id=None, guest_email=f" {mail.upper()}")
        for each in (order, guest):
            self.add("order_lines", order_id=each, line_number=1, product_id=1)
        self.add("order_gifts", order_id=order, recipient_email=f"gift.{me}@example.com")
        payment = self.add("payments", order_id=order)
        self.add("refunds", payment_id=payment)
        self.add("reviews", customer_id=me, product_id=1)
        profile = json.dumps({"name": f"cnryname{me}", "email": f"cnrymail{me}@example.com", "rest": f"cnryrest{me}"})
        self.values[("linked_accounts", "profile")] = [f"cnryname{me}", f"cnrymail{me}", f"cnryrest{me}"]
        self.add("linked_accounts", customer_id=me, profile=profile)
        device = self.add("devices", customer_id=me)
        self.add("behaviour_events", customer_id=me, device_id=device, product_id=None)
        self.add("risk_scores", customer_id=me)
        self.add("customer_segments", customer_id=me, segment_id=1)
        self.add("newsletter_subscriptions", email=mail.capitalize())
        cart = self.add("carts", customer_id=me, guest_email=None)
        self.add("carts", customer_id=None, guest_email=mail.title())
        self.add("cart_lines", cart_id=cart, product_id=1)
        self.add("consents", customer_ref=str(me))
        self.add("support_notes", about_kind="customer", about_id=me)


def _auto(column: sa.Column, given: dict[str, Any]) -> bool:
    return column.name == "id" and "id" not in given


def _in_json(value: Any) -> Any:
    match value:
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            return value


@pytest.fixture
def mine(engine):
    canaries = Canaries(engine, ME)
    canaries.fill()
    return canaries


@pytest.fixture
def others(engine, mine):
    canaries = Canaries(engine, OTHER)
    canaries.fill()
    return canaries


def is_open(column) -> bool:
    return (
        column.about is None
        and column.policy_class is PolicyClass.PERSONAL_CENTER
        and column.show in (Show.PLAIN, Show.MASKED)
    )


def test_every_value_the_map_opens_is_in_the_data_file_and_in_its_table(desk, chat, mine, others):
    package = copy_for(desk, chat(str(ME)), str(ME))
    checked = 0
    for (table, name), values in mine.values.items():
        if not is_open(desk.datamap.tables[table].columns[name]):
            continue
        for value in values:
            assert _in_json(value) in [row[name] for row in package.rows(table)], f"{table}.{name} in data.json"
            assert str(_in_json(value)) in [row[name] for row in package.csv(table)], f"{table}.{name} in its CSV"
            checked += 1
    assert checked > 55


def test_every_table_of_the_shop_is_covered_by_the_canaries(mine):
    personal = set(shop_metadata.tables) - {"products", "product_categories", "segments"}
    assert {table for table, _ in mine.values} | {"customer_segments"} == personal


def test_nothing_that_is_closed_is_anywhere_in_the_copy(desk, chat, mine, others):
    everything = copy_for(desk, chat(str(ME)), str(ME)).everything
    checked = 0
    for (table, name), values in mine.values.items():
        column = desk.datamap.tables[table].columns[name]
        if is_open(column) or column.category is None:
            continue
        for value in values:
            assert str(_in_json(value)) not in everything, f"{table}.{name} was given away"
            checked += 1
    assert checked > 20


def test_nothing_of_another_customer_is_anywhere_in_the_copy(desk, chat, mine, others):
    everything = copy_for(desk, chat(str(ME)), str(ME)).everything
    for (table, name), values in others.values.items():
        for value in values:
            text = str(_in_json(value))
            assert len(text) < 5 or text not in everything, f"{table}.{name} of somebody else"
    assert copy_for(desk, chat(str(OTHER)), str(OTHER)).rows("customers")[0]["email"] == MAIL[OTHER]


def test_a_gift_to_somebody_else_says_that_it_is_one_and_not_to_whom(desk, chat, mine):
    (gift,) = copy_for(desk, chat(str(ME)), str(ME)).rows("order_gifts")
    assert gift["recipient_name"] == gift["recipient_email"] == "[about another person]"
    assert gift["message"] == mine.values["order_gifts", "message"][0]


def test_a_gift_from_somebody_else_shows_what_is_about_the_person_only(desk, chat, engine, mine, others):
    gifts = shop_metadata.tables["order_gifts"]
    with engine.begin() as connection:
        order = connection.scalar(sa.select(sa.func.max(gifts.c.order_id)))
        given = {"recipient_email": MAIL[ME].upper(), "recipient_name": "Dear Me"}
        connection.execute(gifts.update().where(gifts.c.order_id == order).values(**given))
    package = copy_for(desk, chat(str(ME)), str(ME))
    assert package.rows("order_gifts-recipient") == [{"recipient_name": "Dear Me", "recipient_email": MAIL[ME].upper()}]
    assert package.data["tables"]["order_gifts-recipient"]["title"] == "gifts addressed to you"
    assert others.values["order_gifts", "message"][0] not in package.everything


def test_who_recommended_the_person_is_not_told(desk, chat):
    package = copy_for(desk, chat(str(EVA.id)), str(EVA.id))
    assert package.rows("customers")[0]["referred_by_id"] == "[about another person]"
    assert str(HELEN.id) not in package.files["csv/customers.csv"].decode()


def test_whom_the_person_recommended_is_counted(desk, chat):
    helen = copy_for(desk, chat(str(HELEN.id)), str(HELEN.id))
    assert "1 customer you recommended" in helen.page
    assert EVA.name not in helen.everything


def test_customers_who_share_a_phone_number_get_their_own_rows_only(desk, chat):
    everything = copy_for(desk, chat(str(TOMAS.id)), str(TOMAS.id)).everything
    assert TOMAS.phone in everything
    assert EVA.name not in everything and EVA.email not in everything


def test_what_the_shop_recorded_is_named_with_the_clause_and_the_offer(desk, chat):
    package = copy_for(desk, chat(str(PRIYA.id)), str(PRIYA.id))
    named = {each["title"]: each["count"] for each in package.data["not_given"]["recorded_by_the_shop"]}
    assert named["What you viewed and searched for"] == 48
    assert named["Risk scores"] == 3
    policy = desk.policies.versions[-1].by_id
    for clause in ("no-access", "delete-or-anonymise"):
        assert policy[clause].quote in package.page
        assert package.data["not_given"]["policy"][clause] == policy[clause].quote
    assert "Delete what the shop recorded about me" in package.page
    assert "behaviour_events" not in package.data["tables"]


def test_a_linked_account_is_named_as_outside(desk, chat):
    package = copy_for(desk, chat(str(JONAS.id)), str(JONAS.id))
    assert package.data["not_given"]["from_other_companies"] == [
        {"title": "Accounts at other companies that you linked", "count": 1}
    ]
    assert "Treehouse" not in package.everything
    assert "excepts it from what is opened here" in package.page


def test_the_password_is_named_as_held_and_its_hash_is_nowhere(desk, chat, mine):
    package = copy_for(desk, chat(str(ME)), str(ME))
    held = package.data["not_given"]["held_and_not_given"]
    assert [each["why"] for each in held if each["what"] == "Password hash"] == [
        "Kept closed for the security of your account or of the shop."
    ]
    assert mine.values["customers", "password_hash"][0] not in package.everything


def test_each_kind_of_data_says_what_the_law_wants_said(desk, chat, mine):
    package = copy_for(desk, chat(str(ME)), str(ME))
    shipping = desk.datamap.categories["shipping"]
    told = next(each for each in package.data["categories"] if each["key"] == "shipping")
    for words in (shipping.purpose, shipping.retention, shipping.source, shipping.legal_basis, *shipping.recipients):
        assert words in told.values() or words in told["recipients"]
        assert words.replace("'", "&#39;") in package.page


def test_exact_values_survive(desk, chat, mine):
    payment = copy_for(desk, chat(str(ME)), str(ME)).rows("payments")[0]
    assert payment["amount"] == str(mine.values["payments", "amount"][0])
    assert datetime.fromisoformat(payment["paid_at"]) == mine.values["payments", "paid_at"][0]


def test_rows_can_be_put_together_by_their_keys(desk, chat, mine):
    package = copy_for(desk, chat(str(ME)), str(ME))
    assert {row["order_id"] for row in package.rows("order_lines")} == {row["id"] for row in package.rows("orders")}


# ---------------------------------------------------------------------------------------------- the desk's own data


def desk_rows(session, chat_id: str, subject: str, mark: str) -> None:
    """One row of everything the desk may hold about somebody, each with words of its own."""
    number, case = f"PR-2026-9{subject}0", f"CS-2026-9{subject}0"
    session.add_all(
        [
            Message(
                conversation_id=chat_id, author="user", text=f"{mark}-said", citations=[{"clause": f"{mark}-clause"}],
                choices=[{"id": "secret-choice", "label": f"{mark}-offered"}], created_at=NOON,
                card={"kind": "form_values", "values": {"phone": f"{mark}-typed"}},
            ),
            PrivacyRequest(
                number=number, kind="rectification", state="fulfilled", regime="policy", subject=subject,
                origin=number, statement=f"{mark}-statement", plan={"papers": f"{mark}-plan"},
                details={"changes": [{"table": "customers", "column": "email", "before": f"{mark}@example.com"}]},
                outcome={"note": f"{mark}-outcome"}, received_at=NOON, due_at=NOON,
            ),
            Case(
                number=case, kind="complaint", state="waiting", priority="normal", subject=subject, origin=case,
                statement=f"{mark}-complaint", about=f"{mark}-about", wish=f"{mark}-wish",
                claim_salt=f"{mark}-claimsalt", claim_hash=f"{mark}-claimhash", created_at=NOON, due_at=NOON,
            ),
        ]
    )  # fmt: skip
    session.flush()
    session.add_all(
        [
            CaseMessage(
                case_number=case, kind="refusal", written_by="Kim", text=f"{mark}-answer", basis=f"{mark}-basis",
                complain_to=f"{mark}-further", created_at=NOON,
            ),
            CaseMessage(case_number=case, kind="note", written_by="Kim", text=f"{mark}-note", created_at=NOON),
            Certificate(request_number=number, text=f"{mark}-certificate", signed=f"{mark}-signed", made_at=NOON),
            Dispute(
                subject=subject, request_number=number, about_table="orders", about_row=f"{mark}-row",
                statement=f"{mark}-dispute", at=NOON,
            ),
            ConsentEntry(
                subject=subject, purpose=f"{mark}-purpose", state="withdrawn", policy_version="2026-01-15",
                clause="your-rights", channel="chat", at=NOON,
            ),
            Restriction(subject=subject, reason=f"{mark}-reason", since=NOON),
            Hold(subject=subject, kind=f"{mark}-hold", reference=f"{mark}-internal", placed_at=NOON),
            VerificationCode(
                request_number=number, conversation_id=chat_id, subject=subject, salt=f"{mark}-salt",
                code_hash=f"{mark}-hash", tries_left=3, sent_at=NOON, expires_at=NOON,
            ),
            Minor(subject=subject, recognised_at=NOON, of_age_on=f"{mark}-birthday"),
            GuardianConsent(
                number=f"GC-2026-9{subject}0", subject=subject, state=f"{mark}-standing", origin=f"{mark}-origin",
                name=f"{mark}-mother", relation=f"{mark}-relation", email=f"{mark}-mail-of-mother", asked_at=NOON,
                expires_at=NOON, artefact={"text": f"{mark}-declaration"},
            ),
            Attachment(
                id=f"{mark}-file", owner_kind="case", owner_number=case, subject=subject, name=f"{mark}-filename",
                media_type="image/png", size=3, content=b"abc", created_at=NOON,
            ),
            WebhookEvent(
                id=f"{mark}-event", event=f"{mark}-notice", subject=subject, url=f"https://{mark}.example.com",
                payload={"customer": subject}, created_at=NOON,
            ),
        ]
    )  # fmt: skip
    # The mails of both go to one address: two people may share it.
    outbox.post(session, NOON, MAIL[ME], "request_revoked", f"{mark}-1", number=number, what=f"{mark}-mail")
    outbox.post(
        session, NOON, f"{mark}@example.com", "case_filed", f"{mark}-2", number=case, what=f"{mark}-old", due=""
    )


GIVEN = {
    "said", "clause", "offered", "typed", "statement", "outcome", "complaint", "about", "wish", "answer", "basis",
    "further", "note", "certificate", "row", "dispute", "birthday", "standing", "filename",
    "purpose", "reason", "hold", "notice", "mail", "old",
}  # fmt: skip
CLOSED = {
    "plan", "signed", "internal", "salt", "hash", "event", "claimsalt", "claimhash",
    "mother", "relation", "mail-of-mother", "declaration",
}  # fmt: skip


def test_what_the_desk_holds_is_in_the_copy_and_that_of_others_is_not(desk, chat, mine, others):
    my_chat, other_chat = chat(str(ME)), chat(str(OTHER))
    with desk.transaction() as session:
        desk_rows(session, my_chat, str(ME), "desk-mine")
        desk_rows(session, other_chat, str(OTHER), "desk-other")
    package = copy_for(desk, my_chat, str(ME))
    data = package.files["data.json"].decode()
    tables = "\n".join(package.files[name].decode() for name in package.files if name.startswith("csv/"))
    for word in GIVEN:
        assert f"desk-mine-{word}" in data, word
        assert f"desk-mine-{word}" in tables, word
    for word in CLOSED:
        assert f"desk-mine-{word}" not in package.everything, word
    assert "desk-other" not in package.everything
    assert "secret-choice" not in package.everything
    assert "Working papers of a deletion" in package.page


def test_every_table_of_the_desk_that_speaks_of_people_is_in_the_copy_or_has_a_reason(desk, chat, mine):
    about_people = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(column.info["data"] != "not_personal" for column in table.columns)
    }
    shown = {
        "conversations", "messages", "privacy_requests", "cases", "disputes", "consent_ledger", "restrictions", "holds",
        "verification_codes", "exports", "webhook_events", "mails", "policy_ledger", "policy_notices", "attachments",
        "handoffs", "handoff_notes",
        "case_messages",
        "minors", "guardian_consents",
    }  # fmt: skip
    assert about_people == shown | set(NOT_IN_THE_COPY)


def test_the_link_of_an_earlier_copy_is_not_in_the_next_one(desk, chat):
    chat_id = chat("1001")
    copy_for(desk, chat_id, "1001")
    with desk.reading() as session:
        link = session.query(Message).filter_by(conversation_id=chat_id).all()[-1].card["url"]
    carried_out(asked(desk, chat_id, "1001"))
    package = opened(fetched(desk, "1001", token_of(desk, chat_id)))
    assert len(package.rows("desk-messages")) == 1
    assert link not in package.everything and link.rpartition("/")[2] not in package.everything


def test_mails_to_an_address_that_is_somebody_elses_by_now_are_theirs_whom_they_are_about(desk, chat, mine, others):
    my_chat, their_chat, former = chat(str(ME)), chat(str(OTHER)), MAIL[OTHER]
    change = {"table": "customers", "column": "email", "before": former}
    asked_before = {"regime": "gdpr", "received_at": NOON, "due_at": NOON}
    with desk.transaction() as session:
        session.add_all(
            [
                PrivacyRequest(
                    number="PR-2025-999998", kind="rectification", state="fulfilled", subject=str(ME),
                    origin="corrected", details={"changes": [change]}, **asked_before,
                ),
                PrivacyRequest(
                    number="PR-2025-999999", kind="export", state="awaiting_verification", subject=str(OTHER),
                    origin="copy", conversation_id=their_chat, **asked_before,
                ),
            ]
        )  # fmt: skip
    told = {ME: rights.told_without_a_number(desk, str(ME), former)}
    told[OTHER] = rights.told_without_a_number(desk, str(OTHER), former)
    code = rights.code_for(desk, their_chat, "PR-2025-999999")
    with desk.transaction() as session:
        for mail in session.scalars(sa.select(Mail)):
            mail.text = f"{mail.text} [{mail.dedupe_key}]"
    everything = copy_for(desk, my_chat, str(ME)).everything
    assert all(f"[{key}]" in everything for key in told[ME])
    assert not any(f"[{key}]" in everything for key in told[OTHER])
    assert f"Your code: {code}" not in everything


def test_a_mail_to_nobody_in_particular_stays_out(desk, chat):
    with desk.transaction() as session:
        session.add(
            Mail(
                dedupe_key="x", recipient="somebody@example.com", subject_line="s", text="t-elsewhere", created_at=NOON
            )
        )
    assert "t-elsewhere" not in copy_for(desk, chat("1001"), "1001").everything
