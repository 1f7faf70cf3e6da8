"""Words that may mean danger are recognised; sayings are not taken for it."""

import pytest

from bot.privacy.handoff_vulnerable import sign_in
from bot.vocabulary import HandoffReason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I want to kill myself", HandoffReason.SELF_HARM),
        ("i dont want to live anymore", HandoffReason.SELF_HARM),
        ("Delete it all, I’m going to end my life tonight", HandoffReason.SELF_HARM),
        ("sometimes I think about SUICIDE", HandoffReason.SELF_HARM),
        ("what is the point, everybody would be better off dead", HandoffReason.SELF_HARM),
        ("I can't go on like this", HandoffReason.SELF_HARM),
        ("My ex threatens me, he must not see my address", HandoffReason.IN_DANGER),
        ("somebody threatened to kill me because of that review", HandoffReason.IN_DANGER),
        ("she is stalking me through my orders", HandoffReason.IN_DANGER),
        ("I am scared for my life", HandoffReason.IN_DANGER),
        ("i'm being blackmailed with my data", HandoffReason.IN_DANGER),
        ("I am hiding from my violent husband", HandoffReason.IN_DANGER),
        ("I'll kill you all", HandoffReason.THREAT),
        ("I am going to hurt your staff", HandoffReason.THREAT),
        ("i will burn down your office", HandoffReason.THREAT),
        ("I know where you live", HandoffReason.THREAT),
    ],
)
def test_words_that_may_mean_danger_are_recognised(text, reason):
    assert sign_in(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        "this form is killing me",
        "kill my account",
        "please end my subscription and my account",
        "I would die for a discount",
        "i was dying to know what you hold about me",
        "my order of bath bombs never came",
        "my phone is dead so I cannot get the code",
        "delete everything about me",
        "I hurt myself with the scissors from the parcel",
        "stop threatening me with fees",
        "can you kill the newsletter",
        "do you cut my name out of the records",
        "I want to take my data elsewhere",
        "how do you protect me from being hacked",
        "your policy says you beat everybody in security",
        "my husband died, please close his account",
        "hang on, I changed my mind",
    ],
)
def test_sayings_and_ordinary_wishes_are_not_taken_for_danger(text):
    assert sign_in(text) is None
