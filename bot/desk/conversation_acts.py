"""What an agent does with a conversation: take it, hand it back, put it back into the queue, pass it on."""

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk import pieces
from bot.desk.conversation_talk import Open
from bot.desk.conversation_words import shown_name
from bot.desk.visit import WORKING
from bot.privacy.conversation_export import export_conversation
from bot.privacy.handoff_ownership import Agent, hand_back, release, take, transfer
from bot.privacy.staff_accounts import actor_of, colleagues
from bot.privacy.staff_sign_in import present


def show_acts(opened: Open, with_person: bool) -> ui.label:
    """Who answers now, and the buttons that fit.

    Returns:
        The line that says whether the person can be reached; the talk keeps it up to date.
    """
    with ui.element("div").classes("row-of"):
        _show_state(opened, with_person)
        reached = ui.label("").classes("fine").props("role=status")
        if opened.visit.may(WORKING):
            if opened.mine:
                _pressed_by("b", pieces.button("Hand back to the bot", lambda: _ask_and_hand_back(opened), kind="main"))
                _pressed_by("x", pieces.button("Transfer", lambda: _ask_and_transfer(opened)))
                _pressed_by("q", pieces.button("Back to the queue", lambda: _release(opened)))
            else:
                _pressed_by("t", pieces.button("Take over", lambda: _take(opened), kind="main"))
            pieces.button("As a test", lambda: _export(opened))
    return reached


def _show_state(opened: Open, with_person: bool) -> None:
    who = "You answer" if opened.mine else "A colleague answers" if with_person else "The bot answers"
    tone = "good" if opened.mine else "calm"
    ui.html(f'<span class="mark {tone}">{who}</span>', sanitize=False)


def _pressed_by(key: str, button: ui.button) -> None:
    button.props(f'data-press={key} aria-keyshortcuts={key} title="Key {key}"')


async def _take(opened: Open) -> None:
    await opened.visit.act(lambda session, staff: take(session, opened.visit.desk, opened.conversation_id, opened.me))


async def _release(opened: Open) -> None:
    await opened.visit.act(
        lambda session, staff: release(session, opened.visit.desk, opened.conversation_id, opened.me)
    )
    opened.visit.done("The conversation waits in the queue again.")


async def _ask_and_hand_back(opened: Open) -> None:
    with ui.dialog() as dialog, ui.card():
        ui.label("The bot answers again, and tells them what came of it in your words.")
        outcome = ui.input("What came of it (may be left empty)").props("outlined autofocus")
        outcome.on("keydown.enter", lambda: dialog.submit(True))
        with ui.row():
            pieces.button("Hand back", lambda: dialog.submit(True), kind="main")
            pieces.button("Go on talking", lambda: dialog.submit(False))
    agreed = await dialog
    dialog.delete()
    if agreed:
        words = outcome.value or ""
        await opened.visit.act(
            lambda session, staff: hand_back(
                session, opened.visit.desk, opened.conversation_id, opened.me, opened.seen, words
            )
        )
        opened.visit.done("The bot answers again.")


async def _ask_and_transfer(opened: Open) -> None:
    def look(session: Session) -> dict[str, str]:
        here = present(session, opened.visit.desk)
        others = {each.staff_id for each in colleagues(session)} - {opened.visit.staff.id}
        return {actor_of(number): shown_name(name) for number, name in here if number in others}

    choices = await opened.visit.read(look)
    if not choices:
        ui.notify("Nobody else is at the desk. Put the conversation back into the queue instead.", type="warning")
        return
    with ui.dialog() as dialog, ui.card():
        ui.label("Who goes on? Where they do not come, the conversation waits in the queue again.")
        to = ui.radio(choices, value=None).props('aria-label="Colleague"')
        with ui.row():
            pieces.button("Pass it on", lambda: dialog.submit(to.value), kind="main")
            pieces.button("Keep it", lambda: dialog.submit(None))
    chosen = await dialog
    dialog.delete()
    if chosen:
        colleague = Agent(chosen, choices[chosen])
        await opened.visit.act(
            lambda session, staff: transfer(session, opened.visit.desk, opened.conversation_id, opened.me, colleague)
        )
        opened.visit.done(f"{colleague.name} has it now.")


async def _export(opened: Open) -> None:
    visit = opened.visit
    written = await visit.act(
        lambda session, staff: export_conversation(
            session, visit.desk, visit.now(), opened.conversation_id, staff.actor
        )
    )
    ui.download.content(written.text, "conversation.yml")
