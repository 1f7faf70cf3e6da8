"""Finds where each table's columns lead: foreign keys, well-named columns without one, owners of several kinds."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.store.datamap.scaffold.people import CUSTOMER_WORDS, subject_key
from bot.store.datamap.scaffold.seen import Reference, Seen
from bot.store.datamap.scaffold.shapes import owner_words
from bot.store.datamap.scaffold.words import words

_KEY_WORDS = {"id", "fk", "ref", "uuid", "key", "no", "number", "code"}
_SAMPLED = 40
_SHARE = 0.8
_OWNERS = {"owner", "object", "entity", "item", "about", "subject", "target", "resource", "model", "commentable",
    "parent",
           "holder", "record", "source", "addressable", "related", "notable", "taggable", "trackable",
           "auditable"}  # fmt: skip
# Words beside a table's name that tell which of several rows is meant, not another table.
_WHICH = frozenset({
    "billing", "shipping", "delivery", "invoice", "default", "last", "first", "current", "original", "old", "new",
    "bill",
    "ship", "to", "from", "by", "primary", "main", "owner", "parent", "guest", "referred", "referrer", "referer",
    "inviter",
    "invited", "friend", "recipient", "sender", "seller", "rep", "created", "updated", "modified", "approved",
    "assigned",
    "author", "ordered", "placed", "registered", "merged", "source", "related", "external", "root", "gift", "on",
    "support",
    "sales", "the", "a", "linked", "master", "initial", "previous", "next", "applied", "used", "base", "wp", "shop",
    "web",
})  # fmt: skip
_WHO = {("author",), ("customer",), ("owner",), ("buyer",)}
_COPIES = frozenset({"grid", "flat", "index", "lookup", "search", "idx", "view", "extra", "info", "detail"})
_TYPES = {"type", "kind", "class", "model", "table"}


def find_references(seen: Mapping[str, Seen], subject: str, connection: Connection) -> None:
    """Fill in `references` of every table."""
    finder = _Finder(seen, subject, connection)
    for table in seen.values():
        table.references = finder.of(table)


class _Finder:
    def __init__(self, seen: Mapping[str, Seen], subject: str, connection: Connection) -> None:
        self.seen, self.subject, self.connection = seen, subject, connection
        self.by_words: dict[tuple[str, ...], str] = {}
        self.endings: dict[tuple[str, ...], list[str]] = {}
        for table in seen.values():
            told = tuple(word for word in table.told if word not in {"entity", "tbl"})
            self.by_words.setdefault(told, table.name)
            for start in range(1, len(told)):
                self.endings.setdefault(told[start:], []).append(table.name)
        self.known = {" ".join(told): name for told, name in self.by_words.items()}
        for ending, names in self.endings.items():
            if len(names) == 1:
                self.known.setdefault(" ".join(ending), names[0])

    def of(self, table: Seen) -> list[Reference]:
        """All references of one table, foreign keys first."""
        found = [self._kept(key) for key in _in_order(table.live)]
        led = {own for reference in found for own, _ in reference.keys if len(reference.keys) == 1}
        for column in table.live.c:
            if column.name in led:
                continue
            if several := self._several(table, column):
                found += several
            elif one := self._named(table, column):
                found.append(one)
        return found

    def _kept(self, key: sa.ForeignKeyConstraint) -> Reference:
        pairs = tuple((element.parent.name, element.column.name) for element in key.elements)
        target = key.referred_table.key
        return Reference(pairs, target, True, self._told(pairs, target))

    def _told(self, pairs: Iterable[tuple[str, str]], target: str) -> tuple[str, ...]:
        own = [word for name, _ in pairs for word in words(name)]
        named = set(self.seen[target].told) | _KEY_WORDS | ({*CUSTOMER_WORDS} if target == self.subject else set())
        return tuple(word for word in own if word not in named)

    def _named(self, table: Seen, column: sa.Column[object]) -> Reference | None:
        """`customer_id` without a foreign key leads to `customers`, if the types and the values allow it."""
        said = words(column.name)
        if isinstance(column.type, sa.Integer) and said[-1:] in _WHO and not column.primary_key:
            key = self._its_key(self.seen[self.subject], column)
            if key is not None and isinstance(key.type, sa.Integer) and said[-1:] not in self.by_words:
                return Reference(((column.name, key.name),), self.subject, False, said[-1:], sure=False)
        if not set(said) & {"id", "fk", "ref", "uuid"} and not self._is_key_elsewhere(table, column):
            return None
        bare = tuple(word for word in said if word not in _KEY_WORDS)
        if column.primary_key and bare in {(), ("entity",)}:
            return self._copy(table, column)
        for target, left in self._targets(table, bare):
            its = self._its_key(self.seen[target], column)
            odd = not set(left) <= _WHICH
            alone = column.primary_key and len(table.live.primary_key.columns) == 1
            if (odd and column.primary_key) or (alone and (left or not self._extends(table, target))):
                continue
            if target == table.name and not left and (its is None or its.name == column.name):
                return None
            if its is None or not _alike(column, its):
                continue
            borne_out = self._borne_out(column, its)
            if borne_out is False and target == self.subject and not odd:
                table.questions.append(
                    f"`{column.name}` is named like a way to `{target}`, but what it holds is not there. "
                    "Where does it lead?"
                )
            if borne_out is False or (odd and not borne_out):
                continue
            pairs = ((column.name, its.name), *self._rest_of_key(table, target, column, its))
            return Reference(pairs, target, False, left, sure=borne_out is True)
        return None

    def _rest_of_key(
        self, table: Seen, target: str, column: sa.Column[object], its: sa.Column[object]
    ) -> tuple[tuple[str, str], ...]:
        """The shop's number beside the id, where both tables hold it."""
        key = [each.name for each in self.seen[target].live.primary_key.columns]
        rest = [name for name in key if name != its.name]
        if its.name not in key or not all(name in table.live.c and name != column.name for name in rest):
            return ()
        return tuple((name, name) for name in rest)

    def _extends(self, table: Seen, target: str) -> bool:
        """Whether a table's name goes on from another's, so that it may share its key: `order_stat` after `order`."""
        its = self.seen[target].told
        return target != table.name and table.told[: len(its)] == its

    def _copy(self, table: Seen, column: sa.Column[object]) -> Reference | None:
        """`order_grid` repeats `order` for searching, row by row under the same key."""
        told = tuple(word for word in table.told if word not in {"entity", "tbl"})
        bare = told
        while bare and bare[-1] in _COPIES:
            bare = bare[:-1]
        target = self.by_words.get(bare) if bare != told else None
        if target is None or target == table.name:
            return None
        its = self._its_key(self.seen[target], column)
        if its is None or not _alike(column, its):
            return None
        return Reference(((column.name, its.name),), target, False, (), sure=False)

    def _is_key_elsewhere(self, table: Seen, column: sa.Column[object]) -> bool:
        own = [each.name for each in table.live.primary_key.columns]
        return own != [column.name] and set(words(column.name)) & {"no", "number", "code"} != set() and any(
            [each.name for each in other.live.primary_key.columns] == [column.name]
            for other in self.seen.values()
            if other is not table
        )  # fmt: skip

    def _targets(self, table: Seen, bare: tuple[str, ...]) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Tables that a column's words may mean, with the words that are left over, best first."""
        for length in range(len(bare), 0, -1):
            for start in (*range(len(bare) - length, -1, -1),):
                part = bare[start : start + length]
                left = bare[:start] + bare[start + length :]
                if part in self.by_words:
                    yield self.by_words[part], left
                for near in self._nearest(table, part):
                    yield near, left
                if len(part) == 1 and part[0] in CUSTOMER_WORDS[:6] and part not in self.by_words:
                    yield self.subject, left

    def _nearest(self, table: Seen, part: tuple[str, ...]) -> list[str]:
        """Of the tables that end in these words, the one whose name begins like this table's; or the only one."""
        names = self.endings.get(part, [])

        def shared(name: str) -> int:
            theirs = self.seen[name].told
            return next((n for n, (a, b) in enumerate(zip(theirs, table.told, strict=False)) if a != b), len(theirs))

        best = sorted(names, key=lambda name: (-shared(name), len(self.seen[name].told), name))
        if not best or (len(best) > 1 and shared(best[0]) == 0 and len(self.seen[best[0]].told) > len(part) + 1):
            return []
        return best[:1]

    def _its_key(self, target: Seen, column: sa.Column[object]) -> sa.Column[object] | None:
        name = subject_key(target) if target.name == self.subject else None
        key = [each.name for each in target.live.primary_key.columns]
        if column.name in target.live.c and column.name in key:
            return target.live.c[column.name]
        name = name or (key[0] if len(key) == 1 else None)
        return target.live.c[name] if name else None

    def _borne_out(self, column: sa.Column[object], its: sa.Column[object]) -> bool | None:
        """Whether values of the column are there in the other table; None when there are none to compare."""
        try:
            sample = sa.select(column).where(column.is_not(None)).distinct().limit(_SAMPLED)
            # 0 and the empty text stand for nobody in shops without foreign keys.
            values = [row[0] for row in self.connection.execute(sample) if row[0] not in (0, "", "0", b"")]
            if not values:
                return None
            wanted = [str(value) for value in values] if isinstance(its.type, sa.String) else values
            if isinstance(its.type, sa.Integer):
                wanted = [int(value) for value in values if str(value).isdigit()]
            found = self.connection.scalar(sa.select(sa.func.count()).select_from(its.table).where(its.in_(wanted)))
        except (SQLAlchemyError, ValueError):
            self.connection.rollback()
            return None
        return (found or 0) >= _SHARE * len(values)

    def _several(self, table: Seen, column: sa.Column[object]) -> list[Reference]:
        """`owner_type` and `owner_id`: one reference for each type found."""
        said = words(column.name)
        stem = tuple(word for word in said if word not in {"id", "key", "fk"})
        if not stem or stem == said or not (set(stem) & _OWNERS or stem[-1:] in (("able",),)):
            return []
        kind = next((c for c in table.live.c if words(c.name)[:-1] == stem and words(c.name)[-1] in _TYPES), None)
        if kind is None:
            return []
        found, complete = owner_words(self.connection, kind, self.known)
        made = []
        for target, word in found.items():
            its = self._its_key(self.seen[target], column)
            if its is not None and _alike(column, its):
                pair = ((column.name, its.name),)
                made.append(Reference(pair, target, False, (), (kind.name, word)))
        if not complete:
            table.questions.append(
                f"`{column.name}` leads to different tables, as `{kind.name}` says. Write one entry of `belongs` with "
                f"`when` for each kind that is about people."
            )
        return made


def _in_order(live: sa.Table) -> list[sa.ForeignKeyConstraint]:
    places = {name: number for number, name in enumerate(live.c.keys())}
    return sorted(live.foreign_key_constraints, key=lambda key: [places[c.name] for c in key.columns])


def _alike(mine: sa.Column[object], its: sa.Column[object]) -> bool:
    """Text may hold a number's or a UUID's text; otherwise both are of one sort."""
    if isinstance(mine.type, sa.String):
        return not isinstance(its.type, sa.LargeBinary | sa.BINARY)
    sorts = (sa.Integer | sa.Numeric, sa.Uuid, sa.LargeBinary | sa.BINARY | sa.VARBINARY)
    return any(isinstance(mine.type, sort) and isinstance(its.type, sort) for sort in sorts)
