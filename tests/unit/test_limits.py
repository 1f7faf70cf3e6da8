"""How much one address or one conversation may send; on by default."""

import time

import pytest

from bot.errors import RateLimited, SetupError
from bot.web.limits import Limits


def test_too_many_sessions_of_one_address_are_refused_and_others_are_not(settings):
    settings.rate_limit_sessions = "3/minute"
    limits = Limits(settings)
    for _ in range(3):
        limits.new_session("192.0.2.1")
    with pytest.raises(RateLimited):
        limits.new_session("192.0.2.1")
    limits.new_session("192.0.2.2")


def test_too_many_messages_of_one_conversation_are_refused_and_others_are_not(settings):
    settings.rate_limit_messages = "2/minute"
    limits = Limits(settings)
    for _ in range(2):
        limits.message("a")
    with pytest.raises(RateLimited):
        limits.message("a")
    limits.message("b")


def test_the_limits_are_on_by_default(settings):
    limits = Limits(settings)
    with pytest.raises(RateLimited):
        for _ in range(10_000):
            limits.message("a")


def test_of_whoever_was_counted_nothing_is_kept_once_the_time_is_over(settings):
    for name in ("sessions", "messages", "claims", "uploads"):
        setattr(settings, f"rate_limit_{name}", "1/second")
    limits = Limits(settings)
    kept = limits._window.storage
    for count in (limits.new_session, limits.message, limits.claim, limits.upload):
        count("192.0.2.1")
        with pytest.raises(RateLimited):
            count("192.0.2.1")
    assert "192.0.2.1" in repr(vars(kept))
    time.sleep(1.1)
    limits.message("somebody later")
    kept.timer.join()
    assert "192.0.2.1" not in repr(vars(kept)) and "somebody later" in repr(vars(kept))


def test_a_limit_that_cannot_be_read_stops_the_start(settings):
    settings.rate_limit_messages = "plenty"
    with pytest.raises(SetupError):
        Limits(settings)
