"""Whose clock a request runs on: the terms of each regime as values, and the time zone of each calendar.

Facts, not legal advice; the source stands beside each term.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.vocabulary import Regime, RequestKind


class Unit(StrEnum):
    """What a term counts."""

    DAYS = "days"
    MONTHS = "months"
    BUSINESS_DAYS = "business_days"


class ExtensionReason(StrEnum):
    """Why an answer may take longer; no other reason is one."""

    COMPLEX = "complex"
    MANY_REQUESTS = "many_requests"


class PauseReason(StrEnum):
    """What a request can wait for."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"
    COOLING_OFF = "cooling_off"
    APPROVAL = "approval"
    LEGAL_HOLD = "legal_hold"


@dataclass(frozen=True)
class Term:
    """A length of time, counted from the day of receipt, which itself does not count."""

    count: int
    unit: Unit


@dataclass(frozen=True)
class Rule:
    """What a regime asks of an answer.

    Attributes:
        answer: Until when the answer must be there; None takes the shop's own ANSWER_DAYS.
        extended: Until when at the latest after the one extension, from receipt; None when there is none.
        confirm: Until when receipt must be confirmed.
    """

    answer: Term | None
    extended: Term | None = None
    confirm: Term | None = None


# CCPA regulations 7021: confirm in 10 business days; answer in 45 calendar days, once 45 more, 90 at most.
_CCPA = Rule(
    Term(45, Unit.DAYS), extended=Term(90, Unit.DAYS), confirm=Term(10, Unit.BUSINESS_DAYS)
)  # fmt: skip
# CCPA regulations 7026(f): an opt-out takes effect within 15 business days, without proof of identity or extension.
_CCPA_OPT_OUT = Rule(Term(15, Unit.BUSINESS_DAYS))

_RULES: Mapping[Regime, Rule] = {
    Regime.POLICY: Rule(None),
    # GDPR Article 12(3): one month; two more where complex or many, told with reasons inside the first.
    Regime.GDPR: Rule(Term(1, Unit.MONTHS), extended=Term(3, Unit.MONTHS)),
    Regime.CCPA: _CCPA,
    # CAC and others 2019 no. 191: correction, deletion and cancelling within 15 working days. PIPL Articles 15, 45 and
    # 46 ask for the rest to be done "in a timely manner"; the same 15 days are its outer bound here.
    Regime.CN: Rule(Term(15, Unit.BUSINESS_DAYS)),
}
_SPECIAL: Mapping[tuple[Regime, RequestKind], Rule] = {
    (Regime.CCPA, RequestKind.WITHDRAW_CONSENT): _CCPA_OPT_OUT,
    (Regime.CCPA, RequestKind.OBJECT_TO_PROCESSING): _CCPA_OPT_OUT,
}

_PAUSES: Mapping[Regime, frozenset[PauseReason]] = {
    Regime.POLICY: frozenset(),
    # GDPR Article 12(6), recital 63; EDPB Guidelines 01/2022 paragraphs 157-159: while the person is asked to prove
    # who they are or what they mean. What the shop does by its own choice never stops the clock.
    Regime.GDPR: frozenset({PauseReason.IDENTITY, PauseReason.CLARIFICATION}),
    # CCPA regulations 7021(b): "regardless of time required to verify the request".
    Regime.CCPA: frozenset(),
    Regime.CN: frozenset(),
}


def rule_of(regime: Regime, kind: RequestKind) -> Rule:
    """What a regime asks for this right."""
    return _SPECIAL.get((regime, kind), _RULES[regime])


def case_term(regime: Regime) -> Term | None:
    """How soon complaints, reports and questions are answered; None takes the shop's own ANSWER_DAYS.

    CAC and others 2019 no. 191 point 6 names 15 working days for complaints and reports. GDPR and CCPA set no term for
    them; they get the one of a request, since the same mouth often brings both.
    """
    return _RULES[regime].answer


def may_pause(regime: Regime, why: PauseReason) -> bool:
    """Whether the regime's clock stands still while a request waits for this."""
    return why in _PAUSES[regime]


# The days of a calendar begin and end where its people live. Countries of several zones take the one whose day ends
# first among those most people live in, so that nobody waits longer than promised.
_ZONES: Mapping[str, str] = {
    "AR": "America/Argentina/Buenos_Aires", "AT": "Europe/Vienna", "AU": "Australia/Sydney", "BE": "Europe/Brussels",
    "BG": "Europe/Sofia", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "CH": "Europe/Zurich",
    "CL": "America/Santiago", "CN": "Asia/Shanghai", "CO": "America/Bogota", "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London",
    "GR": "Europe/Athens", "HK": "Asia/Hong_Kong", "HR": "Europe/Zagreb", "HU": "Europe/Budapest",
    "ID": "Asia/Jakarta", "IE": "Europe/Dublin", "IL": "Asia/Jerusalem", "IN": "Asia/Kolkata",
    "IS": "Atlantic/Reykjavik", "IT": "Europe/Rome", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "LI": "Europe/Vaduz",
    "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga", "MO": "Asia/Macau", "MT": "Europe/Malta",
    "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NL": "Europe/Amsterdam", "NO": "Europe/Oslo",
    "NZ": "Pacific/Auckland", "PH": "Asia/Manila", "PL": "Europe/Warsaw", "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest", "SE": "Europe/Stockholm", "SG": "Asia/Singapore", "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava", "TH": "Asia/Bangkok", "TR": "Europe/Istanbul", "TW": "Asia/Taipei",
    "UA": "Europe/Kyiv", "US": "America/New_York", "VN": "Asia/Ho_Chi_Minh", "ZA": "Africa/Johannesburg",
    "AU-WA": "Australia/Perth", "AU-QLD": "Australia/Brisbane", "AU-SA": "Australia/Adelaide",
    "CA-AB": "America/Edmonton", "CA-BC": "America/Vancouver", "ES-CN": "Atlantic/Canary", "PT-20": "Atlantic/Azores",
    "US-AZ": "America/Phoenix", "US-CA": "America/Los_Angeles", "US-CO": "America/Denver", "US-HI": "Pacific/Honolulu",
    "US-IL": "America/Chicago", "US-NV": "America/Los_Angeles", "US-OR": "America/Los_Angeles",
    "US-TX": "America/Chicago", "US-WA": "America/Los_Angeles",
}  # fmt: skip


def zone_of(calendar: str) -> str:
    """The time zone of a calendar such as `GB` or `US-CA`; UTC for a country that is not on the list."""
    return _ZONES.get(calendar) or _ZONES.get(calendar.partition("-")[0], "UTC")
