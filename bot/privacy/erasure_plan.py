"""Tells a person in plain words what an erasure will do: what goes, what stays, until when and why.

Law: GDPR Article 12(1) (in plain language) and 17(3) (what may stay). Policy: clauses `your-rights`,
`delete-or-anonymise`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.store.erasing import ANONYMISE, RECORDED, ErasurePlan, TablePlan, Warned
from bot.store.erasing.planning import Changed, Kept

_NEEDED = "Rows of other people lead to it, so a person at the shop has to look at it first."
_LINK = "what leads to you"
_ANONYMOUS = "Made anonymous: nothing in it leads to you any more."


@dataclass
class _Heading:
    """Everything under one kind of data that shares a fate."""

    count: int = 0
    parts: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def plan_in_words(plan: ErasurePlan) -> dict[str, Any]:
    """A card for the chat, as plain JSON, without any value of the person.

    Args:
        plan: What the erasure will do.
    """
    return {
        "kind": "erasure_plan",
        "title": _title(plan),
        "goes": _goes(plan),
        "stays": _stays(plan),
        "warnings": [_warning(each) for each in plan.warnings],
    }


def _title(plan: ErasurePlan) -> str:
    if plan.scope == RECORDED:
        what = "made anonymous" if plan.mode == ANONYMISE else "deleted"
        return f"What the shop recorded about you by itself and will be {what}"
    if plan.mode == ANONYMISE:
        return "What will be deleted, what will be made anonymous and what stays"
    return "What will be deleted and what stays"


def _goes(plan: ErasurePlan) -> list[dict[str, Any]]:
    found: dict[str, _Heading] = {}
    for each in plan.tables:
        if each.goes:
            heading = found.setdefault(each.category, _Heading())
            heading.count += each.goes
            over = " (kept for as long as the law asks)" if each.past == each.goes else ""
            heading.parts.append(_counted(each.goes, each.noun) + over)
        if _loses_values_only(each):
            for changed in each.changed:
                heading = found.setdefault(changed.category, _Heading())
                heading.count += changed.rows
                where = _counted(changed.rows, each.noun)
                what = _LINK if changed.leads else _as_word(changed.label)
                heading.parts.append(f"{what} {_done(changed)} in {where}")
    return [
        {"title": title, "count": heading.count, "note": _listed(heading.parts)} for title, heading in found.items()
    ]


def _stays(plan: ErasurePlan) -> list[dict[str, Any]]:
    kept: dict[tuple[str, str, str], _Heading] = {}
    latest: dict[tuple[str, str, str], date] = {}
    rest: list[dict[str, Any]] = []
    for each in plan.tables:
        if each.kept and each.stays:
            key = (each.category, each.kept.basis, each.kept.until)
            heading = kept.setdefault(key, _Heading())
            heading.count += each.stays
            heading.parts.append(_counted(each.stays, each.noun))
            heading.removed += [_LINK if changed.leads else _as_word(changed.label) for changed in each.changed]
            latest |= _later(key, latest, each.kept)
        if each.blocked:
            rest.append({"title": each.category, "count": each.blocked, "why": _NEEDED, "until": ""})
        if each.anonymous:
            why = f"{_counted(each.anonymous, each.noun).capitalize()}. {_ANONYMOUS}"
            rest.append({"title": each.category, "count": each.anonymous, "why": why, "until": ""})
    return [
        {
            "title": key[0],
            "count": heading.count,
            "why": _why(key[1], heading),
            "until": _until(key[2], latest.get(key)),
        }
        for key, heading in kept.items()
    ] + rest


def _loses_values_only(each: TablePlan) -> bool:
    """Rows of others, and rows that nothing obliges the shop to keep but that stay as empty shells."""
    return bool(each.changed) and each.kept is None and not each.blocked


def _later(key: tuple[str, str, str], latest: dict[tuple[str, str, str], date], kept: Kept) -> dict[Any, date]:
    return {key: max(kept.latest, latest.get(key, kept.latest))} if kept.latest else {}


def _why(basis: str, heading: _Heading) -> str:
    words = f"{_listed(heading.parts)}: {basis}."
    removed = list(dict.fromkeys(heading.removed))
    return words + (f" Taken out of it: {_listed(removed)}." if removed else "")


def _until(words: str, latest: date | None) -> str:
    return f"{words}; {latest.day} {latest:%B %Y} at the latest" if latest else words


def _warning(each: Warned) -> str:
    return each.say if each.rows == 1 else f"{each.say} ({each.rows} times)"


def _done(changed: Changed) -> str:
    return {"pseudonymise": "replaced", "generalise": "made coarser"}.get(changed.act, "removed")


def _counted(count: int, noun: tuple[str, str]) -> str:
    return f"{count:,} {noun[0] if count == 1 else noun[1]}"


def _as_word(label: str) -> str:
    """A label inside a sentence; abbreviations such as `IP address` keep their capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
