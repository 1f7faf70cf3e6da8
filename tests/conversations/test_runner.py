"""The runner of the conversations, tried without the desk."""

import io
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bot.config import PROJECT
from tests.conversations.runner.invariants import broken_in_mail
from tests.conversations.runner.items import FOLDER, KNOWN_FAILURES, every_conversation, hold, known_failures
from tests.conversations.runner.reading import BadFile, Conversation, read
from tests.conversations.runner.running import ConversationDiffers, Run
from tests.conversations.runner.world import Sent, Speaker
from tests.stack import Stack, StackError

VERSION = "2026-01-15"


def message(text: str = "Hello!", response: str = "utter_greet", **more: Any) -> dict[str, Any]:
    usual = {"id": "1", "author": "bot", "text": text, "citations": [], "choices": [], "card": None}
    return usual | {"name": None, "response": response, "created_at": "2026-01-20T10:00:00+00:00"} | more


class FakeWorld:
    """Answers what it was given, in turn."""

    policies = PROJECT / "data" / "policy"

    def __init__(self, *answers: list[dict[str, Any]] | tuple[int, str]) -> None:
        self.answers: Iterator[Any] = iter(answers)
        self.heard: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.mails: list[dict[str, Any]] = []
        self.quiet = False
        self.waited = 0.0
        self.said: list[dict[str, Any]] = [message()]
        self.states: list[tuple[int, dict[str, Any]]] = []
        self.links: dict[str, tuple[int, bytes]] = {}

    def open(self, name: str, wanted: str | None, with_rows: str | None = None) -> Speaker:
        customer = {"id": 7, "name": "Ada Example", "email": "ada@example.com", "phone": None} if wanted else None
        own = {"ada@example.com"} if wanted else set()
        return Speaker(name, customer, f"chat-{name}", "token", {"someone.else@example.com"}, own)

    def send(self, speaker: Speaker, body: dict[str, Any], key: str | None = None) -> Sent:
        self.heard.append(body)
        answer = next(self.answers)
        if isinstance(answer, tuple):
            return Sent("key", body, answer[0], {"code": answer[1], "detail": "No."})
        return Sent("key", body, 200, {"messages": answer, "owner": "bot"})

    def history(self, speaker: Speaker) -> dict[str, Any]:
        return {"messages": self.said, "owner": "bot"}

    def request(self, speaker: Speaker, number: str) -> tuple[int, dict[str, Any]]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def fetch(self, speaker: Speaker, url: str) -> tuple[int, bytes]:
        return self.links[url]

    def rows(self, database: str, table: str) -> list[dict[str, Any]]:
        return self.tables.get(table, [])

    def inbox(self, address: str) -> list[dict[str, Any]]:
        return self.mails

    def is_quiet(self) -> bool:
        return self.quiet

    def wait(self, seconds: float) -> None:
        self.waited += seconds

    def everything_up(self) -> None:
        self.told.append("everything up")

    def __getattr__(self, name: str) -> Any:
        return lambda value: self.told.append(f"{name} {value}")


def written(folder: Path, text: str) -> Path:
    path = folder / "some.yml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def one(folder: Path, steps: str, people: str = "") -> Conversation:
    head = "- conversation: Somebody says something here\n"
    body = dedent(people) + "steps:\n" + dedent(steps).strip()
    return read(written(folder, head + "".join(f"  {line}\n" for line in body.splitlines())))[0]


def differs(conversation: Conversation, world: FakeWorld) -> str:
    with pytest.raises(ConversationDiffers) as caught:
        Run(conversation, world).run()  # type: ignore[arg-type]
    return str(caught.value)


BAD_FILES = {
    "steps: []": (1, "a file is a list"),
    "- conversation: Two words": (1, "reads as a sentence"),
    "- conversation: A name of words\n  stebs: []": (2, "did you mean 'steps'"),
    "- conversation: A name of words\n  steps: []": (1, "has no steps"),
    "- conversation: A name of words\n  steps:\n  - usr: hello": (3, "did you mean 'user'"),
    "- conversation: A name of words\n  steps:\n  - user: hello\n    bot: []": (3, "exactly one"),
    "- conversation: A name of words\n  steps:\n  - user: hello\n  - user: [1]": (4, "user"),
    "- conversation: A name of words\n  steps:\n  - user: hello\n  - bot:\n    - says: hi\n      sites: []": (
        6,
        "sites",
    ),
    "- conversation: A name of words\n  steps:\n  - user: hello\n  - bot:\n    - utter_grete": (5, "utter_grete"),
    "- conversation: A name of words\n  steps:\n  - user: hello\n  - bot:\n    - cites: [no-clause]": (5, "no-clause"),
    "- conversation: A name of words\n  steps:\n  - store: {table: casses, rows: 1}": (3, "casses"),
    "- conversation: A name of words\n  steps:\n  - store: {table: cases, where: {kinds: x}, rows: 1}": (3, "kinds"),
    "- conversation: A name of words\n  steps:\n  - store: {table: cases}": (3, "say what to expect"),
    "- conversation: A name of words\n  steps:\n  - audit: [case_field]": (3, "case_field"),
    "- conversation: A name of words\n  steps:\n  - request: {number: PR-1, state: done}": (3, "'done'"),
    "- conversation: A name of words\n  steps:\n  - announced: {response: utter_greet, within: 900}": (3, "within"),
    "- conversation: A name of words\n  steps:\n  - down: mailer": (3, "mailer"),
    "- conversation: A name of words\n  steps:\n  - clock: 15 days": (3, "clock"),
    "- conversation: A name of words\n  steps:\n  - as: nobody": (3, "nobody"),
    "- conversation: A name of words\n  steps:\n  - user: I mean ${number}": (3, "${number}"),
    "- conversation: A name of words\n  steps:\n  - user: a\n  - bot: [{capture: {x: '('}}]": (4, "no pattern"),
    "- conversation: A name of words\n  steps:\n  - user: a\n    user: b": (4, "stands twice"),
    "- conversation: A name of words\n  people: {ada: {costumer: x}}\n  steps:\n  - user: a": (2, "costumer"),
    "- conversation: A name of words\n  people: {ada: {customer: any, with_rows: ordes}}\n  steps:\n  - user: a": (
        2,
        "with_rows",
    ),
    "- conversation: A name of words\n  steps:\n  - user: 'a": (3, "unexpected end"),
    "- conversation: A name of words\n  steps: [{user: a}]\n- conversation: A name of words\n  steps: [{user: a}]": (
        1,
        "two conversations",
    ),
}


@pytest.mark.parametrize("text", BAD_FILES, ids=[reason for _, reason in BAD_FILES.values()])
def test_a_file_that_cannot_be_understood_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    line, reason = BAD_FILES[text]
    with pytest.raises(BadFile) as caught:
        read(written(tmp_path, text))
    assert f"some.yml, line {line}: " in str(caught.value)
    assert reason in str(caught.value)


def test_yes_no_and_dates_are_words(tmp_path: Path) -> None:
    steps = one(tmp_path, "- user: no\n- user: 2026-01-15").steps
    assert [step.value for step in steps] == ["no", "2026-01-15"]


def test_a_conversation_that_goes_as_written_holds(tmp_path: Path) -> None:
    conversation = one(
        tmp_path,
        """
        - user: good day
        - bot:
          - response: utter_greet
            says: Hello
            does_not_say: Goodbye
            choices: [Help]
            cites: []
            card: none
        - choice: Help
        - bot:
          - utter_help
        - history:
          - bot: utter_greet
        - owner: bot
        """,
    )
    world = FakeWorld([message(choices=[{"id": "0" * 16, "label": "Help"}])], [message("I help.", "utter_help")])
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert world.heard == [{"text": "good day"}, {"choice": "0" * 16}]
    assert world.told == ["everything up"]


def test_a_failure_shows_the_conversation_so_far_and_the_step(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- bot:\n  - says: Good evening\n- user: bye")
    told = differs(conversation, FakeWorld([message()]))
    assert "visitor is an anonymous visitor" in told
    assert "visitor > good day" in told
    assert "bot [utter_greet] Hello!" in told
    assert "▶ line 4: bot" in told
    assert "✗ message 1: it does not say 'Good evening'" in told
    assert "1 more steps were not reached" in told


WRONG = {
    "- response: utter_help": "expected utter_help, but utter_greet came",
    "- utter_greet\n  - utter_greet": "expected 2 messages, but 1 came",
    "- does_not_say: Hello": "it says 'Hello'",
    "- choices: [Yes]": "expected the choices Yes, but it offers nothing",
    "- cites: [security]": "expected quotations of security, but it quotes nothing",
    "- card: {kind: receipt}": "expected a card 'receipt', but none came",
    "- capture: {number: 'PR-\\d+'}": "to be captured as number",
}


@pytest.mark.parametrize("expected", WRONG)
def test_a_wrong_expectation_fails(tmp_path: Path, expected: str) -> None:
    conversation = one(tmp_path, f"- user: good day\n- bot:\n  {expected}")
    assert WRONG[expected] in differs(conversation, FakeWorld([message()]))


BROKEN = {
    "its text is empty": message(" "),
    "shows 'utter_greet'": message("utter_greet"),
    "shows '{number}'": message("filed under {number}"),
    "somebody else's e-mail address": message("Mail goes to Someone.Else@example.com"),
    "gives away more": message(choices=[{"id": "request_erasure", "label": "Delete"}]),
    "is not what stands in": message(
        citations=[
            {"clause": "security", "version": VERSION, "start": 5, "end": 9, "quote": "safe", "url": "", "title": ""}
        ]
    ),
    "in full": message(card={"kind": "access_summary", "items": ["ada@example.com"]}),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_no_answer_may_do_fails_without_being_asked_for(tmp_path: Path, reason: str) -> None:
    conversation = one(tmp_path, "- user: good day", "people: {ada: {customer: Ada}}\n")
    assert reason in differs(conversation, FakeWorld([BROKEN[reason]]))


@pytest.mark.parametrize(
    ("mail", "broken"),
    [
        ({"subject": "Your code for Ada Moss", "text": "Hello"}, True),
        ({"subject": "Your code", "text": "Open https://desk.example.com/?to=Ada@example.com now"}, True),
        ({"subject": "Your code", "text": "Hello Ada Moss, open https://desk.example.com/x"}, False),
    ],
)
def test_a_mail_with_personal_data_in_subject_or_link_fails(mail: dict[str, str], broken: bool) -> None:
    assert bool(broken_in_mail(mail, {"Ada Moss", "ada@example.com"})) is broken


def test_a_choice_that_is_not_offered_fails(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- choice: Help")
    assert "'Help' is not offered" in differs(conversation, FakeWorld([message()]))


def test_a_refusal_nobody_expected_fails(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- bot: [utter_greet]")
    assert "refused with 503 unavailable" in differs(conversation, FakeWorld((503, "unavailable")))


def test_an_expected_refusal_that_does_not_come_fails(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- problem: {status: 503, code: unavailable}")
    assert "but it was answered" in differs(conversation, FakeWorld([message()]))


def test_an_expected_refusal_holds(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- problem: {status: 503, code: unavailable, says: 'No'}")
    Run(conversation, FakeWorld((503, "unavailable"))).run()  # type: ignore[arg-type]


def test_a_repeat_that_is_answered_differently_fails(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- repeat: same")
    assert "answered differently" in differs(conversation, FakeWorld([message()], [message("Hi!")]))


def test_what_is_captured_can_be_used_later(tmp_path: Path) -> None:
    conversation = one(
        tmp_path,
        """
        - user: good day
        - bot:
          - capture: {number: 'CS-(\\d+)'}
        - store: {table: unanswered_topics, capture_total: {before: count}}
        - user: it is ${number} of ${visitor.conversation}
        - store: {table: unanswered_topics, where: {topic: cookies}, total: {count: '${before+1}'}}
        """,
    )
    world = FakeWorld([message("CS-42")], [message()])
    world.tables["unanswered_topics"] = [{"topic": "cookies", "count": 3}]
    assert "unanswered_topics.count adds up to 3, not 4" in differs(conversation, world)
    assert world.heard[1] == {"text": "it is 42 of chat-visitor"}


def test_rows_are_found_by_their_values(tmp_path: Path) -> None:
    conversation = one(
        tmp_path,
        """
        - store: {table: cases, where: {conversation_id: '${conversation}'}, rows: 1, values: {kind: complaint}}
        - store: {table: cases, where: {kind: handoff}, absent: true}
        """,
    )
    world = FakeWorld()
    world.tables["cases"] = [
        {"conversation_id": "chat-visitor", "kind": "complaint"},
        {"conversation_id": "", "kind": "handoff"},
    ]
    assert "expected 0 such rows in cases, but there are 1" in differs(conversation, world)


def test_a_mail_is_awaited_and_its_number_captured(tmp_path: Path) -> None:
    people = "people: {ada: {customer: Ada}}\n"
    conversation = one(
        tmp_path, "- mail: {to: ada, says: [PR-1], capture: {n: 'PR-\\d'}}\n- mail: {to: ada, none: true}", people
    )
    world = FakeWorld()
    world.mails = [{"id": 1, "subject": "Received", "text": "Your number is PR-1."}]
    Run(conversation, world).run()  # type: ignore[arg-type]
    world.mails.append({"id": 2, "subject": "Again", "text": "Your number is PR-1."})
    assert "a mail came: 'Again'" in differs(conversation, world)


def test_mails_are_read_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    steps = "- mail: {to: ada, capture: {n: 'code (\\d)'}}\n" * 2 + "- user: ${n}"
    world = FakeWorld([message()])
    world.mails = [{"id": number, "subject": "Your code", "text": f"code {number}"} for number in (2, 1)]
    Run(one(tmp_path, steps, "people: {ada: {customer: Ada}}\n"), world).run()  # type: ignore[arg-type]
    assert world.heard == [{"text": "2"}]


@pytest.mark.parametrize(("fell", "awaited"), [("worker", True), ("web", False)])
def test_a_mail_that_a_worker_had_in_hand_when_it_was_killed_is_awaited_longer(
    tmp_path: Path, fell: str, awaited: bool
) -> None:
    conversation = one(tmp_path, f"- restart: {fell}\n- mail: {{to: ada}}", "people: {ada: {customer: Ada}}\n")
    world = FakeWorld()
    mail = {"id": 1, "subject": "Received", "text": "Your number is PR-1."}
    world.inbox = lambda address: [mail] if world.waited > 121 else []  # type: ignore[method-assign]
    if awaited:
        Run(conversation, world).run()  # type: ignore[arg-type]
    else:
        assert "no mail came" in differs(conversation, world)


@pytest.mark.parametrize(("quiet", "waits"), [(True, False), (False, True)])
def test_that_no_mail_comes_is_known_at_once_when_nothing_can_send_one(
    tmp_path: Path, quiet: bool, waits: bool
) -> None:
    conversation = one(tmp_path, "- mail: {to: ada, none: true}", "people: {ada: {customer: Ada}}\n")
    world = FakeWorld()
    world.quiet = quiet
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert (world.waited > 2) is waits
    world.mails = [{"id": 1, "subject": "Received", "text": "Your number is PR-1."}]
    assert "a mail came" in differs(conversation, world)


FORM = {
    "kind": "form",
    "form": "consent",
    "id": "f" * 32,
    "fields": [
        {"name": "newsletter", "type": "checkbox", "value": "true"},
        {"name": "town", "type": "text", "value": "Springfield"},
        {"name": "addresses.street.7", "type": "text", "value": ""},
    ],
}


def test_a_form_is_sent_as_it_was_shown_but_for_the_fields_that_are_changed(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- form: {newsletter: off}\n- form: {town: 7, addresses.street: A}")
    world = FakeWorld([message(card=FORM)], [message()], [message()])
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert world.heard[1:] == [
        {"form": {"id": "f" * 32, "values": {"newsletter": False, "town": "Springfield", "addresses.street.7": ""}}},
        {"form": {"id": "f" * 32, "values": {"newsletter": True, "town": "7", "addresses.street.7": "A"}}},
    ]


def test_an_earlier_form_and_somebody_elses_can_be_sent(tmp_path: Path) -> None:
    people = "people: {ada: anonymous, bob: anonymous}\n"
    conversation = one(
        tmp_path,
        """
        - user: good day
        - user: again
        - form: {fields: {newsletter: off}, shown: earlier}
        - as: bob
        - form: {fields: {}, shown_to: ada}
        """,
        people,
    )
    world = FakeWorld([message(card=FORM)], [message(card=FORM | {"id": "e" * 32})], [message()], [message()])
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert [each["form"]["id"] for each in world.heard[2:]] == ["f" * 32, "e" * 32]


def test_a_field_the_form_does_not_have_fails(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- form: {newspaper: off}")
    assert "no field newspaper; it has newsletter, town" in differs(conversation, FakeWorld([message(card=FORM)]))


def test_a_form_where_none_was_shown_is_sent_without_an_id(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- form: {newsletter: off}\n- problem: {status: 422, code: invalid}")
    world = FakeWorld((422, "invalid"))
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert world.heard == [{"form": {"values": {"newsletter": "off"}}}]


def test_a_request_is_awaited_until_it_is_that_far(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- request: {number: PR-1, state: fulfilled, within: 1}")
    world = FakeWorld()
    world.states = [(200, {"state": "running"}), (200, {"state": "fulfilled"})]
    Run(conversation, world).run()  # type: ignore[arg-type]
    world.states = [(200, {"state": "running"})]
    assert "the request is running, not fulfilled" in differs(conversation, world)
    world.states = [(404, {"code": "not_found"})]
    assert "the request is gone, not fulfilled" in differs(conversation, world)


def test_rows_are_awaited_when_a_time_is_given(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- store: {table: cases, where: {kind: alarm}, rows: 1, within: 1}")
    world = FakeWorld()
    looks = iter([[], [], [{"kind": "alarm"}]])
    world.rows = lambda _database, _table: next(looks)  # type: ignore[method-assign]
    Run(conversation, world).run()  # type: ignore[arg-type]


def test_an_announcement_is_awaited_once_and_is_not_the_answer_of_a_turn(tmp_path: Path) -> None:
    announced = "- announced: {response: utter_help, says: ready, capture: {n: 'PR-\\d'}, within: 1}"
    conversation = one(tmp_path, f"- user: good day\n{announced}\n- user: and ${{n}}")
    world = FakeWorld([message("Help is ready", "utter_help")], [message()])
    world.said = [message("Help is ready", "utter_help"), message("PR-1 is ready", "utter_help", id="2")]
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert world.heard[1] == {"text": "and PR-1"}
    twice = one(tmp_path, f"- user: good day\n{announced}\n{announced}")
    world.answers = iter([[message("Help is ready", "utter_help")]])
    assert "utter_help was not said; said without being asked was utter_help" in differs(twice, world)


def package(**files: str) -> bytes:
    written_to = io.BytesIO()
    with zipfile.ZipFile(written_to, "w") as made:
        for name, text in files.items():
            made.writestr(f"{name}.json", text)
    return written_to.getvalue()


DOWNLOADS = {
    "{status: 410}": "answered with 200, not 410",
    "{holds: [orders.json]}": "holds no orders.json; it holds data.json",
    "{says: {'*.json': [Bob]}}": "*.json does not say 'Bob'",
    "{hides: [Ada]}": "data.json says 'Ada'",
}


@pytest.mark.parametrize("expected", DOWNLOADS)
def test_a_download_is_looked_into(tmp_path: Path, expected: str) -> None:
    world = FakeWorld()
    world.said = [message(card={"kind": "download", "url": "/api/v1/exports/x"})]
    world.links = {"/api/v1/exports/x": (200, package(data="Ada"))}
    Run(one(tmp_path, "- download: {holds: ['*.json'], says: {data.json: Ada}}"), world).run()  # type: ignore[arg-type]
    assert DOWNLOADS[expected] in differs(one(tmp_path, f"- download: {expected}"), world)


def test_processes_and_clock_are_moved_and_put_back(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- clock: P15D\n- down: actions\n- up: actions\n- restart: engine")
    world = FakeWorld()
    Run(conversation, world).run()  # type: ignore[arg-type]
    assert world.told == ["advance_clock P15D", "down actions", "up actions", "restart engine", "everything up"]


def test_a_known_failure_that_fails_is_no_news(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- bot:\n  - says: Good evening")
    with pytest.raises(pytest.xfail.Exception, match="not polite yet"):
        hold(conversation, FakeWorld([message()]), "not polite yet")  # type: ignore[arg-type]


def test_a_known_failure_that_goes_through_fails(tmp_path: Path) -> None:
    conversation = one(tmp_path, "- user: good day\n- bot: [utter_greet]")
    with pytest.raises(ConversationDiffers, match="known to fail"):
        hold(conversation, FakeWorld([message()]), "not polite yet")  # type: ignore[arg-type]


def test_the_list_of_known_failures_wants_a_reason_each(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="line 2"):
        known_failures(written(tmp_path, "# known\n- id: some/Somebody says something here"))


def test_every_known_failure_is_a_conversation() -> None:
    ids = {each.id for each in every_conversation()}
    assert set(known_failures(FOLDER / KNOWN_FAILURES)) <= ids


def test_no_two_conversations_have_the_same_name() -> None:
    names = [each.name for each in every_conversation()]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def as_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold().replace("'", "")))


def test_no_sentence_of_a_conversation_is_a_phrase_the_model_learnt() -> None:
    files = (PROJECT / "data" / "nlu").glob("*.yml")
    phrases = (re.findall(r"^ +- (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE) for file in files)
    learnt = {as_words(phrase) for found in phrases for phrase in found}
    said = [step.value for each in every_conversation() for step in each.steps if step.kind == "user"]
    typed = {text for text in said if isinstance(text, str) and text.strip() and text[0] not in "/$"}
    assert sorted(text for text in typed if as_words(text) and as_words(text) in learnt) == []


def test_the_example_of_the_guide_is_a_conversation(tmp_path: Path) -> None:
    guide = (PROJECT / "docs" / "conversation-tests.md").read_text(encoding="utf-8")
    example = guide.partition("```yaml\n")[2].partition("```")[0]
    assert [each.name for each in read(written(tmp_path, example))]


def test_a_process_the_desk_leaves_behind_is_found(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home")
    left = subprocess.Popen(["sleep", "60"], env={"DESK_HOME": str(stack.home), "PATH": "/usr/bin:/bin"})
    try:
        assert stack.processes_left() == [left.pid]
    finally:
        left.kill()
        left.wait()
    assert stack.processes_left() == []


def test_a_desk_that_cannot_start_says_why(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home", {"ANSWER_DAYS": "never"})
    with pytest.raises(StackError, match="ANSWER_DAYS"):
        stack.start()
