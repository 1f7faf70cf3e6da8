"""Stop using my data for this: the purposes on a card, what each end means, a receipt; and giving it back."""

from collections.abc import Sequence
from typing import ClassVar

from actions.base import Events, Turn
from actions.consent_cards import (
    ALL,
    GIVE,
    GUARDIAN_FIRST,
    INTENTS,
    QUESTION,
    QUESTION_ALLOW,
    SEVERAL,
    THEN,
    ask_about,
    clauses_in_force,
    lacks_guardian,
    offer,
    say_core,
    show_card,
)
from actions.journey import Journey
from actions.last_asked import buttons_of, last_asked, payloads_of, response_of, said_last
from bot.privacy.consent_standing import PurposeStanding, standing
from bot.privacy.consent_withdrawal import Receipt, choose
from bot.privacy.consent_words import wished_in
from bot.privacy.form_cards import TICKED, UNTICKED
from bot.privacy.request_status import RequestView
from bot.store import conversations
from bot.vocabulary import ConsentState, RequestKind

YES_TO_BOTH = "utter_request_yes_to_both"
"""Asks which question a plain yes was for, with the buttons of the one that stands beside the form's."""


class ConsentJourney(Journey):
    """Asks on one card, and does it at the next message: as few turns for a no as for a yes."""

    kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.WITHDRAW_CONSENT, RequestKind.OBJECT_TO_PROCESSING)

    def begin(self, turn: Turn, kind: RequestKind) -> Events:
        """Apply a button's choice; ask about the purposes that were named; show the card otherwise."""
        if turn.chosen:
            _apply_button(turn, turn.chosen)
            return []
        standings = _standings(turn)
        wished = wished_in(turn.words(turn.origin) if turn.was_typed else "", standings)
        then = [each for each in wished.allow if each.can_be_allowed]
        if wished.core:
            say_core(turn, wished.core)
        if wished.end and ask_about(turn, kind, wished.end, then):
            return []
        if wished.allow and not wished.end:
            offer(turn, wished.allow)
        elif wished.end or wished.unsure or not wished.core:
            show_card(turn, standings)
        return []

    def question(self, turn: Turn, kind: RequestKind) -> None:
        """Show the card again."""
        show_card(turn, _standings(turn))

    def agreed(self, turn: Turn, request: RequestView) -> None:
        """Nothing more: the receipt was given with the choice."""

    def submitted_form(self, turn: Turn, message_id: str) -> Events:
        """Do what the switches say that the person moved, where it does not stand so already.

        A switch left alone on an old card says nothing: neither a consent (GDPR Article 4(11)) nor a withdrawal.
        """
        values, shown = turn.form_values(message_id), _shown(turn)
        moved = {key: value for key, value in values.items() if value != shown.get(key, value)}
        standings = _standings(turn)
        ended = [each.purpose.key for each in standings if moved.get(each.purpose.key) == UNTICKED and each.is_on]
        given = [each.purpose.key for each in standings if moved.get(each.purpose.key) == TICKED and not each.is_on]
        refused = bool(given) and lacks_guardian(turn)
        receipts = [_choose(turn, ended, ConsentState.WITHDRAWN, turn.origin)]
        if not refused:
            receipts.append(_choose(turn, given, ConsentState.GRANTED, f"{turn.origin}:given"))
        _tell(turn, receipts)
        if refused:  # of a card from before; what it ends is ended all the same
            turn.say(GUARDIAN_FIRST)
        return []


def take_yes(turn: Turn) -> bool:
    """Do what a yes in words stands for, if the last thing asked was the question about named purposes.

    A yes with a condition is no consent (GDPR Article 4(11)): the card is shown instead.

    Returns:
        Whether that was the question.
    """
    value = _asked_about(turn)
    if value is None or turn.chat.subject is None:
        return False
    if turn.has_condition:
        show_card(turn, _standings(turn))
    else:
        _apply_button(turn, value)
    return True


def asked_beside(turn: Turn) -> list[dict[str, str]]:
    """The buttons of a question about purposes that stands beside the question of an open form.

    A plain yes could be meant for either, and is a yes to neither (GDPR Article 4(11)).
    """
    beside = (said for said in said_last(turn) if response_of(said) in (QUESTION, QUESTION_ALLOW, YES_TO_BOTH))
    return buttons_of(next(beside, {}))


def _asked_about(turn: Turn) -> str | None:
    """What the button for a yes stands for, if what the bot asked last was the question about named purposes.

    A yes allows something only right after the question: that one is not asked again after what came in between.
    """
    said = last_asked(turn)
    if response_of(said) != QUESTION and not (response_of(said) == QUESTION_ALLOW and said is said_last(turn)[0]):
        return None
    payloads = [payload.partition(" ") for payload in payloads_of(said)]
    return next((value for intent, _, value in payloads if intent[1:] in INTENTS.values() and value), None)


def _shown(turn: Turn) -> dict[str, str]:
    """How the switches of the submitted card stood when it was given out."""
    card = conversations.card_content(turn.session, turn.chat.id, turn.chosen or "")
    return {field["name"]: field["value"] for field in card["fields"]}


def _standings(turn: Turn) -> list[PurposeStanding]:
    return standing(turn.session, turn.desk, turn.chat.subject or "")


def _choose(turn: Turn, purposes: Sequence[str], state: ConsentState, origin: str) -> Receipt | None:
    return choose(turn.session, turn.desk, turn.now, turn.chat, purposes, state, origin)


def _apply_button(turn: Turn, value: str) -> None:
    """Do what a button stands for: end the purposes it names, end all of them, or allow one again.

    What the person also wanted to be allowed is offered after the receipt.
    """
    named = value.split(SEVERAL)
    then = [each.removeprefix(THEN) for each in named if each.startswith(THEN)]
    if value.startswith(GIVE):
        receipt = _choose(turn, [value.removeprefix(GIVE)], ConsentState.GRANTED, turn.origin)
    elif value == ALL:
        every = [each.purpose.key for each in _standings(turn) if each.ends_as]
        receipt = _choose(turn, every, ConsentState.WITHDRAWN, turn.origin)
    else:
        ended = [each for each in named if not each.startswith(THEN)]
        receipt = _choose(turn, ended, ConsentState.WITHDRAWN, turn.origin)
    _tell(turn, [receipt])
    if then:
        offer(turn, [each for each in _standings(turn) if each.purpose.key in then])


def _tell(turn: Turn, receipts: Sequence[Receipt | None]) -> None:
    """Give a receipt for each choice, or say that nothing was changed."""
    made = [receipt for receipt in receipts if receipt is not None and receipt.choices]
    for receipt in made:
        card = {
            "kind": "receipt",
            "number": receipt.number,
            "title": turn.text("utter_consent_receipt_title"),
            "lines": receipt.lines,
        }
        given = receipt.choices[0].state is ConsentState.GRANTED
        response = "utter_consent_given" if given else "utter_consent_ended"
        clauses = [choice.clause for choice in receipt.choices]
        turn.say(response, clauses_in_force(turn, clauses), card, number=receipt.number, purposes=receipt.titles)
    if not made:
        turn.say("utter_consent_unchanged")
