"""How a case is shown in the chat: the card, and the buttons under it."""

from actions.base import Turn
from bot.privacy.complaint import KIND_WORDS, CaseField
from bot.privacy.complaint_card import SHOW, buttons, case_card, payload
from bot.privacy.complaint_claim import give_code
from bot.privacy.complaint_status import CaseView
from bot.privacy.complaint_words import speaks_of_a_request
from bot.privacy.request_status import own_requests
from bot.vocabulary import CaseKind

CHANGE, LINK = "change", "link"
KIND = "kind:"
FIELD = "field:"
"""What a button of the question "is that right?" stands for beyond a no."""
_OFFERED_KINDS = (
    CaseKind.COMPLAINT, CaseKind.SUGGESTION, CaseKind.QUESTION, CaseKind.CONCERN, CaseKind.OBJECTION, CaseKind.COMMENT,
    CaseKind.REPORT, CaseKind.SECURITY_REPORT,
)  # fmt: skip
_MOST_SHOWN = 3


def labelled(turn: Turn, response: str, payload_: str, **values: str) -> dict[str, str]:
    """A button whose label stands in `domain.yml`."""
    return {"title": turn.text(response, **values), "payload": payload_}


def say_case(turn: Turn, response: str, view: CaseView, *, attach: bool = False) -> None:
    """Show a case with everything that was written about it and what can be done with it."""
    card = case_card(view, turn.desk.settings, attach=attach)
    offered = [labelled(turn, label, what) for label, what in buttons(view)]
    due, what = turn.day(view.due_at), KIND_WORDS[view.kind]
    turn.say(response, card=card, buttons=offered, number=view.number, what=what, due=due)


def say_claim_code(turn: Turn, number: str) -> None:
    """Show the key to a case that was filed without an account: with it, it is opened in any later chat."""
    turn.session.flush()
    card = give_code(turn.session, turn.now, turn.chat, number)
    turn.say("utter_claim_code", card=card, number=number)


def ask_whether_right(turn: Turn, view: CaseView) -> None:
    """Show back what was taken down, and ask whether it is right."""
    other = CaseKind.SUGGESTION if view.kind is CaseKind.COMPLAINT else CaseKind.COMPLAINT
    offered = [
        labelled(turn, "utter_choice_case_right", "/affirm"),
        labelled(turn, "utter_choice_case_change", f"/deny {CHANGE}"),
    ]
    if view.request_number is None and (newest := _newest_request(turn, view)):
        offered.append(labelled(turn, "utter_choice_case_link", f"/deny {LINK}", number=newest))
    if view.kind is not CaseKind.SECURITY_REPORT:
        names = {"what": _an(KIND_WORDS[other]), "instead": _an(KIND_WORDS[view.kind])}
        offered.append(labelled(turn, "utter_choice_case_not", f"/deny {KIND}{other}", **names))
    turn.say("utter_ask_complaint_right", card=case_card(view, turn.desk.settings), buttons=offered, number=view.number)


def ask_what_to_change(turn: Turn, view: CaseView) -> None:
    """Offer everything that can be changed about a case before it is sent."""
    offered = [labelled(turn, f"utter_choice_case_{field}", f"/deny {FIELD}{field}") for field in CaseField]
    for kind in _OFFERED_KINDS:
        if kind is not view.kind:
            offered.append(labelled(turn, "utter_choice_case_kind", f"/deny {KIND}{kind}", what=_an(KIND_WORDS[kind])))
    offered.append(labelled(turn, "utter_choice_case_right", "/affirm"))
    turn.say("utter_ask_complaint_change", buttons=offered, number=view.number)


def show_buttons(turn: Turn, cases: list[CaseView]) -> list[dict[str, str]]:
    """Buttons that show the newest cases in full."""
    return [
        labelled(turn, "utter_choice_case_show", payload(each.number, SHOW), number=each.number)
        for each in cases[:_MOST_SHOWN]
    ]


def _newest_request(turn: Turn, view: CaseView) -> str | None:
    """The newest request of whoever complains, where the complaint may be about one."""
    if turn.chat.subject is None or not speaks_of_a_request(view.statement or ""):
        return None
    requests = own_requests(turn.session, turn.chat.subject)
    return f"{requests[0].number} ({requests[0].what})" if requests else None


def _an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
