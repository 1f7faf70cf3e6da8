"""What the words of a complaint say by themselves, and what they do not."""

import pytest

from bot.privacy.complaint_words import (
    about_in,
    act_asked_for,
    case_in,
    corrected_kind,
    kind_in,
    means_another_order,
    request_in,
    speaks_of_a_request,
    tells_what_happened,
    wish_in,
)
from bot.vocabulary import CaseKind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("I want to make a complaint", CaseKind.COMPLAINT),
        ("You sold my e-mail address!", CaseKind.COMPLAINT),
        ("I have a suggestion for your privacy page", CaseKind.SUGGESTION),
        ("It would be nice if the policy could be printed", CaseKind.SUGGESTION),
        ("I'd like to raise a concern about the new app", CaseKind.CONCERN),
        ("here is some feedback on your newsletter", CaseKind.COMMENT),
        ("I have a question for your staff", CaseKind.QUESTION),
        ("I want to report a courier who reads letters", CaseKind.REPORT),
        ("I have an objection to being called", CaseKind.OBJECTION),
        ("I suggest you stop, otherwise I complain to the court", CaseKind.COMPLAINT),
        ("", CaseKind.COMPLAINT),
    ],
)
def test_the_kind_is_the_one_the_words_name(words, kind):
    assert kind_in(words) is kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("This is a suggestion, not a complaint", CaseKind.SUGGESTION),
        ("it's only a question", CaseKind.QUESTION),
        ("not a complaint but a comment", CaseKind.COMMENT),
        ("well that was just feedback", CaseKind.COMMENT),
        ("this is an idea", CaseKind.SUGGESTION),
        ("No, the parcel was open", None),
        ("I complained about a suggestion", None),
    ],
)
def test_a_kind_is_corrected_only_where_one_is_named_as_the_right_one(words, kind):
    assert corrected_kind(words) is kind


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("Order A-10004 came open on Monday.", "Order A-10004, on Monday"),
        ("it happened yesterday and last week", "yesterday, last week"),
        ("Yesterday evening he rang", "Yesterday evening"),
        ("on 3 May 2026, order no. 12345", "3 May 2026, order no. 12345"),
        ("My request PR-2026-000123 and my case CS-2026-000001", None),
        ("The parcel was open", None),
        ("May I ask something", None),
    ],
)
def test_orders_and_days_are_found_as_they_stand(words, about):
    assert about_in(words) == about


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("The parcel was open. I want a new one.", "I want a new one."),
        ("I want to lodge a complaint", None),
        ("I want to report that your courier reads my letters every single day in front of my house", None),
        ("You called me at night. Could you please stop that?", "Could you please stop that?"),
        ("The parcel was open.", None),
    ],
)
def test_what_is_wanted_is_found_and_the_complaint_itself_is_no_wish(words, wish):
    assert wish_in(words) == wish


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("I want to lodge a complaint about the way you treat my data", False),
        ("I have a complaint", False),
        ("Hello! I'd like to make a suggestion.", False),
        ("I want to complain: on Monday your shop sent my invoice to a stranger.", True),
        ("You sold my e-mail to spammers!", True),
    ],
)
def test_the_wish_to_complain_is_no_story(words, told):
    assert tells_what_happened(words) is told


def test_another_order_is_meant_only_where_somebody_says_so():
    assert means_another_order("no, the other order")
    assert means_another_order("the date is wrong")
    assert not means_another_order("I ordered nothing")


def test_numbers_are_read_in_any_case_and_only_whole():
    assert request_in("about pr-2026-000123, please") == "PR-2026-000123"
    assert case_in("case cs-2026-000007!") == "CS-2026-000007"
    assert request_in("PR-2026-12") is None and case_in("CS-2026-0000071") is None


def test_only_a_short_sentence_asks_for_something_to_be_done_with_a_case():
    assert act_asked_for("please reopen it") == "reopen"
    assert act_asked_for("open my complaint CS-2026-000001 again") == "reopen"
    assert act_asked_for("I have a claim code") == "claim"
    assert act_asked_for("I want a second opinion on that") == "second_look"
    assert act_asked_for("let me reply to your answer") == "reply"
    assert act_asked_for("take my complaint back please") == "take_back"
    assert act_asked_for("take my parcel back please") is None
    assert act_asked_for("the parcel was open") is None
    assert act_asked_for("somebody else got my parcel, and " + "that went on and on " * 10) is None


def test_a_story_about_a_request_is_told_from_others():
    assert speaks_of_a_request("nobody answered my request")
    assert speaks_of_a_request("you refused to give me a copy of my data")
    assert not speaks_of_a_request("the parcel was open")
