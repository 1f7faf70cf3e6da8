"""A case as a card: what was brought, where it stands, what was written about it, and what can be done next."""

from typing import Any

from bot.clocks import in_words
from bot.config import Settings
from bot.privacy.complaint import KIND_WORDS, CaseField
from bot.privacy.complaint_status import STATE_WORDS, CaseLine, CaseView
from bot.privacy.deadlines import date_of
from bot.vocabulary import CaseMessageKind

FIELD_WORDS = {
    CaseField.STATEMENT: "What happened",
    CaseField.ABOUT: "Which order or when",
    CaseField.WISH: "What you would like",
}
_LINE_WORDS = {
    CaseMessageKind.ANSWER: "The shop's answer",
    CaseMessageKind.REFUSAL: "The shop's refusal",
    CaseMessageKind.REPLY: "Your reply",
    CaseMessageKind.REOPENING: "You opened it again",
    CaseMessageKind.SECOND_LOOK: "You asked for a second look",
}

REPLY, REOPEN, SECOND_LOOK, SETTLE, SHOW = "reply", "reopen", "second_look", "settle", "show"
TAKE_BACK, CLAIM = "take_back", "claim"
"""What a button of a case stands for behind its number, or a sentence about one asks for."""


def case_card(view: CaseView, settings: Settings, *, attach: bool = False) -> dict[str, Any]:
    """The card; `attach` adds the control with which files are sent."""
    return {
        "kind": "case",
        "number": view.number,
        "title": f"Your {KIND_WORDS[view.kind]}",
        "state": state_in_words(view, settings),
        "fields": [{"label": label, "value": value} for label, value in _fields(view)],
        "messages": [_line(line, settings) for line in view.lines],
        "attach": attach,
    }


def state_in_words(view: CaseView, settings: Settings) -> str:
    """Where it stands, with the date where one is promised."""
    words = STATE_WORDS[view.state]
    return f"{words}, answer by {in_words(date_of(view.due_at, settings))}" if view.waits else words


def buttons(view: CaseView) -> list[tuple[str, str]]:
    """What the person can do with it now: name of the label in `domain.yml`, and payload."""
    acts = [
        (REPLY, view.decided or view.waits),
        (REOPEN, view.can_reopen),
        (SECOND_LOOK, view.can_have_second_look),
        (SETTLE, view.decided),
    ]
    return [(f"utter_choice_case_{act}", payload(view.number, act)) for act, possible in acts if possible]


def payload(number: str, act: str) -> str:
    """The payload of a button that does something with a case."""
    return f"/file_complaint {number}:{act}"


def _fields(view: CaseView) -> list[tuple[str, str]]:
    told = {CaseField.STATEMENT: view.statement, CaseField.ABOUT: view.about, CaseField.WISH: view.wish}
    fields = [(FIELD_WORDS[field], words) for field, words in told.items() if words]
    about = [("About your request", view.request_number)] if view.request_number else []
    return [*fields, *about, *([("Files", ", ".join(view.files))] if view.files else [])]


def _line(line: CaseLine, settings: Settings) -> dict[str, Any]:
    why = [("Why", line.text), ("Based on", line.basis), ("Where you can complain further", line.complain_to)]
    parts = why if line.kind is CaseMessageKind.REFUSAL else [("", line.text)]
    return {
        "title": _LINE_WORDS[line.kind],
        "at": in_words(date_of(line.at, settings)),
        "by": "shop" if line.by_shop else "you",
        "parts": [{"label": label, "text": text} for label, text in parts if text],
    }
