"""How purposes are shown: a card with toggles, buttons, and the question about one of them."""

from collections.abc import Sequence
from typing import Any

from actions.base import Turn
from bot.privacy.consent_standing import CORE_CLAUSE, PurposeStanding
from bot.privacy.form_cards import TICKED, UNTICKED
from bot.vocabulary import ConsentState, RequestKind

INTENTS = {RequestKind.WITHDRAW_CONSENT: "withdraw_consent", RequestKind.OBJECT_TO_PROCESSING: "object_to_processing"}
ALL, GIVE = "*", "give:"
"""What a button says instead of a purpose's name: every one of them; before a name: allow it again."""
QUESTION = "utter_consent_confirm"


def ask_about(turn: Turn, kind: RequestKind, named: PurposeStanding) -> None:
    """Say what ends with one purpose and ask; or why it cannot be ended by itself, or that it has ended."""
    purpose = named.purpose
    if named.ends_as is None:
        _say_core(turn, [named])
    elif not named.can_be_ended:
        turn.say("utter_consent_already_ended", purpose=purpose.title, buttons=[_button_allow(turn, named)])
    else:
        buttons = [_button(turn, "utter_choice_consent_yes", f"/{INTENTS[kind]} {purpose.key}")]
        if not turn.tracker.active_loop.get("name"):  # A no would be taken for the answer to that form's question.
            buttons.append(_button(turn, "utter_choice_consent_no", "/deny"))
        turn.say(
            QUESTION,
            clauses_in_force(turn, [purpose.clause, *([CORE_CLAUSE] if purpose.core else [])]),
            buttons=buttons,
            purpose=purpose.title,
            consequence=_consequence(turn, named),
        )


def show_card(turn: Turn, standings: Sequence[PurposeStanding]) -> None:
    """Show every purpose that can be ended with what ends with it; name those that cannot, and why."""
    endable = [each for each in standings if each.ends_as]
    if core := [each for each in standings if each.ends_as is None]:
        _say_core(turn, core)
    if not endable:
        turn.say("utter_consent_none")
        return
    active = [each for each in endable if each.can_be_ended]
    buttons = [_button_stop(turn, each) for each in active]
    if len(active) > 1:
        buttons.append(_button(turn, "utter_choice_consent_all", f"/withdraw_consent {ALL}"))
    buttons += [_button_allow(turn, each) for each in endable if not each.can_be_ended]
    core_clause = [CORE_CLAUSE] if any(each.purpose.core for each in active) else []
    clauses = [each.purpose.clause for each in endable]
    turn.say(
        "utter_consent_card" if active else "utter_consent_all_ended",
        clauses_in_force(turn, ["your-rights", *clauses, *core_clause]),
        _form(turn, endable),
        buttons,
    )


def _say_core(turn: Turn, core: Sequence[PurposeStanding]) -> None:
    """What a contract needs is not ended by itself; the clause says so, and the account can be cancelled."""
    titles = ", ".join(each.purpose.title for each in core)
    consequences = " ".join(each.purpose.consequence for each in core)
    turn.say("utter_consent_core", clauses_in_force(turn, [CORE_CLAUSE]), purpose=titles, consequence=consequences)


def _form(turn: Turn, endable: Sequence[PurposeStanding]) -> dict[str, Any]:
    fields = [
        {
            "name": each.purpose.key,
            "label": each.purpose.title,
            "type": "checkbox",
            "required": False,
            "value": TICKED if each.is_on else UNTICKED,
            "hint": _consequence(turn, each),
        }
        for each in endable
    ]
    title, submit = turn.text("utter_consent_form_title"), turn.text("utter_consent_form_submit")
    return {"kind": "form", "form": "consent", "title": title, "fields": fields, "submit": submit}


def _consequence(turn: Turn, each: PurposeStanding) -> str:
    """What stops, in the words of the data map; a core function that ends is named as one."""
    hint = each.purpose.consequence
    if each.purpose.core:
        hint = turn.text("utter_consent_hint_core", consequence=hint)
    return hint if each.state else turn.text("utter_consent_hint_unknown", consequence=hint)


def _button_stop(turn: Turn, each: PurposeStanding) -> dict[str, str]:
    intent = "object_to_processing" if each.ends_as is ConsentState.OBJECTED else "withdraw_consent"
    return _button(turn, "utter_choice_consent_stop", f"/{intent} {each.purpose.key}", purpose=each.purpose.title)


def _button_allow(turn: Turn, each: PurposeStanding) -> dict[str, str]:
    payload = f"/withdraw_consent {GIVE}{each.purpose.key}"
    return _button(turn, "utter_choice_consent_allow", payload, purpose=each.purpose.title)


def _button(turn: Turn, label: str, payload: str, **values: str) -> dict[str, str]:
    return {"title": turn.text(label, **values), "payload": payload}


def clauses_in_force(turn: Turn, ids: Sequence[str]) -> list[str]:
    """Those of the clauses that the policy that binds this person has, each once."""
    return [clause for clause in dict.fromkeys(ids) if turn.policy.clause(clause)]
