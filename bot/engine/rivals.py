"""Tells apart the wishes that people mix up: delete, close the account, make anonymous, take consent back, object."""

from typing import Any, Dict, List, Text

CONSENT = "withdraw_consent"
_FAMILIES = {
    "request_erasure": "request_erasure",
    "cancel_account": "cancel_account",
    "request_anonymisation": "request_anonymisation",
    # Both lead to the same card of purposes, so between the two nothing is at stake.
    CONSENT: CONSENT,
    "object_to_processing": CONSENT,
}


def is_between_rivals(ranking: List[Dict[Text, Any]], changing_threshold: float, rival_threshold: float) -> bool:
    """Whether the best reading changes something and is not sure enough, or another such wish is likely as well.

    Args:
        ranking: readings, best first.
        changing_threshold: what taking back consent and objecting need together; what destroys data has a bar of its
            own elsewhere.
        rival_threshold: from which confidence on another wish is a rival.
    """
    family = _FAMILIES.get(ranking[0]["name"])
    if family is None:
        return False
    chances: Dict[Text, float] = {}
    for reading in ranking:
        if reading["name"] in _FAMILIES:
            name = _FAMILIES[reading["name"]]
            chances[name] = chances.get(name, 0.0) + float(reading["confidence"])
    unsure = family == CONSENT and chances[family] < changing_threshold
    return unsure or any(chance >= rival_threshold for name, chance in chances.items() if name != family)
