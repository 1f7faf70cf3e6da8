"""The form in which a person corrects their data: one field for each value that the data map lets them correct.

Law: GDPR Article 16. Policy: clause `access-and-correction`. What is on file is shown shortened, as in the overview;
a field is filled in beforehand only with what the person themselves typed when asking.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.errors import Invalid
from bot.privacy.access import in_words
from bot.privacy.deadlines import date_of
from bot.privacy.entities import finder
from bot.privacy.guardian_consent_standing import of_age_day
from bot.privacy.validation import Validator, Where, country, email, phone
from bot.store.correcting import OwnRow, as_text, correctable_rows, disputable
from bot.store.datamap.model import Column, DataMap, PolicyClass, Show, Table
from bot.store.desk import Desk
from bot.store.masking import mask
from bot.vocabulary import EntityKind

FORM = "rectification"
NUMBER, STATEMENT = "dispute.number", "dispute.statement"
_MOST = 20
_TYPES = {"email": "email", "phone": "tel", "birth_date": "date", "text": "textarea"}
_CHECKS: dict[EntityKind, Validator] = {EntityKind.EMAIL: email, EntityKind.PHONE: phone}
_WORD = re.compile(r"[a-z]{4,}")
_COMMON = frozenset(
    {"about", "account", "accounts", "data", "from", "have", "shop", "that", "what", "which", "with", "your"}
)


@dataclass(frozen=True)
class Correctable:
    """One value a person may correct.

    Attributes:
        name: Its name in the form; means nothing outside of this person's own rows.
        group: What it belongs to, where the person has more than one of that.
        label: What it is called in the form, the question and the receipt.
    """

    name: str
    row: OwnRow
    column: Column
    group: str

    @property
    def current(self) -> str | None:
        """What is on file."""
        return as_text(self.row.values[self.column.name])

    @property
    def shown(self) -> str:
        """What is on file, as far as the chat may show it."""
        value = self.row.values[self.column.name]
        if self.column.show is Show.PLAIN:
            return in_words(value)
        text = as_text(value)
        return mask(self.column.mask, text) if text and self.column.mask and self.column.show is Show.MASKED else ""


def correctable(desk: Desk, subject: str) -> dict[str, Correctable]:
    """Everything a person may correct, by field name.

    The date of birth of somebody under 18 is left out (policy clause `minors`): a person looks at that. One that cannot
    be read is wrong, so it stays in.
    """
    found: dict[str, Correctable] = {}
    rows = correctable_rows(desk.shop, subject)
    for row in rows:
        group = _group(row, [each for each in rows if each.table is row.table])
        for column in row.columns:
            if not _is_childs_birth_date(desk, row, column):
                field = Correctable(_name(row, column), row, column, group)
                found[field.name] = field
    return found


def correction_form(desk: Desk, subject: str, hints: str = "") -> dict[str, Any] | None:
    """The card on which a person fills in what is to change; None when there is nothing they could correct.

    Args:
        desk: The desk.
        subject: Who asks.
        hints: What they wrote when asking: what it is about comes first, and a new address or number is taken over.
    """
    fields = _chosen(list(correctable(desk, subject).values()), hints)
    typed = _typed(desk, hints, {field.current for field in fields})
    shown = [_as_field(desk, field, fields, typed) for field in fields]
    tables = disputable(desk.shop, subject)
    if not shown and not tables:
        return None
    card = {"kind": "form", "form": FORM, "title": "Correct your data", "submit": "Go on"}
    return card | {"fields": [*shown, *(_dispute_fields(tables) if tables else [])]}


def named_elsewhere(datamap: DataMap, hints: str) -> PolicyClass | None:
    """Whether somebody asks to correct what the policy does not let them correct here, and why not."""
    words = _words(hints)
    if not words:
        return None
    open_words = _words_of(datamap, {PolicyClass.PERSONAL_CENTER})
    closed = (PolicyClass.THIRD_PARTY, PolicyClass.SERVICE_GENERATED)
    return next((each for each in closed if words & (_words_of(datamap, {each}) - open_words)), None)


def names_correctable(datamap: DataMap, words: str) -> bool:
    """Whether somebody speaks of something that the policy lets them correct here."""
    return bool(_words(words) & _words_of(datamap, {PolicyClass.PERSONAL_CENTER}))


def shop_region(desk: Desk) -> str:
    """The shop's own country."""
    return desk.settings.business_calendar[:2]


def _name(row: OwnRow, column: Column) -> str:
    return ".".join([row.table.name, column.name, *(str(value) for value in row.key.values())])


def _group(row: OwnRow, alike: list[OwnRow]) -> str:
    one = row.table.noun[0]
    title = one[:1].upper() + one[1:]
    if len(alike) == 1:
        return title
    telling = [*row.table.overview, *([row.table.date] if row.table.date else [])]
    seen = dict.fromkeys(_overview_value(row, row.table.columns[name]) for name in telling)
    told = ", ".join([text for text in seen if text][-2:])
    return f"{title} {alike.index(row) + 1} of {len(alike)}" + (f": {told}" if told else "")


def _overview_value(row: OwnRow, column: Column) -> str:
    text = as_text(row.values[column.name])
    if not text or column.about is not None:
        return ""
    if column.show is Show.PLAIN:
        return in_words(row.values[column.name])
    return mask(column.mask, text) if column.show is Show.MASKED and column.mask else ""


def _is_childs_birth_date(desk: Desk, row: OwnRow, column: Column) -> bool:
    subject = desk.datamap.subject
    if (row.table.name, column.name) != (subject.table, subject.birth_date):
        return False
    of_age = of_age_day(desk, row.values)
    return of_age is not None and date_of(desk.clock.now(), desk.settings) < of_age


def _chosen(fields: list[Correctable], hints: str) -> list[Correctable]:
    """At most twenty fields, whole rows only: what the person spoke of, then the rest, in the map's order."""
    words = _words(hints)

    def spoken_of(table: Table) -> bool:
        labels = [*table.noun, *(column.label for column in table.columns.values() if column.correct)]
        return bool(words & _words(" ".join(labels)))

    rows: dict[int, list[Correctable]] = {}
    for field in fields:
        rows.setdefault(id(field.row), []).append(field)
    ordered = sorted(rows.values(), key=lambda row: not spoken_of(row[0].row.table))
    chosen: list[Correctable] = []
    for row in ordered:
        if len(chosen) + len(row) <= _MOST:
            chosen += row
    return chosen


def _as_field(desk: Desk, field: Correctable, shown: list[Correctable], typed: Mapping[str, str]) -> dict[str, Any]:
    check = field.column.correct or "text"
    account = desk.datamap.subject
    own = field.row.table.name == account.table and field.column.name in (account.email, account.phone)
    made = {
        "name": field.name,
        "label": field.column.label,
        "type": _TYPES.get(check, "text"),
        "required": False,
        "value": typed.get(check, "") if own else "",
        "hint": f"Now: {field.shown}" if field.shown else "",
        "check": check,
        "group": field.group,
    }
    longest = getattr(desk.shop.metadata.tables[field.row.table.name].c[field.column.name].type, "length", None)
    made |= {"longest": longest} if longest else {}
    beside = next((each for each in shown if each.row is field.row and each.column.correct == "country"), None)
    if beside is not None and check in ("postcode", "phone"):
        made |= {"region_from": beside.name}
    return made | {"region": _region(desk, field)}


def _region(desk: Desk, field: Correctable) -> str:
    """The country of the row, for postcodes and numbers written without one."""
    column = next((each for each in field.row.columns if each.correct == "country"), None)
    try:
        return country(as_text(field.row.values[column.name]) or "" if column else "", Where(date.min))
    except Invalid:
        return shop_region(desk)


def _dispute_fields(tables: list[Table]) -> list[dict[str, Any]]:
    nouns = " or ".join(dict.fromkeys(table.noun[0] for table in tables))
    about = f"Something in an {nouns} is wrong" if nouns[0] in "aeiou" else f"Something in a {nouns} is wrong"
    kept = "It is not overwritten: your words are kept with it."
    return [
        {"name": NUMBER, "label": f"Number of the {nouns}", "type": "text", "required": False, "value": "",
         "check": "address_line", "group": about},
        {"name": STATEMENT, "label": "What is wrong", "type": "textarea", "required": False, "value": "",
         "check": "text", "hint": kept, "group": about},
    ]  # fmt: skip


def _typed(desk: Desk, hints: str, on_file: Iterable[str | None]) -> dict[str, str]:
    """A new e-mail address and a new phone number in the person's own words; the last one of each counts."""
    known = {value.casefold() for value in on_file if value}
    found: dict[str, str] = {}
    for each in finder(desk.settings).find(hints):
        if each.kind not in _CHECKS:
            continue
        with suppress(Invalid):
            value = _CHECKS[each.kind](each.value, Where(date.min, shop_region(desk)))
            if value.casefold() not in known:
                found[each.kind] = value
    return found


def _words(text: str) -> set[str]:
    return {word.removesuffix("es").removesuffix("s") for word in _WORD.findall(text.lower()) if word not in _COMMON}


def _words_of(datamap: DataMap, classes: set[PolicyClass]) -> set[str]:
    named: list[str] = []
    for table in datamap.personal_tables():
        if table.category and table.category.policy_class in classes:
            named += [*table.noun, table.category.title]
        named += [column.label for column in table.columns.values() if column.policy_class in classes]
    return _words(" ".join(named))
