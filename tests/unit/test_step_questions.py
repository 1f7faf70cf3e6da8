"""Questions about the open step are known by their words; wishes and other questions are not taken for them."""

import pytest

from bot.privacy.step_questions import is_step, topic_of


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("can I still change my mind?", "undo"), ("is it possible to take it back later?", "undo"),
        ("hmm, is there a way back afterwards?", "undo"), ("Is it final?", "undo"), ("can it be undone?", "undo"),
        ("what is this code for?", "code"), ("why a code?", "code"), ("how long is it valid?", "code"),
        ("what happens if I say no?", "no"), ("and if I say no?", "no"), ("what if I don’t enter it?", "no"),
        ("why do you need that?", "why"), ("but why do you need to ask me that?", "why"),
        ("how long does it take?", "time"), ("how long do I have?", "time"),
        ("what happens now?", "next"), ("what happens if I say yes?", "next"), ("What's next", "next"),
    ],
)  # fmt: skip
def test_what_is_asked_about_the_step_is_seen(said, topic):
    assert topic_of(said) == topic


@pytest.mark.parametrize(
    "said",
    [
        "can you undo it", "take it back", "please take my request back", "undo", "yes", "no", "delete it for ever",
        "why do you need my address?", "how do you protect my data?", "how long do you keep my orders?", "123456",
        "what do you do with data of people who say no to marketing?",
    ],
)  # fmt: skip
def test_wishes_and_questions_about_the_policy_are_not(said):
    assert topic_of(said) is None


def test_only_steps_of_a_request_can_be_asked_about():
    assert is_step("utter_ask_erasure_part") and is_step("utter_code_sent") and is_step("utter_erasure_agreed")
    assert not is_step("utter_greet") and not is_step("utter_consent_confirm") and not is_step(None)
