"""What is found in typed words: every value with what it is, nothing that is none, and always a way back."""

import re
from datetime import date

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.config import Settings
from bot.privacy.entities import Finder, finder
from bot.privacy.entity_shapes import passes_luhn, passes_mod_97
from bot.store.placeholders import PLACEHOLDER, restored
from bot.vocabulary import EntityKind

SHOP = Finder(r"[A-Z]{1,3}-\d{4,10}", "GB")
DIGITS = st.text("0123456789", min_size=1, max_size=30)
ADDRESS = st.from_regex(r"[a-z][a-z0-9.+_-]{0,12}[a-z0-9]@[a-z][a-z0-9-]{0,10}[a-z0-9]\.[a-z]{2,6}", fullmatch=True)
ACCOUNT = st.from_regex(r"[A-Z]{4}\d{8,20}", fullmatch=True)
SLOW = ["07700 900457 " * 300, "1" * 4000, "a@" * 2000, "AB12 " * 800, "(0" * 2000, "a-" * 2000, "order #" * 570]
INTERNATIONAL, NATIONAL = phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.NATIONAL
FORMS = [INTERNATIONAL, NATIONAL, phonenumbers.PhoneNumberFormat.E164]
WORDS = st.lists(st.sampled_from(["please", "my", "is", "wrong", "on", "at", "I", "and", "🎉", "it's"]), max_size=5)


def masked(text):
    return SHOP.masked(text).text


def with_check_digit(digits):
    return next(digits + last for last in "0123456789" if passes_luhn(digits + last))


def with_check_digits(country, account):
    return next(f"{country}{two:02}{account}" for two in range(2, 99) if passes_mod_97(f"{country}{two:02}{account}"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("write to ada@example.com.", "write to ‹email›."),
        ("<ada.l+shop@mail.example.co.uk>", "<‹email›>"),
        ("ada [at] example [dot] com", "‹email›"),
        ("ada at example dot com", "‹email›"),
        ("ada@examplecom", "‹email›"),
        ("call +44 7700 900101 now", "call ‹phone› now"),
        ("call (0113) 496-0999, please", "call ‹phone›, please"),
        ("0049 30 901820", "‹phone›"),
        ("+49 (0)30 901820", "‹phone›"),
        ("07700900457 07700900458", "‹phone› ‹phone›"),
        ("07700 900457 2 days ago", "‹phone› 2 days ago"),
        ("020 7946 0018. 12 orders", "‹phone›. 12 orders"),
        ("card 4111 1111 1111 1111 12/27", "card ‹card› ‹number›"),
        ("4111-1111-1111-1111 123", "‹card› ‹number›"),
        ("4111 1111 1111 1112", "‹number›"),
        ("to DE89 3704 0044 0532 0130 00 please", "to ‹iban› please"),
        ("ab12 then gb29nwbk60161331926819.", "ab12 then ‹iban›."),
        ("DE88 3704 0044 0532 0130 00", "DE88 ‹number›"),
        ("born 12.05.1990", "born ‹date›"),
        ("born 1990-05-12T10:00", "born ‹date›T10:00"),
        ("on 3rd of March 2025, May 5th and 3 dec", "on ‹date›, ‹date› and ‹date›"),
        ("45 May 1990", "45 May 1990"),
        ("order 4711 came open", "order ‹order› came open"),
        ("my order number is LF/2024/7781", "my order number is ‹order›"),
        ("bill #00452", "bill #‹order›"),
        ("A-20417", "‹order›"),
        ("order PR-2026-000123", "order ‹request›"),
        ("cs 2026 000007 and gc-2026-000001", "‹case› and ‹consent›"),
        ("PR-2026-00012 or XPR-2026-000123", "‹number› or ‹number›"),
        ("customer 30442", "customer ‹number›"),
        ("abc123456def", "‹number›"),
        ("from 192.168.1.20", "from ‹number›"),
        ("٠٧٧٠٠ ٩٠٠٤٥٧ or ４１１１１１１１１１１１１１１１", "‹phone› or ‹card›"),
        ("4111\u200b1111\u200b1111\u200b1111 ada@exam\u00adple.com", "‹card› ‹email›"),
        ("4111‐1111‑1111–1111", "‹card›"),
    ],
)  # fmt: skip
def test_a_value_is_called_what_it_is(typed, read):
    assert masked(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "since 2019 and 2020", "10-4", "100% sure", "I am 15", "error 404", "£1200 and 12.50 and 1299.00",
        "Under section 1798.106 CCPA", "Regulation (EU) 2016/679", "article 17", "24/7", "ordering 500 items",
        "in order to see it", "meet me @ noon", "it is 3.30", "👍👍", "", " ", "I may go", "v3.6.2",
    ],
)  # fmt: skip
def test_what_is_nobodys_stays(typed):
    assert masked(typed) == typed


@given(st.text(max_size=300))
@example("‹email› is not ada@example.com but ‹em\u200bail›")
@example("‹‹order 4711››")
@example("½ a@b.de…")
@example("\x00a@b.de\x00")
def test_there_is_always_a_way_back(typed):
    found = SHOP.masked(typed)
    assert restored(found.text, found.values) == typed


@given(st.text(max_size=200))
def test_what_is_found_stands_where_it_says_and_never_twice(typed):
    end = 0
    for each in SHOP.find(typed):
        assert typed[each.start : each.end] == each.value and end <= each.start < each.end
        end = each.end


@given(WORDS, ADDRESS, WORDS)
def test_no_address_passes(before, address, after):
    text = masked(" ".join([*before, address, *after]))
    assert address not in text and "‹email›" in text


@given(st.integers(13, 19), st.data())
def test_a_card_with_its_check_digit_is_a_card_and_with_another_one_a_hidden_number(length, data):
    number = with_check_digit(data.draw(st.text("123456789", min_size=length - 1, max_size=length - 1)))
    groups = data.draw(st.sampled_from(["", " ", "-"])).join(number[at : at + 4] for at in range(0, length, 4))
    wrong = groups[:-1] + str((int(groups[-1]) + 1) % 10)
    assert masked(f"my card {groups}, thanks") == "my card ‹card›, thanks"
    assert re.search(r"\d", masked(f"my card {wrong}, thanks")) is None


@pytest.mark.parametrize("typed", ["4471 1111 1111 8", "4471 1111 1111 1111 3", "0770 0900 1234 5678"])
def test_of_a_wrong_card_that_begins_like_a_telephone_number_no_digit_is_left(typed):
    assert re.search(r"\d", masked(f"my card {typed}, thanks")) is None


@given(st.sampled_from(["DE", "GB", "FR", "NO", "MT"]), ACCOUNT, st.booleans())
def test_an_account_number_with_its_check_digits_is_one(country, account, spaced):
    iban = with_check_digits(country, account)
    typed = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)) if spaced else iban
    assert masked(f"pay {typed}.") == "pay ‹iban›."
    wrong = f"{country}{(int(iban[2:4]) % 97) + 1:02}{account}"
    assert not passes_mod_97(wrong) and account[4:] not in masked(f"pay {wrong}.")


@given(st.sampled_from(["GB", "DE", "US", "FR", "CN"]), st.sampled_from(FORMS))
def test_a_phone_number_is_hidden_however_a_country_writes_it(region, form):
    number = phonenumbers.example_number(region)
    written = phonenumbers.format_number(number, form)
    text = Finder(SHOP.orders.pattern, region).masked(f"ring {written} today").text
    assert text in ("ring ‹phone› today", "ring ‹number› today"), text
    assert form == NATIONAL or text == "ring ‹phone› today"


@given(st.dates(date(1901, 1, 1), date(2099, 12, 31)), st.sampled_from(
    ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%d.%m.%y", "%dth of %B %Y"]
))  # fmt: skip
def test_a_day_is_a_day_in_every_form(day, form):
    assert masked(f"it was {day.strftime(form)}, I think") == "it was ‹date›, I think"


@given(WORDS, DIGITS, WORDS)
def test_no_long_number_passes_wherever_it_stands(before, digits, after):
    for typed in (digits, f"x{digits}", f"{digits}x", f"+{digits}", f"({digits})", f"nr.{digits}", f"a_{digits}_b"):
        text = masked(" ".join([*before, typed, *after]))
        left = re.findall(r"\d{4,}", text)
        assert all(re.fullmatch(r"(19|20)\d\d", run) for run in left), typed


def test_order_numbers_look_as_the_shop_says():
    settings = Settings(_env_file=None, order_numbers=r"ord_[a-f0-9]{8}")
    assert finder(settings).masked("where is ord_00ff12ab, A-20417?").text == "where is ‹order›, ‹number›?"
    assert finder(settings) is finder(Settings(_env_file=None, order_numbers=r"ord_[a-f0-9]{8}"))


@pytest.mark.parametrize("pattern", ["(", "[A-Z]*"])
def test_a_pattern_that_cannot_be_used_stops_the_start(pattern):
    with pytest.raises(ValueError, match=r"order_numbers"):
        Settings(_env_file=None, order_numbers=pattern)


def test_each_kind_has_a_placeholder_and_the_engine_knows_all_of_them():
    from bot.engine.plain_text import STAND_INS, folded

    assert set(STAND_INS) == {str(kind) for kind in EntityKind}
    assert all(PLACEHOLDER.fullmatch(f"‹{kind}›") for kind in EntityKind)
    assert all("‹" not in folded(f"about ‹{kind}› please") for kind in EntityKind)


@pytest.mark.parametrize("typed", SLOW)
def test_a_text_that_is_made_to_be_slow_is_not(typed):
    import time

    began = time.process_time()
    SHOP.find(typed[:4000])
    assert time.process_time() - began < 1
