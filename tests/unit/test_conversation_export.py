"""A stored conversation becomes a test with nobody in it; what cannot be made safe is a gap, never a leak."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from bot.errors import NotFound
from bot.privacy.conversation_export import export_conversation, recent
from bot.privacy.entities import Finder
from bot.privacy.safe_words import GAP_BEGINS, SafeWords, own_values
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Message, Turn
from bot.store.known_words import known_words
from bot.vocabulary import Author
from tests.conversations.runner.reading import BadFile, read
from tests.unit.conftest import NOON

EMAIL, NAME, PHONE = "zq.xylander@example.com", "Zquirina Xylander", "+44 7700 900457"
KNOWN = frozenset(
    {"Please", "please", "delete", "my", "data", "I", "the", "am", "a", "and", "name", "is", "call", "me", "at", "on"}
    | {"who", "in", "15", "was", "born"}
)


@pytest.fixture
def canary(own_desk):
    """A customer whose every value is one that nobody would invent."""
    desk = own_desk()
    with desk.shop.engine.begin() as connection:
        customers, addresses = (desk.shop.metadata.tables[name] for name in ("customers", "addresses"))
        mine = customers.c.id == 1001
        connection.execute(sa.update(customers).where(mine).values(name=NAME, email=EMAIL, phone=PHONE))
        place = {"street": "77 Qvarnholm Rise", "city": "Will", "postcode": "ZQ9 7XJ"}
        connection.execute(sa.update(addresses).where(addresses.c.customer_id == 1001).values(**place))
    return desk


class Chat:
    """Writes a conversation as the web does it."""

    def __init__(self, desk, subject):
        self.desk, self.at = desk, NOON
        with desk.transaction() as session:
            self.id, _ = conversations.open_session(session, subject, NOON, NOON + timedelta(hours=8))

    def turn(self, text, *answers, choice=None, label=None, card=None):
        with self.desk.transaction() as session:
            turn = Turn(conversation_id=self.id, idempotency_key=str(self.at), body_hash="", state="done",
                        choice_intent=choice, created_at=self.at)  # fmt: skip
            session.add(turn)
            session.flush()
            if choice:
                conversations.add_choice(session, self.id, turn.id, f"/{choice}", label or text)
            session.add(self._message(Author.USER, text, turn.id, card=card))
            for answer in answers:
                session.add(self._message(Author.BOT, turn_id=turn.id, **answer))
        self.at += timedelta(minutes=1)

    def announce(self, **message):
        with self.desk.transaction() as session:
            session.add(self._message(Author.BOT, turn_id=None, **message))

    def _message(self, author, text="", turn_id=None, response=None, cites=(), card=None):
        cited = [{"clause": each} for each in cites]
        return Message(conversation_id=self.id, turn_id=turn_id, author=author, text=text, response=response,
                       choices=[], citations=cited, card=card, created_at=self.at)  # fmt: skip

    def export(self):
        with self.desk.transaction() as session:
            return export_conversation(session, self.desk, NOON, self.id, actor="maria")

    def steps(self):
        return yaml.safe_load(self.export().text)[0]["steps"]


def safe(own=(), numbers=None):
    values, names = own_values(own, {EMAIL: "${email}", NAME: "${name}"}, KNOWN)
    return SafeWords(KNOWN, Finder(r"[A-Z]{1,3}-\d{4,10}", "GB"), values, names, numbers or {})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Please delete my data", "Please delete my data"),
        ("PLEASE DELETE MY DATA", "PLEASE DELETE MY DATA"),
        ("I am zquirina   XYLANDER", "I am ${name}"),
        (f"Please call me at {EMAIL}.", "Please call me at ${email}."),
        ("call me at bob@somewhere.example.org", "call me at somebody.else@example.com"),
        ("call me at +44 7700 900999", "call me at +44 20 7946 0018"),
        ("call me at (0113) 496-0999", "call me at +44 20 7946 0018"),
        ("my name is Bob", "my name is ‹fill in: a word›"),
        ("my name is bob", "my name is ‹fill in: a word›"),
        ("and My data", "and ‹fill in: a word› data"),
        ("who is 15", "who is 15"),
        ("who is 150", "who is ‹fill in: a number›"),
        ("4111 1111 1111 1111", "‹fill in: a number›"),
        ("DE89 3704 0044 0532 0130 00", "‹fill in: a number›"),
        ("bob-A-20417", "‹fill in: a word›-‹fill in: a number›"),
        ("I was born on 12.03.1990", "I was born on ‹fill in: a date›"),
        ("my data at https://example.com/u/bob", "my data at ‹fill in: an address›"),
        ("delete ${email}", "delete ‹fill in: an address›‹fill in: a word›}"),
        ("delete PR-2026-000001 and pr-2026-000002", "delete ${request1} and ‹fill in: a number›"),
        ("👍🏽 !?", "👍🏽 !?"),
    ],
)  # fmt: skip
def test_a_text_keeps_its_words_and_loses_its_person(typed, kept):
    own = [("name", NAME), ("email", EMAIL)]
    assert safe(own, {"PR-2026-000001": "${request1}"}).of(typed) == kept


def test_a_name_that_is_a_common_word_is_taken_out_where_it_is_the_persons():
    assert safe([("name", "Please Me")]).of("Please delete me") == "‹fill in: a word› delete ‹fill in: a word›"


def test_a_state_that_many_have_is_not_taken_for_the_person():
    assert safe([("", "delete"), ("", "Qvarn")]).of("delete data") == "delete data"


@given(st.text(max_size=60), st.text("bcdfgqxz", min_size=4, max_size=12))
def test_no_unknown_word_ever_passes(around, secret):
    assert secret not in safe().of(f"{around} {secret} {around}")


def test_nothing_of_the_person_stands_in_the_file(canary):
    chat = Chat(canary, "1001")
    chat.turn(
        f"Hello, I am {NAME} ({EMAIL}, {PHONE}) of 77 Qvarnholm Rise, ZQ9 7XJ Will. My son Thaddeus, born 3.4.2011",
        {"response": "utter_help", "text": f"Hello {NAME}"},
    )
    chat.turn(
        "Correct your data",
        {"response": "utter_rectification_confirm", "text": "So?", "card": {"kind": "correction", "lines": [NAME]}},
        choice="submit_form",
        card={"kind": "form_values", "form": "rectification", "values": {"customers.name.1001": "Zquirina Nowhere"}},
    )
    exported = chat.export()
    for value in ("quirina", "xylander", "900457", "7700", "qvarnholm", "zq9", "7xj", "thaddeus", "1001", "nowhere"):
        assert value not in exported.text.casefold(), value
    assert "Will" not in exported.text and exported.gaps > 3
    assert "${name}" in exported.text and "${email}" in exported.text


def test_a_choice_that_was_typed_is_exported_as_it_was_typed(canary):
    chat = Chat(canary, "1001")
    chat.turn("the name is on", {"response": "utter_help"}, choice="affirm", label="Yes, delete everything")
    assert chat.steps()[0] == {"user": "the name is on"}


def test_it_becomes_steps_that_the_runner_understands(canary, tmp_path):
    chat = Chat(canary, "1001")
    chat.turn("Please send me a copy of my data", {"response": "utter_confirm_export"})
    chat.turn(
        "Yes, make the copy",
        {"response": "utter_code_sent", "text": "It has the number PR-2026-000007."},
        choice="affirm",
    )
    chat.turn("111111", {"response": "utter_code_wrong"})
    chat.turn("482 913", {"response": "utter_export_agreed", "text": "PR-2026-000007 is on its way."})
    chat.announce(response="utter_export_ready", text="PR-2026-000007")
    chat.at += timedelta(days=2, hours=3)
    chat.turn(
        "What does the policy say about security?", {"response": "utter_ask_policy/security", "cites": ["security"]}
    )
    chat.turn("Take back PR-2026-000007", {"response": "utter_error_not_revocable"}, choice="revoke_request")
    steps = chat.steps()
    assert steps[3] == {"bot": [{"response": "utter_code_sent", "capture": {"request1": r"PR-\d{4}-\d{6}"}}]}
    assert steps[4]["mail"]["capture"] == {"code1": r"Your code: (\d{6})"}
    assert steps[5:7] == [{"user": "000000"}, {"bot": [{"response": "utter_code_wrong"}]}]
    assert steps[7] == {"user": "${code1}"}
    assert steps[9]["announced"] == {"response": "utter_export_ready", "says": ["${request1}"], "within": 120}
    assert steps[10] == {"clock": "P2DT3H"}
    assert steps[12]["bot"][0]["cites"] == ["security"]
    assert steps[13] == {"choice": "Take back ${request1}"}
    path = tmp_path / "stored.yml"
    path.write_text(chat.export().text, encoding="utf-8")
    (conversation,) = read(path)
    assert conversation.people["person"].customer == "any"


def test_a_filled_form_becomes_invented_values_under_names_without_a_key(canary):
    chat = Chat(canary, "1001")
    fields = [
        {"name": "customers.email.1001", "type": "email", "check": "email", "value": ""},
        {"name": "customers.name.1001", "type": "text", "check": "person_name", "value": ""},
        {"name": "newsletter", "type": "checkbox", "value": "false"},
        {"name": "analytics", "type": "checkbox", "value": "true"},
    ]
    chat.turn("hello", {"response": "utter_help", "card": {"kind": "form", "form": "f", "id": "c", "fields": fields}})
    values = {
        "customers.email.1001": "q@example.org",
        "customers.name.1001": "",
        "newsletter": "true",
        "analytics": "true",
    }
    chat.turn("Send", {"response": "utter_help"}, choice="submit_form",
              card={"kind": "form_values", "form": "f", "values": values})  # fmt: skip
    assert chat.steps()[2] == {"form": {"customers.email": "new.${customer}@example.com", "newsletter": "on"}}


def test_after_a_corrected_address_codes_are_read_there(canary):
    chat = Chat(canary, "1001")
    fields = [{"name": "customers.email.1001", "type": "email", "check": "email", "value": ""}]
    chat.turn("hello", {"response": "utter_help", "card": {"kind": "form", "form": "f", "id": "c", "fields": fields}})
    sent = {"kind": "form_values", "form": "f", "values": {"customers.email.1001": "q@example.org"}}
    chat.turn("Send", {"response": "utter_code_sent"}, choice="submit_form", card=sent)
    chat.turn("482913", {"response": "utter_rectification_agreed"})
    chat.announce(response="utter_rectification_done")
    chat.turn("a copy of my data", {"response": "utter_code_sent"})
    chat.turn("482914", {"response": "utter_export_agreed"})
    assert [step["mail"]["to"] for step in chat.steps() if "mail" in step] == ["person", "new.${customer}@example.com"]


def test_what_a_person_of_the_shop_answered_ends_the_test(canary):
    chat = Chat(canary, None)
    chat.turn("hello", {"response": "utter_greet"})
    with canary.transaction() as session:
        session.add(chat._message(Author.AGENT, "This is Karla, how can I help?"))
    chat.turn("hello")
    exported = chat.export()
    assert "Karla" not in exported.text and len(yaml.safe_load(exported.text)[0]["steps"]) == 2


def test_a_file_with_a_gap_is_refused_until_a_person_filled_it(canary, tmp_path):
    chat = Chat(canary, None)
    chat.turn("hello Thaddeus", {"response": "utter_greet"})
    path = tmp_path / "stored.yml"
    path.write_text(chat.export().text, encoding="utf-8")
    with pytest.raises(BadFile, match="replaced by something invented"):
        read(path)
    path.write_text(path.read_text(encoding="utf-8").replace(f"{GAP_BEGINS} a word›", "Robin"), encoding="utf-8")
    assert len(read(path)) == 1


def test_who_made_a_test_of_which_conversation_stands_in_the_record(canary):
    chat = Chat(canary, "1001")
    chat.turn("hello", {"response": "utter_greet"})
    chat.export()
    with canary.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.event, entry.conversation_id, entry.actor) == ("conversation_exported", chat.id, "maria")


def test_an_unknown_or_empty_conversation_is_refused(canary):
    with pytest.raises(NotFound):
        Chat(canary, None).export()
    with canary.transaction() as session, pytest.raises(NotFound):
        export_conversation(session, canary, NOON, "nobody", actor="maria")


def test_the_list_shows_when_and_how_much_and_nobody(canary):
    Chat(canary, "1001")
    chat = Chat(canary, "1001")
    chat.turn("hello", {"response": "utter_greet"})
    with canary.reading() as session:
        (line,) = recent(session)
    assert (line.id, line.messages, line.signed_in) == (chat.id, 2, True)


def test_the_command_line_lists_and_exports(canary, monkeypatch, tmp_path):
    from bot.cli import conversations as commands

    monkeypatch.setattr(commands, "open_desk", lambda: canary)
    chat = Chat(canary, "1001")
    chat.turn(f"hello, {NAME}", {"response": "utter_greet"})
    run = CliRunner()
    assert chat.id in run.invoke(commands.app, ["list"]).output
    file = tmp_path / "made.yml"
    assert run.invoke(commands.app, ["export", chat.id, "--by", "maria", "--to", str(file)]).exit_code == 0
    assert "${name}" in file.read_text(encoding="utf-8")
    assert "response: utter_greet" in run.invoke(commands.app, ["export", chat.id, "--by", "maria"]).output


def test_the_desks_own_words_are_many_and_hold_the_policys(settings):
    words = known_words(settings.policy_folder)
    assert len(words) > 2000 and {"commercialize", "newsletter", "delete"} <= words
