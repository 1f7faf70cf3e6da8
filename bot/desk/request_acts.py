"""What a person decides about a request: approve, deny, hold, extend, take up, check, look after."""

from collections.abc import Sequence

from nicegui import ui

from bot.desk import pieces
from bot.desk.visit import DECIDING, Visit
from bot.errors import Invalid
from bot.privacy import fulfilment, holds
from bot.privacy.approval import approve
from bot.privacy.deadlines_extension import extend
from bot.privacy.deadlines_rules import ExtensionReason
from bot.privacy.denial import BASES, DenialReason, deny
from bot.privacy.request_desk import assign, checked_by_person, looked_after
from bot.privacy.request_file import HoldView, RequestFile
from bot.vocabulary import HoldKind, RequestState

_REASONS = {
    DenialReason.NOT_VERIFIED: "Not shown to be the person",
    DenialReason.LAW_ASKS_TO_KEEP: "The law asks to keep it",
    DenialReason.LEGAL_CLAIMS: "Needed for legal claims",
    DenialReason.OTHERS_RIGHTS: "Would harm other people's rights",
    DenialReason.UNFOUNDED: "Manifestly unfounded",
    DenialReason.REPEATED: "Repeated shortly after the answer",
    DenialReason.NOTHING_HELD: "Nothing of that kind is held",
    DenialReason.NOT_OPEN: "Not opened by the policy",
}
_EXTENSIONS = {
    ExtensionReason.COMPLEX: "It is complex",
    ExtensionReason.MANY_REQUESTS: "The person sent several requests",
}


def show(visit: Visit, file: RequestFile, people: list[tuple[int, str]]) -> None:
    """What this member of staff may do with this request now."""
    with pieces.part("Decide"):
        if file.alarms:
            _answering_the_alarm(visit, file)
        _looking_after(visit, file, people)
        if not visit.may(DECIDING):
            ui.label("Decisions about requests are a privacy officer's.").classes("fine")
            return
        if file.state is RequestState.AWAITING_APPROVAL:
            _approving(visit, file)
        if file.may_check:
            _checking(visit, file)
        if file.may_take_up:
            _taking_up(visit, file)
        if file.may_deny:
            _denying(visit, file)
        if file.may_extend:
            _extending(visit, file)
        if file.subject:
            holding(visit, file.subject, file.number)
            releasing(visit, file.subject, file.holds)


def _answering_the_alarm(visit: Visit, file: RequestFile) -> None:
    async def seen_to() -> None:
        await visit.act(lambda session, staff: looked_after(session, visit.now(), file.number, staff.actor))
        visit.done("The alarm is answered.")

    ui.label("Do first what the alarm asks for; then it leaves the list.").classes("note")
    pieces.button("I looked after it", seen_to, kind="main")


def _looking_after(visit: Visit, file: RequestFile, people: list[tuple[int, str]]) -> None:
    async def give(to: int | None) -> None:
        await visit.act(lambda session, staff: assign(session, visit.now(), file.number, to, staff.actor))
        visit.done("Noted.")

    with ui.element("div").classes("row-of"):
        if file.assigned is None or file.assigned[0] != visit.staff.id:
            pieces.button("I look after it", lambda: give(visit.staff.id))
        with pieces.fold("Give it to a colleague"):
            who = ui.select(dict(people), label="Colleague").props("outlined dense")

            async def pass_on() -> None:
                if who.value is None:
                    raise Invalid("Choose a colleague.")
                await give(who.value)

            pieces.button("Give", pass_on)


def _approving(visit: Visit, file: RequestFile) -> None:
    if any(each.staff_id == visit.staff.id for each in file.approvals):
        ui.label("You have approved it. Another person must approve it too.").classes("note")
        return

    async def agree() -> None:
        missing = await visit.act(lambda session, staff: approve(session, visit.now(), file.number, staff.id), DECIDING)
        visit.done("Approved; one more person must approve it." if missing else "Approved by two; it is carried out.")

    pieces.button("Approve", agree, kind="main")


def _checking(visit: Visit, file: RequestFile) -> None:
    async def vouch() -> None:
        await visit.act(
            lambda session, staff: checked_by_person(session, visit.desk, visit.now(), file.number, staff.actor),
            DECIDING,
        )
        visit.done("It goes on.")

    ui.label("The shop holds no address for a code. Check by other means who it is, then let it go on.").classes("note")
    pieces.button("I checked who it is", vouch, kind="main")


def _taking_up(visit: Visit, file: RequestFile) -> None:
    async def again() -> None:
        await visit.act(
            lambda session, staff: fulfilment.take_up(session, visit.desk, visit.now(), file.number, staff.actor),
            DECIDING,
        )
        visit.done("It is taken up again.")

    ui.label("Mend the cause of what is left first; then its steps run again.").classes("note")
    pieces.button("Take it up again", again, kind="main")


def _denying(visit: Visit, file: RequestFile) -> None:
    reader = "The parent or guardian" if file.of_guardian else "The person"
    with pieces.fold("Deny it"):
        reason = ui.select({str(key): words for key, words in _REASONS.items()}, label="Reason").props("outlined")
        told = ui.label("").classes("fine")
        law = ui.input("Law or clause it rests on").props("outlined")
        where = ui.input(f"Where {reader.lower()} can complain", value=visit.desk.settings.complain_to).props(
            "outlined"
        )

        def chosen() -> None:
            basis = BASES[DenialReason(reason.value)]
            law.value = basis.law
            told.text = f"{reader} reads: we cannot do what you asked for: {basis.told(to_guardian=file.of_guardian)}"

        reason.on_value_change(chosen)

        async def say_no() -> None:
            told_why = await visit.act(
                lambda session, staff: deny(
                    session, visit.desk, visit.now(), file.number, reason.value or "", law.value or "",
                    where.value or "", staff.actor,
                ),
                DECIDING,
            )  # fmt: skip
            visit.done(_denied(file, told_why))

        pieces.button(f"Deny and tell {reader.lower()}", say_no, kind="grave")


def _denied(file: RequestFile, told_why: bool) -> str:
    """What has happened, for whoever denied it: who knows why, and who does not."""
    if not told_why:
        return "Denied; whoever asked could not be told: no address or chat of theirs is left."
    if file.of_guardian:
        return (
            "Denied; the parent or guardian was told why and where to complain, the young person that it is not done."
        )
    return "Denied; the person was told why and where to complain."


def _extending(visit: Visit, file: RequestFile) -> None:
    with pieces.fold("Give it more time"):
        why = ui.select({str(key): words for key, words in _EXTENSIONS.items()}, label="Reason").props("outlined")

        async def more() -> None:
            await visit.act(
                lambda session, staff: extend(
                    session, visit.desk, visit.now(), file.number, why.value or "", staff.actor
                ),
                DECIDING,
            )
            visit.done("Extended; the person was told why.")

        pieces.button("Extend and tell the person", more)


def holding(visit: Visit, subject: str, about: str) -> None:
    """Place a legal hold: the customer's data is not erased until it is released."""
    with pieces.fold("Place a legal hold"):
        reference = ui.input("Legal matter, such as a file number").props("outlined maxlength=64")

        async def place() -> None:
            matter = " ".join((reference.value or "").split())
            if not matter or len(matter) > 64:
                raise Invalid("Name the legal matter, in at most 64 characters; the hold is released under that name.")
            await visit.act(
                lambda session, staff: holds.place(
                    session, visit.now(), subject, HoldKind.LEGAL, None, matter, actor=staff.actor
                ),
                DECIDING,
            )
            visit.done(f"Held under {matter}.")

        ui.label(f"Keeps all data of this customer, not only what {about} is about.").classes("fine")
        pieces.button("Hold", place, kind="grave")


def releasing(visit: Visit, subject: str, held: Sequence[HoldView]) -> None:
    """Release a customer's legal holds one by one; other customers held under the same name stay held."""

    async def end(reference: str) -> None:
        await visit.act(
            lambda session, staff: holds.release(session, visit.now(), reference, staff.actor, subject), DECIDING
        )
        visit.done(f"Released {reference}.")

    for reference in [hold.reference for hold in held if hold.kind is HoldKind.LEGAL]:
        with pieces.fold(f"Release the hold {reference}"):
            ui.label("Deletions that waited for it begin at once, and cannot be undone.").classes("note")
            pieces.button(f"Release {reference}", lambda reference=reference: end(reference), kind="grave")
