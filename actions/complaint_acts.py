"""What a person does with a case that has its answer: look at it, reply, open it again, ask for another person."""

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import DeskAction, Events, Turn
from actions.complaint_answers import NOTHING, answer_to
from actions.complaint_cards import labelled, say_case
from actions.form import DeskForm
from bot.privacy.complaint_card import CLAIM, REOPEN, REPLY, SECOND_LOOK, SETTLE, SHOW, TAKE_BACK, payload
from bot.privacy.complaint_claim import Verdict, claim
from bot.privacy.complaint_reply import ask_second_look, reopen_case, reply_to_case, settle_case
from bot.privacy.complaint_status import CaseView, own_case, own_cases
from bot.privacy.complaint_words import act_asked_for, case_in, speaks_of_a_case

_BUTTON = re.compile(r"(CS-\d{4}-\d{6}):([a-z_]+)")
_ENDED: dict[str, Any] = {"case_reply": NOTHING}


def act_on_case(turn: Turn) -> Events | None:
    """Do what a button of a case, or a short sentence about one, asks for.

    Returns:
        None when this is not about a case that is there already.
    """
    pressed = _BUTTON.fullmatch(turn.chosen or "")
    if pressed:
        return _act(turn, own_case(turn.session, turn.chat, pressed[1]), pressed[2])
    words = turn.words(turn.origin) if turn.was_typed else ""
    act = act_asked_for(words)
    if act is None:
        return None
    if act == CLAIM:
        turn.say("utter_claim_ask")
        return []
    cases, number = own_cases(turn.session, turn.chat), case_in(words)
    if number:
        meant = next((each for each in cases if each.number == number), None)
        if meant is None:
            turn.say("utter_claim_ask")
            return []
        return _act(turn, meant, act)
    fitting = [each for each in cases if _possible(each, act)] or cases[:1]
    if len(fitting) == 1:
        return _act(turn, fitting[0], act)
    if fitting:
        offered = [
            labelled(turn, "utter_choice_case_which", payload(each.number, act), number=each.number) for each in fitting
        ]
        turn.say("utter_case_which", buttons=offered)
        return []
    return None


def show_cases(turn: Turn, words: str) -> bool:
    """Show the case that is asked about, or say how somebody without an account comes back to theirs.

    Returns:
        Whether it was about a case by its number, or about cases and nothing else.
    """
    number = case_in(turn.chosen or "") or case_in(words)
    cases = own_cases(turn.session, turn.chat)
    meant = [each for each in cases if each.number == number] if number else cases
    if not number and not speaks_of_a_case(words):
        return False
    if len(meant) == 1:
        say_case(turn, "utter_case_shown", meant[0], attach=meant[0].waits or meant[0].decided)
    elif number or (turn.chat.subject is None and not meant):
        turn.say("utter_claim_ask")
    else:
        return False
    return True


def take_back_case(turn: Turn, words: str) -> bool:
    """Close the case that somebody takes back.

    Returns:
        Whether it was about a case.
    """
    number = case_in(turn.chosen or "") or case_in(words)
    if not number and not speaks_of_a_case(words):
        return False
    cases = [each for each in own_cases(turn.session, turn.chat) if each.waits or each.decided]
    meant = [each for each in cases if number in (None, each.number)]
    if len(meant) != 1:
        return False
    say_case(turn, "utter_case_taken_back", settle_case(turn.session, turn.now, turn.chat, meant[0].number))
    return True


def _possible(view: CaseView, act: str) -> bool:
    return {REOPEN: view.can_reopen, SECOND_LOOK: view.can_have_second_look}.get(act, view.decided or view.waits)


def _act(turn: Turn, view: CaseView, act: str) -> Events:
    if act == SHOW:
        say_case(turn, "utter_case_shown", view, attach=view.waits or view.decided)
        return []
    if act == SETTLE:
        say_case(turn, "utter_case_settled", settle_case(turn.session, turn.now, turn.chat, view.number))
        return []
    if act == TAKE_BACK and _possible(view, act):
        say_case(turn, "utter_case_taken_back", settle_case(turn.session, turn.now, turn.chat, view.number))
        return []
    if not _possible(view, act):
        say_case(turn, "utter_case_not_possible", view)
        return []
    if act == REOPEN:
        opened = reopen_case(turn.session, turn.desk, turn.now, turn.chat, view.number, turn.origin)
        turn.say("utter_case_reopened", number=view.number, due=turn.day(opened.due_at))
    elif act == SECOND_LOOK:
        given = ask_second_look(turn.session, turn.desk, turn.now, turn.chat, view.number, turn.origin)
        turn.say("utter_case_second_look", number=view.number, due=turn.day(given.due_at))
    slots = {"case_number": view.number, "case_act": act, "case_reply": None}
    return [*(SlotSet(name, value) for name, value in slots.items()), FollowupAction("case_reply_form")]


class AskCaseReply(DeskAction):
    """Asks for the words of a reply, or for the reason, which may be left out."""

    action_name = "action_ask_case_reply"

    def act(self, turn: Turn) -> Events:
        """Ask; again after every digression."""
        number = str(turn.tracker.get_slot("case_number"))
        replies = turn.tracker.get_slot("case_act") == REPLY
        turn.say("utter_ask_case_reply" if replies else "utter_ask_case_reason", number=number)
        return []


class ValidateCaseReplyForm(DeskForm):
    """Takes the next message as the reply, unless it is plainly something else."""

    def name(self) -> str:
        """The name `domain.yml` knows it by."""
        return "validate_case_reply_form"

    async def extract_case_reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Decide what the answer was."""
        asked = tracker.slots.get("requested_slot") == "case_reply"
        answer = answer_to(tracker) if asked else None
        return {"case_reply": answer} if answer else {}

    async def validate_case_reply(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep the reply with the case."""
        if value in (None, NOTHING):
            return {"case_reply": value}

        def keep(turn: Turn) -> dict[str, Any]:
            number = str(turn.tracker.get_slot("case_number"))
            words = turn.words(value)
            seen = reply_to_case(turn.session, turn.desk, turn.now, turn.chat, number, words, value)
            turn.say("utter_case_replied", number=number, due=turn.day(seen.due_at))
            return {"case_reply": value}

        return await self.in_transaction(keep, dispatcher, tracker, domain, _ENDED | {"case_act": None})


class SubmitCaseReply(DeskAction):
    """Ends the reply: says so when nothing was written, and clears the form's slots."""

    action_name = "action_submit_case_reply"

    def act(self, turn: Turn) -> Events:
        """Clear up."""
        act, number = turn.tracker.get_slot("case_act"), turn.tracker.get_slot("case_number")
        if act and turn.tracker.get_slot("case_reply") == NOTHING:
            response = "utter_case_no_reply" if act == REPLY else "utter_case_no_reason"
            turn.say(response, number=str(number))
        return [SlotSet(slot, None) for slot in ("case_number", "case_act", "case_reply")]


class SubmitClaim(DeskAction):
    """A number and a claim code were typed: shows the case, in a conversation of its own."""

    action_name = "action_submit_claim"

    def act(self, turn: Turn) -> Events:
        """Open it, or say in the same words whatever was wrong."""
        claimed = claim(turn.session, turn.now, turn.chat, int(turn.origin))
        if claimed.verdict is Verdict.OPENED and claimed.number:
            turn.session.flush()
            view = own_case(turn.session, turn.chat, claimed.number)
            say_case(turn, "utter_claim_opened", view, attach=view.waits or view.decided)
        else:
            turn.say(f"utter_claim_{claimed.verdict.value}")
        return []
