"""The frame around every page: who is here, where to go, search, shortcuts."""

import re
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from bot.desk.live import live
from bot.desk.visit import Visit
from bot.privacy.complaint_pages import CasePlace, case_place
from bot.privacy.staff_sign_in import present
from bot.vocabulary import CaseKind, StaffRole

ROLE_WORDS = {
    StaffRole.AGENT: "agent",
    StaffRole.PRIVACY_OFFICER: "privacy officer",
    StaffRole.AUDITOR: "auditor, reads only",
    StaffRole.ADMIN: "admin",
}
_REQUEST, _CASE = re.compile(r"PR-\d{4}-\d{6}"), re.compile(r"CS-\d{4}-\d{6}")
_KEYS = [("?", "Show these shortcuts"), ("/", "Search by number"), ("j k", "Down and up in a list"), ("Enter", "Open")]


def dress() -> None:
    """The desk's own look and keys, on every page."""
    ui.add_head_html(
        '<link rel="stylesheet" href="/look/desk.css"><script defer src="/look/desk.js"></script>', shared=True
    )


async def show(visit: Visit, title: str, path: str, menu: Sequence[Any], build: Callable[[], Awaitable[None]]) -> None:
    """Build a page inside the frame."""
    ui.query(".nicegui-content").classes("desk")
    ui.add_body_html('<a class="skip" href="#page">Skip to the page</a>' + _keys(menu))
    with ui.element("header").classes("top"):
        ui.html('<a class="brand" href="/"><img src="/look/favicon.svg" alt=""> Privacy desk</a>', sanitize=False)
        _search(visit)
        watch = await _present(visit)
    with ui.element("div").classes("frame"):
        ui.html(_navigation(menu, path), sanitize=False, tag="nav").props('aria-label="Pages"').classes("pages")
        with ui.element("main").props('id=page tabindex="-1"').classes("page"):
            ui.html(escape(title), sanitize=False, tag="h1")
            await build()
    watch()


def target_of(typed: str) -> str | None:
    """Where a typed number leads by its form: a request, a case, or a customer; None for what can be none of these."""
    number = typed.strip().upper()
    if _REQUEST.fullmatch(number):
        return f"/requests/{number}"
    if _CASE.fullmatch(number):
        return f"/cases/{number}"
    customer = typed.strip()
    return f"/customers/{customer}" if re.fullmatch(r"[A-Za-z0-9-]{1,64}", customer) else None


def case_path(place: CasePlace) -> str | None:
    """Where the staff looks after a case; None when its conversation was erased.

    Only what people brought has a page of its own. An alarm without a request is about guardians.
    """
    if place.kind is CaseKind.HANDOFF:
        return f"/conversations/{place.conversation_id}" if place.conversation_id else None
    if place.kind is CaseKind.ALARM:
        return f"/requests/{place.request_number}" if place.request_number else "/reviews"
    return f"/cases/{place.number}"


def _search(visit: Visit) -> None:
    async def go() -> None:
        typed = field.value or ""
        target, number = target_of(typed), typed.strip().upper()
        place = await visit.read(lambda session: case_place(session, number)) if _CASE.fullmatch(number) else None
        if place is not None:
            target = case_path(place)
        if target:
            visit.go(target)
        elif place is not None:
            ui.notify(f"The conversation of {number} was erased.", type="warning")
        else:
            ui.notify("Type a number such as PR-2026-000123, CS-2026-000007, or a customer number.", type="warning")

    field = ui.input(placeholder="PR-… CS-… or customer").props('aria-label="Search by number" dense outlined')
    field.classes("search").on("keydown.enter", go)


async def _present(visit: Visit) -> Callable[[], None]:
    """Who is here; what is returned keeps it up to date once the page is built."""

    def look(session: Session) -> list[tuple[int, str]]:
        return present(session, visit.desk)

    @ui.refreshable
    async def who() -> None:
        _who(visit, await visit.read(look))

    await who()
    return lambda: live(visit, who.refresh, sign=look, every=10.0)


def _who(visit: Visit, others: list[tuple[int, str]]) -> None:
    names = [name for number, name in others if number != visit.staff.id]
    here = f"Also here: {', '.join(names)}" if names else "Nobody else is here"
    ui.html(
        f'<span class="here" title="{escape(here)}"><i aria-hidden="true"></i>{len(names) + 1}'
        f'<span class="for-readers"> at the desk. {escape(here)}</span></span>'
        f'<a class="me" href="/account"><strong>{escape(visit.staff.name)}</strong> '
        f"<span>{ROLE_WORDS[visit.staff.role]}</span></a>"
        '<button type="button" class="quiet" data-opens="keys" aria-label="Keyboard shortcuts">?</button>'
        '<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>',
        sanitize=False,
    ).classes("who")


def _navigation(menu: Sequence[Any], path: str) -> str:
    items = []
    for entry in menu:
        here = path == entry.path or path.startswith(f"{entry.path}/")
        current = ' aria-current="page"' if here else ""
        items.append(
            f'<li><a href="{entry.path}" data-key="{entry.shortcut}"{current}>{escape(entry.title)}'
            f'<kbd aria-hidden="true">{entry.shortcut}</kbd></a></li>'
        )
    return f"<ul>{''.join(items)}</ul>"


def _keys(menu: Sequence[Any]) -> str:
    pages = [(f"g {entry.shortcut}", entry.title) for entry in menu]
    lines = "".join(f"<dt><kbd>{key}</kbd></dt><dd>{escape(does)}</dd>" for key, does in [*_KEYS, *pages])
    return (
        f'<dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keyboard</h2><dl>{lines}</dl>'
        '<label><input type="checkbox" data-keys> Use these keys</label>'
        '<form method="dialog"><button>Close</button></form></dialog>'
    )
