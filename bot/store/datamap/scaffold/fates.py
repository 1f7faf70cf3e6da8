"""Proposes what erasure does to each table: its rows go, or stay for the tax office with the person taken out."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.datamap.feasible import can_be_pseudonymised
from bot.store.datamap.scaffold.kinds import EMPTIED, Kind
from bot.store.datamap.scaffold.seen import Reference, Seen
from bot.store.datamap.scaffold.sorts import Sort
from bot.store.datamap.scaffold.ways import Paths, ProposedWay
from bot.store.datamap.scaffold.words import words

_ITEMS = frozenset({"item", "line", "detail", "product", "position", "option", "tax", "row"})
_GOODS = frozenset({"description", "title", "summary", "option", "attribute", "product", "name", "property", "detail"})
_LISTS = frozenset(
    {"order", "invoice", "quote", "cart", "basket", "shipment", "creditmemo", "sale", "purchase", "return"}
)
# Beside orders and payments, but nothing that accounts are made of.
_PASSING = frozenset({
    "token", "vault", "agreement", "permission", "download", "downloadable", "session", "wishlist", "draft", "queue",
    "notification", "subscription", "mask", "bankcard", "card", "mandate", "method",
})  # fmt: skip
_MADE = frozenset({"created", "create", "creation", "added", "add", "placed", "ordered", "registered", "inserted"})
KEEP = "keep"
LEFT = "left"


@dataclass
class Fates:
    """`staying` tables keep their rows; `husks` among them only because kept rows point at theirs."""

    staying: set[str]
    husks: set[str]


def decide_fates(seen: Mapping[str, Seen], subject: str, paths: Paths, sorts: Mapping[str, Sort]) -> Fates:
    """Which rows outlive an erasure, so that no kept row points at a deleted one."""
    named_only = {name for name in paths.ways if name not in paths.owned}
    staying = {name for name in paths.owned if sorts[name].stays and name != subject and _can_stay(seen[name], paths)}
    fates = Fates(staying | named_only, set())
    personal = set(paths.owned) | named_only
    changed = True
    while changed:
        changed = False
        for name in sorted(fates.staying):
            for reference in seen[name].references:
                target = reference.target
                if not reference.real or target not in personal or target in fates.staying:
                    continue
                if emptied_key(seen[name], reference) is None and target in paths.owned:
                    fates.staying.add(target)
                    fates.husks.add(target)
                    changed = True
                    if name in named_only:
                        own = ", ".join(own for own, _ in reference.keys)
                        seen[name].questions.append(
                            f"`{own}` may not be empty, so the rows of `{target}` stay, emptied. Allow NULL to let"
                            " them go."
                        )
    _share_rows(seen, subject, paths, fates)
    return fates


def _can_stay(table: Seen, paths: Paths) -> bool:
    if not len(table.live.primary_key.columns):
        table.questions.append("Has no primary key, so its rows can only be deleted whole. May they be?")
        return False
    if set(table.told) & _PASSING:
        return False
    if date_column(table) is None and not any(way.keys for way in paths.ways[table.name]):
        table.questions.append("Holds no date to count years of keeping from, so its rows are deleted. May they be?")
        return False
    return True


def _share_rows(seen: Mapping[str, Seen], subject: str, paths: Paths, fates: Fates) -> None:
    """A row that cannot let go of somebody named in it goes with either of the two."""
    if subject in fates.staying:
        return
    for name, ways in paths.ways.items():
        if name in fates.staying or name == subject:
            continue
        for number, way in enumerate(ways):
            if not way.role or not way.keys:
                continue
            own = way.keys[0][0]
            column = seen[name].live.c[own]
            real = any(ref.real and ref.keys == way.keys for ref in seen[name].references)
            if not column.nullable and (real or column.primary_key):
                ways[number] = ProposedWay(way.target, way.keys, way.match, way.when)
                seen[name].questions.append(
                    f"Its rows are deleted with the customer of `{own}` as well. Is that right?"
                )


def emptied_key(table: Seen, reference: Reference) -> str | None:
    """The column that lets go of the target when emptied; None when no column may be empty."""
    shared = {own for other in table.references if other is not reference and other.real for own, _ in other.keys}
    free = [own for own, _ in reference.keys if table.live.c[own].nullable and not table.live.c[own].primary_key]
    return next((own for own in free if own not in shared), free[0] if free else None)


def date_column(table: Seen) -> str | None:
    """When a row came to be."""
    dates = [name for name in table.having(Kind.CREATED, Kind.DATE) if words(name) != ("value",)
             if isinstance(table.live.c[name].type, sa.Date | sa.DateTime)]  # fmt: skip
    made = [name for name in dates if table.kinds[name] is Kind.CREATED]
    # An order may name the days of its invoice and its delivery, long after its own or never filled in.
    made.sort(key=lambda name: not (_MADE | set(table.told)) & set(words(name)))
    return next(iter(made or dates), None)


def row_that_goes(table: Seen, column: str, role: str | None) -> str | None:
    """What erasure does to a column whose row is deleted with its owner; None: goes with it."""
    if role is None or role == "other":
        return None
    return "nullify" if table.live.c[column].nullable else "pseudonymise"


def row_that_stays(table: Seen, column: str, fates: Fates, owned: set[str], role: str | None) -> str:
    """What erasure does to a column whose row stays. `keep` for what tells nobody who it was."""
    live, kind = table.live.c[column], table.kinds[column]
    if live.computed is not None:
        return KEEP
    for reference in table.references:
        if column not in {own for own, _ in reference.keys}:
            continue
        if reference.target in fates.staying or reference.target not in owned:
            return KEEP
        if reference.real:
            return "nullify" if emptied_key(table, reference) == column else KEEP
        return emptying(live)
    if role and role != "other":
        return emptying(live)
    goods = (
        set(table.told) & _ITEMS
        and set(words(column)) & _GOODS
        and kind in {Kind.FREE, Kind.TEXT, Kind.CODE, Kind.BLOB}
    )
    husk = table.name in fates.husks and live.nullable and not live.primary_key
    if (kind not in EMPTIED or goods) and not husk:
        return KEEP
    return emptying(live)


def is_goods(table: Seen, column: str) -> bool:
    """Whether it says what was bought, in the lines of an order."""
    told = set(words(column)) & _GOODS and table.kinds[column] in {Kind.FREE, Kind.TEXT, Kind.CODE}
    return bool(set(table.told) & _ITEMS and set(table.told) & _LISTS and told)


def emptying(live: sa.Column[object]) -> str:
    """The gentlest way that the database allows; `keep` where it allows none."""
    if live.nullable and not live.primary_key:
        return "nullify"
    if isinstance(live.type, sa.Date | sa.DateTime):
        return "generalise year"
    return "pseudonymise" if can_be_pseudonymised(live) else KEEP
