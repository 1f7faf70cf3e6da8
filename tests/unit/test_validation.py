"""What people type: cleaned where it can be, otherwise sent back with what to do."""

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import PROJECT
from bot.errors import Invalid
from bot.privacy.typed_code import code_in
from bot.privacy.validation import LONGEST, VALIDATORS, Where, one_line, readable
from bot.store.datamap import load

TODAY = date(2026, 11, 23)
HERE = Where(TODAY, "GB")


def cleaned(name, value, region="GB"):
    return VALIDATORS[name](value, Where(TODAY, region))


def refused(name, value, region="GB"):
    with pytest.raises(Invalid) as caught:
        cleaned(name, value, region)
    return caught.value.detail


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("email", " New.Name@EXAMPLE.com ", "New.Name@example.com"),
        ("email", "grüße@example.com", "grüße@example.com"),
        ("phone", "07700 900101", "+44 7700 900101"),
        ("phone", "+1 (202) 555-0104", "+1 202 555 0104"),
        ("phone", "00 49 30 901820", "+49 30 901820"),
        ("person_name", "  Zoë   O’Brien-Smith ", "Zoë O’Brien-Smith"),
        ("person_name", "李小龍", "李小龍"),
        ("person_name", "Jean Baptiste 3rd", "Jean Baptiste 3rd"),
        ("person_name", "Zoe\u0308", "Zoë"),
        ("address_line", "12 Elm Street, Flat 3/B", "12 Elm Street, Flat 3/B"),
        ("birth_date", "1985-03-14", "1985-03-14"),
        ("birth_date", "14 March 1985", "1985-03-14"),
        ("birth_date", "31/12/1985", "1985-12-31"),
        ("birth_date", "2008-11-23", "2008-11-23"),
        ("country", "gb", "GB"),
        ("country", "Germany", "DE"),
        ("country", "united kingdom", "GB"),
        ("country", "UK", "GB"),
        ("country", "DEU", "DE"),
        ("postcode", "sw1a1aa", "SW1A 1AA"),
        ("text", " two\r\nlines ", "two\nlines"),
    ],
)
def test_what_can_be_read_is_brought_into_the_form_it_is_stored_in(name, value, result):
    assert cleaned(name, value) == result


@pytest.mark.parametrize(
    ("region", "value", "result"),
    [
        ("DE", "10115", "10115"), ("NL", "1012ab", "1012 AB"), ("US", "205000003", "20500-0003"),
        ("US", "20500", "20500"),
        ("CA", "k1a0b1", "K1A 0B1"), ("PL", "00001", "00-001"), ("SE", "111 22", "111 22"),
        ("JP", "1000001", "100-0001"),
        ("IE", "d02af30", "D02 AF30"), ("PT", "1000-205", "1000-205"), ("HK", "999077", "999077"),
        (None, "ab-12", "AB-12"),
    ],
)  # fmt: skip
def test_a_postcode_is_written_as_in_its_country(region, value, result):
    assert cleaned("postcode", value, region) == result


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "nobody"), ("email", "a@b"), ("email", "a b@example.com"), ("email", "a@example.com, b@example.com"),
        ("email", "a@" + "b" * 250 + ".com"), ("phone", "12"), ("phone", "call me"),
        ("phone", "+44 7700 900101 ext. 5"),
        ("phone", "+999 1234567"), ("person_name", "12345"), ("person_name", "<b>Bob</b>"), ("person_name", "a@b"),
        ("person_name", "..."), ("address_line", "---"), ("address_line", "x" * 161), ("birth_date", "1990"),
        ("birth_date", "March 1985"), ("birth_date", "03/04/1985"), ("birth_date", "14.03.85"),
        ("birth_date", "1985-02-30"),
        ("birth_date", "2030-01-01"), ("birth_date", "1890-01-01"), ("birth_date", "2008-11-24"),
        ("birth_date", "soon"),
        ("country", "Atlantis"), ("country", "XX"), ("postcode", "12"), ("postcode", "SW7Z"),
        ("text", "x" * (LONGEST + 1)),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_sent_back_with_what_to_do(name, value):
    detail = refused(name, value)
    assert "Please" in detail or "A person has to" in detail
    assert value not in detail


def test_a_change_that_would_make_somebody_under_18_is_a_matter_for_a_person():
    assert "person" in refused("birth_date", "2010-01-01")


@pytest.mark.parametrize("name", list(VALIDATORS))
@pytest.mark.parametrize("odd", ["\x00", "\x1b", "\u202e", "\u2066", "\ufeff", "\u200b", "\ud800", "\ue000"])
def test_signs_that_cannot_be_seen_or_kept_are_refused_everywhere(name, odd):
    good = {
        "email": "a@example.com", "phone": "07700 900101", "birth_date": "1985-03-14", "country": "GB",
        "postcode": "SW1A 1AA",
    }.get(name, "Bath")  # fmt: skip
    refused(name, good[:1] + odd + good[1:])


def test_every_check_the_map_names_is_there():
    datamap = load(PROJECT / "data" / "datamap.yml")
    assert {column.correct for column in datamap.columns() if column.correct} <= set(VALIDATORS)


@pytest.mark.parametrize("name", list(VALIDATORS))
@given(value=st.text(max_size=60), region=st.sampled_from(["GB", "DE", "US", "NL", None]))
def test_whatever_is_typed_is_cleaned_or_refused_and_what_is_clean_stays_as_it_is(name, value, region):
    try:
        once = cleaned(name, value, region)
    except Invalid as error:
        assert error.detail
        return
    if once:
        assert cleaned(name, once, region) == once
    assert unicodedata.is_normalized("NFC", once) or name == "email"
    assert not any(unicodedata.category(sign) in {"Cs", "Co"} for sign in once)
    once.encode()


@given(st.dates(TODAY - timedelta(days=120 * 365), TODAY - timedelta(days=18 * 366)))
def test_every_birthday_of_an_adult_is_read_however_it_is_written(born):
    for form in ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y"):
        assert cleaned("birth_date", born.strftime(form)) == born.isoformat()


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=1, max_size=40))
def test_letters_of_any_script_are_a_name(name):
    assert cleaned("person_name", name)


@given(st.text(max_size=80))
def test_one_line_is_one_line(text):
    try:
        line = one_line(text)
    except Invalid:
        return
    assert "\n" not in line and line == line.strip()
    assert readable(line) == line


@pytest.mark.parametrize(
    "text",
    [
        "123456", " 123456 ", "123 456", "123-456", "12 34 56", "1 2 3 4 5 6", "code 123456", "My code is 123456.",
        "it is 123 456", "It's 123456!", "it’s 123456", "the code: 123456", "here it is: 123-456", "code=123456",
        "the verification code is 123456", "123–456", "１２３４５６", "ok, 123456",
    ],
)  # fmt: skip
def test_a_message_that_is_nothing_but_a_code_is_one(text):
    assert code_in(text) == "123456"


@pytest.mark.parametrize(
    "text",
    [
        "", "12345", "1234567", "123456 orders", "my order 123456 is wrong", "PR-2026-000123", "2026-000123",
        "delete 123456", "123.456", "12/34/56", "code", "abcdef", "123456 789012", "call 123456", "not 123456",
        "x" * 5000 + "123456", "my " * 2000 + "123456",
    ],
)  # fmt: skip
def test_anything_else_is_no_code(text):
    assert code_in(text) is None


@given(st.text(max_size=100))
def test_a_code_has_six_digits_whatever_was_typed(text):
    found = code_in(text)
    assert found is None or (len(found) == 6 and found.isascii() and found.isdigit())
