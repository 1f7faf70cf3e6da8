"""What a message wants for the uses it names: an end, that they stay, or that they are allowed again."""

import pytest

from bot.privacy.consent_standing import standing
from bot.privacy.consent_words import wished_in

SUBJECT = "2004"  # never asked, so every use but the order mails can be ended
ALL = ["newsletter", "recommendations", "analytics", "fraud_scores"]


@pytest.fixture
def wished(desk):
    """What words want: keys to end, keys to allow."""

    def read(words):
        with desk.reading() as session:
            found = wished_in(words, standing(session, desk, SUBJECT))
        return [each.purpose.key for each in found.end], [each.purpose.key for each in found.allow]

    return read


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        ("stop recommendations and the newsletter", ["newsletter", "recommendations"]),
        ("the newsletter and the ads, stop both", ["newsletter", "recommendations"]),
        ("no newsletter, no ads, no tracking", ["newsletter", "recommendations", "analytics"]),
        ("please do not use my data for profiling or scoring", ["analytics", "fraud_scores"]),
        ("stop all newsletters", ["newsletter"]),
        ("the newsletter", ["newsletter"]),
        ("ok, make an end of the newsletter", ["newsletter"]),
        ("I'd like you to spare me the newsletter", ["newsletter"]),
    ],
)
def test_what_is_named_with_a_stopping_word_or_none_at_all_is_to_end(wished, words, ends):
    assert wished(words) == (ends, [])


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        ("keep the recommendations but stop looking at what I click", ["analytics"]),
        ("I don't mind recommendations but the newsletter has to go", ["newsletter"]),
        ("no ads but keep the newsletter", ["recommendations"]),
        ("don\u2019t stop the newsletter, only the ads", ["recommendations"]),
        ("I would like you to stop the newsletter. Recommendations are okay.", ["newsletter"]),
        ("keep everything but the newsletter", ["newsletter"]),
        ("allow everything except ads", ["recommendations"]),
        ("please keep me off the newsletter", ["newsletter"]),
        ("i am not ok with ads", ["recommendations"]),
        ("newsletter: yes. ads: no", ["recommendations"]),
    ],
)
def test_what_is_to_stay_is_spared(wished, words, ends):
    assert wished(words) == (ends, [])


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        ("opt out of everything but recommendations", ["recommendations"]),
        ("stop all of it except risk scores", ["fraud_scores"]),
        ("everything other than the newsletter and the ads", ["newsletter", "recommendations"]),
        ("the newsletter may stay, every other consent I withdraw", ["newsletter"]),
        ("leave the newsletter on, everything else off", ["newsletter"]),
        ("keep only the newsletter", ["newsletter"]),
        ("send me nothing but order mails", []),
    ],
)
def test_all_but_some_is_all_that_can_be_ended_without_them(wished, words, spared):
    assert wished(words) == ([key for key in ALL if key not in spared], [])


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        ("I consent to the newsletter", ["newsletter"]),
        ("you may use my data for ads again", ["recommendations"]),
        ("I agree to recommendations and the newsletter", ["newsletter", "recommendations"]),
        ("I permit the tracking", ["analytics"]),
        ("turn recommendations on", ["recommendations"]),
        ("switch recommendations and analytics back on", ["recommendations", "analytics"]),
        ("switch the recommendations back on please", ["recommendations"]),
        ("resubscribe me to the newsletter", ["newsletter"]),
        ("I want the newsletter back", ["newsletter"]),
        ("I give you my consent to analytics back", ["analytics"]),
        ("the newsletter is fine", ["newsletter"]),
        ("I do want the newsletter", ["newsletter"]),
        ("No, I consent to the newsletter", ["newsletter"]),
        ("u can use my data for ads", ["recommendations"]),
    ],
)
def test_words_that_give_end_nothing(wished, words, allowed):
    assert wished(words) == ([], allowed)


@pytest.mark.parametrize(
    "words",
    [
        "I take back my consent to the newsletter",
        "I want my consent to the newsletter back",
        "I no longer agree to the newsletter",
        "I do not consent to the newsletter",
        "you can't send me the newsletter again",
        "I used to allow the newsletter",
        "I consented to the newsletter by mistake",
        "please allow me to opt out of the newsletter",
    ],
)
def test_a_consent_that_is_refused_or_taken_back_is_not_given(wished, words):
    assert wished(words) == (["newsletter"], [])


def test_what_is_to_be_turned_on_beside_an_end_is_known_too(wished):
    assert wished("turn off the newsletter and turn on recommendations") == (["newsletter"], ["recommendations"])


@pytest.mark.parametrize(
    "words",
    [
        "",
        "I take back what I agreed to",
        "I withdraw everything I agreed to",
        "stop the ads but keep the recommendations",
        "I am fine with the ads, but not any more",
        "no ads but the newsletter",
        "not the newsletter but the ads",
        "i withdraw consent for everything except delivering my orders",
    ],
)
def test_where_it_is_not_plain_nothing_is_found(wished, words):
    assert wished(words) == ([], [])
