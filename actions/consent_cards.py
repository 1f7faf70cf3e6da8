"""How purposes are shown: a card with toggles, buttons, and the question about one of them."""

from collections.abc import Sequence
from typing import Any

from actions.base import Turn
from bot.errors import GuardianNeeded
from bot.privacy.consent_standing import CORE_CLAUSE, PurposeStanding
from bot.privacy.form_cards import TICKED, UNTICKED
from bot.privacy.restriction import processing
from bot.vocabulary import ConsentState, RequestKind

INTENTS = {RequestKind.WITHDRAW_CONSENT: "withdraw_consent", RequestKind.OBJECT_TO_PROCESSING: "object_to_processing"}
ALL, GIVE, THEN = "*", "give:", "+"
"""What a button says instead of a purpose's name: every one of them; before a name: allow it again; offer it next."""
SEVERAL = ","
QUESTION, QUESTION_ALLOW = "utter_consent_confirm", "utter_consent_allow"
GUARDIAN_FIRST = f"utter_error_{GuardianNeeded.code}"
_LONGEST = 64
"""Signs that are kept of what a button stands for."""


def ask_about(
    turn: Turn, kind: RequestKind, named: Sequence[PurposeStanding], then: Sequence[PurposeStanding] = ()
) -> bool:
    """Say what ends with the purposes and ask once about them all; say of those that have ended that they did.

    Args:
        turn: The turn.
        kind: The right that is used.
        named: What is to be ended.
        then: What is to be allowed; offered when the answer was a yes.

    Returns:
        Whether that could be said with one question.
    """
    open_ones = [each for each in named if each.can_be_ended]
    value = SEVERAL.join([*(each.purpose.key for each in open_ones), *(THEN + each.purpose.key for each in then)])
    if len(value) > _LONGEST:
        return False
    if ended := [each for each in named if not each.can_be_ended]:
        buttons = [] if open_ones or lacks_guardian(turn) else [_button_allow(turn, each) for each in ended]
        turn.say("utter_consent_already_ended", purpose=_titles(ended), buttons=buttons)
    if open_ones:
        _ask(turn, f"/{INTENTS[kind]} {value}", open_ones)
    return True


def _ask(turn: Turn, payload: str, named: Sequence[PurposeStanding]) -> None:
    one = len(named) == 1
    buttons = [_button(turn, "utter_choice_consent_yes" if one else "utter_choice_consent_yes_several", payload)]
    core = [CORE_CLAUSE] if any(each.purpose.core for each in named) else []
    turn.say(
        QUESTION,
        clauses_in_force(turn, [*(each.purpose.clause for each in named), *core]),
        buttons=[*buttons, *_no(turn)],
        purpose=_titles(named),
        consequence=_consequence(turn, named[0]) if one else " ".join(_named_consequence(turn, e) for e in named),
    )


def offer(turn: Turn, wanted: Sequence[PurposeStanding]) -> None:
    """Say which of the purposes are on already, and ask whether another is to be allowed; several stand on a card.

    Nothing is allowed by what was said so far: a consent takes a press, or a yes to the question that asks for it.
    Nobody is asked who may not say yes yet.
    """
    allowed = [each for each in wanted if not each.can_be_allowed]
    missing = [each for each in wanted if each.can_be_allowed]
    if allowed:
        buttons = [] if missing else [_button_stop(turn, each) for each in allowed if each.ends_as]
        turn.say("utter_consent_already_on", purpose=_titles(allowed), buttons=buttons)
    if missing and lacks_guardian(turn):
        turn.say(GUARDIAN_FIRST)
    elif missing:
        clauses = clauses_in_force(turn, [each.purpose.clause for each in missing])
        response = QUESTION_ALLOW if len(missing) == 1 else "utter_consent_allow_several"
        buttons = [*(_button_allow(turn, each) for each in missing), *_no(turn)]
        card = None if len(missing) == 1 else _form(turn, missing)
        turn.say(response, clauses, card, buttons, purpose=_titles(missing))


def lacks_guardian(turn: Turn) -> bool:
    """Whether a minor speaks for whom no parent or guardian has agreed: they may end a use, and allow none."""
    return processing(turn.session, turn.desk, turn.chat.subject or "").guardian_missing


def _no(turn: Turn) -> list[dict[str, str]]:
    """The button for a no; none where it would be taken for the answer to an open form's question."""
    return [] if turn.tracker.active_loop.get("name") else [_button(turn, "utter_choice_consent_no", "/deny")]


def _titles(named: Sequence[PurposeStanding]) -> str:
    return ", ".join(each.purpose.title for each in named)


def show_card(turn: Turn, standings: Sequence[PurposeStanding]) -> None:
    """Show every purpose that can be ended with what ends with it."""
    endable = [each for each in standings if each.ends_as]
    if not endable:
        turn.say("utter_consent_none")
        return
    active = [each for each in endable if each.can_be_ended]
    buttons = [_button_stop(turn, each) for each in active]
    if len(active) > 1:
        buttons.append(_button(turn, "utter_choice_consent_all", f"/withdraw_consent {ALL}"))
    young = lacks_guardian(turn)
    buttons += [_button_allow(turn, each) for each in endable if not each.can_be_ended and not young]
    switches = [each for each in endable if each.is_on or not young]
    core_clause = [CORE_CLAUSE] if any(each.purpose.core for each in active) else []
    clauses = [each.purpose.clause for each in endable]
    turn.say(
        "utter_consent_card" if active else "utter_consent_all_ended",
        clauses_in_force(turn, ["your-rights", *clauses, *core_clause]),
        _form(turn, switches) if switches else None,
        buttons,
    )


def say_core(turn: Turn, core: Sequence[PurposeStanding]) -> None:
    """What a contract needs is not ended by itself; the clause says so, and the account can be cancelled."""
    consequences = " ".join(each.purpose.consequence for each in core)
    clauses = clauses_in_force(turn, [CORE_CLAUSE])
    turn.say("utter_consent_core", clauses, purpose=_titles(core), consequence=consequences)


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


def _named_consequence(turn: Turn, each: PurposeStanding) -> str:
    return turn.text("utter_consent_consequence_of", purpose=each.purpose.title, consequence=_consequence(turn, each))


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
