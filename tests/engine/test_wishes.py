"""One message with several things in it, and the many that only look like it; readings are given, the rest is real."""

import pytest

from bot.engine import wish_words, wishes

COPY, ACCOUNT, ERASE, COMPLAIN, ASK = (
    "request_export", "cancel_account", "request_erasure", "file_complaint", "ask_policy",
)  # fmt: skip
# A stand-in for the model: what the first of these words in a clause makes of it, as surely as people word it.
_READ = (
    ("complain", COMPLAIN), ("human", "ask_for_human"), ("address", "request_rectification"),
    ("advert", "withdraw_consent"), ("copy", COPY), ("my data as", COPY), ("send me my data", COPY),
    ("account", ACCOUNT), ("delete", ERASE),
    ("wipe", ERASE), ("refund", "shop_question"), ("collect", ASK), ("protect", ASK), ("sell", ASK),
    ("thank", "thank"), ("stop using", "object_to_processing"), ("data", "request_access"),
    ("anonym", "request_anonymisation"), ("correct", "request_rectification"),
)  # fmt: skip


def reading(text, confidence=0.95):
    lowered = text.lower()
    return {"name": next((name for word, name in _READ if word in lowered), "nlu_fallback"), "confidence": confidence}


def found(text, confidence=0.95, whole=None):
    """What is found in a text; as one, it is not understood unless the test says otherwise."""
    return wishes.several(
        text,
        whole or {"name": "nlu_fallback", "confidence": 0.5},
        lambda texts: [reading(t, confidence) for t in texts],
    )


def intents(text, **settings):
    return [wish.intent for wish in found(text, **settings)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("send me my data and then delete my account", [COPY, ACCOUNT]),
        ("Send me a copy of it all. After that, delete everything.", [COPY, ERASE]),
        ("send me a copy, then wipe everything please", [COPY, ERASE]),
        ("what do you collect? and I want to complain", [ASK, COMPLAIN]),
        ("What do you collect about me? I also want to make a complaint.", [ASK, COMPLAIN]),
        ("delete everything and send me a copy", [ERASE, COPY]),
        ("Close my account and stop sending me adverts", [ACCOUNT, "withdraw_consent"]),
        ("please correct my address and send me a copy of my data", ["request_rectification", COPY]),
        ("do you sell my data? then close my account", [ASK, ACCOUNT]),
        ("Hello! I want a copy of my data & I want to complain", [COPY, COMPLAIN]),
        ("hi, first send me a copy, then close my account", [COPY, ACCOUNT]),
        ("What do you do so that my data is protected? And I want to complain.", [ASK, COMPLAIN]),
        ("send me a copy; also connect me to a human", [COPY, "ask_for_human"]),
        ("close my account and refund my last order", [ACCOUNT, "shop_question"]),
        ("Send me a copy. Then close my account. And I want to complain.", [COPY, ACCOUNT, COMPLAIN]),
        ("can you send me a copy and close my account", [COPY, ACCOUNT]),
        ("export and delete my data", ["request_access", ERASE]),
        ("Please download, then wipe all my data. Thanks!", ["request_access", ERASE]),
    ],
)
def test_several_things_are_found_in_the_order_in_which_they_are_asked_for(text, expected):
    assert intents(text) == expected


def test_each_wish_keeps_its_own_words():
    assert [wish.text for wish in found("Please send me a copy of my data, and then close my account!")] == [
        "Please send me a copy of my data",
        "close my account!",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "find and delete my data", "do not export and delete my data", "find, copy or delete my data",
        "close and delete my account", "delete my account and all my data",
        "delete my name, address and phone number", "delete my account and delete everything",
        "don't delete anything, just send me a copy", "do not close my account, send me a copy",
        "I don't want my account closed and I don't want a copy either",
        "please don’t delete my account and send me a copy",
        "if you sold my data, delete it and send me a copy", "send me a copy or delete my account",
        "either close my account or send me a copy", "before you close my account, send me a copy",
        "unless you send me a copy I will complain", "you said you would close my account and send me a copy",
        "I asked you to close my account and send me a copy", "my wife wants to close her account and send me a copy",
        "somebody closed my account and sent me a copy", "should you not close my account, send me a copy",
        "I am thinking about closing my account and getting a copy",
        "close my account. Thank you very much!",
        "Under Article 17 GDPR delete my data. The controller shall send me a copy and close my account.",
        "close my account and let me know", "what do you collect and how do you protect it?",
        "do you sell my data? how do you protect it?", "Close my account. How long does that take?",
        "can i access and delete my account data", "let me talk to a human, I want my account closed",
        "close my account and stop using my data", "how do I send and delete a copy", "thanks, and then?", "",
        "?", "and then",
        "delete it. now. please.", "a copy. account. complain.", "send me a copy at once, of everything",
    ],
)  # fmt: skip
def test_one_thing_in_many_words_stays_one(text):
    assert intents(text) == []


def test_a_letter_is_never_taken_apart():
    wordy = "I write to you as a customer of many years. " * 9
    assert intents(f"{wordy} Send me a copy and then close my account.") == []
    assert intents("Send me a copy. " * 9 + "Close my account.") == []


def test_an_unsure_clause_makes_no_second_wish():
    assert intents("send me a copy and then close my account", confidence=0.55) == []
    assert intents("send me a copy and then close my account", confidence=0.65) == [COPY, ACCOUNT]
    assert intents("send me a copy and close my account", confidence=0.65) == []


def test_a_clause_that_is_not_sure_enough_to_destroy_anything_is_no_wish():
    def read(texts):
        return [reading(t) if "copy" in t else {"name": "nlu_fallback", "confidence": 0.5} for t in texts]

    whole = {"name": "nlu_fallback", "confidence": 0.5}
    assert wishes.several("send me a copy and then delete my account", whole, read) == []


def test_a_message_that_is_surely_something_else_stays_one():
    text = "send me a copy and close my account"
    assert intents(text, whole={"name": "revoke_request", "confidence": 0.9}) == []
    assert intents(text, whole={"name": ACCOUNT, "confidence": 0.9}) == [COPY, ACCOUNT]


def test_a_complaint_that_tells_its_story_stays_one():
    story = "Your courier read my name out loud in the street. Close my account. I want to complain."
    assert intents(story, whole={"name": COMPLAIN, "confidence": 0.8}) == []


def test_words_around_the_wishes_ask_for_more_certainty():
    text = "It has been a difficult year for all of us. Send me a copy. Then close my account."
    assert intents(text, confidence=0.8) == []
    assert intents(text, confidence=0.9) == [COPY, ACCOUNT]


def test_long_texts_are_cut_in_time():
    for piece in ("and then ", "please ", "a, ", "x. ", "and also i ", "and ", "hi there ", "second "):
        assert intents((piece * 400)[:400]) == []


def instead(text, whole=None, confidence=0.95, standing="erasure"):
    """What is wanted instead of what stands; the stand-in reads whatever denies as a no."""

    def read(texts):
        denied = {"name": "deny", "confidence": confidence}
        return [denied if wish_words.DENIED.search(t) or "mind" in t else reading(t, confidence) for t in texts]

    rests = wishes.after_no(text, read)
    whole = whole or {"name": "nlu_fallback", "confidence": 0.5}
    return wishes.instead_of(standing, rests, text, whole, read) if rests else ""


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("no, rather anonymise it", "anonymise it"), ("No wait, correct my name", "correct my name"),
        ("no rather make it anonymous", "make it anonymous"), ("delete it, no", ""), ("no, do you protect it", ""),
        ("no, rather delete my account", "delete my account"), ("No wait, show my data", "show my data"),
        ("nope - send me a copy", "send me a copy"), ("no rather send me a copy", "send me a copy"),
        ("no wait, actually dont, just stop the adverts", "just stop the adverts"),
        ("Please don't do it. Only stop the adverts.", "Only stop the adverts."),
        ("I changed my mind - send me a copy", "send me a copy"),
        ("no", ""), ("no longer needed", ""), ("nobody asked", ""), ("stop the adverts, no", ""),
        ("ok, send me a copy", ""), ("yes, and send me a copy", ""), ("send me a copy, not now", ""),
        ("can't I stop it? send me a copy", ""),
        ("I don't want that request any more, send me a copy", ""),
    ],
)  # fmt: skip
def test_what_is_wanted_instead_of_what_stands_is_found_behind_the_no(text, rest):
    assert instead(text) == rest


def test_behind_a_no_the_whole_message_counts_where_its_rest_alone_says_too_little():
    text = "I don't want it deleted, only see it"
    assert instead(text, whole={"name": "request_access", "confidence": 0.9}) == text
    assert instead(text, whole={"name": ERASE, "confidence": 0.9}) == ""
    assert instead(text, whole={"name": "request_access", "confidence": 0.5}) == ""


def test_a_correction_hears_a_no_to_itself_and_another_request_gives_way_to_it():
    assert instead("no, correct my address", standing="erasure") == "correct my address"
    assert instead("no, correct my address", standing="rectification") == ""


def test_only_a_sure_reading_of_a_right_takes_the_place_of_what_was_refused():
    assert instead("no, send me a copy", confidence=0.7) == "send me a copy"
    assert instead("no, send me a copy", confidence=0.5) == ""
