"""What is said beside the story of a complaint is told from the story itself."""

import pytest

from bot.privacy.complaint_asides import asks_about_it, is_only_a_time, leaves_it, sends_it, takes_it_back


@pytest.mark.parametrize(
    "words",
    [
        "what happens next?",
        "And what happens now with it",
        "what is going to happen now?",
        "what will you do with this?",
        "can I take it back?",
        "could I still withdraw my complaint later?",
        "can I change my mind afterwards?",
        "when do I get an answer?",
        "when will I hear from you?",
        "how long does it take?",
        "how long will this take",
        "who will read this?",
        "who reads what I write here?",
        "who is going to see it?",
        "what does complaint mean here?",
        "what is a complaint?",
        "has it been sent already?",
    ],
)
def test_a_question_about_the_case_is_one(words):
    assert asks_about_it(words)


@pytest.mark.parametrize(
    "words",
    [
        "who reads my letters",
        "Who has my invoice now?",
        "what happened on Monday was that your courier opened it",
        "when will my parcel come?",
        "can I cancel this order?",
        "how long do you keep my address?",
        "Why was my parcel open?",
        "I want to know what you do with my data",
    ],
)
def test_a_question_of_the_story_is_none_about_the_case(words):
    assert not asks_about_it(words)


@pytest.mark.parametrize(
    "words",
    [
        "yesterday evening",
        "it happened last week",
        "on Monday at 5 pm",
        "it was on 3 May 2026",
        "two weeks ago",
        "Last Tuesday, around 14:30.",
        "2026-03-04",
    ],
)
def test_a_time_alone_is_a_time(words):
    assert is_only_a_time(words)


@pytest.mark.parametrize(
    "words", ["by Friday", "an answer today", "next week", "On Monday the courier came", "tomorrow"]
)
def test_what_shall_be_done_by_a_day_is_no_time_of_the_story(words):
    assert not is_only_a_time(words)


@pytest.mark.parametrize(
    "words", ["drop it", "actually never mind", "stop", "oh, forget it", "cancel my complaint please"]
)
def test_whoever_wants_no_more_of_it_leaves(words):
    assert leaves_it(words)


@pytest.mark.parametrize("words", ["stop it", "stop calling me", "cancel it", "drop the price", "forget my address"])
def test_what_the_shop_shall_stop_is_no_leaving(words):
    assert not leaves_it(words)


def test_taking_back_is_the_persons_and_at_the_wish_it_may_be_a_parcel():
    assert takes_it_back("take it back", at_the_wish=False)
    assert takes_it_back("I want to take it back", at_the_wish=True)
    assert takes_it_back("take my complaint back please", at_the_wish=True)
    assert not takes_it_back("take it back", at_the_wish=True)
    assert not takes_it_back("can I take it back?", at_the_wish=False)


def test_to_send_it_is_a_yes():
    assert sends_it("send it") and sends_it("Yes, send it please") and sends_it("ok submit my complaint")
    assert not sends_it("send it to my old address") and not sends_it("send me a new one")
