"""What the coverage report counts, and what must be covered."""

from pathlib import Path

import pytest

from tests.conversations.runner import coverage
from tests.conversations.runner.coverage import Coverage, happened, steps_seen, summary, write_html
from tests.conversations.runner.matrix import Matrix, matrix
from tests.conversations.runner.reading import BadFile, read


def user(intent):
    return {"event": "user", "parse_data": {"intent": {"name": intent}}}


def action(name):
    return {"event": "action", "name": name}


def loop(name):
    return {"event": "active_loop", "name": name}


ASKED = [action("action_session_start"), action("action_listen"), user("request_export"), action("action_open_request"),
         action("request_form"), loop("request_form"), action("action_listen")]  # fmt: skip
DIGRESSION = [user("ask_policy"), action("action_answer_policy"), action("request_form"), action("action_listen")]


def of_rule(name, events):
    return sorted(place for rule, place in steps_seen(happened(events)) if rule == name)


def test_each_step_of_a_rule_that_was_followed_counts():
    assert of_rule("a right is asked for", ASKED) == [0, 1]
    assert of_rule("a policy question while a request waits for its yes", ASKED + DIGRESSION) == [0, 1, 2]
    assert of_rule("a policy question while a request waits for its yes", ASKED + DIGRESSION[:2]) == [0, 1]


def test_a_rule_for_an_open_form_is_not_seen_outside_of_it():
    events = [user("ask_policy"), action("action_answer_policy")]
    assert of_rule("a policy question while a request waits for its yes", events) == []
    assert of_rule("help", [*ASKED, user("help"), action("utter_help"), action("request_form")]) == []


def test_a_rule_that_begins_with_an_action_counts_where_its_form_was_open():
    end = [user("affirm"), action("request_form"), loop(None), action("action_submit_request")]
    assert of_rule("the request is confirmed or refused", ASKED + end) == [0, 1]


def test_every_rule_has_steps_to_be_seen():
    assert all(rule.steps for rule in coverage.rules()) and len(coverage.rules()) > 30


def test_the_report_tells_what_was_seen_and_what_was_not(tmp_path: Path):
    seen = Coverage()
    seen.add(["export/digress_policy"], [ASKED + DIGRESSION])
    seen.add([], [ASKED])
    told = "\n".join(summary(seen, of=2))
    assert "2 of 2 conversations" in told and "step 1 (greet)" in told and "step 1 (request_form)" in told
    (row,) = [line.split() for line in told.splitlines() if line.startswith("export ")]
    assert row[1:].count("1") == 1
    write_html(seen, tmp_path / "out" / "report.html")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "a policy question while a request waits for its yes" in page and 'class="none"' in page


def test_what_some_of_the_conversations_leave_out_is_counted_and_not_listed():
    seen = Coverage()
    seen.add([], [ASKED])
    told = "\n".join(summary(seen, of=2))
    assert "1 of 2 conversations" in told and "step 1" not in told


def test_a_conversation_with_two_tags_is_one_conversation_in_all(tmp_path: Path):
    seen = Coverage()
    seen.add(["export/digress_policy", "export/abuse"], [ASKED])
    assert seen.through["a right is asked for", 0] == 1
    assert (
        seen.steps["a right is asked for", 0, "abuse"] == seen.steps["a right is asked for", 0, "digress_policy"] == 1
    )


def test_an_empty_cell_is_found_unless_it_makes_no_sense():
    small = Matrix({"a": "", "b": ""}, {"x": "", "y": ""}, {"b/y": "no"})
    assert small.empty(["a/x"]) == ["a/y", "b/x"]


def test_a_cell_that_makes_no_sense_exists_and_has_its_reason():
    assert set(matrix().no_sense) <= set(matrix().cells)
    assert all(len(reason.split()) > 3 for reason in matrix().no_sense.values())


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("erasure/digres_policy", "did you mean 'erasure/digress_policy'"),
        ("access/refuse", "making no sense"),
        ("[a]", "covers is a list"),
    ],
)
def test_a_tag_that_names_no_cell_is_refused(tmp_path: Path, tag: str, reason: str):
    path = tmp_path / "one.yml"
    covers = "{a: b}" if tag == "[a]" else f"[{tag}]"
    path.write_text(f"- conversation: A name of words\n  covers: {covers}\n  steps:\n  - user: hello\n")
    with pytest.raises(BadFile, match=reason.replace("(", r"\(")):
        read(path)
