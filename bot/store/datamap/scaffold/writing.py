"""Writes the proposed map as a file that a person can read and complete."""

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from bot.store.datamap.scaffold.fates import KEEP, LEFT
from bot.store.datamap.scaffold.plans import ColumnPlan, TablePlan
from bot.store.datamap.scaffold.sorts import Sort
from bot.store.datamap.scaffold.ways import ProposedWay

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SENTENCE = re.compile(r"[A-Za-z][A-Za-z0-9 _.;()/'-]*[A-Za-z0-9_.;)/'-]|[A-Za-z]")
_TAKEN = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_WIDTH = 116
TAX_QUESTION = "Confirm the law and the number of years for the shop's country."


def word(text: str) -> str:
    """A name as YAML, quoted when it must be."""
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def said(text: str) -> str:
    """Words as YAML, quoted when they must be."""
    if _SENTENCE.fullmatch(text) and text.lower() not in _TAKEN and " #" not in text:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def wrapped_list(key: str, names: Iterable[str], indent: int) -> str:
    """`columns: [a, b, …]`, over several lines where it is long."""
    whole = f"{key}: [{', '.join(word(name) for name in names)}]"
    space = " " * indent
    if len(whole) + indent <= _WIDTH:
        return space + whole
    # No break inside a quoted name.
    lines, line = [], f"{space}{key}: ["
    for name in names:
        piece = word(name) + ","
        if len(line) + len(piece) + 1 > _WIDTH:
            lines.append(line)
            line = space + "  " + piece
        else:
            line += ("" if line.endswith("[") else " ") + piece
    return "\n".join([*lines, line.removesuffix(",") + "]"])


def category(sort: Sort) -> list[str]:
    """One entry of `categories`."""
    recipients = "[" + ", ".join(said(each) for each in sort.recipients) + "]"
    return [
        f"  {sort.key}:",
        f"    class: {sort.policy_class}",
        f"    title: {said(sort.title)}",
        f"    purpose: {said(sort.purpose)}",
        f"    recipients: {recipients}",
        f"    retention: {said(sort.retention)}",
        f"    source: {said(sort.source)}",
        f"    legal_basis: {said(sort.legal_basis)}",
    ]


def keep_reason(key: str, basis: str, until: str, years: int | None = None, question: str | None = None) -> list[str]:
    """One entry of `keep_reasons`."""
    lines = [f"  {key}:", *([f"    decide: {said(question)}"] if question else [])]
    lines += [f"    basis: {said(basis)}", f"    until: {said(until)}"]
    return [*lines, f"    years: {years}"] if years else lines


def table(plan: TablePlan) -> list[str]:
    """One entry of `tables` that is about people."""
    lines = [f"  {word(plan.name)}:"]
    if plan.decide:
        lines.append(f"    decide: {said(plan.decide)}")
    lines += [f"    category: {plan.sort.key}", f"    noun: [{said(plan.noun[0])}, {said(plan.noun[1])}]"]
    if plan.ways:
        lines += ["    belongs:", *(f"      - {_way(way)}" for way in plan.ways)]
    if plan.date:
        lines.append(f"    date: {word(plan.date)}")
    if plan.removed:
        lines.append(f"    removed_when: {{{word(plan.removed[0])}: {plan.removed[1]}}}")
    lines += [f"    show: {plan.show}", f"    erase: {_erase(plan.erase)}"]
    if plan.overview:
        lines.append(wrapped_list("overview", plan.overview, 4))
    if plan.anonymous:
        stays = ", ".join(f"{word(name)}: {rule}" for name, rule in plan.anonymous.items())
        lines.append(f"    anonymous: {{{stays}}}")
    if plan.named_by:
        lines.append(f"    named_by: {word(plan.named_by)}")
    if plan.warns:
        lines.append("    warn:")
        lines += [f"      - {{when: {{{word(name)}: {{above: 0}}}}, say: {said(text)}}}" for name, text in plan.warns]
    if plan.technical:
        lines.append(wrapped_list("technical", plan.technical, 4))
    lines += ["    columns:" + ("" if plan.columns else " {}"), *(f"      {_column(each)}" for each in plan.columns)]
    return lines


def _way(way: ProposedWay) -> str:
    if way.match:
        parts = [f"match: {{{word(way.match[0])}: {word(way.match[1])}}}"]
    else:
        keys = ", ".join(f"{word(own)}: {word(its)}" for own, its in way.keys)
        parts = [f"through: {word(way.target)}", f"keys: {{{keys}}}"]
    if way.when:
        parts.append("when: {" + ", ".join(f"{word(name)}: {_value(value)}" for name, value in way.when) + "}")
    if way.role:
        parts.append(f"role: {word(way.role)}")
    return "{" + ", ".join(parts) + "}"


def _value(value: str | int | None) -> str:
    return "null" if value is None else str(value) if isinstance(value, int) else word(value)


def _erase(rule: str) -> str:
    return {KEEP: "{keep: tax}", LEFT: "{keep: emptied_row}"}.get(rule, rule)


def _column(plan: ColumnPlan) -> str:
    parts = [
        f"{key}: {text}"
        for key, text in (
            ("label", plan.label and said(plan.label)), ("category", plan.category), ("show", plan.show),
            ("correct", plan.correct), ("about", plan.about and word(plan.about)),
            ("erase", plan.erase and _erase(plan.erase)), ("decide", plan.decide and said(plan.decide)),
        )
        if text
    ]  # fmt: skip
    if not parts:
        return f"{word(plan.name)}:"
    if len(parts) == 1 and plan.label:
        return f"{word(plan.name)}: {said(plan.label)}"
    return f"{word(plan.name)}: {{{', '.join(parts)}}}"


def reference_table(name: str, reason: str, columns: Sequence[str], question: str | None) -> list[str]:
    """One entry of `tables` that is about nobody."""
    lines = [f"  {word(name)}:"]
    if question:
        lines.append(f"    decide: {said(question)}")
    return [*lines, f"    not_personal: {said(reason)}", wrapped_list("columns", columns, 4)]


def heading(title: str, count: int) -> list[str]:
    """A line that parts the groups of tables."""
    return ["", f"  # --- {title} ({count} {'table' if count == 1 else 'tables'}) ".ljust(_WIDTH, "-")]


def comment(text: str) -> list[str]:
    """A paragraph as a comment."""
    return [("# " + line).rstrip() for line in textwrap.wrap(text, _WIDTH - 2)] or ["#"]


def subject(parts: Mapping[str, str], when: Mapping[str, int], question: str | None) -> list[str]:
    """The entry `subject`."""
    lines = ["subject:"]
    if question:
        lines.append(f"  decide: {said(question)}")
    lines += [f"  {key}: {word(name)}" for key, name in parts.items()]
    if when:
        lines.append("  when: {" + ", ".join(f"{word(name)}: {value}" for name, value in when.items()) + "}")
    return lines
