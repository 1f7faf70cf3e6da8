"""Whoever asks for less than everything is known by their words, and whoever asks for everything as well."""

import pytest

from bot.privacy.erasure_part import names_part


@pytest.mark.parametrize(
    "said",
    [
        "Delete only what you recorded about me",
        "please wipe my browsing history, nothing else",
        "get rid of my wishlist and my search history but keep my account",
        "remove my reviews",
        "erase the things I viewed",
        "delete my data, not my account",
        "Only the clicks, please",
        "delete everything you recorded, nothing more",
        "remove my credit card",
        "get rid of my old addresses",
        "wipe everything older than two years",
        "scrub everything except my account",
    ],
)
def test_a_part_is_seen(said):
    assert names_part(said)


@pytest.mark.parametrize(
    "said",
    [
        "Delete my data",
        "I just want everything gone",
        "erase all you have ever recorded about me",
        "wipe my whole history with you",
        "please remove me from your records",
        "I want to be forgotten",
        "first I want a copy, and only then you may delete my data",
    ],
)
def test_everything_is_no_part(said):
    assert not names_part(said)
