"""Faults are planted where they are meant, one at a time, and the same ones each time."""

import ast
import json
import os
import subprocess
import sys
from collections import Counter

from bot.config import PROJECT
from tests.mutations.choosing import Pass, Passes, all_faults, chosen, conversations, no_faults, read_passes, unit_tests
from tests.mutations.operators import RULE_KINDS, faults_in_python, faults_in_rules
from tests.mutations.planting import Verdict, planted, try_unit_tests
from tests.mutations.reporting import report, share_caught
from tests.mutations.tracing import FILE

SOURCE = '''
def act(work: Work) -> Sequence[str]:
    """Words — with a dash."""
    if work.unverified:
        raise Refused
    rows = select(A).where(A.x == 1, A.y == "ö")
    outbox.post(session, now, "a")
    audit.record(session, now)
    restrict(session, RequestState.RUNNING)
    if rows:
        turn.say("utter_done")
    return []
'''

RULES = """rules:
  - rule: one
    steps:
      - intent: a
      - action: first
      - action: form
      - active_loop: form
"""


def test_every_kind_of_mistake_is_made_and_each_leaves_a_module_that_can_be_read():
    faults = list(faults_in_python("a.py", SOURCE))
    assert Counter(fault.kind for fault in faults) == {
        "guard skipped": 1, "mail dropped": 1, "record forgotten": 1, "said nothing": 1, "left undone": 1,
        "branch turned": 1, "rows mixed up": 2, "done early": 1, "state mixed up": 1,
    }  # fmt: skip
    for fault in faults:
        broken = fault.planted(SOURCE)
        ast.parse(broken)
        assert broken != SOURCE and broken.count("\n") <= SOURCE.count("\n")
    (guard,) = [fault for fault in faults if fault.kind == "guard skipped"]
    assert "raise" not in guard.planted(SOURCE) and guard.name == "a.py:act:guard skipped:1"


def test_a_rule_is_cut_short_or_runs_in_another_order():
    cut, swapped = faults_in_rules("r.yml", RULES)
    assert "form" not in cut.planted(RULES) and "action: first" in cut.planted(RULES)
    assert swapped.planted(RULES).index("action: form") < swapped.planted(RULES).index("action: first")


def test_the_same_seed_picks_the_same_faults_of_every_kind():
    faults = all_faults()
    picked = chosen(100, 7, faults)
    assert picked == chosen(100, 7, faults) != chosen(100, 8, faults) and len({each.name for each in picked}) == 100
    assert {fault.kind for fault in picked} == {fault.kind for fault in faults} > set(RULE_KINDS)


def test_a_fault_meets_the_conversations_that_go_through_it_those_first_that_few_others_go_along_with():
    (guard,) = [fault for fault in faults_in_python("a.py", SOURCE) if fault.kind == "guard skipped"]
    passes = [
        Pass("passes by", 1.0, {"a.py": {4, 5}}),
        Pass("is about it", 9.0, {"a.py": {4, 5, 6, 7, 8}}),
        Pass("passes by as well", 2.0, {"a.py": {4, 5}}),
        Pass("elsewhere", 0.1, {"a.py": {60}, "b.py": {4}}),
    ]
    led = conversations(guard, Passes(passes, changed=set()))
    assert led == ["is about it", "passes by", "passes by as well"]


def test_a_broken_rule_meets_the_conversations_that_follow_it():
    cut, _ = faults_in_rules("data/rules/r.yml", RULES)
    passes = [Pass("slow", 9.0, {}, frozenset({"one"})), Pass("quick", 1.0, {}, frozenset({"one", "two"}))]
    passes.append(Pass("another", 1.0, {}, frozenset({"two"})))
    assert conversations(cut, Passes(passes, changed=set())) == ["quick", "slow"]


def test_a_conversation_that_differs_though_nothing_is_broken_finds_nothing(tmp_path):
    rows = [{"test": "red", "seconds": 1.0, "lines": {}, "rules": ["one"], "failed": True}]
    rows.append({"test": "green", "seconds": 1.0, "lines": {}, "rules": ["one"], "failed": False})
    file = tmp_path / "map.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in [{"files": {}}, *rows]), encoding="utf-8")
    assert [each.test for each in read_passes(file).tests] == ["green"]


def test_a_process_reports_its_lines_under_the_conversation_that_is_led(tmp_path):
    (tmp_path / "now").write_text("some/conversation", encoding="utf-8")
    site = os.pathsep.join([str(PROJECT / "tests" / "mutations" / "site"), str(PROJECT)])
    words = "from bot.privacy.request_states import *"
    environment = dict(os.environ) | {"MUTATIONS_FOLLOWED": str(tmp_path), "PYTHONPATH": site}
    subprocess.run([sys.executable, "-c", words], cwd=PROJECT, env=environment, check=True)
    told = [json.loads(line) for file in tmp_path.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert {led for led, _ in told} == {"some/conversation"}
    assert any("bot/privacy/request_states.py" in seen for _, seen in told)


def test_a_fault_meets_the_tests_that_go_through_its_lines_those_first_that_are_about_them():
    (guard,) = [fault for fault in faults_in_python("a.py", SOURCE) if fault.kind == "guard skipped"]
    passes = [
        Pass("is about it", 9.0, {"a.py": {4, 5, 6, 7}}),
        Pass("quick", 0.1, {"a.py": {4}}),
        Pass("elsewhere", 0.1, {"a.py": {60}, "b.py": {4}}),
        Pass("very slow", 600.0, {"a.py": {4}}),
    ]
    assert unit_tests(guard, Passes(passes, changed=set())) == ["is about it", "quick"]
    assert unit_tests(guard, Passes(passes, changed={"a.py"})) == ["is about it", "quick", "elsewhere"]


def test_the_lines_of_each_test_are_written_down(tmp_path):
    out = tmp_path / "map.jsonl"
    one = ["tests/unit/test_request_states.py", "-k", "test_no_request_may_be_moved"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutations.tracing", "-p", "no:cacheprovider", *one]
    subprocess.run(command, cwd=PROJECT, env=dict(os.environ) | {FILE: str(out)}, check=False, capture_output=True)
    passed = read_passes(out)
    assert passed.changed == set() and any("bot/privacy/request_states.py" in each.lines for each in passed.tests)


def test_what_is_no_fault_has_its_reason():
    assert all(len(reason.split()) > 3 for reason in no_faults().values())


def test_a_fault_is_gone_after_it_was_tried(tmp_path):
    (tmp_path / "a.py").write_text(SOURCE, encoding="utf-8")
    with planted(tmp_path, next(faults_in_python("a.py", SOURCE))):
        assert (tmp_path / "a.py").read_text(encoding="utf-8") != SOURCE
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == SOURCE


def test_a_fault_is_found_by_the_test_that_fails_and_passes_where_none_does(tmp_path):
    source = "def act():\n    if True:\n        return 1\n"
    (tmp_path / "act.py").write_text(source, encoding="utf-8")
    (tmp_path / "test_act.py").write_text(
        "from act import act\ndef test_it():\n    assert act() == 1\n", encoding="utf-8"
    )
    (tmp_path / "test_none.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    (fault,) = faults_in_python("act.py", source)
    assert "test_it" in (try_unit_tests(tmp_path, fault, ["test_act.py"], 60, set()).caught_by or "")
    assert try_unit_tests(tmp_path, fault, ["test_none.py"], 60, set()).caught_by is None


def test_a_test_that_fails_without_any_fault_finds_none(tmp_path):
    (tmp_path / "act.py").write_text("def act():\n    if True:\n        return 1\n", encoding="utf-8")
    (tmp_path / "test_red.py").write_text("def test_red():\n    assert False\n", encoding="utf-8")
    (fault,) = faults_in_python("act.py", (tmp_path / "act.py").read_text(encoding="utf-8"))
    unsteady: set[str] = set()
    assert try_unit_tests(tmp_path, fault, ["test_red.py::test_red"], 60, unsteady).caught_by is None
    assert unsteady == {"test_red.py::test_red"}


def test_the_report_counts_by_kind_and_names_what_nothing_found(tmp_path):
    one, two = list(faults_in_python("a.py", SOURCE))[:2]
    verdicts = [Verdict(one, "test_x", 1.0), Verdict(two, None, 1.0)]
    told = "\n".join(report(verdicts, tmp_path / "out" / "page.html"))
    assert share_caught(verdicts) == 0.5 and "50.0 %" in told and two.name in told.partition("found by nothing")[2]
    assert one.name in (tmp_path / "out" / "page.html").read_text(encoding="utf-8")


def test_the_project_is_left_alone():
    for fault in chosen(30, 3, all_faults()):
        assert (PROJECT / fault.file).read_text(encoding="utf-8") != fault.planted(
            (PROJECT / fault.file).read_text(encoding="utf-8")
        )
