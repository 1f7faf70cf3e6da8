"""A customer's card: shortened values, choices, requests, holds, and what a deletion would do."""

from nicegui import ui

from bot.config import Settings
from bot.desk import pieces, request_acts, words
from bot.desk.pages.request import show_plan
from bot.desk.registry import page
from bot.desk.shell import case_path
from bot.desk.visit import DECIDING, EVERYBODY, Visit
from bot.privacy.customer_card import CustomerCard, customer_card, note_look
from bot.privacy.guardian_consent_review import clear_mark

_REASONS = {
    "erasure": "a deletion is on its way",
    "account_cancelled": "the account is being cancelled",
    "guardian_missing": "a parent or guardian has not agreed",
}
_SAID = {"granted": pieces.Mark("yes", "good"), "withdrawn": pieces.Mark("withdrawn", "soon")}
_SAID |= {"objected": pieces.Mark("objected", "soon"), "unknown": pieces.Mark("never asked")}


@page("/customers/{customer}", title="Customer")
async def customer(visit: Visit, customer: str) -> None:
    """The card; opening it is recorded."""
    subject = await visit.act(
        lambda session, staff: note_look(session, visit.desk, visit.now(), customer, staff.actor), EVERYBODY
    )
    card = await visit.read(lambda session: customer_card(session, visit.desk, visit.now(), subject))
    ui.label("Values are shortened. That you opened this card stands in the record.").classes("lead")
    with ui.element("div").classes("columns"):
        with ui.element("div"):
            _held(card)
        with ui.element("div"):
            _requests(card, visit.desk.settings)
            _standing(visit, card)
            _holds(visit, card)
    if card.plan:
        with pieces.fold("What a deletion of everything would do today"):
            show_plan(card.plan)


def _held(card: CustomerCard) -> None:
    with pieces.part(f"Customer {card.subject}"):
        for category in card.summary.categories:
            ui.label(category.title).classes("under")
            pieces.facts(category.items)
        rest = [*card.summary.withheld, *card.summary.outside]
        if rest:
            ui.label("Held and not opened").classes("under")
            pieces.facts([(each.title, "1 entry" if each.count == 1 else f"{each.count} entries") for each in rest])


def _requests(card: CustomerCard, settings: Settings) -> None:
    with pieces.part("Requests and cases"):
        pieces.table(
            ("Number", "Right", "State", "Due"),
            [
                pieces.Row(
                    f"/requests/{each.number}",
                    (each.number, words.KINDS[each.kind], words.STATES[each.state], words.day(each.due_at, settings)),
                )
                for each in card.requests
            ],
            empty="No requests.",
        )
        pieces.table(
            ("Number", "Kind", "State"),
            [
                pieces.Row(case_path(each) or "", (each.number, each.kind.replace("_", " "), each.state))
                for each in card.cases
            ],
            empty="No cases.",
        )


def _standing(visit: Visit, card: CustomerCard) -> None:
    standing = card.standing
    with pieces.part("Use of the data"):
        if standing.restricted:
            why = ", ".join(_REASONS.get(reason, reason) for reason in standing.reasons)
            ui.label(f"Stopped since {pieces.when(standing.since)}: {why}.").classes("note")
        if standing.minor:
            known_by = "their own word" if card.says_minor else "the birth date on file"
            ui.label(f"Under 18 by {known_by}.").classes("note")
        pieces.facts([(card.purposes[key], _SAID[said]) for key, said in standing.consents.items()])
        if card.says_minor and visit.may(DECIDING):
            _clearing(visit, card)


def _clearing(visit: Visit, card: CustomerCard) -> None:
    async def clear() -> None:
        await visit.act(
            lambda session, staff: clear_mark(session, visit.desk, visit.now(), card.subject, staff.actor), DECIDING
        )
        visit.done("The mark is cleared.")

    with pieces.fold("They said by mistake that they are under 18"):
        ui.label(
            "Make sure first that they are of age. Their own choices count on, what a parent or guardian was asked "
            "ends, and a birth date on file still counts."
        ).classes("note")
        pieces.button("They are of age", clear, kind="grave")


def _holds(visit: Visit, card: CustomerCard) -> None:
    with pieces.part("Holds"):
        if card.holds:
            pieces.facts([(each.reference or "–", words.HOLDS[each.kind]) for each in card.holds])
        else:
            ui.label("Nothing is held.").classes("fine")
        if visit.may(DECIDING):
            request_acts.holding(visit, card.subject, "one request")
            request_acts.releasing(visit, card.subject, card.holds)
