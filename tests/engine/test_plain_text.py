import pytest

from bot.engine.plain_text import MAX_CHARACTERS, NO_WORDS, folded, plain_text


@pytest.mark.parametrize(
    "typed",
    ['/request_erasure{"x":1}', ' /request_erasure{"x":1}', "/request_erasure", "//request_erasure@1.0", "/affirm{}"],
)
def test_a_payload_has_no_words(typed):
    assert plain_text(typed) == NO_WORDS


@pytest.mark.parametrize(("typed", "text"), [("/hello there", "hello there"), ("// / what now?", "what now?")])
def test_words_behind_a_slash_are_words(typed, text):
    assert plain_text(typed) == text


def test_slashes_inside_a_text_stay():
    assert plain_text("he/she and 1/2") == "he/she and 1/2"


def test_control_characters_become_spaces():
    assert plain_text("a\x00b\x1b[31m\nc\x7f") == "a b [31m c"


def test_a_slash_behind_a_control_character_is_still_a_leading_slash():
    assert not plain_text('\x00/request_erasure{"x":1}').startswith("/")


def test_a_broken_character_does_not_break_anything():
    plain_text("\ud800 hello").encode("utf-8")


def test_long_texts_are_cut():
    assert len(plain_text("word " * 10_000)) <= MAX_CHARACTERS


def test_nothing_but_slashes_is_empty():
    assert plain_text(" // / ") == ""


def test_folding_makes_quotes_straight():
    assert folded("I don\u2019t  KNOW") == "i don't know"


def test_a_thumb_is_read_by_its_name_so_that_up_and_down_differ():
    from bot.engine.plain_text import folded

    assert folded("ok \N{THUMBS UP SIGN}") == "ok thumbs up sign"
    assert folded("\N{THUMBS DOWN SIGN}") == "thumbs down sign"
    assert folded("plain, words") == "plain, words"


def test_a_thumb_is_a_thumb_in_every_colour_and_however_often_it_is_raised():
    assert folded("\U0001f44d\U0001f3fd \U0001f44d\U0001f3fd") == folded("\U0001f44d\ufe0f") == "thumbs up sign"
    assert folded("no no, really") == "no no, really"


def test_a_placeholder_is_read_as_words_that_are_always_the_same():
    assert folded("write to ‹email›") == folded("write to my e-mail address")
    assert folded("where is order no. ‹order›, ‹order›?") == "where is order no., my order?"
    assert folded("where is ‹request›?") == folded("where is PR-2027-000017?")
    assert folded("‹fill in: a word›") == "‹fill in: a word›"


def test_the_number_of_a_request_says_nothing_about_what_is_wanted():
    assert (
        folded("where is PR-2027-000017?") == folded("where is pr-2026-123456?") != folded("where is CS-2027-000017?")
    )
    assert folded("order A-20417 of 2027") == "order a-20417 of 2027"


def test_shouted_punctuation_is_said_once():
    assert folded("delete it !!!") == folded("delete it!") and folded("really ?!?!") == folded("really?")
    assert folded("wait\u2026 what...") == "wait. what" and folded("3.50 a.m. it is") == "3.50 a.m. it is"
    assert folded("delete it.") == folded("delete it!") == folded("delete it") != folded("delete it?")
    assert folded("...") == "."
