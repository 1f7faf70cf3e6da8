"""From a live database to a first data map with the questions that only a person can answer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, MetaData

from bot.errors import SetupError
from bot.store.datamap.feasible import unfit_to_confirm
from bot.store.datamap.reflecting import other_schemas, reflect
from bot.store.datamap.scaffold import writing
from bot.store.datamap.scaffold.fates import KEEP, LEFT, decide_fates
from bot.store.datamap.scaffold.kinds import TEXTS, Kind, kind_of
from bot.store.datamap.scaffold.people import PARTNER_WORDS, STAFF_WORDS, find_people, subject_key
from bot.store.datamap.scaffold.plans import Planner, TablePlan
from bot.store.datamap.scaffold.references import find_references
from bot.store.datamap.scaffold.seen import Seen
from bot.store.datamap.scaffold.shapes import shapes
from bot.store.datamap.scaffold.sorts import BY_KEY, OTHER, SORTS, Sort, doubtful, is_reference, reason_of, sort_of
from bot.store.datamap.scaffold.ways import Paths, addresses, find_paths
from bot.store.datamap.scaffold.words import common_prefix, words
from bot.store.engine import for_reading

_PERSONS = frozenset({
    "customer", "user", "client", "member", "account", "person", "address", "contact", "subscriber", "recipient",
    "profile",
    "guest", "shopper", "buyer", *STAFF_WORDS, *PARTNER_WORDS,
})  # fmt: skip
_CLOSE = 10


@dataclass(frozen=True)
class Decision:
    """A question left to a person: under which heading, where, and what is asked."""

    group: str
    where: str
    question: str


@dataclass(frozen=True)
class Proposal:
    """The first map.

    Attributes:
        text: The file.
        subject: The table taken for the people's.
        personal: How many tables are about people, and `others` how many are not.
        decisions: What a person must still decide.
    """

    text: str
    subject: str
    personal: int
    others: int
    decisions: tuple[Decision, ...]


def propose(engine: Engine, subject: str | None = None, schemas: Iterable[str] = ()) -> Proposal:
    """Write a first map.

    Args:
        engine: The shop's database; it is only read.
        subject: The table of the people, where it is known; otherwise it is looked for.
        schemas: Schemas to read beside the connection's own.

    Raises:
        SetupError: The database holds no tables, or none that looks like the customers'.
    """
    schemas = tuple(schemas)
    metadata = reflect(engine, schemas)
    if not metadata.tables:
        raise SetupError("The shop database holds no tables. Check the URL, and the schema it leads to.")
    with for_reading(engine).connect() as connection:
        seen = _look(metadata, connection)
        people, question = _people(seen, subject)
        find_references(seen, people, connection)
    return _Draft(seen, people, question, schemas, other_schemas(engine, schemas)).proposal()


def _look(metadata: MetaData, connection: Connection) -> dict[str, Seen]:
    prefix = common_prefix(table.name for table in metadata.tables.values())
    seen = {}
    for name, live in sorted(metadata.tables.items()):
        own = live.name[len(prefix) :] if prefix and live.name.lower().startswith(prefix) else live.name
        table = Seen(name, live, words(own) or words(live.name))
        _classify(table, shapes(connection, live))
        seen[name] = table
    return seen


def _classify(table: Seen, shown: Mapping[str, Kind]) -> None:
    names = [str(name) for name in table.live.c.keys()]  # noqa: SIM118
    prefix = common_prefix(names, share=0.9)
    first = {name: kind_of(table.live.c[name], False, prefix) for name in names}
    contact = {Kind.EMAIL, Kind.PHONE, Kind.STREET, Kind.POSTCODE} & set(first.values())
    person = not is_reference(table) and bool(set(table.told) & _PERSONS or len(contact) > 1)
    person = person or bool(set(table.told) & PARTNER_WORDS and contact)
    for name in names:
        kind = kind_of(table.live.c[name], person, prefix)
        table.kinds[name] = shown[name] if name in shown and kind in TEXTS else kind


def _people(seen: Mapping[str, Seen], wanted: str | None) -> tuple[str, str | None]:
    if wanted is not None:
        if wanted not in seen:
            raise SetupError(f"The shop database has no table {wanted}. Write its name as the database does.")
        if subject_key(seen[wanted]) is None:
            raise SetupError(f"The table {wanted} has no primary key of one column, so it cannot name one person each.")
        return wanted, None
    found = find_people(seen)
    if not found:
        raise SetupError("No table looks like the customers'. Name it: --subject TABLE")
    best = found[0]
    near = [name for points, name in found[1:4] if points >= best[0] - _CLOSE]
    if near:
        others = ", ".join(f"`{name}`" for name in near)
        return best[
            1
        ], f"Is this the table of the customers, or {others}? For another, run the scaffold with --subject."
    return best[1], None


class _Draft:
    """Everything about one map while it is put together."""

    def __init__(
        self, seen: dict[str, Seen], people: str, question: str | None, schemas: tuple[str, ...], unread: dict[str, int]
    ) -> None:
        self.seen, self.people, self.question = seen, people, question
        self.schemas, self.unread = schemas, unread
        self.email = next(iter(addresses(seen[people])), None)
        self.paths: Paths = find_paths(seen, people, self.email)
        self.sorts = self._sorted()
        self.fates = decide_fates(seen, people, self.paths, self.sorts)
        self.decisions: list[Decision] = []

    def _sorted(self) -> dict[str, Sort]:
        sorts: dict[str, Sort] = {self.people: BY_KEY["profile"]}
        for name in self.paths.owned:
            if name != self.people:
                sorts[name] = sort_of(self.seen[name], sorts.get(self.paths.parents[name]))
        return sorts

    def proposal(self) -> Proposal:
        """The file and what is left to decide."""
        planner = Planner(self.seen, self.people, self.paths, self.fates)
        plans = [planner.plan(name, self.sorts.get(name, OTHER)) for name in self.paths.ways]
        subject = self._subject()
        used = {plan.sort.key for plan in plans} | {c.category for plan in plans for c in plan.columns if c.category}
        middle = ["format: 1", *self._extra(), "", *subject, "", *self._keeps(plans), "", "categories:"]
        middle += [line for sort in (*SORTS, OTHER) if sort.key in used for line in writing.category(sort)]
        tables = ["", "tables:", *self._personal(plans), *self._others()]
        text = "\n".join([*self._head(len(plans)), *middle, *tables]) + "\n"
        others = len(self.seen) - len(plans)
        return Proposal(text, self.people, len(plans), others, tuple(self.decisions))

    def _extra(self) -> list[str]:
        zone = writing.comment("The zone of the shop's times where a column keeps none, such as Europe/Berlin.")
        schemas = [writing.wrapped_list("schemas", self.schemas, 0)] if self.schemas else []
        return [*zone, "timezone: UTC", *schemas]

    def _subject(self) -> list[str]:
        table = self.seen[self.people]
        key = subject_key(table) or ""
        parts = {"table": self.people, "key": key, "name": _best(table, Kind.NAME, ("name", "fullname", "firstname"))}
        parts["email"] = self.email
        confirmed = [column.name for column in table.live.c if _confirms(column)]
        parts["email_confirmed"] = confirmed[0] if confirmed and self.email else None
        parts["phone"] = _best(table, Kind.PHONE, ("phone",))
        births = [
            name for name in table.having(Kind.BIRTH) if isinstance(table.live.c[name].type, sa.Date | sa.DateTime)
        ]
        parts["birth_date"] = births[0] if births else None
        seen = [column.name for column in table.live.c if _says_last_activity(column)]
        parts["last_activity"] = seen[0] if seen else None
        rest = [column.name for column in table.live.primary_key.columns if column.name != key]
        question = self.question
        if rest:
            question = f"{question or ''} Which shop does this desk serve? Correct the number under `when`.".strip()
        if question:
            self.decisions.append(Decision("The people", "subject", question))
        return writing.subject({k: v for k, v in parts.items() if v}, dict.fromkeys(rest, 1), question)

    def _keeps(self, plans: list[TablePlan]) -> list[str]:
        rules = {rule for plan in plans for rule in (plan.erase, *(column.erase for column in plan.columns))}
        lines = ["keep_reasons:" if rules & {KEEP, LEFT} else "keep_reasons: {}"]
        if KEEP in rules:
            self.decisions.append(Decision("Keeping", "keep_reasons.tax", writing.TAX_QUESTION))
            lines += writing.keep_reason(
                "tax", "Tax and accounting law, GDPR Article 6(1)(c) and 17(3)(b)",
                "ten years after the end of the year of the order", 10, writing.TAX_QUESTION,
            )  # fmt: skip
        if LEFT in rules:
            lines += writing.keep_reason(
                "emptied_row", "Kept accounts point at the row, GDPR Article 17(3)(b); nothing in it tells who it was",
                "as long as the accounts that point at it",
            )  # fmt: skip
        return lines

    def _personal(self, plans: list[TablePlan]) -> list[str]:
        lines: list[str] = []
        for sort in (BY_KEY["profile"], *(each for each in SORTS if each.key != "profile"), OTHER):
            mine = [plan for plan in plans if plan.sort is sort]
            mine.sort(key=lambda plan: (plan.name != self.people, plan.name))
            if mine:
                lines += writing.heading(sort.group, len(mine))
            for plan in mine:
                lines += ["", *writing.table(plan)]
                if plan.decide:
                    self.decisions.append(Decision(sort.group, plan.name, plan.decide))
                self.decisions += [
                    Decision(sort.group, f"{plan.name}.{c.name}", c.decide) for c in plan.columns if c.decide
                ]
        return lines

    def _others(self) -> list[str]:
        groups: dict[str, list[tuple[str, str, str | None]]] = {}
        for name, table in self.seen.items():
            if name not in self.paths.ways:
                group, reason = reason_of(table)
                question = " ".join([*self._unreached(table), *filter(None, [doubtful(table)])]) or None
                groups.setdefault(group, []).append((name, reason, question))
        lines: list[str] = []
        for group, tables in sorted(groups.items()):
            lines += writing.heading(group, len(tables))
            for name, reason, question in tables:
                columns = list(self.seen[name].live.c.keys())
                lines += ["", *writing.reference_table(name, reason, columns, question)]
                if question:
                    self.decisions.append(Decision(group, name, question))
        return lines

    def _unreached(self, table: Seen) -> list[str]:
        """Questions about owners of several kinds matter only where some are people."""
        return [each for each in table.questions if not is_reference(table) or "different tables" not in each]

    def _head(self, personal: int) -> list[str]:
        """The file's first lines; made last, when all questions are known."""
        groups = Counter(decision.group for decision in self.decisions)
        lines = writing.comment(
            f"A first data map, made by `python -m bot datamap scaffold` from {len(self.seen)} tables. {personal}"
            " of them "
            f"are about people, {len(self.seen) - personal} are not. It was made from names, types, keys and"
            " shapes: read "
            "it. docs/datamap.md says how it is completed, and the head of the demo's map explains every word."
        )
        lines.append("#")
        if self.unread:
            named = ", ".join(f"{name} ({count} tables)" for name, count in sorted(self.unread.items()))
            lines += writing.comment(f"NOT READ: {named}. Run again with --schema for those that hold customers' data.")
            lines.append("#")
        total = len(self.decisions)
        lines += writing.comment(
            f"{total} {'place' if total == 1 else 'places'} to decide, each marked with the word `decide`. The desk"
            " does "
            "not start while one is left. Answer by correcting the lines around it, then remove the line or the word."
        )
        for group in groups:
            lines.append(f"#   {group} ({groups[group]})")
            lines += [f"#     {decision.where}" for decision in self.decisions if decision.group == group]
        lines += ["#", *writing.comment(
            "What cannot be seen in a database must be added by hand: `purposes` and `consent_records` (what customers "
            "agreed to), and `warn` (such as open orders). Correct `timezone` where the shop does not write UTC."
        ), ""]  # fmt: skip
        return lines


def _best(table: Seen, kind: Kind, wanted: tuple[str, ...]) -> str | None:
    names = [name for name in table.having(kind) if "fax" not in name.lower()]
    ranked = sorted(
        names, key=lambda name: next((n for n, each in enumerate(wanted) if each in words(name)), len(wanted))
    )
    return ranked[0] if ranked else None


def _confirms(column: sa.Column[object]) -> bool:
    """Whether a column says that the e-mail address is confirmed."""
    said = set(words(column.name))
    named = bool(said & {"verified", "confirmed", "validated"}) and (
        "email" in said or said <= {"verified", "confirmed", "at", "is", "date"}
    )
    return named and unfit_to_confirm(column) is None


def _says_last_activity(column: sa.Column[object]) -> bool:
    """Whether a column says when the person last used the shop."""
    said = set(words(column.name))
    named = "last" in said and bool(said & {"login", "seen", "active", "activity", "visit", "signin", "logged"})
    return named and isinstance(column.type, sa.Date | sa.DateTime)
