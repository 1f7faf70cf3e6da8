"""The house keeps itself in order."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from actions import server
from bot import errors
from bot.config import PROJECT
from bot.store.desk_tables import Base
from bot.store.policy_library import load_library
from bot.web import picking

DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
CONTRACT = {
    "ask_policy",
    "request_access",
    "request_export",
    "request_rectification",
    "request_erasure",
    "cancel_account",
    "request_anonymisation",
    "withdraw_consent",
    "object_to_processing",
    "guardian_consent",
    "file_complaint",
    "report_security_issue",
    "object_to_policy_update",
    "accept_policy_update",
    "ask_policy_changes",
    "ask_request_status",
    "revoke_request",
    "ask_for_human",
    "greet",
    "goodbye",
    "thank",
    "affirm",
    "deny",
    "cancel",
    "help",
    "shop_question",
    "out_of_scope",
}


INTERNAL = {"submit_form", "submit_code", "submit_claim", "rate_handoff", "person_first", "ask_step"}
"""Intents the web gives by itself: never trained, so that no words are ever read as one of them."""


def nlu():
    """Every training phrase as (file, intent, phrase)."""
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                if line.strip():
                    yield path.name, block["intent"], line.strip().removeprefix("- ")


def rules():
    for path in sorted((PROJECT / "data" / "rules").glob("*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]


def actions_in_rules():
    return {step["action"] for rule in rules() for step in rule["steps"] if "action" in step}


def project_files(*folders, suffix=".py"):
    for folder in folders:
        for path in (PROJECT / folder).rglob(f"*{suffix}"):
            if "__pycache__" not in path.parts:
                yield path


def test_imports_go_one_way_only():
    lint = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert lint.returncode == 0, lint.stdout


def test_the_intents_are_those_of_the_contract():
    assert set(DOMAIN["intents"]) == CONTRACT | INTERNAL


def test_every_intent_is_trained_and_answered():
    trained = {intent.partition("/")[0] for _, intent, _ in nlu()}
    assert trained == CONTRACT
    answered = set()
    for rule in rules():
        for step in rule["steps"]:
            answered |= {step["intent"]} if "intent" in step else set()
            answered |= {option["intent"] for option in step.get("or", [])}
    assert answered >= CONTRACT | INTERNAL


def test_every_clause_of_the_policy_is_trained_and_has_its_sentence():
    clauses = set(load_library(PROJECT / "data" / "policy").versions[-1].by_id)
    trained = {intent.partition("/")[2] for _, intent, _ in nlu() if intent.startswith("ask_policy/")}
    assert {name for name in trained if not name.startswith("not_covered_")} == clauses
    assert {name.partition("/")[2] for name in DOMAIN["responses"] if "/" in name} == clauses


def test_no_phrase_is_trained_twice():
    seen = {}
    for file, intent, phrase in nlu():
        key = " ".join(re.sub(r"[.,;:!?'\"()-]", "", phrase.lower()).split()) or phrase
        assert key not in seen, f"{file}: '{phrase}' stands under {seen[key]} and {intent}"
        seen[key] = intent


def test_no_phrase_of_a_conversation_test_is_in_the_training_phrases_to_the_letter_more_than_by_chance():
    tested = set()
    for path in (PROJECT / "tests" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            tested |= {line.strip().removeprefix("- ").lower() for line in block["examples"].splitlines()}
    assert not tested & {phrase.lower() for _, _, phrase in nlu()}


def test_every_error_has_a_reply():
    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    codes = {errors.DeskError.code} | {kind.code for kind in below(errors.DeskError) if kind.__module__ == "bot.errors"}
    assert {f"utter_error_{code}" for code in codes} <= set(DOMAIN["responses"])


def test_every_declared_action_exists_and_every_existing_one_is_declared(desk):
    assert set(server.make_executor(desk).actions) == set(DOMAIN["actions"])


def test_every_action_and_answer_a_rule_names_is_there():
    known = set(DOMAIN["actions"]) | set(DOMAIN["responses"]) | set(DOMAIN["forms"]) | {"action_deactivate_loop"}
    assert actions_in_rules() <= known


def test_every_response_named_in_the_actions_is_written():
    named = set()
    for path in project_files("actions"):
        named |= set(re.findall(r'"(utter_[a-z_/-]+[a-z])"', path.read_text(encoding="utf-8")))
    assert named - {"utter_action"} <= set(DOMAIN["responses"]), "utter_action is Rasa's own word"
    assert len(named) > 15


def test_every_button_leads_to_an_intent_or_is_the_desks_own():
    for name, variants in DOMAIN["responses"].items():
        for variant in variants:
            for button in variant.get("buttons", []):
                assert button["payload"].removeprefix("/").split()[0] in CONTRACT | picking.OWN, name


def test_every_form_slot_has_a_question_or_a_validator():
    for form, described in DOMAIN["forms"].items():
        for slot in described["required_slots"]:
            assert f"utter_ask_{slot}" in DOMAIN["responses"] or f"action_ask_{slot}" in DOMAIN["actions"], form


def test_actions_hold_no_sentences_and_no_sql():
    for path in project_files("actions"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                assert len(node.value.split()) < 7, f"{path.name}: {node.value!r} belongs into domain.yml"
                assert not re.match(r"(SELECT|INSERT|UPDATE|DELETE) ", node.value), path.name


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_column_of_the_desks_tables_says_what_it_holds(table):
    for column in table.columns:
        assert column.info.get("data") in {"not_personal", "identifier", "content"}, column.name
        if column.info["data"] == "content":
            assert type(column.type).__name__.startswith("Encrypted"), f"{column.name} is readable without the key"


def test_the_migrations_make_exactly_the_declared_tables(desk):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with desk.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_modules_stay_small():
    for path in project_files("bot", "actions"):
        if "versions" not in path.parts:
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_no_module_hides_behind_an_empty_name():
    forbidden = {"utils.py", "helpers.py", "common.py", "services.py", "misc.py"}
    assert not [path for path in project_files("bot", "actions", "tests") if path.name in forbidden]


def test_errors_are_caught_blindly_at_the_borders_only():
    borders = {"actions/base.py", "actions/server.py", "bot/web/problems.py", "bot/jobs.py"}
    for path in project_files("bot", "actions"):
        name = str(path.relative_to(PROJECT))
        if "except Exception" in path.read_text(encoding="utf-8") and not name.startswith("bot/engine/"):
            assert name in borders, name


def test_lock_files_hold_hashes_and_no_addresses():
    for lock in ("requirements.lock", "bot/engine/requirements.lock", "bench/adaptation/requirements.lock"):
        text = (PROJECT / lock).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "index-url" not in text and "://" not in text


def test_tensorflow_is_not_in_the_engines_lock():
    names = re.findall(r"^([a-z0-9-]+)==", (PROJECT / "bot/engine/requirements.lock").read_text(), re.MULTILINE)
    assert not {name for name in names if name.startswith(("tensorflow", "keras", "tensorboard"))}
    assert "rasa" in names
