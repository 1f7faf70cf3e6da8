"""The form in which a young person names their parent or guardian; what they write never passes through the engine."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

from bot.errors import FormInvalid
from bot.privacy.deadlines import date_of
from bot.privacy.guardian_consent_standing import OF_AGE, normalised
from bot.store.desk import Desk

FORM = "guardian_consent"
NAME, RELATION, EMAIL, OF_AGE_ON = "guardian_name", "guardian_relation", "guardian_email", "of_age_on"
RELATIONS = {
    "mother": "Mother",
    "father": "Father",
    "guardian": "Legal guardian",
    "other": "Another person who may decide for me by law",
}
OWN_ADDRESS = (
    "This is your own address. A young person cannot agree for themselves: please write the address of your parent or "
    "guardian."
)
_NOT_A_DAY = "Please write the day on which you turn 18. It lies in the next 18 years."


def guardian_form(*, ask_for_day: bool, email: str = "") -> dict[str, Any]:
    """The card.

    Args:
        ask_for_day: The shop holds no date of birth, so that the young person says when they are 18.
        email: An address of theirs that the young person has typed already.
    """
    fields: list[dict[str, Any]] = [
        {"name": NAME, "label": "Name of your parent or guardian", "type": "text", "required": True, "value": "",
         "check": "person_name"},
        {"name": RELATION, "label": "Who they are to you", "type": "select", "required": True, "value": "",
         "options": [{"value": value, "label": label} for value, label in RELATIONS.items()]},
        {"name": EMAIL, "label": "Their e-mail address", "type": "email", "required": True, "value": email,
         "check": "email", "hint": "Their own, not yours: the link goes there."},
    ]  # fmt: skip
    if ask_for_day:
        fields.append(
            {"name": OF_AGE_ON, "label": "The day on which you turn 18", "type": "date", "required": True, "value": "",
             "check": "text", "hint": "So that this ends by itself. Nothing else is done with it."}
        )  # fmt: skip
    return {
        "kind": "form",
        "form": FORM,
        "title": "Your parent or guardian",
        "submit": "Send the link",
        "fields": fields,
    }


def check(desk: Desk, subject: str, values: Mapping[str, str]) -> None:
    """Refuse what only this right knows to be wrong.

    Raises:
        FormInvalid: The address is the young person's own, or the day cannot be right.
    """
    wrong = []
    own = desk.email_of(subject)
    if own and normalised(own) == normalised(values[EMAIL]):
        wrong.append((EMAIL, OWN_ADDRESS))
    if OF_AGE_ON in values and not _can_be(values[OF_AGE_ON], date_of(desk.clock.now(), desk.settings)):
        wrong.append((OF_AGE_ON, _NOT_A_DAY))
    if wrong:
        raise FormInvalid(wrong)


def _can_be(day: str, today: date) -> bool:
    try:
        return today < date.fromisoformat(day) <= today + relativedelta(years=OF_AGE)
    except ValueError:
        return False
