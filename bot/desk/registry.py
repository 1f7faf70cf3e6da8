"""`@page(...)`: a page of the staff desk with its address, its roles and its place in the navigation."""

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from nicegui import ui

from bot.desk import shell
from bot.desk.visit import EVERYBODY, Visit
from bot.errors import DeskError
from bot.privacy.staff_sign_in import NotAllowed
from bot.vocabulary import StaffRole

_SECONDS_TO_BUILD = 15.0


@dataclass(frozen=True)
class Entry:
    """A page as navigation and tests see it.

    Attributes:
        shortcut: Typed after `g` it opens the page; empty for pages that are not in the navigation.
        order: Place in the navigation, small first.
    """

    path: str
    title: str
    roles: frozenset[StaffRole]
    shortcut: str
    order: int


ENTRIES: dict[str, Entry] = {}
"""Every page by its path."""


def page(
    path: str, *, title: str, roles: Collection[StaffRole] = EVERYBODY, shortcut: str = "", order: int = 50
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a page: it is given a `Visit`, then what stands in the address, and builds inside the shell.

    Args:
        path: Address, such as `/cases/{number}`.
        title: In the navigation, the heading and the browser's tab.
        roles: Who may open it; anybody else reads that they may not.
        shortcut: One letter; gives the page a place in the navigation.
        order: Which place.
    """
    entry = Entry(path, title, frozenset(roles), shortcut, order)
    taken = next((each for each in ENTRIES.values() if shortcut and each.shortcut == shortcut), None)
    if taken is not None and taken.path != path:
        raise ValueError(f"{path}: the shortcut {shortcut} is that of {taken.path}")
    ENTRIES[path] = entry

    def registered(build: Callable[..., Any]) -> Callable[..., Any]:
        async def opened(request: Request, **given: Any) -> None:
            visit = Visit(request.scope["desk"], ui.context.client, request.scope["staff"], entry.roles)
            await shell.show(visit, entry.title, path, _menu(visit), lambda: _build(visit, build, given))

        inner = list(inspect.signature(build).parameters.values())[1:]
        asked = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
        by_name = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in inner]
        opened.__signature__ = inspect.Signature([asked, *by_name])  # type: ignore[attr-defined]
        opened.__name__ = build.__name__
        ui.page(path, title=f"{title} · Staff desk", response_timeout=_SECONDS_TO_BUILD)(opened)
        return build

    return registered


def _menu(visit: Visit) -> list[Entry]:
    mine = [entry for entry in ENTRIES.values() if entry.shortcut and visit.staff.role in entry.roles]
    return sorted(mine, key=lambda entry: (entry.order, entry.title))


async def _build(visit: Visit, build: Callable[..., Any], given: dict[str, Any]) -> None:
    try:
        if visit.staff.role not in visit.roles:
            raise NotAllowed
        made = build(visit, **given)
        if inspect.isawaitable(made):
            await made
    except DeskError as error:
        ui.context.client.status_code = error.status
        ui.label(error.detail).classes("problem").props('role="alert"')
