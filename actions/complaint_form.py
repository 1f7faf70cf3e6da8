"""The form in which a complaint is told: each answer goes into the case at once, and any of them can be corrected."""

from collections.abc import Callable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import handoff
from actions.base import Turn, was_typed
from actions.complaint_answers import (
    LEAVE,
    NOTHING,
    answer_to,
    is_short_and_clear,
    message_of,
    tells_of_break_in,
)
from actions.complaint_beside import ASKS_CHANGE, LEFT, REPLIED, SAID, beside_the_story, ended
from actions.complaint_cards import CHANGE, FIELD, KIND, LINK, say_case
from actions.form import DeskForm
from bot.errors import Conflict
from bot.privacy.complaint import CaseField, add_statement, confirm, link_request, set_kind, set_words
from bot.privacy.complaint_asides import is_aside, sends_it
from bot.privacy.complaint_corrections import (
    is_bare_no,
    last_wish,
    one_for_another,
    other_wish,
    put_in_place,
    wants_nothing_of_it,
    wishes_nothing,
)
from bot.privacy.complaint_reply import reply_to_case
from bot.privacy.complaint_status import CaseView, own_case
from bot.privacy.complaint_words import (
    about_in,
    corrected_kind,
    means_another_order,
    request_in,
    says_but,
    tells_what_happened,
    wish_in,
)
from bot.privacy.handoff_queue import promised_at
from bot.privacy.request_status import own_requests
from bot.vocabulary import CaseKind

WISHED_FOR = {CaseKind.COMPLAINT, CaseKind.CONCERN, CaseKind.OBJECTION}
"""Kinds of which the desk asks what the person would like to be done."""
_YES, _NO = {"affirm", "thank", "goodbye"}, {"deny", "cancel"}


def read_words(turn: Turn, number: str, kind: CaseKind, words: str) -> dict[str, Any]:
    """Take what the words say by themselves, so that it need not be asked for.

    Returns:
        The slots that need no question any more.
    """
    nothing = wants_nothing_of_it(words)
    about, wish = about_in(words), wish_in(words) if kind in WISHED_FOR and not nothing else None
    wish = wish and last_wish(words, wish)
    for field, found in ((CaseField.ABOUT, about), (CaseField.WISH, wish)):
        if found:
            set_words(turn.session, turn.now, turn.chat, number, field, found)
    if request := request_in(words):
        link_request(turn.session, turn.now, turn.chat, number, request)
    asked_for = kind in WISHED_FOR and not wish and not nothing
    return {"complaint_wish": None if asked_for else SAID, "complaint_about": SAID}


def told_already(case: CaseView) -> dict[str, Any]:
    """The slots of what stands in a case, so that only what is missing is asked for."""
    statement = case.statement or ""
    if not tells_what_happened(statement):
        return {}
    asked_for = case.kind in WISHED_FOR and not case.wish and not wants_nothing_of_it(statement)
    return {"complaint_statement": SAID, "complaint_wish": None if asked_for else SAID, "complaint_about": SAID}


class ValidateComplaintForm(DeskForm):
    """Takes the answers of the form into the case, each in a transaction of its own.

    The slots receive the ids of messages, never their words.
    """

    def name(self) -> str:
        """The name `domain.yml` knows it by."""
        return "validate_complaint_form"

    async def extract_complaint_statement(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Decide what the answer to "what happened?" was."""
        return _answer(tracker, "complaint_statement")

    async def extract_complaint_wish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Decide what the answer to "what would you like?" was."""
        corrects = tracker.slots.get("requested_slot") == "complaint_wish" and _is_typed(tracker, _names_another)
        return {"complaint_wish": message_of(tracker)} if corrects else _answer(tracker, "complaint_wish")

    async def extract_complaint_about(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Decide what the answer to "which order, or when?" was."""
        return _answer(tracker, "complaint_about")

    async def extract_complaint_confirmed(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """A yes, a no, or a correction; all are looked at when validated."""
        if tracker.slots.get("requested_slot") != "complaint_confirmed":
            return {}
        answers = tracker.latest_message["intent"].get("name") in {*LEAVE, "affirm"}
        answers = answers or _is_typed(tracker, is_aside) or _is_typed(tracker, sends_it)
        return {"complaint_confirmed": message_of(tracker)} if answers or answer_to(tracker) else {}

    async def validate_complaint_statement(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The story is put to the case, or takes the place of the one before."""
        if tracker.slots.get("requested_slot") != "complaint_statement":
            return {"complaint_statement": value}
        told = tracker.get_slot("complaint_wish") is not None
        if value == NOTHING:
            return {"complaint_statement": NOTHING} if told else ended(LEFT)

        def keep(turn: Turn) -> dict[str, Any]:
            return _keep_story(turn, value, again=told)

        return await self._kept(keep, value, dispatcher, tracker, domain)

    async def validate_complaint_wish(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """What the person would like is put to the case."""
        return await self._field(CaseField.WISH, value, dispatcher, tracker, domain)

    async def validate_complaint_about(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Order or day are put to the case."""
        return await self._field(CaseField.ABOUT, value, dispatcher, tracker, domain)

    async def validate_complaint_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """A yes sends it; anything else changes it, and it is shown again."""
        if tracker.slots.get("requested_slot") != "complaint_confirmed":
            return {"complaint_confirmed": value}
        return await self._kept(_confirm, value, dispatcher, tracker, domain)

    async def _field(
        self, field: CaseField, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        slot = f"complaint_{field}"
        is_wish = field is CaseField.WISH
        if tracker.slots.get("requested_slot") != slot or (value == NOTHING and not is_wish):
            return {slot: value}

        def keep(turn: Turn) -> dict[str, Any]:
            if is_wish and (renamed := _break_in(turn)):
                add_statement(turn.session, turn.now, turn.chat, _number(turn), turn.words(value))
                return renamed | {slot: value}
            words = None if value == NOTHING else turn.words(value)
            if words and is_wish:
                words = None if wishes_nothing(words) else last_wish(words)
            set_words(turn.session, turn.now, turn.chat, _number(turn), field, words)
            return {slot: value}

        return await self._kept(keep, message_of(tracker), dispatcher, tracker, domain)

    async def _kept(
        self, keep: Any, message: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep an answer; where the shop has answered meanwhile, it is a reply to that."""

        def run(turn: Turn) -> dict[str, Any]:
            try:
                aside = beside_the_story(turn, _number(turn))
                return dict(keep(turn)) if aside is None else aside
            except Conflict:
                words = turn.words(message)
                reply_to_case(turn.session, turn.desk, turn.now, turn.chat, _number(turn), words, message)
                say_case(turn, "utter_case_replied_meanwhile", own_case(turn.session, turn.chat, _number(turn)))
                return ended(REPLIED)

        return await self.in_transaction(run, dispatcher, tracker, domain, ended(REPLIED))


def _answer(tracker: Tracker, slot: str) -> dict[str, Any]:
    if tracker.slots.get("requested_slot") != slot:
        return {}
    answer = message_of(tracker) if _is_typed(tracker, is_aside) else answer_to(tracker)
    return {slot: answer} if answer else {}


def _is_typed(tracker: Tracker, kind: Callable[[str], bool]) -> bool:
    """Whether a message that was typed is of that kind, however it was read."""
    return was_typed(tracker.latest_message) and kind(tracker.latest_message.get("text") or "")


def _names_another(words: str) -> bool:
    return other_wish(words) is not None


def _number(turn: Turn) -> str:
    return str(turn.tracker.get_slot("case_number"))


def _keep_story(turn: Turn, message: str, *, again: bool) -> dict[str, Any]:
    number, words = _number(turn), turn.words(message)
    slots = {"complaint_statement": message} | _break_in(turn)
    if again:
        set_words(turn.session, turn.now, turn.chat, number, CaseField.STATEMENT, words)
        return slots
    add_statement(turn.session, turn.now, turn.chat, number, words)
    kind = CaseKind(slots.get("case_kind") or turn.tracker.get_slot("case_kind"))
    return slots | read_words(turn, number, kind, words)


def _break_in(turn: Turn) -> dict[str, Any]:
    """Treat a case that turns out to be a break-in as one at once: advice, an earlier date and a person."""
    is_known = turn.tracker.get_slot("case_kind") == CaseKind.SECURITY_REPORT
    return {} if is_known or not tells_of_break_in(turn.tracker) else _rename(turn, CaseKind.SECURITY_REPORT)


def _confirm(turn: Turn) -> dict[str, Any]:
    """A yes sends the case; a no asks what to change; other words are the change."""
    asks_again: dict[str, Any] = {"complaint_confirmed": None, ASKS_CHANGE: None}
    chosen = turn.chosen or ""
    words = turn.words(turn.origin) if turn.was_typed else ""
    yes = is_short_and_clear(turn.tracker, _YES) and not says_but(words)
    if not chosen and (yes or sends_it(words)):
        confirm(turn.session, turn.now, turn.chat, _number(turn))
        return {"complaint_confirmed": SAID}
    if chosen.startswith(FIELD):
        return asks_again | {f"complaint_{chosen.removeprefix(FIELD)}": None}
    if chosen.startswith(KIND):
        return asks_again | _rename(turn, CaseKind(chosen.removeprefix(KIND)))
    if chosen == LINK:
        newest = own_requests(turn.session, turn.chat.subject or "")[0].number
        link_request(turn.session, turn.now, turn.chat, _number(turn), newest)
        return asks_again
    if chosen == CHANGE or not words:
        return asks_again | {ASKS_CHANGE: CHANGE}
    if turn.tracker.get_slot(ASKS_CHANGE) and is_short_and_clear(turn.tracker, _NO) and is_bare_no(words):
        return asks_again | {"complaint_confirmed": LEFT}
    return asks_again | _correct(turn, words)


def _rename(turn: Turn, kind: CaseKind) -> dict[str, Any]:
    within = promised_at(turn.desk.settings, turn.now) - turn.now
    set_kind(turn.session, turn.now, turn.chat, _number(turn), kind, within)
    if kind is CaseKind.SECURITY_REPORT:
        turn.say("utter_security_advice")
        handoff.call_person(turn, _number(turn))
    return {"case_kind": kind}


def _correct(turn: Turn, words: str) -> dict[str, Any]:
    """Find out from the words which one thing is to be another."""
    number = _number(turn)
    if kind := corrected_kind(words):
        return _rename(turn, kind)
    if (request := request_in(words)) and link_request(turn.session, turn.now, turn.chat, number, request):
        return {}
    if wants_nothing_of_it(words):
        set_words(turn.session, turn.now, turn.chat, number, CaseField.WISH, None)
    elif another := other_wish(words):
        set_words(turn.session, turn.now, turn.chat, number, CaseField.WISH, another)
    elif _replace(turn, number, words):
        return {}
    elif about := about_in(words):
        set_words(turn.session, turn.now, turn.chat, number, CaseField.ABOUT, about)
    elif means_another_order(words):
        return {"complaint_about": None}
    elif is_bare_no(words) or is_short_and_clear(turn.tracker, {"cancel"}):
        # Whoever was offered everything that can be changed is not offered it twice in a row.
        return {} if turn.tracker.get_slot(ASKS_CHANGE) else {ASKS_CHANGE: CHANGE}
    elif wish := wish_in(words):
        set_words(turn.session, turn.now, turn.chat, number, CaseField.WISH, last_wish(words, wish))
    else:
        add_statement(turn.session, turn.now, turn.chat, number, words)
        return _break_in(turn)
    return {}


def _replace(turn: Turn, number: str, words: str) -> bool:
    """Put one thing in the place of another wherever that was told; in what the person sees, nothing else changes."""
    pair, view = one_for_another(words), own_case(turn.session, turn.chat, number)
    if pair is None:
        return False
    told = {CaseField.STATEMENT: view.statement, CaseField.ABOUT: view.about, CaseField.WISH: view.wish}
    changed = {field: new for field, was in told.items() if (new := put_in_place(was, *pair))}
    if not changed and other_wish(f"no, {pair[1]}"):
        changed = {CaseField.WISH: pair[1]}
    for field, new in changed.items():
        set_words(turn.session, turn.now, turn.chat, number, field, new)
    return bool(changed)
