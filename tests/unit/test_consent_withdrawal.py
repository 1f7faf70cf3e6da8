"""Ending a use of data and giving it back: recorded once, never changed, told to everybody who must know."""

import ast
import inspect
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import insert, select, text

from actions import consent_withdrawal as skin
from actions.base import Turn
from actions.yes_and_no import Affirm
from bot.config import PROJECT
from bot.errors import GuardianNeeded, Invalid, NotSignedIn
from bot.privacy import consent_standing, consent_withdrawal, fulfilment
from bot.privacy.consent_standing import named_in, standing
from bot.privacy.consent_withdrawal import ROOM, choose
from bot.privacy.form_cards import TICKED, UNTICKED
from bot.privacy.room import Work
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, ConsentEntry, Mail, Message, PrivacyRequest, WebhookEvent
from bot.store.desk_tables import Turn as TurnRow
from bot.store.shop import ShopStore
from bot.vocabulary import ConsentState, RequestKind, RequestState
from tests import guardians
from tests.guardians import MAYA

AMELIA, DANIEL, BYSTANDER = "1001", "1002", "2004"  # granted on the website, refused there, never asked
DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
WITHDRAWN, OBJECTED, GRANTED = ConsentState.WITHDRAWN, ConsentState.OBJECTED, ConsentState.GRANTED


@pytest.fixture
def seeded_shop(seeded_shop, tmp_path):
    """A shop of the test's own: these tests write into it."""
    return shutil.copy(seeded_shop, tmp_path / "own_shop.sqlite3")


@pytest.fixture
def settings(settings):
    """Two services of the shop listen."""
    return settings.model_copy(update={"webhook_urls": "https://one.example.com/h,https://two.example.com/h"})


@pytest.fixture
def chose(desk, chat):
    """Makes a choice in a new chat: `chose(AMELIA, ["newsletter"], WITHDRAWN, "m1")`."""

    def made(subject, purposes, state, origin):
        conversation = chat(subject)
        with desk.transaction() as session:
            row = conversations.conversation(session, conversation)
            return choose(session, desk, desk.clock.now(), row, purposes, state, origin)

    return made


def rows(desk, table):
    with desk.reading() as session:
        return list(session.scalars(select(table)))


def shop_rows(desk, subject):
    consents = desk.shop.metadata.tables["consents"]
    with desk.shop.engine.connect() as connection:
        query = select(consents).where(consents.c.customer_ref == subject).order_by(consents.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def everybody_elses(desk, subject):
    """Every row of the shop's table of choices that is not this person's."""
    consents = desk.shop.metadata.tables["consents"]
    with desk.shop.engine.connect() as connection:
        return connection.execute(select(consents).where(consents.c.customer_ref != subject)).all()


def stands(desk, subject):
    with desk.reading() as session:
        return {each.purpose.key: each.state for each in standing(session, desk, subject)}


def work_of(desk, number):
    with desk.reading() as session:
        row = session.get_one(PrivacyRequest, number)
    return Work(desk, number, row.kind, row.subject, row.conversation_id, row.details, 0, lambda: None)


def carry_out(desk, number):
    work = work_of(desk, number)
    return [rest for step in ROOM.steps(work) for rest in step.act(work)]


# --- the room ---------------------------------------------------------------------------------------------------------


def test_a_withdrawal_is_in_the_ledger_with_version_clause_time_and_channel(desk, chose):
    receipt = chose(AMELIA, ["recommendations"], WITHDRAWN, "m1")
    entry = rows(desk, ConsentEntry)[0]
    assert (entry.subject, entry.purpose, entry.state) == (AMELIA, "recommendations", "withdrawn")
    assert (entry.policy_version, entry.clause, entry.channel) == ("2026-01-15", "continued-authorisation", "chat")
    assert (entry.at, entry.request_number) == (desk.clock.now(), receipt.number)
    assert stands(desk, AMELIA)["recommendations"] is WITHDRAWN


def test_the_request_runs_at_once_and_waits_for_no_code(desk, chose):
    receipt = chose(AMELIA, ["recommendations"], WITHDRAWN, "m1")
    request = rows(desk, PrivacyRequest)[0]
    assert (request.number, request.kind, request.state) == (receipt.number, "withdraw_consent", RequestState.RUNNING)
    assert request.details == {"purposes": ["recommendations"], "state": "withdrawn"}


def test_each_purpose_ends_as_its_legal_basis_wants_it(desk, chose):
    chose(AMELIA, ["recommendations", "fraud_scores"], WITHDRAWN, "m1")
    assert {e.purpose: e.state for e in rows(desk, ConsentEntry)} == {
        "recommendations": "withdrawn",
        "fraud_scores": "objected",
    }
    chose(DANIEL, ["fraud_scores"], WITHDRAWN, "m2")
    kinds = [request.kind for request in rows(desk, PrivacyRequest)]
    assert kinds == [RequestKind.WITHDRAW_CONSENT, RequestKind.OBJECT_TO_PROCESSING]


def test_the_same_message_never_chooses_twice(desk, chose):
    first = chose(AMELIA, ["newsletter"], WITHDRAWN, "m1")
    again = chose(AMELIA, ["newsletter"], WITHDRAWN, "m1")
    assert again == first
    assert [len(rows(desk, table)) for table in (ConsentEntry, PrivacyRequest, Mail, WebhookEvent)] == [1, 1, 1, 2]


def test_what_has_ended_is_not_ended_again(desk, chose):
    assert chose(DANIEL, ["recommendations"], WITHDRAWN, "m1") is None  # refused on the website
    chose(AMELIA, ["recommendations"], WITHDRAWN, "m2")
    assert chose(AMELIA, ["recommendations"], WITHDRAWN, "m3") is None
    mixed = chose(AMELIA, ["recommendations", "analytics", "analytics"], WITHDRAWN, "m4")
    assert [choice.purpose.key for choice in mixed.choices] == ["analytics"]
    assert [entry.purpose for entry in rows(desk, ConsentEntry)] == ["recommendations", "analytics"]


def test_a_consent_nobody_has_on_record_can_be_withdrawn_all_the_same(desk, chose):
    assert stands(desk, BYSTANDER)["newsletter"] is None
    assert chose(BYSTANDER, ["newsletter"], WITHDRAWN, "m1") is not None


def test_silence_is_no_consent_but_leaves_a_legitimate_interest_on(desk):
    with desk.reading() as session:
        on = {each.purpose.key: each.is_on for each in standing(session, desk, BYSTANDER)}
    assert on == {
        "order_mail": True,
        "newsletter": False,
        "recommendations": False,
        "analytics": False,
        "fraud_scores": True,
    }


def test_what_was_ended_can_be_given_again_and_ended_again(desk, chose, clock):
    chose(AMELIA, ["analytics"], WITHDRAWN, "m1")
    given = chose(AMELIA, ["analytics"], GRANTED, "m2")
    assert given.choices[0].state is GRANTED
    assert stands(desk, AMELIA)["analytics"] is GRANTED
    assert chose(AMELIA, ["analytics"], GRANTED, "m3") is None
    chose(AMELIA, ["analytics"], WITHDRAWN, "m4")
    assert [entry.state for entry in rows(desk, ConsentEntry)] == ["withdrawn", "granted", "withdrawn"]


def test_what_a_contract_needs_is_not_ended_by_itself(desk, chose):
    with pytest.raises(Invalid):
        chose(AMELIA, ["order_mail", "newsletter"], WITHDRAWN, "m1")
    with pytest.raises(Invalid):
        chose(AMELIA, ["no such purpose"], WITHDRAWN, "m2")
    assert rows(desk, ConsentEntry) == rows(desk, PrivacyRequest) == rows(desk, Mail) == []


def test_nobody_chooses_without_being_signed_in(desk, chose):
    with pytest.raises(NotSignedIn):
        chose(None, ["newsletter"], WITHDRAWN, "m1")


def test_somebody_under_18_allows_nothing_before_a_guardian_agreed_and_ends_what_they_like(desk, chat, chose):
    assert chose(MAYA, ["recommendations"], WITHDRAWN, "m1").choices[0].state is WITHDRAWN
    with pytest.raises(GuardianNeeded):
        chose(MAYA, ["recommendations"], GRANTED, "m2")
    assert [entry.state for entry in rows(desk, ConsentEntry)] == ["withdrawn"]
    assert len(rows(desk, PrivacyRequest)) == len(rows(desk, Mail)) == 1, "no receipt either"
    assert chose(DANIEL, ["recommendations"], GRANTED, "m3").choices[0].state is GRANTED, "an adult may"
    guardians.agreed(desk, chat(MAYA))
    assert chose(MAYA, ["recommendations"], GRANTED, "m4").choices[0].state is GRANTED


def test_the_newer_word_counts_whether_said_here_or_on_the_website(desk, chose):
    chose(AMELIA, ["analytics"], WITHDRAWN, "m1")
    consents = desk.shop.metadata.tables["consents"]
    later = desk.clock.now().replace(tzinfo=None) + timedelta(hours=1)
    with desk.shop.engine.begin() as connection:
        row = {"customer_ref": AMELIA, "purpose": "analytics", "state": "granted", "channel": "website"}
        connection.execute(insert(consents).values(row | {"recorded_at": later}))
    assert stands(desk, AMELIA)["analytics"] is GRANTED
    assert chose(AMELIA, ["analytics"], WITHDRAWN, "m2") is not None, "and it can be ended again"


def test_a_yes_on_the_website_in_the_shops_local_time_does_not_undo_the_no_that_came_after_it(desk, chose):
    others = everybody_elses(desk, AMELIA)
    datamap = replace(desk.datamap, timezone=ZoneInfo("Europe/Berlin"))
    desk = replace(desk, datamap=datamap, shop=ShopStore(desk.shop.engine, datamap))

    def says_yes_on_the_website(local):
        row = {"customer_ref": AMELIA, "purpose": "analytics", "state": "granted", "channel": "website"}
        with desk.shop.engine.begin() as connection:
            connection.execute(insert(desk.shop.metadata.tables["consents"]).values(row | {"recorded_at": local}))

    says_yes_on_the_website(datetime(2026, 11, 23, 12, 40))  # twenty minutes before the withdrawal, at noon in UTC
    request = chose(AMELIA, ["analytics"], WITHDRAWN, "m1").number
    assert stands(desk, AMELIA)["analytics"] is WITHDRAWN
    assert carry_out(desk, request) == []
    assert shop_rows(desk, AMELIA)[-1]["recorded_at"] == datetime(2026, 11, 23, 13), "as the shop's clock shows it"
    assert stands(desk, AMELIA)["analytics"] is WITHDRAWN
    says_yes_on_the_website(datetime(2026, 11, 23, 13, 10))
    assert stands(desk, AMELIA)["analytics"] is GRANTED, "this one came later"
    assert everybody_elses(desk, AMELIA) == others


def test_nothing_of_a_choice_is_kept_when_its_transaction_fails(desk, chat):
    conversation = chat(AMELIA)
    with pytest.raises(ZeroDivisionError), desk.transaction() as session:
        row = conversations.conversation(session, conversation)
        choose(session, desk, desk.clock.now(), row, ["newsletter"], WITHDRAWN, "m1")
        raise ZeroDivisionError
    for table in (ConsentEntry, PrivacyRequest, Mail, WebhookEvent):
        assert rows(desk, table) == []


def test_every_service_is_told_in_the_transaction_of_the_choice(desk, chose):
    receipt = chose(AMELIA, ["analytics", "fraud_scores"], WITHDRAWN, "m1")
    told = [(event.url, event.payload["purpose"], event.payload["state"]) for event in rows(desk, WebhookEvent)]
    assert sorted(told) == [
        (f"https://{host}.example.com/h", purpose, state)
        for host in ("one", "two")
        for purpose, state in (("analytics", "withdrawn"), ("fraud_scores", "objected"))
    ]
    assert {event.request_number for event in rows(desk, WebhookEvent)} == {receipt.number}


def test_one_mail_is_the_receipt_and_names_nobody(desk, chose):
    receipt = chose(AMELIA, ["recommendations"], WITHDRAWN, "m1")
    (mail,) = rows(desk, Mail)
    assert mail.recipient == "amelia.hartley@example.com"
    assert receipt.number in mail.subject_line
    for piece in (
        "Recommendations made for you",
        "consent withdrawn",
        "2026-01-15",
        "continued-authorisation",
        "12:00",
    ):
        assert piece in mail.text
    for piece in ("Amelia", "Hartley", AMELIA, "@", "900101"):
        assert piece not in mail.text + mail.subject_line
    assert not ROOM.mails_when_done, "the end of the work is told in the chat only"


def test_the_record_of_the_desk_tells_of_the_choice(desk, chose):
    chose(AMELIA, ["newsletter"], WITHDRAWN, "m1")
    assert [e.event for e in rows(desk, AuditEntry)] == ["request_received", "request_started", "consent_changed"]


# --- the ledger -------------------------------------------------------------------------------------------------------


def test_no_choice_in_the_ledger_is_ever_changed_or_removed(desk, chose):
    chose(AMELIA, ["analytics"], WITHDRAWN, "m1")
    before = rows(desk, ConsentEntry)[0].__dict__ | {"_sa_instance_state": None}
    chose(AMELIA, ["analytics"], GRANTED, "m2")
    chose(AMELIA, ["analytics"], WITHDRAWN, "m3")
    assert rows(desk, ConsentEntry)[0].__dict__ | {"_sa_instance_state": None} == before
    assert len(rows(desk, ConsentEntry)) == 3


@pytest.mark.parametrize("module", [consent_withdrawal, consent_standing], ids=lambda module: module.__name__)
def test_there_is_no_way_to_change_or_remove_a_ledger_row(module):
    tree = ast.parse(inspect.getsource(module))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not {"update", "delete", "text"} & (called | named)
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AugAssign)]
    targets = [target for node in assigned for target in getattr(node, "targets", [getattr(node, "target", None)])]
    assert not [target for target in targets if isinstance(target, ast.Attribute)]


# --- the worker -------------------------------------------------------------------------------------------------------


def test_the_shops_own_table_gets_the_choice_once_though_the_worker_was_killed(desk, chose):
    others, before = everybody_elses(desk, AMELIA), shop_rows(desk, AMELIA)
    receipt = chose(AMELIA, ["recommendations", "fraud_scores"], WITHDRAWN, "m1")
    assert shop_rows(desk, AMELIA) == before, "the web process writes nothing into the shop"
    for _ in range(3):  # killed before its ledger row was written, so the step runs again from its beginning
        assert carry_out(desk, receipt.number) == []
    new = shop_rows(desk, AMELIA)[len(before) :]
    assert [(row["purpose"], row["state"], row["channel"]) for row in new] == [
        ("recommendations", "refused", "chat"),
        ("fraud_scores", "refused", "chat"),
    ]
    assert shop_rows(desk, AMELIA)[: len(before)] == before
    assert everybody_elses(desk, AMELIA) == others


def test_the_worker_fulfils_it_and_says_so_in_the_chat_without_a_second_mail(desk, chose):
    receipt = chose(AMELIA, ["analytics"], WITHDRAWN, "m1")
    assert fulfilment.waiting_for_a_worker(desk) == [receipt.number]
    assert fulfilment.carry_out(desk, fulfilment.take(desk, receipt.number))
    (request,) = rows(desk, PrivacyRequest)
    assert request.state == RequestState.FULFILLED
    (said,) = rows(desk, Message)
    assert (said.response, said.conversation_id) == ("utter_consent_done", request.conversation_id)
    assert receipt.number in said.text
    assert len(rows(desk, Mail)) == 1


def test_a_worker_killed_between_two_purposes_writes_the_second_one_later(desk, chose, monkeypatch):
    receipt = chose(AMELIA, ["recommendations", "analytics"], WITHDRAWN, "m1")
    write, killed = consent_withdrawal.consent_records.write, []

    def dies_after_the_first(*given):
        if killed:
            raise KeyboardInterrupt
        killed.append(write(*given))

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(consent_withdrawal.consent_records, "write", dies_after_the_first)
        carry_out(desk, receipt.number)
    carry_out(desk, receipt.number)
    chosen_here = [row["purpose"] for row in shop_rows(desk, AMELIA) if row["channel"] == "chat"]
    assert chosen_here == ["recommendations", "analytics"]


def test_a_choice_that_was_changed_meanwhile_does_not_overwrite_the_newer_one(desk, chose, clock):
    first = chose(AMELIA, ["analytics"], WITHDRAWN, "m1")
    second = chose(AMELIA, ["analytics"], GRANTED, "m2")
    carry_out(desk, second.number)
    carry_out(desk, first.number)
    assert [row["state"] for row in shop_rows(desk, AMELIA) if row["channel"] == "chat"] == ["granted"]
    assert stands(desk, AMELIA)["analytics"] is GRANTED


def test_the_desk_and_the_shop_say_the_same_once_the_work_is_done(desk, chose):
    receipt = chose(AMELIA, ["recommendations", "fraud_scores", "newsletter"], WITHDRAWN, "m1")
    before = stands(desk, AMELIA)
    carry_out(desk, receipt.number)
    assert stands(desk, AMELIA) == before
    with desk.engine.begin() as connection:  # what a shop without the desk would read
        connection.execute(text("DELETE FROM consent_ledger"))
    assert stands(desk, AMELIA) == before


def test_another_customer_is_untouched_by_it_all(desk, chose):
    before = stands(desk, DANIEL), shop_rows(desk, DANIEL)
    receipt = chose(AMELIA, ["recommendations", "analytics"], WITHDRAWN, "m1")
    carry_out(desk, receipt.number)
    assert (stands(desk, DANIEL), shop_rows(desk, DANIEL)) == before
    assert {entry.subject for entry in rows(desk, ConsentEntry)} == {AMELIA}


def test_a_request_whose_person_was_erased_meanwhile_writes_nothing(desk, chose):
    receipt = chose(AMELIA, ["analytics"], WITHDRAWN, "m1")
    before = shop_rows(desk, AMELIA)
    work = replace(work_of(desk, receipt.number), subject=None)
    assert [step.act(work) for step in ROOM.steps(work)] == [[]]
    assert shop_rows(desk, AMELIA) == before


def test_a_choice_made_by_another_way_is_carried_out_alike(desk, chat):
    from bot.privacy.request_intake import receive_request

    conversation = chat(AMELIA)
    with desk.transaction() as session:
        row, now = conversations.conversation(session, conversation), desk.clock.now()
        details = {"purposes": ["analytics"], "state": "withdrawn"}
        receive_request(session, desk, now, row, RequestKind.WITHDRAW_CONSENT, ROOM, "m1", details)
    assert stands(desk, AMELIA)["analytics"] is WITHDRAWN


# --- the words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("Stop sending me the newsletter", ["newsletter"]),
        ("no more ADVERTISING MAIL please", ["newsletter"]),
        ("no advertising and no newsletter", ["newsletter", "recommendations"]),
        ("I object to risk scores", ["fraud_scores"]),
        ("I do not want to be scored", ["fraud_scores"]),
        ("no risk assessment of me", ["fraud_scores"]),
        ("stop mailing me", ["newsletter"]),
        ("stop emailing me offers", ["newsletter"]),
        ("stop emailing me about my order", ["order_mail"]),
        ("no more adverts", ["recommendations"]),
        ("stop suggesting and recommending things", ["recommendations"]),
        ("stop looking at what I click", ["analytics"]),
        ("do not track me", ["analytics"]),
        ("my newsletters", ["newsletter"]),
        ("a newsletterish thing", []),
        ("take back what I agreed to", []),
    ],
)
def test_a_purpose_is_named_by_whole_words_and_the_longer_word_wins(desk, words, named):
    with desk.reading() as session:
        found = named_in(words, standing(session, desk, AMELIA))
    assert sorted(each.purpose.key for each in found) == named


class Talk:
    """A chat with the journey, without the engine."""

    def __init__(self, desk, conversation) -> None:
        self.desk, self.conversation, self.events = desk, conversation, []

    def _message(self, words: str, intent: str | None, value: str | None, card: Any = None) -> int:
        with self.desk.transaction() as session:
            row = TurnRow(
                conversation_id=self.conversation, idempotency_key=f"k{datetime.now().timestamp()}", body_hash="",
                state="running", choice_intent=intent, choice_value=value, created_at=self.desk.clock.now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            message = Message(
                conversation_id=self.conversation, turn_id=row.id, author="user", text=words, citations=[], choices=[],
                card=card, created_at=self.desk.clock.now(),
            )  # fmt: skip
            session.add(message)
            session.flush()
            return message.id

    def _run(self, act, message: int, typed: bool, intent: str):
        ranking = [{"name": intent}, {"name": "other"}] if typed else [{"name": intent}]
        latest = {"intent": {"name": intent}, "intent_ranking": ranking, "metadata": {"message": str(message)}}
        tracker = Tracker(self.conversation, {}, latest, self.events, False, None, {}, "action_listen")
        dispatcher = CollectingDispatcher()
        with self.desk.transaction() as session:
            turn = Turn(self.desk, session, dispatcher, tracker, DOMAIN)
            assert act(turn) == []
            said = [self._spoken(session, each) for each in dispatcher.messages]
        for each in said:
            metadata = {"utter_action": each["response"]}
            self.events.append({"event": "bot", "metadata": metadata, "data": {"buttons": each["buttons"]}})
        return said

    def _spoken(self, session, message):
        custom = message["custom"]
        card = conversations.card_content(session, self.conversation, custom["card"]) if "card" in custom else None
        return message | {"card": card, "card_id": custom.get("card"), "citations": custom.get("citations", [])}

    def says(self, words, kind=RequestKind.WITHDRAW_CONSENT):
        message = self._message(words, None, None)
        return self._run(lambda turn: skin.ConsentJourney().begin(turn, kind), message, True, "withdraw_consent")

    def presses(self, button):
        intent, _, value = button["payload"][1:].partition(" ")
        kind = {name: kind for kind, name in skin.INTENTS.items()}[intent]
        message = self._message(button["title"], intent, value or None)
        return self._run(lambda turn: skin.ConsentJourney().begin(turn, kind), message, False, intent)

    def sends(self, shown, message=None, **changed):
        values = {field["name"]: field["value"] for field in shown["card"]["fields"]} | changed
        content = {"kind": conversations.FORM_VALUES, "form": "consent", "values": values}
        message = message or self._message("form", "submit_form", shown["card_id"], content)
        act = lambda turn: skin.ConsentJourney().submitted_form(turn, str(message))  # noqa: E731
        return self._run(act, message, False, "submit_form"), message

    def affirms(self, words="yes please"):
        message = self._message(words, None, None)
        return self._run(Affirm(self.desk).act, message, True, "affirm")


@pytest.fixture
def talk(desk, chat):
    """A chat with Amelia."""
    return Talk(desk, chat(AMELIA))


def responses(said):
    return [each["response"] for each in said]


def test_the_card_names_every_use_with_its_consequence_before_anything_is_chosen(talk, desk):
    (card,) = talk.says("I take back what I agreed to")
    assert card["response"] == "utter_consent_card"
    assert card["citations"] == ["your-rights", "continued-authorisation", "collection-purposes"]
    fields = {field["name"]: field for field in card["card"]["fields"]}
    assert {name: field["value"] for name, field in fields.items()} == {
        "newsletter": UNTICKED,
        "recommendations": TICKED,
        "analytics": TICKED,
        "fraud_scores": TICKED,
    }
    assert "No choice of yours" in fields["newsletter"]["hint"]
    assert fields["analytics"]["hint"].startswith("What you view and search for is no longer recorded.")
    assert [button["title"] for button in card["buttons"]] == [
        "Stop: The newsletter",
        "Stop: Recommendations made for you",
        "Stop: Learning from what you view and search for",
        "Stop: Risk scores for orders",
        "Stop all of them",
    ]
    assert rows(desk, ConsentEntry) == []


def test_one_press_after_the_card_ends_a_use_and_gives_the_receipt(talk, desk):
    card = talk.says("I take back what I agreed to")[-1]
    (said,) = talk.presses(card["buttons"][1])
    assert said["response"] == "utter_consent_ended"
    assert said["citations"] == ["continued-authorisation"]
    assert said["card"]["kind"] == "receipt"
    assert said["card"]["number"] == rows(desk, PrivacyRequest)[0].number
    assert said["card"]["lines"][0].startswith("Recommendations made for you: consent withdrawn")
    assert "Policy version 2026-01-15" in said["card"]["lines"]


def test_one_press_ends_all_of_them_with_one_receipt(talk, desk):
    card = talk.says("I take back what I agreed to")[-1]
    (said,) = talk.presses(card["buttons"][-1])
    assert len(said["card"]["lines"]) == 6
    assert len(rows(desk, Mail)) == len(rows(desk, PrivacyRequest)) == 1
    again = talk.says("I take back what I agreed to")[-1]
    assert again["response"] == "utter_consent_all_ended"
    assert [button["title"][:6] for button in again["buttons"]] == ["Allow:"] * 4


def test_a_named_use_is_asked_about_with_its_consequence_and_a_press_ends_it(talk, desk):
    (asked,) = talk.says("no more recommendations for me")
    assert asked["response"] == "utter_consent_confirm"
    assert asked["citations"] == ["continued-authorisation"]
    assert "the same products as everybody" in asked["consequence"]
    assert [button["payload"] for button in asked["buttons"]] == ["/withdraw_consent recommendations", "/deny"]
    assert rows(desk, ConsentEntry) == []
    assert responses(talk.presses(asked["buttons"][0])) == ["utter_consent_ended"]
    (already,) = talk.says("no more recommendations for me")
    assert already["response"] == "utter_consent_already_ended"
    assert responses(talk.presses(already["buttons"][0])) == ["utter_consent_given"]


def test_a_yes_in_words_ends_the_use_that_was_asked_about_and_no_other(talk, desk):
    assert responses(talk.affirms()) == ["utter_affirm_alone"]
    talk.says("no more recommendations for me")
    assert responses(talk.affirms()) == ["utter_consent_ended"]
    assert [entry.purpose for entry in rows(desk, ConsentEntry)] == ["recommendations"]
    assert responses(talk.affirms()) == ["utter_affirm_alone"]


def test_a_yes_to_the_card_is_a_yes_to_nothing_in_particular(talk, desk):
    talk.says("I take back what I agreed to")
    assert responses(talk.affirms()) == ["utter_affirm_alone"]
    assert rows(desk, ConsentEntry) == []


def test_a_yes_with_a_condition_ends_nothing_and_shows_the_card(talk, desk):
    talk.says("no more recommendations for me")
    assert responses(talk.affirms("yes but keep the rest"))[-1] == "utter_consent_card"
    assert rows(desk, ConsentEntry) == []


def test_all_but_one_is_not_taken_for_that_one(talk, desk):
    (asked,) = talk.says("everything except the newsletter")
    assert asked["purpose"] == (
        "Recommendations made for you, Learning from what you view and search for, Risk scores for orders"
    )
    assert responses(talk.affirms()) == ["utter_consent_ended"]
    assert [entry.purpose for entry in rows(desk, ConsentEntry)] == ["recommendations", "analytics", "fraud_scores"]


def test_all_of_it_is_chosen_on_the_card(talk, desk):
    assert responses(talk.says("I withdraw everything I agreed to"))[-1] == "utter_consent_card"
    assert responses(talk.affirms()) == ["utter_affirm_alone"]
    assert rows(desk, ConsentEntry) == []


def test_several_uses_are_asked_about_in_one_question_and_end_with_one_receipt(talk, desk):
    others, before = everybody_elses(desk, AMELIA), stands(desk, DANIEL)
    (asked,) = talk.says("stop recommendations and the risk scores")
    assert asked["response"] == "utter_consent_confirm"
    assert asked["purpose"] == "Recommendations made for you, Risk scores for orders"
    assert "Recommendations made for you: The shop shows you the same products" in asked["consequence"]
    assert "Risk scores for orders: A person checks" in asked["consequence"]
    assert asked["citations"] == ["continued-authorisation", "collection-purposes"]
    assert [button["title"] for button in asked["buttons"]] == ["Yes, stop them", "No, leave it as it is"]
    assert rows(desk, ConsentEntry) == []
    assert responses(talk.presses(asked["buttons"][0])) == ["utter_consent_ended"]
    assert {e.purpose: e.state for e in rows(desk, ConsentEntry)} == {
        "recommendations": "withdrawn",
        "fraud_scores": "objected",
    }
    assert len(rows(desk, PrivacyRequest)) == len(rows(desk, Mail)) == 1
    assert (everybody_elses(desk, AMELIA), stands(desk, DANIEL)) == (others, before)


def test_a_yes_in_words_ends_all_that_was_asked_about_and_spares_what_was_to_be_kept(talk, desk):
    talk.says("no ads and no scoring but keep the analytics")
    assert responses(talk.affirms()) == ["utter_consent_ended"]
    assert [entry.purpose for entry in rows(desk, ConsentEntry)] == ["recommendations", "fraud_scores"]
    assert stands(desk, AMELIA)["analytics"] is GRANTED


def test_of_several_uses_what_ended_before_is_said_and_the_rest_is_asked_about(talk, desk, chose):
    chose(AMELIA, ["recommendations"], WITHDRAWN, "m1")
    already, asked = talk.says("stop recommendations and the risk scores")
    assert responses([already, asked]) == ["utter_consent_already_ended", "utter_consent_confirm"]
    assert (already["purpose"], already["buttons"]) == ("Recommendations made for you", [])
    assert (asked["purpose"], asked["buttons"][0]["title"]) == ("Risk scores for orders", "Yes, stop it")


def test_a_question_too_long_to_be_kept_is_asked_on_the_card(talk, desk, monkeypatch):
    monkeypatch.setattr("actions.consent_cards._LONGEST", 20)
    assert responses(talk.says("stop recommendations and the risk scores"))[-1] == "utter_consent_card"
    assert responses(talk.says("stop recommendations")) == ["utter_consent_confirm"]


def test_a_yes_to_a_use_that_is_on_never_ends_it(talk, desk):
    (said,) = talk.says("I consent to the recommendations")
    assert (said["response"], said["purpose"]) == ("utter_consent_already_on", "Recommendations made for you")
    assert [button["title"] for button in said["buttons"]] == ["Stop: Recommendations made for you"]
    assert responses(talk.affirms()) == ["utter_affirm_alone"]
    assert rows(desk, ConsentEntry) == []
    assert stands(desk, AMELIA)["recommendations"] is GRANTED


@pytest.mark.parametrize("by_press", [True, False])
def test_a_yes_to_a_use_that_ended_is_asked_for_and_then_recorded(talk, desk, chose, by_press):
    chose(AMELIA, ["recommendations"], WITHDRAWN, "m1")
    (asked,) = talk.says("you may use my data for ads again")
    assert (asked["response"], asked["purpose"]) == ("utter_consent_allow", "Recommendations made for you")
    assert asked["buttons"][0]["title"] == "Allow: Recommendations made for you"
    assert stands(desk, AMELIA)["recommendations"] is WITHDRAWN, "words alone give no consent"
    said = talk.presses(asked["buttons"][0]) if by_press else talk.affirms()
    assert responses(said) == ["utter_consent_given"]
    assert stands(desk, AMELIA)["recommendations"] is GRANTED
    assert stands(desk, DANIEL)["recommendations"] is WITHDRAWN


def test_a_yes_that_comes_after_something_else_allows_nothing(talk, desk, chose):
    chose(AMELIA, ["recommendations"], WITHDRAWN, "m1")
    talk.says("you may use my data for ads again")
    talk.events.append({"event": "user", "parse_data": {"intent": {"name": "ask_policy"}}})
    talk.events.append({"event": "bot", "metadata": {"utter_action": "utter_ask_policy/security"}, "data": {}})
    assert responses(talk.affirms()) == ["utter_affirm_alone"]
    assert stands(desk, AMELIA)["recommendations"] is WITHDRAWN


def test_a_young_person_is_offered_no_yes_before_a_guardian_agreed(desk, chat, chose):
    chose(MAYA, ["recommendations", "analytics"], WITHDRAWN, "m1")
    young, before = Talk(desk, chat(MAYA)), len(rows(desk, ConsentEntry))
    card = young.says("I take back what I agreed to")[-1]
    assert [button["title"] for button in card["buttons"]] == [
        "Stop: The newsletter",
        "Stop: Risk scores for orders",
        "Stop all of them",
    ]
    assert [field["name"] for field in card["card"]["fields"]] == ["fraud_scores"]
    assert young.says("no more recommendations for me")[0]["buttons"] == []
    assert responses(young.says("you may use my data for ads again")) == ["utter_error_guardian_needed"]
    assert responses(young.affirms()) == ["utter_affirm_alone"]
    assert len(rows(desk, ConsentEntry)) == before
    assert responses(young.presses(card["buttons"][-1])) == ["utter_consent_ended"]
    (nothing_left,) = young.says("I take back what I agreed to")
    assert (nothing_left["response"], nothing_left["card"], nothing_left["buttons"]) == (
        "utter_consent_all_ended", None, [],
    )  # fmt: skip


def test_of_an_old_card_what_a_young_person_ends_is_ended_and_nothing_is_allowed(desk, chat):
    guardian, young = guardians.agreed(desk, chat(MAYA)), Talk(desk, chat(MAYA))
    card = young.says("I take back what I agreed to")[-1]
    guardian.withdraw()
    said, _ = young.sends(card, newsletter=TICKED, fraud_scores=UNTICKED)
    assert responses(said) == ["utter_consent_ended", "utter_error_guardian_needed"]
    assert [(entry.purpose, entry.state) for entry in rows(desk, ConsentEntry)] == [("fraud_scores", "objected")]


def test_several_uses_are_allowed_one_by_one_on_their_card(talk, desk, chose):
    chose(AMELIA, ["recommendations", "analytics"], WITHDRAWN, "m1")
    (asked,) = talk.says("switch recommendations and analytics back on")
    assert asked["response"] == "utter_consent_allow_several"
    assert [field["name"] for field in asked["card"]["fields"]] == ["recommendations", "analytics"]
    assert responses(talk.affirms()) == ["utter_affirm_alone"]
    said, _ = talk.sends(asked, analytics=TICKED)
    assert responses(said) == ["utter_consent_given"]
    assert stands(desk, AMELIA)["recommendations"] is WITHDRAWN
    assert stands(desk, AMELIA)["analytics"] is GRANTED


def test_what_is_to_be_turned_on_beside_an_end_is_offered_after_it_and_not_done(talk, desk):
    (asked,) = talk.says("turn off recommendations and turn on the newsletter")
    assert (asked["response"], asked["purpose"]) == ("utter_consent_confirm", "Recommendations made for you")
    ended, offered = talk.affirms()
    assert responses([ended, offered]) == ["utter_consent_ended", "utter_consent_allow"]
    assert offered["purpose"] == "The newsletter"
    assert [entry.purpose for entry in rows(desk, ConsentEntry)] == ["recommendations"]
    assert responses(talk.presses(offered["buttons"][0])) == ["utter_consent_given"]
    assert stands(desk, AMELIA)["newsletter"] is GRANTED


def test_taking_back_a_consent_is_still_heard_as_an_end(talk):
    for words in ("I take back my consent to the ads", "I no longer agree to the ads", "I do not consent to the ads"):
        assert responses(talk.says(words)) == ["utter_consent_confirm"], words


def test_a_core_use_is_explained_with_its_clause_and_not_ended(talk, desk):
    (said,) = talk.says("stop the order confirmation mails, that is the order mail")
    assert said["response"] == "utter_consent_core"
    assert said["citations"] == ["refusal-to-provide"]
    assert rows(desk, ConsentEntry) == []


@pytest.mark.parametrize("words", ["stop all mails from you", "no order mails and no newsletter please"])
def test_where_all_mails_are_to_end_those_about_orders_are_explained_and_the_others_asked_about(talk, desk, words):
    core, asked = talk.says(words)
    assert responses([core, asked]) == ["utter_consent_core", "utter_consent_confirm"]
    assert (core["purpose"], asked["purpose"]) == ("Mails about your orders", "The newsletter")
    assert core["citations"] == ["refusal-to-provide"]
    assert "ordering ends" in core["consequence"]
    assert responses(talk.affirms()) == ["utter_consent_ended"]
    assert [entry.purpose for entry in rows(desk, ConsentEntry)] == ["newsletter"]


def test_order_mails_named_beside_everything_are_explained_before_the_card(talk):
    said = talk.says("I withdraw everything, order mails too")
    assert responses(said) == ["utter_consent_core", "utter_consent_card"]


def test_order_mails_are_not_spoken_of_where_they_are_to_stay(talk):
    assert responses(talk.says("keep the order mails but stop the newsletter")) == ["utter_consent_confirm"]


def test_the_switches_end_and_give_in_one_go(talk, desk):
    card = talk.says("I take back what I agreed to")[-1]
    said, message = talk.sends(card, analytics=UNTICKED, newsletter=TICKED)
    assert responses(said) == ["utter_consent_ended", "utter_consent_given"]
    assert {e.purpose: e.state for e in rows(desk, ConsentEntry)} == {"analytics": "withdrawn", "newsletter": "granted"}
    again, _ = talk.sends(card, message, analytics=UNTICKED, newsletter=TICKED)
    assert responses(again) == responses(said), "the same message handled twice gives the same receipts"
    assert len(rows(desk, ConsentEntry)) == 2


def test_switches_left_as_they_were_change_nothing(talk, desk):
    card = talk.says("I take back what I agreed to")[-1]
    said, _ = talk.sends(card)
    assert responses(said) == ["utter_consent_unchanged"]
    assert rows(desk, PrivacyRequest) == []


def test_a_switch_left_alone_on_an_old_card_gives_no_consent_again(talk, desk):
    old = talk.says("I take back what I agreed to")[-1]
    talk.presses(old["buttons"][1])
    said, _ = talk.sends(old, analytics=UNTICKED)
    assert responses(said) == ["utter_consent_ended"]
    assert stands(desk, AMELIA)["recommendations"] is WITHDRAWN
    assert stands(desk, AMELIA)["analytics"] is WITHDRAWN


def test_a_switch_left_alone_on_an_old_card_withdraws_nothing_either(talk, desk):
    old = talk.says("I take back what I agreed to")[-1]
    card = talk.says("I take back what I agreed to")[-1]
    talk.sends(card, newsletter=TICKED)
    said, _ = talk.sends(old, analytics=UNTICKED)
    assert responses(said) == ["utter_consent_ended"]
    assert stands(desk, AMELIA)["newsletter"] is GRANTED
    assert stands(desk, AMELIA)["analytics"] is WITHDRAWN


def test_giving_again_takes_as_many_turns_as_ending(talk, desk):
    card = talk.says("I take back what I agreed to")[-1]
    talk.presses(card["buttons"][2])
    card = talk.says("I take back what I agreed to")[-1]
    allow = next(button for button in card["buttons"] if button["title"].startswith("Allow:"))
    assert responses(talk.presses(allow)) == ["utter_consent_given"]
    assert stands(desk, AMELIA)["analytics"] is GRANTED
