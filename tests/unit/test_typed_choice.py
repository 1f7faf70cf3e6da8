"""What picks one of the offered choices, what picks none for certain, and what is about something else."""

import pytest

from bot.privacy.typed_choice import Picked, picked

ERASURE = [
    "Yes, delete everything",
    "Only what the shop recorded about me",
    "Make what was recorded anonymous",
    "No, delete nothing",
]
COPY = ["Yes, make the copy", "No, leave it"]
CANCEL = ["Yes, cancel my account", "Yes, and keep what was recorded, without my name", "No, keep my account"]
READINGS = ["Delete my data", "Close my account for good", "None of these"]
REQUESTS = ["PR-2026-000123: a copy", "PR-2026-000124: a correction"]
UNCLEAR = Picked(None)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("2", 1), ("#2", 1), ("number two", 1), ("No. 2", 1), ("option 2", 1), ("the second one", 1), ("second", 1),
        ("The 2nd one, please!", 1), ("um the second option I guess", 1), ("I'd like the second one please", 1),
        ("yes, the second one", 1), ("no, the second one", 1), ("let's go with the third", 2), ("one", 0),
        ("number one", 0),
        ("option one", 0), ("the first one please", 0), ("option b", 1), ("Option B please", 1), ("answer c", 2),
        ("the last one", 3), ("the last option", 3), ("i'll take the bottom one", 3), ("four", 3), ("4.", 3),
    ],
)  # fmt: skip
def test_numbers_ordinals_and_letters_pick_by_place(said, place):
    assert picked(said, ERASURE) == Picked(place)


@pytest.mark.parametrize(("said", "place"), [("the former", 0), ("the latter please", 1), ("latter", 1)])
def test_former_and_latter_pick_between_two(said, place):
    assert picked(said, COPY) == Picked(place)
    assert picked(said, ERASURE) == UNCLEAR


@pytest.mark.parametrize(
    "said",
    ["5", "the fifth one", "option h", "both", "either one", "whichever", "the other one", "1 or 2", "1 and 2",
     "not the first one", "not that one, the other one", "the first or the second", "that one", "the one", "2 3"],
)  # fmt: skip
def test_what_may_be_more_than_one_of_them_is_asked_again(said):
    assert picked(said, ERASURE) == UNCLEAR


@pytest.mark.parametrize(
    ("said", "labels", "place"),
    [
        ("Yes, delete everything", ERASURE, 0), ("delete everything", ERASURE, 0),
        ("delete nothing please", ERASURE, 3),
        ("only what the shop recorded", ERASURE, 1), ("make what was recorded anonymous", ERASURE, 2),
        ("the anonymous one", ERASURE, 2), ("make the copy", COPY, 0), ("leave it", COPY, 1),
        ("keep my account", CANCEL, 2), ("cancel my account", CANCEL, 0),
        ("keep what was recorded without my name", CANCEL, 1), ("close my account", READINGS, 1),
        ("none", READINGS, 2), ("none of them", READINGS, 2), ("NONE OF THESE!", READINGS, 2),
        ("the copy one", REQUESTS, 0), ("PR-2026-000124", REQUESTS, 1),
        ("very good", ["1 – bad", "5 – very good"], 1),
    ],
)  # fmt: skip
def test_a_label_or_nearly_all_of_it_picks_its_choice(said, labels, place):
    assert picked(said, labels) == Picked(place)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("yes pls", 0),
        ("yep", 0),
        ("ok", 0),
        ("Yes, please.", 0),
        ("👍", 0),
        ("👍🏽 👍🏽", 0),
        ("nope", 1),
        ("no thanks", 1),
        ("👎", 1),
    ],
)
def test_a_bare_yes_or_no_picks_the_one_choice_that_begins_with_it(said, place):
    assert picked(said, COPY) == Picked(place)


def test_a_yes_is_left_to_the_right_where_another_question_beside_it_takes_one_too():
    assert picked("yes please", ERASURE, ["Yes, stop it"]) is None
    assert picked("no", ERASURE, ["Yes, stop it"]) == Picked(3)
    assert picked("yes please", ERASURE, ["Stop: newsletters", "Talk to a person"]) == Picked(0)
    assert picked("yes please", READINGS, ["Yes, stop it"]) is None
    assert picked("the first one", ERASURE, ["Yes, stop it"]) == Picked(0)


def test_a_yes_to_a_question_with_two_of_them_is_left_to_the_right():
    assert picked("yes", CANCEL) is None
    assert picked("no", CANCEL) == Picked(2)
    assert picked("yes", READINGS) is None


@pytest.mark.parametrize(
    "said",
    [
        "delete", "everything", "recorded", "my data", "account", "the data", "don't delete everything",
        "do not delete everything",
        "what the shop recorded", "delete everything but keep my orders", "yes, but only the first order",
        "yes do that",
        "do that", "do it all", "yes, go ahead", "no, the other address", "my second address is wrong",
        "I have two accounts, please delete the second one",
        "How many orders have I made?", "the second order", "send me two copies", "one moment", "just one question",
        "the first line of my address is wrong", "a", "b", "what is the last thing you recorded", "I want a copy", "",
        "?", "option", "I want the number", "No, I would rather not do it", "no, not now", "not that",
    ],
)  # fmt: skip
def test_words_about_something_else_pick_nothing(said):
    assert picked(said, ERASURE) is None


@pytest.mark.parametrize("said", ["2", "the second one", "both", "yes", "the last one"])
def test_nothing_is_picked_where_nothing_was_offered(said):
    assert picked(said, []) is None


def test_a_number_is_an_answer_of_its_own_where_there_is_no_choice():
    assert picked("1", ["Leave it as it is"]) is None
    assert picked("no", ["No, that is all"]) == Picked(0)
    assert picked("that is all", ["No, that is all"]) == Picked(0)


def test_a_word_that_stands_in_two_labels_is_asked_again():
    assert picked("the account one", ["Close my account", "Show my account"]) == UNCLEAR


def test_a_part_that_leaves_out_a_negation_picks_nothing():
    assert picked("delete the orders", ["Do not delete the orders", "Something else"]) is None


USES = [
    "Stop: The newsletter",
    "Stop: Recommendations made for you",
    "Stop: Learning from what you view and search for",
    "Stop all of them",
]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("the newsletter", 0), ("newsletter please", 0), ("stop the newsletter", 0), ("recommendations", 1),
        ("the recommendations for me", 1), ("stop all of them", 3),
    ],
)  # fmt: skip
def test_of_labels_that_begin_alike_the_name_of_what_differs_is_enough(said, place):
    assert picked(said, USES) == Picked(place)


@pytest.mark.parametrize(
    "said", ["stop", "what do you search for?", "not the newsletter", "cookies", "the newsletter and recommendations"]
)
def test_what_names_none_of_them_for_certain_is_left_to_the_reading(said):
    assert picked(said, USES) is None


@pytest.mark.parametrize("said", ["everything", "delete", "the shop", "recorded"])
def test_a_single_word_picks_no_deletion(said):
    assert picked(said, ERASURE) is None
