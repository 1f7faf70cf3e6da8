"""The policy as data."""

from datetime import date

import pytest

from bot.config import PROJECT
from bot.errors import NotFound, SetupError
from bot.store.policy_library import load_library, read_policy

FOLDER = PROJECT / "data" / "policy"
SHA256_OF_THE_SHOPS_TEXT = "6960949f564bfa4a5b3c3e69e748976f5736ee25adccaf2ad4add454f5c1f199"

POLICY = """---
version: "1"
published: 2026-01-01
effective: 2026-02-01
clauses:
  - {id: first, title: First, starts: "One"}
  - {id: second, title: Second, starts: "Two"}
---
One thing.

Two things.
"""


def written(tmp_path, text, name="1.md"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_joining_all_clauses_gives_the_shops_policy_back_to_the_letter():
    import hashlib

    policy = load_library(FOLDER).version("2026-01-15")
    joined = "".join(clause.text for clause in policy.clauses)
    assert hashlib.sha256(joined.encode()).hexdigest() == SHA256_OF_THE_SHOPS_TEXT


def test_every_quotation_is_exactly_the_slice_its_offsets_name():
    for policy in load_library(FOLDER).versions:
        content = (FOLDER / f"{policy.version}.md").read_text(encoding="utf-8")
        for clause in policy.clauses:
            assert content[clause.start : clause.end] == clause.quote
            assert clause.quote == clause.quote.strip() != ""


def test_long_paragraphs_are_cut_so_that_no_clause_answers_for_a_whole_page():
    policy = load_library(FOLDER).version("2026-01-15")
    assert len(policy.by_id) >= 20
    assert max(len(clause.quote) for clause in policy.by_id.values()) < 700


def test_the_right_to_commercialise_is_never_cut_from_its_limit():
    clause = load_library(FOLDER).version("2026-01-15").by_id["commercialisation"]
    assert "analyze and commercialize the user database" in clause.quote
    assert "without disclosing your personal information" in clause.quote


def test_headings_cannot_be_cited():
    assert "introduction" not in load_library(FOLDER).version("2026-01-15").by_id


def test_the_newest_version_whose_day_has_come_is_in_force(tmp_path):
    written(tmp_path, POLICY)
    written(tmp_path, POLICY.replace('"1"', '"2"').replace("2026-02-01", "2026-03-01"), "2.md")
    library = load_library(tmp_path)
    assert library.in_force(date(2026, 2, 28)).version == "1"
    assert library.in_force(date(2026, 3, 1)).version == "2"
    with pytest.raises(NotFound):
        library.in_force(date(2026, 1, 31))
    with pytest.raises(NotFound):
        library.version("3")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('starts: "Two"', 'starts: "Three"', "second"),
        ('starts: "One"', 'starts: "thing"', "first words"),
        ("id: second", "id: first", "same id"),
        ("effective:", "efective:", "front matter"),
        ('version: "1"', 'version: "9"', "must agree"),
        ("---\nversion", "version", "front matter"),
    ],
)
def test_a_damaged_policy_file_is_refused_with_its_cure(tmp_path, old, new, complaint):
    path = written(tmp_path, POLICY.replace(old, new, 1))
    with pytest.raises(SetupError) as refused:
        read_policy(path)
    assert complaint in refused.value.detail
    assert "1.md" in refused.value.detail


def test_a_folder_without_a_policy_is_refused(tmp_path):
    with pytest.raises(SetupError):
        load_library(tmp_path)
