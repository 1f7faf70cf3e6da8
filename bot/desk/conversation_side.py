"""What stands beside a talk at the staff desk: facts, the customer's details, requests, consents, notes."""

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import conversation_words, pieces, words
from bot.desk.conversation_talk import Open, offer_reveal
from bot.desk.visit import WORKING
from bot.privacy.consent_standing import PurposeStanding, standing
from bot.privacy.handoff_view import Detail, Note, Summary, add_note, details, notes
from bot.privacy.request_status import RequestView, own_requests
from bot.privacy.staff_accounts import accounts, actor_of
from bot.store.shop import if_it_answers


def show_facts(opened: Open, facts: Summary) -> None:
    """Who, why, since when; nothing that anybody guessed."""
    visit = opened.visit
    verified = f"yes, {pieces.when(facts.verified_at)}" if facts.verified_at else "not in this conversation"
    pairs: list[tuple[str, str | pieces.Mark]] = [
        ("Who", "a customer, signed in" if facts.signed_in else "a visitor, not signed in"),
        ("Identity checked", verified),
    ]
    if facts.reason and facts.state and facts.promised_at:
        answered = facts.state == "ended" or not facts.overdue
        pairs += [
            ("Why", conversation_words.REASONS[facts.reason]),
            ("State", conversation_words.STATES[facts.state]),
            ("Waits since", pieces.when(facts.waiting_since)),
            ("Promised", conversation_words.promise(visit.now(), facts.promised_at, answered, facts.state)),
        ]
    if facts.statement:
        pairs.append(("Left as a message", facts.statement))
    pairs.append(("Asked for", "; ".join(facts.last_words) or "nothing yet"))
    if facts.clauses:
        pairs.append(("Clauses quoted last", "; ".join(facts.clauses)))
    with pieces.part(facts.number or "Conversation"):
        pieces.facts(pairs)


async def show_customer(opened: Open, subject: str | None) -> None:
    """Details with their values hidden, requests and consents."""
    if subject is None:
        return

    def look(session: Session) -> tuple[list[Detail] | None, list[RequestView], list[PurposeStanding]]:
        desk = opened.visit.desk
        known = details(desk, subject)
        purposes = None if known is None else if_it_answers(lambda: standing(session, desk, subject))
        return known, own_requests(session, subject), purposes or []

    known, requests, purposes = await opened.visit.read(look)
    with pieces.part("The customer"):
        if known is None:
            ui.label(conversation_words.NO_DETAILS).classes("fine")
        for each in known or []:
            with ui.element("div").classes("detail"):
                ui.label(each.label).classes("fine")
                ui.label(each.shown)
                if opened.mine:
                    offer_reveal(opened, each.field, f"Show {each.label.lower()}")
        ui.link("The customer's card", f"/customers/{subject}", new_tab=True).classes("onward")
    with pieces.part("Requests"):
        pieces.table(
            ("Number", "Right", "State", "Due"),
            [
                pieces.Row(
                    f"/requests/{each.number}",
                    (
                        each.number,
                        words.KINDS[each.kind],
                        words.STATES[each.state],
                        words.day(each.due_at, opened.visit.desk.settings),
                    ),
                )
                for each in requests
            ],
            empty="No requests.",
        )
    if purposes:
        with pieces.part("What their data may be used for"):
            pieces.facts(
                (each.purpose.title, pieces.Mark("yes", "good") if each.is_on else pieces.Mark("no"))
                for each in purposes
            )


async def show_notes(opened: Open) -> None:
    """What colleagues wrote down, and a line to add to it."""

    def look(session: Session) -> tuple[list[Note], dict[str, str]]:
        names = {actor_of(each.staff_id): each.name for each in accounts(session)}
        return notes(session, opened.conversation_id), names

    found, names = await opened.visit.read(look)
    with pieces.part("Notes for colleagues"):
        for note in found:
            ui.label(f"{names.get(note.staff, note.staff)}, {pieces.when(note.at)}").classes("fine")
            ui.label(note.text).classes("note")
        if opened.visit.may(WORKING):
            box = ui.textarea("A note; the customer gets it in the copy of their data").props(
                'outlined autogrow rows="1" data-focus=n'
            )

            async def keep() -> None:
                text = box.value or ""
                await opened.visit.act(
                    lambda session, staff: add_note(session, opened.visit.desk, opened.conversation_id, opened.me, text)
                )
                box.value = ""

            pieces.button("Keep the note", keep)
