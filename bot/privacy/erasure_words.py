"""The words of a certificate: what went, what stays and why, counted; from the plan alone, and about nobody."""

from collections.abc import Iterator
from datetime import datetime

from bot.clocks import in_words
from bot.privacy.request_status import REQUEST_WORDS
from bot.store.erasing import ANONYMISE, EVERYTHING, ErasurePlan, TablePlan
from bot.vocabulary import RequestKind

_LINK = "what led to the person"
_DONE = {"empty": "emptied", "pseudonymise": "replaced by a name without meaning", "generalise": "made coarse"}


def certificate_text(
    number: str,
    kind: RequestKind,
    received_at: datetime,
    done_at: datetime,
    decided: ErasurePlan,
    chats: int,
    *,
    guardian: bool = False,
) -> str:
    """What a certificate says.

    Args:
        number: The request's number.
        kind: Which right.
        received_at: When it was received.
        done_at: When nothing was found any more.
        decided: The plan as it was written down before the first row went.
        chats: How many conversations with the desk were erased.
        guardian: Whether somebody of that name or address was asked as the guardian of another customer.
    """
    own = [part for part in decided.tables if part.role is None]
    parts = [
        ("Deleted", [_counted(part, part.goes) for part in own if part.goes]),
        ("Made anonymous", [_counted(part, part.anonymous) for part in own if part.anonymous]),
        *_kept(own),
        ("Taken out of other people's entries", [_named(part) for part in decided.tables if part.role is not None]),
        ("In the privacy desk itself", list(_desk(decided, chats, guardian))),
    ]
    return "\n".join([_head(number, kind, received_at, done_at, decided), *_sections(parts), "", _searched(decided)])


def _head(number: str, kind: RequestKind, received_at: datetime, done_at: datetime, decided: ErasurePlan) -> str:
    title = "anonymisation" if decided.mode == ANONYMISE else "deletion"
    what = "everything" if decided.scope == EVERYTHING else "what the shop recorded by itself"
    return "\n".join(
        [
            f"Certificate of {title}",
            "",
            f"Request: {number} ({REQUEST_WORDS[kind]}; {what})",
            f"Received: {in_words(received_at)}",
            f"Carried out: {in_words(done_at)}",
        ]
    )


def _sections(parts: list[tuple[str, list[str]]]) -> Iterator[str]:
    for title, lines in parts:
        if lines:
            yield f"\n{title}:"
            yield from (f"- {line}" for line in lines)


def _counted(part: TablePlan, count: int) -> str:
    one, many = part.noun
    return f"{part.category}: {count:,} {one if count == 1 else many}"


def _kept(own: list[TablePlan]) -> Iterator[tuple[str, list[str]]]:
    """What stays, under the reason for it and the day it goes."""
    reasons: dict[tuple[str, str], list[TablePlan]] = {}
    for part in own:
        if part.stays and part.kept:
            reasons.setdefault((part.kept.basis, part.kept.until), []).append(part)
    for (basis, until), parts in reasons.items():
        latest = max((part.kept.latest for part in parts if part.kept and part.kept.latest), default=None)
        end = f" ({in_words(latest)} at the latest)" if latest else ""
        yield f"Kept because of {basis}, until {until}{end}", [_staying(part) for part in parts]
    yield "Emptied of the person", [_staying(part) for part in own if part.stays and not part.kept and not part.blocked]
    yield "Kept because other people's entries need it", [_staying(part) for part in own if part.blocked]


def _staying(part: TablePlan) -> str:
    line = _counted(part, part.stays)
    taken = ", ".join(dict.fromkeys(_LINK if each.leads else each.label or each.column for each in part.changed))
    return f"{line}, without: {taken}" if taken else line


def _named(part: TablePlan) -> str:
    done = dict.fromkeys(_DONE.get(each.act, "changed") for each in part.changed)
    return f"{_counted(part, part.stays)}: {', '.join(done)}"


def _desk(decided: ErasurePlan, chats: int, guardian: bool) -> Iterator[str]:
    if decided.scope != EVERYTHING:
        return
    spoken = f"{chats:,} {'chat' if chats == 1 else 'chats'}"
    yield f"Deleted: {spoken}, all mails to the person, copies made for them and their statements"
    yield "Kept: number, kind, state and dates of each request; choices about data use, as proof, without a name"
    yield "Kept: the sealed record of what the desk did, in which nobody can tell any more whom an entry was about"
    if guardian:
        yield (
            "Kept because of GDPR Article 7(1), as proof of that consent, until it is erased on the guardian's page or "
            "with the young person's account: what somebody of this name or address said as a parent or guardian"
        )


def _searched(decided: ErasurePlan) -> str:
    places = "the shop's database"
    if decided.scope == EVERYTHING:
        places += ", the desk's database, the record of conversations, mails, copies, files and logs"
    return f"After that the desk searched {places}, and found nothing that should have gone."
