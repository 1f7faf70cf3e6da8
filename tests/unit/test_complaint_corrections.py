"""Corrections of a complaint are read as what they change, and as nothing else."""

import pytest

from bot.privacy.complaint_corrections import (
    is_bare_no,
    last_wish,
    one_for_another,
    other_wish,
    put_in_place,
    wants_nothing_of_it,
    wishes_nothing,
)


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        ("change Monday to Tuesday", "Monday", "Tuesday"),
        ("please replace the blue car with the red van", "blue car", "red van"),
        ("not an apology, an explanation", "an apology", "an explanation"),
        ("No, not Monday but Tuesday", "Monday", "Tuesday"),
        ("it was Tuesday, not Monday", "Monday", "Tuesday"),
        ("an explanation instead of an apology please", "an apology", "an explanation"),
    ],
)
def test_one_thing_is_given_for_another(words, old, new):
    assert one_for_another(words) == (old, new)


@pytest.mark.parametrize("words", ["no, the day before", "the parcel was open", "I do not know", "On Monday he came."])
def test_a_sentence_that_replaces_nothing_is_none(words):
    assert one_for_another(words) is None


def test_only_whole_words_give_way():
    assert put_in_place("on Monday, order A-1", "monday", "Tuesday") == "on Tuesday, order A-1"
    assert put_in_place("on Mondays", "Monday", "Tuesday") is None
    assert put_in_place(None, "Monday", "Tuesday") is None


@pytest.mark.parametrize(
    "words",
    [
        "no particular wish",
        "actually no wish at all",
        "no apology needed",
        "nothing",
        "I don't want anything",
        "No wish.",
    ],
)
def test_no_wish_is_said_in_many_ways(words):
    assert wishes_nothing(words)


@pytest.mark.parametrize("words", ["no more calls", "nothing was delivered, send it again", "an apology", "no"])
def test_a_wish_is_not_no_wish(words):
    assert not wishes_nothing(words)


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("I want a refund. No, an apology.", "an apology."),
        ("a refund, actually an explanation", "an explanation"),
        ("I want a refund. No, make it a voucher. No, an apology.", "an apology."),
        ("I want a refund.", "I want a refund."),
        ("No one shall do that again.", "No one shall do that again."),
        ("I want it stopped. No excuses.", "I want it stopped. No excuses."),
    ],
)
def test_the_last_wish_counts(words, wish):
    assert last_wish(words) == wish


def test_the_wish_in_a_story_is_corrected_within_it_and_the_rest_is_no_wish():
    told = "The parcel was open. I want a refund. No, an apology. The courier laughed."
    assert last_wish(told, "I want a refund.") == "an apology."


def test_a_wish_is_taken_back_only_by_name():
    assert wants_nothing_of_it("The parcel was open. No particular wish.")
    assert not wants_nothing_of_it("nothing")


def test_a_no_may_go_on_with_another_wish():
    assert other_wish("no, an apology") == "an apology"
    assert other_wish("no, the day before") is None
    assert other_wish("an apology") is None


def test_a_bare_no_says_nothing_else():
    assert is_bare_no("No, I would rather not do it") and is_bare_no("no") and is_bare_no("that's not right")
    assert not is_bare_no("no, the day before") and not is_bare_no("no, 3")
