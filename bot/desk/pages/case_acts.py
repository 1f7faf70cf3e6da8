"""What the staff can do with a case: answer, refuse, note, hand on, close. The rooms decide whether they may."""

from collections.abc import Callable
from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.desk import pieces
from bot.desk.visit import WORKING, Visit
from bot.privacy.complaint_answer import answer_case, refuse_case
from bot.privacy.complaint_desk import assign, close, note
from bot.privacy.complaint_pages import CASE_REPLIES, CasePage
from bot.privacy.deadlines import date_of
from bot.privacy.handoff_replies import replies
from bot.privacy.staff_sign_in import Staff


def acts(visit: Visit, seen: CasePage) -> None:
    """Everything that can be done now, each with its fields."""
    if not visit.may(WORKING):
        ui.label("You read only.").classes("fine")
        return
    if seen.looked_before:
        ui.label("This is a second look, and you answered before: a colleague has to take it.").classes("problem")
    elif seen.waits:
        _answer(visit, seen)
        _refuse(visit, seen)
    _hand_on(visit, seen)
    _note(visit, seen)
    if seen.decided:
        with pieces.part("Close it"):
            ui.label("The person is told, and can open it again once.").classes("fine")
            pieces.button(
                "Close the case", _doing(visit, seen, lambda s, by: close(s, visit.desk, visit.now(), seen.number, by))
            )


def _answer(visit: Visit, seen: CasePage) -> None:
    due = in_words(date_of(seen.due_at, visit.desk.settings))
    texts = {each.title: each.filled(visit.staff.name, seen.number, due) for each in replies(CASE_REPLIES)}
    with pieces.part("Answer it"):
        chosen = ui.select(list(texts), label="Begin with a text").props("outlined clearable")
        text = _words("Your answer; the person reads it in the chat and by mail")
        chosen.on_value_change(lambda change: text.set_value(texts.get(change.value or "", text.value)))

        def answer(session: Session, by: str) -> None:
            answer_case(session, visit.desk, visit.now(), seen.number, by, text.value or "")

        pieces.button("Send the answer", _doing(visit, seen, answer), kind="main")


def _refuse(visit: Visit, seen: CasePage) -> None:
    with pieces.part("Or refuse it"):
        ui.label("All three are needed: the person reads them, and can go on from there.").classes("fine")
        reason = _words("The reason")
        basis = _words("The law, or the clause of the policy, it rests on", rows=1)
        complain_to = _words("Where the person can complain further", rows=1)

        def refuse(session: Session, by: str) -> None:
            fields = (reason.value or "", basis.value or "", complain_to.value or "")
            refuse_case(session, visit.desk, visit.now(), seen.number, by, *fields)

        pieces.button("Send the refusal", _doing(visit, seen, refuse), kind="grave")


def _hand_on(visit: Visit, seen: CasePage) -> None:
    with pieces.part("Who looks after it"):
        to = ui.select(seen.colleagues, label="Colleague").props("outlined")

        def give(session: Session, by: str) -> None:
            assign(session, visit.now(), seen.number, to.value or "", by)

        with ui.element("div").classes("row-of"):
            pieces.button("Hand it on", _doing(visit, seen, give))
            pieces.button("I take it", _doing(visit, seen, lambda s, by: assign(s, visit.now(), seen.number, by, by)))


def _note(visit: Visit, seen: CasePage) -> None:
    with pieces.part("A note for colleagues"):
        ui.label("Not shown in the chat, but part of a copy of the person's data.").classes("fine")
        text = _words("Note", rows=2)

        def write(session: Session, by: str) -> None:
            note(session, visit.now(), seen.number, by, text.value or "")

        pieces.button("Keep the note", _doing(visit, seen, write))


def _words(label: str, rows: int = 4) -> ui.textarea:
    return ui.textarea(label).props(f"outlined autogrow input-style=min-height:{rows * 24}px")


def _doing(visit: Visit, seen: CasePage, act: Callable[[Session, str], None]) -> Any:
    """Do it as whoever is here, then show the case as it stands afterwards."""

    async def do() -> None:
        def acting(session: Session, staff: Staff) -> None:
            act(session, staff.actor)

        await visit.act(acting, WORKING)
        ui.navigate.to(f"/cases/{seen.number}")

    return do
