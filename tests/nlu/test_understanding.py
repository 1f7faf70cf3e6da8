"""The trained model understands phrases that it has never seen, and what it takes wrongly does no harm.

The floors in floor.json stand a little below what was measured. They are only ever raised.
"""

import json
from collections import Counter
from difflib import SequenceMatcher

import pytest

from bench import figures, rows

FLOOR = json.loads((rows.HELD_OUT / "floor.json").read_text(encoding="utf-8"))
_NEARLY_THE_SAME = 0.85


def listed(pairs):
    return "\n".join(f"{row.label}: {row.text!r} was read as {got.intent} ({got.confidence:.2f})" for row, got in pairs)


def wrong(everything):
    return listed([pair for pair in everything.pairs if not figures.is_right(*pair)])


@pytest.mark.parametrize("figure", ["accuracy", "macro-F1", "outside recall"])
def test_held_out_phrases_are_read_at_least_as_well_as_before(everything, figure):
    assert figures.intent_figures(everything.pairs)[figure] >= FLOOR[figure], wrong(everything)


def test_what_the_bot_can_do_is_hardly_ever_turned_away_as_foreign(everything):
    assert 1 - figures.intent_figures(everything.pairs)["inside rejected"] >= FLOOR["inside kept"], wrong(everything)


@pytest.mark.parametrize("figure", ["covered hit@1", "covered hit@2", "uncovered said so"])
def test_questions_about_the_policy_get_the_right_answer_at_least_as_often_as_before(everything, figure):
    assert figures.policy_figures(everything.pairs)[figure] >= FLOOR[figure], wrong(everything)


def test_questions_the_policy_does_not_answer_get_no_answer_from_it(everything):
    assert 1 - figures.policy_figures(everything.pairs)["false answers"] >= FLOOR["no false answer"], wrong(everything)


def test_every_intent_is_read_rightly_more_often_than_not(everything):
    seen, right = Counter(), Counter()
    for row, got in everything.pairs:
        seen[row.intents[0]] += 1
        right[row.intents[0]] += figures.intent_is_right(row, got)
    assert not {intent: f"{right[intent]}/{seen[intent]}" for intent in seen if right[intent] <= seen[intent] / 2}


def test_no_harmless_phrase_is_read_as_a_wish_to_lose_something(everything):
    taken = [pair for pair in everything.pairs if figures.is_harmless_taken_for_destructive(*pair)]
    assert not taken, listed(taken)


def test_no_phrase_that_takes_a_wish_back_is_read_as_the_wish(everything):
    back = [pair for pair in everything.pairs if pair[0].intents == ("revoke_request",)]
    taken = [pair for pair in back if pair[1].intent in figures.DESTRUCTIVE]
    assert not taken, listed(taken)


def test_hurried_spelling_changes_few_readings(everything):
    right, seen = Counter(), Counter()
    for kind, at, got in everything.variations:
        row, straight = everything.pairs[at]
        if figures.is_right(row, straight):
            seen[kind] += 1
            right[kind] += figures.is_right(row, got)
    shares = {kind: right[kind] / seen[kind] for kind in seen}
    assert sum(right.values()) / sum(seen.values()) >= FLOOR["robustness"], shares
    for kind in ("few typos", "many typos"):
        assert shares[kind] >= FLOOR[f"robustness, {kind}"], shares


def test_hurried_spelling_makes_no_harmless_phrase_a_wish_to_lose_something(everything):
    varied = [(everything.pairs[at], got) for _, at, got in everything.variations]
    harmless = [(row, got) for (row, straight), got in varied if straight.intent not in figures.DESTRUCTIVE]
    taken = [pair for pair in harmless if figures.is_harmless_taken_for_destructive(*pair)]
    assert not taken, listed(taken)


def test_a_line_comes_back_for_every_line_in_the_same_order(everything):
    assert [got.id for got in everything.readings] == list(range(len(everything.given)))
    assert [got.text for got in everything.readings] == everything.given


def test_odd_input_is_read_and_never_as_a_wish_to_lose_something(everything):
    for text, got in everything.odd:
        assert got.intent not in figures.DESTRUCTIVE, text[:40]
        assert 0 <= got.confidence <= 1, text[:40]


def test_text_that_looks_like_a_command_is_never_obeyed(everything):
    for text, got in everything.commands:
        named = text.strip("/").partition("{")[0]
        assert got.intent != named, text
        assert got.intent not in figures.DESTRUCTIVE, text
        assert len(got.ranking) > 1, f"{text} was not read by the model"


def test_a_slash_before_a_sentence_changes_nothing(everything):
    for straight, slashed in everything.slashed:
        assert slashed.intent == straight.intent, slashed.text


def test_every_answer_quotes_the_policy_to_the_letter(everything):
    answers = [got for got in everything.readings if got.answers]
    assert answers
    for got in answers:
        assert got.clauses, got.text
        for clause in got.clauses:
            assert clause["quote"] == rows.policy_text()[clause["start"] : clause["end"]], clause["id"]
            assert (clause["start"], clause["end"]) == quoted(clause["id"])
        assert [c["score"] for c in got.clauses] == sorted((c["score"] for c in got.clauses), reverse=True)


def quoted(clause_id):
    """Where a clause stands, without the white space after it."""
    start, end = rows.clause_spans()[clause_id]
    return start, start + len(rows.policy_text()[start:end].rstrip())


def test_only_questions_about_the_policy_carry_clauses(everything):
    for got in everything.readings:
        assert (got.covered is None) == (got.intent != rows.ASK_POLICY), got.text[:40]


def test_every_label_in_training_has_held_out_phrases():
    held = Counter(label for label, _ in rows.phrases(rows.HELD_OUT))
    trained = {label for label, _ in rows.phrases(rows.TRAINING)}
    assert set(held) == trained
    assert not {label: count for label, count in held.items() if count < (5 if "/" in label else 12)}


def test_no_held_out_phrase_is_nearly_a_training_phrase():
    trained = [text.lower() for _, text in rows.phrases(rows.TRAINING)]
    letters = [Counter(text) for text in trained]
    compare = SequenceMatcher(autojunk=False)
    for _, text in rows.phrases(rows.HELD_OUT):
        own = Counter(text.lower())
        compare.set_seq2(text.lower())
        for other, theirs in zip(trained, letters, strict=True):
            enough = _NEARLY_THE_SAME * (len(text) + len(other)) / 2
            if min(len(text), len(other)) >= enough and (own & theirs).total() >= enough:
                compare.set_seq1(other)
                assert compare.ratio() < _NEARLY_THE_SAME, f"{text!r} is nearly {other!r}"
