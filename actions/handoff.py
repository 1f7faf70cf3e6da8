"""A person, please; a person first; and how it went with them."""

from actions.base import DeskAction, Events, Turn
from bot.clocks import in_words_with_time
from bot.privacy import handoff, handoff_rating
from bot.privacy.handoff_hours import office_hours
from bot.privacy.handoff_queue import Standing
from bot.privacy.handoff_vulnerable import sign_in
from bot.privacy.handoff_words import needs_nobody
from bot.vocabulary import HandoffReason

FORMS = (handoff.MESSAGE_FORM, handoff_rating.WORD_FORM)
_MESSAGE, _LEAVE = "message", "leave"


class HandOff(DeskAction):
    """Puts the conversation into the queue for a person and tells number, place and time."""

    action_name = "action_hand_off"

    def act(self, turn: Turn) -> Events:
        """Queue it, once; or take a message, or leave the queue."""
        chosen = turn.chosen
        if chosen == _MESSAGE:
            self._offer_form(turn)
        elif chosen == _LEAVE or self._is_not_needed(turn):
            self._leave(turn)
        else:
            queue(turn, HandoffReason.ASKED)
        return []

    def _is_not_needed(self, turn: Turn) -> bool:
        """Whether somebody who waits for a person says that they need none any more."""
        said = turn.words(turn.origin) if turn.was_typed else ""
        return needs_nobody(said) and handoff.waiting_number(turn.session, turn.chat) is not None

    def _offer_form(self, turn: Turn) -> None:
        waiting = handoff.waiting_number(turn.session, turn.chat)
        if waiting is None:
            turn.say("utter_handoff_not_waiting")
        else:
            turn.say("utter_handoff_message_form", card=handoff.message_form(), number=waiting)

    def _leave(self, turn: Turn) -> None:
        number = handoff.stop_waiting(turn.session, turn.now, turn.chat)
        turn.say("utter_handoff_left" if number else "utter_handoff_not_waiting", number=number or "")


class PersonFirst(DeskAction):
    """Answers words that may mean danger with a kind sentence, and calls a person."""

    action_name = "action_person_first"

    def act(self, turn: Turn) -> Events:
        """Call a person, with the words as they were written."""
        words = turn.words(turn.origin)
        reason = sign_in(words) or HandoffReason.IN_DANGER
        wish = handoff.ask_for_person(
            turn.session, turn.desk, turn.now, turn.chat, turn.origin, turn.mail_address, reason, words
        )
        _promise(turn, f"utter_person_first_{reason.value}", wish.standing)
        return []


class RateHandoff(DeskAction):
    """Counts how a talk with a person went, and asks for a word."""

    action_name = "action_rate_handoff"

    def act(self, turn: Turn) -> Events:
        """Count it without a name."""
        card = handoff_rating.rate(turn.session, turn.now, turn.chosen or "")
        turn.say("utter_handoff_rated", card=card)
        return []


def queue(turn: Turn, reason: HandoffReason) -> None:
    """Put the conversation into the queue, once, and tell number, place and time."""
    wish = handoff.ask_for_person(turn.session, turn.desk, turn.now, turn.chat, turn.origin, turn.mail_address, reason)
    if wish.standing.chat_ends_at:
        _promise(turn, "utter_handoff_after_chat", wish.standing)
    elif not wish.standing.open_now:
        _promise(turn, "utter_handoff_closed", wish.standing)
    else:
        response = "utter_handoff_already_waiting" if wish.already else "utter_handoff_waiting"
        _promise(turn, response, wish.standing)


def call_person(turn: Turn, case_number: str) -> None:
    """A report with priority brings a person into the chat without being asked for one."""
    standing = handoff.call_person(turn.session, turn.desk, turn.now, turn.chat, case_number)
    _promise(turn, "utter_handoff_forced", standing)


def submitted_form(turn: Turn, form: str) -> Events:
    """A message for the person who will answer, or a word about one who did."""
    values = turn.form_values(turn.origin)
    if form == handoff.MESSAGE_FORM:
        number = handoff.leave_message(turn.session, turn.now, turn.chat, values["message"])
        turn.say("utter_handoff_message_kept" if number else "utter_handoff_not_waiting", number=number or "")
    else:
        handoff_rating.add_word(turn.session, turn.now, form, values["word"])
        turn.say("utter_handoff_word_kept")
    return []


def _promise(turn: Turn, response: str, standing: Standing) -> None:
    """Say it with number, place and time; when people are there, and when the chat ends if that is too early."""
    turn.say(
        response,
        number=standing.number,
        place=str(standing.place),
        due=in_words_with_time(standing.promised_at),
        hours=office_hours(turn.desk.settings).text,
        until=in_words_with_time(standing.chat_ends_at) if standing.chat_ends_at else "",
    )
