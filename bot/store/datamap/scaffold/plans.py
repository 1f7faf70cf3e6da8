"""Puts together what the file says about one table: its columns, how they are shown, corrected and erased."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.store.datamap.feasible import comparable
from bot.store.datamap.model import PolicyClass
from bot.store.datamap.scaffold.fates import KEEP, LEFT, Fates, date_column, is_goods, row_that_goes, row_that_stays
from bot.store.datamap.scaffold.kinds import EMPTIED, Kind
from bot.store.datamap.scaffold.seen import Seen
from bot.store.datamap.scaffold.sorts import OTHER, Sort, reason_of
from bot.store.datamap.scaffold.ways import Paths, ProposedWay, about
from bot.store.datamap.scaffold.words import plain, plural, singular, words

_SHOWN = {
    Kind.NAME: "masked name", Kind.EMAIL: "masked email", Kind.PHONE: "masked phone", Kind.STREET: "masked text",
    Kind.PERSON: "masked text", Kind.FREE: "masked text", Kind.TEXT: "masked text", Kind.POSTCODE: "masked start",
    Kind.BIRTH: "masked date", Kind.CARD: "masked tail", Kind.IP: "no", Kind.DEVICE: "no", Kind.PLACE: "no",
    Kind.SECRET: "no", Kind.PHOTO: "no", Kind.BLOB: "no",
}  # fmt: skip
_CORRECTED = {
    Kind.NAME: "person_name", Kind.EMAIL: "email", Kind.PHONE: "phone", Kind.BIRTH: "birth_date",
    Kind.STREET: "address_line", Kind.CITY: "address_line", Kind.POSTCODE: "postcode",
}  # fmt: skip
_LISTED = (Kind.NAME, Kind.EMAIL, Kind.PHONE, Kind.CITY)
_MOST_LISTED = 4
_ACCOUNT_NAMES = frozenset({"username", "login", "author", "nicename", "password"})
_TELLING_NOBODY = frozenset({
    "status", "state", "type", "kind", "method", "channel", "model", "mode", "level", "currency", "language", "locale",
    "version", "class", "category", "action", "purpose",
})  # fmt: skip
_VALUE_OF = frozenset({"key", "attribute", "field", "name", "option", "property"})
CONTRADICTION = "May not be empty and fits no made-up value, so it is kept. Allow NULL, or say why it may stay."


@dataclass
class ColumnPlan:
    """One column as it will be written; None leaves the table's default."""

    name: str
    label: str | None = None
    category: str | None = None
    show: str | None = None
    correct: str | None = None
    erase: str | None = None
    about: str | None = None
    decide: str | None = None


@dataclass
class TablePlan:
    """One table about people as it will be written."""

    name: str
    sort: Sort
    noun: tuple[str, str]
    ways: list[ProposedWay]
    show: str
    erase: str
    date: str | None = None
    removed: tuple[str, str] | None = None
    overview: list[str] = field(default_factory=list)
    anonymous: dict[str, str] = field(default_factory=dict)
    warns: list[tuple[str, str]] = field(default_factory=list)
    named_by: str | None = None
    technical: list[str] = field(default_factory=list)
    columns: list[ColumnPlan] = field(default_factory=list)
    decide: str | None = None


class Planner:
    """Makes plans out of what was seen."""

    def __init__(self, seen: Mapping[str, Seen], subject: str, paths: Paths, fates: Fates) -> None:
        self.seen, self.subject, self.paths, self.fates = seen, subject, paths, fates
        self._owned = set(paths.owned)

    def plan(self, name: str, sort: Sort) -> TablePlan:
        """Everything about one table."""
        table = self.seen[name]
        stays = name in self.fates.staying
        closed = sort.policy_class is not PolicyClass.PERSONAL_CENTER
        said = plain(table.live.name).lower().split()[-len(table.told) :]
        one = " ".join([*said[:-1], singular(said[-1])])
        made = TablePlan(
            name, sort, (one, plural(one)), self.paths.ways[name], "no" if closed else "plain",
            "delete" if not stays else LEFT if name in self.fates.husks else KEEP,
        )  # fmt: skip
        if name not in self._owned:
            self._only_named(table, made)
        else:
            for column in table.live.c.keys():  # noqa: SIM118
                self._column(table, column, made, closed, stays)
            self._table(table, made, closed, stays)
        self._ask(table, made, stays)
        return made

    def _only_named(self, table: Seen, made: TablePlan) -> None:
        """Nobody owns its rows; somebody is named in them."""
        made.show = "no"
        for column in table.live.c.keys():  # noqa: SIM118
            role = about(table, column, self.paths)
            if role and role != "other":
                erase = row_that_stays(table, column, self.fates, self._owned, role)
                made.columns.append(ColumnPlan(column, erase=erase, about=role))
            else:
                made.technical.append(column)

    def _column(self, table: Seen, column: str, made: TablePlan, closed: bool, stays: bool) -> None:
        kind, live = table.kinds[column], table.live.c[column]
        role = about(table, column, self.paths)
        rule = (
            row_that_stays(table, column, self.fates, self._owned, role)
            if stays
            else row_that_goes(table, column, role)
        )
        if role is None and self._technical(table, column) and (not stays or rule == KEEP):
            made.technical.append(column)
            return
        kept = rule == KEEP
        if kept:
            rule = made.erase
        plan = ColumnPlan(column, about=role, erase=None if rule == made.erase else rule)
        leads = column in table.leading()
        if role or leads or closed or kind is Kind.TECHNICAL:
            plan.show = "no" if not closed else None
        else:
            plan.show = None if is_goods(table, column) else _SHOWN.get(kind)
            key = table.name == self.subject and bool(live.primary_key)
            plan.label = "Customer number" if key else plain(column)
            if plan.show == "no":
                plan.label = None
        if kind in {Kind.IP, Kind.DEVICE} and not closed and not role:
            plan.category = "devices"
        if made.sort.key in {"profile", "shipping", "comments"} and not role and plan.label:
            plan.correct = "text" if made.sort.key == "comments" and kind is Kind.FREE else _correction(kind, live)
        if stays and kept and kind in EMPTIED and not live.computed and not leads:
            plan.decide = self._contradiction(table, column)
        made.columns.append(plan)

    def _contradiction(self, table: Seen, column: str) -> str | None:
        live = table.live.c[column]
        return CONTRADICTION if not live.nullable and not isinstance(live.type, sa.String) else None

    def _technical(self, table: Seen, column: str) -> bool:
        """Whether it says nothing about anybody."""
        kind, live = table.kinds[column], table.live.c[column]
        if live.computed is not None:
            return True
        to = {reference.target for reference in table.references if column in {own for own, _ in reference.keys}}
        if self.subject in to and table.name != self.subject:
            return False
        if to & self._owned:
            return True
        if table.name == self.subject and live.primary_key:
            return False
        if kind is Kind.REMOVED and not isinstance(live.type, sa.Date | sa.DateTime):
            return True
        named = live.primary_key and kind not in EMPTIED
        return named or (kind is Kind.FLAG and not _matched(self.paths, table.name, column))

    def _table(self, table: Seen, made: TablePlan, closed: bool, stays: bool) -> None:
        by_name = {plan.name: plan for plan in made.columns}
        open_to_owner = {name for name, plan in by_name.items() if plan.about is None}
        date = date_column(table)
        made.date = date if date in open_to_owner or date in made.technical else None
        for name in table.having(Kind.REMOVED)[:1]:
            number = isinstance(table.live.c[name].type, sa.Integer)
            moment = isinstance(table.live.c[name].type, sa.Date | sa.DateTime)
            made.removed = (name, "{not: null}" if moment else "1" if number else "true")
        listed = [
            plan.name
            for plan in made.columns
            if plan.label and plan.show != "no" and plan.about is None and comparable(table.live.c[plan.name])
            and "fax" not in plan.name.lower()
            and (table.kinds[plan.name] in _LISTED or set(words(plan.name)) & {"status"})
        ]  # fmt: skip
        order = {kind: number for number, kind in enumerate(_LISTED)}
        listed.sort(key=lambda name: order.get(table.kinds[name], len(order)))
        made.overview = listed[:_MOST_LISTED]
        made.warns = [
            (name, f"{plain(name)}: there is something left for you here.")
            for name in table.having(Kind.MONEY)
            if name in by_name and _is_owed(table.name, name)
        ]
        if made.sort.key == "orders":
            made.named_by = next((name for name in by_name if _is_number(name, table)), None)
        if closed and not stays:
            made.anonymous = self._anonymous(table, made)

    def _anonymous(self, table: Seen, made: TablePlan) -> dict[str, str]:
        """What may stay of a row that the shop made about somebody, once nothing leads to them."""
        if not len(table.live.primary_key.columns):
            return {}
        stays: dict[str, str] = {}
        leading = {own for way in made.ways for own, _ in way.keys} | {way.match[0] for way in made.ways if way.match}
        for plan in made.columns:
            live, kind = table.live.c[plan.name], table.kinds[plan.name]
            if plan.name in leading:
                if not live.nullable or live.primary_key:
                    return {}
            elif kind in {Kind.CREATED, Kind.DATE} and isinstance(live.type, sa.Date | sa.DateTime):
                stays[plan.name] = "generalise year"
            elif kind is Kind.CODE and not set(words(plan.name)) & _TELLING_NOBODY:
                if not live.nullable:
                    return {}
            elif (
                kind in {Kind.NUMBER, Kind.MONEY, Kind.CODE} or plan.name in self._to_goods(table)
            ) and plan.about is None:
                stays[plan.name] = KEEP
            elif not live.nullable:
                return {}
        if leading & set(made.technical) and any(
            not table.live.c[name].nullable for name in leading & set(made.technical)
        ):
            return {}
        return stays

    def _to_goods(self, table: Seen) -> set[str]:
        """Columns that name what was looked at or bought; a session that they name would still lead to somebody."""
        goods = {"Catalogue", "Lists of values"}
        return {
            own
            for reference in table.references
            if reference.target not in self.paths.ways and reason_of(self.seen[reference.target])[0] in goods
            for own, _ in reference.keys
        }

    def _ask(self, table: Seen, made: TablePlan, stays: bool) -> None:
        questions = list(table.questions)
        if made.sort is OTHER and made.name in self._owned:
            questions.append("Nothing in its name says what it is. Choose its category and how it is shown.")
        value = next((name for name in table.live.c.keys() if words(name)[-1:] == ("value",)), None)  # noqa: SIM118
        keyed = any(set(words(name)) & _VALUE_OF for name in table.live.c.keys() if name != value)  # noqa: SIM118
        if stays and value and keyed and table.kinds[value] not in {Kind.MONEY, Kind.NUMBER}:
            questions.append(f"`{value}` may hold anything: what the tax office needs, or what tells who somebody is.")
        made.decide = " ".join(questions) or None


def _matched(paths: Paths, table: str, column: str) -> bool:
    return any(way.match and way.match[0] == column for way in paths.ways.get(table, []))


def _is_owed(table: str, column: str) -> bool:
    """Whether a number above 0 is something the person would lose; what was once so says nothing about today."""
    of_table, told = words(table), set(words(column))
    if set(of_table) & {"history", "log"}:
        return False
    account = bool(of_table) and of_table[-1].endswith("balance") and "amount" in told
    return account or "balance" in told or {"refund", "due"} <= told


def _correction(kind: Kind, live: sa.Column[object]) -> str | None:
    said = set(words(live.name))
    if (not isinstance(live.type, sa.String) and kind is not Kind.BIRTH) or said & _ACCOUNT_NAMES:
        return None
    if kind is Kind.COUNTRY and "country" in said and getattr(live.type, "length", None) == 2:
        return "country"
    return _CORRECTED.get(kind)


def _is_number(name: str, table: Seen) -> bool:
    said = set(words(name)) - {"id"}
    text = isinstance(table.live.c[name].type, sa.String)
    return (
        text
        and said <= {"order", "invoice", "number", "increment", "reference", "no", "code"}
        and bool(said & {"number", "increment", "reference", "no"})
    )
