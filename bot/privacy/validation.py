"""What a person types is read, cleaned or sent back with a sentence that says what to do.

The data map names these checks (`correct:`), and so do the fields of form cards. Formats are the libraries' knowledge:
`email-validator`, `phonenumbers`, `python-dateutil`, and the country register of `holidays`.
Law: data is to be accurate, GDPR Article 5(1)(d); no check asks for more than the shop stores.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import phonenumbers
from dateutil import parser as dates
from email_validator import EmailNotValidError, validate_email
from holidays.registry import COUNTRIES

from bot.errors import Invalid

LONGEST = 2_000
_LONGEST_LINE = 160
_LONGEST_EMAIL = 254
_ADULT, _OLDEST = 18, 120
# Signs that turn the direction of what follows, or that cannot be seen: nothing a name or an address needs.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_NAME_SIGNS = frozenset(" .,'’ʼ`´-‐‑·/()&")


@dataclass(frozen=True)
class Where:
    """What a check needs to know besides the words.

    Attributes:
        today: The desk's day.
        region: ISO code of the country that phone numbers and postcodes are written for, if known.
    """

    today: date
    region: str | None = None


type Validator = Callable[[str, Where], str]


def one_line(text: str) -> str:
    """The words without outer and double spaces, in Unicode's composed form.

    Raises:
        Invalid: A sign in it cannot be seen or written on one line.
    """
    return " ".join(readable(text, "").split())


def readable(text: str, allowed: str = "\n\t") -> str:
    """Text that can be stored and shown as it stands.

    Raises:
        Invalid: It holds control characters, or signs that are no text.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    odd = (unicodedata.category(sign) in {"Cc", "Cs", "Co"} and sign not in allowed for sign in composed)
    if any(odd) or _UNSEEN.search(composed):
        raise Invalid("This holds signs that cannot be read. Please type it anew instead of pasting it.")
    return composed.strip()


def text(value: str, _where: Where) -> str:
    """Words of any kind, on one or several lines."""
    return _at_most(readable(value), LONGEST)


def address_line(value: str, _where: Where) -> str:
    """A street, a house, a town: one line with at least a letter or a number in it."""
    line = _at_most(one_line(value), _LONGEST_LINE)
    if not any(sign.isalnum() for sign in line):
        raise Invalid("Please write a line of an address, such as 12 Elm Street.")
    return line


def person_name(value: str, _where: Where) -> str:
    """A name in any script; marks of addresses and code are no name."""
    name = _at_most(one_line(value), _LONGEST_LINE)
    fits = all(sign in _NAME_SIGNS or unicodedata.category(sign)[0] in "LMN" or sign in "\u200c\u200d" for sign in name)
    if not fits or not any(sign.isalpha() for sign in name):
        raise Invalid("Please write the name in letters, as it stands on a letter to you.")
    return name


def email(value: str, _where: Where) -> str:
    """An address that mail can be sent to; whether it exists is proved by the code, not asked of the network."""
    try:
        found = validate_email(one_line(value), check_deliverability=False).normalized
    except EmailNotValidError:
        raise Invalid("Please write an e-mail address, such as name@example.com.") from None
    return _at_most(found, _LONGEST_EMAIL)


def phone(value: str, where: Where) -> str:
    """A phone number, stored in the international form with spaces.

    A number must have the length its country uses. Whether the block was given out is not asked: numbering plans
    change faster than any list of them.
    """
    try:
        number = phonenumbers.parse(one_line(value), where.region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_possible_number(number):
        raise Invalid("Please write the phone number with its country code, such as +44 20 7946 0018.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace("-", " ")


def birth_date(value: str, where: Where) -> str:
    """A date of birth as YYYY-MM-DD.

    Policy clause `minors`: a change that would make somebody under 18 needs a parent or guardian, and so a person.
    """
    born = _date(one_line(value))
    if born > where.today:
        raise Invalid("This date is still to come. Please check the year.")
    years = where.today.year - born.year - ((where.today.month, where.today.day) < (born.month, born.day))
    if years < _ADULT:
        raise Invalid(
            "This would make you under 18. A person has to look at that: write “talk to a person” in the chat."
        )
    if years > _OLDEST:
        raise Invalid("This date is more than 120 years ago. Please check the year.")
    return born.isoformat()


def country(value: str, _where: Where) -> str:
    """A country as its two letters of ISO 3166, given as a code or by its English name."""
    found = _countries().get(_bare(one_line(value)))
    if found is None:
        raise Invalid("Please write the country as its two letters, such as GB or DE.")
    return found


def postcode(value: str, where: Where) -> str:
    """A postcode in the form of its country; where no form is known, letters and digits of a likely length."""
    code = one_line(value).upper()
    if where.region in _POSTCODES:
        pattern, shape, example = _POSTCODES[where.region]
        found = re.fullmatch(pattern, re.sub(r"[\s-]", "", code), re.ASCII)
        if not found:
            raise Invalid(f"Please write the postcode as it is usual there, such as {example}.")
        return shape.format(*(part or "" for part in found.groups())).strip(" -")
    if not re.fullmatch(r"[A-Z0-9](?:[ -]?[A-Z0-9]){2,11}", code, re.ASCII):
        raise Invalid("Please write the postcode in letters and digits, such as 10115.")
    return code


VALIDATORS: dict[str, Validator] = {
    "address_line": address_line,
    "birth_date": birth_date,
    "country": country,
    "email": email,
    "person_name": person_name,
    "phone": phone,
    "postcode": postcode,
    "text": text,
}
"""Every check that the data map and form cards may name."""


def _at_most(value: str, longest: int) -> str:
    if len(value) > longest:
        raise Invalid(f"This is too long. Please keep it under {longest:,} characters.")
    return value


def _date(value: str) -> date:
    """A whole date; never one that two countries would read differently."""
    wanted = Invalid("Please write the date as year-month-day, such as 1985-03-14.")
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", value, re.ASCII):
        try:
            return date(*(int(part) for part in value.split("-")))
        except ValueError:
            raise wanted from None
    readings = set()
    # Two defaults, so that a part nobody wrote shows; two orders, so that 03/04/1985 shows as unclear.
    for default in (datetime(2000, 1, 1), datetime(2004, 12, 28)):
        for day_first in (True, False):
            try:
                readings.add(dates.parse(value, default=default, dayfirst=day_first).date())
            except (ValueError, OverflowError):
                raise wanted from None
    if len(readings) != 1 or not re.search(r"\d{4}", value, re.ASCII):
        raise wanted
    return readings.pop()


@cache
def _countries() -> dict[str, str]:
    found = {"uk": "GB", "greatbritain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "usa": "US"}
    for key, (_, two, three, *_more) in COUNTRIES.items():
        found |= {_bare(key): two, two.lower(): two, three.lower(): two}
    return found


def _bare(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in plain if sign.isalpha())


# Country: form without spaces and dashes, how it is written, an example. From the Universal Postal Union's addressing
# sheets; a country that is not here falls under the general rule.
_FIVE, _FOUR, _SIX = r"(\d{5})", r"(\d{4})", r"(\d{6})"
_POSTCODES: dict[str | None, tuple[str, str, str]] = {
    "AT": (_FOUR, "{}", "1010"),
    "AU": (_FOUR, "{}", "2000"),
    "BE": (_FOUR, "{}", "1000"),
    "BG": (_FOUR, "{}", "1000"),
    "BR": (r"(\d{5})(\d{3})", "{}-{}", "01310-100"),
    "CA": (r"([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z])(\d[ABCEGHJ-NPRSTV-Z]\d)", "{} {}", "K1A 0B1"),
    "CH": (_FOUR, "{}", "8001"),
    "CN": (_SIX, "{}", "100000"),
    "CZ": (r"(\d{3})(\d{2})", "{} {}", "110 00"),
    "DE": (_FIVE, "{}", "10115"),
    "DK": (_FOUR, "{}", "1050"),
    "EE": (_FIVE, "{}", "10111"),
    "ES": (_FIVE, "{}", "28013"),
    "FI": (_FIVE, "{}", "00100"),
    "FR": (_FIVE, "{}", "75001"),
    "GB": (r"([A-Z]{1,2}\d[A-Z\d]?|GIR)(\d[A-Z]{2}|0AA)", "{} {}", "SW1A 1AA"),
    "GR": (r"(\d{3})(\d{2})", "{} {}", "104 31"),
    "HR": (_FIVE, "{}", "10000"),
    "HU": (_FOUR, "{}", "1051"),
    "IE": (r"([A-Z]\d[\dW])([A-Z\d]{4})", "{} {}", "D02 AF30"),
    "IN": (_SIX, "{}", "110001"),
    "IT": (_FIVE, "{}", "00118"),
    "JP": (r"(\d{3})(\d{4})", "{}-{}", "100-0001"),
    "KR": (_FIVE, "{}", "03051"),
    "LT": (r"(?:LT)?(\d{5})", "LT-{}", "LT-01100"),
    "LU": (r"(?:L)?(\d{4})", "{}", "1009"),
    "LV": (r"(?:LV)?(\d{4})", "LV-{}", "LV-1010"),
    "MX": (_FIVE, "{}", "06000"),
    "NL": (r"(\d{4})([A-Z]{2})", "{} {}", "1012 AB"),
    "NO": (_FOUR, "{}", "0150"),
    "NZ": (_FOUR, "{}", "6011"),
    "PL": (r"(\d{2})(\d{3})", "{}-{}", "00-001"),
    "PT": (r"(\d{4})(\d{3})", "{}-{}", "1000-205"),
    "RO": (_SIX, "{}", "010011"),
    "SE": (r"(\d{3})(\d{2})", "{} {}", "111 22"),
    "SG": (_SIX, "{}", "018956"),
    "SI": (_FOUR, "{}", "1000"),
    "SK": (r"(\d{3})(\d{2})", "{} {}", "811 01"),
    "US": (r"(\d{5})(\d{4})?", "{}-{}", "20500"),
}
