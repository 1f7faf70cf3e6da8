"""Guardian reviews: signed forms, parents who disagree, what a guardian asked for, and what reached nobody."""

from dataclasses import dataclass

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import pieces, words
from bot.desk.live import live
from bot.desk.registry import page
from bot.desk.visit import DECIDING, WORKING, Visit
from bot.errors import NotFound
from bot.privacy import customer_alarms
from bot.privacy import guardian_consent_review as review
from bot.privacy.customer_alarms import CustomerAlarm
from bot.privacy.guardian_consent_review import REASONS, AskedForChild, Disagreement, FormInReview
from bot.store import attachments
from bot.store.attachments import AttachmentView


@dataclass(frozen=True)
class _Waiting:
    forms: list[FormInReview]
    disagreements: list[Disagreement]
    for_children: list[AskedForChild]
    alarms: list[CustomerAlarm]


@page("/reviews", title="Guardian reviews", shortcut="v", order=50)
async def reviews(visit: Visit) -> None:
    """What about parents and guardians waits for a person."""

    def look(session: Session) -> _Waiting:
        forms, asked = review.forms_in_review(session), review.asked_for_children(session)
        alarms = customer_alarms.waiting_alarms(session)
        return _Waiting(forms, review.disagreements(session, visit.desk), asked, alarms)

    @ui.refreshable
    async def lists() -> None:
        found = await visit.read(look)
        with pieces.part("Signed forms"):
            pieces.table(
                ("Number", "Sent", "Customer"),
                [
                    pieces.Row(f"/reviews/{each.number}", (each.number, each.sent_at, each.subject))
                    for each in found.forms
                ],
                empty="No form waits.",
            )
        with pieces.part("Parents or guardians who disagree"):
            if not found.disagreements:
                ui.label("Nobody disagrees.").classes("empty")
            for each in found.disagreements:
                _disagreement(visit, each)
        with pieces.part("Asked for a young person"):
            if not found.for_children:
                ui.label("Nothing was asked for.").classes("empty")
            for asked in found.for_children:
                _for_child(visit, asked)
        with pieces.part("Mails and notices that reached nobody"):
            if not found.alarms:
                ui.label("All of them arrived.").classes("empty")
            for alarm in found.alarms:
                _alarm(visit, alarm)

    await lists()
    live(visit, lists.refresh)


@page("/reviews/{number}", title="Signed form")
async def signed_form(visit: Visit, number: str) -> None:
    """One form: what was shown, the file to save and look at, and the decision."""
    forms = await visit.read(review.forms_in_review)
    form = next((each for each in forms if each.number == number), None)
    if form is None:
        raise NotFound("No form waits under that number.")
    with pieces.part(form.number):
        pieces.facts([("Name", form.name), ("Relation", form.relation), ("Sent", form.sent_at)])
        ui.link("The customer's card", f"/customers/{form.subject}").classes("onward")
        with pieces.fold("What they were shown, word for word"):
            for paragraph in form.text.split("\n\n"):
                ui.label(paragraph)
    with pieces.part("Decide"):
        if not visit.may(DECIDING):
            ui.label("Looking at signed forms is a privacy officer's.").classes("fine")
            return
        for file in form.files:
            pieces.button(f"Save {file.name} ({file.size // 1024 + 1} KB)", lambda file=file: _save(visit, file))
        _decide(visit, form)


async def _save(visit: Visit, file: AttachmentView) -> None:
    content = await visit.act(
        lambda session, staff: attachments.read(session, visit.desk, file.id, staff.actor), DECIDING
    )
    # Saved as a file, and never shown inside a page.
    ui.download.content(content, file.name, "application/octet-stream")


def _decide(visit: Visit, form: FormInReview) -> None:
    async def approve() -> None:
        await visit.act(
            lambda session, staff: review.approve_guardian_form(
                session, visit.desk, visit.now(), form.number, staff.actor
            ),
            DECIDING,
        )
        visit.done("The consent is live; both got their receipt.")

    pieces.button("Signed and complete", approve, kind="main")
    with pieces.fold("Send it back"):
        why = ui.select(dict(REASONS), label="Because").props("outlined")

        async def refuse() -> None:
            await visit.act(
                lambda session, staff: review.refuse_guardian_form(
                    session, visit.desk, visit.now(), form.number, why.value or "", staff.actor
                ),
                DECIDING,
            )
            visit.done("Sent back with the reason and a new link; the file was deleted.")

        pieces.button("Send it back", refuse, kind="grave")


def _disagreement(visit: Visit, each: Disagreement) -> None:
    pieces.facts([("Customer", each.subject), ("Yes", ", ".join(each.yes)), ("No", ", ".join(each.no))])
    ui.link("The customer's card", f"/customers/{each.subject}").classes("onward")
    if not visit.may(DECIDING):
        return

    async def settle(stands: bool) -> None:
        await visit.act(
            lambda session, staff: review.settle_dispute(
                session, visit.desk, visit.now(), each.subject, staff.actor, consent_stands=stands
            ),
            DECIDING,
        )
        visit.done("Settled; processing follows it.")

    with ui.element("div").classes("row-of"):
        pieces.button("The yes counts", lambda: settle(True))
        pieces.button("The no counts", lambda: settle(False), kind="grave")


def _for_child(visit: Visit, asked: AskedForChild) -> None:
    pieces.facts([("Request", asked.number), ("Right", words.KINDS[asked.kind]), ("Guardian", asked.guardian)])
    ui.link("The request, to deny it", f"/requests/{asked.number}").classes("onward")
    if not visit.may(DECIDING):
        return

    async def approve() -> None:
        await visit.act(
            lambda session, staff: review.approve_for_child(
                session, visit.desk, visit.now(), asked.number, staff.actor
            ),
            DECIDING,
        )
        visit.done(
            "Agreed, and both are told. A deletion is carried out; a copy is made when the young person types a code."
        )

    pieces.button("Carry it out", approve)


def _alarm(visit: Visit, alarm: CustomerAlarm) -> None:
    pieces.facts([("Case", alarm.number), ("Customer", alarm.subject), ("Since", pieces.when(alarm.since))])
    ui.label(alarm.happened).classes("note")
    ui.link("The customer's card", f"/customers/{alarm.subject}").classes("onward")
    if not visit.may(WORKING):
        return

    async def seen_to() -> None:
        await visit.act(
            lambda session, staff: customer_alarms.looked_after(session, visit.now(), alarm.number, staff.actor)
        )
        visit.done("Noted; the record says who saw to it.")

    async def send_anew(guardian: str) -> None:
        await visit.act(
            lambda session, staff: review.send_page_anew(session, visit.desk, visit.now(), guardian, staff.actor)
        )
        visit.done("A new link is on its way to the parent or guardian.")

    with ui.element("div").classes("row-of"):
        if guardian := alarm.guardian:
            pieces.button("Send a new link", lambda: send_anew(guardian))
        pieces.button("I looked after it", seen_to)
