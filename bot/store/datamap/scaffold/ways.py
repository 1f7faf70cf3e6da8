"""Proposes how rows find their person: up over references, or by the person's own e-mail address."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.store.datamap.scaffold.kinds import Kind
from bot.store.datamap.scaffold.people import CUSTOMER_WORDS, PARTNER_WORDS, STAFF_WORDS
from bot.store.datamap.scaffold.seen import Reference, Seen
from bot.store.datamap.scaffold.sorts import is_reference
from bot.store.datamap.scaffold.words import words

_ROLES = frozenset({
    "referrer", "referred", "referer", "inviter", "invited", "invitee", "friend", "recipient", "sender", "seller",
    "rep",
    "representative", "agent", "salesman", "created", "creator", "updated", "modified", "changed", "edited", "editor",
    "approved", "approver", "assigned", "assignee", "handled", "processed", "deleted", "moderated", "moderator",
    "sponsor",
    "parent", "affiliate", "supervisor", "manager", "author", "uploaded", "locked", "sales", "sale", "support", "by",
    "responsible",
})  # fmt: skip
_MAKERS = frozenset({
    "created", "creator", "updated", "modified", "changed", "edited", "editor", "approved", "approver", "uploaded",
    "author",
    "moderated", "moderator", "processed", "handled", "locked", "deleted", "responsible", "manager", "supervisor",
})  # fmt: skip
_LEAST = 2
_OWNING = frozenset({"ordered", "purchased", "placed", "bought", "owner", "requested", "registered"})
_WRITTEN_BY_CUSTOMERS = frozenset(
    {"review", "comment", "ticket", "message", "question", "answer", "rating", "testimonial"}
)
_OTHERS_ADDRESS = frozenset(
    {"recipient", "friend", "receiver", "to", "from", "staff", "admin", "reply", "sender", "invitee"}
)


@dataclass(frozen=True)
class ProposedWay:
    """One entry of `belongs`. `role` where the person is only named."""

    target: str
    keys: tuple[tuple[str, str], ...] = ()
    match: tuple[str, str] | None = None
    when: tuple[tuple[str, str | int | None], ...] = ()
    role: str | None = None


@dataclass
class Paths:
    """What was found: ways by table; `owned` tables hold rows that are somebody's."""

    ways: dict[str, list[ProposedWay]] = field(default_factory=dict)
    owned: list[str] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)
    people: str = ""

    def leads_to(self, start: str, goal: str) -> bool:
        """Whether owners of `start` are found by way of `goal`."""
        todo, done = [start], set()
        while todo:
            name = todo.pop()
            if name == goal:
                return True
            if name not in done:
                done.add(name)
                todo += [way.target for way in self.ways.get(name, []) if way.role is None and way.keys]
        return False


def find_paths(seen: Mapping[str, Seen], subject: str, email: str | None) -> Paths:
    """Ways for every table that can be reached, nearest to the people first."""
    paths = Paths(ways={subject: _named_in(seen[subject], subject)}, owned=[subject], people=subject)
    for table in seen.values():
        if table.name != subject:
            _direct(table, subject, paths)
    for _ in range(2):
        while _children(seen, paths) or _around(seen, paths):
            pass
        _by_address(seen, subject, email, paths)
    while _children(seen, paths):
        pass
    _fill_up(seen, subject, email, paths)
    return paths


def _named_in(table: Seen, subject: str) -> list[ProposedWay]:
    return [
        ProposedWay(subject, reference.keys, role=_role(reference))
        for reference in table.references
        if reference.target == subject
    ]


def _role(reference: Reference) -> str:
    told = [word for word in reference.told if word not in {"by", "to"}]
    return "_".join(told) or "named"


def _is_role(table: Seen, reference: Reference) -> bool:
    told = set(reference.told)
    if told & _OWNING or not told & _ROLES or told == {"parent"}:
        return False
    return not (told <= {"author", "sender"} and set(table.told) & _WRITTEN_BY_CUSTOMERS)


def _direct(table: Seen, subject: str, paths: Paths) -> None:
    """References to the people's own table: one owner, everybody else in a role."""
    to_people = [reference for reference in table.references if reference.target == subject]
    if not to_people:
        return
    owners = [reference for reference in to_people if reference.when or not _is_role(table, reference)]
    if not owners:
        # A row that cannot be without somebody is theirs, unless they only made it: a note to its recipient.
        needed = [reference for reference in to_people if not table.nullable(reference)]
        owners = [reference for reference in needed if not set(reference.told) & _MAKERS][:1]
    owners.sort(key=lambda reference: (len(reference.told), reference.told))
    several = [reference for reference in owners if reference.when is None]
    if len(several) > 1 and several[0].told and not _same_person(several):
        names = ", ".join(f"`{reference.keys[0][0]}`" for reference in several)
        table.questions.append(f"{names} lead to customers. The first is taken for the owner, the others for roles.")
    taken, ways = False, []
    for reference in to_people:
        owner = reference in owners and (reference.when is not None or (not taken and reference is several[0]))
        taken = taken or (owner and reference.when is None)
        when = (reference.when,) if reference.when else ()
        ways.append(ProposedWay(subject, reference.keys, None, when, None if owner else _role(reference)))
    paths.ways[table.name] = _different(ways)
    if owners:
        paths.owned.append(table.name)
        paths.parents[table.name] = subject


def _same_person(references: list[Reference]) -> bool:
    """Two references over the same column, such as a foreign key and its twin."""
    return len({reference.keys[0][0] for reference in references}) == 1


def _different(ways: list[ProposedWay]) -> list[ProposedWay]:
    """Each role once over the same columns; two roles of one name told apart."""
    made: list[ProposedWay] = []
    for way in ways:
        if any(way.keys == other.keys and way.when == other.when for other in made):
            continue
        if way.role and any(way.role == other.role for other in made):
            way = ProposedWay(way.target, way.keys, way.match, way.when, f"{way.role}_{len(made)}")
        made.append(way)
    return made


def addresses(table: Seen) -> list[str]:
    """E-mail columns that may be the owner's."""
    return [name for name in table.having(Kind.EMAIL) if not set(words(name)) & _OTHERS_ADDRESS]


def _by_address(seen: Mapping[str, Seen], subject: str, email: str | None, paths: Paths) -> None:
    if email is None:
        return
    for table in seen.values():
        told = set(table.told)
        if table.name == subject or told & (STAFF_WORDS | PARTNER_WORDS | {"template", "config", "setting"}):
            continue
        own = addresses(table)
        if own and table.name not in paths.owned:
            paths.ways.setdefault(table.name, []).append(ProposedWay(subject, (), (own[0], email)))
            paths.owned.append(table.name)
            paths.parents[table.name] = subject


def _children(seen: Mapping[str, Seen], paths: Paths) -> bool:
    """Tables that lead to one whose rows are somebody's."""
    found = []
    for table in seen.values():
        if table.name in paths.owned:
            continue
        up = [reference for reference in table.references
              if reference.target in paths.owned and reference.target not in {table.name, paths.people}]  # fmt: skip
        if not up:
            continue
        up.sort(
            key=lambda reference: (
                table.nullable(reference),
                not reference.real,
                len(reference.told),
                not _goes_on(table, seen[reference.target]),
                paths.owned.index(reference.target),
            )
        )
        best, ways = up[0], []
        many = [reference for reference in up if reference.when]
        for reference in many or ([best] if not table.nullable(best) else up):
            when = (reference.when,) if reference.when else ()
            ways.append(ProposedWay(reference.target, reference.keys, None, when))
        found.append((table.name, ways, best.target))
    for name, ways, parent in found:
        paths.ways.setdefault(name, []).extend(ways)
        paths.owned.append(name)
        paths.parents[name] = parent
    return bool(found)


def _goes_on(table: Seen, parent: Seen) -> bool:
    """Whether a name begins with the other's, as `order_line` does with `order`."""
    return table.told[: len(parent.told)] == parent.told


def _around(seen: Mapping[str, Seen], paths: Paths) -> bool:
    """Tables with a person's data that owned rows lead to, such as the addresses of orders."""
    for name in list(paths.owned):
        for reference in seen[name].references:
            target = seen[reference.target]
            if target.name in paths.owned or reference.when or (not reference.real and not reference.sure):
                continue
            # One such column may stand in a list of values; a person's row has several.
            told = {target.kinds[column] for column in target.identifying()}
            told |= {Kind.CITY, Kind.POSTCODE} & set(target.kinds.values()) if told else set()
            if len(told) < _LEAST or is_reference(target) or set(target.told) & STAFF_WORDS:
                continue
            back = tuple((its, own) for own, its in reference.keys)
            paths.ways.setdefault(target.name, []).append(ProposedWay(name, back))
            paths.owned.append(target.name)
            paths.parents[target.name] = name
            return True
    return False


def _fill_up(seen: Mapping[str, Seen], subject: str, email: str | None, paths: Paths) -> None:
    """Further ways for rows whose owner column is empty: by the guest's address, by the parent."""
    for name in paths.owned:
        table, ways = seen[name], paths.ways[name]
        if name != subject and email is not None:
            ways += _addressed(table, subject, email)
        for reference in table.references:
            when = reference.when
            if when is None or reference.target not in paths.owned or paths.leads_to(reference.target, name):
                continue
            if not any(way.when == (when,) for way in ways):
                ways.append(ProposedWay(reference.target, reference.keys, None, (when,)))
        direct = [way for way in ways if way.target == subject and way.keys and way.role is None and not way.when]
        if name == subject or not direct:
            continue
        owner = direct[0].keys[0][0]
        nobody: tuple[tuple[str, str | int | None], ...] = ((owner, None),)
        if not table.live.c[owner].nullable:
            # Without a foreign key, a shop writes 0 for a guest.
            number = isinstance(table.live.c[owner].type, sa.Integer)
            if not number or not _without_key(table, owner) or not addresses(table):
                continue
            nobody = ((owner, 0),)
        if email is not None:
            ways += [ProposedWay(subject, (), (address, email), nobody) for address in addresses(table)[:1]]
        matched = any(way.match and way.role is None for way in ways)
        for reference in table.references:
            target = reference.target
            wanted = reference.real or not matched
            if wanted and target in paths.owned and target not in {subject, name} and not paths.leads_to(target, name):
                ways.append(ProposedWay(target, reference.keys, None, nobody))


def _addressed(table: Seen, subject: str, email: str) -> list[ProposedWay]:
    """People whom the owner's row names by their address: whoever is sent a gift or is told of a product."""
    found = {}
    for name in table.having(Kind.EMAIL):
        for role in ("recipient", "friend", "receiver", "invitee"):
            if role in words(name):
                found[role] = ProposedWay(subject, (), (name, email), (), role)
    return list(found.values())


def _without_key(table: Seen, owner: str) -> bool:
    """Whether a shop without foreign keys may write 0 for a guest."""
    return not any(reference.real for reference in table.references if reference.keys[0][0] == owner)


def about(table: Seen, column: str, paths: Paths) -> str | None:
    """Whom a column is about if not the row's owner: a role, or `other` for staff."""
    for way in paths.ways.get(table.name, []):
        if way.role and way.match and (way.match[0] == column or way.role in words(column)):
            return way.role
        if way.role and any(own == column for own, _ in way.keys):
            return way.role
    said = set(words(column))
    if (
        said & STAFF_WORDS
        and said & {"name", "email", "phone", "id", "user", "login"}
        and not said & set(CUSTOMER_WORDS[:1])
    ):
        return "other"
    return None
