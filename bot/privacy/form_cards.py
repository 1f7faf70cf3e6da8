"""A filled form card is checked against the card that was given out: nothing in it that was not asked for.

Whatever a browser sends, the values that reach a right are the fields of that card, each cleaned by its own check.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.errors import FormInvalid, Invalid
from bot.privacy.validation import LONGEST, VALIDATORS, Where, readable

MOST_FIELDS = 40
TICKED, UNTICKED = "true", "false"


def check(card: Mapping[str, Any], values: Mapping[str, Any], today: date, region: str | None = None) -> dict[str, str]:
    """Clean what a person filled in.

    A field that was not sent counts as left as it was: an empty line stays empty, a tick stays as it was given out.

    Args:
        card: The form as it was given out.
        values: What came back, by field name.
        today: The desk's day.
        region: The shop's country, for phone numbers without a country code.

    Returns:
        One text for each field of the card, in its order; ticks as `true` and `false`.

    Raises:
        FormInvalid: With a sentence for each field that cannot be used.
    """
    fields = {field["name"]: field for field in card["fields"]}
    if len(values) > MOST_FIELDS or not set(values) <= set(fields):
        raise FormInvalid([], "This form has no such field. Please use the newest form in the chat.")
    cleaned: dict[str, str] = {}
    wrong: dict[str, str] = {}
    # Countries first: how a postcode is written depends on the country typed beside it.
    for name, field in sorted(fields.items(), key=lambda entry: entry[1].get("check") != "country"):
        try:
            cleaned[name] = _checked(field, values.get(name), Where(today, _region(field, cleaned) or region))
        except Invalid as error:
            wrong[name] = error.detail
    if wrong:
        raise FormInvalid([(name, wrong[name]) for name in fields if name in wrong])
    return {name: cleaned[name] for name in fields}


def _region(field: Mapping[str, Any], cleaned: Mapping[str, str]) -> str | None:
    beside = cleaned.get(field.get("region_from", ""))
    return beside or field.get("region")


def _checked(field: Mapping[str, Any], given: Any, where: Where) -> str:
    if field["type"] == "checkbox":
        return _tick(field, given)
    if given is None:
        given = ""
    if not isinstance(given, str):
        raise Invalid("Please write this as text.")
    if len(given) > LONGEST:
        raise Invalid(f"This is too long. Please keep it under {LONGEST:,} characters.")
    words = readable(given)
    if not words:
        if field.get("required"):
            raise Invalid(f"Please fill in: {field['label']}.")
        return ""
    if field["type"] == "select":
        if words not in {str(option["value"]) for option in field["options"]}:
            raise Invalid("Please choose one of the answers given.")
        return words
    value = VALIDATORS[field.get("check") or "text"](words, where)
    if len(value) > field.get("longest", LONGEST):
        raise Invalid(f"This is too long. Please keep it under {field['longest']:,} characters.")
    return value


def _tick(field: Mapping[str, Any], given: Any) -> str:
    if given is None:
        given = field.get("value") == TICKED
    if not isinstance(given, bool):
        raise Invalid("Please tick this or leave it empty.")
    if field.get("required") and not given:
        raise Invalid(f"Please tick: {field['label']}.")
    return TICKED if given else UNTICKED
