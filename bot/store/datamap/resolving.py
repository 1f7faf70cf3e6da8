"""From the map as written to the map as used: defaults filled in, names looked up, contradictions collected."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.store.datamap.model import (
    Category,
    Column,
    Condition,
    ConsentRecords,
    DataMap,
    Erase,
    ErasureAction,
    KeepReason,
    Match,
    Purpose,
    Show,
    Subject,
    Table,
    Through,
    Warn,
    Way,
)
from bot.store.datamap.written import (
    Above,
    Conditions,
    Keep,
    Not,
    WrittenColumn,
    WrittenMap,
    WrittenTable,
    WrittenWay,
)
from bot.store.masking import MASKS

VALIDATORS = ("address_line", "birth_date", "country", "email", "person_name", "phone", "postcode", "text")
GENERALISATIONS = ("year", "area", "network")
_NO_ERASE = Erase(ErasureAction.DELETE)


@dataclass(frozen=True)
class _Defaults:
    """What a table says for all of its columns."""

    category: Category | None
    show: tuple[Show, str | None] | None
    erase: Erase | None


class Resolver:
    """Turns one written map into the map in use; `problems` holds what could not be understood."""

    def __init__(self, written: WrittenMap) -> None:
        self.written = written
        self.problems: list[str] = []
        self.undecided: list[tuple[str, str]] = []
        self.keeps = {
            key: KeepReason(key, reason.basis, reason.until, reason.years)
            for key, reason in written.keep_reasons.items()
        }
        self.categories = {
            key: Category(
                key, made.policy_class, made.title, made.purpose, tuple(made.recipients), made.retention, made.source,
                made.legal_basis,
            )
            for key, made in written.categories.items()
        }  # fmt: skip

    def resolve(self) -> DataMap:
        """The map in use. Only to be trusted when `problems` is empty afterwards."""
        self._questions()
        tables = {name: self._table(name, table) for name, table in self.written.tables.items()}
        made = self.written.subject
        plain = made.model_dump(exclude={"when", "decide"})
        subject = Subject(**plain, when=_conditions(made.when))
        if subject.table not in tables:
            self._say("subject", f"the table `{subject.table}` is not under `tables`", "add it there")
        purposes = {
            key: Purpose(key, made.title, made.basis, made.clause, made.consequence, made.core, tuple(made.words))
            for key, made in self.written.purposes.items()
        }
        records = self.written.consent_records
        return DataMap(
            subject,
            MappingProxyType(self.categories),
            MappingProxyType(tables),
            MappingProxyType(purposes),
            ConsentRecords(**records.model_dump()) if records else None,
            tuple(self.written.schemas),
            self._zone(self.written.timezone),
            tuple(self.undecided),
        )

    def _questions(self) -> None:
        """Whatever still carries a `decide`, outside the tables' columns."""
        places = [("subject", self.written.subject.decide)]
        places += [(f"keep_reasons.{key}", made.decide) for key, made in self.written.keep_reasons.items()]
        places += [(f"categories.{key}", made.decide) for key, made in self.written.categories.items()]
        places += [(name, table.decide) for name, table in self.written.tables.items()]
        self.undecided += [(where, question) for where, question in places if question]

    def _zone(self, name: str) -> tzinfo:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            self._say("timezone", f"no time zone is called `{name}`", "write it as `Europe/Berlin`")
            return UTC

    def _say(self, where: str, what: str, cure: str) -> None:
        self.problems.append(f"{where}: {what}; {cure}")

    def _table(self, name: str, written: WrittenTable) -> Table:
        if written.not_personal is not None:
            return self._reference_table(name, written)
        if isinstance(written.columns, list):
            self._say(name, "a bare list of columns is only for tables with `not_personal`", "classify each column")
            return Table(name, MappingProxyType({}))
        defaults = _Defaults(
            self._category(name, written.category) if written.category else None,
            self._show(name, written.show) if written.show else None,
            self._erase(name, written.erase) if written.erase else None,
        )
        if written.category is None:
            self._say(name, "no category", "add `category:`, one of those under `categories`")
        columns = {column: self._column(name, column, made, defaults) for column, made in written.columns.items()}
        self._add_technical(name, columns, written.technical)
        self._overview(name, columns, written.overview)
        return Table(
            name,
            MappingProxyType(columns),
            category=defaults.category,
            noun=written.noun or (name.replace("_", " "), name.replace("_", " ")),
            ways=tuple(self._ways(name, written.belongs)),
            date=written.date,
            removed_when=_conditions(written.removed_when),
            deletes_rows=written.erase == ErasureAction.DELETE,
            overview=tuple(written.overview),
            anonymous=self._anonymous(name, written.anonymous, columns),
            warns=tuple(Warn(_conditions(each.when), each.say) for each in written.warn),
            named_by=written.named_by,
        )

    def _anonymous(
        self, table: str, written: dict[str, str], columns: dict[str, Column]
    ) -> MappingProxyType[str, str | None] | None:
        stays: dict[str, str | None] = {}
        for name, rule in written.items():
            if name not in columns:
                self._say(f"{table}.{name}", "in `anonymous` but not a column", "correct its name")
            match rule.split():
                case ["keep"]:
                    stays[name] = None
                case ["generalise", how] if how in GENERALISATIONS:
                    stays[name] = how
                case _:
                    cure = f"write `keep` or `generalise` with one of {', '.join(GENERALISATIONS)}"
                    self._say(f"{table}.{name}", f"`anonymous: {rule}` is not known", cure)
        return MappingProxyType(stays) if written else None

    def _reference_table(self, name: str, written: WrittenTable) -> Table:
        if isinstance(written.columns, dict) or written.belongs or written.technical:
            cure = "list its columns as `columns: [a, b]` and remove `belongs` and `technical`, or drop `not_personal`"
            self._say(name, "declared `not_personal`, yet written like a table about people", cure)
            return Table(name, MappingProxyType({}), not_personal=written.not_personal)
        columns: dict[str, Column] = {}
        self._add_technical(name, columns, written.columns)
        return Table(name, MappingProxyType(columns), not_personal=written.not_personal)

    def _add_technical(self, table: str, columns: dict[str, Column], names: Iterable[str]) -> None:
        for name in names:
            if name in columns:
                self._say(f"{table}.{name}", "classified twice", "keep it under `columns` or in the list, not in both")
            columns[name] = Column(table, name, None, _humanised(name))

    def _overview(self, table: str, columns: dict[str, Column], names: Iterable[str]) -> None:
        for name in names:
            if name not in columns or columns[name].show is Show.NO:
                cure = "take it out, or classify it with `show: plain`, `masked …` or `count`"
                self._say(f"{table}.{name}", "in `overview` but never shown", cure)

    def _column(self, table: str, name: str, written: WrittenColumn, defaults: "_Defaults") -> Column:
        where = f"{table}.{name}"
        if written.decide:
            self.undecided.append((where, written.decide))
        inherited = None if written.show else defaults.show
        show, kind = inherited or self._show(where, written.show)
        label = written.label
        if label is None and show is not Show.NO:
            self._say(where, "shown without a label", "add `label:` with a plain word for it")
        if written.correct and written.correct not in VALIDATORS:
            self._say(where, f"no validator is called `{written.correct}`", f"choose one of {', '.join(VALIDATORS)}")
        members = {key: self._column(where, key, entry, defaults) for key, entry in written.members.items()}
        return Column(
            table,
            name,
            self._category(where, written.category) if written.category else defaults.category,
            label or _humanised(name),
            show,
            kind,
            written.correct,
            (None if written.erase else defaults.erase) or self._erase(where, written.erase),
            written.about,
            MappingProxyType(members) if members else None,
        )

    def _category(self, where: str, key: str) -> Category | None:
        if key not in self.categories:
            self._say(where, f"the category `{key}` is not under `categories`", "add it there or correct the name")
        return self.categories.get(key)

    def _show(self, where: str, written: str | None) -> tuple[Show, str | None]:
        match (written or "").split():
            case ["masked", kind] if kind in MASKS:
                return Show.MASKED, kind
            case [word] if word != Show.MASKED and word in set(Show):
                return Show(word), None
            case []:
                self._say(where, "nothing says whether it is shown", "add `show:` to the table or the column")
            case _:
                cure = f"write `plain`, `count`, `no` or `masked` with one of {', '.join(sorted(MASKS))}"
                self._say(where, f"`show: {written}` is not known", cure)
        return Show.NO, None

    def _erase(self, where: str, written: str | Keep | None) -> Erase:
        if isinstance(written, Keep):
            if reason := self.keeps.get(written.keep):
                return Erase(ErasureAction.KEEP, keep=reason)
            self._say(
                where, f"kept for `{written.keep}`, which is not under `keep_reasons`", "add its legal basis there"
            )
            return _NO_ERASE
        match (written or "").split():
            case ["delete" | "nullify" | "pseudonymise" as action]:
                return Erase(ErasureAction(action))
            case ["generalise", kind] if kind in GENERALISATIONS:
                return Erase(ErasureAction.GENERALISE, kind)
            case ["keep"]:
                self._say(where, "kept without a legal basis", "write `erase: {keep: <name under keep_reasons>}`")
            case []:
                self._say(where, "nothing says what erasure does", "add `erase:` to the table or the column")
            case _:
                cure = (
                    "write `delete`, `nullify`, `pseudonymise`, `{keep: <reason>}` or `generalise` with one of "
                    + ", ".join(GENERALISATIONS)
                )
                self._say(where, f"`erase: {written}` is not known", cure)
        return _NO_ERASE

    def _ways(self, table: str, written: Iterable[WrittenWay]) -> Iterable[Way]:
        for way in written:
            when = _conditions(way.when)
            if way.through and way.keys and not way.match:
                yield Through(way.through, tuple(way.keys.items()), when, way.role, way.noun)
            elif len(way.match) == 1 and not way.through and not way.keys:
                ((column, to),) = way.match.items()
                yield Match(column, to, way.kind, when, way.role, way.noun)
            else:
                cure = "write `through: <table>` with `keys: {own column: its column}`, or `match: {own column: email}`"
                self._say(table, "an entry of `belongs` is not complete", cure)


def _conditions(written: Conditions) -> tuple[Condition, ...]:
    made = []
    for column, value in written.items():
        if isinstance(value, Above):
            made.append(Condition(column, above=value.above))
            continue
        negated = isinstance(value, Not)
        wanted = value.value if isinstance(value, Not) else value
        made.append(Condition(column, tuple(wanted) if isinstance(wanted, list) else (wanted,), negated))
    return tuple(made)


def _humanised(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()
