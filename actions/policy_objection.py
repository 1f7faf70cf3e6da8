"""A no to a new version of the policy, and a yes: recorded at once, with what follows."""

import re
from typing import Any

from actions.base import DeskAction, Events, Turn, in_words
from actions.complaint_cards import say_claim_code
from actions.last_asked import last_asked, payloads_of, response_of
from actions.policy_update import has_update, say_each, say_no_update
from bot.privacy import policy_banner
from bot.privacy.policy_objection import QUESTION, Offer, accept, object_to_update, offer

KEEP = "keep"
"""What the button says that asks for the old text."""
_ALL, _REST = "all:", "rest:"
# A yes to a part: no objection to the whole, and the buttons of the question say which parts there are.
_IN_PART = re.compile(
    r"(?<!not )(?<!n't )(?<!nt )(?<!never )\b(?:accept|agree)\b.*\b(?:but|except|apart from|unless|without)\b",
    re.IGNORECASE | re.DOTALL,
)
# What a case is made of must be about the policy, where there is nothing new to say no to.
_ABOUT_POLICY = re.compile(
    r"\b(polic\w+|terms?|conditions?|privacy|rules?|versions?|(?<!order )updat\w+|chang\w+|agreements?|notices?|"
    r"statements?|clauses?|wording|text|t&cs?|tos)\b|t&c",
    re.IGNORECASE,
)
_ASKING = frozenset({QUESTION, "utter_policy_changes_yours"})
"""Responses after which a bare yes or no is about the new version."""


class ObjectToPolicyUpdate(DeskAction):
    """Records the objection with a number and a date, and offers what follows."""

    action_name = "action_object_to_policy_update"

    def act(self, turn: Turn) -> Events:
        """Record it with the person's own words."""
        if turn.chosen == KEEP:
            _say_kept(turn)
        elif turn.was_typed and _IN_PART.search(turn.words(turn.origin)) and (found := _offered(turn)):
            _ask(turn, found)
        elif turn.was_typed and not _ABOUT_POLICY.search(turn.words(turn.origin)) and not has_update(turn):
            turn.say("utter_policy_objection_which")
        else:
            _object(turn)
        return []


class AcceptPolicyUpdate(DeskAction):
    """Shows what would be accepted, both texts of every change, and takes a yes only after that."""

    action_name = "action_accept_policy_update"

    def act(self, turn: Turn) -> Events:
        """Take the yes of a button; ask otherwise."""
        if turn.chat.subject is None:
            turn.ask_to_sign_in() if has_update(turn) else say_no_update(turn)
        elif turn.chosen:
            _accept(turn, turn.chosen)
        else:
            found = _offered(turn)
            _ask(turn, found) if found else say_no_update(turn)
        return []


def take_yes(turn: Turn) -> bool:
    """Take a yes in words, when the last thing said was the question and the yes has no condition.

    Returns:
        Whether it was that question.
    """
    said = last_asked(turn)
    if response_of(said) not in _ASKING or turn.chat.subject is None:
        return False
    values = [payload.partition(" ")[2] for payload in payloads_of(said)]
    value = next((each for each in values if each.startswith(_ALL)), None)
    conditional = turn.has_condition
    if value is None or conditional:
        found = _offered(turn)
        _ask(turn, found) if found else say_no_update(turn)
    else:
        _accept(turn, value)
    return True


def take_no(turn: Turn) -> bool:
    """Take a no in words, when what was asked last was whether the person agrees to a new version.

    Returns:
        Whether it was.
    """
    if response_of(last_asked(turn)) not in _ASKING or not _offered(turn):
        return False
    _object(turn)
    return True


def _object(turn: Turn) -> None:
    made = object_to_update(
        turn.session,
        turn.desk,
        turn.now,
        turn.chat,
        turn.origin,
        turn.mail_address,
        turn.words(turn.origin) if turn.was_typed else None,
    )
    words: dict[str, Any] = {"number": made.case.number, "due": turn.day(made.case.due_at)}
    if turn.chat.subject is None:
        turn.say("utter_policy_objection_unknown", ["contact"], {"kind": "sign_in"}, **words)
        say_claim_code(turn, made.case.number)
    elif made.versions:
        turn.say("utter_policy_objection_recorded", ["contact", "no-reduction"], version=made.versions[-1], **words)
    else:
        turn.say("utter_policy_objection_filed", ["contact"], **words)


def _offered(turn: Turn) -> Offer | None:
    """What this person could agree to, if anything waits for their word."""
    subject = turn.chat.subject
    return None if subject is None else offer(turn.session, turn.desk, turn.now, subject)


def _ask(turn: Turn, found: Offer) -> None:
    version = found.published.version
    say_each(turn, found.differences, found.marks, found.binding.texts, found.published.policy)
    buttons = [_button(turn, "utter_choice_policy_yes", f"/accept_policy_update {_ALL}{version}")]
    if found.reducing and len(found.reducing) < len(found.differences):
        buttons.append(_button(turn, "utter_choice_policy_yes_rest", f"/accept_policy_update {_REST}{version}"))
    buttons.append(_button(turn, "utter_choice_policy_no", "/object_to_policy_update"))
    card = policy_banner.card(turn.session, turn.desk, found.published)
    reduces = turn.text("utter_policy_accept_reduces") if found.reducing else ""
    effective = in_words(found.published.policy.effective)
    turn.say(QUESTION, card=card, buttons=buttons, version=version, effective=effective, reduces=reduces)


def _accept(turn: Turn, value: str) -> None:
    whole = value.startswith(_ALL)
    version = value.removeprefix(_ALL).removeprefix(_REST)
    receipt = accept(turn.session, turn.desk, turn.now, turn.chat, version, whole, turn.origin)
    title = turn.text("utter_policy_receipt_title")
    card = {"kind": "receipt", "number": receipt.number, "title": title, "lines": receipt.lines}
    words: dict[str, Any] = {"version": receipt.version, "effective": receipt.effective, "number": receipt.number}
    turn.say("utter_policy_accepted" if not receipt.kept else "utter_policy_accepted_rest", card=card, **words)


def _say_kept(turn: Turn) -> None:
    """Say which text stays, and quote it where the newer one differs."""
    own = turn.policy
    other = own.coming or own.newest
    kept = [name for name in own.texts if own.clause(name) and own.differs(name, other)]
    words: dict[str, Any] = {"version": own.version.version, "effective": in_words(own.version.effective)}
    turn.say("utter_policy_old_terms" if kept else "utter_policy_same_terms", kept, **words)


def _button(turn: Turn, label: str, payload: str) -> dict[str, str]:
    return {"title": turn.text(label), "payload": payload}
